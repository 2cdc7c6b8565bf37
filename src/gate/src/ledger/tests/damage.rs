// SPDX-License-Identifier: Apache-2.0
//! What was durable and is not as it was written any more: named, and left alone.

use super::*;
use cloudmessaging_wire::proto::ledger::Leaf;
use prost::Message as _;

fn ledger_of(count: u32) -> Place {
    let place = Place::new();
    let ledger = place.open().unwrap();
    for n in 0..count {
        ledger.append(event(n)).unwrap();
    }
    place
}

/// Where each leaf ends.
fn ends(segment: &[u8]) -> Vec<usize> {
    let mut leaves = super::super::leaf::Leaves::new(segment);
    std::iter::from_fn(|| leaves.read().unwrap().is_some().then(|| leaves.offset() as usize))
        .collect()
}

#[test]
fn every_flipped_bit_is_found_and_the_entry_named() {
    let place = ledger_of(4);
    let path = place.segment(0);
    let whole = fs::read(&path).unwrap();
    let ends = ends(&whole);
    assert_eq!(ends.len(), 4);
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let hit = ends.iter().filter(|end| **end <= bit / 8).count() as u64;
        if hit < 3 {
            // Later entries say that it was durable: not torn, and not to be cut.
            match place.fails() {
                LedgerError::Damaged { position, file, .. } => {
                    assert_eq!((position, file), (hit, disk_name(0)), "bit {bit}");
                }
                other => panic!("bit {bit}: {other}"),
            }
            assert!(fs::read(&path).unwrap() == flipped, "bit {bit}: left as it was");
        } else {
            // Nothing tells a flipped bit in the last entry from a torn write: it goes, and the ledger says so.
            let ledger = place.open().unwrap();
            assert_eq!(numbers(&ledger), [0, 1, 2], "bit {bit}");
            assert_eq!(event_name(&ledger.last().unwrap().unwrap().entry), "tail_cut", "bit {bit}");
        }
    }
}

#[test]
fn an_error_says_which_entry_in_which_file_and_what() {
    let place = ledger_of(2);
    let mut content = fs::read(place.segment(0)).unwrap();
    content[50] ^= 1;
    fs::write(place.segment(0), content).unwrap();
    assert_eq!(
        place.fails().to_string(),
        "entry 0 in 00000000000000000000.seg: its content is not what its hash says"
    );
}

#[test]
fn damage_that_happens_while_open_is_found_by_reading() {
    let place = ledger_of(0);
    let ledger = place.open().unwrap();
    for n in 0..3 {
        ledger.append(event(n)).unwrap();
    }
    let mut content = fs::read(place.segment(0)).unwrap();
    let each = content.len() / 3;
    content[each + 40] ^= 1;
    fs::write(place.segment(0), content).unwrap();
    assert!(ledger.read(None, 1).is_ok());
    let error = ledger.read(None, 2).err().unwrap();
    assert!(matches!(error, LedgerError::Damaged { position: 1, .. }), "{error}");
}

#[test]
fn more_behind_the_last_entry_than_one_write_can_leave_is_damage() {
    let place = ledger_of(1);
    let mut content = fs::read(place.segment(0)).unwrap();
    content.resize(content.len() + super::super::write::GROUP_MAX + 1, 0);
    fs::write(place.segment(0), &content).unwrap();
    assert!(matches!(place.fails(), LedgerError::Damaged { position: 1, .. }));
}

#[test]
fn a_missing_segment_is_named() {
    let place = ledger_of(2);
    for present in [5, 1] {
        let other = place.segment(present);
        fs::rename(place.segment(0), &other).unwrap();
        let (file, flaw) = (disk_name(0), Flaw::Missing);
        assert_eq!(place.fails(), LedgerError::Damaged { file, position: 0, flaw });
        fs::rename(other, place.segment(0)).unwrap();
    }
    fs::copy(place.segment(0), place.segment(3)).unwrap();
    let (file, flaw) = (disk_name(2), Flaw::Missing);
    assert_eq!(place.fails(), LedgerError::Damaged { file, position: 2, flaw });
}

/// A flipped bit in a length can make the next leaf look like such a field.
#[test]
fn a_leaf_with_a_field_of_no_meaning_is_damage() {
    let place = ledger_of(2);
    let content = fs::read(place.segment(0)).unwrap();
    let (first, rest) = content.split_at(ends(&content)[0]);
    let mut longer = first.to_vec();
    longer[0] += 3;
    longer.extend([8 << 3 | 2, 1, 0]);
    longer.extend(rest);
    fs::write(place.segment(0), longer).unwrap();
    let (file, flaw) = (disk_name(0), Flaw::Leaf);
    assert_eq!(place.fails(), LedgerError::Damaged { file, position: 0, flaw });
}

#[test]
fn an_entry_whose_content_was_erased_is_whole_and_reads_as_erased() {
    let place = ledger_of(3);
    let content = fs::read(place.segment(0)).unwrap();
    let mut rest = &content[..];
    let mut erased = Vec::new();
    for n in 0..3 {
        let mut leaf = Leaf::decode_length_delimited(&mut rest).unwrap();
        if n < 2 {
            (leaf.blinding, leaf.entry) = Default::default();
        }
        erased.extend(leaf.encode_length_delimited_to_vec());
    }
    fs::write(place.segment(0), erased).unwrap();
    let ledger = place.open().unwrap();
    assert_eq!((ledger.count(), numbers(&ledger)), (3, vec![2]));
    let oldest = ledger.read(Some(1), 1).unwrap().remove(0);
    assert_eq!((event_name(&oldest.entry), oldest.bytes.len()), ("erased", 0));
}

#[test]
fn an_entry_of_a_newer_version_is_shown_as_such_and_left_untouched() {
    let place = ledger_of(1);
    // Schema version 9, position 1, and field 99, a string.
    let entry = [&[0x08, 9, 0x28, 1, 0x9a, 0x06, 3], &b"new"[..]].concat();
    let (leaf, _) = super::super::leaf::encode(&[7; 16], entry.clone());
    let mut content = fs::read(place.segment(0)).unwrap();
    content.extend(leaf);
    fs::write(place.segment(0), &content).unwrap();
    let ledger = place.open().unwrap();
    let last = ledger.last().unwrap().unwrap();
    assert_eq!(summary(&last.entry), "Written by a newer version (9)");
    assert_eq!(last.bytes, entry);
    drop(ledger);
    assert!(fs::read(place.segment(0)).unwrap() == content);
}

#[test]
fn an_entry_that_stands_where_another_was_is_damage_and_not_a_torn_end() {
    type Change = fn(&mut Vec<Vec<u8>>);
    let changes: [(Change, u64); 5] = [
        (|leaves| leaves.swap(1, 2), 1),
        (|leaves| leaves.swap(3, 4), 3),
        (|leaves| drop(leaves.remove(0)), 0),
        (|leaves| drop(leaves.remove(3)), 3),
        (|leaves| leaves.insert(2, leaves[1].clone()), 2),
    ];
    for (change, at) in changes {
        let place = ledger_of(5);
        let whole = fs::read(place.segment(0)).unwrap();
        let ends = ends(&whole);
        let begins = std::iter::once(0).chain(ends.iter().copied());
        let mut leaves: Vec<_> =
            begins.zip(&ends).map(|(begin, end)| whole[begin..*end].to_vec()).collect();
        change(&mut leaves);
        fs::write(place.segment(0), leaves.concat()).unwrap();
        let why = place.fails();
        assert!(
            matches!(why, LedgerError::Damaged { position, flaw: Flaw::Position, .. } if position == at),
            "{why}"
        );
        assert_eq!(fs::read(place.segment(0)).unwrap(), leaves.concat(), "left as it is");
    }
}
