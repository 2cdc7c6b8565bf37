// SPDX-License-Identifier: Apache-2.0
//! `cmctl inbox`: messages that arrived. And how pages are read, which `outcomes` shares.
use crate::answer::{Answer, Failure};
use crate::cli::PageArguments;
use crate::connect::{answered, Gate};
use crate::output::{Lean, Table};
use crate::time::{utc, utc_column};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::MAX_PAGE, InboundMessage::InboundMessage,
};
use serde_json::{json, Value};
use std::time::{Duration, Instant};

/// Asks for messages and shows them, oldest first.
pub fn inbox(gate: &Gate, asked: &PageArguments) -> Result<Answer, Failure> {
    let messaging = gate.messaging()?;
    let messages = waited(asked.wait, || {
        page_through(
            asked,
            |cursor, limit| answered(messaging.inbound(cursor, limit)),
            |message: &InboundMessage| message.cursor,
        )
    })?;
    if let (true, Some(last)) = (asked.acknowledge, messages.last()) {
        answered(messaging.acknowledgeInbound(last.cursor))?;
    }
    Ok(Answer::done(
        json!({"messages": messages.iter().map(as_json).collect::<Vec<_>>()}),
        as_text(&messages),
    ))
}

/// Pages after the cursor until there is nothing more, or as much as was asked for.
pub fn page_through<T>(
    asked: &PageArguments,
    mut page: impl FnMut(i64, i32) -> Result<Vec<T>, Failure>,
    cursor_of: impl Fn(&T) -> i64,
) -> Result<Vec<T>, Failure> {
    let mut all = Vec::new();
    let mut cursor = asked.after;
    while all.len() < asked.limit {
        let left = i32::try_from(asked.limit - all.len()).unwrap_or(i32::MAX).min(MAX_PAGE);
        let next = page(cursor, left)?;
        // The service gives fewer than asked for if more would not fit in one call: only an empty page
        // is the end.
        let Some(last) = next.last() else { break };
        cursor = cursor_of(last);
        all.extend(next);
    }
    Ok(all)
}

/// Repeats the question until there is an answer or the time is over.
pub fn waited<T>(
    seconds: Option<u32>,
    mut ask: impl FnMut() -> Result<Vec<T>, Failure>,
) -> Result<Vec<T>, Failure> {
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(0).into());
    loop {
        let answer = ask()?;
        if !answer.is_empty() || Instant::now() >= until {
            return Ok(answer);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn as_json(message: &InboundMessage) -> Value {
    json!({
        "cursor": message.cursor,
        "id": hex::encode(&message.id),
        "subscriptionId": message.subscriptionId,
        "sender": message.sender,
        "body": message.body,
        "sentAtMillis": message.sentAtMillis,
        "receivedAtMillis": message.receivedAtMillis,
        "receivedAt": utc(message.receivedAtMillis),
        "checkpointHash": hex::encode(&message.checkpointHash),
    })
}

fn as_text(messages: &[InboundMessage]) -> String {
    if messages.is_empty() {
        return "No message.".into();
    }
    let mut table = Table::new(&[
        ("CURSOR", Lean::Right),
        ("RECEIVED (UTC)", Lean::Left),
        ("SIM", Lean::Right),
        ("FROM", Lean::Left),
        ("TEXT", Lean::Left),
    ]);
    for message in messages {
        table.row(vec![
            message.cursor.to_string(),
            utc_column(message.receivedAtMillis),
            message.subscriptionId.to_string(),
            message.sender.clone(),
            message.body.clone(),
        ]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(after: i64, limit: usize) -> PageArguments {
        PageArguments { after, limit, wait: None, acknowledge: false }
    }

    // Cursors 1..=9, never more than 2 in a page whatever was asked for.
    fn short_pages(cursor: i64, limit: i32) -> Result<Vec<i64>, Failure> {
        assert!((1..=MAX_PAGE).contains(&limit));
        Ok((cursor + 1..=9).take(2.min(limit as usize)).collect())
    }

    #[test]
    fn a_short_page_is_not_taken_for_the_last() {
        assert_eq!(page_through(&asked(0, 1000), short_pages, |c| *c).unwrap().len(), 9);
        assert_eq!(page_through(&asked(7, 1000), short_pages, |c| *c).unwrap(), [8, 9]);
        assert_eq!(page_through(&asked(0, 3), short_pages, |c| *c).unwrap(), [1, 2, 3]);
        assert!(page_through(&asked(0, 0), short_pages, |c| *c).unwrap().is_empty());
    }

    #[test]
    fn a_program_finds_what_ledger_compare_opens() {
        let message = InboundMessage { checkpointHash: vec![0xab; 32], ..Default::default() };
        assert_eq!(as_json(&message)["checkpointHash"], "ab".repeat(32));
        // It is no secret and says nothing to a person.
        assert!(!as_text(&[message]).contains("abab"));
    }

    #[test]
    fn a_body_from_outside_stays_in_its_line() {
        let message = InboundMessage {
            body: "hi\n  9  2025-01-01 00:00:00.000    1  +1666  forged\u{1b}[1A".into(),
            sender: "+15550101".into(),
            ..Default::default()
        };
        let text = as_text(&[message]);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
