// SPDX-License-Identifier: Apache-2.0
//! The chapter of a message that arrives, and of two people who make sure who the other is.
use crate::notes::unsent;
use crate::story::{millis, Story, SOON};
use crate::teller::{many, seconds};
use cloudmessaging_testbed::{Phone, Result};
use serde_json::json;
use std::time::Instant;

impl Story<'_> {
    /// A message there, its receipt back.
    pub fn deliver(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna, ben) = (&mut self.notes, &*self.anna, &*self.ben);
        let teller = notes.teller;
        teller.chapter(chapter, "A message");
        let before = anna.relay().counts();
        let begun = Instant::now();
        let sent = notes.send(anna, ben, self.message, &["--wait", "60"])?;
        let receipt = millis(begun);
        let delivered = sent.json["outcome"]["delivered"] == true;
        notes.check("P6", "it ended as delivered", delivered);
        if !delivered {
            return Err(unsent(sent, anna));
        }
        let received = ben.received(self.message, SOON)?;
        let inbox = ben.cmctl(&["inbox"])?;
        let once = inbox["messages"].as_array().is_some_and(|messages| messages.len() == 1);
        let from_anna = received["sender"] == anna.number();
        notes.check("P6", "Ben has it once, from Anna's certified number", once && from_anna);
        notes.shown(ben, &["inbox"])?;
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
        notes.count(
            "delivery",
            json!({
                "arrivedAfterMillis": way,
                "deliveredAfterMillis": receipt,
                "bytesUp": up,
                "bytesDown": down,
                "textBytes": self.message.len(),
            }),
        );
        self.compare()
    }

    /// The registrar told each of them whose key is the other's. They need not take its word.
    fn compare(&mut self) -> Result<()> {
        let (notes, anna, ben) = (&mut self.notes, &*self.anna, &*self.ben);
        let teller = notes.teller;
        teller.line("   Is there anybody between them? They read these to each other:");
        for (phone, other) in [(anna, ben), (ben, anna)] {
            let command = ["fingerprint", "--sim", "1", other.number()];
            teller.command(phone.name(), &phone.command_line(&command));
            let shown = phone.show(&command)?;
            // What to do with the digits stands below them.
            teller.fact(shown.split("\n\n").next().unwrap_or_default());
        }
        let (annas, bens) = (fingerprint(anna, ben)?, fingerprint(ben, anna)?);
        let digits = annas.chars().filter(char::is_ascii_digit).count();
        let same = digits == 60 && annas == bens;
        notes.check("P8", "the same 60 digits on both phones: nobody is", same);
        notes.count("fingerprint", json!({"digits": digits, "same": annas == bens}));
        Ok(())
    }
}

fn fingerprint(phone: &Phone, peer: &Phone) -> Result<String> {
    let said = phone.cmctl(&["fingerprint", "--sim", "1", peer.number()])?;
    Ok(said["fingerprint"].as_str().unwrap_or_default().to_owned())
}
