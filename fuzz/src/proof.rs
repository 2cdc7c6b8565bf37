// SPDX-License-Identifier: Apache-2.0
//! Texts that somebody kept or was given: keys, checkpoints, and proofs in C2SP's formats (P5).
//!
//! A text that is read is the one that would be written. What the phone's key has not signed proves nothing; under a
//! checkpoint that it has signed, only its own entries do.

use std::sync::OnceLock;

use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey};
use cloudmessaging_ledger::note;
use cloudmessaging_ledger::proof_text::{EntryProof, GrowthProof};
use cloudmessaging_ledger::prove::{prove, prove_growth};
use ledger::{Book, Key};

use crate::plain::{bodies, Plain};
use crate::Seed;

/// The first byte: what the text is, with what is missing in it.
const KEY: u8 = 0;
const NOTE: u8 = 1;
const TEXT_OF_NOTE: u8 = 2;
const ENTRY: u8 = 3;
const GROWTH: u8 = 4;
const ENTRY_WITHOUT_NOTE: u8 = 5;
const GROWTH_WITHOUT_NOTE: u8 = 6;
const KINDS: u8 = 7;

const SIZE: usize = 13;

struct Phone {
    key: Key,
    public: LedgerKey,
    book: Book,
    note: String,
}

fn phone() -> &'static Phone {
    static PHONE: OnceLock<Phone> = OnceLock::new();
    PHONE.get_or_init(|| {
        let (key, book) = (Key::new(1), Book::of(SIZE as u64));
        Phone { public: key.public(), note: book.note_at(&key, SIZE), key, book }
    })
}

pub(crate) fn seeds() -> Vec<Seed> {
    let Phone { key, public, book, note } = phone();
    let export = book.export(key);
    let seed = |name, kind: u8, text: &str| Seed::new(name, [&[kind], text.as_bytes()].concat());
    let without = |text: &str| text.strip_suffix(note.as_str()).expect("it ends so").to_owned();
    let entry = prove(&export[..], None, 6).expect("it is there").write();
    let growth = prove_growth(&export[..], None, &book.note_at(key, 5)).expect("it grew").write();
    let text = book.checkpoint().text();
    vec![
        seed("key", KEY, &public.to_string()),
        seed("checkpoint", NOTE, note),
        seed("checkpoint-text", TEXT_OF_NOTE, &text),
        seed("checkpoint-text-longer", TEXT_OF_NOTE, &(text + "something else\n")),
        seed("entry", ENTRY, &entry),
        seed("growth", GROWTH, &growth),
        seed("entry-without-checkpoint", ENTRY_WITHOUT_NOTE, &without(&entry)),
        seed("growth-without-checkpoint", GROWTH_WITHOUT_NOTE, &without(&growth)),
    ]
}

pub(crate) fn run(data: &[u8]) -> bool {
    let Some((kind, text)) = data.split_first() else { return false };
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let Phone { note, .. } = phone();
    match kind % KINDS {
        KEY => {
            let key = LedgerKey::parse(text);
            assert!(key.as_ref().is_ok_and(|key| key.to_string() == text) || key.is_err());
            key.is_ok()
        }
        NOTE => own(text),
        TEXT_OF_NOTE => made(text),
        ENTRY => entry(text),
        GROWTH => growth(text),
        ENTRY_WITHOUT_NOTE => entry(&(text.to_owned() + note)),
        _ => growth(&(text.to_owned() + note)),
    }
}

/// What passes is what the phone has signed.
fn own(text: &str) -> bool {
    let Phone { public, book, .. } = phone();
    let Ok(checkpoint) = Checkpoint::verify(text, public) else { return false };
    assert!(checkpoint == book.checkpoint(), "a checkpoint that was never signed");
    assert!(text.starts_with(&(checkpoint.text() + "\n")));
    true
}

/// Signed by the phone, whatever it says. What passes says what is read of it.
fn made(text: &str) -> bool {
    let Phone { key, public, .. } = phone();
    let note = note::sign(text, public, key).expect("a key in memory");
    match note::open(&note, public) {
        Ok(signed) => assert_eq!(signed, text),
        Err(_) => assert!(Checkpoint::verify(&note, public).is_err()),
    }
    let Ok(checkpoint) = Checkpoint::verify(&note, public) else { return false };
    assert!(text.starts_with(&checkpoint.text()) && checkpoint.origin == public.origin());
    assert!(Checkpoint::verify(&note, &Key::new(2).public()).is_err());
    true
}

fn entry(text: &str) -> bool {
    let Phone { public, book, .. } = phone();
    let Ok(proof) = EntryProof::parse(text) else { return false };
    assert_eq!(proof.write(), text);
    let verified = proof.verify(public);
    if let Ok(checkpoint) = &verified {
        assert!(*checkpoint == book.checkpoint());
        let leaf = &book.leaves[usize::try_from(proof.position).expect("one of a few")].bytes;
        let own = Plain::read(&leaf[bodies(leaf).remove(0)]).and_then(|leaf| leaf.content);
        assert!(own == Some((proof.blinding, proof.entry)), "an entry that was never written");
    }
    verified.is_ok()
}

fn growth(text: &str) -> bool {
    let Phone { public, book, .. } = phone();
    let Ok(proof) = GrowthProof::parse(text) else { return false };
    assert_eq!(proof.write(), text);
    let mut grew = false;
    for size in 0..=SIZE {
        let older = book.checkpoint_at(size);
        let other = Checkpoint { root: [7; 32], ..older.clone() };
        assert!(proof.verify(public, &other).is_err(), "it grew from what it never was");
        if let Ok(checkpoint) = proof.verify(public, &older) {
            assert!(checkpoint == book.checkpoint() && proof.older == older.size);
            grew = true;
        }
    }
    grew
}
