// SPDX-License-Identifier: Apache-2.0
//! `cmctl outcomes`: how messages have ended.
use crate::answer::{Answer, Failure};
use crate::cli::PageArguments;
use crate::connect::{answered, Gate};
use crate::inbox::{page_through, waited};
use crate::output::{Lean, Table};
use crate::time::{utc, utc_column};
use crate::words::Words;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::Outcome::Outcome;
use serde_json::{json, Value};

/// Asks for outcomes and shows them, oldest first.
pub fn outcomes(gate: &Gate, asked: &PageArguments) -> Result<Answer, Failure> {
    let messaging = gate.messaging()?;
    let outcomes = waited(asked.wait, || {
        page_through(
            asked,
            |cursor, limit| answered(messaging.outcomes(cursor, limit)),
            |outcome: &Outcome| outcome.cursor,
        )
    })?;
    if let (true, Some(last)) = (asked.acknowledge, outcomes.last()) {
        answered(messaging.acknowledgeOutcomes(last.cursor))?;
    }
    Ok(Answer::done(
        json!({"outcomes": outcomes.iter().map(as_json).collect::<Vec<_>>()}),
        as_text(&outcomes),
    ))
}

/// One outcome for programs.
pub fn as_json(outcome: &Outcome) -> Value {
    json!({
        "cursor": outcome.cursor,
        "id": hex::encode(&outcome.id),
        "delivered": outcome.delivered,
        "reason": outcome.reason.name(),
        "atMillis": outcome.atMillis,
        "at": utc(outcome.atMillis),
    })
}

fn as_text(outcomes: &[Outcome]) -> String {
    if outcomes.is_empty() {
        return "No message has ended.".into();
    }
    let mut table = Table::new(&[
        ("CURSOR", Lean::Right),
        ("ENDED (UTC)", Lean::Left),
        ("ID", Lean::Left),
        ("OUTCOME", Lean::Left),
    ]);
    for outcome in outcomes {
        let how = match outcome.delivered {
            true => "delivered".to_owned(),
            false => format!("use SMS: {}", outcome.reason.says()),
        };
        table.row(vec![
            outcome.cursor.to_string(),
            utc_column(outcome.atMillis),
            hex::encode(&outcome.id),
            how,
        ]);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use android_system_cloudmessaging::aidl::android::system::cloudmessaging::SmsReason::SmsReason;

    #[test]
    fn an_outcome_is_delivered_or_use_sms_with_its_reason() {
        let outcomes = [
            Outcome { cursor: 1, delivered: true, id: vec![1], ..Default::default() },
            Outcome { cursor: 2, reason: SmsReason::FULL, id: vec![2], ..Default::default() },
        ];
        let text = as_text(&outcomes);
        assert!(text.contains("01  delivered"), "{text}");
        assert!(text.contains("02  use SMS: the recipient's inbox is full"), "{text}");
        assert_eq!(as_json(&outcomes[1])["reason"], "FULL");
        assert_eq!(as_text(&[]), "No message has ended.");
    }
}
