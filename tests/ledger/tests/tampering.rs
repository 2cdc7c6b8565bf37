// SPDX-License-Identifier: Apache-2.0
//! Whatever is done to the file of an export is found, and called by its name: everything that can be done to a small
//! ledger, and much of what can be done to a large one.

use std::sync::OnceLock;

use ledger::{full, judge, shown, Book, Expected, Key, Tamper};
use proptest::prelude::*;

/// The small ledger says that all before this entry were erased, and two of them were not.
const SAID: usize = 6;

fn key() -> Key {
    Key::new(1)
}

fn check(book: &Book, head: &[u8], said_erased: usize, tamper: Tamper) {
    let verdict = judge(&[head, &tamper.apply(book)].concat(), None);
    match (tamper.expected(book, said_erased), &verdict) {
        (Expected::Passes, Ok(_)) => {}
        (Expected::Named(name, entry), Err(found)) if found.name() == name => {
            let at = found.at();
            assert!(at.is_none_or(|at| at.contains(&entry)), "{tamper:?}: {found}");
        }
        (expected, _) => panic!("{tamper:?}: {expected:?}, but: {}", shown(&verdict)),
    }
}

fn check_small(tamper: Tamper) {
    static SMALL: OnceLock<(Book, Vec<u8>)> = OnceLock::new();
    let (book, head) = SMALL.get_or_init(|| (Book::small(), Book::small().head(&key())));
    check(book, head, SAID, tamper);
}

#[test]
fn an_untouched_ledger_passes() {
    assert_eq!(shown(&judge(&Book::small().export(&key()), None)), "ok 13 4");
    assert_eq!(shown(&judge(&Book::default().export(&key()), None)), "ok 0 0");
}

#[test]
fn any_byte_changed_is_found_and_its_entry_named() {
    for byte in 0..Book::small().body().len() {
        match full() {
            false => (0..8).for_each(|bit| check_small(Tamper::Change { byte, bits: 1 << bit })),
            true => (1..=255).for_each(|bits| check_small(Tamper::Change { byte, bits })),
        }
    }
}

#[test]
fn any_bit_of_the_head_changed_is_found() {
    let export = Book::small().export(&key());
    let head = Book::small().head(&key()).len();
    for bit in 0..head * 8 {
        let mut changed = export.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let found = judge(&changed, None).expect_err("a changed head");
        let names = ["foreign", "version", "key", "checkpoint", "unsigned"];
        assert!(names.contains(&found.name()), "bit {bit}: {found}");
    }
}

#[test]
fn any_entry_removed_is_found_and_named() {
    let size = Book::small().leaves.len();
    (0..size).for_each(|entry| check_small(Tamper::Remove(entry)));
}

#[test]
fn any_entry_added_anywhere_is_found_and_the_place_named() {
    let size = Book::small().leaves.len();
    for entry in 0..size {
        (0..=size).for_each(|before| check_small(Tamper::Double(entry, before)));
    }
}

#[test]
fn any_two_entries_swapped_are_found_and_named() {
    let size = Book::small().leaves.len();
    for a in 0..size {
        (0..a).for_each(|b| check_small(Tamper::Swap(a, b)));
    }
}

#[test]
fn any_tail_cut_off_is_found_and_the_place_named() {
    (0..Book::small().body().len()).for_each(|bytes| check_small(Tamper::Cut(bytes)));
}

#[test]
fn content_that_goes_without_a_word_is_found_and_named() {
    let size = Book::small().leaves.len();
    (0..size).for_each(|entry| check_small(Tamper::Erase(entry)));
}

/// A leaf has one encoding: nothing can be hidden in it that nobody signed.
#[test]
fn whatever_stands_in_a_leaf_besides_its_fields_is_found_and_named() {
    let (small, key) = (Book::small(), key());
    let head = small.head(&key);
    for position in 0..small.leaves.len() {
        for stray in [&[0][..], &[0x22, 0], &[0x20, 7], &[0x12, 0x10], &[0x1a, 1, 0]] {
            let mut changed = small.clone();
            let leaf = &mut changed.leaves[position].bytes;
            let prefix = if leaf[0] < 0x80 { 1 } else { 2 };
            let mut longer = Vec::new();
            let body = [&leaf[prefix..], stray].concat();
            prost::encode_length_delimiter(body.len(), &mut longer).expect("a vector grows");
            *leaf = [longer, body].concat();
            let verdict = shown(&judge(&[&head[..], &changed.body()].concat(), None));
            assert_eq!(verdict, format!("changed {position} {position}"), "{stray:x?}");
        }
    }
}

#[test]
fn an_entry_made_up_is_found() {
    let (small, key) = (Book::small(), key());
    for position in 0..small.leaves.len() {
        let mut changed = small.clone();
        let mut entry = ledger::entry(position as u64, &small.checkpoint_at(position));
        entry.wall_ms += 1;
        changed.leaves[position] = ledger::Leaf::new(&[9; 16], &entry);
        let export = [small.head(&key), changed.body()].concat();
        assert_eq!(shown(&judge(&export, None)), "replaced", "{position}");
    }
}

#[test]
fn a_store_put_back_to_any_earlier_copy_is_found_by_a_checkpoint_taken_since() {
    let (small, key) = (Book::small(), key());
    for earlier in 0..=small.leaves.len() {
        let mut copy = small.clone();
        copy.leaves.truncate(earlier);
        let export = copy.export(&key);
        for kept in 0..=small.leaves.len() {
            let verdict = shown(&judge(&export, Some(&small.note_at(&key, kept))));
            match kept > earlier {
                true => assert_eq!(verdict, "rolled-back", "{earlier} {kept}"),
                // Content erased in the copy may be said to be so only in what was put back.
                false => assert_ne!(verdict, "rolled-back", "{earlier} {kept}"),
            }
        }
    }
}

/// Who has the key too can sign whatever he made. Every checkpoint that covers what he touched finds him out.
#[test]
fn an_older_checkpoint_finds_out_who_has_the_key_too() {
    let (book, key) = (Book::of(8), key());
    let size = book.leaves.len();
    let notes: Vec<_> = (0..=size).map(|kept| book.note_at(&key, kept)).collect();
    let mut changed_books = Vec::new();
    for a in 0..size {
        let mut removed = book.clone();
        removed.leaves.remove(a);
        let mut other = book.clone();
        let mut entry = ledger::entry(a as u64, &book.checkpoint_at(a));
        entry.boot_ms += 1;
        other.leaves[a] = ledger::Leaf::new(&[9; 16], &entry);
        let mut cut = book.clone();
        cut.leaves.truncate(a);
        changed_books.extend([removed, other, cut]);
        for b in 0..=size {
            let mut doubled = book.clone();
            doubled.leaves.insert(b, book.leaves[a].clone());
            let mut swapped = book.clone();
            swapped.leaves.swap(a, b.min(size - 1));
            changed_books.extend([doubled, swapped]);
        }
    }
    for changed in changed_books {
        let renumbered = renumbered(&changed);
        let (plain, numbered) = (changed.export(&key), renumbered.export(&key));
        for (kept, older) in notes.iter().enumerate() {
            let same = changed.leaves.get(..kept) == book.leaves.get(..kept);
            // Positions that are wrong give him away even where no checkpoint does.
            assert_eq!(
                judge(&plain, Some(older)).is_ok(),
                same && changed.leaves == renumbered.leaves
            );
            let same = renumbered.leaves.get(..kept) == book.leaves.get(..kept);
            let verdict = shown(&judge(&numbered, Some(older)));
            let expected = match (same, kept > changed.leaves.len()) {
                (true, _) => format!("ok {} 0", changed.leaves.len()),
                (false, true) => "rolled-back".into(),
                (false, false) => "rewritten".into(),
            };
            assert_eq!(verdict, expected);
        }
    }
}

/// The same entries, each saying where it stands now.
fn renumbered(book: &Book) -> Book {
    use cloudmessaging_ledger::leaf::{LeafRef, Leaves};
    let mut renumbered = Book::default();
    for (position, leaf) in book.leaves.iter().enumerate() {
        let mut leaves = Leaves::new(&leaf.bytes[..]);
        let read = LeafRef::check(leaves.read().ok().flatten().expect("a leaf")).expect("whole");
        let (blinding, mut entry) = (read.content.expect("live").0, read.entry().unwrap().unwrap());
        entry.position = position as u64;
        renumbered.leaves.push(ledger::Leaf::new(blinding, &entry));
    }
    renumbered
}

#[test]
fn another_key_is_found() {
    let small = Book::small();
    let (mine, other) = (key(), Key::new(2));
    let forged = small.export(&other);
    let expected =
        cloudmessaging_ledger::verify::verify(&forged[..], Some(&mine.public()), None, |_, _| {});
    assert_eq!(shown(&expected), "other-key");
    let older = small.note_at(&mine, 3);
    assert_eq!(shown(&judge(&forged, Some(&older))), "older-checkpoint");
}

/// A ledger like a real one: its beginning was erased, and some of it a second time.
fn large() -> &'static (Book, Vec<u8>, usize) {
    static LARGE: OnceLock<(Book, Vec<u8>, usize)> = OnceLock::new();
    LARGE.get_or_init(|| {
        let count = if full() { 100_000 } else { 1_000 };
        let mut book = Book::of(count);
        book.erase(0..count as usize / 10);
        book.grow(count / 5);
        let erased = count as usize / 2;
        book.erase(count as usize / 10..erased);
        let head = book.head(&key());
        (book, head, erased)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if full() { 400 } else { 200 }))]

    #[test]
    fn whatever_is_done_to_a_large_ledger_is_found_and_named(
        kind in 0..6, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(), bits in 1..=255u8,
    ) {
        let (book, head, said_erased) = large();
        let size = book.leaves.len();
        let bytes = book.offsets()[size];
        let tamper = match kind {
            0 => Tamper::Change { byte: a.index(bytes), bits },
            1 => Tamper::Remove(a.index(size)),
            2 => Tamper::Double(a.index(size), b.index(size + 1)),
            3 => match (a.index(size), b.index(size)) {
                (a, b) if a == b => Tamper::Remove(a),
                (a, b) => Tamper::Swap(a, b),
            },
            4 => Tamper::Cut(a.index(bytes)),
            _ => Tamper::Erase(a.index(size)),
        };
        check(book, head, *said_erased, tamper);
    }
}
