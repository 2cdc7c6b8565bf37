// SPDX-License-Identifier: Apache-2.0
//! Whole exports, and all that is made of one: verdicts, proofs, the comparison with a recipient's hash (P5).
//!
//! As it is: whatever was done to an export of the phone's, it passes only with the phone's own entries, those that it says
//! were erased left out. Signed anew, as by a phone that lies: the verdict is the plain reader's; what passes can be
//! proven, and an older checkpoint that it does not continue is noticed.

use std::sync::OnceLock;

use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey};
use cloudmessaging_ledger::compare::compare;
use cloudmessaging_ledger::export::Head;
use cloudmessaging_ledger::proof_text::{EntryProof, GrowthProof};
use cloudmessaging_ledger::prove::{prove, prove_growth, ProveError};
use cloudmessaging_ledger::tampered::Tampered;
use cloudmessaging_ledger::verify::verify;
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};
use ledger::{judge, shown, Book, Key, ORIGIN};

use crate::plain::{bodies, is_in_order, mended, root, Plain};
use crate::Seed;

/// The first byte, in its lowest bit. What is above it chooses a position.
const SIGNED: u8 = 1;

struct Phone {
    key: Key,
    public: LedgerKey,
    /// What it wrote.
    book: Book,
    /// The same before anything of it was erased.
    live: Book,
    /// A checkpoint that left it early.
    older: String,
}

fn phone() -> &'static Phone {
    static PHONE: OnceLock<Phone> = OnceLock::new();
    PHONE.get_or_init(|| {
        let (key, book) = (Key::new(1), Book::small());
        let mut live = Book::of(8);
        live.leaves.extend_from_slice(&book.leaves[8..]);
        Phone { public: key.public(), older: book.note_at(&key, 4), key, live, book }
    })
}

pub(crate) fn seeds() -> Vec<Seed> {
    let Phone { key, book, .. } = phone();
    let with = |mode, bytes: &[u8]| [&[mode], bytes].concat();
    let export = book.export(key);
    let mut other = export.clone();
    other[300] ^= 1;
    let body = book.body();
    let offsets = book.offsets();
    let without_third = [&body[..offsets[2]], &body[offsets[3]..]].concat();
    vec![
        Seed::new("export", with(0, &export)),
        Seed::wrong("export-cut", with(0, &export[..export.len() - 100])),
        Seed::wrong("export-changed", with(0, &other)),
        Seed::new("export-of-nothing", with(0, &Book::default().export(key))),
        Seed::new("signed-anew", with(SIGNED | 7 << 1, &body)),
        Seed::wrong("signed-anew-one-missing", with(SIGNED, &without_third)),
        Seed::new("signed-anew-of-two", with(SIGNED | 1 << 1, &Book::of(2).body())),
    ]
}

pub(crate) fn run(data: &[u8]) -> bool {
    let Some((first, bytes)) = data.split_first() else { return false };
    match first % 2 {
        SIGNED => signed(&mended(bytes), usize::from(first >> 1)),
        _ => as_it_is(bytes, u64::from(first >> 1)),
    }
}

fn as_it_is(export: &[u8], position: u64) -> bool {
    let Phone { public, book, live, older, .. } = phone();
    let mut leaves = Vec::new();
    let verdict = verify(export, Some(public), None, |at, leaf| {
        leaves.push((at, *leaf.hash, leaf.content.map(|(_, entry)| entry.to_vec())));
    });
    let continues = verify(export, Some(public), Some(older), |_, _| {});
    let proof = prove(export, Some(public), position);
    let growth = prove_growth(export, Some(public), older);
    let compared = compare(export, Some(public), &[1; 32]);
    assert_eq!(verdict.is_ok(), compared.is_ok());
    assert_eq!(continues.is_ok(), growth.is_ok());
    match &verdict {
        Ok(verified) => {
            assert!(verified.head.checkpoint == book.checkpoint_at(leaves.len()));
            let entry = |leaf: &ledger::Leaf| {
                let body = bodies(&leaf.bytes).remove(0);
                Plain::read(&leaf.bytes[body]).and_then(|leaf| leaf.content).map(|(_, entry)| entry)
            };
            for (at, hash, content) in leaves {
                let own = &live.leaves[at as usize];
                assert!(hash == own.hash && (content.is_none() || content == entry(own)));
            }
        }
        Err(_) => assert!(continues.is_err() && proof.is_err()),
    }
    assert!(!matches!(proof, Err(ProveError::Wrong(_))), "a proof that proves nothing");
    assert!(!matches!(growth, Err(ProveError::Wrong(_))), "a proof that proves nothing");
    // Whose it is is not known: it may be any key's, but not without that key.
    if let Ok(verified) = judge(export, None) {
        assert!(verified.head.key != *public || verdict.is_ok());
    }
    verdict.is_ok()
}

fn signed(body: &[u8], position: usize) -> bool {
    let Phone { key, public, .. } = phone();
    let mut leaves = Vec::new();
    let mut end = 0;
    for range in bodies(body) {
        let Some(leaf) = Plain::read(&body[range.clone()]).filter(Plain::is_right) else { break };
        leaves.push(leaf);
        end = range.end;
    }
    let hashes: Vec<_> = leaves.iter().map(|leaf| leaf.hash).collect();
    let checkpoint = |size, root| Checkpoint { origin: ORIGIN.into(), size: size as u64, root };
    let note = |checkpoint: Checkpoint| checkpoint.sign(key).expect("a key in memory");
    let head = Head::encode(public, note(checkpoint(leaves.len(), root(&hashes))));
    let export = [&head[..], body].concat();
    let verdict = judge(&export, None);
    let entries: Result<Vec<_>, ()> = leaves.iter().map(Plain::entry).collect();
    if end < body.len() {
        // Behind the last that is one, if all of those are.
        let added = matches!(verdict, Err(Tampered::Added { .. }));
        assert!(added || entries.is_err() && verdict.is_err(), "{}", shown(&verdict));
        return false;
    }
    if let Ok(entries) = &entries {
        assert_eq!(verdict.is_ok(), is_in_order(entries), "{}", shown(&verdict));
    }
    if verdict.is_err() {
        return false;
    }

    let size = position % (leaves.len() + 1);
    let of_size = root(&hashes[..size]);
    let older = note(checkpoint(size, of_size));
    assert!(judge(&export, Some(&older)).is_ok());
    let growth = prove_growth(&export[..], None, &older).expect("it has grown");
    let read = GrowthProof::parse(&growth.write()).expect("its own text");
    assert!(read == growth && read.verify(public, &checkpoint(size, of_size)).is_ok());

    let mut other = of_size;
    other[position % 32] ^= 1;
    let foreign = judge(&export, Some(&note(checkpoint(size, other))));
    assert!(matches!(foreign, Err(Tampered::Rewritten { older }) if older == size as u64));
    assert!(read.verify(public, &checkpoint(size, other)).is_err());

    match (prove(&export[..], None, size as u64), leaves.get(size)) {
        (Ok(proof), Some(Plain { content: Some(content), .. })) => {
            let read = EntryProof::parse(&proof.write()).expect("its own text");
            assert!(read == proof && read.verify(public).is_ok());
            assert!((read.blinding, read.entry) == *content);
        }
        (Err(ProveError::Erased(_)), Some(Plain { content: None, .. }))
        | (Err(ProveError::NoEntry { .. }), None) => {}
        (Err(error), _) => panic!("{error}"),
        (Ok(_), _) => panic!("a proof of nothing"),
    }
    if let Ok(entries) = entries {
        find(&export, &entries, &hashes);
    }
    true
}

/// The hash that the recipient of the first message got is found.
fn find(export: &[u8], entries: &[Option<Entry>], hashes: &[[u8; 32]]) {
    for entry in entries.iter().flatten() {
        let Some(Event::Intent(intent)) = &entry.event else { continue };
        if intent.checkpoint_nonce.is_empty() || intent.checkpoint_size > entry.position {
            continue;
        }
        let (origin, size) = (ORIGIN.into(), intent.checkpoint_size);
        let checkpoint = Checkpoint { origin, size, root: root(&hashes[..size as usize]) };
        let hash = checkpoint.salted_hash(&intent.checkpoint_nonce);
        let opened = compare(export, None, &hash).ok().and_then(|compared| compared.opened);
        return assert!(opened.is_some_and(|opened| opened.checkpoint == checkpoint));
    }
}
