// SPDX-License-Identifier: Apache-2.0
//! The embedded broker enforces the table, by the certificate alone.

mod common;

use cloudmessaging_broker::acl::Issuer;
use cloudmessaging_broker::embedded::Broker;
use cloudmessaging_broker::pki;
use cloudmessaging_broker::probe::{Message, Probe, ProbeError, Session};
use common::{inbox, message, payload, refused, Site, ALICE, BOB, HOUR, NOT_AUTHORIZED};

const IDENTIFIER_NOT_VALID: u8 = 0x85;
const RETAIN_NOT_SUPPORTED: u8 = 0x9a;

fn with_broker(check: impl FnOnce(&Site)) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(dir.path()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = runtime.block_on(Broker::start(dir.path(), 0)).unwrap();
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
fn a_certificate_without_a_role_may_not_connect() {
    with_broker(|site| {
        pki::issue(site.pki, Issuer::Site, "stranger", "mallory", HOUR).unwrap();
        let connect = Probe::connect(site.pki, site.address, Some("stranger"), "x1").map(drop);
        assert_eq!(refused(connect), NOT_AUTHORIZED);
    });
}

#[test]
fn the_phones_authority_makes_phones_and_nothing_else() {
    with_broker(|site| {
        for (n, name) in ["registrar", "post", "a11ce", &ALICE.to_uppercase()].iter().enumerate() {
            let file = format!("made{n}");
            pki::issue(site.pki, Issuer::Phones, &file, name, HOUR).unwrap();
            for id in ["x1", "registrar1"] {
                let connect = Probe::connect(site.pki, site.address, Some(&file), id).map(drop);
                assert_eq!(refused(connect), NOT_AUTHORIZED, "{name}");
            }
        }
        pki::issue(site.pki, Issuer::Site, "made", ALICE, HOUR).unwrap();
        let connect = Probe::connect(site.pki, site.address, Some("made"), "x1").map(drop);
        assert_eq!(refused(connect), NOT_AUTHORIZED, "a phone of the other authority");
    });
}

/// mqtt5's own provider takes the client id for the name.
#[test]
fn a_client_that_calls_itself_like_another_reads_nothing_of_it() {
    with_broker(|site| {
        let mut phone = site.phone(BOB, ALICE);
        assert_eq!(refused(phone.subscribe(&inbox(ALICE))), NOT_AUTHORIZED);
        phone.subscribe(&inbox(BOB)).unwrap();
    });
}

#[test]
fn nobody_takes_over_anothers_session_even_if_it_knows_the_id() {
    with_broker(|site| {
        let session = Session { resume: true, expiry: 600 };
        site.issue_to(ALICE);
        site.issue_to(BOB);
        let connect = |name, session| {
            Probe::connect_with(site.pki, site.address, Some(name), "inbox8", session)
        };
        let mut alice = connect(ALICE, session).unwrap();
        alice.subscribe(&inbox(ALICE)).unwrap();
        for anothers in [BOB, "post"] {
            for session in [session, Session::default()] {
                assert_eq!(refused(connect(anothers, session).map(drop)), IDENTIFIER_NOT_VALID);
            }
        }
        drop(alice);
        assert_eq!(refused(connect(BOB, Session::default()).map(drop)), IDENTIFIER_NOT_VALID);
        site.post("post8").publish(&message(&inbox(ALICE), "message")).unwrap();
        let mut alice = connect(ALICE, session).unwrap();
        assert!(alice.session_present());
        assert!(alice.receive(common::SOON).unwrap().is_some());
    });
}

#[test]
fn a_phone_that_calls_itself_registrar_is_refused() {
    with_broker(|site| {
        site.issue_to(ALICE);
        for name in ["post", ALICE] {
            for id in ["registrar", "registrar1", "+", "a/b"] {
                let connect = Probe::connect(site.pki, site.address, Some(name), id).map(drop);
                assert_eq!(refused(connect), IDENTIFIER_NOT_VALID, "{id}");
            }
        }
    });
}

#[test]
fn a_phone_cannot_resume_or_end_a_registrars_session() {
    with_broker(|site| {
        let session = Session { resume: true, expiry: 600 };
        let mut registrar =
            Probe::connect_with(site.pki, site.address, Some("registrar"), "registrar8", session)
                .unwrap();
        registrar.subscribe("$share/g/cm/1/registrar").unwrap();
        let taken =
            Probe::connect_with(site.pki, site.address, Some("post"), "registrar8", session);
        assert_eq!(refused(taken.map(drop)), IDENTIFIER_NOT_VALID);
        let mut post = site.post("post8");
        post.publish(&message("cm/1/registrar", "request")).unwrap();
        assert!(registrar.receive(common::SOON).unwrap().is_some());
    });
}

#[test]
fn nothing_is_kept_but_what_a_registrar_has_kept() {
    with_broker(|site| {
        let mut post = site.post("post1");
        let kept = Message { retain: true, ..message(&inbox(ALICE), "kept") };
        post.publish(&kept).unwrap();
        let will = Probe::connect_with_will(site.pki, site.address, Some("post"), "post2", &kept)
            .map(drop);
        assert_eq!(refused(will), RETAIN_NOT_SUPPORTED);
        // One who asks for what is kept, as no phone of ours does.
        let mut alice = site.phone(ALICE, "inbox1");
        alice.subscribe(&inbox(ALICE)).unwrap();
        post.publish(&message(&inbox(ALICE), "passing")).unwrap();
        assert_eq!(payload(alice.receive(common::SOON)), Some("passing".into()));
    });
}

#[test]
fn every_forbidden_subscription_is_refused_in_so_many_words() {
    with_broker(|site| {
        let mut post = site.post("post1");
        for filter in [
            "#",
            "cm/1/inbox/+",
            "cm/1/inbox/aa",
            "cm/1/keys/aa",
            "cm/1/registrar",
            "$share/g/cm/1/registrar",
            "$share/g/cm/1/inbox/aa",
            "cm/1/reply/post9/+",
            "cm/1/reply/+/+",
            "$SYS/#",
        ] {
            assert_eq!(refused(post.subscribe(filter)), NOT_AUTHORIZED, "{filter}");
        }
        let mut phone = site.phone(ALICE, "phone9");
        let (own, other) = (inbox(ALICE), inbox(BOB));
        let shared = format!("$share/g/{own}");
        for filter in ["#", "cm/1/inbox/+", &other, &shared, "cm/1/reply/phone9/+", "cm/1/keys/aa"]
        {
            assert_eq!(refused(phone.subscribe(filter)), NOT_AUTHORIZED, "{filter}");
        }
        phone.subscribe(&own).unwrap();
        let mut registrar = site.registrar("registrar9");
        for filter in ["#", "cm/1/inbox/aa", "cm/1/reply/post9/+", "$share/g/cm/1/keys/#"] {
            assert_eq!(refused(registrar.subscribe(filter)), NOT_AUTHORIZED, "{filter}");
        }
    });
}

#[test]
fn a_client_that_offers_no_tls_1_3_is_refused() {
    with_broker(|site| {
        use std::io::{Read, Write};
        // A TLS 1.2 ClientHello with one suite and no extension: a version 1.3 server has to alert.
        let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
        hello.extend([7; 32]);
        hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
        let mut stream = std::net::TcpStream::connect(site.address).unwrap();
        stream.write_all(&hello).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        const ALERT: u8 = 0x15;
        assert_eq!(answer.first(), Some(&ALERT));
    });
}

#[test]
fn dropping_the_broker_closes_its_connections() {
    let dir = tempfile::tempdir().unwrap();
    pki::create(dir.path()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = runtime.block_on(Broker::start(dir.path(), 0)).unwrap();
    let site = Site { pki: dir.path(), address: broker.address() };
    let mut phone = site.post("phone10");
    drop(broker);
    let closed = phone.receive(common::SOON);
    assert!(matches!(closed, Err(ProbeError::Io(_) | ProbeError::Protocol(_))));
    assert!(Probe::connect(site.pki, site.address, Some("post"), "phone11").is_err());
}
