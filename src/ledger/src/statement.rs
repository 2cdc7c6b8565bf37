// SPDX-License-Identifier: Apache-2.0
//! Entries in words, for a person, like the lines of a bank statement. Nothing here shows an identifier or a
//! hash: who wants those reads the entry itself.
//!
//! Trusts no entry: what it says in its strings is shown without what could steer a terminal.

use cloudmessaging_wire::proto::consent::{CaptureMethod, DataClass};
use cloudmessaging_wire::proto::ledger::{
    entry::Event, erasure::Stage, Connect, Ending, Entry, Grant, Intent, Outcome, Purpose,
    Refusals, Refused, Role, Withdraw,
};

use crate::reasons;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The event's name in proto/ledger.proto; `erased` or `unknown` where there is none to read.
pub fn event_name(entry: &Entry) -> &'static str {
    match &entry.event {
        Some(Event::Boot(_)) => "boot",
        Some(Event::Grant(_)) => "grant",
        Some(Event::Withdraw(_)) => "withdraw",
        Some(Event::FoundOn(_)) => "found_on",
        Some(Event::FoundOff(_)) => "found_off",
        Some(Event::ClassChange(_)) => "class_change",
        Some(Event::PolicyChange(_)) => "policy_change",
        Some(Event::Connect(_)) => "connect",
        Some(Event::Intent(_)) => "intent",
        Some(Event::Outcome(_)) => "outcome",
        Some(Event::Erasure(_)) => "erasure",
        Some(Event::Refusals(_)) => "refusals",
        Some(Event::TailCut(_)) => "tail_cut",
        Some(Event::Refused(_)) => "refused",
        Some(Event::NumberMoved(_)) => "number_moved",
        Some(Event::HistoryErased(_)) => "history_erased",
        None if entry.schema_version == 0 => "erased",
        None => "unknown",
    }
}

/// One line for a person.
pub fn summary(entry: &Entry) -> String {
    let text = match &entry.event {
        Some(Event::Boot(e)) => with("Service started", ": ", &e.build_fingerprint),
        Some(Event::Grant(e)) => grant(e),
        Some(Event::Withdraw(e)) => withdraw(e, entry.wall_ms),
        Some(Event::FoundOn(e)) => with("Found turned on at start", ": ", &e.reason),
        Some(Event::FoundOff(e)) => {
            with("Found turned off at start", ": ", reasons::off(&e.reason))
        }
        Some(Event::ClassChange(e)) => {
            format!(
                "{} to reveal: {}",
                if e.allowed { "Allowed" } else { "Forbade" },
                class(e.data_class)
            )
        }
        Some(Event::PolicyChange(e)) if e.reason.is_empty() => "No policy forbids any more".into(),
        Some(Event::PolicyChange(e)) => {
            format!("Forbidden from outside: {}", reasons::policy(&e.reason))
        }
        Some(Event::Connect(e)) => connect(e),
        Some(Event::Intent(e)) => intent(e),
        Some(Event::Outcome(e)) => outcome(e),
        Some(Event::Erasure(e)) => match e.stage() {
            Stage::Asked => "Erasure asked of the registrar".into(),
            Stage::Confirmed => "Erasure confirmed by the registrar".into(),
            Stage::Failed | Stage::Unspecified => {
                "Erasure not confirmed: what was registered lapses with its lease".into()
            }
        },
        Some(Event::Refusals(e)) => refusals(e),
        Some(Event::TailCut(e)) => {
            format!("The end of the ledger was torn by a crash: {} cut", many(e.bytes, "byte"))
        }
        Some(Event::Refused(e)) => dropped(e),
        Some(Event::NumberMoved(e)) => format!(
            "The number of SIM {} was registered by another phone: nothing more is sent for it",
            e.subscription_id
        ),
        Some(Event::HistoryErased(e)) => format!(
            "Content erased of all entries before {}, {}",
            e.before,
            if e.asked { "as you asked" } else { "because of their age or size" }
        ),
        None if entry.schema_version == 0 => "Content erased".into(),
        None => format!("Written by a newer version ({})", entry.schema_version),
    };
    // A configured host or a file on a damaged disk must not be able to draw on the reader's terminal.
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The classes revealed, as numbers of `DataClass`; empty for events that reveal nothing.
pub fn revealed(entry: &Entry) -> &[i32] {
    match &entry.event {
        Some(Event::Connect(e)) => &e.revealed,
        Some(Event::Intent(e)) => &e.revealed,
        _ => &[],
    }
}

/// Bytes that left or would leave, after encryption.
pub fn bytes(entry: &Entry) -> u32 {
    match &entry.event {
        Some(Event::Intent(e)) => e.ciphertext_size,
        _ => 0,
    }
}

/// The host they go to; empty for events without one.
pub fn host(entry: &Entry) -> &str {
    match &entry.event {
        Some(Event::Connect(e)) => &e.host,
        Some(Event::Intent(e)) => &e.host,
        _ => "",
    }
}

/// The blinded hash of the message that it is about, the same in its intent and in its outcome; empty for events
/// without one.
pub fn message_hash(entry: &Entry) -> &[u8] {
    match &entry.event {
        Some(Event::Intent(e)) => &e.message_hash,
        Some(Event::Outcome(e)) => &e.message_hash,
        _ => &[],
    }
}

fn grant(e: &Grant) -> String {
    let method = match e.method() {
        CaptureMethod::SettingsPage => "in Settings",
        CaptureMethod::CommandLine => "on the command line",
        CaptureMethod::Unspecified => "in an unknown way",
    };
    format!(
        "Turned on {method} for {}, disclosure {} ({}); may reveal: {}",
        many(u64::try_from(e.sims).unwrap_or(0), "SIM"),
        e.disclosure_version,
        e.locale,
        classes(&e.allowed_classes)
    )
}

fn withdraw(e: &Withdraw, wall_ms: i64) -> String {
    let mut text = "Turned off".to_owned();
    if !e.durable {
        text += ", not yet durable";
    }
    if e.erase_asked {
        text += ", erasure asked for";
    }
    let left = e.lease_until_ms.saturating_sub(wall_ms);
    if e.lease_until_ms != 0 && left > 0 {
        let days = u64::try_from(left.saturating_add(DAY_MS - 1) / DAY_MS).unwrap_or(0);
        text += &format!("; what is registered lapses within {}", many(days, "day"));
    }
    text
}

fn connect(e: &Connect) -> String {
    let role = match e.role() {
        Role::Inbox => "to receive",
        Role::Post => "to send",
        Role::Unspecified => "for an unknown purpose",
    };
    format!("Connecting to {}:{} {role}{}", e.host, e.port, revealing(&e.revealed))
}

fn intent(e: &Intent) -> String {
    let purpose = match e.purpose() {
        Purpose::Register => "Registration",
        Purpose::Renew => "Renewal of the registration",
        Purpose::LookUp => "Look-up of a recipient",
        Purpose::Message => "Message",
        Purpose::Receipt => "Receipt",
        Purpose::Retract => "Retraction of a message",
        Purpose::Erase => "Erasure of the registration",
        Purpose::Connect => "Connection",
        Purpose::Unspecified => "Transmission of an unknown purpose",
    };
    format!(
        "{purpose}: {} to {}{}",
        many(e.ciphertext_size.into(), "sealed byte"),
        e.host,
        revealing(&e.revealed)
    )
}

fn refusals(e: &Refusals) -> String {
    let app = match e.caller_uid {
        u32::MAX => "of further apps".into(),
        uid => format!("of app {uid}"),
    };
    let (count, why) = (u64::from(e.count), reasons::refusal(&e.reason));
    match e.window_ms {
        0 => format!("Refused {} {app}: {why}", many(count, "call")),
        ms => format!("Refused {} {app} within {} s: {why}", many(count, "more call"), ms / 1000),
    }
}

/// Words, and then the name: it is what the threat model calls it.
fn dropped(e: &Refused) -> String {
    let (what, name) = (many(e.count.into(), "message"), &e.reason);
    match reasons::dropped(name) {
        unknown if unknown == name => format!("Dropped {what} from outside: {name}"),
        why => format!("Dropped {what} from outside, {why}: {name}"),
    }
}

fn outcome(e: &Outcome) -> String {
    match e.ending() {
        Ending::Delivered => "A message was delivered".into(),
        Ending::UseSms => with("A message was left to SMS", ": ", reasons::sms(&e.reason)),
        Ending::Received => "A message was received".into(),
        Ending::Unspecified => with("A message ended in an unknown way", ": ", &e.reason),
    }
}

fn with(text: &str, separator: &str, detail: &str) -> String {
    match detail {
        "" => text.to_owned(),
        _ => format!("{text}{separator}{detail}"),
    }
}

fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn revealing(revealed: &[i32]) -> String {
    match revealed {
        [] => "; reveals nothing".into(),
        _ => format!("; reveals: {}", classes(revealed)),
    }
}

fn classes(numbers: &[i32]) -> String {
    match numbers {
        [] => "nothing".into(),
        _ => numbers.iter().map(|&n| class(n)).collect::<Vec<_>>().join(", "),
    }
}

/// A class of data in words, by its number in `DataClass`.
pub fn class(number: i32) -> &'static str {
    match DataClass::try_from(number) {
        Ok(DataClass::PhoneNumber) => "phone number",
        Ok(DataClass::RecipientNumber) => "recipient's number",
        Ok(DataClass::MessageContent) => "message content",
        Ok(DataClass::NetworkAddress) => "network address",
        Ok(DataClass::RoutingId) => "routing id",
        Ok(DataClass::RecipientRoutingId) => "recipient's routing id",
        Ok(DataClass::DeliveryReceipt) => "delivery receipt",
        Ok(DataClass::PublicKeys) => "public keys",
        Ok(DataClass::Imsi) => "IMSI",
        Ok(DataClass::Imei) => "IMEI",
        Ok(DataClass::Unspecified) | Err(_) => "something unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmessaging_wire::proto::ledger::{ClassChange, HistoryErased, TailCut};

    fn entry(event: Event) -> Entry {
        Entry { schema_version: 1, wall_ms: 1000, event: Some(event), ..Entry::default() }
    }

    #[test]
    fn an_intent_reads_like_a_line_of_a_bank_statement_and_shows_no_hash() {
        let entry = entry(Event::Intent(Intent {
            record_id: vec![0xab; 16],
            purpose: Purpose::Message.into(),
            host: "broker.example".into(),
            revealed: vec![DataClass::MessageContent.into(), DataClass::RecipientRoutingId.into()],
            plaintext_size: 12,
            ciphertext_size: 272,
            ciphertext_sha256: vec![0xcd; 32],
            reader_hash: vec![0xef; 32],
            checkpoint_nonce: vec![0xaa; 16],
            message_hash: vec![0xbb; 32],
            checkpoint_size: 7,
        }));
        assert_eq!(
            summary(&entry),
            "Message: 272 sealed bytes to broker.example; reveals: message content, \
             recipient's routing id"
        );
        assert_eq!(
            (event_name(&entry), bytes(&entry), host(&entry)),
            ("intent", 272, "broker.example")
        );
        assert_eq!(revealed(&entry), [3, 6]);
    }

    #[test]
    fn each_state_of_consent_has_its_line() {
        let granted = Grant {
            disclosure_version: 3,
            allowed_classes: vec![1, 9],
            locale: "en".into(),
            method: CaptureMethod::SettingsPage.into(),
            sims: 1,
            ..Grant::default()
        };
        assert_eq!(
            summary(&entry(Event::Grant(granted))),
            "Turned on in Settings for 1 SIM, disclosure 3 (en); may reveal: phone number, IMSI"
        );
        let off = Withdraw { durable: true, lease_until_ms: 1001 + DAY_MS, ..Withdraw::default() };
        assert_eq!(
            summary(&entry(Event::Withdraw(off))),
            "Turned off; what is registered lapses within 2 days"
        );
        let off = Withdraw { erase_asked: true, ..Withdraw::default() };
        assert_eq!(
            summary(&entry(Event::Withdraw(off))),
            "Turned off, not yet durable, erasure asked for"
        );
        let change = ClassChange { data_class: 10, allowed: false, ..ClassChange::default() };
        assert_eq!(summary(&entry(Event::ClassChange(change))), "Forbade to reveal: IMEI");
    }

    #[test]
    fn refusals_and_cuts_are_counted() {
        let refusals = |caller_uid, count, window_ms| {
            let reason = "OFF".to_owned();
            summary(&entry(Event::Refusals(Refusals { caller_uid, reason, count, window_ms })))
        };
        assert_eq!(
            refusals(10123, 1, 0),
            "Refused 1 call of app 10123: cloud messaging is not turned on"
        );
        assert_eq!(
            refusals(10123, 40, 60_000),
            "Refused 40 more calls of app 10123 within 60 s: cloud messaging is not turned on"
        );
        assert_eq!(
            refusals(u32::MAX, 2, 60_000),
            "Refused 2 more calls of further apps within 60 s: cloud messaging is not turned on"
        );
        assert_eq!(
            summary(&entry(Event::TailCut(TailCut { bytes: 1 }))),
            "The end of the ledger was torn by a crash: 1 byte cut"
        );
    }

    #[test]
    fn what_was_dropped_is_named_and_said_in_words() {
        let dropped = |reason: &str| {
            summary(&entry(Event::Refused(Refused { reason: reason.into(), count: 2 })))
        };
        assert_eq!(
            dropped("SEEN"),
            "Dropped 2 messages from outside, a copy of one that came before: SEEN"
        );
        assert_eq!(dropped("NEWER"), "Dropped 2 messages from outside: NEWER");
    }

    #[test]
    fn an_erased_history_says_why() {
        let erased = |asked| HistoryErased { before: 12, asked, record_id: vec![0xab; 16] };
        let (asked, old) =
            (Event::HistoryErased(erased(true)), Event::HistoryErased(erased(false)));
        assert_eq!(summary(&entry(asked)), "Content erased of all entries before 12, as you asked");
        assert_eq!(
            summary(&entry(old.clone())),
            "Content erased of all entries before 12, because of their age or size"
        );
        assert_eq!(event_name(&entry(old)), "history_erased");
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let erased = Entry::default();
        assert_eq!((event_name(&erased), &summary(&erased)[..]), ("erased", "Content erased"));
        let newer = Entry { schema_version: 7, ..Entry::default() };
        assert_eq!(
            (event_name(&newer), &summary(&newer)[..]),
            ("unknown", "Written by a newer version (7)")
        );
    }

    #[test]
    fn nothing_in_an_entry_can_draw_on_a_terminal() {
        let e = Connect { host: "a\x1b[2Jb\n".into(), ..Connect::default() };
        assert!(summary(&entry(Event::Connect(e))).chars().all(|c| !c.is_control()));
    }
}
