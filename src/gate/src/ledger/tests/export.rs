// SPDX-License-Identifier: Apache-2.0
//! What is taken away, as the code that checks it elsewhere sees it.

use cloudmessaging_ledger::checkpoint::LedgerKey;
use cloudmessaging_ledger::tampered::Tampered;
use cloudmessaging_ledger::verify::{verify, Verified};

use super::*;

const ORIGIN: &str = "ledger.example";

fn exported(ledger: &Ledger, signer: &FileSigner) -> Vec<u8> {
    let mut file = Vec::new();
    let entries = ledger.export(&Authority { origin: ORIGIN, signer }, &mut file).unwrap();
    assert_eq!(entries, ledger.count());
    file
}

fn verified(file: &[u8], key: &LedgerKey, older: Option<&str>) -> Result<Verified, Tampered> {
    verify(file, Some(key), older, |_, _| {})
}

fn signed(ledger: &Ledger, signer: &FileSigner) -> String {
    checkpoint(ORIGIN, &ledger.tree()).sign(signer).unwrap()
}

#[test]
fn an_export_verifies_elsewhere_and_continues_every_older_checkpoint() {
    let place = Place::new();
    let (signer, key) = place.key(ORIGIN);
    let ledger = place.open().unwrap();
    let mut older = vec![signed(&ledger, &signer)];
    for n in 0..40 {
        ledger.append(event(n)).unwrap();
        older.push(signed(&ledger, &signer));
    }
    let file = exported(&ledger, &signer);
    for older in &older {
        let verified = verified(&file, &key, Some(older)).unwrap();
        assert_eq!((verified.head.checkpoint.size, verified.erased), (40, 0));
    }
    drop(ledger);
    assert!(exported(&place.reopen(), &signer) == file, "the same after a restart");
}

#[test]
fn an_export_spans_segments_and_shows_what_was_appended() {
    let place = Place::new();
    let (signer, key) = place.key(ORIGIN);
    let ledger = place.open().unwrap();
    for _ in 0..600 {
        ledger.append(large(4000)).unwrap();
    }
    assert!(fs::read_dir(&place.ledger).unwrap().count() > 2, "several segments");
    let (file, mut shown) = (exported(&ledger, &signer), 0);
    let all = ledger.read(None, usize::MAX).unwrap();
    verify(&file[..], Some(&key), None, |position, leaf| {
        let entry = leaf.entry().unwrap();
        assert!(
            entry.as_ref() == Some(&all[all.len() - 1 - position as usize].entry),
            "{position}"
        );
        shown += 1;
    })
    .unwrap();
    assert_eq!(shown, 600);
}

#[test]
fn a_ledger_put_back_to_an_earlier_copy_is_found_out_by_a_later_checkpoint() {
    let place = Place::new();
    let (signer, key) = place.key(ORIGIN);
    let ledger = place.open().unwrap();
    ledger.append(event(0)).unwrap();
    let copy = fs::read(place.segment(0)).unwrap();
    ledger.append(event(1)).unwrap();
    let kept = signed(&ledger, &signer);
    drop(ledger);
    fs::write(place.segment(0), &copy).unwrap();
    let file = exported(&place.reopen(), &signer);
    assert!(verified(&file, &key, None).is_ok(), "nothing in it shows that");
    let why = verified(&file, &key, Some(&kept)).unwrap_err();
    assert!(matches!(why, Tampered::RolledBack { size: 1, older: 2 }), "{why}");
    // And going on from there does not help.
    let ledger = place.reopen();
    ledger.append(event(2)).unwrap();
    let why = verified(&exported(&ledger, &signer), &key, Some(&kept)).unwrap_err();
    assert!(matches!(why, Tampered::Rewritten { older: 2 }), "{why}");
}

#[test]
fn a_ledger_whose_files_were_replaced_while_open_is_not_signed_for() {
    let place = Place::new();
    let (signer, _) = place.key(ORIGIN);
    let ledger = place.open().unwrap();
    ledger.append(event(0)).unwrap();
    // A whole leaf of another ledger, in the same place.
    let other = Place::new();
    other.open().unwrap().append(event(0)).unwrap();
    fs::copy(other.segment(0), place.segment(0)).unwrap();
    let why =
        ledger.export(&Authority { origin: ORIGIN, signer: &signer }, Vec::new()).unwrap_err();
    assert!(matches!(why, ExportError::Replaced), "{why}");
}

#[test]
fn an_export_in_the_middle_of_which_content_was_erased_is_none() {
    struct Erasing<'a>(&'a Ledger, Vec<u8>);
    impl Write for Erasing<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.1.is_empty() {
                self.0.erase(|| Ok(None)).unwrap();
            }
            self.1.extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let place = Place::new();
    let (signer, key) = place.key(ORIGIN);
    let ledger = place.open().unwrap();
    for _ in 0..600 {
        ledger.append(large(4000)).unwrap();
    }
    let mut out = Erasing(&ledger, Vec::new());
    let why = ledger.export(&Authority { origin: ORIGIN, signer: &signer }, &mut out).unwrap_err();
    assert!(matches!(why, ExportError::Erased), "{why}");
    let why = verified(&out.1, &key, None).unwrap_err();
    assert!(matches!(why, Tampered::Erased { .. }), "it would not have passed: {why}");
    assert!(verified(&exported(&ledger, &signer), &key, None).is_ok(), "the next one does");
}
