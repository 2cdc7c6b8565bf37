// SPDX-License-Identifier: Apache-2.0
//! Segments and pages.

use super::super::write::SEGMENT;
use super::*;

#[test]
fn segments_roll_over_and_are_named_by_their_first_entry() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    let mut starts = vec![0];
    for n in 0..700 {
        ledger.append(large(4000)).unwrap();
        let current = place.segment(*starts.last().unwrap());
        if place.segment(n).exists() && n > 0 {
            starts.push(n);
        } else {
            assert!(fs::metadata(current).unwrap().len() < SEGMENT + 5000);
        }
    }
    assert_eq!(starts.len(), 3, "{starts:?}");
    drop(ledger);

    let ledger = place.open().unwrap();
    assert_eq!(ledger.count(), 700);
    let positions: Vec<_> = ledger.read(None, 700).unwrap().iter().map(|r| r.position).collect();
    assert_eq!(positions, (0..700).rev().collect::<Vec<_>>());
    assert_eq!(ledger.append(event(1)), Ok(700));
}

#[test]
fn pages_of_any_size_meet_without_a_gap_across_segments() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    for n in 0..600 {
        ledger.append(if n % 2 == 0 { large(4000) } else { event(n) }).unwrap();
    }
    assert!(fs::read_dir(&place.ledger).unwrap().count() > 1);
    for limit in [1, 7, 200, 599, 600, 601] {
        let mut positions = Vec::new();
        let mut before = None;
        loop {
            let page = ledger.read(before, limit).unwrap();
            assert!(page.len() <= limit);
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.position);
            positions.extend(page.iter().map(|r| r.position));
            if limit == 1 && positions.len() > 20 {
                break;
            }
        }
        let lowest = *positions.last().unwrap();
        assert_eq!(positions, (lowest..600).rev().collect::<Vec<_>>(), "{limit}");
        assert!(limit == 1 || lowest == 0);
    }
}

#[test]
fn the_edges_of_reading() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    assert!(ledger.last().unwrap().is_none());
    assert!(ledger.read(None, 10).unwrap().is_empty());
    ledger.append(event(0)).unwrap();
    ledger.append(event(1)).unwrap();
    assert!(ledger.read(None, 0).unwrap().is_empty());
    assert!(ledger.read(Some(0), 10).unwrap().is_empty());
    assert_eq!(ledger.read(Some(u64::MAX), 10).unwrap().len(), 2);
    assert_eq!(ledger.read(Some(1), 10).unwrap()[0].position, 0);
    assert_eq!(ledger.last().unwrap().unwrap().position, 1);
}

#[test]
fn the_newest_of_a_kind_is_found_in_an_older_segment() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    ledger.append(event(1)).unwrap();
    ledger.append(event(2)).unwrap();
    for _ in 0..600 {
        ledger.append(large(4000)).unwrap();
    }
    let intent = |e: &Entry| event_name(e) == "intent";
    assert_eq!(ledger.newest(intent).unwrap().unwrap().position, 1);
    assert!(ledger.newest(|e| event_name(e) == "boot").unwrap().is_none());
}
