// SPDX-License-Identifier: Apache-2.0
//! Exports, good and bad, and what has to be said of each. Of a good one, that follows from how it was made; of a bad
//! one, its kind does, and the sentence is the one that the verifier has without a JVM around it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use cloudmessaging_ledger::checkpoint::LedgerKey;
use cloudmessaging_ledger::export::ExportError;
use cloudmessaging_ledger::leaf::ENTRY_MAX;
use cloudmessaging_ledger::tampered::Tampered;
use cloudmessaging_ledger::verify::verify;
use cloudmessaging_wire::proto::ledger::{entry::Event, Boot, Entry};
use ledger::{Book, Key, Tamper, ORIGIN};

use crate::Case;

/// Wall clock of the first entry that `ledger` makes, and how far the others are apart.
const FIRST_MILLIS: i64 = 1_790_000_000_000;
const STEP_MILLIS: i64 = 60_000;

/// What is asked of the verifier.
struct Question {
    name: String,
    export: Vec<u8>,
    key: Option<LedgerKey>,
    older: Option<String>,
}

fn ask(name: &str, export: Vec<u8>) -> Question {
    Question { name: name.to_owned(), export, key: None, older: None }
}

impl Question {
    fn key(self, key: &Key) -> Self {
        Self { key: Some(key.public()), ..self }
    }

    fn older(self, older: String) -> Self {
        Self { older: Some(older), ..self }
    }

    fn case(&self, folder: &Path) -> Case {
        let mut case = Case::new(folder, &self.name).with("export", &self.export);
        if let Some(key) = &self.key {
            case = case.with("key", key.to_string());
        }
        if let Some(older) = &self.older {
            case = case.with("older", older);
        }
        case
    }
}

/// Writes good ledgers into a folder.
pub fn write_good(folder: &Path) {
    let key = Key::new(1);
    let small = Book::small();
    let mut old = Book::of(5);
    old.erase(0..3);
    let mut good = vec![
        (ask("a_ledger_as_it_was_signed_passes", Book::of(9).export(&key)), Book::of(9)),
        (ask("an_empty_ledger_passes", Book::default().export(&key)), Book::default()),
        (ask("a_ledger_that_says_what_was_erased_passes", small.export(&key)), small.clone()),
        (ask("a_ledger_whose_beginning_was_erased_passes", old.export(&key)), old),
        (ask("a_ledger_of_its_key_passes", small.export(&key)).key(&key), small.clone()),
    ];
    for size in [0, 1, 7, small.leaves.len()] {
        let name = format!("a_ledger_passes_that_continues_its_checkpoint_of_{size}_entries");
        let older = small.note_at(&key, size);
        good.push((ask(&name, small.export(&key)).key(&key).older(older), small.clone()));
    }
    let mailed = small.note_at(&key, 7).replace('\n', "\r\n");
    let name = "a_checkpoint_that_came_by_mail_is_mended";
    good.push((ask(name, small.export(&key)).older(mailed), small));
    for (question, book) in good {
        let live = |leaf: &&ledger::Leaf| leaf.live;
        let first = book.leaves.iter().position(|leaf| leaf.live);
        let last = book.leaves.iter().rposition(|leaf| leaf.live);
        let at = |position: usize| FIRST_MILLIS + millis(&book, position);
        question
            .case(folder)
            .with("expected", "ok")
            .with("origin", ORIGIN)
            .with("key-found", key.public().to_string())
            .with("checkpoint", book.note_at(&key, book.leaves.len()))
            .with("size", book.leaves.len().to_string())
            .with("root", hex::encode(book.checkpoint().root))
            .with(
                "erased",
                (book.leaves.len() - book.leaves.iter().filter(live).count()).to_string(),
            )
            .with("dated", first.is_some().to_string())
            .with("first", first.map_or(0, at).to_string())
            .with("last", last.map_or(0, at).to_string());
    }
}

/// How long after the first the entry at a position says to have been written: that an erasure was asked for has the
/// time of the first.
fn millis(book: &Book, position: usize) -> i64 {
    use cloudmessaging_ledger::leaf::{LeafRef, Leaves};
    let mut leaves = Leaves::new(&book.leaves[position].bytes[..]);
    let leaf = LeafRef::check(leaves.read().ok().flatten().expect("a leaf")).expect("whole");
    match leaf.entry().expect("an entry").and_then(|entry| entry.event) {
        Some(Event::HistoryErased(_)) => 0,
        _ => i64::try_from(position).expect("few") * STEP_MILLIS,
    }
}

/// Writes ledgers into a folder that were tampered with in every way that has a name. Returns the names.
pub fn write_bad(folder: &Path) -> Vec<String> {
    let (key, other) = (Key::new(1), Key::new(2));
    let small = Book::small();
    let size = small.leaves.len();
    let (head, export) = (small.head(&key), small.export(&key));
    let done = |tamper: Tamper| [&head[..], &tamper.apply(&small)].concat();
    let changed_head = |from: &str, to: &str| {
        let text = export.windows(from.len()).position(|w| w == from.as_bytes()).expect("in it");
        [&export[..text], to.as_bytes(), &export[text + from.len()..]].concat()
    };
    let mut rewritten = Book::small();
    rewritten.leaves[0] = rewritten.leaves[0].erased();
    rewritten.leaves[7] = Book::of(9).leaves[8].clone();
    let offsets = small.offsets();
    let longer = {
        let mut longer = small.clone();
        longer.grow(3);
        longer.note_at(&key, size + 3)
    };
    let id = |text: String| text.split('+').nth(1).expect("an id").to_owned();
    let mut forged = Book::of(9);
    forged.leaves.remove(3);
    let forged = renumbered(&forged);
    let bad = [
        ("foreign", ask("a_letter_is_no_export", b"a letter".to_vec())),
        ("foreign", ask("nothing_is_no_export", Vec::new())),
        ("foreign", ask("half_a_head_is_no_export", export[..40].to_vec())),
        (
            "foreign",
            ask("what_is_not_utf_8_is_no_export", changed_head("example", "ex\u{fd}\u{1}ple")),
        ),
        (
            "key",
            ask(
                "a_key_that_is_none_is_found",
                changed_head(&id(key.public().to_string()), &id(other.public().to_string())),
            ),
        ),
        (
            "checkpoint",
            ask("a_checkpoint_that_is_none_is_found", changed_head("\n\n\u{2014}", "\n.\u{2014}")),
        ),
        ("unsigned", ask("another_size_is_not_what_was_signed", changed_head("\n13\n", "\n12\n"))),
        ("other-key", ask("a_ledger_of_another_key_is_found", small.export(&other)).key(&key)),
        (
            "older-checkpoint",
            ask("a_kept_checkpoint_of_another_key_is_found", small.export(&other))
                .older(small.note_at(&key, 3)),
        ),
        (
            "changed",
            ask("a_changed_byte_is_found", done(Tamper::Change { byte: offsets[8] - 1, bits: 4 })),
        ),
        (
            "changed",
            ask("a_changed_length_is_found", done(Tamper::Change { byte: offsets[1], bits: 1 })),
        ),
        ("removed", ask("a_removed_entry_is_found", done(Tamper::Remove(7)))),
        ("removed", ask("a_removed_entry_is_found_among_erased_ones", done(Tamper::Remove(3)))),
        ("added", ask("an_added_entry_is_found", done(Tamper::Double(7, 10)))),
        ("reordered", ask("two_entries_in_another_order_are_found", done(Tamper::Swap(7, 9)))),
        ("cut", ask("a_missing_end_is_found", done(Tamper::Cut(offsets[size - 2])))),
        ("cut", ask("half_an_entry_at_the_end_is_found", done(Tamper::Cut(offsets[size] - 7)))),
        (
            "replaced",
            ask(
                "an_erased_entry_of_another_hash_is_found",
                done(Tamper::Change { byte: offsets[3] + 9, bits: 4 }),
            ),
        ),
        (
            "rolled-back",
            ask("a_ledger_put_back_to_an_earlier_copy_is_found", export.clone()).older(longer),
        ),
        (
            "rewritten",
            ask("history_that_was_rewritten_and_signed_is_found", forged.export(&key))
                .older(Book::of(9).note_at(&key, 5)),
        ),
        ("erased", ask("content_that_went_without_a_word_is_found", done(Tamper::Erase(7)))),
    ];
    let mut kinds = Vec::new();
    for (kind, question) in bad {
        let (key, older) = (question.key.as_ref(), question.older.as_deref());
        let found = verify(&question.export[..], key, older, |_, _| {});
        let found = found.expect_err(&question.name);
        assert_eq!(found.name(), kind, "{}", question.name);
        let (from, to) = found.at().map_or((-1, -1), |at| (*at.start() as i64, *at.end() as i64));
        question
            .case(folder)
            .with("expected", "tampered")
            .with("kind", kind)
            .with("message", found.to_string())
            .with("from", from.to_string())
            .with("to", to.to_string());
        kinds.push(kind.to_owned());
    }
    kinds
}

/// Writes into a folder what is no question that a verdict could answer.
pub fn write_unanswered(folder: &Path) {
    let key = Key::new(1);
    let export = Book::small().export(&key);
    let mut newer = export.clone();
    // The version is the first number in the head, behind two bytes of length and one of tag.
    newer[3] = 2;
    let version = Tampered::Export(ExportError::Version(2)).to_string();
    ask("an_export_of_a_newer_version_cannot_be_read", newer)
        .case(folder)
        .with("expected", "unreadable")
        .with("message", version);
    let key_error = LedgerKey::parse("nonsense").expect_err("no key").to_string();
    ask("a_key_that_is_no_key_is_refused", export.clone())
        .case(folder)
        .with("key", "nonsense")
        .with("expected", "argument")
        .with("message", format!("key: {key_error}"));
    ask("a_checkpoint_that_is_no_checkpoint_is_refused", export)
        .older("nonsense".into())
        .case(folder)
        .with("expected", "argument")
        .with("message", "older: this is no checkpoint: it has no signature");
}

/// The same entries, each saying where it stands now.
fn renumbered(book: &Book) -> Book {
    use cloudmessaging_ledger::leaf::{LeafRef, Leaves};
    let mut renumbered = Book::default();
    for (position, leaf) in book.leaves.iter().enumerate() {
        let mut leaves = Leaves::new(&leaf.bytes[..]);
        let read = LeafRef::check(leaves.read().ok().flatten().expect("a leaf")).expect("whole");
        let entry = read.entry().expect("an entry").expect("live");
        renumbered.push(&Entry { position: position as u64, ..entry });
    }
    renumbered
}

/// Writes a good ledger of this many MiB, of the largest entries that there can be. Returns how many.
pub fn write_large(file: &Path, mib: usize) -> u64 {
    let key = Key::new(1);
    let mut book = Book::default();
    let text = "x".repeat(ENTRY_MAX - 60);
    for position in 0..(mib << 20) / ENTRY_MAX {
        let event = Some(Event::Boot(Boot { build_fingerprint: text.clone() }));
        book.push(&Entry {
            schema_version: 1,
            position: position as u64,
            event,
            ..Entry::default()
        });
    }
    let mut out = BufWriter::new(File::create(file).expect("a file"));
    out.write_all(&book.head(&key)).expect("room");
    for leaf in &book.leaves {
        out.write_all(&leaf.bytes).expect("room");
    }
    out.flush().expect("room");
    book.leaves.len() as u64
}
