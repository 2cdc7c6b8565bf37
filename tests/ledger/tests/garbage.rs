// SPDX-License-Identifier: Apache-2.0
//! Whatever the file holds: a verdict and no panic.

use std::io::{BufReader, Read};

use cloudmessaging_ledger::compare::compare;
use cloudmessaging_ledger::proof_text::{EntryProof, GrowthProof};
use cloudmessaging_ledger::prove::{prove, prove_growth};
use cloudmessaging_ledger::verify::verify;
use ledger::{judge, shown, Book, Key};
use proptest::prelude::*;

#[test]
fn what_is_no_export_is_called_so() {
    let small = Book::small();
    let head = small.head(&Key::new(1));
    assert_eq!(shown(&judge(&[], None)), "foreign");
    assert_eq!(shown(&judge(&[0], None)), "foreign");
    assert_eq!(shown(&judge(&[0x80, 0x80, 0x80, 1], None)), "foreign");
    assert_eq!(shown(&judge(&[3, 8, 2, 0xff], None)), "version");
    assert_eq!(shown(&judge(b"ledger.example/phone\n", None)), "foreign");
    assert_eq!(shown(&judge(&head, None)), "cut 0 0");
    // Leaves twice, and two exports in one file.
    assert_eq!(
        shown(&judge(&[&head[..], &small.body(), &small.body()].concat(), None)),
        "added 13 13"
    );
    assert_eq!(shown(&judge(&small.export(&Key::new(1)).repeat(2), None)), "added 13 13");
}

/// A reader that fails, as a memory card does when it is pulled out.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("gone"))
    }
}

#[test]
fn an_error_of_the_medium_is_no_verdict_on_the_ledger() {
    let export = Book::small().export(&Key::new(1));
    for there in [0, 1, 50, 400, export.len() - 1, export.len()] {
        let found = verify(BufReader::new(export[..there].chain(Broken)), None, None, |_, _| {});
        assert_eq!(shown(&found), "unreadable", "{there}");
    }
}

fn everything(bytes: &[u8], older: &str) {
    let _ = verify(bytes, None, Some(older), |_, leaf| drop(leaf.entry()));
    let _ = prove(bytes, None, 3);
    let _ = prove_growth(bytes, None, older);
    let _ = compare(bytes, None, &[1; 32]);
    let text = String::from_utf8_lossy(bytes);
    let key = Key::new(1).public();
    let _ = EntryProof::parse(&text).map(|proof| proof.verify(&key));
    let _ = GrowthProof::parse(&text).map(|proof| proof.verify(&key, &Book::of(2).checkpoint()));
}

proptest! {
    #[test]
    fn nothing_stops_the_readers(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000), text in "\\PC{0,300}", at in any::<prop::sample::Index>(),
    ) {
        let (small, key) = (Book::small(), Key::new(1));
        let older = small.note_at(&key, 2);
        everything(&bytes, &text);
        everything(text.as_bytes(), &older);
        everything(&[&small.head(&key)[..], &bytes].concat(), &older);
        let mut export = small.export(&key);
        let at = at.index(export.len());
        export.splice(at.., bytes);
        everything(&export, &older);
    }
}
