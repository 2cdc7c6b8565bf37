// SPDX-License-Identifier: Apache-2.0
//! What the registrar tells to whom: nothing about a number to who holds no valid sender certificate.

#[allow(dead_code)]
mod paper;

use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_wire::proto::registrar::{refused::Reason, reply, request, Registration};
use paper::office::Office;
use paper::{certificate, request, seal, Phone, DAY, NOW};

const REGISTERED: &str = "+15550101";
const UNREGISTERED: &str = "+15550102";

/// An office at which one number is registered, and the phone that has it.
async fn office() -> (Office, Phone) {
    let office = Office::new();
    let mut bob = Phone::new(REGISTERED);
    office.register(&mut bob).await;
    (office, bob)
}

fn told(kind: &reply::Kind) -> String {
    match kind {
        reply::Kind::Refused(refused) => format!("refused: {:?}", refused.reason()),
        reply::Kind::CodeSent(sent) => format!("code sent, until {}", sent.valid_until_ms),
        reply::Kind::Registered(_) => "registered".into(),
        reply::Kind::Found(_) => "found".into(),
        reply::Kind::NotRegistered(_) => "not registered".into(),
        reply::Kind::Erased(_) => "erased".into(),
    }
}

#[tokio::test]
async fn a_look_up_without_a_valid_certificate_learns_nothing() {
    let (office, _) = office().await;
    let stranger = Phone::new("+15550100");
    let others = Keys::generate().unwrap();
    let mut forged = certificate(&stranger, office.keys(), NOW + DAY);
    *forged.last_mut().unwrap() ^= 1;
    let mut altered = certificate(&stranger, office.keys(), NOW + DAY);
    altered[10] ^= 1;
    for (what, shown, reason) in [
        ("none", Vec::new(), Reason::Malformed),
        ("expired", certificate(&stranger, office.keys(), NOW - 1), Reason::Expired),
        ("foreign", certificate(&stranger, &others, NOW + DAY), Reason::Malformed),
        ("forged", forged, Reason::Malformed),
        ("altered", altered, Reason::Malformed),
        (
            "a lease too long",
            certificate(&stranger, office.keys(), NOW + 30 * DAY),
            Reason::Malformed,
        ),
    ] {
        let mut asker = Phone::new("+15550100");
        asker.identity =
            cloudmessaging_seal::IdentityKey::from_pkcs8(&stranger.identity.to_pkcs8()).unwrap();
        asker.certificate = shown;
        let mut heard = Vec::new();
        for number in [REGISTERED, UNREGISTERED] {
            office.broker().done.clear();
            let asked = request(request::Kind::LookUp(asker.look_up(number)));
            let (size, kind) = office.sealed(&seal(office.keys(), &asker.identity, &asked)).await;
            assert_eq!(told(&kind), format!("refused: {reason:?}"), "{what}");
            assert!(office.broker().done.is_empty(), "{what}: the bundle was read");
            heard.push((size, told(&kind)));
        }
        assert_eq!(heard[0], heard[1], "{what}");
    }
}

#[tokio::test]
async fn renewing_and_erasing_somebody_elses_number_learns_nothing() {
    let (office, bob) = office().await;
    let others = Keys::generate().unwrap();
    for number in [REGISTERED, UNREGISTERED] {
        let mut stranger = Phone::new(number);
        let foreign = certificate(&stranger, &others, NOW + DAY);
        let expired = certificate(&stranger, office.keys(), NOW - 1);
        // Somebody else's, who holds another key.
        let stolen = bob.certificate.clone();
        for (shown, reason) in [
            (Vec::new(), Reason::Malformed),
            (foreign, Reason::Malformed),
            (expired, Reason::Expired),
            (stolen, Reason::Malformed),
        ] {
            stranger.certificate = shown;
            for kind in
                [request::Kind::Renewal(stranger.renewal()), request::Kind::Erase(stranger.erase())]
            {
                office.broker().done.clear();
                let asked = seal(office.keys(), &stranger.identity, &request(kind));
                let (size, kind) = office.sealed(&asked).await;
                assert_eq!(told(&kind), format!("refused: {reason:?}"));
                assert!(office.broker().done.is_empty(), "the bundle was read");
                assert_eq!(size, refusal_size(&office).await);
            }
        }
    }
}

/// How long a sealed refusal is.
async fn refusal_size(office: &Office) -> usize {
    let stranger = Phone::new("+15550199");
    let asked = request(request::Kind::Erase(stranger.erase()));
    office.sealed(&seal(office.keys(), &stranger.identity, &asked)).await.0
}

#[tokio::test]
async fn asking_to_register_a_number_does_not_tell_whether_somebody_has_it() {
    let (office, _) = office().await;
    for code in ["", "00000000", "no code"] {
        let mut heard = Vec::new();
        for number in [REGISTERED, UNREGISTERED] {
            office.broker().done.clear();
            let stranger = Phone::new(number);
            let registration = Registration { code: code.into(), ..stranger.registration() };
            let asked = request(request::Kind::Registration(registration));
            let (size, kind) =
                office.sealed(&seal(office.keys(), &stranger.identity, &asked)).await;
            assert!(office.broker().done.is_empty(), "the bundle was read");
            heard.push((size, told(&kind)));
        }
        assert_eq!(heard[0], heard[1]);
        let expected = if code.is_empty() { "code sent" } else { "refused: REASON_WRONG_CODE" };
        assert!(heard[0].1.starts_with(expected), "{heard:?}");
    }
}

#[tokio::test]
async fn an_answer_of_not_registered_is_as_long_as_a_refusal() {
    let (office, _) = office().await;
    let asker = Phone::certified("+15550100", office.keys(), NOW + DAY);
    let asked = request(request::Kind::LookUp(asker.look_up(UNREGISTERED)));
    let (size, kind) = office.sealed(&seal(office.keys(), &asker.identity, &asked)).await;
    assert_eq!(told(&kind), "not registered");
    assert_eq!(size, refusal_size(&office).await);
}
