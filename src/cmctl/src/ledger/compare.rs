// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger compare`: opens the checkpoint hash that a recipient received inside a message. Offline: the recipient
//! says the hash, the sender brings the export.
use super::arguments::ExportFile;
use super::file::open;
use super::proof::entry_json;
use super::verdict::{key_facts, tampered, Verdict, OWN_KEY};
use crate::answer::{Answer, Exit, Failure};
use crate::time::utc;
use cloudmessaging_ledger::compare::{compare as look, Compared, Opened, REACH};
use cloudmessaging_ledger::tree::Hash;
use prost::Message;
use serde_json::json;

/// Looks for the message.
pub fn compare(export: &ExportFile, hash: &Hash) -> Result<Answer, Failure> {
    let compared = match look(open(&export.file)?, export.key.as_ref(), hash) {
        Ok(compared) => compared,
        Err(found) => return tampered(&found, &export.file),
    };
    let given = export.key.is_some();
    let mut verdict = match &compared.opened {
        Some(opened) => found(&compared, opened),
        None => not_found(&compared),
    };
    verdict.facts.push(key_facts(&compared.verified.head.key, given));
    if !given {
        verdict.not = format!("{OWN_KEY} {}", verdict.not);
    }
    verdict.json["key"] = json!(compared.verified.head.key.to_string());
    verdict.json["keyGiven"] = json!(given);
    verdict.json["size"] = json!(compared.verified.head.checkpoint.size);
    verdict.json["erased"] = json!(compared.verified.erased);
    verdict.json["outOfReach"] = json!(compared.out_of_reach);
    Ok(verdict.answer())
}

fn found(compared: &Compared, opened: &Opened) -> Verdict {
    let (position, size) = (opened.position, opened.checkpoint.size);
    let mut facts = vec![
        ("Message", format!("entry {position}, {}", utc(opened.entry.wall_ms))),
        ("Hash of", format!("the first {size} entries")),
    ];
    if compared.more > 0 {
        facts.push(("Handed over", format!("{} times", compared.more + 1)));
    }
    Verdict {
        name: "opened",
        headline: "GOOD",
        found: format!("the hash is of the first {size} entries, as they were before the message at {position}"),
        facts,
        means: format!(
            "Nothing in the first {size} entries was changed since the recipient got the message, not even by who \
             can sign with the phone's key."
        ),
        not: "It says nothing of entries after them.".into(),
        json: json!({
            "position": position,
            "at": utc(opened.entry.wall_ms),
            "covers": size,
            "more": compared.more,
            "entry": entry_json(position, &opened.entry, &opened.entry.encode_to_vec()),
        }),
        exit: Exit::Done,
    }
}

fn not_found(compared: &Compared) -> Verdict {
    let erased = compared.verified.erased;
    let undecided = erased > 0 || compared.out_of_reach > 0;
    let mut facts = Vec::new();
    if erased > 0 {
        facts
            .push(("Erased", format!("what {erased} entries said; the message may be among them")));
    }
    if compared.out_of_reach > 0 {
        let count = compared.out_of_reach;
        facts.push((
            "Not compared",
            format!("{count} messages, whose checkpoint lies more than {REACH} entries back"),
        ));
    }
    let json = json!({"position": null, "covers": null});
    let found = "no message in this ledger carried that hash".to_owned();
    match undecided {
        true => Verdict {
            name: "undecided",
            headline: "NOT FOUND",
            found,
            facts,
            means: "The message may be one of which this ledger cannot say any more what it carried. An export that \
                    was made before the erasure can."
                .into(),
            not: "It does not show that history was rewritten.".into(),
            json,
            exit: Exit::Failed,
        },
        false => Verdict {
            name: "not-opened",
            headline: "NOT FOUND",
            found,
            facts,
            means: "If the recipient got this hash in a message from this phone, and before this export was made, \
                    then the history was rewritten since."
                .into(),
            not: "It does not show that the hash is from this phone: ask the recipient who the sender was, and when."
                .into(),
            json,
            exit: Exit::Tampered,
        },
    }
}
