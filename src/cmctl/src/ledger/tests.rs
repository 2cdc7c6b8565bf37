// SPDX-License-Identifier: Apache-2.0
//! What the offline verbs say, to people and to programs, of ledgers on which everything was tried.
use super::arguments::{ExportFile, OfflineVerb, ProveArguments, VerifyArguments, Which};
use super::offline;
use crate::answer::{Answer, Exit, Failure};
use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey};
use cloudmessaging_ledger::tree::Hash;
use cloudmessaging_wire::proto::ledger::{entry::Event, Connect, Entry};
use ledger::{nonce, Book, Key, Leaf, Tamper};
use prost::Message;
use serde_json::json;
use std::fs::{read_to_string, write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with files in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        write(self.path(name), content).unwrap();
        self.path(name)
    }
}

fn key() -> Key {
    Key::new(1)
}

fn export(file: &Path, key: Option<LedgerKey>) -> ExportFile {
    ExportFile { file: file.to_owned(), key }
}

fn verify(file: &Path, key: Option<LedgerKey>, older: &[&Path]) -> Result<Answer, Failure> {
    let older = older.iter().map(|path| path.to_path_buf()).collect();
    offline(&OfflineVerb::Verify(VerifyArguments { export: export(file, key), older }))
}

fn prove(file: &Path, which: Which, out: Option<PathBuf>) -> Result<Answer, Failure> {
    offline(&OfflineVerb::Prove(ProveArguments { export: export(file, None), which, out }))
}

fn at(position: u64) -> Which {
    Which { position: Some(position), ..Which::default() }
}

fn check(proof: &Path, key: LedgerKey) -> Result<Answer, Failure> {
    offline(&OfflineVerb::Check { proof: proof.to_owned(), key, older: None })
}

fn compare(file: &Path, hash: Hash) -> Result<Answer, Failure> {
    offline(&OfflineVerb::Compare { export: export(file, None), hash })
}

/// The same ledger, in which another entry was written at this position.
fn rewritten(book: &Book, position: usize) -> Book {
    let mut book = book.clone();
    let entry = Entry { schema_version: 1, position: position as u64, ..Entry::default() };
    book.leaves[position] = Leaf::new(&[9; 16], &entry);
    book
}

fn is(answer: &Answer, verdict: &str, exit: Exit) {
    assert_eq!(answer.json["verdict"], verdict, "{}", answer.text);
    assert_eq!(answer.json["good"], exit == Exit::Done);
    assert_eq!(answer.exit, exit);
    assert!(!answer.text.contains(|c: char| c.is_control() && c != '\n'), "{}", answer.text);
}

#[test]
fn an_export_that_passes_is_called_good_and_whose_key_said_so() {
    let (desk, book) = (Desk::new(), Book::small());
    let file = desk.put("ledger", book.export(&key()));
    let own = verify(&file, None, &[]).unwrap();
    is(&own, "ok", Exit::Done);
    assert!(own.text.starts_with("GOOD: "), "{}", own.text);
    for says in [
        "Entries  13",
        "2026-09-21T14:13:20Z to",
        "the export's own",
        "any ledger can bring a key",
        "--older",
    ] {
        assert!(own.text.contains(says), "{says}: {}", own.text);
    }
    assert_eq!((&own.json["size"], &own.json["erased"]), (&json!(13), &json!(4)));
    assert_eq!(own.json["keyGiven"], false);
    assert_eq!(own.json["firstAt"], "2026-09-21T14:13:20Z");
    let given = verify(&file, Some(key().public()), &[]).unwrap();
    is(&given, "ok", Exit::Done);
    assert!(!given.text.contains("own"), "{}", given.text);
    is(&verify(&file, Some(Key::new(2).public()), &[]).unwrap(), "other-key", Exit::Tampered);
}

#[test]
fn each_kind_of_tampering_is_named_with_its_position_and_what_it_means() {
    let (desk, book) = (Desk::new(), Book::of(9));
    let offsets = book.offsets();
    let kinds = [
        (Tamper::Change { byte: offsets[5] - 1, bits: 1 }, "changed", 4),
        (Tamper::Remove(4), "removed", 4),
        (Tamper::Double(4, 5), "added", 5),
        (Tamper::Swap(4, 6), "reordered", 4),
        (Tamper::Cut(offsets[4] + 7), "cut", 4),
        (Tamper::Erase(4), "erased", 4),
    ];
    for (tamper, name, position) in kinds {
        let file = desk.put(name, [book.head(&key()), tamper.apply(&book)].concat());
        let answer = verify(&file, None, &[]).unwrap();
        is(&answer, name, Exit::Tampered);
        assert!(answer.text.starts_with("TAMPERED: "), "{}", answer.text);
        assert!(answer.text.contains(&format!("Position  {position}\n")), "{}", answer.text);
        assert!(answer.text.contains("What it means: "), "{}", answer.text);
        assert!(answer.text.contains("What it does not mean: "), "{}", answer.text);
        assert_eq!(
            (&answer.json["from"], &answer.json["to"]),
            (&json!(position), &json!(position))
        );
        // None of them gives anything away.
        is(&prove(&file, at(0), None).unwrap(), name, Exit::Tampered);
        is(&compare(&file, [7; 32]).unwrap(), name, Exit::Tampered);
    }
    let file = desk.put("replaced", [book.head(&key()), rewritten(&book, 4).body()].concat());
    is(&verify(&file, None, &[]).unwrap(), "replaced", Exit::Tampered);
    let file = desk.put("foreign", "a letter");
    let answer = verify(&file, None, &[]).unwrap();
    is(&answer, "foreign", Exit::Tampered);
    assert!(answer.text.starts_with("NO LEDGER: "), "{}", answer.text);
}

#[test]
fn every_checkpoint_that_was_kept_counts() {
    let (desk, book) = (Desk::new(), Book::of(9));
    let file = desk.put("ledger", book.export(&key()));
    let three = desk.put("three", book.note_at(&key(), 3));
    // As an editor or a mail leaves it.
    let five = desk.put("five", book.note_at(&key(), 5).replace('\n', "\r\n") + "\r\n");
    let good = verify(&file, None, &[&three, &five]).unwrap();
    is(&good, "ok", Exit::Done);
    assert_eq!(good.json["older"][1]["size"], 5);
    assert!(good.text.contains("the 3 entries of "), "{}", good.text);
    assert!(!good.text.contains("--older"), "{}", good.text);

    let other = desk.put("other", rewritten(&book, 4).note_at(&key(), 7));
    let answer = verify(&file, None, &[&three, &other]).unwrap();
    is(&answer, "rewritten", Exit::Tampered);
    assert!(answer.json["older"].as_str().unwrap().ends_with("other"), "it says which");
    assert!(answer.text.contains("The older checkpoint: "), "{}", answer.text);

    let later = desk.put("later", Book::of(12).note_at(&key(), 12));
    is(&verify(&file, None, &[&later]).unwrap(), "rolled-back", Exit::Tampered);
    let foreign = desk.put("foreign", book.note_at(&Key::new(2), 3));
    is(&verify(&file, None, &[&foreign]).unwrap(), "older-checkpoint", Exit::Tampered);
}

#[test]
fn a_file_that_is_not_there_or_is_none_is_named() {
    let (desk, book) = (Desk::new(), Book::of(3));
    let missing = verify(&desk.path("missing"), None, &[]).unwrap_err();
    assert_eq!(missing.exit(), Exit::Failed);
    assert!(missing.to_string().contains("missing: No such file"), "{missing}");
    assert_eq!(verify(desk.0.path(), None, &[]).unwrap_err().exit(), Exit::Failed);
    let file = desk.put("ledger", book.export(&key()));
    let note = desk.put("note", "milk, eggs");
    let none = verify(&file, None, &[&note]).unwrap_err();
    assert_eq!(none.exit(), Exit::Usage);
    assert!(none.to_string().contains("note is no checkpoint"), "{none}");
    let mut newer = book.export(&key());
    newer[3] = 2;
    let newer = verify(&desk.put("newer", newer), None, &[]).unwrap_err();
    assert_eq!(newer.exit(), Exit::Failed);
    assert!(newer.to_string().contains("version 2"), "{newer}");
}

#[test]
fn a_proof_is_taken_out_and_holds_without_the_ledger() {
    let (desk, book) = (Desk::new(), Book::small());
    let file = desk.put("ledger", book.export(&key()));
    let out = desk.path("a.tlog-proof");
    let proven = prove(&file, at(7), Some(out.clone())).unwrap();
    is(&proven, "ok", Exit::Done);
    assert!(proven.text.starts_with("PROVEN: entry 7 "), "{}", proven.text);
    assert!(proven.text.contains("cmctl ledger check "), "{}", proven.text);
    let printed = prove(&file, at(7), None).unwrap();
    assert_eq!(format!("{}\n", printed.text), read_to_string(&out).unwrap());
    assert!(printed.aside.starts_with("PROVEN: "), "{}", printed.aside);

    let checked = check(&out, key().public()).unwrap();
    is(&checked, "ok", Exit::Done);
    assert_eq!(checked.json["entry"], proven.json["entry"]);
    assert_eq!(checked.json["entry"]["position"], 7);
    assert_eq!(checked.json["entry"]["revealed"], json!(["NETWORK_ADDRESS"]));
    is(&check(&out, Key::new(2).public()).unwrap(), "unsigned", Exit::Tampered);
    let text = read_to_string(&out).unwrap();
    let moved = desk.put("moved", text.replace("index 7", "index 8"));
    is(&check(&moved, key().public()).unwrap(), "not-proven", Exit::Tampered);
    let letter = check(&desk.put("letter", "Dear Ben"), key().public()).unwrap();
    is(&letter, "no-proof", Exit::Tampered);
    assert!(letter.text.starts_with("NO PROOF: "), "{}", letter.text);
}

#[test]
fn no_proof_is_taken_of_what_is_not_there() {
    let (desk, book) = (Desk::new(), Book::small());
    let file = desk.put("ledger", book.export(&key()));
    let none = prove(&file, at(13), None).unwrap_err();
    assert_eq!(none.exit(), Exit::Usage);
    assert!(none.to_string().contains("no entry 13: the ledger has 13"), "{none}");
    let erased = prove(&file, at(3), None).unwrap_err();
    assert!(erased.to_string().contains("entry 3 was erased"), "{erased}");
    let there = desk.put("there", "");
    let refused = prove(&file, at(7), Some(there)).unwrap_err();
    assert!(refused.to_string().ends_with("there is there already"), "{refused}");
}

#[test]
fn that_a_ledger_has_only_grown_is_proven_without_any_of_its_entries() {
    let (desk, book) = (Desk::new(), Book::of(9));
    let file = desk.put("ledger", book.export(&key()));
    let older = desk.put("older", book.note_at(&key(), 5));
    let out = desk.path("growth");
    let which = || Which { older: Some(older.clone()), ..Which::default() };
    let proven = prove(&file, which(), Some(out.clone())).unwrap();
    is(&proven, "ok", Exit::Done);
    assert_eq!((&proven.json["older"], &proven.json["size"]), (&json!(5), &json!(9)));
    assert!(proven.text.contains("--older "), "{}", proven.text);
    let check = |proof: &Path, older: &Path| {
        let (proof, older) = (proof.to_owned(), Some(older.to_owned()));
        offline(&OfflineVerb::Check { proof, key: key().public(), older }).unwrap()
    };
    is(&check(&out, &older), "ok", Exit::Done);
    let other = desk.put("other", rewritten(&book, 2).note_at(&key(), 5));
    is(&check(&out, &other), "not-proven", Exit::Tampered);
    is(&check(&desk.put("letter", "Dear Ben"), &older), "no-proof", Exit::Tampered);
    let file = desk.put("rewritten", rewritten(&book, 2).export(&key()));
    is(&prove(&file, which(), None).unwrap(), "rewritten", Exit::Tampered);
}

#[test]
fn a_receipt_is_confirmed_by_its_entry_and_by_no_other() {
    let (desk, book) = (Desk::new(), Book::of(5));
    let file = desk.put("ledger", book.export(&key()));
    let proven = prove(&file, at(1), None).unwrap();
    let entry = hex::decode(proven.json["entry"]["entry"].as_str().unwrap()).unwrap();
    let Some(Event::Grant(grant)) = Entry::decode(&entry[..]).unwrap().event else { panic!() };
    let receipt = |position: u64, record: &[u8]| {
        let notice = json!({
            "version": grant.disclosure_version,
            "sha256": hex::encode(&grant.disclosure_sha256),
            "language": grant.locale,
        });
        let receipt = json!({
            "record_id": hex::encode(record),
            "ledger_position": position,
            "pii_processing": {"privacy_notice": notice},
        });
        let receipt = desk.put("receipt", receipt.to_string());
        prove(&file, Which { receipt: Some(receipt), ..Which::default() }, None).unwrap()
    };
    let confirmed = receipt(1, &grant.record_id);
    is(&confirmed, "ok", Exit::Done);
    assert!(confirmed.aside.contains("the consent of the"), "{}", confirmed.aside);
    let another = receipt(2, &grant.record_id);
    is(&another, "other-entry", Exit::Tampered);
    assert_eq!(another.json["proof"], json!(null));
    is(&receipt(1, &[9; 16]), "other-entry", Exit::Tampered);
    let letter = Some(desk.put("letter", "Dear Ben"));
    let none = prove(&file, Which { receipt: letter, ..Which::default() }, None).unwrap_err();
    assert!(none.to_string().contains("letter is no receipt"), "{none}");
    assert_eq!(none.exit(), Exit::Usage);
}

#[test]
fn a_recipient_s_hash_opens_the_history_that_was_there_then() {
    let (desk, book) = (Desk::new(), Book::of(9));
    let file = desk.put("ledger", book.export(&key()));
    let hash = book.checkpoint_at(3).salted_hash(&nonce(3));
    let opened = compare(&file, hash).unwrap();
    is(&opened, "opened", Exit::Done);
    assert!(opened.text.starts_with("GOOD: "), "{}", opened.text);
    assert_eq!((&opened.json["position"], &opened.json["covers"]), (&json!(3), &json!(3)));
    let closed = compare(&file, [7; 32]).unwrap();
    is(&closed, "not-opened", Exit::Tampered);
    assert!(closed.text.contains("rewritten since"), "{}", closed.text);
    // Once something is erased, nobody can say what it carried.
    let file = desk.put("erased", Book::small().export(&key()));
    let undecided = compare(&file, hash).unwrap();
    is(&undecided, "undecided", Exit::Failed);
    assert_eq!(undecided.json["erased"], 4);
}

#[test]
fn nothing_in_a_ledger_reaches_the_terminal_as_it_is() {
    let desk = Desk::new();
    let mut book = Book::of(2);
    let host = "a\u{1b}[2Jb\u{9b}\u{202e}.example\n".into();
    let event = Some(Event::Connect(Connect { host, ..Connect::default() }));
    book.push(&Entry { schema_version: 1, position: 2, event, ..Entry::default() });
    let file = desk.put("led\u{1b}ger", book.export(&key()));
    let out = desk.path("proof");
    let answers = [
        prove(&file, at(2), Some(out.clone())).unwrap(),
        check(&out, key().public()).unwrap(),
        verify(&file, None, &[]).unwrap(),
        compare(&file, Checkpoint { origin: String::new(), size: 0, root: [0; 32] }.root).unwrap(),
    ];
    for answer in answers {
        let printed = format!("{}{}", answer.text, answer.aside);
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!printed.contains(steers), "{printed:?}");
    }
}
