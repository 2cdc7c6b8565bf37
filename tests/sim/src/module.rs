// SPDX-License-Identifier: Apache-2.0
//! What a phone's gate is made of here: its own code, on a stage instead of processes.

use std::path::Path;
use std::sync::Arc;

use cloudmessaging_gate::checkpoint::Committed;
use cloudmessaging_gate::clock::Clock;
use cloudmessaging_gate::config::Config;
use cloudmessaging_gate::consent::Disclosures;
use cloudmessaging_gate::legacy::Leftovers;
use cloudmessaging_gate::secrets::Files;
use cloudmessaging_gate::service::facade::Hints;
use cloudmessaging_gate::stay::{Stay, Unkept};
use cloudmessaging_gate::user::Module;

use crate::played::{OnStage, Stage};

/// As a start finds it.
pub(crate) fn module(
    config: &Config,
    stage: &Arc<Stage>,
    data: &Path,
    clock: Arc<dyn Clock>,
    hints: Arc<dyn Hints>,
) -> Module {
    Module {
        disclosures: Disclosures::load(&config.disclosures, config.parties()).expect("disclosures"),
        config: config.clone(),
        workers: Box::new(OnStage(stage.clone())),
        data: data.to_owned(),
        build: "build/1".into(),
        clock,
        hints,
        secrets: Box::new(Files),
        checkpoint: Box::new(Committed),
        stay: Stay::begin(Box::new(Unkept), data),
        legacy: Leftovers::new(Default::default(), data),
    }
}
