// SPDX-License-Identifier: Apache-2.0
//! The test vectors of docs/ledger.md are what our code makes. After a change of the format:
//! `UPDATE_GENERATED=1 cargo test -p ledger --test document`.

use std::path::Path;

use cloudmessaging_ledger::prove::{prove, prove_growth};
use ledger::{judge, nonce, shown, Book, Key, Tamper};

fn lines(bytes: &[u8]) -> String {
    let hex = hex::encode(bytes);
    let lines: Vec<_> = hex.as_bytes().chunks(96).map(String::from_utf8_lossy).collect();
    lines.join("\n") + "\n"
}

fn vectors() -> Vec<(&'static str, String)> {
    let key = Key::new(1);
    let mut book = Book::of(4);
    book.erase(0..1);
    let export = book.export(&key);
    let mut hashes: String = book.leaves.iter().map(|leaf| hex::encode(leaf.hash) + "\n").collect();
    hashes += &hex::encode(book.checkpoint().root);
    let older = book.checkpoint_at(3);
    let growth = prove_growth(&export[..], None, &book.note_at(&key, 3)).unwrap().write();
    let offsets = book.offsets();
    let tampered = [
        ("as it is", None),
        ("the last bit of entry 2 flipped", Some(Tamper::Change { byte: offsets[3] - 1, bits: 1 })),
        ("leaf 1 removed", Some(Tamper::Remove(1))),
        ("leaf 3 removed", Some(Tamper::Remove(3))),
        ("leaf 4 removed", Some(Tamper::Remove(4))),
        ("leaf 2 twice", Some(Tamper::Double(2, 3))),
        ("leaves 2 and 3 swapped", Some(Tamper::Swap(2, 3))),
        ("its last 100 bytes missing", Some(Tamper::Cut(offsets[5] - 100))),
        ("leaf 3 without its content", Some(Tamper::Erase(3))),
        ("the hash of leaf 0 changed", Some(Tamper::Change { byte: 3, bits: 1 })),
    ];
    let verdicts = tampered.map(|(what, tamper)| {
        let body = tamper.map_or_else(|| book.body(), |tamper| tamper.apply(&book));
        let verdict = judge(&[book.head(&key), body].concat(), None);
        format!("{what:34} {}\n", shown(&verdict))
    });
    vec![
        ("export", lines(&export)),
        ("key", format!("{}\n", key.public())),
        ("checkpoint", book.note_at(&key, 5)),
        ("hashes", hashes + "\n"),
        ("proof", prove(&export[..], None, 3).unwrap().write()),
        ("growth", format!("{}\n\n{growth}", hex::encode(older.root))),
        (
            "salted",
            format!(
                "nonce  {}\nhash   {}\n",
                hex::encode(nonce(3)),
                hex::encode(older.salted_hash(&nonce(3)))
            ),
        ),
        ("verdicts", verdicts.concat()),
    ]
}

#[test]
fn the_vectors_of_the_document_are_what_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ledger.md");
    let mut document = std::fs::read_to_string(&path).unwrap();
    for (name, vector) in vectors() {
        let begin = format!("<!-- {name} -->\n```\n");
        let from = document.find(&begin).expect("a place for each vector") + begin.len();
        let to = from + document[from..].find("```\n").expect("its end");
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            document.replace_range(from..to, &vector);
        }
        assert!(document[from..].starts_with(&(vector.clone() + "```\n")), "{name}:\n{vector}");
    }
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, document).unwrap();
    }
}
