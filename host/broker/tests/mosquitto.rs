// SPDX-License-Identifier: Apache-2.0
//! Mosquitto, with the configuration that we write, enforces the table. What it cannot is said in
//! `cloudmessaging_broker::mosquitto`, and held here too: a weakness nobody may forget.

mod common;

use cloudmessaging_broker::acl::Issuer;
use cloudmessaging_broker::mosquitto::Mosquitto;
use cloudmessaging_broker::pki;
use cloudmessaging_broker::probe::{Message, Probe};
use common::{inbox, message, payload, refused, Site, ALICE, HOUR, NOT_AUTHORIZED};

fn with_broker(check: impl FnOnce(&Site)) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(dir.path()).unwrap();
    let broker = Mosquitto::start(dir.path(), &dir.path().join("mosquitto")).unwrap();
    check(&Site { pki: dir.path(), address: broker.address() });
}

macro_rules! hold {
    ($($claim:ident)*) => {$(
        #[test]
        fn $claim() {
            with_broker(common::$claim);
        }
    )*};
}

hold! {
    what_the_protocol_needs_is_allowed
    nobody_connects_without_a_certificate_of_an_authority
    an_expired_certificate_is_refused
    post_publishes_neither_bundles_nor_answers
    a_phone_publishes_nothing
    a_registrar_publishes_no_requests
    what_post_must_not_read_never_reaches_it
    what_a_phone_must_not_read_never_reaches_it
    what_a_registrar_must_not_read_never_reaches_it
    an_inbox_session_keeps_what_came_while_it_was_away
    a_retained_bundle_expires_and_can_be_erased
}

#[test]
fn a_certificate_without_a_role_connects_and_can_do_nothing() {
    with_broker(|site| {
        pki::issue(site.pki, Issuer::Site, "stranger", "mallory", HOUR).unwrap();
        let mut stranger = Probe::connect(site.pki, site.address, Some("stranger"), "x1").unwrap();
        for topic in ["cm/1/registrar", "cm/1/inbox/aa", "cm/1/keys/aa"] {
            assert_eq!(refused(stranger.publish(&message(topic, "x"))), NOT_AUTHORIZED, "{topic}");
        }
        let _ = stranger.subscribe("#");
        site.post("post1").publish(&message("cm/1/registrar", "request")).unwrap();
        assert_eq!(stranger.receive(common::QUIET).unwrap(), None);
    });
}

/// The rules know the CN alone. What this key can do is with whoever holds it, which is the registrar.
#[test]
fn known_weakness_the_phones_authority_can_make_a_registrar() {
    with_broker(|site| {
        pki::issue(site.pki, Issuer::Phones, "stranger", "registrar", HOUR).unwrap();
        let mut made = Probe::connect(site.pki, site.address, Some("stranger"), "x1").unwrap();
        made.publish(&message("cm/1/keys/aa", "bundle")).unwrap();
    });
}

/// Its file cannot say who may have a message kept. Phones do not ask for what is (Retain Handling 2); the
/// broker's memory is what suffers.
#[test]
fn known_weakness_post_can_have_messages_kept() {
    with_broker(|site| {
        let kept = Message { retain: true, ..message(&inbox(ALICE), "kept") };
        site.post("post1").publish(&kept).unwrap();
        let mut alice = site.phone(ALICE, "inbox1");
        alice.subscribe(&inbox(ALICE)).unwrap();
        assert_eq!(payload(alice.receive(common::SOON)), Some("kept".into()));
    });
}
