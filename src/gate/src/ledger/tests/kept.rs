// SPDX-License-Identifier: Apache-2.0
//! What becomes of a ledger whose disk fails for a while, and of one that grows for long.

use cloudmessaging_wire::proto::ledger::{Grant, HistoryErased, Withdraw};
use nix::errno::Errno;

use super::disk::{Control, Fault};
use super::*;
use crate::ledger::kept::Kept;

const RECORD: [u8; 16] = [7; 16];

fn kept(place: &Place, control: &Control, keep: Retention) -> Kept {
    let (control, ledger, clock) = (control.clone(), place.ledger.clone(), place.clock.clone());
    let open = move || control.open_at(&ledger, clock.clone());
    Kept::new(open, place.clock.clone(), keep)
}

fn grant(id: [u8; 16]) -> Event {
    Event::Grant(Grant { record_id: id.to_vec(), ..Grant::default() })
}

fn names(kept: &Kept) -> Vec<&'static str> {
    let all = kept.ledger().unwrap().read(None, usize::MAX).unwrap();
    all.iter().rev().map(|record| event_name(&record.entry)).collect()
}

/// Appends until it succeeds: the thread of the ledger that stopped may hold it a little longer.
fn append(kept: &Kept, place: &Place, event: Event) -> u64 {
    let begin = Instant::now();
    loop {
        match kept.append(event.clone()) {
            Ok(position) => return position,
            Err(e) => assert!(begin.elapsed() < LONG, "{e}"),
        }
        place.clock.advance(3000);
        thread::yield_now();
    }
}

#[test]
fn a_ledger_that_a_full_disk_stopped_goes_on_when_there_is_room_again() {
    let (place, control) = (Place::new(), Control::default());
    let kept = kept(&place, &control, Retention::default());
    kept.append(grant(RECORD)).unwrap();
    control.fail(Some(Fault::Append(Errno::ENOSPC)));
    assert!(kept.append(event(0)).unwrap_err().is_full());
    assert!(kept.is_to_be_tended());
    // The owner turns off meanwhile; it is in the ledger as soon as anything is.
    let withdrawn = kept.note(Event::Withdraw(Withdraw::default()), Duration::from_millis(50));
    assert!(withdrawn.unwrap_err().is_full());
    control.fail(None);
    append(&kept, &place, event(1));
    assert_eq!(names(&kept), ["grant", "withdraw", "intent"]);
    assert_eq!(kept.standing().unwrap(), Said::Off);
}

#[test]
fn a_ledger_that_does_not_come_back_is_not_read_through_at_every_attempt() {
    let (place, control) = (Place::new(), Control::default());
    let kept = kept(&place, &control, Retention::default());
    kept.append(event(0)).unwrap();
    control.fail(Some(Fault::Append(Errno::EIO)));
    kept.append(event(1)).unwrap_err();
    // It opens, and stops again with the first entry.
    control.fail(Some(Fault::Settle(Errno::EIO)));
    control.calls();
    for _ in 0..10 {
        kept.append(event(1)).unwrap_err();
    }
    assert_eq!(control.calls().len(), 1, "one attempt");
    place.clock.advance(3000);
    kept.append(event(1)).unwrap_err();
    assert_eq!(control.calls().len(), 1, "and another one when it is time");
}

#[test]
fn what_was_noted_and_reached_the_disk_all_the_same_is_there_once() {
    let (place, control) = (Place::new(), Control::default());
    let kept = kept(&place, &control, Retention::default());
    kept.append(event(0)).unwrap();
    // Written, and the disk says that it was not.
    control.fail(Some(Fault::Sync(Errno::EIO)));
    kept.note(event(1), LONG).unwrap_err();
    kept.note(event(2), Duration::ZERO).unwrap_err();
    control.fail(None);
    append(&kept, &place, event(3));
    assert_eq!(numbers(&kept.ledger().unwrap()), [0, 1, 2, 3]);
}

#[test]
fn who_reads_a_ledger_that_is_opened_anew_waits_for_it() {
    let (place, control) = (Place::new(), Control::default());
    let (opens, opened) = std::sync::mpsc::sync_channel(0);
    let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
    let (ledger, clock, disk) = (place.ledger.clone(), place.clock.clone(), control.clone());
    let goes_on = std::sync::Mutex::new(goes_on);
    let open = move || {
        // The first time nobody listens, and it goes on at once.
        let _ = opens.send(());
        let _ = goes_on.lock().unwrap().recv();
        disk.open_at(&ledger, clock.clone())
    };
    let kept = thread::scope(|scope| {
        let kept = scope.spawn(|| Kept::new(open, place.clock.clone(), Retention::default()));
        opened.recv().unwrap();
        go_on.send(()).unwrap();
        kept.join().unwrap()
    });
    kept.append(event(0)).unwrap();
    control.fail(Some(Fault::Append(Errno::EIO)));
    kept.append(event(1)).unwrap_err();
    control.fail(None);
    thread::scope(|scope| {
        let appending = scope.spawn(|| kept.append(event(2)));
        opened.recv().unwrap();
        assert!(kept.ledger().is_err(), "it is being opened");
        let reading = scope.spawn(|| kept.to_read().map(|ledger| ledger.count()));
        go_on.send(()).unwrap();
        assert!(reading.join().unwrap().unwrap() > 0);
        assert_eq!(appending.join().unwrap(), Ok(1));
    });
}

#[test]
fn a_ledger_that_stopped_is_there_to_be_read_until_nobody_reads_it() {
    let (place, control) = (Place::new(), Control::default());
    let kept = kept(&place, &control, Retention::default());
    kept.append(event(0)).unwrap();
    control.fail(Some(Fault::Append(Errno::EIO)));
    kept.append(event(1)).unwrap_err();
    control.fail(None);
    let reading = kept.to_read().unwrap();
    for _ in 0..3 {
        place.clock.advance(3000);
        kept.append(event(1)).unwrap_err();
        assert_eq!(numbers(&kept.to_read().unwrap()), [0], "another one reads it");
    }
    drop(reading);
    assert_eq!(append(&kept, &place, event(1)), 1);
}

#[test]
fn a_damaged_ledger_is_not_opened_again() {
    let (place, control) = (Place::new(), Control::default());
    let ledger = place.open().unwrap();
    for n in 0..3 {
        ledger.append(event(n)).unwrap();
    }
    drop(ledger);
    let mut bytes = fs::read(place.segment(0)).unwrap();
    bytes[40] ^= 1;
    fs::write(place.segment(0), &bytes).unwrap();
    let kept = kept(&place, &control, Retention::default());
    assert!(matches!(kept.append(event(3)), Err(LedgerError::Damaged { .. })));
    assert!(matches!(kept.standing(), Err(LedgerError::Damaged { .. })), "and says nothing");
    assert!(!kept.is_to_be_tended());
    assert_eq!(fs::read(place.segment(0)).unwrap(), bytes);
}

#[test]
fn what_outlives_its_time_is_erased_when_a_day_has_passed_or_a_segment_began() {
    let (place, control) = (Place::new(), Control::default());
    let keep = Retention { days: 30, bytes: 2 * 1024 * 1024 };
    let kept = kept(&place, &control, keep);
    assert!(kept.is_to_be_tended(), "at first");
    kept.tend();
    kept.append(grant(RECORD)).unwrap();
    assert!(kept.is_to_be_tended(), "its first segment began");
    kept.tend();
    assert!(!kept.is_to_be_tended());
    while names(&kept)[0] != "erased" {
        kept.append(large(4000)).unwrap();
        if kept.is_to_be_tended() {
            kept.tend();
        }
        assert!(kept.ledger().unwrap().count() < 1500, "nothing is erased");
    }
    assert_eq!(kept.standing().unwrap(), Said::On(RECORD), "the erasure says it");
    place.clock.advance(24 * 3600 * 1000);
    assert!(kept.is_to_be_tended(), "a day has passed");
}

#[test]
fn an_erasure_carries_on_what_is_in_force_and_newer_words_count_more() {
    let (place, control) = (Place::new(), Control::default());
    let kept = kept(&place, &control, Retention::default());
    assert_eq!(kept.standing().unwrap(), Said::Nothing);
    kept.append(grant(RECORD)).unwrap();
    kept.erase().unwrap();
    assert_eq!(names(&kept), ["erased", "history_erased"]);
    assert_eq!(kept.standing().unwrap(), Said::On(RECORD));
    kept.append(grant([8; 16])).unwrap();
    // An erasure that another thread began before that grant, and finished behind it.
    let late = HistoryErased { before: 1, asked: false, record_id: RECORD.to_vec() };
    kept.append(Event::HistoryErased(late)).unwrap();
    assert_eq!(kept.standing().unwrap(), Said::On([8; 16]));
    kept.append(Event::Withdraw(Withdraw::default())).unwrap();
    kept.erase().unwrap();
    assert_eq!(kept.standing().unwrap(), Said::Off);
}

#[test]
fn what_a_hanging_disk_had_no_room_for_is_written_when_it_answers() {
    let (place, control) = (Place::new(), Control::default());
    let kept = kept(&place, &control, Retention::default());
    kept.append(event(0)).unwrap();
    kept.tend();
    control.hang(true);
    let mut noted = 0;
    // The last of these finds no room.
    while kept.note(large(4000), Duration::ZERO).is_ok() {
        noted += 1;
        assert!(noted < 1000, "there is always room");
    }
    let withdrawn = kept.note(Event::Withdraw(Withdraw::default()), Duration::ZERO);
    assert!(noted > 10 && (withdrawn.is_ok() || withdrawn == Err(LedgerError::Backlog)));
    assert!(kept.is_to_be_tended());
    control.hang(false);
    let begin = Instant::now();
    while kept.append(grant(RECORD)).is_err() {
        assert!(begin.elapsed() < LONG, "there is no room again");
    }
    assert_eq!(kept.standing().unwrap(), Said::On(RECORD), "what came first is first");
    let names = names(&kept);
    let count = |name| names.iter().filter(|event| **event == name).count();
    assert_eq!((count("outcome"), count("withdraw")), (noted + 1, 1));
    kept.note(event(3), LONG).unwrap();
    kept.note(event(4), LONG).unwrap();
    assert!(!kept.is_to_be_tended(), "nothing is owed any more");
}
