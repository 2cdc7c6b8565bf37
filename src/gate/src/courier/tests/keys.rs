// SPDX-License-Identifier: Apache-2.0
//! Keys of a SIM: whose TLS certificate each connection shows, and for how long; and prekeys that rotate.

use super::*;
use crate::gate::Network;
use cloudmessaging_wire::proto::registrar::refused::Reason;

const HOUR_MS: i64 = 3_600_000;

#[test]
fn the_inbox_shows_the_sims_own_certificate_and_the_post_the_build_wide_one() {
    let rig = Rig::registered();
    let [post, inbox] = &rig.connects[..] else { panic!("two connections") };
    assert!(post.client_certificate.is_empty() && post.client_key.is_empty());
    let key = TlsKey::from_pkcs8(&inbox.client_key).unwrap();
    assert_eq!(inbox.client_certificate.len(), 1);
    assert!(key.is_named_by(&inbox.client_certificate[0]));
    assert_eq!(inbox.subscribe, [topic::inbox(&OWN)]);
}

#[test]
fn the_inbox_is_connected_anew_before_its_certificate_ends() {
    let mut rig = Rig::registered();
    // Renewed daily; the connection stays while its own certificate is good.
    for _ in 0..6 {
        rig.pass(DAY_MS);
        assert!(matches!(rig.next_request(), request::Kind::Renewal(_)));
        rig.answer_registration();
    }
    let inboxes = |rig: &Rig| rig.connects.iter().filter(|c| !c.clean_start).count();
    assert_eq!(inboxes(&rig), 1);
    rig.pass(DAY_MS - HOUR_MS - 1);
    assert_eq!(inboxes(&rig), 1);
    rig.pass(1);
    assert_eq!(inboxes(&rig), 2, "an hour before the first one lapses");
    let [first, .., last] = &rig.connects[..] else { panic!("connections") };
    assert!(first.clean_start && !last.clean_start);
    assert_eq!(last.client_certificate[0][1], rig.serial as u8, "with the newest");
    assert!(rig.state().connected);
}

#[test]
fn a_registration_without_a_certificate_of_its_own_tls_key_is_not_taken() {
    for tls_certificate in [Vec::new(), TlsKey::generate().unwrap().public_key_info()] {
        let mut rig = Rig::on();
        let request::Kind::Registration(asked) = rig.next_request() else { panic!() };
        rig.identity = asked.identity_key.try_into().unwrap();
        rig.serial = 1;
        let sender_certificate = rig.registrar.certificate(&rig.certified());
        rig.answer(reply::Kind::Registered(Registered { sender_certificate, tls_certificate }));
        assert_eq!(rig.registration(), aidl::Registration::Registration::REFUSED);
        assert_eq!(rig.inbox_line(), None);
    }
}

#[test]
fn a_prekey_is_destroyed_after_48_hours_without_a_network_too_and_after_a_restart() {
    let mut rig = Rig::registered();
    let first = rig.inbox().prekey.id;
    let opens = |rig: &Rig| {
        let keys = rig.users.user(0).unwrap().keys().unwrap();
        keys.sims[&SIM].prekey(&first).is_some()
    };
    rig.users.report_network(Network { connected: false, ..Network::default() });
    rig.lines.clear();
    rig.pass_in(DAY_MS / 24, 2 * DAY_MS - DAY_MS / 24);
    assert!(opens(&rig), "what was sealed to it in its last hour may be on its way");
    rig.pass(DAY_MS / 24);
    assert!(!opens(&rig));
    assert!(rig.asked.is_empty(), "nobody was told");
    rig.restart();
    assert!(!opens(&rig));
    assert!(matches!(rig.next_request(), request::Kind::Renewal(_)), "who writes is told now");
}

#[test]
fn a_clock_that_is_wrong_for_a_while_costs_the_owner_no_other_code() {
    for off in [-HOUR_MS, -9 * DAY_MS, DAY_MS, 9 * DAY_MS] {
        for restarts in [false, true] {
            let mut rig = Rig::registered();
            let right = rig.wall();
            rig.clock.set_wall(right + off);
            rig.run();
            for _ in 0..10 {
                if !rig.asked.is_empty() {
                    rig.refuse(Reason::Clock);
                }
                rig.pass(5_000);
            }
            if restarts {
                rig.restart();
            }
            rig.asked.clear();
            rig.clock.set_wall(right + 60_000);
            while !matches!(rig.asked.back().map(|a| &a.request.kind), Some(Some(_))) {
                rig.pass(60_000);
            }
            rig.asked.drain(..rig.asked.len() - 1);
            assert!(matches!(rig.next_request(), request::Kind::Renewal(_)), "{off} {restarts}");
            rig.answer_registration();
            assert_eq!(rig.registration(), aidl::Registration::Registration::DONE);
            assert!(rig.state().connected, "{off} {restarts}");
        }
    }
}
