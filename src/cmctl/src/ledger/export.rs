// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger export`: the whole ledger in a file, which is verified before anything is said of it.
use super::arguments::ExportArguments;
use super::checkpoint::Signed;
use super::file::{open, NewFile};
use super::verdict::tampered;
use super::verify::good;
use crate::answer::{Answer, Failure};
use crate::connect::{answered, Gate};
use crate::output::{printable, quoted};
use binder::ParcelFileDescriptor;
use cloudmessaging_ledger::span::Span;
use cloudmessaging_ledger::verify::verify;
use serde_json::json;
use std::path::Path;

/// Has the gate write it, and verifies what it wrote.
pub fn export(gate: &Gate, asked: &ExportArguments) -> Result<Answer, Failure> {
    if !asked.force && asked.file.exists() {
        let file = asked.file.display();
        return Err(Failure::Usage(format!("{file} is there already; --force replaces it")));
    }
    // Whoever makes one in this moment keeps it.
    let new = NewFile::create(&asked.file, asked.force)?;
    let consent = gate.consent()?;
    // Taken before: the export has to go on from it, and be of the same key.
    let before = Signed::ask(&*consent)?;
    let end = new.file().try_clone().map_err(|error| Failure::Other(error.to_string()))?;
    answered(consent.exportLedger(&ParcelFileDescriptor::new(end)))?;
    written(new, &asked.file, &before)
}

/// Keeps the file if it passes.
fn written(new: NewFile, file: &Path, before: &Signed) -> Result<Answer, Failure> {
    let mut span = Span::default();
    let passed =
        verify(open(new.path())?, Some(&before.key), Some(&before.note), |_, leaf| span.see(&leaf));
    let verified = match passed {
        Ok(verified) => verified,
        Err(found) => {
            let mut answer = tampered(&found, file)?;
            answer.text.push_str("\n\nNothing was kept of this export.");
            return Ok(answer);
        }
    };
    let bytes = new.keep()?;
    let verdict = good(file, true, &verified, &span, &[]);
    let (path, size) = (file.display().to_string(), verified.head.checkpoint.size);
    let text = format!(
        "Written: {}, {size} entries, {bytes} bytes. It says when you wrote to somebody, not to whom or what.\n\n\
         {}\n\nTo verify it anywhere: cmctl ledger verify {} --key {}",
        printable(&path),
        verdict.text(),
        quoted(&path),
        quoted(&before.key.to_string()),
    );
    let mut answer = verdict.answer();
    answer.json["file"] = json!(path);
    answer.json["bytes"] = json!(bytes);
    Ok(Answer::done(answer.json, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Exit;
    use ledger::{Book, Key};
    use std::io::Write;

    fn after_export(content: &[u8], key: &Key, book: &Book) -> (Answer, bool) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger");
        let new = NewFile::create(&file, false).unwrap();
        new.file().write_all(content).unwrap();
        let note = book.note_at(key, 3);
        let before = Signed { key: key.public(), checkpoint: book.checkpoint_at(3), note };
        (written(new, &file, &before).unwrap(), file.exists())
    }

    #[test]
    fn what_was_written_is_verified_and_kept_only_if_it_passes() {
        let (book, key) = (Book::small(), Key::new(1));
        let (answer, kept) = after_export(&book.export(&key), &key, &book);
        assert!(kept);
        assert_eq!((answer.exit, &answer.json["size"]), (Exit::Done, &json!(13)));
        assert!(answer.text.contains("--key ledger.example/phone+"), "{}", answer.text);
        let mut half = book.export(&key);
        half.truncate(half.len() - 1);
        let (answer, kept) = after_export(&half, &key, &book);
        assert!(!kept);
        assert_eq!((answer.exit, &answer.json["verdict"]), (Exit::Tampered, &json!("cut")));
        let (answer, kept) = after_export(&book.export(&Key::new(2)), &key, &book);
        assert!(!kept);
        assert_eq!(answer.json["verdict"], "other-key");
    }
}
