// SPDX-License-Identifier: Apache-2.0
//! Durable when append returns, shared syncs, and what happens when the disk fails or hangs.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::disk::{Call, Control, Fault};
use super::*;

/// What this returns, if it does.
fn within<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || sender.send(f()));
    receiver.recv_timeout(LONG).expect("it never returned")
}

#[test]
fn an_entry_is_written_and_synced_before_append_returns() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    assert_eq!(ledger.append(event(0)), Ok(0));
    assert!(matches!(disk.calls()[..], [Call::Make, Call::Append(_), Call::Sync]));
    assert_eq!(ledger.append(event(1)), Ok(1));
    assert!(matches!(disk.calls()[..], [Call::Append(_), Call::Sync]));
}

#[test]
fn an_entry_is_not_read_before_it_is_durable() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    ledger.append(event(0)).unwrap();
    disk.hang(true);
    let appending = ledger.append_detached(event(1)).unwrap();
    disk.until_held();
    assert_eq!((ledger.count(), numbers(&ledger)), (1, vec![0]));
    disk.hang(false);
    assert_eq!(appending.wait(LONG), Ok(1));
    assert_eq!((ledger.count(), numbers(&ledger)), (2, vec![0, 1]));
}

#[test]
fn appends_that_come_during_a_sync_share_the_next() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = Arc::new(disk.open(&place).unwrap());
    disk.hang(true);
    let first = ledger.append_detached(event(0)).unwrap();
    disk.until_held();
    let rest: Vec<_> = (1..33).map(|n| ledger.append_detached(event(n)).unwrap()).collect();
    disk.hang(false);
    first.wait(LONG).unwrap();
    for appending in rest {
        appending.wait(LONG).unwrap();
    }
    assert_eq!(disk.syncs(), 2, "one for the first, one for the 32 that came meanwhile");
    let groups: Vec<_> =
        ledger.read(None, 33).unwrap().iter().rev().map(|r| r.entry.group).collect();
    assert_eq!(groups, [0].into_iter().chain(0..32).collect::<Vec<_>>());
}

#[test]
fn eight_threads_keep_count_and_each_its_order() {
    let place = Place::new();
    let ledger = Arc::new(place.open().unwrap());
    let threads: Vec<_> = (0..8)
        .map(|t| {
            let ledger = ledger.clone();
            thread::spawn(move || {
                (0..200).map(|n| ledger.append(event(t * 1000 + n)).unwrap()).collect::<Vec<_>>()
            })
        })
        .collect();
    let positions: Vec<Vec<u64>> = threads.into_iter().map(|t| t.join().unwrap()).collect();

    let numbers = numbers(&ledger);
    assert_eq!((numbers.len(), ledger.count()), (1600, 1600));
    for (t, positions) in positions.iter().enumerate() {
        assert!(positions.is_sorted_by(|a, b| a < b));
        for (n, &position) in positions.iter().enumerate() {
            assert_eq!(numbers[position as usize] as usize, t * 1000 + n);
        }
    }
    drop(ledger);
    assert_eq!(place.open().unwrap().count(), 1600);
}

#[test]
fn after_a_failed_sync_nothing_is_written_until_it_is_opened_again() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    ledger.append(event(0)).unwrap();
    let size = fs::metadata(place.segment(0)).unwrap().len();
    disk.fail(Some(Fault::Sync(Errno::EIO)));
    let error = ledger.append(event(1)).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot make durable {}: {}", disk_name(0), Errno::EIO));

    disk.fail(None);
    disk.calls();
    let error = ledger.append(event(2)).unwrap_err();
    assert!(matches!(error, LedgerError::Stopped(_)));
    assert!(error.to_string().starts_with("the ledger stopped writing: cannot make durable"));
    assert!(ledger.append_detached(event(3)).is_err());
    assert_eq!(disk.calls(), [], "a failed fsync is not tried again");
    assert_eq!(numbers(&ledger), [0], "what was durable before can still be read");

    drop(ledger);
    let ledger = disk.open(&place).unwrap();
    let lost = fs::metadata(place.segment(0)).unwrap().len() - size;
    let again = [Call::Settle(lost as usize)];
    assert_eq!(disk.calls(), again, "what may have got lost is written once more");
    ledger.append(event(4)).unwrap();
    assert_eq!(numbers(&ledger), [0, 1, 4]);
}

#[test]
fn all_who_shared_a_failed_sync_are_told() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    disk.fail(Some(Fault::Sync(Errno::EIO)));
    disk.hang(true);
    let shared = ledger.append_detached(event(0)).unwrap();
    disk.until_held();
    let behind = ledger.append_detached(event(1)).unwrap();
    disk.hang(false);
    assert!(matches!(shared.wait(LONG), Err(LedgerError::Io { attempt: Attempt::Sync, .. })));
    assert!(matches!(behind.wait(LONG), Err(LedgerError::Stopped(_))));
}

#[test]
fn a_full_disk_is_named_and_what_was_half_written_is_cut_when_there_is_room() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    ledger.append(event(0)).unwrap();
    disk.fail(Some(Fault::AppendAfter(9, Errno::ENOSPC)));
    let error = ledger.append(event(1)).unwrap_err();
    assert!(error.is_full(), "{error}");
    assert!(matches!(error, LedgerError::Io { attempt: Attempt::Write, errno: Errno::ENOSPC, .. }));
    assert!(ledger.append(event(2)).unwrap_err().is_full());
    drop(ledger);

    disk.fail(None);
    let ledger = disk.open(&place).unwrap();
    assert_eq!(event_name(&ledger.last().unwrap().unwrap().entry), "tail_cut");
    assert_eq!(ledger.append(event(3)), Ok(2));
    assert_eq!(numbers(&ledger), [0, 3]);
}

#[test]
fn a_write_that_takes_nothing_leaves_nothing_to_cut() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    disk.fail(Some(Fault::Append(Errno::EDQUOT)));
    assert!(ledger.append(event(0)).unwrap_err().is_full());
    drop(ledger);
    disk.fail(None);
    assert_eq!(disk.open(&place).unwrap().append(event(1)), Ok(0));
}

#[test]
fn a_hanging_disk_does_not_delay_append_detached() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = Arc::new(disk.open(&place).unwrap());
    disk.hang(true);
    let stuck = thread::spawn({
        let ledger = ledger.clone();
        move || ledger.append(event(0))
    });
    disk.until_held();

    let begin = Instant::now();
    let appending = ledger.append_detached(event(1)).expect("not delayed");
    assert!(begin.elapsed() < Duration::from_millis(100), "{:?}", begin.elapsed());
    assert_eq!(appending.wait(Duration::from_millis(20)), Err(LedgerError::NotYet));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());

    disk.hang(false);
    assert_eq!(stuck.join().unwrap(), Ok(0));
    assert_eq!(appending.wait(LONG), Ok(1));
}

#[test]
fn a_detached_entry_is_written_though_nobody_waits() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    drop(ledger.append_detached(event(7)).unwrap());
    drop(ledger);
    assert_eq!(numbers(&place.reopen()), [7]);
}

#[test]
fn what_waits_for_a_hanging_disk_is_bounded() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = disk.open(&place).unwrap();
    disk.hang(true);
    let first = ledger.append_detached(event(0)).unwrap();
    disk.until_held();
    let refused = (0..1000).find_map(|_| ledger.append_detached(large(4000)).err());
    assert_eq!(refused, Some(LedgerError::Backlog));
    disk.hang(false);
    first.wait(LONG).unwrap();
    ledger.append(event(1)).unwrap();
    assert_eq!(numbers(&ledger), [0, 1]);
}

#[test]
fn a_panic_in_a_write_stops_the_ledger_and_nobody_waits_for_ever() {
    let (place, disk) = (Place::new(), Control::default());
    let ledger = Arc::new(disk.open(&place).unwrap());
    disk.fail(Some(Fault::Panic));
    let panicked = thread::spawn({
        let ledger = ledger.clone();
        move || ledger.append(event(0))
    });
    assert!(panicked.join().is_err());
    let stopped = LedgerError::Stopped(Box::new(LedgerError::Interrupted));
    assert_eq!(within(move || ledger.append(event(1))), Err(stopped));
}

#[test]
fn an_entry_too_large_is_refused_and_harms_nothing() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    assert!(matches!(ledger.append(large(ENTRY_MAX)), Err(LedgerError::TooLarge(_))));
    assert_eq!(ledger.append(event(1)), Ok(0));
}

#[test]
fn entries_carry_both_clocks() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    ledger.append(event(0)).unwrap();
    place.clock.advance(500);
    ledger.append(event(1)).unwrap();
    let times: Vec<_> = ledger
        .read(None, 2)
        .unwrap()
        .iter()
        .map(|r| (r.position, r.entry.schema_version, r.entry.wall_ms, r.entry.boot_ms))
        .collect();
    assert_eq!(times, [(1, 1, 1_500, 510), (0, 1, 1_000, 10)]);
}
