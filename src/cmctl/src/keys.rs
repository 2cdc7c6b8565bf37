// SPDX-License-Identifier: Apache-2.0
//! `cmctl keys` and `cmctl fingerprint`: whether somebody is still who they were, and how two owners find out
//! that no registrar stands between them.
use crate::answer::{Answer, Failure};
use crate::connect::{answered, Gate};
use crate::output::{Lean, Table};
use crate::time::{utc, utc_column};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::KeyChange::KeyChange;
use serde_json::{json, Value};

const COMPARE: &str = "Read these digits to each other where you know each other's voice or face: \
                       if they are the same on both phones, nobody stands between you.";

/// The changes that were noticed.
pub fn changed(gate: &Gate) -> Result<Answer, Failure> {
    let changes = answered(gate.messaging()?.keyChanged())?;
    Ok(Answer::done(changed_json(&changes), changed_text(&changes)))
}

fn changed_json(changes: &[KeyChange]) -> Value {
    let changes = changes.iter().map(|change| {
        json!({"peer": change.peer, "atMillis": change.atMillis, "at": utc(change.atMillis)})
    });
    json!({"changes": changes.collect::<Vec<_>>()})
}

fn changed_text(changes: &[KeyChange]) -> String {
    let Some(last) = changes.last() else {
        return "No identity key has changed.".into();
    };
    let mut table = Table::new(&[("NOTICED", Lean::Left), ("WHO", Lean::Left)]);
    for change in changes {
        table.row(vec![utc_column(change.atMillis), change.peer.clone()]);
    }
    format!(
        "{}\n\nA new phone, cloud messaging turned on anew, or somebody else: compare `cmctl \
         fingerprint`.\n`cmctl keys acknowledge {}` forgets these.",
        table.text(),
        last.atMillis
    )
}

/// Forgets changes.
pub fn acknowledge(gate: &Gate, at: i64) -> Result<Answer, Failure> {
    answered(gate.messaging()?.acknowledgeKeyChanges(at))?;
    Ok(Answer::done(
        json!({"acknowledgedMillis": at}),
        format!("Changes noticed until {} are forgotten.", utc(at)),
    ))
}

/// The digits to compare.
pub fn fingerprint(gate: &Gate, sim: i32, peer: &str) -> Result<Answer, Failure> {
    let digits = answered(gate.messaging()?.fingerprint(sim, peer))?;
    let text = fingerprint_text(&digits);
    Ok(Answer::done(json!({"subscriptionId": sim, "fingerprint": digits}), text))
}

fn fingerprint_text(digits: &str) -> String {
    let groups: Vec<&str> = digits.split(' ').collect();
    let lines: Vec<String> = groups.chunks(4).map(|line| line.join(" ")).collect();
    format!("{}\n\n{COMPARE}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_twelve_groups_of_five_digits_and_says_what_to_do_with_them() {
        let digits = ["01234"; 12].join(" ");
        let text = fingerprint_text(&digits);
        let (shown, said) = text.split_once("\n\n").unwrap();
        assert_eq!(shown.lines().count(), 3);
        assert_eq!(shown.split_whitespace().filter(|group| *group == "01234").count(), 12);
        assert!(said.contains("the same on both phones") && !said.contains('\n'));
    }

    #[test]
    fn each_change_is_shown_with_how_to_forget_them() {
        assert_eq!(changed_text(&[]), "No identity key has changed.");
        let change = |peer: &str, at| KeyChange { peer: peer.into(), atMillis: at };
        let changes = [change("+15550100", 1000), change("+15550101", 2000)];
        let text = changed_text(&changes);
        assert!(text.contains("+15550100") && text.contains("+15550101"), "{text}");
        assert!(text.contains("cmctl keys acknowledge 2000"), "{text}");
        assert_eq!(changed_json(&changes)["changes"][1]["atMillis"], 2000);
    }
}
