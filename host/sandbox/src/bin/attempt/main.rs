// SPDX-License-Identifier: Apache-2.0
//! `attempt LAYER NAME [FILE-OR-PORT]`: enters the sandbox and then tries one thing, so that anyone can see what
//! a sandboxed uplink can and cannot do on their kernel. LAYER is `both`, `places`, `calls`, `none` to
//! see that it works without, or `old` to see what is left where the kernel has no Landlock. `attempt list` names the attempts.
//!
//! Exit code: 0 it worked, 1 it was refused and stderr says how; ended by SIGSYS: seccomp ended it.

mod attempts;

use std::io;
use std::process::ExitCode;

use attempts::{hide_landlock, Given, ATTEMPTS};
use cloudmessaging_sandbox::{calls, enter, places, Error, Places};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["list"] => {
            ATTEMPTS.iter().for_each(|(name, _)| println!("{name}"));
            return ExitCode::SUCCESS;
        }
        [layer, name] => attempt(layer, name, ""),
        [layer, name, what] => attempt(layer, name, what),
        _ => None,
    };
    match done {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!(
                "usage: attempt both|places|calls|none|old NAME [FILE-OR-PORT] | attempt list"
            );
            ExitCode::from(2)
        }
    }
}

/// None if there is no such layer or attempt.
fn attempt(layer: &str, name: &str, what: &str) -> Option<io::Result<()>> {
    let (_, attempt) = ATTEMPTS.iter().find(|(known, _)| *known == name)?;
    let mut given = match Given::new(what) {
        Ok(given) => given,
        Err(error) => return Some(Err(error)),
    };
    let enter: fn(u16) -> Result<Places, Error> = match layer {
        "none" => |_| Ok(Places::Open),
        "places" => places::restrict,
        "calls" => |_| calls::restrict().map(|()| Places::Open),
        "both" => enter,
        "old" => |port| hide_landlock().and_then(|()| enter(port)),
        _ => return None,
    };
    // Port 1 stays open for all but the attempt that wants its own.
    let port = if name == "connect-to-its-port" { given.port } else { 1 };
    Some(match enter(port) {
        Ok(held) => {
            given.held = Some(held);
            attempt(&given)
        }
        Err(error) => Err(io::Error::other(error)),
    })
}
