// SPDX-License-Identifier: Apache-2.0
//! The code by SMS: who asks for it, and how often.

use super::*;
use crate::file::{faults, Step};
use crate::service::error::ServiceError;
use aidl::Registration::Registration as State;
use cloudmessaging_wire::proto::registrar::refused::Reason;

const CODE: &str = "ABCDEFGH";

fn submit(rig: &mut Rig, code: &str) {
    rig.users.submit_code(0, SIM, &Personal::new(code)).unwrap();
    rig.run();
}

/// The code in the request that waits.
fn code(rig: &mut Rig) -> String {
    let request::Kind::Registration(asked) = rig.next_request() else { panic!("another request") };
    asked.code
}

fn waiting_for_code() -> Rig {
    let mut rig = Rig::on();
    assert_eq!(code(&mut rig), "");
    rig.code_sent();
    assert_eq!(rig.registration(), State::CODE_NEEDED);
    rig
}

#[test]
fn a_code_is_asked_for_once_and_then_waited_for() {
    let mut rig = waiting_for_code();
    rig.pass_in(600_000, 2 * DAY_MS);
    assert!(rig.asked.is_empty(), "each request costs an SMS");
    assert_eq!(rig.registration(), State::CODE_NEEDED);
    rig.restart();
    rig.pass_in(600_000, DAY_MS);
    assert!(rig.asked.is_empty(), "a restart included");
    assert_eq!(rig.registration(), State::CODE_NEEDED);
}

#[test]
fn the_code_that_is_submitted_registers_the_sim() {
    let mut rig = waiting_for_code();
    submit(&mut rig, CODE);
    assert_eq!(code(&mut rig), CODE);
    rig.answer_registration();
    assert_eq!(rig.registration(), State::DONE);
    assert!(rig.state().connected);
}

#[test]
fn a_wrong_code_waits_for_another_and_sends_no_sms() {
    let mut rig = waiting_for_code();
    for _ in 0..3 {
        submit(&mut rig, "WRONGONE");
        assert_eq!(code(&mut rig), "WRONGONE");
        rig.refuse(Reason::WrongCode);
        assert_eq!(rig.registration(), State::CODE_NEEDED);
        assert!(rig.state().codeWasWrong, "the owner is told");
        rig.pass(30_000);
        assert!(rig.asked.is_empty());
    }
    submit(&mut rig, CODE);
    assert!(!rig.state().codeWasWrong, "nothing is known of this one");
    rig.answer_registration();
    assert_eq!(rig.registration(), State::DONE);
}

#[test]
fn another_code_is_sent_when_the_owner_asks_and_each_time_later() {
    let mut rig = waiting_for_code();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let asked = rig.wall();
        rig.users.request_code(0, SIM).unwrap();
        rig.run();
        while rig.asked.is_empty() {
            rig.pass(5_000);
        }
        assert_eq!(code(&mut rig), "");
        waits.push(rig.wall() - asked);
        rig.code_sent();
        assert_eq!(rig.registration(), State::CODE_NEEDED);
        assert_eq!(rig.state().codeUntilMillis, rig.wall() + 600_000);
        rig.pass_in(600_000, DAY_MS / 4);
        assert!(rig.asked.is_empty(), "one for each time the owner asks");
    }
    assert!(waits[0] <= 30_000, "{waits:?}");
    submit(&mut rig, CODE);
    rig.answer_registration();
    assert_eq!(rig.registration(), State::DONE);
    let late = rig.users.request_code(0, SIM);
    assert_eq!(late, Err(ServiceError::NoCodeExpected), "none is waited for");
}

#[test]
fn a_code_stays_good_when_another_is_refused() {
    let mut rig = waiting_for_code();
    rig.users.request_code(0, SIM).unwrap();
    rig.pass(30_000);
    assert_eq!(code(&mut rig), "");
    rig.refuse(Reason::TooOften);
    assert_eq!(rig.registration(), State::CODE_NEEDED);
    rig.pass(60_000);
    assert!(rig.asked.is_empty());
    submit(&mut rig, CODE);
    assert_eq!(code(&mut rig), CODE);
    rig.answer_registration();
    assert_eq!(rig.registration(), State::DONE);
}

#[test]
fn a_code_that_is_submitted_too_late_has_another_one_sent_once() {
    let mut rig = waiting_for_code();
    rig.pass_in(60_000, 660_000);
    submit(&mut rig, CODE);
    assert_eq!(code(&mut rig), CODE, "the registrar decides");
    rig.refuse(Reason::WrongCode);
    rig.pass(60_000);
    assert_eq!(code(&mut rig), "", "the owner wants one now");
    rig.code_sent();
    assert_eq!(rig.registration(), State::CODE_NEEDED);
    rig.pass_in(600_000, DAY_MS);
    assert!(rig.asked.is_empty());
}

#[test]
fn a_code_is_kept_while_the_registrar_cannot_answer() {
    let mut rig = waiting_for_code();
    submit(&mut rig, CODE);
    rig.refuse(Reason::Unavailable);
    rig.pass(10_000);
    assert_eq!(code(&mut rig), CODE);
    rig.asked.clear();
    rig.pass_in(5_000, 60_000);
    assert_eq!(code(&mut rig), CODE, "nor while it does not answer");
}

#[test]
fn a_code_is_kept_while_the_certificate_cannot_be_kept() {
    let mut rig = waiting_for_code();
    submit(&mut rig, CODE);
    faults::every(Step::Rename);
    rig.answer_registration();
    faults::none();
    assert_ne!(rig.registration(), State::DONE);
    rig.pass_in(1000, 5_000);
    assert_eq!(code(&mut rig), CODE, "no second SMS");
    rig.answer_registration();
    assert_eq!(rig.registration(), State::DONE);
}

#[test]
fn a_registration_that_is_not_answered_is_sent_again_by_itself() {
    let mut rig = waiting_for_code();
    submit(&mut rig, CODE);
    for attempt in 1..4 {
        assert_eq!(code(&mut rig), CODE, "attempt {attempt}");
        rig.asked.clear();
        rig.sleep(20_000);
    }
}

#[test]
fn requests_for_a_code_that_are_not_answered_come_less_and_less_often() {
    let mut rig = Rig::on();
    rig.pass_in(10_000, DAY_MS);
    let requests = rig.asked.len();
    assert!((3..=20).contains(&requests), "{requests} in a day");
}

#[test]
fn a_registration_that_is_refused_is_not_asked_for_at_once() {
    let mut rig = Rig::on();
    rig.refuse(Reason::TooOften);
    assert_eq!(rig.registration(), State::REFUSED);
    rig.pass(5_000);
    assert!(rig.asked.is_empty());
}
