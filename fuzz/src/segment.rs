// SPDX-License-Identifier: Apache-2.0
//! The segments of a ledger, as the gate finds them when it starts (P5).
//!
//! What is whole stays as it is, whatever comes behind it. Only a torn end is cut, and the ledger says so.
//! What does not open is left alone. What opens can be read, opens again, and verifies for whoever takes it away.
//!
//! The first byte of an input says whether hashes are made right, the second before which leaf a second segment begins.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use cloudmessaging_gate::clock::SystemClock;
use cloudmessaging_gate::ledger::{Authority, Event, Ledger, LedgerError};
use cloudmessaging_ledger::tampered::Tampered;
use cloudmessaging_ledger::verify::verify;
use ledger::{Book, Key, ORIGIN};
use tempfile::TempDir;

use crate::plain::{bodies, mended, root, Plain};
use crate::{folder, Seed};

thread_local! {
    static FOLDER: TempDir = folder::new();
}

/// The first byte: as it is, or with right hashes.
const MENDED: u8 = 1;

pub(crate) fn seeds() -> Vec<Seed> {
    let (book, torn) = (Book::small().body(), 30);
    let seed = |name, second, bytes: &[u8]| Seed::new(name, [&[MENDED, second], bytes].concat());
    vec![
        seed("small-book", 0, &book),
        seed("two-segments", 5, &book),
        seed("torn", 0, &book[..book.len() - torn]),
        seed("second-torn", 7, &book[..book.len() - torn]),
        seed("nothing", 0, &[]),
        Seed::new("small-book-as-it-is", [&[0, 0], &book[..]].concat()),
    ]
}

pub(crate) fn run(data: &[u8]) -> bool {
    let [mend, second, bytes @ ..] = data else { return false };
    let bytes = if mend % 2 == MENDED { mended(bytes) } else { bytes.to_vec() };
    FOLDER.with(|folder| {
        folder::clear(folder.path());
        open(folder.path(), &bytes, usize::from(*second))
    })
}

/// The whole leaves that these bytes begin with, and where they end.
fn whole(bytes: &[u8]) -> (Vec<Plain>, usize) {
    let (mut leaves, mut end) = (Vec::new(), 0);
    for body in bodies(bytes) {
        let position = leaves.len() as u64;
        let Some(leaf) = Plain::read(&bytes[body.clone()]).filter(Plain::is_right) else { break };
        if leaf.content.is_some() && leaf.decoded().is_none_or(|entry| entry.position != position) {
            break;
        }
        leaves.push(leaf);
        end = body.end;
    }
    (leaves, end)
}

fn open(folder: &Path, bytes: &[u8], second: usize) -> bool {
    let (leaves, end) = whole(bytes);
    let from = match bodies(bytes).get(second.wrapping_sub(1)) {
        Some(body) if second < leaves.len() => body.end,
        _ => bytes.len(),
    };
    folder::put(&folder.join(name(0)), &bytes[..from]);
    if from < bytes.len() {
        folder::put(&folder.join(name(second)), &bytes[from..]);
    }
    let before = files(folder);
    let ledger = match Ledger::open(folder, Arc::new(SystemClock)) {
        Ok(ledger) => ledger,
        Err(LedgerError::Damaged { position, .. }) => {
            assert_eq!(position, leaves.len() as u64, "another entry is damaged");
            assert!(files(folder) == before, "what does not open was changed");
            return false;
        }
        Err(other) => panic!("{other}"),
    };
    let cut = bytes.len() - end;
    assert!(is_torn(&bytes[end..]), "what no power cut left was cut");
    let count = leaves.len() as u64 + u64::from(cut > 0);
    assert_eq!(ledger.count(), count);
    let after: Vec<u8> = files(folder).into_values().flatten().collect();
    is_kept(&leaves, cut > 0, &after);

    let records = ledger.read(None, usize::MAX).expect("what opened can be read");
    assert!(records.iter().map(|record| record.position).eq((0..count).rev()));
    if cut > 0 {
        let said = records[0].entry.event.as_ref();
        assert!(matches!(said, Some(Event::TailCut(said)) if said.bytes == cut as u64));
    }
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.hash).collect();
    assert!(cut > 0 || ledger.tree().root() == root(&hashes));
    take_away(&ledger, &leaves);

    let tree = ledger.tree();
    drop(ledger);
    let again = Ledger::open(folder, Arc::new(SystemClock)).expect("what opened opens again");
    assert!(again.tree() == tree, "another ledger when opened again");
    assert!(files(folder).into_values().flatten().eq(after), "opening again changed it");
    true
}

/// Whether a power cut can have left this behind whole entries: it tears the last write and nothing before it. What begins
/// with a whole entry was never torn, nor was what has a whole entry behind it that was written when all before was durable.
fn is_torn(rest: &[u8]) -> bool {
    let whole = |from: usize| {
        let body = bodies(&rest[from..]).into_iter().next()?;
        Plain::read(&rest[from..][body]).filter(Plain::is_right)?.decoded()
    };
    whole(0).is_none()
        && !(1..rest.len()).any(|from| whole(from).is_some_and(|entry| entry.group == 0))
}

/// What was whole is there as it was, but for content that an entry says is erased: what a crash kept from being erased
/// then is erased now.
fn is_kept(leaves: &[Plain], is_cut: bool, after: &[u8]) {
    let said = |leaf: &Plain| match leaf.decoded()?.event? {
        Event::HistoryErased(erased) => Some(erased.before),
        _ => None,
    };
    let erased = leaves.iter().filter_map(said).max().unwrap_or(0);
    let found: Vec<_> = bodies(after).into_iter().map(|body| Plain::read(&after[body])).collect();
    assert_eq!(found.len(), leaves.len() + usize::from(is_cut), "entries went or came");
    for (position, (leaf, found)) in (0..).zip(leaves.iter().zip(found)) {
        let found = found.expect("a leaf");
        assert!(found.hash == leaf.hash, "the hash of entry {position} was changed");
        let gone = found.content.is_none() && position < erased;
        assert!(found.content == leaf.content || gone, "entry {position} was changed");
    }
}

/// An export verifies, if its entries are encoded as ours are. Nothing holds the gate to say what was erased before it
/// came: that is for the verifier to find.
fn take_away(ledger: &Ledger, leaves: &[Plain]) {
    let (key, mut export) = (Key::new(1), Vec::new());
    let authority = Authority { origin: ORIGIN, signer: &key };
    let size = ledger.export(&authority, &mut export).expect("what opened is exported");
    match verify(&export[..], Some(&key.public()), None, |_, _| {}) {
        Ok(verified) => assert_eq!(verified.head.checkpoint.size, size),
        Err(Tampered::Erased { .. }) => {}
        Err(other) => {
            assert!(leaves.iter().any(|leaf| leaf.entry().is_err()), "{other}");
        }
    }
}

fn name(first: usize) -> String {
    format!("{first:020}.seg")
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |file: std::io::Result<fs::DirEntry>| {
        let path = file.expect("a name").path();
        (path.display().to_string(), fs::read(&path).expect("a file of this test"))
    };
    fs::read_dir(folder).expect("this test's folder").map(read).collect()
}
