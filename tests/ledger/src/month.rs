// SPDX-License-Identifier: Apache-2.0
//! A ledger of some weeks in which everything happens that a ledger can tell, up to the evening of 21 November 2026: what the
//! settings page is shown, and drawn, with. It is not on for all of the time, its beginning was erased, the clocks of Europe
//! are changed in it, and two entries are of a kind that only a newer version can write.

use cloudmessaging_wire::proto::consent::{CaptureMethod, DataClass};
use cloudmessaging_wire::proto::ledger::{
    entry::Event, erasure::Stage, Boot, ClassChange, Connect, Ending, Entry, Erasure, Found, Grant,
    HistoryErased, Intent, NumberMoved, Outcome, PolicyChange, Purpose, Refusals, Refused, Role,
    TailCut, Withdraw,
};
use prost::Message;

use crate::{sixteen, Book};

/// 21 November 2026, in days since 1 January 1970.
const TODAY: i64 = 20_778;

const MINUTE_MS: i64 = 60_000;

/// How long after a message its outcome is written.
const ANSWER_MS: i64 = 20_000;

/// Entries that are erased, at the beginning.
const ERASED: u64 = 5;

/// A ledger that is being written.
struct Writing {
    book: Book,
    now_ms: i64,
    messages: u64,
}

impl Writing {
    /// From then on: so many days ago, by UTC's clock.
    fn at(&mut self, days_ago: i64, hour: i64, minute: i64) -> &mut Self {
        self.now_ms = (((TODAY - days_ago) * 24 + hour) * 60 + minute) * MINUTE_MS;
        self
    }

    fn entry(&self, event: Option<Event>) -> Entry {
        Entry {
            schema_version: 1,
            wall_ms: self.now_ms,
            boot_ms: self.now_ms,
            group: 0,
            position: self.book.leaves.len() as u64,
            event,
        }
    }

    fn write(&mut self, event: Event) -> &mut Self {
        let entry = self.entry(Some(event));
        self.book.push(&entry);
        self
    }

    /// What a newer version has written behind the fields of an entry.
    fn write_newer(&mut self, more: &[u8]) -> &mut Self {
        let entry = Entry { schema_version: 2, ..self.entry(None) };
        self.book.push_bytes([&entry.encode_to_vec(), more].concat());
        self
    }

    fn boot(&mut self) -> &mut Self {
        self.write(Event::Boot(Boot { build_fingerprint: "example/phone:16/1:user".into() }))
    }

    fn grant(&mut self) -> &mut Self {
        self.write(Event::Grant(Grant {
            record_id: record_id(),
            disclosure_version: 3,
            disclosure_sha256: vec![3; 32],
            allowed_classes: (1..=8).collect(),
            locale: "en".into(),
            method: CaptureMethod::SettingsPage.into(),
            sims: 1,
        }))
    }

    fn withdraw(&mut self, durable: bool) -> &mut Self {
        self.write(Event::Withdraw(Withdraw {
            record_id: record_id(),
            erase_asked: durable,
            durable,
            lease_until_ms: 0,
        }))
    }

    fn connect(&mut self, role: Role) -> &mut Self {
        self.write(Event::Connect(Connect {
            record_id: record_id(),
            host: "broker.example".into(),
            port: 8883,
            network: "wifi".into(),
            role: role.into(),
            revealed: vec![DataClass::NetworkAddress.into(), DataClass::RoutingId.into()],
        }))
    }

    fn intent(&mut self, purpose: Purpose, size: u32, revealed: &[i32]) -> &mut Self {
        let message_hash = match purpose {
            Purpose::Message | Purpose::Receipt | Purpose::Retract => self.message(),
            _ => Vec::new(),
        };
        self.write(Event::Intent(Intent {
            record_id: record_id(),
            purpose: purpose.into(),
            host: "broker.example".into(),
            revealed: revealed.to_vec(),
            plaintext_size: size,
            ciphertext_size: size,
            ciphertext_sha256: vec![7; 32],
            reader_hash: vec![8; 32],
            checkpoint_nonce: vec![9; 16],
            message_hash,
            checkpoint_size: 0,
        }))
    }

    fn message(&self) -> Vec<u8> {
        sixteen("message", self.messages).repeat(2)
    }

    /// A message that nobody has answered.
    fn sends(&mut self, size: u32) -> &mut Self {
        self.messages += 1;
        self.intent(Purpose::Message, size, &[1, 3, 6, 8])
    }

    fn outcome(&mut self, ending: Ending, reason: &str) -> &mut Self {
        self.now_ms += ANSWER_MS;
        let message_hash = self.message();
        let reason = reason.into();
        self.write(Event::Outcome(Outcome { message_hash, ending: ending.into(), reason }))
    }

    fn refusals(&mut self, reason: &str, count: u32, window_ms: i64) -> &mut Self {
        let reason = reason.into();
        self.write(Event::Refusals(Refusals { caller_uid: 10_123, reason, count, window_ms }))
    }

    fn erasure(&mut self, stage: Stage) -> &mut Self {
        self.write(Event::Erasure(Erasure { stage: stage.into() }))
    }

    fn class(&mut self, allowed: bool) -> &mut Self {
        let data_class = DataClass::Imei.into();
        self.write(Event::ClassChange(ClassChange { record_id: record_id(), data_class, allowed }))
    }

    fn policy(&mut self, reason: &str) -> &mut Self {
        self.write(Event::PolicyChange(PolicyChange { reason: reason.into() }))
    }

    /// A day like others: more of it on some.
    fn day(&mut self, days_ago: i64) {
        self.at(days_ago, 6, 5).connect(Role::Inbox);
        for message in 0..days_ago * 7 % 5 {
            self.at(days_ago, 8 + 2 * message, 10).connect(Role::Post);
            if message == 0 {
                self.intent(Purpose::LookUp, 592, &[2]);
            }
            self.sends(if message % 2 == 0 { 1104 } else { 4176 });
            self.outcome(Ending::Delivered, "");
        }
    }
}

fn record_id() -> Vec<u8> {
    sixteen("consent", 0).into()
}

/// That ledger.
pub fn month() -> Book {
    let mut w = Writing { book: Book::default(), now_ms: 0, messages: 0 };
    w.at(40, 9, 0).boot().grant().connect(Role::Post);
    w.intent(Purpose::Register, 2128, &[1, 5, 8]).sends(1104).outcome(Ending::Delivered, "");
    let record_id = record_id();
    let before = ERASED;
    w.at(29, 16, 0).write(Event::HistoryErased(HistoryErased { before, asked: true, record_id }));
    for leaf in &mut w.book.leaves[..ERASED as usize] {
        *leaf = leaf.erased();
    }
    // Half past midnight in Berlin, of the day that ends an hour later than it would.
    w.at(28, 22, 30).connect(Role::Post).sends(4176).outcome(Ending::Delivered, "");
    (21..=27).rev().for_each(|days_ago| w.day(days_ago));
    w.at(20, 10, 0).withdraw(true).erasure(Stage::Asked).connect(Role::Post);
    w.intent(Purpose::Erase, 592, &[1]).erasure(Stage::Confirmed);
    w.at(18, 11, 15).refusals("OFF", 1, 0).at(18, 11, 16).refusals("OFF", 6, 60_000);
    w.at(15, 18, 40).grant().connect(Role::Post).intent(Purpose::Register, 2128, &[1, 5, 8]);
    (11..=14).rev().for_each(|days_ago| w.day(days_ago));
    w.at(10, 9, 0).class(true).at(10, 9, 1).class(false);
    w.at(10, 12, 0).policy("DISALLOW_SMS").at(10, 13, 0).policy("");
    w.at(9, 7, 0).write(Event::TailCut(TailCut { bytes: 17 })).boot();
    w.at(8, 7, 0).write(Event::Refused(Refused { reason: "SEEN".into(), count: 2 }));
    w.at(8, 8, 0).write(Event::NumberMoved(NumberMoved { subscription_id: 1 }));
    w.at(7, 8, 0).withdraw(false).erasure(Stage::Failed).at(7, 9, 0).boot();
    let found =
        |reason: &str| Found { record_id: sixteen("consent", 0).into(), reason: reason.into() };
    w.write(Event::FoundOff(found("DAMAGED"))).at(7, 9, 30).grant();
    w.at(6, 9, 0).boot().write(Event::FoundOn(found("")));
    (4..=5).rev().for_each(|days_ago| w.day(days_ago));
    w.at(3, 9, 0).connect(Role::Post).sends(1104).outcome(Ending::UseSms, "EXPIRED");
    w.intent(Purpose::Retract, 592, &[6]);
    w.at(2, 9, 0).refusals("ROAMING", 3, 60_000).at(2, 9, 30).refusals("NO_NETWORK", 1, 0);
    w.day(1);
    w.at(0, 7, 30).connect(Role::Inbox).intent(Purpose::Renew, 2128, &[1, 5, 8]);
    w.at(0, 8, 0).write_newer(&[0xd2, 0x01, 0x01, 0x00]).write_newer(&[0x88, 0x01, 0x01]);
    w.at(0, 9, 12).refusals("DENIED", 2, 60_000);
    w.at(0, 10, 41).connect(Role::Post).intent(Purpose::LookUp, 592, &[2]);
    w.sends(1104).outcome(Ending::Delivered, "");
    w.at(0, 12, 3);
    w.messages += 1;
    w.outcome(Ending::Received, "").intent(Purpose::Receipt, 592, &[6, 7]);
    w.at(0, 15, 20).sends(4176).outcome(Ending::UseSms, "NOT_REGISTERED");
    w.at(0, 16, 58).sends(1104);
    w.book
}
