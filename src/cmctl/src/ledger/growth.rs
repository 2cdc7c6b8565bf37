// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger prove --older` and `check --older`: that a ledger has only grown since a checkpoint. Offline. Such a
//! proof holds no entry: it can be given to anybody, also to a C2SP witness.
use super::arguments::ProveArguments;
use super::file::{note, open, read};
use super::proof::failed;
use super::prove::{give, key_of, refused};
use super::verdict::{key_facts, Verdict, OWN_KEY};
use crate::answer::{Answer, Exit, Failure};
use crate::output::quoted;
use cloudmessaging_ledger::checkpoint::{Checkpoint, CheckpointError, LedgerKey};
use cloudmessaging_ledger::proof_text::{GrowthProof, PROOF_MAX};
use cloudmessaging_ledger::prove::{prove_growth, ProveError};
use cloudmessaging_ledger::tampered::Tampered;
use serde_json::json;
use std::path::Path;

/// Takes the proof out of an export.
pub fn prove(asked: &ProveArguments, older: &Path) -> Result<Answer, Failure> {
    let (file, kept) = (&asked.export.file, note(older)?);
    let proof = match prove_growth(open(file)?, asked.export.key.as_ref(), &kept) {
        Ok(proof) => proof,
        Err(ProveError::Tampered(Tampered::Older(error))) if is_none(&error) => {
            return Err(none(older, &error))
        }
        Err(error) => return refused(error, file),
    };
    let key = key_of(file)?;
    let given = asked.export.key.is_some();
    let from = checkpoint(&kept, &key, older)?;
    let newer = proof.verify(&key, &from).map_err(|error| Failure::Other(error.to_string()))?;
    let mut verdict = grown(&from, &newer, &key, given);
    if !given {
        verdict.not = format!("{OWN_KEY} {}", verdict.not);
    }
    let check =
        ["--key", &quoted(&key.to_string()), "--older", &quoted(&older.display().to_string())]
            .join(" ");
    give(verdict, proof.write(), &check, asked.out.as_deref())
}

/// Checks such a proof.
pub fn check(proof: &Path, key: &LedgerKey, older: &Path) -> Result<Answer, Failure> {
    let text = read(proof, PROOF_MAX)?;
    let from = checkpoint(&note(older)?, key, older)?;
    let verdict = match GrowthProof::parse(&text).and_then(|proof| proof.verify(key, &from)) {
        Ok(newer) => grown(&from, &newer, key, true),
        Err(error) => failed(&error, proof),
    };
    Ok(verdict.answer())
}

/// The checkpoint that was kept. One of another key is not what was asked about.
fn checkpoint(note: &str, key: &LedgerKey, path: &Path) -> Result<Checkpoint, Failure> {
    Checkpoint::verify(note, key).map_err(|error| none(path, &error))
}

fn is_none(error: &CheckpointError) -> bool {
    matches!(error, CheckpointError::Malformed(_))
}

fn none(path: &Path, error: &CheckpointError) -> Failure {
    Failure::Usage(format!("{}: {error}", path.display()))
}

fn grown(from: &Checkpoint, newer: &Checkpoint, key: &LedgerKey, given: bool) -> Verdict {
    let (older, size) = (from.size, newer.size);
    Verdict {
        name: "ok",
        headline: "PROVEN",
        found: format!("the ledger of {size} entries begins with the {older} of the older checkpoint"),
        facts: vec![
            ("Ledger", newer.origin.clone()),
            ("Entries", format!("{older}, then {size}")),
            key_facts(key, given),
        ],
        means: "Nothing that was there at the older checkpoint was changed, removed or moved until the newer one."
            .into(),
        not: "It says nothing of what the entries are, and nothing of what came after the newer checkpoint.".into(),
        json: json!({
            "origin": newer.origin,
            "older": older,
            "size": size,
            "root": hex::encode(newer.root),
            "key": key.to_string(),
            "keyGiven": given,
        }),
        exit: Exit::Done,
    }
}
