// SPDX-License-Identifier: Apache-2.0
//! What a phone's kernel and policy promise for our programs, tried in a virtual machine with both. Started by init;
//! prints a line for each claim on the console, then the sum, and turns the machine off.

mod claims;
mod denials;
mod expected;
mod person;
mod phone;

use nix::sys::reboot::{reboot, RebootMode};
use person::{Failed, Person, Running};
use std::fs;
use std::io::Write;

fn main() {
    if let Err(error) = run() {
        println!("vm: {error}");
    }
    // Nothing is lost: what was printed is out, and no disk is there.
    let _ = std::io::stdout().flush();
    let _ = reboot(RebootMode::RB_AUTOBOOT);
}

fn run() -> Result<(), Failed> {
    println!("vm: the suite begins {} s after the kernel", uptime());
    let _servers = servers()?;
    let (mut passed, mut failed) = (0, 0);
    for (name, claim) in claims::ALL {
        let begin = uptime();
        match claim() {
            Ok(()) => {
                passed += 1;
                println!("test {name} ... ok");
            }
            Err(why) => {
                failed += 1;
                println!("test {name} ... FAILED");
                println!("    {why}");
                logs();
            }
        }
        println!("vm: {:.1} s", uptime() - begin);
    }
    println!("vm: the suite ends {} s after the kernel", uptime());
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {passed} passed; {failed} failed");
    Ok(())
}

/// Broker and registrar, on this machine too.
fn servers() -> Result<[Running; 2], Failed> {
    let server = Person::inside("server", 0, "vm_server:s0");
    let broker = ["run", "--port", "8883", "--pki", "/server/pki"];
    let broker = server.start("broker", "/server/bin/broker", &broker)?;
    broker.wait_for("listening on ")?;
    let registrar = [
        ["run", "--keys"],
        ["/server/registrar.keys", "--broker"],
        ["localhost:8883", "--ca"],
        ["/server/pki/ca.pem", "--cert"],
        ["/server/pki/registrar.pem", "--key"],
        ["/server/pki/registrar.key.pem", "--phone-ca"],
        ["/server/pki/phone-ca.pem", "--phone-ca-key"],
        ["/server/pki/phone-ca.key.pem", "--sms-command"],
        ["/server/send-sms", "--sms-per-number"],
        ["1000", "--sms-per-number-a-day"],
        ["1000", "--tries-per-number"],
    ];
    let registrar = [&registrar.concat()[..], &["1000"]].concat();
    let registrar = server.start("registrar", "/server/bin/registrar", &registrar)?;
    registrar.wait_for("ready")?;
    Ok([broker, registrar])
}

/// Seconds since the kernel began.
fn uptime() -> f64 {
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    uptime.split(' ').next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0)
}

/// The ends of all logs, for whoever reads why a claim does not hold.
fn logs() {
    let Ok(entries) = fs::read_dir("/log") else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let text = fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[text.len().saturating_sub(3000)..]).into_owned();
        println!("---- {}\n{text}", path.display());
    }
}
