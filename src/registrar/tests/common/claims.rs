// SPDX-License-Identifier: Apache-2.0
//! What has to hold with every broker.

use std::time::Duration;

use cloudmessaging_seal::verify_bundle;
use cloudmessaging_wire::proto::registrar::{refused::Reason, reply};
use cloudmessaging_wire::topic;

use super::{now_ms, refusal, Pending, Site, ANSWER};

fn not_registered(kind: reply::Kind) -> bool {
    matches!(kind, reply::Kind::NotRegistered(_))
}

pub fn a_registration_is_found_renewed_and_erased(site: &Site) {
    let public = site.keygen();
    let _registrar = site.start(&[]);
    let mut alice = site.phone(&public, "+15550100");
    let mut bob = site.phone(&public, "+15550101");
    alice.register();
    assert!(not_registered(alice.ask(alice.look_up("+15550101"))));

    let first = bob.register();
    assert_eq!(first.number.as_str(), "+15550101");
    assert_eq!(first.identity_key, bob.identity.public_key());
    let reply::Kind::Found(found) = alice.ask(alice.look_up("+15550101")) else { panic!() };
    assert_eq!(found.routing_id, first.routing_id);
    let keys = verify_bundle(&found.bundle, &public.signing, &first.routing_id, now_ms()).unwrap();
    assert_eq!(keys.identity_key, bob.identity.public_key());
    assert_eq!((keys.serial, keys.not_after_ms), (first.serial, first.not_after_ms));
    assert!(keys.prekey_at(now_ms()).is_some());

    let second = bob.obtain(bob.renewal());
    assert_eq!(second.routing_id, first.routing_id);
    assert!(second.serial > first.serial && second.not_after_ms >= first.not_after_ms);
    let reply::Kind::Found(found) = alice.ask(alice.look_up("+15550101")) else { panic!() };
    let keys = verify_bundle(&found.bundle, &public.signing, &first.routing_id, now_ms()).unwrap();
    assert_eq!(keys.serial, second.serial);

    assert!(matches!(bob.ask(bob.erasure()), reply::Kind::Erased(_)));
    assert!(not_registered(alice.ask(alice.look_up("+15550101"))));
    // Once more changes nothing, and a later registration has a higher serial still.
    assert!(matches!(bob.ask(bob.erasure()), reply::Kind::Erased(_)));
    assert!(bob.register().serial > second.serial);
}

pub fn what_is_retained_is_the_bundle_and_it_expires_with_the_lease(site: &Site) {
    let public = site.keygen();
    let _registrar = site.start(&["--lease", "3"]);
    let mut alice = site.phone(&public, "+15550100");
    let mut bob = site.phone(&public, "+15550101");
    let identity = bob.register();
    let mut spy = site.spy("registrarspy");
    spy.subscribe("cm/1/keys/#").unwrap();
    let retained = spy.receive(ANSWER).unwrap().unwrap();
    assert_eq!(retained.topic, topic::keys(&identity.routing_id));
    assert!(retained.retain && retained.expiry.is_some_and(|seconds| seconds <= 3));
    assert_eq!(spy.receive(Duration::from_millis(200)).unwrap(), None);
    let shown = String::from_utf8_lossy(&retained.payload).into_owned();
    assert!(!shown.contains("5550101"), "the bundle names the number");

    alice.register();
    std::thread::sleep(Duration::from_millis(3500));
    assert_eq!(refusal(bob.ask(bob.renewal())), Reason::Expired);
    alice.register();
    assert!(not_registered(alice.ask(alice.look_up("+15550101"))));
}

pub fn two_instances_share_the_load_and_their_state_is_the_brokers(site: &Site) {
    let public = site.keygen();
    let first = site.start(&[]);
    let second = site.start(&[]);
    let mut alice = site.phone(&public, "+15550100");
    let mut bob = site.phone(&public, "+15550101");
    alice.register();
    bob.register();
    for _ in 0..8 {
        assert!(matches!(alice.ask(alice.look_up("+15550101")), reply::Kind::Found(_)));
        assert!(matches!(bob.ask(bob.look_up("+15550100")), reply::Kind::Found(_)));
    }
    let answered = |log: &str| log.matches("answered").count();
    let (first, log) = (answered(&first.stop()), second);
    // The other one goes on alone, with all that the first knew.
    assert!(matches!(alice.ask(alice.look_up("+15550101")), reply::Kind::Found(_)));
    let second = answered(&log.stop());
    assert!(first >= 4 && second >= 4, "{first} and {second}");
}

pub fn a_code_that_one_instance_sent_is_taken_by_another_and_the_phone_of_before_is_told(
    site: &Site,
) {
    let public = site.keygen();
    let first = site.start(&[]);
    let mut before = site.phone(&public, "+15550100");
    let identity = before.register();
    let mut after = site.phone(&public, "+15550100");
    let proven = after.proven();
    first.stop();
    let _second = site.start(&[]);
    let inbox = topic::inbox(&identity.routing_id);
    let mut listener = before.inbox(site);
    listener.subscribe(&inbox).unwrap();
    let moved = after.obtain(proven);
    assert!(moved.serial > identity.serial && moved.routing_id == identity.routing_id);
    let notice = listener.receive(ANSWER).unwrap().unwrap();
    assert_eq!(notice.topic, inbox);
    assert!(!notice.retain && notice.expiry.is_some());
    assert_eq!(refusal(before.ask(before.renewal())), Reason::Identity);
}

pub fn many_requests_at_once_are_all_answered(site: &Site) {
    let public = site.keygen();
    let _registrar = site.start(&["--look-ups-per-number", "1000"]);
    let mut alice = site.phone(&public, "+15550100");
    alice.register();
    let mut pending: Vec<Pending> = (0..200)
        .map(|n| {
            let number = if n % 2 == 0 { "+15550100".into() } else { format!("+1555020{n}") };
            alice.post(alice.look_up(&number))
        })
        .collect();
    let (mut found, mut not) = (0, 0);
    while !pending.is_empty() {
        match alice.answer(&mut pending).expect("an answer is missing") {
            reply::Kind::Found(_) => found += 1,
            reply::Kind::NotRegistered(_) => not += 1,
            other => panic!("{:?}", refusal(other)),
        }
    }
    assert_eq!((found, not), (100, 100));
}

pub fn the_over_frequent_are_refused_and_the_others_are_not(site: &Site) {
    let public = site.keygen();
    let _registrar = site.start(&["--changes-per-number", "2", "--look-ups-per-number", "2"]);
    let mut alice = site.phone(&public, "+15550100");
    let mut bob = site.phone(&public, "+15550101");
    alice.register();
    alice.obtain(alice.renewal());
    assert_eq!(refusal(alice.ask(alice.renewal())), Reason::TooOften);
    bob.register();
    assert!(matches!(bob.ask(bob.look_up("+15550100")), reply::Kind::Found(_)));
    assert!(matches!(bob.ask(bob.look_up("+15550100")), reply::Kind::Found(_)));
    assert_eq!(refusal(bob.ask(bob.look_up("+15550100"))), Reason::TooOften);
}

pub fn nothing_that_arrives_stops_it_and_nothing_personal_is_logged(site: &Site) {
    let public = site.keygen();
    let registrar = site.start(&[]);
    let mut alice = site.phone(&public, "+15550100");
    for size in [0, 1, 40, 400, 4000, 5000, 60_000] {
        alice.publish(vec![0xa5; size]);
    }
    alice.register();
    let mut mallory = site.phone(&public, "+15550100");
    mallory.certificate = alice.certificate.clone();
    assert_eq!(refusal(mallory.ask(mallory.erasure())), Reason::Malformed);
    assert!(matches!(alice.ask(alice.look_up("+15550100")), reply::Kind::Found(_)));
    assert!(matches!(alice.ask(alice.erasure()), reply::Kind::Erased(_)));
    let log = registrar.stop();
    assert!(log.contains("a request was dropped"), "{log}");
    for secret in ["5550100", &hex::encode(alice.identity.public_key()), "cm/1/keys/", "cm/1/reply"]
    {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
