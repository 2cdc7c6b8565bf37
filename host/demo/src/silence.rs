// SPDX-License-Identifier: Apache-2.0
//! The last two chapters: both turn it off, and look up what left them while it was on.
use crate::notes::refused_as;
use crate::story::{bytes, millis, Story};
use crate::teller::many;
use cloudmessaging_testbed::{proc, Phone, Result, Value};
use serde_json::{json, Map};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long silence is watched.
const WATCH: Duration = Duration::from_secs(3);

impl Story<'_> {
    /// Both turn it off.
    pub fn turn_off(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna, ben) = (&mut self.notes, &*self.anna, &*self.ben);
        let teller = notes.teller;
        teller.chapter(chapter, "Both turn it off");
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
            notes.check("P3", what, alive == 0);
            let what = format!("{}'s off is on the disk", phone.name());
            notes.check("P3", what, withdrawn["durable"] == true);
        }
        let gone = uplinks.iter().all(|pid| !proc::exists(*pid));
        notes.check("P2", "no process that could reach a network is left", gone);
        // What had left before may stand in the relay's own sockets; it gets a moment to count it.
        std::thread::sleep(Duration::from_millis(100));
        let before = [anna.relay().counts(), ben.relay().counts()];
        teller.fact(&format!("watching the relays for {} s ...", WATCH.as_secs()));
        let sent = notes.send_in_vain(anna, ben, self.message)?;
        notes.check("P3", "another message is refused again", refused_as(&sent, "OFF"));
        std::thread::sleep(WATCH);
        let after = [anna.relay().counts(), ben.relay().counts()];
        let more: u64 = (0..2).map(|i| bytes(&after[i]) - bytes(&before[i])).sum();
        let connections: u64 = (0..2).map(|i| after[i].connections - before[i].connections).sum();
        teller.fact(&format!(
            "relays since then: {}, {}",
            many(connections, "connection"),
            many(more, "byte")
        ));
        notes.check("P3", "not one further byte", more == 0 && connections == 0);
        notes.count(
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

    /// What each ledger says, beside what each relay saw.
    pub fn what_was_revealed(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna, ben) = (&mut self.notes, &*self.anna, &*self.ben);
        let teller = notes.teller;
        teller.chapter(chapter, "What was revealed, and to whom");
        notes.shown(anna, &["ledger", "show"])?;
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
            notes.check("P5", what, connects >= seen && written_first(&entries, phone));
            let optional = ["IMSI", "IMEI"].iter().any(|class| revealed.contains_key(*class));
            let what = format!("{}'s IMSI and IMEI stayed on the phone", phone.name());
            notes.check("P4", what, !optional);
            by_phone.insert(
                phone.name().to_owned(),
                json!({"connections": seen, "revealed": revealed}),
            );
        }
        notes.count("revealed", Value::Object(by_phone));
        Ok(())
    }
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
