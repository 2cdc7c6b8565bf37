// SPDX-License-Identifier: Apache-2.0
//! Two phones of the testbed, both on, for the Java tests of what a Messaging app links: they play Anna's app, and say on
//! standard input what becomes of the rest. Each line is a verb, and is answered by one line of JSON. It ends, and all that it
//! started, at the end of its input.

use cloudmessaging_testbed::{programs, Bed, Mark, Phone, Profile, Programs, Setup, Steps, Value};
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ANNA: &str = "+15550100";
const BEN: &str = "+15550101";
const WITHIN: Duration = Duration::from_secs(120);
/// Who marks steps.
const SIDES: [&str; 4] = ["anna", "ben", "broker", "registrar"];

/// What there is of one bed. The phones go first.
struct Stage {
    anna: Phone,
    ben: Phone,
    bed: Bed,
    /// Ben's phone is switched off.
    away: bool,
    marks: BTreeMap<&'static str, Mark>,
    crash: Option<Crash>,
}

/// A crash that is to come.
struct Crash {
    steps: Steps,
    since: Mark,
    step: String,
}

fn main() -> Result<()> {
    let programs = programs(Profile::Debug)?;
    let mut stage = Stage::set(&programs)?;
    answer(&Value::from(stage.anna.run().display().to_string()))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let said = match words[..] {
            // Another bed: its broker has forgotten nothing.
            ["anew"] => {
                drop(stage);
                stage = Stage::set(&programs)?;
                Value::from(stage.anna.run().display().to_string())
            }
            _ => stage.obey(&words)?,
        };
        answer(&said)?;
    }
    Ok(())
}

fn answer(value: &Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}

impl Stage {
    fn set(programs: &Programs) -> Result<Self> {
        let setup = Setup { receipt_delay_max_ms: 100, steps: true, ..Setup::default() };
        let bed = Bed::start(programs, setup)?;
        let phones = [("anna", ANNA), ("ben", BEN)].map(|(name, number)| -> Result<Phone> {
            let phone = bed.phone(name, number)?;
            phone.report()?;
            phone.grant(&[])?;
            phone.reachable(WITHIN)?;
            Ok(phone)
        });
        let [anna, ben] = phones;
        let (marks, crash) = (BTreeMap::new(), None);
        Ok(Self { anna: anna?, ben: ben?, bed, away: false, marks, crash })
    }

    fn obey(&mut self, words: &[&str]) -> Result<Value> {
        Ok(match *words {
            // Starts again whatever ended by itself: init, our app, and whoever runs the servers.
            ["tend"] => Value::from(self.tend()?),
            ["kill"] => {
                self.anna.kill_gate();
                Value::Null
            }
            ["start"] => {
                restart(&mut self.anna)?;
                Value::Null
            }
            ["reachable"] => {
                self.tend()?;
                self.anna.reachable(WITHIN)?;
                self.ben.reachable(WITHIN)?;
                Value::Null
            }
            ["off"] => {
                self.anna.cmctl(&["consent", "withdraw"])?;
                Value::Null
            }
            // Anna turns it on anew, and has yet to prove her number.
            ["prove"] => {
                self.anna.cmctl(&["consent", "withdraw"])?;
                self.anna.grant(&[])?;
                Value::Null
            }
            // Ben's phone is switched off, and on.
            ["away"] => {
                self.away = true;
                self.ben.kill_gate();
                Value::Null
            }
            ["back"] => {
                self.away = false;
                self.ben.restart()?;
                self.ben.reachable(WITHIN)?;
                Value::Null
            }
            // Ben begins anew, with another key.
            ["rekey"] => {
                self.ben.cmctl(&["consent", "withdraw", "--erase"])?;
                self.ben.grant(&[])?;
                self.ben.reachable(WITHIN)?;
                Value::Null
            }
            // Ben writes to Anna.
            ["write", text] => Value::from(self.ben.send(ANNA, text, &[])?.code),
            // How often Ben has a text.
            ["has", text] => {
                let inbox = self.ben.cmctl(&["inbox"])?;
                let all = inbox["messages"].as_array().map_or(&[][..], Vec::as_slice);
                Value::from(all.iter().filter(|message| message["body"] == text).count())
            }
            // Steps from here on count.
            ["mark"] => {
                for side in SIDES {
                    self.marks.insert(side, self.bed.steps(side)?.mark()?);
                }
                Value::Null
            }
            // All that were reached on a side since then.
            ["reached", side] => {
                let (side, since) = self.marks.get_key_value(side).ok_or("no such side")?;
                let reached = self.bed.steps(side)?.reached(*since)?;
                Value::from(reached.into_keys().collect::<Vec<_>>())
            }
            ["crash", side, step] => {
                let steps = self.bed.steps(side)?;
                let since = steps.crash_at(step, 1)?;
                self.crash = Some(Crash { steps, since, step: step.to_owned() });
                Value::Null
            }
            ["crashed"] => {
                let Crash { steps, since, step } = self.crash.as_ref().ok_or("no crash")?;
                Value::from(steps.crashed(*since, step, 1)?)
            }
            ["crash-nowhere"] => {
                if let Some(crash) = self.crash.take() {
                    crash.steps.crash_nowhere()?;
                }
                Value::Null
            }
            // The code that came last by SMS, as it reads.
            ["sms"] => Value::from(self.anna.sms().last().cloned()),
            _ => return Err(format!("there is no verb {}", words.join(" ")).into()),
        })
    }

    fn tend(&mut self) -> Result<bool> {
        let mut started = self.bed.revive()?;
        started |= match self.anna.revive() {
            Ok(ended) => ended,
            Err(_) => {
                restart(&mut self.anna)?;
                true
            }
        };
        if !self.away {
            started |= self.ben.revive()?;
        }
        Ok(started)
    }
}

/// What crashes again while it starts is started once more.
fn restart(phone: &mut Phone) -> Result<()> {
    match phone.restart() {
        Ok(()) => Ok(()),
        Err(_) => Ok(phone.restart()?),
    }
}
