// SPDX-License-Identifier: Apache-2.0
//! Whether an SMS is a cloud message again: the sender's receipt was lost, or clocks differ, and its app
//! sent an SMS too (P6).
//!
//! Kept is an HMAC-SHA256 over sender and body under a key of this user, for 72 h, also when the
//! message itself was acknowledged and is gone. Matching is advice: nothing is deleted because of it.

use cloudmessaging_seal::Number;
use cloudmessaging_wire::proto::messages as proto;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use zeroize::Zeroizing;

use super::rows::fixed;
use super::sealed::{Column, Named, Sealer, Tag};
use super::store::next_row;
use super::{MessageId, StoreError};

/// How far an SMS and its cloud message may be apart.
pub const MATCH_MS: i64 = 72 * 3600 * 1000;

/// Most messages that are remembered; beyond them the oldest is forgotten.
pub const MATCHES_MAX: usize = 4096;

/// A remembered message that an SMS is.
pub(super) struct Match {
    pub row: i64,
    pub id: MessageId,
}

/// Remembers a cloud message that was received.
pub(super) fn remember(
    transaction: &Transaction<'_>,
    sealer: &Sealer,
    (sender, body, id): (&Number, &str, &MessageId),
    received_ms: i64,
) -> Result<(), StoreError> {
    // A Number has digits.
    let Some(digits) = digits(sender.as_str()) else { return Ok(()) };
    let count: i64 = transaction.query_row("SELECT COUNT(*) FROM sms", (), |row| row.get(0))?;
    if usize::try_from(count).is_ok_and(|count| count >= MATCHES_MAX) {
        let oldest = "DELETE FROM sms WHERE row = (SELECT MIN(row) FROM sms)";
        transaction.execute(oldest, ())?;
    }
    let row = next_row(transaction)?;
    let kept = proto::SmsMatch { id: id.to_vec() };
    let sealed = sealer.seal(Column::SmsMatch, row, &kept)?;
    let insert = "INSERT INTO sms (row, tag, received_ms, sealed) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(insert, (row, tag(sealer, &digits, body), received_ms, sealed))?;
    Ok(())
}

/// The oldest cloud message that this SMS is again.
pub(super) fn find(
    connection: &Connection,
    sealer: &Sealer,
    (sender, body): (&str, &str),
    received_ms: i64,
) -> Result<Option<Match>, StoreError> {
    let Some(digits) = digits(sender) else { return Ok(None) };
    let select = "SELECT row, sealed FROM sms
        WHERE tag = ?1 AND received_ms BETWEEN ?2 AND ?3 ORDER BY row LIMIT 1";
    let (from, to) = (received_ms.saturating_sub(MATCH_MS), received_ms.saturating_add(MATCH_MS));
    let found = connection
        .query_row(select, (tag(sealer, &digits, body), from, to), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((row, sealed)) = found else { return Ok(None) };
    let kept: proto::SmsMatch = sealer.open(Column::SmsMatch, row, sealed)?;
    Ok(Some(Match { row, id: fixed(&kept.id)? }))
}

/// Uses a match up.
pub(super) fn forget(transaction: &Transaction<'_>, row: i64) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM sms WHERE row = ?1", [row])?;
    Ok(())
}

/// Whether something is older than it may be.
pub(super) fn any_old(connection: &Connection, now_ms: i64) -> Result<bool, StoreError> {
    let select = "SELECT EXISTS (SELECT 1 FROM sms WHERE received_ms < ?1)";
    Ok(connection.query_row(select, [now_ms.saturating_sub(MATCH_MS)], |row| row.get(0))?)
}

pub(super) fn forget_old(transaction: &Transaction<'_>, now_ms: i64) -> Result<(), StoreError> {
    let until = now_ms.saturating_sub(MATCH_MS);
    transaction.execute("DELETE FROM sms WHERE received_ms < ?1", [until])?;
    Ok(())
}

fn tag(sealer: &Sealer, digits: &str, body: &str) -> Tag {
    let length = (digits.len() as u64).to_be_bytes();
    sealer.tag(Named::Sms, &[&length, digits.as_bytes(), normalised(body).as_bytes()])
}

/// The digits of a number as a network or an app spells it; nothing if it holds anything that a spelling
/// does not, as the name of a company does.
fn digits(sender: &str) -> Option<Zeroizing<String>> {
    let sender = sender.trim();
    let spelt = sender.strip_prefix('+').unwrap_or(sender);
    let mut digits = Zeroizing::new(String::with_capacity(spelt.len()));
    for c in spelt.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' | '/' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

/// Every run of Unicode white space is one space, and there is none at either end.
fn normalised(body: &str) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(body.len()));
    for word in body.split_whitespace() {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::StorageKey;

    fn key(digits: &str, body: &str) -> Tag {
        let storage = StorageKey::from_bytes(&[1; 32]).unwrap();
        tag(&Sealer::new(&storage, 0, 7).unwrap(), digits, body)
    }

    fn is_again(sender: &str, body: &str) -> bool {
        digits(sender).is_some_and(|digits| key(&digits, body) == key("15550100", "See you at 5"))
    }

    #[test]
    fn an_sms_with_other_white_space_is_the_same() {
        for body in ["See you at 5", " See  you\r\nat\t5\n", "See\u{a0}you\u{2003}at\u{3000}5"] {
            assert!(is_again("+15550100", body), "{body:?}");
        }
        for body in ["See you at 6", "see you at 5", "Seeyou at 5", "", "See you at 5 5"] {
            assert!(!is_again("+15550100", body), "{body:?}");
        }
    }

    #[test]
    fn a_sender_is_its_digits_and_a_name_is_none() {
        for sender in ["+15550100", "15550100", " +1 555-0100", "+1 (555) 01.00"] {
            assert!(is_again(sender, "See you at 5"), "{sender}");
        }
        for sender in [
            "5550100",
            "+15550101",
            "",
            "+",
            "BANK",
            "+15550100a",
            "++15550100",
            "+1555010\u{660}0",
        ] {
            assert!(!is_again(sender, "See you at 5"), "{sender}");
        }
    }
}
