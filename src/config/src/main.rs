// SPDX-License-Identifier: Apache-2.0
//! `cloudmessaging_config_check FILE`: what the gate reads when it starts, read when the build is made. Silent if a phone
//! would start with it; otherwise says in which file and at which field it is wrong, and exits with 1.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use cloudmessaging_config::{Config, Disclosures};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(file), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: cloudmessaging_config_check CONFIG.JSON");
        return ExitCode::from(2);
    };
    match check(Path::new(&file)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloudmessaging_config_check: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::load(file)?;
    Disclosures::load(&config.disclosures)?;
    Ok(())
}
