// SPDX-License-Identifier: Apache-2.0
//! A phone of the testbed, for the Java tests: they start this program, and say on its standard input what becomes of it.
//! Each line is a verb, and is answered by one line of JSON. It ends, and all that it started, at the end of its input.

use cloudmessaging_testbed::{programs, Bed, Phone, Profile, Setup, Value};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const OWN_NUMBER: &str = "+15550100";
const FRIENDS_NUMBER: &str = "+15550101";
const WITHIN: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let programs = programs(Profile::own())?;
    let setup = Setup { receipt_delay_max_ms: 0, ..Setup::default() };
    let bed = Bed::start(&programs, setup)?;
    let mut phone = bed.phone("anna", OWN_NUMBER)?;
    let mut friend = None;
    answer(&Value::from(phone.run().display().to_string()))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        answer(&obey(&line, &bed, &mut phone, &mut friend)?)?;
    }
    Ok(())
}

fn answer(value: &Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}

fn obey(line: &str, bed: &Bed, phone: &mut Phone, friend: &mut Option<Phone>) -> Result<Value> {
    Ok(match line {
        "kill" => {
            phone.kill_gate();
            Value::Null
        }
        "start" => {
            phone.start()?;
            Value::Null
        }
        "uplinks" => Value::from(phone.uplinks().len()),
        "consent" => Value::from(phone.consent_file().exists()),
        // The code that came last by SMS.
        "code" => {
            let texts = phone.sms();
            texts.last().and_then(|text| text.split_whitespace().next()).into()
        }
        // The build it runs from now on lets nobody be on.
        "forbid" => {
            let file = phone.run().with_file_name("config.json");
            let mut config: Value = std::fs::read_to_string(&file)?.parse()?;
            config["forbidden"] = true.into();
            std::fs::write(&file, config.to_string())?;
            phone.kill_gate();
            phone.start()?;
            Value::Null
        }
        // A second phone writes to ours.
        "write" => {
            let other = match friend {
                Some(other) => other,
                None => {
                    let other = bed.phone("ben", FRIENDS_NUMBER)?;
                    other.report()?;
                    other.grant(&[])?;
                    other.reachable(WITHIN)?;
                    friend.insert(other)
                }
            };
            let answer = other.send(OWN_NUMBER, "Hello Anna!", &[])?;
            Value::from(answer.code)
        }
        _ => match line.split_once(' ') {
            // The gate starts again on a phone that had this earlier service.
            Some(("legacy", layout)) => {
                phone.kill_gate();
                phone.come_from(layout)?;
                phone.start()?;
                Value::Null
            }
            // The code that came last by SMS to the number of its second SIM.
            Some(("code", number)) => {
                let texts = std::fs::read_to_string(bed.directory().join("sms").join(number));
                let last = texts.unwrap_or_default().lines().last().map(str::to_owned);
                last.and_then(|text| text.split_whitespace().next().map(str::to_owned)).into()
            }
            _ => return Err(format!("there is no verb {line}").into()),
        },
    })
}
