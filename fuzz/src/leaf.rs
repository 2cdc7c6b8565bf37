// SPDX-License-Identifier: Apache-2.0
//! Leaves one behind the other, as a segment and an export have them, and what their entries say to a person (P5).
//!
//! A leaf has one encoding: what is taken for one makes the same bytes again. The reader takes exactly those that the
//! plain one takes, and knows a cut leaf by how a leaf of that length has to begin.

use cloudmessaging_ledger::filter::{Filter, EVENT_NAMES};
use cloudmessaging_ledger::leaf::{encode, encode_erased, Flaw, LeafRef, Leaves, Stop, BLINDING};
use cloudmessaging_ledger::statement::{event_name, summary};
use cloudmessaging_ledger::totals::Totals;
use cloudmessaging_ledger::tree::leaf_hash;
use cloudmessaging_wire::proto::ledger::{
    entry::Event, Boot, ClassChange, Entry, Erasure, Found, HistoryErased, NumberMoved,
    PolicyChange, Refused, TailCut, Withdraw,
};
use ledger::Book;

use crate::plain::{bodies, mend, mended, Plain};
use crate::Seed;

pub(crate) fn run(data: &[u8]) -> bool {
    let as_it_is = walk(data);
    walk(&mended(data)) | as_it_is
}

pub(crate) fn seeds() -> Vec<Seed> {
    let body = Book::small().body();
    let event = Some(Event::Boot(Boot { build_fingerprint: "x".repeat(200) }));
    let entry = Entry { schema_version: 1, event, ..Entry::default() };
    let long = ledger::Leaf::new(&[7; BLINDING], &entry);
    vec![
        Seed::new("small-book", body.clone()),
        Seed::new("every-event", every_event()),
        Seed::wrong("last-leaf-cut", body[..body.len() - 20].to_vec()),
        Seed::new("long-entry", long.bytes.clone()),
        Seed::wrong("long-entry-cut", long.bytes[..60].to_vec()),
        Seed::new("erased", long.erased().bytes),
    ]
}

/// A leaf of each kind that [`Book`] has none of.
fn every_event() -> Vec<u8> {
    let found = || Found { reason: "NO_RECORD".into(), ..Found::default() };
    let events = [
        Event::Withdraw(Withdraw { lease_until_ms: 1_790_000_000_000, ..Withdraw::default() }),
        Event::FoundOn(found()),
        Event::FoundOff(found()),
        Event::ClassChange(ClassChange { data_class: 9, allowed: true, ..ClassChange::default() }),
        Event::PolicyChange(PolicyChange { reason: "POLICY".into() }),
        Event::Erasure(Erasure { stage: 1 }),
        Event::TailCut(TailCut { bytes: 7 }),
        Event::Refused(Refused { reason: "SIGNATURE".into(), count: 3 }),
        Event::NumberMoved(NumberMoved { subscription_id: 1 }),
        Event::HistoryErased(HistoryErased { before: 3, asked: true, ..HistoryErased::default() }),
    ];
    let leaf = |(position, event)| {
        let (wall_ms, event) = (1_789_000_000_000, Some(event));
        let entry = Entry { schema_version: 1, wall_ms, position, event, ..Entry::default() };
        ledger::Leaf::new(&[7; BLINDING], &entry).bytes
    };
    (0..).zip(events).flat_map(leaf).collect()
}

/// Whether all of it are leaves.
fn walk(bytes: &[u8]) -> bool {
    let mut leaves = Leaves::new(bytes);
    let (mut end, mut good) = (0, true);
    for range in bodies(bytes) {
        match leaves.read() {
            Ok(Some(body)) => assert_eq!(*body, bytes[range.clone()]),
            _ => panic!("a whole leaf was not read"),
        }
        assert_eq!(leaves.offset(), range.end as u64);
        good &= judge(&bytes[range.clone()], &bytes[end..range.end]);
        end = range.end;
    }
    let rest = &bytes[end..];
    match leaves.read() {
        Ok(None) => assert!(rest.is_empty()),
        Ok(Some(_)) => panic!("a leaf where there is none"),
        Err(Stop::Io(error)) => panic!("{error}"),
        Err(Stop::Flaw(Flaw::Length)) => {}
        Err(Stop::Flaw(Flaw::Short)) => cut(rest, leaves.is_cut()),
        Err(Stop::Flaw(flaw)) => panic!("{flaw:?}"),
    }
    good && rest.is_empty()
}

/// One leaf, without and with its length.
fn judge(body: &[u8], whole: &[u8]) -> bool {
    match (LeafRef::check(body), Plain::read(body)) {
        (Ok(leaf), Some(plain)) => {
            assert!(plain.is_right() && *leaf.hash == plain.hash);
            let again = match leaf.content {
                Some((blinding, entry)) => encode(blinding, entry.to_vec()),
                None => (encode_erased(leaf.hash), *leaf.hash),
            };
            assert!(again.0 == whole && again.1 == plain.hash, "encoded otherwise");
            say(&leaf);
            true
        }
        (Err(Flaw::Hash), Some(plain)) => {
            assert!(!plain.is_right());
            false
        }
        (Err(Flaw::Leaf), None) => false,
        (found, plain) => {
            panic!("{:?}, and for the plain reader {}", found.err(), plain.is_some())
        }
    }
}

/// What it says to a person, whatever it says.
fn say(leaf: &LeafRef<'_>) {
    let Ok(entry) = leaf.entry() else { return };
    let entry = entry.unwrap_or_default();
    assert!(!summary(&entry).contains(char::is_control));
    let name = event_name(&entry);
    assert!(EVENT_NAMES.contains(&name));
    let only = Filter::default().event(name).expect("a name in the list");
    assert!(only.passes(&entry));
    Totals::new(3_600_000).add(&entry);
}

/// What is there of a last leaf that is not whole: it was cut if, and only if, it can be completed to one.
fn cut(rest: &[u8], is_cut: bool) {
    let mut there = rest;
    let Ok(length) = prost::decode_length_delimiter(&mut there) else {
        // Half a length.
        return assert!(is_cut && rest.len() == 1);
    };
    let of_length = |leaf: &Vec<u8>| leaf.len() == rest.len() - there.len() + length;
    let with_content = [54, 55].into_iter().filter_map(|around| {
        let entry = length.checked_sub(around).filter(|entry| *entry > 0)?;
        Some(encode(&[0; BLINDING], vec![0; entry]).0)
    });
    let mut whole = with_content
        .chain([encode_erased(&leaf_hash(&[], &[]))])
        .find(of_length)
        .unwrap_or_default();
    if !whole.is_empty() {
        whole[..rest.len()].copy_from_slice(rest);
        let body = &mut whole[rest.len() - there.len()..];
        mend(body);
        assert_eq!(LeafRef::check(body).is_ok(), is_cut, "{} of {length} bytes", there.len());
    } else {
        assert!(!is_cut, "no leaf has {length} bytes");
    }
}
