// SPDX-License-Identifier: Apache-2.0
//! Two implementations, one verdict: verify.py, which was written from docs/ledger.md alone, says of every export and
//! of every proof what ours says, name and position.

use std::path::{Path, PathBuf};
use std::process::Command;

use cloudmessaging_ledger::compare::compare;
use cloudmessaging_ledger::proof_text::{EntryProof, GrowthProof};
use cloudmessaging_ledger::prove::{prove, prove_growth};
use cloudmessaging_ledger::verify::verify;
use ledger::{full, judge, nonce, python, shown, Book, Key, Tamper};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

fn key() -> Key {
    Key::new(1)
}

/// Files in a folder, and what verify.py says of each.
struct Files {
    folder: TempDir,
    files: Vec<PathBuf>,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), files: Vec::new() }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn add(&mut self, content: impl AsRef<[u8]>) {
        self.files.push(self.write(&self.files.len().to_string(), content));
    }

    fn verdicts(&self, options: &[&str]) -> Vec<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py");
        let mut verdicts = Vec::new();
        // A command line has an end.
        for files in self.files.chunks(500) {
            let mut command = Command::new(python());
            let output = command.arg(&script).args(options).arg("--").args(files).output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(errors.is_empty(), "{errors}");
            verdicts.extend(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned));
        }
        assert_eq!(verdicts.len(), self.files.len());
        verdicts
    }

    /// Holds its verdicts against ours.
    fn agree(&self, options: &[&str], ours: impl Fn(&[u8]) -> String) {
        for (file, theirs) in self.files.iter().zip(self.verdicts(options)) {
            let content = std::fs::read(file).unwrap();
            assert_eq!(ours(&content), theirs, "{}", hex::encode(&content));
        }
    }
}

fn ours(export: &[u8]) -> String {
    shown(&judge(export, None))
}

/// Everything that is done to a small ledger elsewhere; of changed bytes, some.
fn tampers(book: &Book) -> Vec<Tamper> {
    let (size, bytes) = (book.leaves.len(), book.body().len());
    let mut all: Vec<_> = (0..size).flat_map(|a| [Tamper::Remove(a), Tamper::Erase(a)]).collect();
    for a in 0..size {
        all.extend((0..=size).map(|b| Tamper::Double(a, b)));
        all.extend((0..a).map(|b| Tamper::Swap(a, b)));
    }
    let step = if full() { 1 } else { 7 };
    all.extend((0..bytes).step_by(step).map(Tamper::Cut));
    for bit in (0..bytes * 8).step_by(if full() { 1 } else { 53 }) {
        all.push(Tamper::Change { byte: bit / 8, bits: 1 << (bit % 8) });
    }
    // Lengths and tags are where it is decided what the rest is.
    for byte in book.offsets().into_iter().flat_map(|at| at..at + 5).filter(|byte| *byte < bytes) {
        all.extend((0..8).map(|bit| Tamper::Change { byte, bits: 1 << bit }));
    }
    all
}

#[test]
fn both_say_the_same_of_every_manipulation_of_a_small_ledger() {
    let book = Book::small();
    let head = book.head(&key());
    let mut files = Files::new();
    for book in [Book::default(), Book::of(1), Book::of(9), book.clone()] {
        files.add(book.export(&key()));
    }
    for tamper in tampers(&book) {
        files.add([&head[..], &tamper.apply(&book)].concat());
    }
    files.agree(&[], ours);
}

#[test]
fn both_say_the_same_of_every_head() {
    let export = Book::of(2).export(&key());
    let head = Book::of(2).head(&key()).len();
    let mut files = Files::new();
    for bit in (0..head * 8).step_by(if full() { 1 } else { 3 }) {
        let mut changed = export.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        files.add(changed);
    }
    (0..head + 2).for_each(|end| files.add(&export[..end]));
    for head in [&[][..], &[0], &[3, 8, 2, 0xff], &[3, 8, 1, 0xff], &[2, 8, 0], &[0x80, 0x80, 1]] {
        files.add(head);
    }
    files.agree(&[], ours);
}

#[test]
fn both_say_the_same_with_an_older_checkpoint_and_an_expected_key() {
    let (small, key) = (Book::small(), key());
    let mut books = vec![small.clone(), Book::of(5), Book::of(13)];
    let mut swapped = Book::of(13);
    swapped.leaves.swap(3, 4);
    books.push(swapped);
    let mut files = Files::new();
    for book in &books {
        files.add(book.export(&key));
        files.add(book.export(&Key::new(2)));
    }
    let mut notes: Vec<_> = [0, 1, 4, 12, 13].map(|size| small.note_at(&key, size)).to_vec();
    notes.push(small.note_at(&Key::new(2), 4));
    notes.push(notes[0].replace('\n', "\r\n"));
    notes.push("nothing".into());
    for note in notes {
        let older = files.write("older", &note);
        files.agree(&["--older", &older.to_string_lossy()], |export| {
            shown(&judge(export, Some(&note)))
        });
    }
    let expected = key.public();
    files.agree(&["--key", &expected.to_string()], |export| {
        shown(&verify(export, Some(&expected), None, |_, _| {}))
    });
}

/// Leaves that only the key's holder can make: contents of any kind, signed.
#[test]
fn both_say_the_same_of_entries_that_nobody_should_write() {
    let key = key();
    let mut contents: Vec<Vec<u8>> = [
        &[0x28, 0][..],      // position 0, written out
        &[0x28, 1],          // another position
        &[0x28, 1, 0x28, 0], // twice
        &[0x2a, 0],          // of a wrong type
        &[0x28],             // no value
        &[0x28, 0x80, 0],    // not the shortest form
        &[0x28, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], // 2^63
        &[0x28, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2], // 2^64
        &[0x28, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], // no end
        &[0x0b, 0x0c],       // a group
        &[0x0e],             // no wire type
        &[0x00, 0],          // no field
        &[0x09, 1, 2, 3, 4, 5, 6, 7, 8], // 8 bytes
        &[0x09, 1, 2, 3, 4, 5, 6, 7], // 7
        &[0x0d, 1, 2, 3, 4], // 4 bytes
        &[0x0d, 1, 2, 3],    // 3
        &[0xfd, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3, 4], // the largest tag
        &[0xfd, 0xff, 0xff, 0xff, 0x1f, 1, 2, 3, 4], // one too large
        &[0xca, 0x01, 2, 0x08, 7], // erased before 7
        &[0xca, 0x01, 4, 0x08, 7, 0x08, 0], // twice
        &[0xca, 0x01, 2, 0x0a, 0], // `before` of a wrong type
        &[0xca, 0x01, 1, 0x08], // no value
        &[0xc8, 0x01, 1],    // a number
        b"\x0a\x05hello",
    ]
    .map(Vec::from)
    .to_vec();
    let mut runner = TestRunner::deterministic();
    let any_bytes = prop::collection::vec(any::<u8>(), 1..40);
    for _ in 0..if full() { 5_000 } else { 300 } {
        contents.push(any_bytes.new_tree(&mut runner).unwrap().current());
    }
    let mut files = Files::new();
    for content in contents {
        let (bytes, hash) = cloudmessaging_ledger::leaf::encode(&[5; 16], content);
        let leaf = ledger::Leaf { bytes, hash, live: true };
        // Alone, and behind an erased leaf that it may say something about.
        let erased = Book::of(1).leaves[0].erased();
        for leaves in [vec![leaf.clone()], vec![erased, leaf]] {
            files.add(Book { leaves }.export(&key));
        }
    }
    files.agree(&[], ours);
}

#[test]
fn both_say_the_same_of_proofs() {
    let (book, key) = (Book::of(21), key());
    let (export, public) = (book.export(&key), key.public());
    let (mut entries, mut growths) = (Files::new(), Files::new());
    let mangled = |text: &str, files: &mut Files| {
        files.add(text);
        for bit in (0..text.len() * 8).step_by(if full() { 1 } else { 101 }) {
            let mut changed = text.as_bytes().to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            files.add(changed);
        }
        for (from, to) in [("\n\n", "\n"), ("\n", "\r\n"), ("index ", "index 0"), ("old ", "old +")]
        {
            files.add(text.replace(from, to));
        }
    };
    for position in [0, 1, 15, 16, 20] {
        mangled(&prove(&export[..], None, position).unwrap().write(), &mut entries);
    }
    let older = book.note_at(&key, 7);
    for size in [0, 7, 16, 21] {
        let text = prove_growth(&export[..], None, &book.note_at(&key, size)).unwrap().write();
        mangled(&text, &mut growths);
    }
    let said = |holds: bool| if holds { "ok".to_owned() } else { "no".to_owned() };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap_or_default();
    entries.agree(&["--key", &public.to_string(), "--proof"], |bytes| {
        said(EntryProof::parse(&text(bytes)).is_ok_and(|proof| proof.verify(&public).is_ok()))
    });
    let path = growths.write("older", &older);
    let older = book.checkpoint_at(7);
    growths.agree(&["--key", &public.to_string(), "--growth", &path.to_string_lossy()], |bytes| {
        said(
            GrowthProof::parse(&text(bytes))
                .is_ok_and(|proof| proof.verify(&public, &older).is_ok()),
        )
    });
}

#[test]
fn both_open_a_recipients_hash() {
    let book = Book::of(60);
    let mut files = Files::new();
    files.add(book.export(&key()));
    for position in [3, 4, 5, 58] {
        let hash = book.checkpoint_at(position).salted_hash(&nonce(position as u64));
        files.agree(&["--opens", &hex::encode(hash)], |export| {
            let compared = compare(export, None, &hash).ok().unwrap();
            let at = compared.opened.map(|opened| format!(" {}", opened.position));
            format!("ok{}", at.unwrap_or_default())
        });
    }
}

#[test]
fn both_say_the_same_of_a_large_ledger() {
    let count = if full() { 100_000 } else { 3_000 };
    let mut book = Book::of(count);
    book.erase(0..count as usize / 2);
    book.grow(7);
    let (head, bytes) = (book.head(&key()), book.offsets()[book.leaves.len()]);
    let mut files = Files::new();
    files.add([&head[..], &book.body()].concat());
    for (n, tamper) in [
        Tamper::Remove(1),
        Tamper::Remove(count as usize - 9),
        Tamper::Swap(3, 4),
        Tamper::Swap(3, count as usize - 1),
        Tamper::Double(7, count as usize - 5),
        Tamper::Cut(bytes - 1),
        Tamper::Cut(bytes / 2),
        Tamper::Change { byte: bytes - 99, bits: 3 },
        Tamper::Erase(count as usize - 1),
    ]
    .into_iter()
    .enumerate()
    {
        // On a slow machine, the long version takes minutes otherwise.
        if !full() || n % 3 == 0 {
            files.add([&head[..], &tamper.apply(&book)].concat());
        }
    }
    files.agree(&[], ours);
}
