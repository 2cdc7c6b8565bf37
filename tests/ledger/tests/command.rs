// SPDX-License-Identifier: Apache-2.0
//! What an owner types says what the second implementation says: `cmctl ledger verify`, as it is installed, beside
//! verify.py, of good ledgers and of bad ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger::{full, python, Book, Key, Tamper};
use serde_json::Value;

/// The program, built where this test was.
fn cmctl() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let build =
        ["build", "--quiet", "--package", "cmctl", "--bin", "cmctl", "--message-format=json"];
    let mut command = Command::new(cargo);
    command.args(build).current_dir(root);
    // ring's build script watches these: with them, it would be built again each time.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    let output = command.output().unwrap();
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs =
        built.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next_back().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What cmctl says, in the words that verify.py prints; and its exit code.
fn said(cmctl: &Path, options: &[&str], file: &Path) -> (String, i32) {
    let mut command = Command::new(cmctl);
    command.env_remove("CLOUDMESSAGING_RUN").args(["--json", "ledger", "verify"]);
    let output = command.arg(file).args(options).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let number = |name: &str| json[name].as_u64();
    let numbers = match (number("from"), number("to"), number("size"), number("erased")) {
        (Some(from), Some(to), ..) => format!(" {from} {to}"),
        (_, _, Some(size), Some(erased)) => format!(" {size} {erased}"),
        _ => String::new(),
    };
    let verdict = json["verdict"].as_str().unwrap_or_default();
    (format!("{verdict}{numbers}"), output.status.code().unwrap_or(-1))
}

fn agree(options: &[&str], files: &[PathBuf]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py");
    let mut command = Command::new(python());
    let output = command.arg(script).args(options).arg("--").args(files).output().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(theirs.lines().count(), files.len(), "{}", String::from_utf8_lossy(&output.stderr));
    let cmctl = cmctl();
    for (file, theirs) in files.iter().zip(theirs.lines()) {
        let (ours, code) = said(&cmctl, options, file);
        assert_eq!(ours, theirs, "{}", hex::encode(fs::read(file).unwrap()));
        assert_eq!(code, if theirs.starts_with("ok") { 0 } else { 5 }, "{theirs}");
    }
}

#[test]
fn cmctl_and_the_second_implementation_say_the_same_of_good_and_of_bad_ledgers() {
    let (book, key) = (Book::small(), Key::new(1));
    let (head, bytes) = (book.head(&key), book.body().len());
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut add = |content: Vec<u8>| {
        let path = folder.path().join(files.len().to_string());
        fs::write(&path, content).unwrap();
        files.push(path);
    };
    for book in [Book::default(), Book::of(1), Book::of(9), book.clone()] {
        add(book.export(&key));
    }
    add(book.export(&Key::new(2)));
    add(b"a letter".to_vec());
    let mut tampers = vec![Tamper::Swap(0, 1), Tamper::Swap(2, 3), Tamper::Swap(6, 12)];
    for a in 0..book.leaves.len() {
        tampers.extend([Tamper::Remove(a), Tamper::Erase(a), Tamper::Double(a, a / 2)]);
    }
    let step = if full() { 3 } else { 61 };
    tampers.extend((0..bytes).step_by(step).map(Tamper::Cut));
    tampers.extend((0..bytes).step_by(step).map(|byte| Tamper::Change { byte, bits: 0x11 }));
    for tamper in tampers {
        add([&head[..], &tamper.apply(&book)].concat());
    }
    // Of the head, what is no other version.
    for byte in (head.len() - 200..head.len()).step_by(if full() { 1 } else { 9 }) {
        let mut export = book.export(&key);
        export[byte] ^= 4;
        add(export);
    }
    agree(&[], &files);
    agree(&["--key", &key.public().to_string()], &files);
    for size in [1, 8, 13] {
        let older = folder.path().join("older");
        fs::write(&older, Book::small().note_at(&key, size)).unwrap();
        agree(&["--older", &older.to_string_lossy()], &files);
    }
}
