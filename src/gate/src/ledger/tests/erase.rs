// SPDX-License-Identifier: Apache-2.0
//! Content goes, hashes stay, and a crash in the middle is made good.

use cloudmessaging_ledger::verify::verify;
use nix::errno::Errno;

use super::disk::{Call, Control, Fault};
use super::*;

const DAY_MS: i64 = 24 * 3600 * 1000;
const RECORD: [u8; 16] = [7; 16];

/// What each entry is, oldest first.
fn events(ledger: &Ledger) -> Vec<&'static str> {
    ledger.read(None, usize::MAX).unwrap().iter().rev().map(|r| event_name(&r.entry)).collect()
}

/// That the ledger continues this checkpoint, whatever was erased since.
fn continues(ledger: &Ledger, place: &Place, older: &cloudmessaging_ledger::tree::Frontier) {
    let (signer, key) = place.key("o");
    let mut file = Vec::new();
    ledger.export(&Authority { origin: "o", signer: &signer }, &mut file).unwrap();
    let older = checkpoint("o", older).sign(&signer).unwrap();
    verify(&file[..], Some(&key), Some(&older), |_, _| {}).unwrap();
}

fn bytes_with(place: &Place, needle: &[u8]) -> bool {
    fs::read_dir(&place.ledger).unwrap().any(|file| {
        fs::read(file.unwrap().path()).unwrap().windows(needle.len()).any(|at| at == needle)
    })
}

#[test]
fn the_owner_erases_what_entries_say_and_every_checkpoint_still_verifies() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    ledger.append(large(40)).unwrap();
    ledger.append(event(1)).unwrap();
    let before = ledger.tree();
    assert!(bytes_with(&place, &[b'x'; 40]));
    assert_eq!(ledger.erase(|| Ok(Some(RECORD))).unwrap(), 2);
    assert!(!bytes_with(&place, &[b'x'; 40]), "nothing of it is in any file");
    assert_eq!(events(&ledger), ["erased", "erased", "history_erased"]);
    let said = ledger.last().unwrap().unwrap().entry.event;
    assert!(
        matches!(said, Some(Event::HistoryErased(e)) if e.asked && e.before == 2 && e.record_id == RECORD)
    );
    ledger.append(event(2)).unwrap();
    continues(&ledger, &place, &before);
    drop(ledger);
    let ledger = place.reopen();
    assert_eq!(events(&ledger), ["erased", "erased", "history_erased", "intent"]);
    continues(&ledger, &place, &before);
}

#[test]
fn to_erase_nothing_says_nothing_and_to_erase_twice_erases_what_came_between() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    assert_eq!(ledger.erase(|| Ok(None)).unwrap(), 0);
    assert_eq!(ledger.count(), 0);
    ledger.append(event(0)).unwrap();
    ledger.erase(|| Ok(None)).unwrap();
    ledger.append(event(1)).unwrap();
    assert_eq!(ledger.erase(|| Ok(None)).unwrap(), 3);
    assert_eq!(events(&ledger), ["erased", "erased", "erased", "history_erased"]);
}

#[test]
fn a_crash_or_a_full_disk_in_the_middle_is_made_good_when_it_is_opened_again() {
    let place = Place::new();
    let control = Control::default();
    let ledger = control.open(&place).unwrap();
    for _ in 0..600 {
        ledger.append(large(4000)).unwrap();
    }
    let tree = ledger.tree();
    control.calls();
    control.fail(Some(Fault::Replace(Errno::ENOSPC)));
    let why = ledger.erase(|| Ok(None)).unwrap_err();
    assert!(why.is_full(), "{why}");
    assert_eq!(events(&ledger).last(), Some(&"history_erased"), "said before it is done");
    ledger.append(event(0)).unwrap();
    drop(ledger);
    control.fail(None);
    let ledger = loop {
        match control.open(&place) {
            Err(LedgerError::InUse) => thread::yield_now(),
            opened => break opened.unwrap(),
        }
    };
    assert!(control.calls().iter().filter(|call| matches!(call, Call::Replace(_))).count() > 2);
    let (erased, rest): (Vec<_>, Vec<_>) =
        events(&ledger).into_iter().partition(|event| *event == "erased");
    assert_eq!((erased.len(), rest), (600, vec!["history_erased", "intent"]));
    continues(&ledger, &place, &tree);
}

#[test]
fn what_is_older_than_is_kept_loses_its_content_and_the_rest_does_not() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    let keep = Retention::default();
    for day in 0..120 {
        ledger.append(event(day)).unwrap();
        ledger.retain(keep, || Ok(None)).unwrap();
        place.clock.advance(DAY_MS);
    }
    let kept = numbers(&ledger);
    // 90 days, and what shares a segment with them.
    assert!(kept.len() >= 90 && kept.len() <= 99, "{}", kept.len());
    assert_eq!(kept.last(), Some(&119));
    let said = ledger.newest(|e| matches!(e.event, Some(Event::HistoryErased(_)))).unwrap();
    assert!(matches!(said.unwrap().entry.event, Some(Event::HistoryErased(e)) if !e.asked));
}

#[test]
fn no_setting_of_the_wall_clock_erases_anything_before_its_time() {
    let place = Place::new();
    let mut ledger = place.open().unwrap();
    let keep = Retention::default();
    let retain = |ledger: &Ledger| ledger.retain(keep, || Ok(None)).unwrap();
    // Years ahead, and back: while it is open, before it is opened, and while entries are written.
    for n in 0..8 {
        let wall = if n % 2 == 0 { 40 * 365 * DAY_MS } else { -DAY_MS };
        place.clock.set_wall(wall);
        retain(&ledger);
        ledger.append(event(n)).unwrap();
        retain(&ledger);
        place.clock.advance(8 * DAY_MS);
        if n % 3 == 0 {
            // The phone is started again, and was off for as long as anybody says.
            place.clock.restart();
            drop(ledger);
            ledger = place.reopen();
        }
        assert_eq!(retain(&ledger), 0);
    }
    assert_eq!(numbers(&ledger).len(), 8);
    // What came before the phone was on for 90 days goes then, whatever the wall clock says.
    place.clock.set_wall(0);
    for n in 8..19 {
        ledger.append(event(n)).unwrap();
        place.clock.advance(8 * DAY_MS);
        retain(&ledger);
    }
    assert!(
        !numbers(&ledger).contains(&0) && numbers(&ledger).contains(&11),
        "{:?}",
        numbers(&ledger)
    );
}

#[test]
fn what_is_more_than_is_kept_loses_its_content_oldest_first() {
    let place = Place::new();
    let ledger = place.open().unwrap();
    for _ in 0..1200 {
        ledger.append(large(4000)).unwrap();
    }
    let keep = Retention { days: 90, bytes: 3 * 1024 * 1024 };
    let before = ledger.retain(keep, || Ok(None)).unwrap();
    assert!(before > 300 && before < 700, "{before}");
    assert_eq!(ledger.retain(keep, || Ok(None)).unwrap(), before, "there is nothing more to erase");
    let erased = events(&ledger).iter().take_while(|event| **event == "erased").count();
    assert_eq!(erased as u64, before);
}

#[test]
fn a_power_cut_between_any_two_segments_loses_nothing_and_the_erasure_is_finished() {
    let (place, control) = (Place::new(), Control::default());
    let ledger = control.open(&place).unwrap();
    for _ in 0..1000 {
        ledger.append(large(4000)).unwrap();
    }
    let tree = ledger.tree();
    drop(ledger);
    for cut_after in 0..4 {
        let cut = Place::new();
        drop(cut.open().unwrap());
        crate::file::copied::copy_all(&place.ledger, &cut.ledger);
        let control = Control::default();
        let ledger = control.open(&cut).unwrap();
        control.calls();
        control.fail(Some(Fault::ReplaceAfter(cut_after, Errno::EIO)));
        ledger.erase(|| Ok(Some(RECORD))).unwrap_err();
        let gone = events(&ledger).iter().filter(|event| **event == "erased").count();
        assert_eq!(gone > 0, cut_after > 0, "as much as was done");
        continues(&ledger, &cut, &tree);
        drop(ledger);
        // And half of the next segment's replacement.
        fs::write(cut.ledger.join("replacement"), [0x22; 100]).unwrap();
        let ledger = cut.reopen();
        assert!(!cut.ledger.join("replacement").exists());
        let events = events(&ledger);
        let (rest, erased) = events.split_last().unwrap();
        assert_eq!(*rest, "history_erased");
        assert!(erased.iter().all(|event| *event == "erased") && erased.len() == 1000);
        continues(&ledger, &cut, &tree);
        assert_eq!(ledger.standing().unwrap(), Said::On(RECORD));
    }
}
