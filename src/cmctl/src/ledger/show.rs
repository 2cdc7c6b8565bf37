// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger show`: what left this phone, like a bank statement: newest first.
use super::arguments::ShowArguments;
use crate::answer::{Answer, Failure};
use crate::connect::{answered, Gate};
use crate::output::{Lean, Table};
use crate::time::{utc, utc_column};
use crate::words::{class_names, class_word};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessagingConsent::MAX_LEDGER_PAGE, LedgerEntry::LedgerEntry,
};
use serde_json::{json, Value};

/// Asks for the newest entries and shows them.
pub fn show(gate: &Gate, asked: &ShowArguments) -> Result<Answer, Failure> {
    let consent = gate.consent()?;
    let before = match asked.before {
        Some(position) => i64::try_from(position)
            .map_err(|_| Failure::Usage("--before is past any position".into()))?,
        None => -1,
    };
    let events: Vec<String> = asked.event.iter().map(|&name| name.to_owned()).collect();
    let (entries, more) = newest(asked.limit, before, |before, page| {
        answered(consent.ledger(before, page, &events, &asked.class))
    })?;
    Ok(Answer::done(
        json!({"entries": entries.iter().map(as_json).collect::<Vec<_>>(), "more": more}),
        as_text(&entries, more, asked),
    ))
}

/// The newest entries before a position, and whether there are older ones.
fn newest(
    limit: usize,
    mut before: i64,
    mut page: impl FnMut(i64, i32) -> Result<Vec<LedgerEntry>, Failure>,
) -> Result<(Vec<LedgerEntry>, bool), Failure> {
    // One more than wanted: of those that a filter lets pass, no position tells whether there are more.
    let wanted = limit.saturating_add(1);
    let mut entries: Vec<LedgerEntry> = Vec::new();
    while entries.len() < wanted {
        let left = i32::try_from(wanted - entries.len()).unwrap_or(i32::MAX).min(MAX_LEDGER_PAGE);
        let next = page(before, left)?;
        let Some(oldest) = next.last() else { break };
        before = oldest.position;
        entries.extend(next);
    }
    let more = entries.len() > limit;
    entries.truncate(limit);
    Ok((entries, more))
}

fn as_json(entry: &LedgerEntry) -> Value {
    json!({
        "position": entry.position,
        "wallMillis": entry.wallMillis,
        "at": utc(entry.wallMillis),
        "event": entry.event,
        "summary": entry.summary,
        "revealed": class_names(&entry.revealed),
        "bytes": entry.bytes,
        "host": entry.host,
        "entry": hex::encode(&entry.entry),
    })
}

fn as_text(entries: &[LedgerEntry], more: bool, asked: &ShowArguments) -> String {
    let Some(oldest) = entries.last() else {
        let all = asked.event.is_empty() && asked.class.is_empty() && asked.before.is_none();
        return match all && !more {
            true => "The ledger is empty: nothing left this phone.".into(),
            false => "No such entry.".into(),
        };
    };
    let mut table = Table::new(&[
        ("POS", Lean::Right),
        ("WHEN (UTC)", Lean::Left),
        ("EVENT", Lean::Left),
        ("BYTES", Lean::Right),
        ("WHAT", Lean::Left),
    ]);
    for entry in entries {
        table.row(vec![
            entry.position.to_string(),
            utc_column(entry.wallMillis),
            entry.event.clone(),
            if entry.bytes == 0 { "-".into() } else { entry.bytes.to_string() },
            entry.summary.clone(),
        ]);
    }
    let mut text = table.text();
    let bytes: i64 = entries.iter().map(|entry| entry.bytes).sum();
    text.push_str(&format!("\n\n{} entries, {bytes} bytes.", entries.len()));
    if more {
        text.push_str(&format!("\nOlder ones: {}", older(asked, oldest.position)));
    }
    text
}

/// The same command, for what comes before.
fn older(asked: &ShowArguments, before: i64) -> String {
    let mut command = format!("cmctl ledger show --before {before} --limit {}", asked.limit);
    let events = asked.event.iter().map(|event| format!(" --event {event}"));
    let classes = asked.class.iter().map(|class| format!(" --class {}", class_word(*class)));
    command.extend(events.chain(classes));
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use android_system_cloudmessaging::aidl::android::system::cloudmessaging::DataClass::DataClass;

    fn entry(position: i64) -> LedgerEntry {
        LedgerEntry { position, event: "outcome".into(), ..Default::default() }
    }

    // Positions 0..=9, at most 4 in a page.
    fn ten(before: i64, limit: i32) -> Result<Vec<LedgerEntry>, Failure> {
        let end = if before < 0 { 10 } else { before };
        Ok((0..end).rev().take(4.min(limit as usize)).map(entry).collect())
    }

    #[test]
    fn pages_are_joined_and_say_whether_there_is_more() {
        let (entries, more) = newest(100, -1, ten).unwrap();
        assert_eq!(entries.len(), 10);
        assert!(!more);
        let (entries, more) = newest(5, -1, ten).unwrap();
        assert_eq!(entries.iter().map(|e| e.position).collect::<Vec<_>>(), [9, 8, 7, 6, 5]);
        assert!(more);
        let (entries, more) = newest(5, 2, ten).unwrap();
        assert_eq!(entries.iter().map(|e| e.position).collect::<Vec<_>>(), [1, 0]);
        assert!(!more);
    }

    #[test]
    fn of_what_a_filter_lets_pass_it_says_rightly_whether_there_is_more() {
        let odd = |before, limit| {
            let all = ten(before, i32::MAX).unwrap();
            let older = (0..all.first().map_or(0, |e| e.position + 1)).rev().map(entry);
            Ok(older.filter(|e| e.position % 2 == 1).take(limit as usize).collect())
        };
        let (entries, more) = newest(4, -1, odd).unwrap();
        assert_eq!(entries.iter().map(|e| e.position).collect::<Vec<_>>(), [9, 7, 5, 3]);
        assert!(more);
        // The last of them stands at 1, and there is nothing of its kind at 0.
        assert!(!newest(5, -1, odd).unwrap().1);
    }

    #[test]
    fn it_reads_like_a_statement() {
        let intent = LedgerEntry {
            position: 7,
            wallMillis: 0,
            event: "intent".into(),
            summary: "Message: 1160 sealed bytes to localhost".into(),
            revealed: vec![DataClass::MESSAGE_CONTENT, DataClass::PHONE_NUMBER],
            bytes: 1160,
            host: "localhost".into(),
            entry: vec![],
        };
        let mut asked =
            ShowArguments { limit: 2, before: None, event: Vec::new(), class: Vec::new() };
        let text = as_text(&[intent, entry(6)], true, &asked);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "POS  WHEN (UTC)               EVENT    BYTES  WHAT");
        assert_eq!(
            lines[1],
            "  7  1970-01-01 00:00:00.000  intent    1160  Message: 1160 sealed bytes to localhost"
        );
        assert_eq!(lines[2], "  6  1970-01-01 00:00:00.000  outcome      -");
        assert_eq!(lines[4], "2 entries, 1160 bytes.");
        assert_eq!(lines[5], "Older ones: cmctl ledger show --before 6 --limit 2");
        assert_eq!(as_text(&[], false, &asked), "The ledger is empty: nothing left this phone.");
        asked.event.push("intent");
        asked.class.push(DataClass::MESSAGE_CONTENT);
        assert_eq!(as_text(&[], false, &asked), "No such entry.");
        assert!(as_text(&[entry(7)], true, &asked).ends_with(
            "cmctl ledger show --before 7 --limit 2 --event intent --class message-content"
        ));
    }
}
