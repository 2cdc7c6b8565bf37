// SPDX-License-Identifier: Apache-2.0
//! A disk on which everything from some change on fails, as a power cut or a dying disk leaves it; then a
//! new start.

use super::*;
use crate::file::{faults, Step};

/// More than any operation here makes.
const CHANGES: usize = 64;

#[test]
fn a_first_grant_cut_anywhere_is_off_or_whole() {
    let mut whole = 0;
    for at in 0..CHANGES {
        let phone = Phone::new();
        faults::from(at);
        let result = phone.store().write(&phone.new_consent(&sims()));
        let finished = faults::seen().len() <= at;
        faults::none();
        match (result, phone.standing()) {
            (Ok(record), Standing::On(read)) => {
                assert!(read == record);
                whole += 1;
            }
            (Ok(_), Standing::Off(reason)) => panic!("granted, but {reason} (cut at {at})"),
            // Only the last step, the directory's fsync, can fail behind a visible record.
            (Err(e), Standing::On(_)) => {
                let directory =
                    matches!(&e, GrantError::File(e) if e.step() == Step::SyncDirectory);
                assert!(directory, "{e} (cut at {at})");
            }
            (Err(_), Standing::Off(_)) => {}
            (_, standing) => panic!("{standing:?} (cut at {at})"),
        }
        if finished {
            break;
        }
    }
    assert_eq!(whole, 1, "the last round is the one in which nothing failed");
}

#[test]
fn a_grant_over_another_cut_anywhere_is_the_old_one_off_or_the_new_one() {
    for at in 0..CHANGES {
        let phone = Phone::new();
        let old = phone.grant();
        let identities = sims();
        let new = phone.new_consent(&identities);
        faults::from(at);
        let _ = phone.store().write(&new);
        let finished = faults::seen().len() <= at;
        faults::none();
        match phone.standing() {
            Standing::On(read) => {
                assert!(read == old || read.id() == new.id, "cut at {at}");
            }
            // Never as damaged: the owner would be told of a fault that there was not.
            Standing::Off(reason) => assert_eq!(reason, OffReason::NoRecord, "cut at {at}"),
            standing => panic!("{standing:?} (cut at {at})"),
        }
        if finished {
            return;
        }
    }
    panic!("never finished");
}

#[test]
fn a_grant_in_which_any_one_change_failed_is_off() {
    for at in 0..CHANGES {
        let phone = Phone::on();
        let identities = sims();
        let new = phone.new_consent(&identities);
        faults::once(at);
        let result = phone.store().write(&new);
        let finished = faults::seen().len() <= at;
        faults::none();
        if finished {
            assert!(result.is_ok());
            return;
        }
        assert!(result.is_err(), "change {at} failed and nobody said so");
        assert_eq!(phone.off(), OffReason::NoRecord, "change {at}");
        assert_eq!(fs::read_dir(phone.directory(USER)).unwrap().count(), 0, "change {at}");
    }
    panic!("never finished");
}

#[test]
fn a_removal_cut_anywhere_says_off_only_if_it_is() {
    for at in 0..CHANGES {
        let phone = Phone::on();
        let store = phone.store();
        faults::from(at);
        let result = store.remove();
        let finished = faults::seen().len() <= at;
        faults::none();
        if result.is_ok() {
            assert_eq!(phone.off(), OffReason::NoRecord, "cut at {at}");
            assert!(finished, "it said off although a change failed at {at}");
        }
        store.remove().unwrap();
        assert_eq!(phone.off(), OffReason::NoRecord, "tried again after a cut at {at}");
        if finished {
            return;
        }
    }
    panic!("never finished");
}

#[test]
fn a_class_that_could_not_be_allowed_is_not() {
    for step in [Step::Create, Step::Write, Step::SyncFile, Step::Rename] {
        let phone = Phone::new();
        let record = phone.grant();
        let mut wider = record.classes();
        wider.insert(DataClass::Imsi);
        faults::every(step);
        assert!(phone.store().set_classes(&record, wider).is_err());
        faults::none();
        let Standing::On(read) = phone.standing() else { panic!("off") };
        assert!(read == record, "{step:?}");
    }
}

#[test]
fn a_class_that_was_allowed_but_not_synced_is_taken_back() {
    let phone = Phone::new();
    let record = phone.grant();
    let mut wider = record.classes();
    wider.insert(DataClass::Imsi);
    faults::every(Step::SyncDirectory);
    assert!(phone.store().set_classes(&record, wider).is_err());
    faults::none();
    assert!(phone.standing().record().is_some_and(|read| *read == record));
}

#[test]
fn a_class_that_was_forbidden_but_not_synced_is_not_given_back() {
    let phone = Phone::new();
    let record = phone.grant();
    let mut fewer = record.classes();
    fewer.remove(DataClass::MessageContent);
    faults::every(Step::SyncDirectory);
    assert!(phone.store().set_classes(&record, fewer).is_err());
    faults::none();
    assert!(phone.standing().record().is_some_and(|read| read.classes() == fewer));
}
