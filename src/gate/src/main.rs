// SPDX-License-Identifier: Apache-2.0
//! cloudmessagingd, the gate. What it does at start, in order; then its threads serve until it is killed, which
//! is safe at any instant: what has to last is durable before it is answered.

use std::convert::Infallible;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use cloudmessaging_gate::clock::SystemClock;
use cloudmessaging_gate::config::legacy::Legacy;
use cloudmessaging_gate::config::Config;
use cloudmessaging_gate::consent::Disclosures;
use cloudmessaging_gate::legacy::Leftovers;
use cloudmessaging_gate::process::{self, Forker};
use cloudmessaging_gate::service::{PendingHints, Services};
use cloudmessaging_gate::side::{self, Options};
use cloudmessaging_gate::stay::Stay;
use cloudmessaging_gate::user::{Module, Users};
use cloudmessaging_gate::work::Processes;

fn main() -> ExitCode {
    let Err(error) = run(Options::read());
    side::tell_why_it_ends(&*error);
    ExitCode::FAILURE
}

fn run(options: Options) -> Result<Infallible, Box<dyn Error>> {
    process::leave_no_dump()?;
    // The thread that forks comes before every other thread, and stays.
    let forker = Forker::start()?;
    side::start_log();

    let config = Config::load(&options.config)?;
    let disclosures = Disclosures::load(&config.disclosures, config.parties())?;
    let legacy = Legacy::load_beside(&options.config)?;
    let program = options.uplink()?;
    options.prepare()?;

    let hints = Arc::new(PendingHints::default());
    let users = Users::new(Arc::new(Module {
        config,
        disclosures,
        workers: Box::new(Processes { forker, program }),
        data: options.data.clone(),
        build: side::build(),
        clock: Arc::new(SystemClock),
        hints: hints.clone(),
        secrets: options.secrets(),
        checkpoint: options.checkpoint(),
        stay: Stay::begin(options.keeper(), &options.data),
        legacy: Leftovers::new(legacy, &options.data),
    }));
    let services = Services::new(Arc::new(users), options.identities(), hints)?;
    options.serve(&services)
}
