// SPDX-License-Identifier: Apache-2.0
//! Notes are C2SP's: the keys and texts of its first implementation (golang.org/x/mod/sumdb/note) read, verify and come
//! out byte for byte; and what is no note, or not of the key, is refused.

use base64::prelude::{Engine as _, BASE64_STANDARD};
use cloudmessaging_ledger::checkpoint::Checkpoint;
use cloudmessaging_ledger::note::{open, sign, LedgerKey, NoteError, NOTE_MAX};
use ledger::{Book, Key, ORIGIN};

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
/// What stands behind `PRIVATE+KEY+PeterNeumann+c74f20a3+`: the kind, and 32 bytes.
const PETERS_SECRET: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
const PETERS: &str =
    "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNX\
                      gKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCHS: &str =
    "\u{2014} EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ov\
                      TG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn peter() -> LedgerKey {
    LedgerKey::parse(PETER).unwrap()
}

#[test]
fn a_note_comes_out_as_the_first_implementation_writes_it() {
    let secret = BASE64_STANDARD.decode(PETERS_SECRET).unwrap();
    let note = sign(TEXT, &peter(), &Key::from_seed(&secret[1..])).unwrap();
    assert_eq!(note, format!("{TEXT}\n{PETERS}"));
    assert_eq!(peter().to_string(), PETER);
}

#[test]
fn notes_of_the_first_implementation_verify() {
    let enoch = LedgerKey::parse(ENOCH).unwrap();
    for (key, signatures) in [
        (peter(), PETERS.to_owned()),
        (peter(), [PETERS, ENOCHS].concat()),
        (enoch.clone(), [PETERS, ENOCHS].concat()),
        (peter(), [PETERS, PETERS, ENOCHS, ENOCHS].concat()),
        (peter(), PETERS.repeat(16)),
    ] {
        assert_eq!(open(&format!("{TEXT}\n{signatures}"), &key), Ok(TEXT));
    }
    let unsigned = Err(NoteError::Unsigned(ENOCH.into()));
    assert_eq!(open(&format!("{TEXT}\n{PETERS}"), &enoch), unsigned);
}

#[test]
fn what_is_no_note_is_refused() {
    let bad = [
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{}", &PETERS[..PETERS.len() - 1]),
        format!("\x01{TEXT}\n{PETERS}"),
        format!("{}\n{PETERS}", TEXT.replace('\n', "\r\n")),
        format!("{TEXT}\n{}", PETERS.replace("PeterNeumann", "Bad Name")),
        format!("{TEXT}\n{PETERS}Unexpected line.\n"),
        format!("{TEXT}\n{PETERS}\n"),
        format!("{TEXT}\n{}", PETERS.repeat(NOTE_MAX / PETERS.len() + 1)),
        String::new(),
    ];
    for note in bad {
        assert!(matches!(open(&note, &peter()), Err(NoteError::Malformed(_))), "{note:?}");
    }
    // One signature of the key that is wrong, beside one that is right.
    let wrong = [&PETERS[..60], "ABCD", &PETERS[60..]].concat();
    for signatures in [wrong.clone(), [PETERS, &wrong].concat()] {
        let found = open(&format!("{TEXT}\n{signatures}"), &peter()).unwrap_err();
        assert_eq!(found, NoteError::Unsigned(PETER.into()));
    }
}

#[test]
fn no_part_and_no_change_of_a_key_is_a_key() {
    for begin in 0..PETER.len() {
        for end in begin..=PETER.len() {
            let whole = (begin, end) == (0, PETER.len());
            assert_eq!(LedgerKey::parse(&PETER[begin..end]).is_ok(), whole);
        }
    }
    for at in 0..PETER.len() {
        let mut changed = PETER.as_bytes().to_vec();
        changed[at] += 1;
        assert!(LedgerKey::parse(&String::from_utf8(changed).unwrap()).is_err(), "{at}");
    }
    // Too long, and of an unknown kind; their ids are right.
    for wrong in [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(LedgerKey::parse(wrong).is_err());
    }
}

/// A checkpoint has one text: whoever signs another one than ours does not write checkpoints.
#[test]
fn a_signed_text_that_is_no_checkpoint_is_none() {
    let key = Key::new(1);
    let read =
        |text: &str| Checkpoint::verify(&sign(text, &key.public(), &key).unwrap(), &key.public());
    let checkpoint = Book::of(5).checkpoint();
    let text = checkpoint.text();
    assert_eq!(read(&text), Ok(checkpoint.clone()));
    assert_eq!(read(&format!("{text}an extension\n")), Ok(checkpoint));
    let root = text.lines().nth(2).unwrap();
    for wrong in [
        format!("{ORIGIN}\n05\n{root}\n"),
        format!("{ORIGIN}\n+5\n{root}\n"),
        format!("{ORIGIN}\n-5\n{root}\n"),
        format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
        format!("{ORIGIN}\n5\n{}\n", &root[..40]),
        format!("{ORIGIN}\n5\n{} \n", root),
        format!("{ORIGIN}\n5\n"),
        format!("{ORIGIN} \n5\n{root}\n"),
        format!("ledger.example/other\n5\n{root}\n"),
        format!("{text}\nan empty line before\n"),
        format!("\n{text}"),
    ] {
        assert!(matches!(read(&wrong), Err(NoteError::Malformed(_))), "{wrong:?}");
    }
}
