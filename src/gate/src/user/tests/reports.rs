// SPDX-License-Identifier: Apache-2.0
//! What the platform reports, and what that ends and brings back (P1, P7).

use super::*;
use crate::gate::Policy;

#[test]
fn another_serial_is_another_user() {
    let phone = Phone::turned_on();
    let uplink = phone.uplink(0);
    phone.send(1).unwrap();
    phone.users.withdraw(0, false);
    assert_eq!(phone.users.outcomes(0, 0, 10).unwrap().len(), 1);
    phone.grant(0).unwrap();
    phone.send(2).unwrap();

    let second = || aidl::UserReport::UserReport { serial: SERIAL + 1, ..user(0) };
    phone.users.report_users(&[second()]);
    let state = phone.users.consent_state(0);
    assert!(!phone.is_on(0) && !phone.user(0).gate.running() && !exists(&uplink));
    assert_eq!(state.offReason, aidl::OffReason::OffReason::NO_RECORD);
    assert!(!phone.users.wants_identities(0));
    assert_eq!(phone.users.outcomes(0, 0, 10).unwrap_err(), ServiceError::NotReady);
    assert_eq!(lock(&phone.user(0).desk).outbox.open().count(), 0);
    assert!(!phone.file("messages.db").exists() && !phone.file("messages.db-wal").exists());
    assert_eq!(phone.grant(0), Err(ServiceError::NotReady), "the first one's storage key");
    phone.unlock(0);
    assert!(phone.users.outcomes(0, 0, 10).unwrap().is_empty(), "the first one's messages");
    assert_eq!(phone.grant(0), Ok(()));

    let cut = phone.after_power_cut();
    cut.users.report_users(&[second()]);
    assert!(cut.is_on(0), "the consent is the second one's");
}

#[test]
fn a_policy_closes_and_kills_and_lifting_restores() {
    let phone = Phone::turned_on();
    type Change = fn(&mut aidl::UserReport::UserReport);
    use aidl::Policy::Policy as Word;
    let policies: [(Change, Policy, Word); 2] = [
        (|report| report.smsForbidden = true, Policy::SmsForbidden, Word::SMS_FORBIDDEN),
        (|report| report.forbiddenByOrganisation = true, Policy::Organisation, Word::ORGANISATION),
    ];
    for (change, policy, word) in policies {
        let uplink = phone.uplink(0);
        let mut report = user(0);
        change(&mut report);
        phone.users.report_users(&[report]);
        assert!(!exists(&uplink), "{policy:?}");
        assert_eq!(phone.user(0).gate.connects(), Err(Refusal::Policy(policy)));
        let state = phone.users.consent_state(0);
        assert_eq!((state.refusal, state.policy), (aidl::Refusal::Refusal::POLICY, word));
        phone.users.report_users(&[user(0)]);
        assert!(exists(&phone.uplink(0)), "no new grant is needed after {policy:?}");
    }
    assert_eq!(
        phone.events(),
        ["boot", "grant"].into_iter().chain(["policy_change"; 4]).collect::<Vec<_>>()
    );
}

#[test]
fn a_build_that_forbids_turns_nobody_on_and_everybody_off() {
    let phone = Phone::turned_on();
    let forbids = |module: &mut Module| module.config.forbidden = true;
    let update = Phone::with(phone.disk_copy(), forbids);
    update.all_reported();
    assert!(!update.user(0).gate.running());
    assert_eq!(update.user(0).gate.connects(), Err(Refusal::Policy(Policy::Build)));
    assert_eq!(update.grant(0), Err(ServiceError::Forbidden));
    assert_eq!(update.users.consent_state(0).policy, aidl::Policy::Policy::BUILD);
    // The owner can still turn it off for good, and a build that allows it brings back what nobody withdrew.
    let next = Phone::on(update.disk_copy());
    next.all_reported();
    assert!(next.is_on(0) && exists(&next.uplink(0)));
    assert!(update.users.withdraw(0, false).durable);
    let after = Phone::on(update.disk_copy());
    after.all_reported();
    assert!(!after.is_on(0));
    assert_eq!(
        Phone::with(tempfile::tempdir().unwrap(), forbids).grant(0),
        Err(ServiceError::NotReady)
    );
}

#[test]
fn a_user_missing_from_the_report_is_off() {
    let phone = Phone::turned_on();
    let uplink = phone.uplink(0);
    phone.users.report_users(&[user(10)]);
    assert!(!exists(&uplink));
    assert!(!phone.is_on(0));
    let state = phone.users.consent_state(0);
    assert_eq!(state.offReason, aidl::OffReason::OffReason::UNKNOWN_USER);
    assert_eq!(phone.users.default_sms_uid(0), None);
    assert_eq!(phone.grant(0), Err(ServiceError::NotReady));
    assert_eq!(phone.send(1), Ok(Some(crate::gate::Closed::Off.into())));
}

#[test]
fn refused_calls_are_in_the_ledger_of_the_user_they_acted_for() {
    let phone = Phone::turned_on();
    let window = std::time::Duration::from_secs(60);
    phone.users.calls_refused(0, 10_123, "TOO_MANY", 4711, window);
    // Nobody reported this one, so there is no ledger.
    phone.users.calls_refused(77, 7_710_123, "DENIED", 1, window);
    let summary = eventually("the entry is there", || {
        let newest = phone.users.ledger(0, None, 1, &Default::default()).unwrap().pop()?;
        (newest.event == "refusals").then_some(newest.summary)
    });
    assert!(summary.contains("4711") && summary.contains("10123"), "{summary}");
}

#[test]
fn a_withdrawal_that_is_not_durable_stays_while_the_user_comes_and_goes() {
    let phone = Phone::turned_on();
    crate::file::faults::every(crate::file::Step::Unlink);
    assert!(!phone.users.withdraw(0, false).durable);
    phone.users.report_users(&[]);
    phone.all_reported();
    crate::file::faults::none();
    assert!(!phone.is_on(0), "the record is still there, and was withdrawn");
    let durable = || phone.users.consent_state(0).durable.then_some(());
    eventually("the removal is tried again", durable);
    assert!(!phone.file("consent").exists() && !phone.is_on(0));
}

#[test]
fn a_policy_that_came_or_went_while_the_gate_was_down_is_in_the_ledger_once() {
    let phone = Phone::ready();
    let forbidden = aidl::UserReport::UserReport { smsForbidden: true, ..user(0) };
    phone.users.report_users(std::slice::from_ref(&forbidden));
    assert_eq!(phone.events(), ["boot", "policy_change"]);
    let again = phone.after_power_cut();
    again.users.report_users(&[forbidden]);
    assert_eq!(again.events(), ["boot", "policy_change", "boot"], "as it was");
    let lifted = again.after_power_cut();
    lifted.all_reported();
    let events = lifted.events();
    assert_eq!(events.iter().filter(|event| *event == "policy_change").count(), 2, "{events:?}");
    let entries = lifted.users.ledger(0, None, 9, &Default::default()).unwrap();
    let last = entries.iter().find(|entry| entry.event == "policy_change").unwrap();
    assert_eq!(last.summary, "No policy forbids any more");
}

#[test]
fn an_erase_that_a_crash_cut_off_is_not_confirmed() {
    use cloudmessaging_wire::proto::ledger::{erasure::Stage, Erasure};
    let phone = Phone::ready();
    let asked = Erasure { stage: Stage::Asked as i32 };
    phone.user(0).book.append(crate::ledger::Event::Erasure(asked)).unwrap();
    let again = phone.after_power_cut();
    again.all_reported();
    assert_eq!(again.events().iter().filter(|event| *event == "erasure").count(), 2);
    let once = again.after_power_cut();
    once.all_reported();
    assert_eq!(once.events().iter().filter(|event| *event == "erasure").count(), 2, "said once");
}
