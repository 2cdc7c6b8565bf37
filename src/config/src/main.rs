// SPDX-License-Identifier: Apache-2.0
//! `cloudmessaging_config_check`: what the gate reads when it starts, read when the build is made. Silent if a phone
//! would start with it; otherwise says in which file and at which field it is wrong, and exits with 1.
//!
//! With `--install` it first lays the files out as a phone has them, and takes no file that a phone would not get: a
//! configuration that names `root.pem` is wrong if only `ca.pem` is installed.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use cloudmessaging_config::legacy::Legacy;
use cloudmessaging_config::{Config, Disclosures};

/// The files that Android.bp installs, beside the disclosures.
const INSTALLED: [&str; 5] = ["config.json", "ca.pem", "post.pem", "post.key.pem", "legacy.json"];

const USAGE: &str = "usage: cloudmessaging_config_check CONFIG.JSON
       cloudmessaging_config_check --install DIR [--default FILE] FILE...

The first checks a configuration where it is. The second copies the files into DIR as a phone has them
(config.json, ca.pem, post.pem, post.key.pem, legacy.json; disclosures/*.txt and disclosures/earlier.json), with the
default one if none of its name is among the others, and checks that.";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let checked = match &arguments[..] {
        [install, directory, default, file, files @ ..]
            if install == "--install" && default == "--default" =>
        {
            let is_given =
                |given: &OsString| Path::new(given).file_name() == Path::new(file).file_name();
            let default = (!files.iter().any(is_given)).then_some(file);
            install_and_check(Path::new(directory), files.iter().chain(default))
        }
        [install, directory, files @ ..] if install == "--install" => {
            install_and_check(Path::new(directory), files.iter())
        }
        [file] if !file.as_encoded_bytes().starts_with(b"-") => check(Path::new(file)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match checked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloudmessaging_config_check: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::load(file)?;
    Legacy::load_beside(file)?;
    Disclosures::load(&config.disclosures, config.parties())?;
    Ok(())
}

fn install_and_check<'a>(
    directory: &Path,
    files: impl Iterator<Item = &'a OsString>,
) -> Result<(), Box<dyn Error>> {
    let disclosures = directory.join("disclosures");
    fs::create_dir_all(&disclosures)?;
    for file in files.map(Path::new) {
        let shown = file.display();
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let to = if INSTALLED.contains(&name) {
            directory.join(name)
        } else if name.ends_with(".txt") || name == "earlier.json" {
            disclosures.join(name)
        } else {
            let known = INSTALLED.join(", ");
            return Err(format!("{shown}: no phone gets a file of this name, only {known}").into());
        };
        if to.exists() {
            return Err(format!("{shown}: another file is named so").into());
        }
        fs::copy(file, to).map_err(|e| format!("{shown}: {e}"))?;
    }
    check(&directory.join(INSTALLED[0]))
}
