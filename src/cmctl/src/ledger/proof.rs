// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger check`: the proof of one entry, held against the key of its ledger. Offline. And one entry in words.
use super::file::read;
use super::verdict::{key_facts, Verdict};
use crate::answer::{Answer, Exit, Failure};
use crate::time::utc;
use crate::words::class_names;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::DataClass::DataClass;
use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey};
use cloudmessaging_ledger::proof_text::{EntryProof, ProofTextError, PROOF_MAX};
use cloudmessaging_ledger::statement::{bytes, event_name, host, revealed, summary};
use cloudmessaging_wire::proto::ledger::Entry;
use prost::Message;
use serde_json::{json, Value};
use std::path::Path;

/// Checks a proof.
pub fn check(proof: &Path, key: &LedgerKey) -> Result<Answer, Failure> {
    let text = read(proof, PROOF_MAX)?;
    let checked = EntryProof::parse(&text).and_then(|proof| Ok((proof.verify(key)?, proof)));
    let verdict = match checked {
        Ok((checkpoint, proof)) => proven(&proof, &checkpoint, key, true),
        Err(error) => failed(&error, proof),
    };
    Ok(verdict.answer())
}

/// Of a proof that holds.
pub fn proven(
    proof: &EntryProof,
    checkpoint: &Checkpoint,
    key: &LedgerKey,
    given: bool,
) -> Verdict {
    // What does not decode was written by a newer version.
    let entry = Entry::decode(&proof.entry[..]).unwrap_or_default();
    let (origin, size) = (&checkpoint.origin, checkpoint.size);
    Verdict {
        name: "ok",
        headline: "PROVEN",
        found: format!("entry {} is in the ledger {origin} of {size} entries", proof.position),
        facts: vec![
            ("Position", proof.position.to_string()),
            ("When", utc(entry.wall_ms)),
            ("Event", event_name(&entry).into()),
            ("What", summary(&entry)),
            key_facts(key, given),
        ],
        means: "The key has signed a ledger in which exactly this stands at this position.".into(),
        not: "It says nothing of any other entry, and not that the ledger still has it. When it happened is what \
              the phone's clock said."
            .into(),
        json: json!({
            "origin": origin,
            "size": size,
            "key": key.to_string(),
            "keyGiven": given,
            "entry": entry_json(proof.position, &entry, &proof.entry),
        }),
        exit: Exit::Done,
    }
}

/// Of one that does not.
pub fn failed(error: &ProofTextError, proof: &Path) -> Verdict {
    let (name, headline, means) = match error {
        ProofTextError::Malformed(_) => (
            "no-proof",
            "NO PROOF",
            "The file is something else, or it was changed where that shows at once.",
        ),
        ProofTextError::Checkpoint(_) => (
            "unsigned",
            "NOT PROVEN",
            "The key that you gave did not sign the checkpoint in the proof: the proof is of another ledger, or it \
             was changed.",
        ),
        _ => (
            "not-proven",
            "NOT PROVEN",
            "The checkpoint in it is signed, but what the proof says does not lead to it: something in the proof was \
             changed, or it is held against another checkpoint than its own.",
        ),
    };
    Verdict {
        name,
        headline,
        found: error.to_string(),
        facts: vec![("Proof", proof.display().to_string())],
        means: means.into(),
        not: "It does not show that the ledger was tampered with: take the proof anew from an export.".into(),
        json: json!({}),
        exit: Exit::Tampered,
    }
}

/// An entry for programs, with the names that `show` has for the same.
pub fn entry_json(position: u64, entry: &Entry, encoded: &[u8]) -> Value {
    // The interface numbers classes as the ledger does.
    let classes: Vec<_> = revealed(entry).iter().map(|&number| DataClass(number)).collect();
    json!({
        "position": position,
        "wallMillis": entry.wall_ms,
        "at": utc(entry.wall_ms),
        "event": event_name(entry),
        "summary": summary(entry),
        "revealed": class_names(&classes),
        "bytes": bytes(entry),
        "host": host(entry),
        "entry": hex::encode(encoded),
    })
}
