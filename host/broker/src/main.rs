// SPDX-License-Identifier: Apache-2.0
//! The command line of the broker for one machine.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use cloudmessaging_broker::{embedded::Broker, mosquitto, pki};

#[derive(Parser)]
#[command(about = "An MQTT 5 broker for one machine, and what makes Mosquitto one")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make the authorities, and the certificates of broker, registrar and post.
    Pki {
        /// Directory to write to; nothing in it is overwritten.
        #[arg(long)]
        out: PathBuf,
    },
    /// Run the embedded broker on 127.0.0.1 until it is interrupted.
    Run {
        /// Directory that `pki` wrote.
        #[arg(long)]
        pki: PathBuf,
        /// Port to listen on; 0 lets the kernel choose.
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// Write mosquitto.conf and acl, for `mosquitto -c OUT/mosquitto.conf`.
    Mosquitto {
        /// Directory that `pki` wrote.
        #[arg(long)]
        pki: PathBuf,
        /// Port to listen on.
        #[arg(long)]
        port: u16,
        /// Directory to write to; nothing in it is overwritten.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    env_logger::init();
    let done = match Arguments::parse().verb {
        Verb::Pki { out } => pki::create(&out).map_err(|e| e.to_string()),
        Verb::Run { pki, port } => run(&pki, port),
        Verb::Mosquitto { pki, port, out } => {
            mosquitto::write(&pki, port, &out).map_err(|e| e.to_string())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("broker: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(pki: &std::path::Path, port: u16) -> Result<(), String> {
    let runtime = tokio::runtime::Runtime::new().map_err(|e| format!("no runtime: {e}"))?;
    runtime.block_on(async {
        let broker = Broker::start(pki, port).await.map_err(|e| e.to_string())?;
        println!("listening on {}", broker.address());
        // Whoever started us waits for this line.
        std::io::stdout().flush().map_err(|e| format!("stdout: {e}"))?;
        tokio::signal::ctrl_c().await.map_err(|e| format!("signals: {e}"))
    })
}
