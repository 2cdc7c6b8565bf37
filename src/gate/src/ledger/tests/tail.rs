// SPDX-License-Identifier: Apache-2.0
//! What a power cut leaves of the last write, cut back.

use super::disk::{Control, Fault};
use super::*;
use nix::errno::Errno;

/// Three entries, and where each ends in the file.
fn three() -> (Place, Vec<usize>) {
    let place = Place::new();
    let ledger = place.open().unwrap();
    let ends = (0..3)
        .map(|n| {
            ledger.append(event(n)).unwrap();
            fs::metadata(place.segment(0)).unwrap().len() as usize
        })
        .collect();
    (place, ends)
}

fn cut_bytes(ledger: &Ledger) -> Option<u64> {
    match ledger.last().unwrap()?.entry.event {
        Some(Event::TailCut(cut)) => Some(cut.bytes),
        _ => None,
    }
}

/// Writes the file anew with this content, opens it, and gives the ledger.
fn opened_with(place: &Place, content: &[u8]) -> Ledger {
    fs::write(place.segment(0), content).unwrap();
    place.open().unwrap()
}

#[test]
fn a_tail_torn_at_any_length_is_cut_to_the_last_whole_entry_and_the_cut_is_an_entry() {
    let (place, ends) = three();
    let whole = fs::read(place.segment(0)).unwrap();
    for length in 0..=whole.len() {
        let kept = ends.iter().filter(|end| **end <= length).count();
        let end = kept.checked_sub(1).map_or(0, |last| ends[last]);
        let ledger = opened_with(&place, &whole[..length]);
        assert_eq!(numbers(&ledger), (0..kept as u32).collect::<Vec<_>>(), "{length}");
        let cut = (length > end).then_some((length - end) as u64);
        assert_eq!(cut_bytes(&ledger), cut, "{length}");
        assert_eq!(ledger.count(), kept as u64 + u64::from(cut.is_some()), "{length}");

        // What was settled stays settled, and takes entries.
        assert_eq!(ledger.append(event(9)).unwrap() + 1, ledger.count());
        let count = ledger.count();
        drop(ledger);
        assert_eq!(place.open().unwrap().count(), count, "{length}");
    }
}

#[test]
fn zeros_and_noise_where_the_last_entry_should_be_are_cut() {
    let (place, ends) = three();
    let whole = fs::read(place.segment(0)).unwrap();
    for filler in [0x00, 0x7f, 0xff] {
        for size in [1, 2, 100, 5000, 100_000] {
            let mut content = whole[..ends[1]].to_vec();
            content.resize(ends[1] + size, filler);
            let ledger = opened_with(&place, &content);
            assert_eq!((numbers(&ledger), cut_bytes(&ledger)), (vec![0, 1], Some(size as u64)));
            drop(ledger);
            assert_eq!(place.open().unwrap().count(), 3, "nothing is left to cut");
        }
    }
}

/// A disk writes the pages of one write in any order: a later part of the last group may be there, and an
/// earlier one not.
#[test]
fn a_group_torn_in_its_middle_is_cut_there() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    ledger.append(event(0)).unwrap();
    let before = fs::metadata(place.segment(0)).unwrap().len() as usize;
    disk.hang(true);
    let mut under_way = vec![ledger.append_detached(event(1)).unwrap()];
    disk.until_held();
    under_way.extend((2..6).map(|n| ledger.append_detached(event(n)).unwrap()));
    let group = fs::metadata(place.segment(0)).unwrap().len() as usize;
    disk.hang(false);
    for appending in under_way {
        appending.wait(LONG).unwrap();
    }
    assert!(before < group);
    drop(ledger);
    drop(place.reopen());

    let whole = fs::read(place.segment(0)).unwrap();
    let mut torn = whole.clone();
    torn[group..group + 8].fill(0);
    let ledger = opened_with(&place, &torn);
    assert_eq!(numbers(&ledger), [0, 1]);
    assert_eq!(cut_bytes(&ledger), Some((whole.len() - group) as u64));
}

#[test]
fn a_power_cut_during_the_cut_itself_loses_neither_the_entries_nor_the_fact() {
    let (place, ends) = three();
    let whole = fs::read(place.segment(0)).unwrap();
    let torn = &whole[..ends[2] - 5];
    drop(opened_with(&place, torn));
    let settled = fs::read(place.segment(0)).unwrap();
    assert_eq!(settled[..ends[1]], whole[..ends[1]]);
    // Every mix of the settled bytes and the torn ones that a cut power could leave, in the file's order.
    for written in ends[1]..settled.len() {
        let mut content = settled[..written].to_vec();
        content.extend_from_slice(torn.get(written..).unwrap_or(&[]));
        let ledger = opened_with(&place, &content);
        assert_eq!(numbers(&ledger), [0, 1], "{written}");
        assert!(cut_bytes(&ledger).is_some(), "{written}");
    }
}

#[test]
fn an_unwritten_new_segment_is_not_torn() {
    let (place, _) = three();
    fs::copy(place.segment(0), place.segment(3)).unwrap();
    fs::OpenOptions::new().write(true).open(place.segment(3)).unwrap().set_len(0).unwrap();
    let ledger = place.open().unwrap();
    assert_eq!((numbers(&ledger), ledger.append(event(3))), (vec![0, 1, 2], Ok(3)));
}

#[test]
fn only_the_last_segment_can_be_torn() {
    let (place, ends) = three();
    fs::copy(place.segment(0), place.segment(3)).unwrap();
    let first = fs::OpenOptions::new().write(true).open(place.segment(0)).unwrap();
    first.set_len(ends[2] as u64 - 1).unwrap();
    let flaw = Flaw::Short;
    assert_eq!(place.fails(), LedgerError::Damaged { file: disk_name(0), position: 2, flaw });
    assert_eq!(first.metadata().unwrap().len(), ends[2] as u64 - 1, "left as it was");
}

#[test]
fn a_full_disk_while_settling_leaves_the_tail_torn() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    ledger.append(event(0)).unwrap();
    disk.fail(Some(Fault::AppendAfter(20, Errno::ENOSPC)));
    ledger.append(event(1)).unwrap_err();
    drop(ledger);
    let torn = fs::read(place.segment(0)).unwrap();
    disk.fail(Some(Fault::Settle(Errno::ENOSPC)));
    assert!(disk.open(&place).err().unwrap().is_full());
    assert_eq!(fs::read(place.segment(0)).unwrap(), torn);
    disk.fail(None);
    assert_eq!(cut_bytes(&disk.open(&place).unwrap()), Some(20));
}
