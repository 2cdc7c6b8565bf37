// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger verify`: holds an export against its signature, a key, and checkpoints that were kept. Offline.
use super::arguments::VerifyArguments;
use super::file::{note, open};
use super::verdict::{key_facts, tampered, Verdict, OWN_KEY};
use crate::answer::{Answer, Exit, Failure};
use crate::output::printable;
use crate::time::utc;
use cloudmessaging_ledger::checkpoint::{Checkpoint, CheckpointError, LedgerKey};
use cloudmessaging_ledger::span::Span;
use cloudmessaging_ledger::tampered::Tampered;
use cloudmessaging_ledger::verify::{verify as holds, Verified};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Verifies, once for each checkpoint that was kept.
pub fn verify(asked: &VerifyArguments) -> Result<Answer, Failure> {
    let (file, key) = (&asked.export.file, asked.export.key.as_ref());
    let mut kept = Vec::new();
    for path in &asked.older {
        kept.push((path, note(path)?));
    }
    let (mut passed, mut older) = (None, Vec::new());
    for (path, note) in kept.iter().map(|(path, note)| (Some(*path), Some(note.as_str()))).chain(
        // Without one, the export is only held against itself.
        kept.is_empty().then_some((None, None)),
    ) {
        let mut span = Span::default();
        match holds(open(file)?, key, note, |_, leaf| span.see(&leaf)) {
            Ok(verified) => {
                if let (Some(path), Some(note)) = (path, note) {
                    older.push((path.clone(), size(note, &verified.head.key)));
                }
                passed = Some((verified, span));
            }
            Err(Tampered::Older(CheckpointError::Malformed(why))) => {
                let path = path.map(|path| path.display().to_string()).unwrap_or_default();
                return Err(Failure::Usage(format!("{path} is no checkpoint: {why}")));
            }
            Err(found) => return failed(&found, file, path),
        }
    }
    match passed {
        Some((verified, span)) => Ok(good(file, key.is_some(), &verified, &span, &older).answer()),
        None => Err(Failure::Other("nothing was verified".into())),
    }
}

fn size(note: &str, key: &LedgerKey) -> u64 {
    // It was verified a moment ago.
    Checkpoint::verify(note, key).map_or(0, |checkpoint| checkpoint.size)
}

fn failed(found: &Tampered, file: &Path, older: Option<&PathBuf>) -> Result<Answer, Failure> {
    let mut answer = tampered(found, file)?;
    let by_older = matches!(
        found,
        Tampered::Older(_) | Tampered::RolledBack { .. } | Tampered::Rewritten { .. }
    );
    if let Some(older) = older.filter(|_| by_older) {
        answer.json["older"] = json!(older.display().to_string());
        let older = printable(&older.display().to_string());
        answer.text.push_str(&format!("\n\nThe older checkpoint: {older}"));
    }
    Ok(answer)
}

/// Of an export that passed.
pub fn good(
    file: &Path,
    key_given: bool,
    verified: &Verified,
    span: &Span,
    older: &[(PathBuf, u64)],
) -> Verdict {
    let (head, erased) = (&verified.head, verified.erased);
    let size = head.checkpoint.size;
    let ends = span.ends();
    let mut facts = vec![
        ("Export", file.display().to_string()),
        ("Ledger", head.checkpoint.origin.clone()),
        ("Entries", size.to_string()),
    ];
    if let Some((first, last)) = ends {
        facts.push(("Written", format!("{} to {}", utc(first), utc(last))));
    }
    if erased > 0 {
        facts.push(("Erased", format!("what {erased} of them said, as the ledger itself says")));
    }
    facts.push(("Root", hex::encode(head.checkpoint.root)));
    facts.push(key_facts(&head.key, key_given));
    for (path, size) in older {
        facts.push(("Begins with", format!("the {size} entries of {}", path.display())));
    }
    let mut not = vec![if key_given { "" } else { OWN_KEY }];
    if older.is_empty() {
        not.push(
            "Who can sign with the phone's key could have rewritten it all: only a checkpoint that was kept shows \
             that nobody did (--older).",
        );
    }
    not.push("What was never written is in no ledger.");
    let kept: Vec<_> = older
        .iter()
        .map(|(path, size)| json!({"file": path.display().to_string(), "size": size}))
        .collect();
    Verdict {
        name: "ok",
        headline: "GOOD",
        found: "nothing was changed, removed, added, reordered or replaced since it was signed"
            .into(),
        facts,
        means: "The entries are, one by one and in this order, those that the key has signed."
            .into(),
        not: not.into_iter().filter(|says| !says.is_empty()).collect::<Vec<_>>().join(" "),
        json: json!({
            "origin": head.checkpoint.origin,
            "size": size,
            "erased": erased,
            "root": hex::encode(head.checkpoint.root),
            "key": head.key.to_string(),
            "keyGiven": key_given,
            "firstAt": ends.map(|(first, _)| utc(first)),
            "lastAt": ends.map(|(_, last)| utc(last)),
            "older": kept,
        }),
        exit: Exit::Done,
    }
}
