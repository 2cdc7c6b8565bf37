// SPDX-License-Identifier: Apache-2.0
//! Hints: who hears them, until when, and that nobody can hold the service up.

use super::super::facade::Hints;
use super::super::PendingHints;
use super::matrix::{call, user};
use super::stage::{own_uid, Clients, Ear, Stage};
use crate::service::access::TABLE;
use aidl::ErrorCode::ErrorCode;
use aidl::ICloudMessagingListener::{BnCloudMessagingListener, ICloudMessagingListener};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use binder::{BinderFeatures, Interface};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
/// Long enough for a hint that should not come to come.
const WHILE: Duration = Duration::from_millis(200);

fn serial_report() -> aidl::UserReport::UserReport {
    aidl::UserReport::UserReport { defaultSmsUid: own_uid() as i32, ..user(0) }
}

#[test]
fn each_hears_of_its_own_user_and_of_what_it_is_for() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let (owner, owner_hears) = Ear::listener();
    let (reporter, reporter_hears) = Ear::listener();
    let (app, app_hears) = Ear::callback();
    to.consent.addListener(&owner).unwrap();
    to.platform.addListener(&reporter).unwrap();
    to.messaging.setCallback(Some(&app)).unwrap();

    stage.hints.state_changed(0);
    assert_eq!(owner_hears.recv_timeout(SOON), Ok("state"));
    assert_eq!(reporter_hears.recv_timeout(SOON), Ok("state"));
    assert_eq!(app_hears.recv_timeout(SOON), Ok("state"));
    for (note, heard) in [
        (PendingHints::outcomes as fn(&_, _), "outcomes"),
        (PendingHints::inbound, "inbound"),
        (PendingHints::key_changed, "keys"),
    ] {
        note(&stage.hints, 0);
        assert_eq!(app_hears.recv_timeout(SOON), Ok(heard));
    }
    stage.hints.state_changed(10);
    stage.hints.inbound(10);
    assert_eq!(reporter_hears.recv_timeout(SOON), Ok("state"), "it reports for all users");
    assert!(owner_hears.recv_timeout(WHILE).is_err(), "another user's state");
    assert!(app_hears.recv_timeout(WHILE).is_err(), "another user's message");
}

#[test]
fn a_client_is_forgotten_when_its_connection_ends() {
    let stage = Stage::admitting();
    let clients = stage.clients();
    let (owner, _a) = Ear::listener();
    let (reporter, _b) = Ear::listener();
    let (app, _c) = Ear::callback();
    clients.consent.addListener(&owner).unwrap();
    clients.platform.addListener(&reporter).unwrap();
    clients.messaging.setCallback(Some(&app)).unwrap();
    stage.until_registered(3);
    let Clients { consent, platform, messaging } = clients;
    drop(consent);
    stage.until_registered(2);
    drop(platform);
    stage.until_registered(1);
    drop(messaging);
    stage.until_registered(0);
    stage.hints.state_changed(0);
}

#[test]
fn a_listener_is_there_once_until_it_is_removed() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let (listener, hears) = Ear::listener();
    to.consent.addListener(&listener).unwrap();
    to.consent.addListener(&listener).unwrap();
    stage.until_registered(1);
    stage.hints.state_changed(0);
    assert_eq!(hears.recv_timeout(SOON), Ok("state"));
    assert!(hears.recv_timeout(WHILE).is_err(), "told twice");
    to.consent.removeListener(&listener).unwrap();
    to.consent.removeListener(&listener).unwrap();
    stage.until_registered(0);
    stage.hints.state_changed(0);
    assert!(hears.recv_timeout(WHILE).is_err(), "told after its removal");
}

#[test]
fn a_user_has_at_most_eight_listeners() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let ears: Vec<_> = (0..9).map(|_| Ear::listener()).collect();
    for add in [
        |to: &Clients, l: &_| to.consent.addListener(l),
        |to: &Clients, l: &_| to.platform.addListener(l),
    ] {
        for (listener, _) in &ears[..8] {
            add(&to, listener).unwrap();
        }
        let status = add(&to, &ears[8].0).unwrap_err();
        assert_eq!(status.service_specific_error(), ErrorCode::TOO_MANY.0);
        add(&to, &ears[7].0).unwrap();
    }
    to.consent.removeListener(&ears[0].0).unwrap();
    to.consent.addListener(&ears[8].0).unwrap();
    stage.until_registered(16);
}

#[test]
fn there_is_one_callback_and_null_clears_it() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let (first, first_hears) = Ear::callback();
    let (second, second_hears) = Ear::callback();
    to.messaging.setCallback(Some(&first)).unwrap();
    to.messaging.setCallback(Some(&second)).unwrap();
    stage.until_registered(1);
    stage.hints.outcomes(0);
    assert_eq!(second_hears.recv_timeout(SOON), Ok("outcomes"));
    assert!(first_hears.recv_timeout(WHILE).is_err());
    to.messaging.setCallback(None).unwrap();
    stage.until_registered(0);
}

#[test]
fn an_app_that_is_not_there_is_woken_by_those_who_report_if_something_waits_for_it() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let (reporter, wakes) = Ear::listener();
    let (owner, owner_hears) = Ear::listener();
    to.platform.addListener(&reporter).unwrap();
    to.consent.addListener(&owner).unwrap();
    stage.until_registered(2);
    for hint in [PendingHints::outcomes as fn(&_, _), PendingHints::inbound] {
        hint(&stage.hints, 0);
        assert_eq!(wakes.recv_timeout(SOON), Ok("waiting"));
    }
    // Nobody to be woken, and nothing to be woken for.
    stage.hints.inbound(10);
    stage.fake.nothing_waits();
    stage.hints.outcomes(0);
    assert!(wakes.recv_timeout(WHILE).is_err(), "woken for nothing");
    assert!(owner_hears.recv_timeout(WHILE).is_err(), "an owner's page does not hear of it");
}

#[test]
fn an_app_that_listens_is_told_and_nobody_wakes_it() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let (reporter, wakes) = Ear::listener();
    let (app, hears) = Ear::callback();
    to.platform.addListener(&reporter).unwrap();
    to.messaging.setCallback(Some(&app)).unwrap();
    stage.until_registered(2);
    stage.hints.inbound(0);
    assert_eq!(hears.recv_timeout(SOON), Ok("inbound"));
    assert!(wakes.recv_timeout(WHILE).is_err(), "woken although it listens");
}

#[test]
fn an_app_that_is_no_longer_the_default_hears_nothing_more() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let (app, hears) = Ear::callback();
    to.messaging.setCallback(Some(&app)).unwrap();
    // Even before the report is through: the fact decides, not the list.
    stage.set_default_sms(own_uid() + 1);
    stage.hints.inbound(0);
    assert!(hears.recv_timeout(WHILE).is_err(), "told that a message came");
    to.platform.reportUsers(&[user(0)]).unwrap();
    stage.until_registered(0);
    to.platform.reportUsers(&[serial_report()]).unwrap();
    stage.hints.inbound(0);
    assert!(hears.recv_timeout(WHILE).is_err(), "the old registration came back");
}

/// A listener that says that it was called and then waits to be let go.
struct Stuck(Mutex<SyncSender<()>>, Mutex<Receiver<()>>);

impl Interface for Stuck {}

impl ICloudMessagingListener for Stuck {
    fn onStateChanged(&self) -> binder::Result<()> {
        let _ = self.0.lock().unwrap().try_send(());
        let _ = self.1.lock().unwrap().recv();
        Ok(())
    }

    fn onWaiting(&self, _user: i32) -> binder::Result<()> {
        Ok(())
    }
}

#[test]
fn a_client_that_does_not_read_holds_nobody_up() {
    let stage = Stage::admitting();
    let to = stage.clients();
    let bystander = stage.clients();
    let (called, was_called) = sync_channel(1);
    let (let_go, waits) = sync_channel::<()>(0);
    let stuck = Stuck(Mutex::new(called), Mutex::new(waits));
    let stuck = BnCloudMessagingListener::new_binder(stuck, BinderFeatures::default());
    to.consent.addListener(&stuck).unwrap();
    stage.hints.state_changed(0);
    was_called.recv_timeout(SOON).unwrap();
    // Hints until its buffers are full and the thread that gives them waits in a send.
    let full = Instant::now() + SOON;
    loop {
        stage.hints.state_changed(0);
        std::thread::sleep(Duration::from_micros(50));
        if !stage.hints.is_idle() {
            std::thread::sleep(Duration::from_millis(50));
            if !stage.hints.is_idle() {
                break;
            }
        }
        assert!(Instant::now() < full, "its buffers never filled");
    }
    // While that thread is in the call: every method still answers, those that change the lists too.
    let begun = Instant::now();
    for row in TABLE {
        stage.set_default_sms(own_uid());
        let _ = call(row, &bystander);
    }
    let (owner, _hears) = Ear::listener();
    bystander.consent.addListener(&owner).unwrap();
    bystander.consent.removeListener(&owner).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1), "took {:?}", begun.elapsed());
    drop(let_go);
}

#[test]
fn a_panic_is_one_failed_call() {
    let stage = Stage::admitting();
    let to = stage.clients();
    *stage.fake.panics_in.lock().unwrap() = Some("Consent.receipt");
    for _ in 0..3 {
        assert!(to.consent.receipt().is_err());
        to.consent.state().unwrap();
    }
    *stage.fake.panics_in.lock().unwrap() = None;
    to.consent.receipt().unwrap();
}
