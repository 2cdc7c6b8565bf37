// SPDX-License-Identifier: Apache-2.0
//! What is done about a believed request, with bundles in memory instead of a broker.

#[allow(dead_code)]
mod paper;

use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::limit::Allowance;
use cloudmessaging_seal::{issue_bundle, RoutingId};
use cloudmessaging_wire::proto::envelope as proto;
use cloudmessaging_wire::proto::registrar::{refused::Reason, reply, request};
use cloudmessaging_wire::signed;
use paper::office::{much, refusal, Office, LEASE};
use paper::{certified_by, Phone, DAY, NOW, SECOND};
use prost::Message as _;

#[tokio::test]
async fn certificate_and_bundle_say_the_same() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    let identity = office.register(&mut alice).await;
    let bundle = office.retained("+15550100");
    assert_eq!(identity.routing_id, office.routing_id("+15550100"));
    assert_eq!(bundle.identity_key, identity.identity_key);
    assert_eq!((bundle.serial, identity.serial), (NOW as u64, NOW as u64));
    assert_eq!(identity.not_after_ms, NOW + 7 * DAY);
    assert_eq!(bundle.not_after_ms, identity.not_after_ms);
    let (_, time) = office.broker().retained[&identity.routing_id];
    assert_eq!(time, LEASE);
}

#[tokio::test]
async fn the_serial_rises_even_if_the_clock_does_not() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    let first = office.register(&mut alice).await.serial;
    let second = office.register(&mut alice).await.serial;
    let renewal = request::Kind::Renewal(alice.renewal());
    let third = office.certified(&mut alice, renewal, NOW - SECOND).await.serial;
    assert_eq!((second, third), (first + 1, first + 2));
    // The bundle is gone, the certificate is not: the next one is above it.
    office.broker().retained.clear();
    let renewal = request::Kind::Renewal(alice.renewal());
    assert_eq!(office.certified(&mut alice, renewal, NOW - SECOND).await.serial, third + 1);
}

#[tokio::test]
async fn who_registers_a_number_with_its_code_has_it_and_the_one_before_can_neither_renew_nor_erase(
) {
    let office = Office::new();
    let mut before = Phone::new("+15550100");
    let mut after = Phone::new("+15550100");
    office.register(&mut before).await;
    office.register(&mut after).await;
    let renewal = request::Kind::Renewal(before.renewal());
    assert_eq!(refusal(office.ask(&before, renewal).await), Reason::Identity);
    let erase = request::Kind::Erase(before.erase());
    assert_eq!(refusal(office.ask(&before, erase).await), Reason::Identity);
    assert_eq!(office.retained("+15550100").identity_key, after.identity.public_key());
}

#[tokio::test]
async fn a_look_up_tells_found_from_not_registered_and_lapsed_is_not() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    let mut bob = Phone::new("+15550101");
    office.register(&mut alice).await;
    let look = |phone: &Phone| request::Kind::LookUp(phone.look_up("+15550101"));
    let none = office.ask(&alice, look(&alice)).await;
    assert!(matches!(none, reply::Kind::NotRegistered(_)));
    office.register(&mut bob).await;
    let reply::Kind::Found(found) = office.ask(&alice, look(&alice)).await else { panic!() };
    assert_eq!(found.routing_id, office.routing_id("+15550101"));
    assert_eq!(found.bundle, office.broker().retained[&office.routing_id("+15550101")].0);
    // The broker is late to drop it; a new certificate for the asker's later clock.
    let later = NOW + 7 * DAY;
    let asker = Phone::certified("+15550100", office.keys(), later + DAY);
    let lapsed = office.ask_at(&asker, look(&asker), later).await;
    assert!(matches!(lapsed, reply::Kind::NotRegistered(_)));
}

#[tokio::test]
async fn a_broker_that_does_not_answer_never_means_not_registered() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    office.register(&mut alice).await;
    let proven = office.proven(&alice, NOW).await;
    office.broker().reads_fail = true;
    for kind in [
        request::Kind::LookUp(alice.look_up("+15550101")),
        request::Kind::Registration(proven),
        request::Kind::Renewal(alice.renewal()),
        request::Kind::Erase(alice.erase()),
    ] {
        assert_eq!(refusal(office.ask(&alice, kind).await), Reason::Unavailable);
    }
}

#[tokio::test]
async fn nothing_is_promised_that_was_not_written() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    office.register(&mut alice).await;
    let proven = office.proven(&alice, NOW).await;
    office.broker().writes_fail = true;
    for kind in [
        request::Kind::Registration(proven),
        request::Kind::Renewal(alice.renewal()),
        request::Kind::Erase(alice.erase()),
    ] {
        assert_eq!(refusal(office.ask(&alice, kind).await), Reason::Unavailable);
    }
}

#[tokio::test]
async fn a_bundle_that_is_not_ours_is_neither_found_nor_not_registered() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    let mut bob = Phone::new("+15550101");
    office.register(&mut alice).await;
    let routing_id = office.routing_id("+15550101");
    let look = || request::Kind::LookUp(alice.look_up("+15550101"));
    for garbage in [vec![0xa5; 300], vec![1]] {
        office.broker().retained.insert(routing_id, (garbage, LEASE));
        assert_eq!(refusal(office.ask(&alice, look()).await), Reason::Unavailable);
    }
    // Another's bundle under this routing id, too.
    let other = office.broker().retained[&office.routing_id("+15550100")].clone();
    office.broker().retained.insert(routing_id, other);
    assert_eq!(refusal(office.ask(&alice, look()).await), Reason::Unavailable);
    office.register(&mut bob).await;
    assert!(matches!(office.ask(&alice, look()).await, reply::Kind::Found(_)));
}

#[tokio::test]
async fn a_bundle_of_a_future_version_is_left_untouched_until_its_owner_erases_it() {
    let office = Office::new();
    let alice = Phone::certified("+15550100", office.keys(), NOW + DAY);
    let routing_id = office.routing_id("+15550100");
    let future = future_bundle(office.keys(), &alice, &routing_id);
    office.broker().retained.insert(routing_id, (future.clone(), LEASE));
    let proven = office.proven(&alice, NOW).await;
    for kind in [
        request::Kind::Registration(proven),
        request::Kind::Renewal(alice.renewal()),
        request::Kind::LookUp(alice.look_up("+15550100")),
    ] {
        assert_eq!(refusal(office.ask(&alice, kind).await), Reason::Unavailable);
        assert_eq!(office.broker().retained[&routing_id].0, future);
    }
    let erased = office.ask(&alice, request::Kind::Erase(alice.erase())).await;
    assert!(matches!(erased, reply::Kind::Erased(_)));
    assert!(office.broker().retained.is_empty());
}

fn future_bundle(keys: &Keys, phone: &Phone, routing_id: &RoutingId) -> Vec<u8> {
    let (key_id, signing) = keys.signing();
    let (prekeys, signature) = phone.prekeys_from(NOW);
    let identity = certified_by(keys, &phone.certificate);
    let now = issue_bundle(signing, key_id, &(&identity).into(), &prekeys, &signature);
    let mut bundle = proto::KeyBundle::decode(now.as_slice()).unwrap();
    let mut certified = proto::CertifiedKeys::decode(bundle.keys.as_slice()).unwrap();
    assert_eq!(certified.routing_id, routing_id);
    certified.schema_version = 2;
    bundle.keys = certified.encode_to_vec();
    bundle.registrar_signature = signing.sign(&signed::bundle(&bundle.keys)).to_vec();
    bundle.encode_to_vec()
}

#[tokio::test]
async fn one_request_does_not_wait_for_anothers_broker() {
    let office = Arc::new(Office::new());
    let mut alice = Phone::new("+15550100");
    office.register(&mut alice).await;
    // Requests about routing ids with the same first byte take turns; these do not have it.
    let turn = office.routing_id("+15550100")[0];
    let other = (1..).map(|n| format!("+155502{n}")).find(|n| office.routing_id(n)[0] != turn);
    let other = other.unwrap();
    office.broker().slow = Some(office.routing_id(&other));
    let stuck = tokio::spawn({
        let office = office.clone();
        let phone = Phone::certified("+15550103", office.keys(), NOW + DAY);
        async move { office.ask(&phone, request::Kind::LookUp(phone.look_up(&other))).await }
    });
    tokio::task::yield_now().await;
    let found = office.ask(&alice, request::Kind::LookUp(alice.look_up("+15550100")));
    let found = tokio::time::timeout(Duration::from_secs(5), found).await.unwrap();
    assert!(matches!(found, reply::Kind::Found(_)));
    assert!(!stuck.is_finished());
    stuck.abort();
}

#[tokio::test]
async fn too_often_is_refused_by_number_and_in_all_and_a_forger_uses_up_nobodys_share() {
    let office = Office::allowing(Allowance { changes: 2, look_ups: 1, ..much() });
    let mut alice = Phone::new("+15550100");
    let mallory = Phone::new("+15550100");
    office.register(&mut alice).await;
    // Not signed by the certificate's key: refused, and not charged to the number.
    let mut forged = mallory.renewal();
    forged.sender_certificate = alice.certificate.clone();
    for _ in 0..5 {
        let kind = request::Kind::Renewal(forged.clone());
        assert_eq!(refusal(office.ask(&mallory, kind).await), Reason::Malformed);
    }
    office.register(&mut alice).await;
    let kind = request::Kind::Erase(alice.erase());
    assert_eq!(refusal(office.ask(&alice, kind).await), Reason::TooOften);
    let look = || request::Kind::LookUp(alice.look_up("+15550101"));
    assert!(matches!(office.ask(&alice, look()).await, reply::Kind::NotRegistered(_)));
    assert_eq!(refusal(office.ask(&alice, look()).await), Reason::TooOften);

    let office = Office::allowing(Allowance { per_second: 2, ..much() });
    let mut refused = 0;
    for n in 0..5 {
        let phone = Phone::new(&format!("+1555010{n}"));
        let kind = request::Kind::Registration(phone.registration());
        if let reply::Kind::Refused(why) = office.ask(&phone, kind).await {
            assert_eq!(why.reason(), Reason::TooOften);
            refused += 1;
        }
    }
    assert!(refused >= 2, "{refused}");
}
