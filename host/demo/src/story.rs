// SPDX-License-Identifier: Apache-2.0
//! The story in six chapters. Each shows the command that does it, what came back, and what was counted.
use crate::promise::Promises;
use crate::teller::{many, seconds, wrapped, Teller};
use cloudmessaging_testbed::{proc, Counts, Error, Phone, Result};
use serde_json::{json, Map, Value};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long anything may take that should happen at once.
const SOON: Duration = Duration::from_secs(30);
/// How long silence is watched.
const WATCH: Duration = Duration::from_secs(3);

/// Tells it, and gives back the figures.
pub fn tell(
    teller: &Teller,
    promises: &mut Promises,
    anna: &Phone,
    ben: &Phone,
    message: &str,
) -> Result<Value> {
    let mut story = Story { teller, promises, anna, ben, message, figures: Map::new() };
    story.off_by_default()?;
    story.before_you_decide()?;
    story.turn_on()?;
    story.deliver()?;
    story.turn_off()?;
    story.what_was_revealed()?;
    Ok(Value::Object(story.figures))
}

struct Story<'a> {
    teller: &'a Teller,
    promises: &'a mut Promises,
    anna: &'a Phone,
    ben: &'a Phone,
    message: &'a str,
    figures: Map<String, Value>,
}

impl Story<'_> {
    fn off_by_default(&mut self) -> Result<()> {
        let (teller, anna, ben) = (self.teller, self.anna, self.ben);
        teller.chapter(1, "Off, until somebody turns it on");
        for phone in [anna, ben] {
            phone.report()?;
        }
        teller.line("   At each start both gates are told what only the platform knows:");
        let report = anna.report_file().display().to_string();
        self.shown(anna, &["platform", "report", "--file", &report])?;
        self.shown(anna, &["status"])?;
        let sent = self.send(anna, ben)?;
        self.check("P1", "the message was refused: it is off", refused_as(&sent, "OFF"));
        std::thread::sleep(Duration::from_secs(1));
        let counts = [anna.relay().counts(), ben.relay().counts()];
        let uplinks = anna.uplinks().len() + ben.uplinks().len();
        teller.fact(&format!(
            "relays: {}, {}; {} that could reach a network",
            many(counts[0].connections + counts[1].connections, "connection"),
            many(bytes(&counts[0]) + bytes(&counts[1]), "byte"),
            many(uplinks as u64, "process")
        ));
        let untouched = counts.iter().all(|counts| *counts == Counts::default());
        self.check("P2", "not one connection, not one byte", untouched);
        self.check("P2", "no process that could reach a network exists", uplinks == 0);
        self.note(
            "off",
            json!({
                "refusal": sent["refusal"],
                "connections": counts[0].connections + counts[1].connections,
                "bytes": bytes(&counts[0]) + bytes(&counts[1]),
                "uplinks": uplinks,
                "gateRssBytes": proc::rss(anna.gate()).ok(),
            }),
        );
        Ok(())
    }

    fn before_you_decide(&mut self) -> Result<()> {
        let (teller, anna) = (self.teller, self.anna);
        teller.chapter(2, "Before you decide: exactly what would leave");
        let sims = anna.sims_file()?.display().to_string();
        self.shown(anna, &["preview", "--sims", &sims])?;
        let preview = anna.cmctl(&["preview", "--sims", &sims])?;
        let counts = anna.relay().counts();
        self.check("P2", "a preview sends nothing", counts == Counts::default());
        let plaintext = preview["registrations"][0]["plaintext"].as_str().unwrap_or_default();
        self.note("preview", json!({"plaintextBytes": plaintext.len() / 2}));
        Ok(())
    }

    fn turn_on(&mut self) -> Result<()> {
        let (teller, anna, ben) = (self.teller, self.anna, self.ben);
        teller.chapter(3, "Anna and Ben turn it on");
        let disclosure = anna.cmctl(&["consent", "disclosure"])?;
        let text = disclosure["text"].as_str().unwrap_or_default();
        let hash = disclosure["sha256"].as_str().unwrap_or_default();
        teller.command(anna.name(), "cmctl consent disclosure");
        let beginning = beginning(text);
        let rest = text.split_whitespace().count() - beginning.split_whitespace().count();
        teller.fact(&format!("{}\n[... and {rest} more words]", wrapped(beginning)));
        teller.line(
            "   At a terminal, grant shows all of it and waits for a yes. The demo names its",
        );
        teller.line("   hash instead, as a script has to.");
        let begun = Instant::now();
        for phone in [anna, ben] {
            let sims = phone.sims_file()?.display().to_string();
            let grant = ["consent", "grant", "--sims", sims.as_str(), "--yes", hash];
            teller.command(phone.name(), &phone.command_line(&grant));
            phone.grant(&[])?;
        }
        for phone in [anna, ben] {
            phone.reachable(SOON)?;
        }
        let took = millis(begun);
        self.shown(anna, &["status"])?;
        teller.fact(&format!("both registered and reachable after {}", seconds(took)));
        let uplink = anna.uplinks();
        let gate_clean = proc::network_sockets(anna.gate()).map(|sockets| sockets.len());
        match &gate_clean {
            Ok(count) => {
                teller.fact(&format!(
                    "gate {}: {}; uplink {}: the only one with any",
                    anna.gate(),
                    many(*count as u64, "network socket"),
                    uplink.first().copied().unwrap_or_default()
                ));
                self.check(
                    "P2",
                    "the process that holds consent and keys has no network socket",
                    *count == 0,
                );
            }
            Err(_) => teller.fact("(run as root to see that the gate has no network socket)"),
        }
        self.check("P2", "one uplink for the one user who consented", uplink.len() == 1);
        self.note(
            "on",
            json!({
                "reachableAfterMillis": took,
                "gateRssBytes": proc::rss(anna.gate()).ok(),
                "uplinkRssBytes": uplink.first().and_then(|pid| proc::rss(*pid).ok()),
                "gateNetworkSockets": gate_clean.ok(),
            }),
        );
        Ok(())
    }

    fn deliver(&mut self) -> Result<()> {
        let (teller, anna, ben) = (self.teller, self.anna, self.ben);
        teller.chapter(4, "A message");
        let before = anna.relay().counts();
        let begun = Instant::now();
        let sent = anna.send(ben.number(), self.message, &["--wait", "60"])?;
        let receipt = millis(begun);
        teller.command(anna.name(), &self.send_command(anna, ben, &["--wait", "60"]));
        let delivered = sent.json["outcome"]["delivered"] == true;
        self.check("P6", "it ended as delivered", delivered);
        if !delivered {
            return Err(Error::Cmctl {
                verb: "send".into(),
                code: sent.code,
                output: format!("{}\n{}", sent.output, anna.log_tail()),
            });
        }
        let received = ben.received(self.message, SOON)?;
        let inbox = ben.cmctl(&["inbox"])?;
        let once = inbox["messages"].as_array().is_some_and(|messages| messages.len() == 1);
        let from_anna = received["sender"] == anna.number();
        self.check("P6", "Ben has it once, from Anna's certified number", once && from_anna);
        self.shown(ben, &["inbox"])?;
        let after = anna.relay().counts();
        let way = received["receivedAtMillis"]
            .as_u64()
            .unwrap_or(0)
            .saturating_sub(received["sentAtMillis"].as_u64().unwrap_or(0));
        let (up, down) = (after.up - before.up, after.down - before.down);
        teller.fact(&format!(
            "on Ben's phone after {}; Anna's knew after {}",
            seconds(way),
            seconds(receipt)
        ));
        teller.fact(
            "(receipts are held back for up to 2 s, so that their time tells the broker less)",
        );
        teller.fact(&format!(
            "Anna's relay: {} up, {} down, for a text of {}",
            many(up, "byte"),
            many(down, "byte"),
            many(self.message.len() as u64, "byte")
        ));
        self.note(
            "delivery",
            json!({
                "arrivedAfterMillis": way,
                "deliveredAfterMillis": receipt,
                "bytesUp": up,
                "bytesDown": down,
                "textBytes": self.message.len(),
            }),
        );
        Ok(())
    }

    fn turn_off(&mut self) -> Result<()> {
        let (teller, anna, ben) = (self.teller, self.anna, self.ben);
        teller.chapter(5, "Both turn it off");
        let uplinks: Vec<u32> = [anna.uplinks(), ben.uplinks()].concat();
        let mut took = 0;
        for phone in [anna, ben] {
            let begun = Instant::now();
            let withdrawn = phone.cmctl(&["consent", "withdraw"])?;
            took = took.max(millis(begun));
            let alive = phone.uplinks().len();
            teller.command(phone.name(), "cmctl consent withdraw");
            teller.fact(&format!("off; uplink processes: {alive}"));
            let what = format!("when withdraw returned, {}'s uplink was gone", phone.name());
            self.check("P3", what, alive == 0);
            let what = format!("{}'s off is on the disk", phone.name());
            self.check("P3", what, withdrawn["durable"] == true);
        }
        let gone = uplinks.iter().all(|pid| !proc::exists(*pid));
        self.check("P2", "no process that could reach a network is left", gone);
        // What had left before may stand in the relay's own sockets; it gets a moment to count it.
        std::thread::sleep(Duration::from_millis(100));
        let before = [anna.relay().counts(), ben.relay().counts()];
        teller.fact(&format!("watching the relays for {} s ...", WATCH.as_secs()));
        let sent = self.send(anna, ben)?;
        self.check("P3", "another message is refused again", refused_as(&sent, "OFF"));
        std::thread::sleep(WATCH);
        let after = [anna.relay().counts(), ben.relay().counts()];
        let more: u64 = (0..2).map(|i| bytes(&after[i]) - bytes(&before[i])).sum();
        let connections: u64 = (0..2).map(|i| after[i].connections - before[i].connections).sum();
        teller.fact(&format!(
            "relays since then: {}, {}",
            many(connections, "connection"),
            many(more, "byte")
        ));
        self.check("P3", "not one further byte", more == 0 && connections == 0);
        self.note(
            "withdraw",
            json!({
                "millis": took,
                "uplinksAfter": uplinks.iter().filter(|pid| proc::exists(**pid)).count(),
                "bytesAfter": more,
                "connectionsAfter": connections,
                "watchedMillis": WATCH.as_millis() as u64,
                "refusal": sent["refusal"],
            }),
        );
        Ok(())
    }

    fn what_was_revealed(&mut self) -> Result<()> {
        let (teller, anna, ben) = (self.teller, self.anna, self.ben);
        teller.chapter(6, "What was revealed, and to whom");
        self.shown(anna, &["ledger", "show"])?;
        let mut by_phone = Map::new();
        for phone in [anna, ben] {
            let entries = phone.ledger()?;
            let mut revealed: BTreeMap<String, u64> = BTreeMap::new();
            for class in entries.iter().filter_map(|entry| entry["revealed"].as_array()).flatten() {
                *revealed.entry(class.as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
            let connects =
                entries.iter().filter(|entry| entry["event"] == "connect").count() as u64;
            let seen = phone.relay().counts().connections;
            let what = format!(
                "{}'s relay saw {}; the ledger lists {}, each written down before",
                phone.name(),
                many(seen, "connection"),
                many(connects, "attempt")
            );
            self.check("P5", what, connects >= seen && written_first(&entries, phone));
            let optional = ["IMSI", "IMEI"].iter().any(|class| revealed.contains_key(*class));
            let what = format!("{}'s IMSI and IMEI stayed on the phone", phone.name());
            self.check("P4", what, !optional);
            by_phone.insert(
                phone.name().to_owned(),
                json!({"connections": seen, "revealed": revealed}),
            );
        }
        self.note("revealed", Value::Object(by_phone));
        Ok(())
    }

    /// Shows what a person would see.
    fn shown(&self, phone: &Phone, arguments: &[&str]) -> Result<()> {
        self.teller.command(phone.name(), &phone.command_line(arguments));
        self.teller.fact(&phone.show(arguments)?);
        Ok(())
    }

    fn send_command(&self, from: &Phone, to: &Phone, more: &[&str]) -> String {
        let mut arguments = vec!["send", "--sim", "1", "--to", to.number(), "--body", self.message];
        arguments.extend(more);
        from.command_line(&arguments)
    }

    /// Tries to send, and shows what came of it.
    fn send(&self, from: &Phone, to: &Phone) -> Result<Value> {
        self.teller.command(from.name(), &self.send_command(from, to, &[]));
        let answer = from.send(to.number(), self.message, &[])?;
        let refusal = answer.json["refusal"].as_str().unwrap_or("no answer");
        self.teller.fact(&format!("refused: {refusal} (exit code {})", answer.code));
        Ok(answer.json)
    }

    fn check(&mut self, promise: &'static str, claim: impl Into<String>, held: bool) {
        self.promises.check(self.teller, promise, claim, held);
    }

    fn note(&mut self, name: &str, figures: Value) {
        self.figures.insert(name.to_owned(), figures);
    }
}

fn refused_as(answer: &Value, refusal: &str) -> bool {
    answer["accepted"] == false && answer["refusal"] == refusal
}

fn bytes(counts: &Counts) -> u64 {
    counts.up + counts.down
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn beginning(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// For each connection that the relay saw there was already a further `connect` in the ledger.
fn written_first(entries: &[Value], phone: &Phone) -> bool {
    let connects: Vec<u64> = entries
        .iter()
        .filter(|entry| entry["event"] == "connect")
        .filter_map(|entry| entry["wallMillis"].as_u64())
        .collect();
    phone.relay().passages().iter().enumerate().all(|(index, passage)| {
        connects.iter().filter(|written| **written <= passage.opened_ms).count() > index
    })
}
