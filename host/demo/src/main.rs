// SPDX-License-Identifier: Apache-2.0
//! The demo: two phones refuse, consent, prove their numbers, deliver a message, leave one to SMS, survive crashes
//! and fall silent, on one machine.
//!
//! It only starts the real programs, calls `cmctl`, and counts: every figure is from a relay between phone
//! and broker, or from /proc. It ends with a code other than 0 if a promise did not hold.
mod crash;
mod keep;
mod message;
mod notes;
mod on;
mod promise;
mod silence;
mod story;
mod teller;

use clap::Parser;
use cloudmessaging_testbed::{
    end_cleanly_when_interrupted, programs, Bed, Error, Phone, Profile, Result, Setup,
};
use promise::Promises;
use serde_json::json;
use std::process::ExitCode;
use teller::Teller;

/// Two phones refuse, consent, deliver a message, leave one to SMS, survive crashes and fall silent.
#[derive(Parser)]
#[command(
    name = "cargo demo",
    after_help = "Exits with 1 if a promise did not hold, with 2 if the demo could not run."
)]
struct Arguments {
    /// What Anna writes to Ben
    #[arg(long, default_value = "Hello Ben! Nobody but you can read this.", value_name = "TEXT")]
    message: String,
    /// Anna's number
    #[arg(long, default_value = "+15550100", value_name = "NUMBER", value_parser = number)]
    from: String,
    /// Ben's number
    #[arg(long, default_value = "+15550101", value_name = "NUMBER", value_parser = number)]
    to: String,
    /// Leave it running afterwards, to try cmctl yourself
    #[arg(long)]
    keep: bool,
    /// Print the figures as JSON instead of the story
    #[arg(long)]
    json: bool,
}

fn number(text: &str) -> std::result::Result<String, &'static str> {
    let digits = text.strip_prefix('+').ok_or("it begins with a plus and the country code")?;
    let well_formed = (3..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    if well_formed {
        Ok(text.to_owned())
    } else {
        Err("a plus and 3 to 15 digits")
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut promises = Promises::default();
    match end_cleanly_when_interrupted().and_then(|()| run(&arguments, &mut promises)) {
        Ok(()) => promises.verdict(),
        Err(error) => {
            eprintln!("\nThe demo could not go on. {error}");
            // What did not hold may be why.
            match promises.broken().is_empty() {
                true => ExitCode::from(2),
                false => promises.verdict(),
            }
        }
    }
}

fn run(arguments: &Arguments, promises: &mut Promises) -> Result<()> {
    if arguments.from == arguments.to {
        return Err(Error::Build("--from and --to are the same number".into()));
    }
    let teller = Teller::new(!arguments.json);
    teller.line("Two phones, a broker and a registrar, all on this machine.");
    teller.line("Building the programs first; from scratch that takes some minutes.");
    let programs = programs(Profile::own())?;
    let bed = Bed::start(&programs, Setup::default())?;
    let mut anna = bed.phone("anna", &arguments.from)?;
    let mut ben = bed.phone("ben", &arguments.to)?;
    introduce(&teller, &bed, &anna, &ben);
    let figures = story::tell(&teller, promises, &mut anna, &mut ben, &arguments.message)?;
    if arguments.json {
        let all = json!({
            "held": promises.broken().is_empty(),
            "promises": promises.as_json(),
            "figures": figures,
        });
        println!("{all:#}");
    }
    promises.say(&teller);
    if arguments.keep {
        keep::keep(&bed, &programs, &anna, &ben)?;
    }
    Ok(())
}

fn introduce(teller: &Teller, bed: &Bed, anna: &Phone, ben: &Phone) {
    let (broker, registrar) = bed.servers();
    teller.line("");
    teller.line("Running now, each a process of its own:");
    let row =
        |who: &str, pid: u32, what: String| teller.fact(&format!("{who:<11} {pid:>7}  {what}"));
    row("broker", broker, format!("MQTT 5 over TLS 1.3, on {}", bed.broker_address()));
    row("registrar", registrar, "knows how to find a number, keeps nothing".into());
    for phone in [anna, ben] {
        row(
            &format!("{}'s gate", phone.name()),
            phone.gate(),
            format!("{}; its way to the broker is port {}", phone.number(), phone.relay().port()),
        );
    }
    teller.line("On that way stands a relay that counts each connection and each byte.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_e164() {
        assert!(number("+15550100").is_ok());
        for wrong in ["15550100", "+", "+01555", "+1555010x", "+1234567890123456"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
