// SPDX-License-Identifier: Apache-2.0
//! Whose a number is: codes by SMS, what they bind, how often they may be tried, and what becomes of the phone
//! that had the number before.

#[allow(dead_code)]
mod paper;

use std::time::{Duration, Instant};

use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::limit::{Allowance, Deed, Limits, TRIES};
use cloudmessaging_seal::{open_content, Number, Reader, SealedEnvelope};
use cloudmessaging_wire::proto::envelope::content::Kind as Said;
use cloudmessaging_wire::proto::registrar::{refused::Reason, reply, request, Registration};
use paper::office::{much, refusal, Office, Shelf, LEASE};
use paper::{request as honest, seal, Phone, DAY, NOW, SECOND};

const WINDOW: i64 = 600 * SECOND;

fn with_code(phone: &Phone, code: &str) -> request::Kind {
    request::Kind::Registration(Registration { code: code.into(), ..phone.registration() })
}

#[tokio::test]
async fn without_the_code_that_was_sent_nothing_is_registered() {
    let office = Office::new();
    let alice = Phone::new("+15550100");
    let kind = request::Kind::Registration(alice.registration());
    let reply::Kind::CodeSent(sent) = office.ask(&alice, kind).await else { panic!() };
    assert_eq!(sent.valid_until_ms, NOW + 2 * WINDOW);
    let code = office.code("+15550100");
    for wrong in ["00000000", &code[..7], &code.replace(&code[..1], "*"), " ", "ABCDEFGHJKMNPQRST"]
    {
        let answer = office.ask(&alice, with_code(&alice, wrong)).await;
        assert_eq!(refusal(answer), Reason::WrongCode, "{wrong}");
    }
    assert!(office.broker().retained.is_empty());
    assert_eq!(office.texts().len(), 1);
    let answer = office.ask(&alice, with_code(&alice, &code.to_lowercase())).await;
    assert!(matches!(answer, reply::Kind::Registered(_)));
    assert_eq!(office.retained("+15550100").identity_key, alice.identity.public_key());
}

#[tokio::test]
async fn a_code_is_worth_nothing_for_another_phone_another_number_or_half_an_hour_later() {
    let office = Office::new();
    let alice = Phone::new("+15550100");
    let code = office.proven(&alice, NOW).await.code;
    let mallory = Phone::new("+15550100");
    let answer = office.ask(&mallory, with_code(&mallory, &code)).await;
    assert_eq!(refusal(answer), Reason::WrongCode);
    let other = Phone { number: "+15550101".into(), ..alice };
    let answer = office.ask(&other, with_code(&other, &code)).await;
    assert_eq!(refusal(answer), Reason::WrongCode);
    let alice = Phone { number: "+15550100".into(), ..other };
    let late = office.ask_at(&alice, with_code(&alice, &code), NOW + 2 * WINDOW).await;
    assert_eq!(refusal(late), Reason::WrongCode);
    let just = office.ask_at(&alice, with_code(&alice, &code), NOW + 2 * WINDOW - 1).await;
    assert!(matches!(just, reply::Kind::Registered(_)));
}

#[tokio::test]
async fn a_code_outlives_the_instance_that_sent_it_and_another_one_accepts_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    Keys::generate().unwrap().store(&file).unwrap();
    let shelf = Shelf::default();
    let instance = || Office::with(Keys::load(&file).unwrap(), much(), shelf.clone());
    let mut alice = Phone::new("+15550100");
    let proven = {
        let first = instance();
        let proven = first.proven(&alice, NOW).await;
        assert!(first.broker().done.is_empty(), "something was kept at the broker");
        proven
    };
    let second = instance();
    second.certified(&mut alice, request::Kind::Registration(proven), NOW).await;
    assert_eq!(second.retained("+15550100").identity_key, alice.identity.public_key());
}

#[tokio::test]
async fn an_sms_that_was_not_sent_is_never_said_to_be_sent() {
    let office = Office::new();
    let alice = Phone::new("+15550100");
    office.break_network(true);
    let ask = || request::Kind::Registration(alice.registration());
    assert_eq!(refusal(office.ask(&alice, ask()).await), Reason::Unavailable);
    office.break_network(false);
    assert!(matches!(office.ask(&alice, ask()).await, reply::Kind::CodeSent(_)));
}

#[tokio::test]
async fn sms_and_tries_of_a_number_are_limited_whoever_asks() {
    let office = Office::allowing(Allowance { sms: 2, tries: 3, ..much() });
    let phones = [0; 5].map(|_| Phone::new("+15550100"));
    let mut sent = 0;
    for phone in &phones {
        match office.ask(phone, request::Kind::Registration(phone.registration())).await {
            reply::Kind::CodeSent(_) => sent += 1,
            other => assert_eq!(refusal(other), Reason::TooOften),
        }
    }
    assert_eq!((sent, office.texts().len()), (2, 2));
    let mut wrong = 0;
    for phone in &phones {
        match refusal(office.ask(phone, with_code(phone, "00000000")).await) {
            Reason::WrongCode => wrong += 1,
            other => assert_eq!(other, Reason::TooOften),
        }
    }
    assert_eq!(wrong, 3);
    // Not even the right one is looked at any more.
    let code = office.code("+15550100");
    let answer = office.ask(&phones[1], with_code(&phones[1], &code)).await;
    assert_eq!(refusal(answer), Reason::TooOften);
    // Others are not touched by it.
    office.register(&mut Phone::new("+15550101")).await;
}

#[test]
fn what_passes_in_ten_minutes_is_two_windows_and_one_more_for_each_restart() {
    let (second, begun) = (Duration::from_secs(1), Instant::now());
    let number = Number::parse("+15550100").unwrap();
    let begin = |at| Limits::new(Allowance::default(), at);
    let tries = |limits: &Limits, at: Instant| {
        (0..50).filter(|_| limits.charge(Deed::Try, &number, at)).count() as u32
    };
    // The last moment of a window, and then every second to the end of the ten minutes.
    let from = begun + 599 * second;
    for restarts in [0, 1, 3] {
        let mut limits = begin(begun);
        let mut passed = tries(&limits, from);
        for n in 1..600 {
            if n % 100 == 0 && n / 100 <= restarts {
                limits = begin(from + n * second);
            }
            passed += tries(&limits, from + n * second);
        }
        assert_eq!(passed, (2 + restarts) * TRIES, "{restarts}");
    }
}

#[tokio::test]
async fn strangers_who_ask_for_a_number_do_not_use_up_its_owners_renewals() {
    let office = Office::allowing(Allowance { changes: 2, ..much() });
    let mut alice = Phone::new("+15550100");
    office.register(&mut alice).await;
    for _ in 0..20 {
        let stranger = Phone::new("+15550100");
        office.ask(&stranger, request::Kind::Registration(stranger.registration())).await;
        office.ask(&stranger, with_code(&stranger, "00000000")).await;
    }
    let renewal = request::Kind::Renewal(alice.renewal());
    office.certified(&mut alice, renewal, NOW).await;
}

#[tokio::test]
async fn who_loses_a_number_is_told_after_it_is_so_in_a_notice_that_it_alone_can_open() {
    let office = Office::new();
    let mut before = Phone::new("+15550100");
    let identity = office.register(&mut before).await;
    office.broker().done.clear();
    let mut after = Phone::new("+15550100");
    let moved = office.register(&mut after).await;
    assert_eq!(office.broker().done, ["read", "keep", "deliver"]);

    let (to, envelope, time) = office.broker().delivered.remove(0);
    assert_eq!((to, time), (identity.routing_id, LEASE));
    let envelope = SealedEnvelope::parse(&envelope).unwrap();
    assert_eq!(envelope.key_id, before.prekeys[0].id);
    let opened = open_content(Reader::Inbox, &before.prekeys[0].secret, &envelope).unwrap();
    assert!(open_content(Reader::Inbox, &after.prekeys[0].secret, &envelope).is_err());
    let (key_id, signing) = office.keys().signing();
    let content = opened.verify(&signing.public_key(), &identity.routing_id).unwrap();
    let Some(Said::Moved(said)) = content.kind else { panic!("no notice") };
    assert_eq!(said.signing_key_id, key_id);
    assert_eq!(said.identity_key, before.identity.public_key());
    assert_eq!(said.serial, moved.serial);
    assert!(said.serial > identity.serial);
    assert_eq!(said.at_ms, NOW);
}

#[tokio::test]
async fn a_phone_that_registers_anew_is_told_nothing_nor_is_one_whose_prekeys_are_over() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    office.register(&mut alice).await;
    office.register(&mut alice).await;
    assert!(office.broker().delivered.is_empty());
    // Three days without a renewal: nothing that the registrar could seal to.
    let mut after = Phone::new("+15550100");
    after.prekeys = [NOW + 3 * DAY, NOW + 4 * DAY]
        .map(|at| cloudmessaging_seal::PrekeyPair::generate(at).unwrap());
    let proven = office.proven(&after, NOW + 3 * DAY).await;
    let kind = request::Kind::Registration(proven);
    let answer = office.ask_at(&after, kind, NOW + 3 * DAY).await;
    assert!(matches!(answer, reply::Kind::Registered(_)));
    assert!(office.broker().delivered.is_empty());
}

#[tokio::test]
async fn a_notice_that_cannot_be_delivered_does_not_undo_the_registration() {
    let office = Office::new();
    office.register(&mut Phone::new("+15550100")).await;
    office.broker().deliveries_fail = true;
    let mut after = Phone::new("+15550100");
    office.register(&mut after).await;
    assert_eq!(office.retained("+15550100").identity_key, after.identity.public_key());
}

#[tokio::test]
async fn a_notice_that_could_not_be_delivered_is_tried_again_until_the_lease_of_before_is_over() {
    let office = Office::new();
    let identity = office.register(&mut Phone::new("+15550101")).await;
    office.register(&mut Phone::new("+15550100")).await;
    office.broker().deliveries_fail = true;
    for number in ["+15550100", "+15550101"] {
        office.register(&mut Phone::new(number)).await;
    }
    assert!(!office.tell_untold(NOW + SECOND).await);
    assert!(office.broker().delivered.is_empty());
    office.broker().deliveries_fail = false;
    assert!(office.tell_untold(NOW + DAY).await);
    let told = std::mem::take(&mut office.broker().delivered);
    assert_eq!(told.len(), 2);
    assert!(told.iter().any(|(to, ..)| *to == identity.routing_id));
    // What is left of the lease, and no more.
    let left = LEASE - Duration::from_millis(DAY as u64);
    assert!(told.iter().all(|(.., time)| *time == left));
    assert!(office.tell_untold(NOW + DAY).await);
    assert!(office.broker().delivered.is_empty(), "told twice");

    office.broker().deliveries_fail = true;
    office.register(&mut Phone::new("+15550100")).await;
    office.broker().deliveries_fail = false;
    assert!(office.tell_untold(NOW + LEASE.as_millis() as i64).await);
    assert!(office.broker().delivered.is_empty());
}

#[tokio::test]
async fn a_registration_that_was_not_kept_tells_nobody_that_the_number_moved() {
    let office = Office::new();
    office.register(&mut Phone::new("+15550100")).await;
    let after = Phone::new("+15550100");
    let proven = office.proven(&after, NOW).await;
    office.broker().writes_fail = true;
    let answer = office.ask(&after, request::Kind::Registration(proven)).await;
    assert_eq!(refusal(answer), Reason::Unavailable);
    assert!(office.broker().delivered.is_empty());
}

#[tokio::test]
async fn a_renewal_by_another_identity_key_is_refused() {
    let office = Office::new();
    let mut before = Phone::new("+15550100");
    office.register(&mut before).await;
    let mut after = Phone::new("+15550100");
    office.register(&mut after).await;
    let renewal = request::Kind::Renewal(before.renewal());
    assert_eq!(refusal(office.ask(&before, renewal).await), Reason::Identity);
    assert_eq!(office.retained("+15550100").identity_key, after.identity.public_key());
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_code() {
    let office = Office::new();
    let mut alice = Phone::new("+15550100");
    let proven = office.proven(&alice, NOW).await;
    let first = request::Kind::Registration(proven.clone());
    office.ask(&alice, first).await;
    let again = request::Kind::Registration(proven);
    office.certified(&mut alice, again, NOW + 60 * SECOND).await;
    assert!(office.broker().delivered.is_empty());
}

/// Only the retained bundle says that the number moved, and its owner has just taken that away.
#[tokio::test]
async fn known_weakness_after_an_erasure_the_phone_of_before_renews_while_its_certificate_lasts() {
    let office = Office::new();
    let (mut before, mut after) = (Phone::new("+15550100"), Phone::new("+15550100"));
    office.register(&mut before).await;
    office.register(&mut after).await;
    let erased = office.ask(&after, request::Kind::Erase(after.erase())).await;
    assert!(matches!(erased, reply::Kind::Erased(_)));
    let lease = LEASE.as_millis() as i64;
    let late = office.ask_at(&before, request::Kind::Renewal(before.renewal()), NOW + lease).await;
    assert_eq!(refusal(late), Reason::Expired);
    let renewed = office.ask(&before, request::Kind::Renewal(before.renewal())).await;
    assert!(matches!(renewed, reply::Kind::Registered(_)));
}

/// Nothing is kept of requests, so one that is repeated is not known again. Only who reads them can: the broker.
#[tokio::test]
async fn known_weakness_a_broker_that_repeats_a_registration_at_once_moves_the_number_back() {
    let office = Office::new();
    let (before, mut after) = (Phone::new("+15550100"), Phone::new("+15550100"));
    let registration = office.proven(&before, NOW).await;
    let request = honest(request::Kind::Registration(registration));
    let heard = seal(office.keys(), &before.identity, &request);
    office.sealed(&heard).await;
    office.register(&mut after).await;
    assert_eq!(office.retained("+15550100").identity_key, after.identity.public_key());
    office.sealed(&heard).await;
    assert_eq!(office.retained("+15550100").identity_key, before.identity.public_key());
}
