// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger prove`: takes the proof of one entry out of an export, which is verified on the way. Offline. With
//! the receipt of a consent, it also says whether that consent is what the entry is about.
use super::arguments::ProveArguments;
use super::file::{open, read, unread, NewFile};
use super::growth;
use super::proof::proven;
use super::verdict::{tampered, Verdict, OWN_KEY};
use crate::answer::{Answer, Exit, Failure};
use crate::output::{printable, quoted};
use cloudmessaging_ledger::checkpoint::LedgerKey;
use cloudmessaging_ledger::export::Head;
use cloudmessaging_ledger::proof_text::EntryProof;
use cloudmessaging_ledger::prove::{prove as take, ProveError};
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};
use prost::Message;
use serde::Deserialize;
use serde_json::json;
use std::path::Path;

/// Longest receipt, as the interface has it, and room for how it was printed.
const RECEIPT_MAX: usize = 256 * 1024;

/// Takes the proof and gives it away.
pub fn prove(asked: &ProveArguments) -> Result<Answer, Failure> {
    let file = &asked.export.file;
    if let Some(older) = &asked.which.older {
        return growth::prove(asked, older);
    }
    let receipt = asked.which.receipt.as_deref().map(Receipt::read).transpose()?;
    let position = match (&receipt, asked.which.position) {
        (Some(receipt), _) => receipt.ledger_position,
        (None, Some(position)) => position,
        (None, None) => return Err(Failure::Usage("what is to be proven?".into())),
    };
    let proof = match take(open(file)?, asked.export.key.as_ref(), position) {
        Ok(proof) => proof,
        Err(error) => return refused(error, file),
    };
    let key = key_of(file)?;
    let given = asked.export.key.is_some();
    let checkpoint = proof.verify(&key).map_err(|error| Failure::Other(error.to_string()))?;
    let mut verdict = proven(&proof, &checkpoint, &key, given);
    if !given {
        verdict.not = format!("{OWN_KEY} {}", verdict.not);
    }
    match receipt {
        Some(receipt) if !receipt.is_of(&proof) => return Ok(another(verdict, position).answer()),
        Some(_) => verdict.found.push_str(", and it is the consent of the receipt"),
        None => {}
    }
    let check = format!("--key {}", quoted(&key.to_string()));
    give(verdict, proof.write(), &check, asked.out.as_deref())
}

/// Why nothing is given away.
pub fn refused(error: ProveError, export: &Path) -> Result<Answer, Failure> {
    match error {
        ProveError::Tampered(found) => tampered(&found, export),
        ProveError::NoEntry { .. } => Err(Failure::Usage(error.to_string())),
        ProveError::Erased(_) | ProveError::Wrong(_) => Err(Failure::Other(error.to_string())),
    }
}

/// The key of an export that has passed.
pub fn key_of(export: &Path) -> Result<LedgerKey, Failure> {
    Head::read(&mut open(export)?).map(|head| head.key).map_err(|error| unread(export, error))
}

/// Prints a proof, or writes it to a file; `check` is what checks it, behind the name of the file.
pub fn give(
    verdict: Verdict,
    proof: String,
    check: &str,
    out: Option<&Path>,
) -> Result<Answer, Failure> {
    let said = verdict.text();
    let mut answer = verdict.answer();
    answer.json["proof"] = json!(proof);
    match out {
        None => {
            answer.text = proof.trim_end().into();
            answer.aside = said;
        }
        Some(out) => {
            NewFile::write(out, &proof)?;
            let file = out.display().to_string();
            answer.json["file"] = json!(file);
            answer.text = format!(
                "{said}\n\nWritten: {}, {} bytes.\nTo check it anywhere: cmctl ledger check {} {check}",
                printable(&file),
                proof.len(),
                quoted(&file),
            );
        }
    }
    Ok(answer)
}

/// Of a receipt that names another entry: nothing is given away then.
fn another(proven: Verdict, position: u64) -> Verdict {
    Verdict {
        name: "other-entry",
        headline: "NOT PROVEN",
        found: format!("entry {position} is not the consent of the receipt"),
        means: "The ledger is what was signed, but it does not say what the receipt says: the receipt was changed, \
                or it is of another phone."
            .into(),
        exit: Exit::Tampered,
        ..proven
    }
}

/// Of the receipt, what the ledger says too.
#[derive(Deserialize)]
struct Receipt {
    record_id: String,
    ledger_position: u64,
    pii_processing: Processing,
}

#[derive(Deserialize)]
struct Processing {
    privacy_notice: Notice,
}

#[derive(Deserialize)]
struct Notice {
    version: u32,
    sha256: String,
    language: String,
}

impl Receipt {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = read(path, RECEIPT_MAX)?;
        // serde's own words would quote what stands in the file.
        serde_json::from_str(&text)
            .map_err(|_| Failure::Usage(format!("{} is no receipt of a consent", path.display())))
    }

    fn is_of(&self, proof: &EntryProof) -> bool {
        let notice = &self.pii_processing.privacy_notice;
        match Entry::decode(&proof.entry[..]).ok().and_then(|entry| entry.event) {
            Some(Event::Grant(grant)) => {
                hex::encode(&grant.record_id) == self.record_id
                    && hex::encode(&grant.disclosure_sha256) == notice.sha256
                    && grant.disclosure_version == notice.version
                    && grant.locale == notice.language
            }
            _ => false,
        }
    }
}
