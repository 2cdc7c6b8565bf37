// SPDX-License-Identifier: Apache-2.0
//! cloudmessagingd, the gate. What it does at start, in order; then its threads serve until it is killed, which
//! is safe at any instant: what has to last is durable before it is answered.

use std::convert::Infallible;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use cloudmessaging_gate::clock::SystemClock;
use cloudmessaging_gate::config::Config;
use cloudmessaging_gate::consent::Disclosures;
use cloudmessaging_gate::host::{self, Uids};
use cloudmessaging_gate::process::Forker;
use cloudmessaging_gate::service::{Identities, PendingHints, Services};
use cloudmessaging_gate::user::{Module, Users};
use cloudmessaging_gate::work::Processes;

/// The gate of Cloud Messaging: holds the owner's consent, keys and messages, and has no network.
///
/// Serves consent.sock, platform.sock and messaging.sock in the run directory, and prints "ready" when they
/// listen. Logs to standard error; RUST_LOG says how much.
#[derive(Parser)]
#[command(name = "cloudmessagingd")]
struct Options {
    /// Broker, registrar and disclosures (JSON); file names in it are relative to it.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Where consent, ledger and keys are kept; made if absent.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the sockets go; made if absent.
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// The uplink's program [default: cloudmessaging_uplink beside this one].
    #[arg(long, value_name = "PATH")]
    uplink: Option<PathBuf>,
    /// A uid that our settings app runs as; may be repeated [default: our own].
    #[arg(long, value_name = "UID")]
    settings_uid: Vec<u32>,
    /// A uid that a Messaging app runs as; may be repeated [default: our own].
    #[arg(long, value_name = "UID")]
    messaging_uid: Vec<u32>,
}

fn main() -> ExitCode {
    let Err(error) = run(Options::parse());
    eprintln!("cloudmessagingd: {error}");
    ExitCode::FAILURE
}

fn run(options: Options) -> Result<Infallible, Box<dyn Error>> {
    // Nobody may read our memory: no core dump, no ptrace by another process of our uid.
    nix::sys::prctl::set_dumpable(false)?;
    // The thread that forks comes before every other thread, and stays.
    let forker = Forker::start()?;
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();

    let config = Config::load(&options.config)?;
    let disclosures = Disclosures::load(&config.disclosures)?;
    let program = uplink(options.uplink)?;
    host::make_directory(&options.data, 0o700)?;

    let hints = Arc::new(PendingHints::default());
    let users = Users::new(Arc::new(Module {
        config,
        disclosures,
        workers: Box::new(Processes { forker, program }),
        data: options.data,
        build: concat!("cloudmessagingd ", env!("CARGO_PKG_VERSION")).to_owned(),
        clock: Arc::new(SystemClock),
        hints: hints.clone(),
    }));
    let uids =
        Uids { settings: or_own(options.settings_uid), messaging: or_own(options.messaging_uid) };
    let services = Services::new(Arc::new(users), Identities::new(&uids.settings), hints)?;
    let _sockets = host::serve(&options.run, &services, &uids)?;

    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    out.flush()?;
    loop {
        std::thread::park();
    }
}

/// The uplink's program. Found now, so that its absence is not first noticed by an owner.
fn uplink(named: Option<PathBuf>) -> Result<PathBuf, Box<dyn Error>> {
    let path = match named {
        Some(path) => path,
        None => std::env::current_exe()?.with_file_name("cloudmessaging_uplink"),
    };
    if !path.is_file() {
        return Err(format!("there is no uplink at {}", path.display()).into());
    }
    // Absolute: it is executed from a thread that may have another working directory by then.
    Ok(std::path::absolute(path)?)
}

fn or_own(uids: Vec<u32>) -> Vec<u32> {
    if uids.is_empty() {
        return vec![nix::unistd::geteuid().as_raw()];
    }
    uids
}
