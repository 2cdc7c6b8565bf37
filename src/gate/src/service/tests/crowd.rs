// SPDX-License-Identifier: Apache-2.0
//! Callers that make many calls at a time: each has its share, and nobody's share is the owner's way to off.

use super::super::access::{Interface, TABLE};
use super::super::crowd::{Crowd, Place};
use super::super::error::ServiceError;
use super::super::facade::Facade;
use super::super::refused::{Refused, OTHERS};
use super::fake::Fake;
use super::matrix::{call, grant, message};
use super::stage::{as_foreign, own_uid, until, Stage, FOREIGN};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    DataClass::DataClass, ErrorCode::ErrorCode, ICloudMessaging::MAX_CALLS, ICloudMessagingConsent,
    ICloudMessagingPlatform, OutgoingMessage::OutgoingMessage,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const EACH: usize = MAX_CALLS as usize;

fn is_refused<T>(result: &binder::Result<T>) -> bool {
    result.as_ref().is_err_and(|status| {
        status.service_specific_error() == ErrorCode::TOO_MANY.0
            && status.message() == Some("at most 4 calls at a time")
    })
}

/// Makes that many calls of the method, which all wait in the module; then `then`; then lets them go.
fn while_full(
    stage: &Stage,
    method: (Interface, &'static str, &'static str),
    calls: usize,
    then: impl FnOnce(),
) {
    let row = TABLE.into_iter().find(|row| (row.0, row.1) == (method.0, method.1)).unwrap();
    *stage.fake.waits_in.lock().unwrap() = Some(method.2);
    stage.fake.take_asked();
    std::thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..calls).map(|_| scope.spawn(|| call(row, &stage.clients()))).collect();
        until(|| {
            stage.fake.asked.lock().unwrap().iter().filter(|(m, _)| *m == method.2).count() == calls
        });
        // A panic in it must not leave them waiting.
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(then));
        *stage.fake.waits_in.lock().unwrap() = None;
        for call in waiting {
            assert!(call.join().unwrap().is_ok(), "one that had its place");
        }
        ended.unwrap();
    });
}

const MESSAGING_STATE: (Interface, &str, &str) = (Interface::Messaging, "state", "Messaging.state");
const CONSENT_STATE: (Interface, &str, &str) = (Interface::Consent, "state", "Consent.state");
const WITHDRAW: (Interface, &str, &str) = (Interface::Consent, "withdraw", "Consent.withdraw");

#[test]
fn a_caller_has_four_calls_at_a_time_and_the_next_is_refused_at_once() {
    let stage = Stage::admitting();
    let to = stage.clients();
    while_full(&stage, MESSAGING_STATE, EACH, || {
        for row in TABLE {
            let result = call(row, &to);
            if row.0 == Interface::Messaging {
                assert!(is_refused(&result), "{}: {result:?}", row.1);
            } else {
                // The same uid, on another interface: on a host all may be one.
                assert!(result.is_ok(), "{}: {result:?}", row.1);
            }
            stage.set_default_sms(own_uid());
        }
    });
    // Each gave its place back.
    for _ in 0..3 * EACH {
        to.messaging.state().unwrap();
    }
}

#[test]
fn withdraw_is_refused_to_no_crowd() {
    let stage = Stage::admitting();
    let to = stage.clients();
    while_full(&stage, CONSENT_STATE, EACH, || {
        assert!(is_refused(&to.consent.receipt()));
        for _ in 0..3 {
            to.consent.withdraw(false).unwrap();
        }
    });
    // Not even to one of its own.
    while_full(&stage, WITHDRAW, 2 * EACH, || {
        to.consent.state().unwrap();
    });
}

#[test]
fn one_uid_that_floods_takes_nothing_from_another() {
    if own_uid() != 0 {
        eprintln!("only root can take another uid; the count itself is tested below all the same");
        return;
    }
    let stage = Stage::admitting();
    stage.set_default_sms(FOREIGN);
    let theirs = as_foreign(|| stage.clients());
    while_full(&stage, MESSAGING_STATE, EACH, || {
        for _ in 0..3 {
            theirs.messaging.keyChanged().unwrap();
        }
    });
}

#[test]
fn all_callers_of_an_interface_together_leave_threads_for_the_others() {
    let facade: Arc<dyn Facade> = Arc::new(Fake::default());
    let crowd = Crowd::new(Refused::new(&facade, Duration::ZERO));
    let enter_all = |interface, first| -> Vec<Place> {
        (first..first + 20)
            .flat_map(|uid| [uid; EACH])
            .filter_map(|uid| crowd.enter(interface, uid, 0).ok())
            .collect()
    };
    let messaging = enter_all(Interface::Messaging, 10_000);
    assert_eq!(messaging.len(), 8);
    assert_eq!(enter_all(Interface::Consent, 10_000).len(), 6);
    assert_eq!(enter_all(Interface::Platform, 10_000).len(), 4);
    let refusal = crowd.enter(Interface::Messaging, 99_999, 0).err();
    assert_eq!(refusal, Some(ServiceError::TooMany { what: "calls at a time", limit: 8 }));
    drop(messaging);
    assert_eq!(enter_all(Interface::Messaging, 20_000).len(), 8);
}

#[test]
fn the_share_is_the_same_in_all_interfaces() {
    assert_eq!(ICloudMessagingConsent::MAX_CALLS, MAX_CALLS);
    assert_eq!(ICloudMessagingPlatform::MAX_CALLS, MAX_CALLS);
}

#[test]
fn who_is_denied_takes_no_place() {
    let stage = Stage::admitting();
    let to = stage.clients();
    stage.set_default_sms(own_uid() + 1);
    for _ in 0..3 * EACH {
        assert!(to.messaging.state().is_err());
    }
    stage.set_default_sms(own_uid());
    to.messaging.state().unwrap();
}

#[test]
fn a_call_that_panics_gives_its_place_back() {
    let stage = Stage::admitting();
    let to = stage.clients();
    *stage.fake.panics_in.lock().unwrap() = Some("Messaging.state");
    for _ in 0..3 * EACH {
        let result = to.messaging.state();
        assert!(result.is_err() && !is_refused(&result));
    }
}

#[test]
fn a_flood_is_told_once_a_window() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let told = || stage.fake.refused.lock().unwrap().clone();
    let count = || told().iter().map(|(_, _, _, count)| count).sum::<u32>();
    while_full(&stage, MESSAGING_STATE, EACH, || {
        for _ in 0..1000 {
            assert!(is_refused(&to.messaging.outcomes(0, 1)));
        }
        until(|| count() == 1000);
        assert!(is_refused(&to.messaging.outcomes(0, 1)));
        until(|| count() == 1001);
    });
    assert!(told().iter().all(|of| (of.0, of.1, of.2) == (0, own_uid(), "TOO_MANY")));
    assert!(told().len() < 100, "told {} times", told().len());
}

#[test]
fn a_flood_of_uids_fills_no_memory() {
    let fake = Arc::new(Fake::default());
    let facade = Arc::clone(&fake) as Arc<dyn Facade>;
    let crowd = Crowd::new(Refused::new(&facade, Duration::from_millis(200)));
    let _full: Vec<_> = (0..8).map(|uid| crowd.enter(Interface::Messaging, uid, 0)).collect();
    for uid in 0..10_000 {
        assert!(crowd.enter(Interface::Messaging, uid, 0).is_err());
    }
    until(|| !fake.refused.lock().unwrap().is_empty());
    // The first of each at once; of the rest, how many in all.
    let told = || fake.refused.lock().unwrap().clone();
    until(|| told().iter().map(|of| of.3).sum::<u32>() == 10_000);
    assert_eq!(told().len(), 66);
    assert_eq!(told().last().map(|of| (of.1, of.3)), Some((OTHERS, 10_000 - 65)));
}

/// What is not told yet is lost with the process, and one that is off ends soon after the call.
#[test]
fn that_an_app_was_refused_is_told_at_once_and_how_often_later() {
    let fake = Arc::new(Fake::default());
    let facade = Arc::clone(&fake) as Arc<dyn Facade>;
    let refused = Refused::new(&facade, Duration::from_millis(200));
    for (uid, reason) in [(1, "OFF"), (1, "OFF"), (2, "OFF"), (1, "DENIED"), (1, "OFF")] {
        refused.count(0, uid, reason);
    }
    let told = || fake.refused.lock().unwrap().clone();
    assert_eq!(told()[..3], [(0, 1, "OFF", 1), (0, 2, "OFF", 1), (0, 1, "DENIED", 1)]);
    until(|| told().len() > 3);
    assert_eq!(told()[3..], [(0, 1, "OFF", 2)]);
}

#[test]
fn every_refusal_is_counted_by_caller_and_reason() {
    let stage = Stage::admitting();
    let to = stage.clients();
    // The fake refuses what is sent.
    for _ in 0..3 {
        to.messaging.send(&message()).unwrap();
    }
    for error in [ServiceError::Forbidden, ServiceError::SimInUse, ServiceError::Off] {
        *stage.fake.refuses.lock().unwrap() = Some(error);
        to.consent.grant(&grant()).unwrap_err();
        to.consent.setClassAllowed(DataClass::IMSI, true).unwrap_err();
    }
    stage.set_default_sms(own_uid() + 1);
    to.messaging.state().unwrap_err();
    // A mistake is no refusal.
    stage.set_default_sms(own_uid());
    let mistaken = OutgoingMessage { id: vec![1], ..message() };
    to.messaging.send(&mistaken).unwrap_err();
    let told = || {
        let mut counts = BTreeMap::new();
        for (user, uid, reason, count) in &*stage.fake.refused.lock().unwrap() {
            assert_eq!((*user, *uid), (0, own_uid()));
            *counts.entry(*reason).or_insert(0) += count;
        }
        counts
    };
    until(|| told().values().sum::<u32>() >= 10);
    let wanted =
        [("DENIED", 1), ("FORBIDDEN", 2), ("NOT_UNLOCKED", 3), ("OFF", 2), ("SIM_IN_USE", 2)];
    assert_eq!(told(), BTreeMap::from(wanted));
}
