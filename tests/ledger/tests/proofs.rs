// SPDX-License-Identifier: Apache-2.0
//! Proofs as they are given away, and what a recipient's hash opens to.

use cloudmessaging_ledger::compare::{compare, REACH};
use cloudmessaging_ledger::proof_text::{EntryProof, GrowthProof, PROOF_MAX};
use cloudmessaging_ledger::prove::{prove, prove_growth, ProveError};
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};
use ledger::{nonce, Book, Key, Tamper};
use prost::Message;

fn key() -> Key {
    Key::new(1)
}

#[test]
fn the_proof_of_every_entry_passes_and_brings_the_entry() {
    let (book, key) = (Book::of(37), key());
    let export = book.export(&key);
    for position in 0..37 {
        let proof = prove(&export[..], Some(&key.public()), position).unwrap();
        let text = proof.write();
        let read = EntryProof::parse(&text).unwrap();
        assert!(read == proof && read.write() == text);
        assert_eq!(read.verify(&key.public()), Ok(book.checkpoint()));
        assert_eq!(Entry::decode(&read.entry[..]).unwrap().position, position);
    }
    let none = prove(&export[..], None, 37).err().unwrap();
    assert_eq!(none.to_string(), "there is no entry 37: the ledger has 37");
}

#[test]
fn a_proof_is_a_tlog_proof() {
    let (book, key) = (Book::of(3), key());
    let text = prove(&book.export(&key)[..], None, 2).unwrap().write();
    let (proof, note) = text.split_once("\n\n").unwrap();
    let lines: Vec<_> = proof.lines().collect();
    assert_eq!((lines[0], lines[2]), ("c2sp.org/tlog-proof@v1", "index 2"));
    assert!(lines[1].starts_with("extra ") && lines[3].len() == 44 && lines.len() == 4);
    assert_eq!(note, book.note_at(&key, 3));
}

#[test]
fn no_proof_passes_with_any_bit_of_its_text_changed() {
    let (book, key) = (Book::of(11), key());
    let export = book.export(&key);
    let entry = prove(&export[..], None, 6).unwrap().write();
    let older = book.checkpoint_at(5);
    let growth = prove_growth(&export[..], None, &book.note_at(&key, 5)).unwrap().write();
    let passes = |text: &str| match text.starts_with("old") {
        false => EntryProof::parse(text).is_ok_and(|proof| proof.verify(&key.public()).is_ok()),
        true => {
            GrowthProof::parse(text).is_ok_and(|proof| proof.verify(&key.public(), &older).is_ok())
        }
    };
    for text in [entry, growth] {
        assert!(passes(&text));
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            // What is no UTF-8 is no text.
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(!passes(&changed), "{changed}");
        }
        for end in 0..text.len() {
            assert!(!text.is_char_boundary(end) || !passes(&text[..end]), "{end}");
        }
        assert!(!passes(&(text.clone() + "\n")) && !passes(&text.repeat(2)));
        assert!(!passes(&text.replace("\n\n", &("\n".to_owned() + &"A".repeat(PROOF_MAX)))));
    }
}

#[test]
fn a_proof_of_one_entry_is_none_of_another() {
    let (book, key) = (Book::of(16), key());
    let export = book.export(&key);
    let of = |position| prove(&export[..], None, position).unwrap();
    for (a, b) in [(0, 1), (4, 5), (0, 15)] {
        for wrong in [
            EntryProof { position: b, ..of(a) },
            EntryProof { entry: of(b).entry, ..of(a) },
            EntryProof { blinding: of(b).blinding, ..of(a) },
            EntryProof { hashes: of(b).hashes, ..of(a) },
            EntryProof { note: book.note_at(&key, 15), ..of(a) },
            EntryProof { note: book.note_at(&Key::new(2), 16), ..of(a) },
        ] {
            assert!(wrong.verify(&key.public()).is_err(), "{a} {b}");
        }
    }
}

/// Only the key can make such a ledger; its entry is not believed all the same.
#[test]
fn an_entry_that_says_it_is_another_is_not_proven() {
    let key = key();
    let mut book = Book::of(3);
    let entry = ledger::entry(7, &book.checkpoint());
    book.push(&entry);
    let mut text = None;
    if let Err(ProveError::Tampered(found)) = prove(&book.export(&key)[..], None, 3) {
        text = Some(found.to_string());
    }
    assert_eq!(text.unwrap(), "entry 7 stands where entry 3 should");
}

#[test]
fn nothing_is_proven_from_an_export_that_does_not_pass() {
    let (book, key) = (Book::small(), key());
    let (head, older) = (book.head(&key), book.note_at(&key, 3));
    for tamper in [
        Tamper::Change { byte: 200, bits: 1 },
        Tamper::Remove(7),
        Tamper::Double(7, 9),
        Tamper::Swap(9, 10),
        Tamper::Cut(1000),
        Tamper::Erase(9),
    ] {
        let export = [&head[..], &tamper.apply(&book)].concat();
        let refused = prove(&export[..], None, 0).err();
        assert!(matches!(refused, Some(ProveError::Tampered(_))), "{tamper:?}");
        let refused = prove_growth(&export[..], None, &older).err();
        assert!(matches!(refused, Some(ProveError::Tampered(_))), "{tamper:?}");
        assert!(compare(&export[..], None, &[0; 32]).is_err(), "{tamper:?}");
    }
    let export = book.export(&key);
    assert!(matches!(prove(&export[..], None, 3), Err(ProveError::Erased(3))));
    assert!(prove(&export[..], Some(&Key::new(2).public()), 0).is_err());
}

#[test]
fn growth_is_proven_from_every_older_checkpoint_and_from_no_other() {
    let (book, key) = (Book::of(21), key());
    let export = book.export(&key);
    for older in 0..=21 {
        let note = book.note_at(&key, older);
        let proof = prove_growth(&export[..], None, &note).unwrap();
        let read = GrowthProof::parse(&proof.write()).unwrap();
        assert_eq!(read, proof);
        let checkpoint = book.checkpoint_at(older);
        assert_eq!(read.verify(&key.public(), &checkpoint), Ok(book.checkpoint()));
        let other = book.checkpoint_at((older + 1) % 22);
        assert!(read.verify(&key.public(), &other).is_err(), "{older}");
        assert!(read.verify(&Key::new(2).public(), &checkpoint).is_err());
    }
    let mut other = Book::of(4);
    other.leaves.swap(1, 2);
    let rewritten = prove_growth(&export[..], None, &other.note_at(&key, 4)).err().unwrap();
    assert!(rewritten.to_string().starts_with("history was rewritten"), "{rewritten}");
    let back = prove_growth(&export[..], None, &Book::of(22).note_at(&key, 22)).err().unwrap();
    assert!(back.to_string().contains("earlier state"), "{back}");
}

#[test]
fn a_recipients_hash_opens_to_the_intent_and_to_nothing_else() {
    let (book, key) = (Book::of(60), key());
    let export = book.export(&key);
    for position in 0..60 {
        let message = position > 1 && matches!(position % 5, 3 | 4);
        let checkpoint = book.checkpoint_at(position);
        let hash = checkpoint.salted_hash(&nonce(position as u64));
        let found = compare(&export[..], None, &hash).unwrap();
        assert_eq!(found.out_of_reach, 0);
        match found.opened {
            Some(opened) => {
                assert!(message && opened.position == position as u64 && found.more == 0);
                assert_eq!(opened.checkpoint, checkpoint);
                assert!(matches!(opened.entry.event, Some(Event::Intent(_))));
            }
            None => assert!(!message, "{position}"),
        }
    }
    let without = book.checkpoint_at(8).salted_hash(&[]);
    assert!(compare(&export[..], None, &without).unwrap().opened.is_none());
}

/// He signs what he likes; what the recipient holds fits it no more.
#[test]
fn a_rewritten_history_does_not_open_what_recipients_hold() {
    let (book, key) = (Book::of(30), key());
    let hash = book.checkpoint_at(28).salted_hash(&nonce(28));
    assert!(compare(&book.export(&key)[..], None, &hash).unwrap().opened.is_some());
    let mut rewritten = Book::default();
    for position in 0..30 {
        let mut entry = ledger::entry(position, &rewritten.checkpoint());
        entry.wall_ms += i64::from(position == 4);
        rewritten.push(&entry);
    }
    let compared = compare(&rewritten.export(&key)[..], None, &hash).unwrap();
    assert!(compared.opened.is_none() && compared.verified.head.checkpoint.size == 30);
}

#[test]
fn a_message_handed_over_twice_is_counted_and_one_out_of_reach_is_said() {
    let key = key();
    let mut book = Book::of(10);
    let (at, old) = (book.checkpoint(), book.checkpoint_at(3));
    let again = |position: u64, of: &cloudmessaging_ledger::checkpoint::Checkpoint| {
        let mut entry = ledger::entry(13, of);
        entry.position = position;
        entry
    };
    book.push(&again(10, &at));
    book.push(&again(11, &at));
    let hash = at.salted_hash(&nonce(13));
    let compared = compare(&book.export(&key)[..], None, &hash).unwrap();
    assert_eq!((compared.opened.unwrap().position, compared.more), (10, 1));

    let far = REACH as u64 + 3;
    book.grow(far - 12);
    book.push(&again(far, &old));
    let found =
        |book: &Book| compare(&book.export(&key)[..], None, &old.salted_hash(&nonce(13))).unwrap();
    let compared = found(&book);
    assert_eq!((compared.opened.unwrap().position, compared.out_of_reach), (far, 0));
    book.push(&again(far + 1, &old));
    assert_eq!(found(&book).out_of_reach, 1);
}

/// One hash for each level: 20 for a million, 640 bytes, 900 as text.
#[test]
fn a_proof_among_a_million_is_under_one_kilobyte() {
    use cloudmessaging_ledger::proof::Outline;
    let mut outline = Outline::inclusion(654_321, 1_000_000).unwrap();
    let leaf = [7; 32];
    (0..1_000_000).for_each(|index| outline.leaf(index, leaf));
    let hashes = outline.finish().unwrap();
    assert_eq!(hashes.len(), 20);
    let note = Book::of(2).note_at(&key(), 2);
    let (entry, blinding) = (vec![0; 200], [0; 16]);
    let text = EntryProof { position: 654_321, blinding, entry, hashes, note }.write();
    let hashes: usize =
        text.lines().filter(|line| line.len() == 44).map(|line| line.len() + 1).sum();
    // The root stands in the checkpoint and looks like one of them.
    assert!(hashes - 45 == 900 && text.len() < 1_500, "{hashes} of {}", text.len());
}
