// SPDX-License-Identifier: Apache-2.0
//! For whom the process stays: kept before there is a consent to lose, let go when there is none on the disk.

use super::*;
use crate::file::{faults, Step};
use crate::stay::Keeper;

/// What the keeper was asked, and whether user 0's record was on the disk at that moment.
#[derive(Default)]
struct Asked {
    answers: std::sync::Mutex<Vec<(&'static str, bool)>>,
    /// What happens while the process is kept for the first time.
    meanwhile: std::sync::Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Asked {
    fn take(&self) -> Vec<(&'static str, bool)> {
        std::mem::take(&mut *self.answers.lock().unwrap())
    }

    fn is(&self, want: &[(&'static str, bool)]) {
        eventually("it is asked", || {
            (self.answers.lock().unwrap().len() >= want.len()).then_some(())
        });
        assert_eq!(self.take(), want);
    }
}

struct Watched {
    asked: Arc<Asked>,
    record: PathBuf,
}

impl Keeper for Watched {
    fn keep(&self) {
        self.asked.answers.lock().unwrap().push(("keep", self.record.exists()));
        let meanwhile = self.asked.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
    }

    fn let_go(&self) {
        self.asked.answers.lock().unwrap().push(("let go", self.record.exists()));
    }
}

fn started(disk: TempDir) -> (Phone, Arc<Asked>) {
    let asked = Arc::new(Asked::default());
    let record = disk.path().join("0/consent");
    let watched = Watched { asked: asked.clone(), record };
    let data = disk.path().to_owned();
    (Phone::with(disk, |module| module.stay = Stay::begin(Box::new(watched), &data)), asked)
}

fn ready() -> (Phone, Arc<Asked>) {
    let (phone, asked) = started(tempfile::tempdir().unwrap());
    phone.all_reported();
    asked.is(&[("let go", false)]);
    (phone, asked)
}

#[test]
fn it_stays_from_before_a_grant_until_after_a_withdrawal() {
    let (phone, asked) = ready();
    phone.grant(0).unwrap();
    asked.is(&[("keep", false)]);
    phone.grant(0).unwrap();
    assert_eq!(asked.take(), [], "it is kept already");
    assert!(phone.users.withdraw(0, false).durable);
    asked.is(&[("let go", false)]);
    phone.grant(0).unwrap();
    asked.is(&[("keep", false)]);
}

#[test]
fn it_stays_from_its_start_while_a_record_is_there_and_until_it_is_found_worthless() {
    let on = Phone::turned_on();
    let (phone, asked) = started(on.disk_copy());
    assert_eq!(asked.take(), [("keep", true)], "before anything is reported");
    phone.all_reported();
    assert!(phone.is_on(0));
    assert_eq!(asked.take(), []);

    fs::remove_file(on.file("record_key")).unwrap();
    let (phone, asked) = started(on.disk_copy());
    assert_eq!(asked.take(), [("keep", true)]);
    phone.all_reported();
    assert!(!phone.is_on(0));
    asked.is(&[("let go", true)]);
}

#[test]
fn it_does_not_stay_for_somebody_who_is_no_user() {
    let (phone, asked) = started(Phone::turned_on().disk_copy());
    assert_eq!(asked.take(), [("keep", true)]);
    phone.users.report_users(&[user(10)]);
    asked.is(&[("let go", false)]);

    let (phone, asked) = started(Phone::turned_on().disk_copy());
    phone.all_reported();
    phone.users.report_users(&[user(10)]);
    asked.is(&[("keep", true), ("let go", false)]);
}

#[test]
fn it_does_not_stay_for_a_grant_that_failed() {
    let (phone, asked) = ready();
    faults::every(Step::Rename);
    let granted = phone.grant(0);
    faults::none();
    assert_eq!(granted, Err(ServiceError::Storage));
    asked.is(&[("keep", false), ("let go", false)]);
}

#[test]
fn it_stays_until_a_withdrawal_is_durable() {
    let (phone, asked) = ready();
    phone.grant(0).unwrap();
    asked.is(&[("keep", false)]);
    faults::every(Step::Unlink);
    assert!(!phone.users.withdraw(0, false).durable);
    faults::none();
    // The record is still there, so the process has to be too.
    asked.is(&[("let go", false)]);
    assert!(phone.users.consent_state(0).durable);
}

#[test]
fn it_stays_while_one_of_two_users_is_on() {
    let (phone, asked) = ready();
    phone.users.report_users(&[user(0), user(10)]);
    phone.unlock(10);
    phone.grant(0).unwrap();
    let other = SimIdentity::new(2, "+15550102".into(), String::new(), String::new()).unwrap();
    let request = GrantRequest { sims: vec![other], ..phone.request() };
    phone.users.grant(10, request).unwrap();
    asked.is(&[("keep", false)]);
    assert!(phone.users.withdraw(0, false).durable);
    assert!(phone.users.withdraw(10, false).durable);
    asked.is(&[("let go", false)]);
}

#[test]
fn a_grant_in_the_middle_of_a_withdrawal_is_not_left() {
    let (phone, asked) = ready();
    phone.grant(0).unwrap();
    let user = phone.user(0);
    let stay = &user.module.stay;
    let before = stay.reason(0).unwrap();
    phone.grant(0).unwrap();
    // What a withdrawal that came before the second grant would say now.
    stay.leave(0, before, &*user.module.workers);
    assert_eq!(stay.users(), [0]);
    asked.is(&[("keep", false)]);
}

#[test]
fn a_grant_is_not_left_by_a_withdrawal_that_ends_before_its_record_is_there() {
    let (phone, asked) = ready();
    let user = phone.user(0);
    *asked.meanwhile.lock().unwrap() = Some(Box::new(move || user.leave_if_off()));
    phone.grant(0).unwrap();
    assert!(phone.is_on(0));
    assert_eq!(phone.user(0).module.stay.users(), [0]);
    eventually("the keeper is asked last to keep", || {
        (asked.answers.lock().unwrap().last()?.0 == "keep").then_some(())
    });
}
