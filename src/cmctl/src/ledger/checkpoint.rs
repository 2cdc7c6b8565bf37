// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger checkpoint`: the signed note, to be kept where the phone cannot reach it.
use super::file::NewFile;
use crate::answer::{Answer, Failure};
use crate::connect::{answered, Gate};
use crate::output::printable;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessagingConsent::ICloudMessagingConsent, LedgerCheckpoint::LedgerCheckpoint,
};
use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey};
use serde_json::{json, Value};
use std::path::Path;

/// How far the ledger is, as the gate signed it.
pub struct Signed {
    /// The key that the gate gives.
    pub key: LedgerKey,
    /// What it signed.
    pub checkpoint: Checkpoint,
    /// The same as it was signed.
    pub note: String,
}

impl Signed {
    /// Asks for it and checks it: what is kept now would be of no use later if it were not right.
    pub fn ask(consent: &dyn ICloudMessagingConsent) -> Result<Self, Failure> {
        Self::read(answered(consent.ledgerCheckpoint())?)
    }

    fn read(LedgerCheckpoint { note, key }: LedgerCheckpoint) -> Result<Self, Failure> {
        let wrong = |error| Failure::Other(format!("the service gave a bad checkpoint: {error}"));
        let key = LedgerKey::parse(&key).map_err(wrong)?;
        let checkpoint = Checkpoint::verify(&note, &key).map_err(wrong)?;
        Ok(Self { key, checkpoint, note })
    }

    fn as_json(&self) -> Value {
        json!({
            "origin": self.checkpoint.origin,
            "size": self.checkpoint.size,
            "root": hex::encode(self.checkpoint.root),
            "note": self.note,
            "key": self.key.to_string(),
        })
    }
}

/// Prints it, or writes it to a file.
pub fn checkpoint(gate: &Gate, out: Option<&Path>) -> Result<Answer, Failure> {
    let signed = Signed::ask(&*gate.consent()?)?;
    let mut json = signed.as_json();
    let key = printable(&signed.key.to_string());
    let size = signed.checkpoint.size;
    let keep = format!(
        "Keep it away from this phone: whatever is done to the first {size} entries later, \
         `cmctl ledger verify --older` finds it.\nKey: {key}"
    );
    let Some(out) = out else {
        let mut answer = Answer::done(json, signed.note.trim_end());
        answer.aside = keep;
        return Ok(answer);
    };
    NewFile::write(out, &signed.note)?;
    let file = out.display().to_string();
    json["file"] = json!(file);
    Ok(Answer::done(json, format!("Written: {}, {size} entries.\n{keep}", printable(&file))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::{Book, Key};

    #[test]
    fn a_checkpoint_that_the_key_did_not_sign_is_not_kept() {
        let (book, key) = (Book::of(3), Key::new(1));
        let from_gate = |note: String| LedgerCheckpoint { note, key: key.public().to_string() };
        let signed = Signed::read(from_gate(book.note_at(&key, 3))).unwrap();
        assert_eq!(signed.checkpoint.size, 3);
        assert_eq!(signed.as_json()["size"], 3);
        let forged = Signed::read(from_gate(book.note_at(&Key::new(2), 3)));
        assert!(forged.err().unwrap().to_string().contains("not signed"));
        assert!(Signed::read(LedgerCheckpoint::default()).is_err());
    }
}
