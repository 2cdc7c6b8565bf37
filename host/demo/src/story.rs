// SPDX-License-Identifier: Apache-2.0
//! The story in eight chapters, of which the first two are here. Each shows the command that does it, what came
//! back, and what was counted.
use crate::notes::{refused_as, Notes};
use crate::promise::Promises;
use crate::teller::{many, Teller};
use cloudmessaging_testbed::{proc, Counts, Phone, Result, Value};
use serde_json::{json, Map};
use std::time::{Duration, Instant};

/// How long anything may take that should happen at once.
pub const SOON: Duration = Duration::from_secs(30);

/// Tells it, and gives back the figures.
pub fn tell(
    teller: &Teller,
    promises: &mut Promises,
    anna: &mut Phone,
    ben: &mut Phone,
    message: &str,
) -> Result<Value> {
    let notes = Notes { teller, promises, figures: Map::new() };
    let mut story = Story { notes, anna, ben, message };
    story.off_by_default(1)?;
    story.before_you_decide(2)?;
    story.turn_on(3)?;
    story.deliver(4)?;
    story.too_late(5)?;
    story.crash(6)?;
    story.turn_off(7)?;
    story.what_was_revealed(8)?;
    Ok(Value::Object(story.notes.figures))
}

/// Who is in it.
pub struct Story<'a> {
    /// Where it is written down.
    pub notes: Notes<'a>,
    /// She writes.
    pub anna: &'a mut Phone,
    /// He reads.
    pub ben: &'a mut Phone,
    /// What she writes first.
    pub message: &'a str,
}

impl Story<'_> {
    fn off_by_default(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna, ben) = (&mut self.notes, &*self.anna, &*self.ben);
        let teller = notes.teller;
        teller.chapter(chapter, "Off, until somebody turns it on");
        for phone in [anna, ben] {
            phone.report()?;
        }
        teller.line("   At each start both gates are told what only the platform knows:");
        let report = anna.report_file().display().to_string();
        notes.shown(anna, &["platform", "report", "--file", &report])?;
        notes.shown(anna, &["status"])?;
        let sent = notes.send_in_vain(anna, ben, self.message)?;
        notes.check("P1", "the message was refused: it is off", refused_as(&sent, "OFF"));
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
        notes.check("P2", "not one connection, not one byte", untouched);
        notes.check("P2", "no process that could reach a network exists", uplinks == 0);
        notes.count(
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

    fn before_you_decide(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna) = (&mut self.notes, &*self.anna);
        notes.teller.chapter(chapter, "Before you decide: exactly what would leave");
        let sims = anna.sims_file()?.display().to_string();
        notes.shown(anna, &["preview", "--sims", &sims])?;
        let preview = anna.cmctl(&["preview", "--sims", &sims])?;
        let counts = anna.relay().counts();
        notes.check("P2", "a preview sends nothing", counts == Counts::default());
        let plaintext = preview["registrations"][0]["plaintext"].as_str().unwrap_or_default();
        notes.count("preview", json!({"plaintextBytes": plaintext.len() / 2}));
        Ok(())
    }
}

/// Of both ways.
pub fn bytes(counts: &Counts) -> u64 {
    counts.up + counts.down
}

/// Milliseconds since then.
pub fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// How many entries of a ledger are of that event and begin with these words.
pub fn entries(ledger: &[Value], event: &str, beginning: &str) -> usize {
    let summary = |entry: &Value| entry["summary"].as_str().unwrap_or_default().to_owned();
    let matches = |entry: &&Value| entry["event"] == event && summary(entry).starts_with(beginning);
    ledger.iter().filter(matches).count()
}
