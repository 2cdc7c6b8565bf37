// SPDX-License-Identifier: Apache-2.0
//! The registrar's start, as a list of steps.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use cloudmessaging_registrar::cli::{Arguments, Run, Verb};
use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::serve::{self, Settings};

fn main() -> ExitCode {
    // ureq would log the address of the SMS server, in which an operator may keep a secret.
    env_logger::Builder::from_default_env()
        .filter_module("ureq", log::LevelFilter::Off)
        .filter_module("ureq_proto", log::LevelFilter::Off)
        .init();
    let done = match Arguments::parse().verb {
        Verb::Keygen(keygen) => keygen.execute().map_err(|e| e.to_string()),
        Verb::Run(run) => start(&run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("registrar: {why}");
            ExitCode::FAILURE
        }
    }
}

fn start(run: &Run) -> Result<(), String> {
    let keys = Keys::load(&run.keys).map_err(|e| e.to_string())?;
    let settings = Settings::new(run, &keys).map_err(|e| e.to_string())?;
    let runtime = tokio::runtime::Runtime::new().map_err(|e| format!("no runtime: {e}"))?;
    let served = runtime.block_on(serve::serve(keys, settings)).map_err(|e| e.to_string());
    // SMS programs that still run are killed here. An SMS server that hangs must not keep us from ending.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}
