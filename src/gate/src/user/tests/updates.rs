// SPDX-License-Identifier: Apache-2.0
//! What an update of the system brings, and what a way back takes away (P1, P7).

use super::*;
use crate::consent::Parties;

/// The disk of `phone` under a build that tells `text` of these.
fn under(phone: &Phone, text: &str, change: impl FnOnce(&mut Parties)) -> Phone {
    let directory = tempfile::tempdir().unwrap();
    let shown = phone.users.module.disclosures.lookup("en");
    let entry = format!(
        r#"{{"earlier":[{{"version":{},"locale":"en","sha256":"{}"}}]}}"#,
        shown.version(),
        hex::encode(shown.sha256())
    );
    fs::write(directory.path().join("earlier.json"), entry).unwrap();
    fs::write(directory.path().join("en.txt"), text).unwrap();
    let mut parties = phone.users.module.disclosures.parties().clone();
    change(&mut parties);
    let next = Phone::with(phone.disk_copy(), |module| {
        module.disclosures = Disclosures::load(directory.path(), parties).unwrap();
        module.build = "build/2".into();
    });
    next.all_reported();
    next
}

const NARROWER: &str = "version: 1\nLess.";
const WIDER: &str = "version: 2\nnew in 2: Your shoe size.\nMore.";

fn outdated(phone: &Phone) -> aidl::Disclosure::Disclosure {
    let state = phone.users.consent_state(0);
    assert_eq!(state.offReason, aidl::OffReason::OffReason::OUTDATED_DISCLOSURE);
    assert_eq!(state.refusal, aidl::Refusal::Refusal::OUTDATED_DISCLOSURE);
    assert!(!phone.is_on(0) && !phone.user(0).gate.running());
    assert!(!phone.users.wants_identities(0));
    phone.users.disclosure(0, "en-GB").unwrap()
}

#[test]
fn an_update_that_discloses_more_is_off_until_asked_again_and_says_what_is_new() {
    let phone = Phone::turned_on();
    let before = phone.users.disclosure(0, "en").unwrap();
    assert!(before.news.is_empty() && before.controllerBefore.is_empty());
    assert_eq!((&*before.controller, &*before.broker), ("Example Org", "broker.example"));

    let wider = under(&phone, WIDER, |_| ());
    let shown = outdated(&wider);
    assert_eq!(shown.news, ["Your shoe size."]);
    assert!(shown.controllerBefore.is_empty() && shown.brokerBefore.is_empty());
    assert!(!shown.registrarChanged);
    assert_eq!(wider.events(), ["boot", "grant", "boot", "found_off"]);
    let of_another_user = wider.users.disclosure(10, "en").unwrap();
    assert!(of_another_user.news.is_empty(), "nothing is new to who was never asked");

    wider.grant(0).unwrap();
    assert!(wider.is_on(0) && exists(&wider.uplink(0)));
    assert!(wider.users.disclosure(0, "en").unwrap().news.is_empty());
    let again = Phone::on(wider.disk_copy());
    again.all_reported();
    assert!(!again.is_on(0), "a build that does not know that text");
}

#[test]
fn an_update_that_discloses_less_keeps_the_consent() {
    let phone = Phone::turned_on();
    let narrower = under(&phone, NARROWER, |parties| parties.signing_keys.truncate(1));
    assert!(narrower.is_on(0) && exists(&narrower.uplink(0)));
    assert_eq!(narrower.events(), ["boot", "grant", "boot"]);
}

#[test]
fn an_update_that_names_somebody_else_is_off_until_asked_again_and_says_who() {
    let phone = Phone::turned_on();
    let same = format!("version: 1\n{}", phone.users.disclosure(0, "en").unwrap().text);
    let another = under(&phone, &same, |now| now.controller = "Example Ltd".into());
    let shown = outdated(&another);
    assert_eq!((&*shown.controllerBefore, &*shown.controller), ("Example Org", "Example Ltd"));
    assert!(shown.news.is_empty() && shown.brokerBefore.is_empty() && !shown.registrarChanged);

    let another = under(&phone, &same, |now| now.broker = "broker.example.org".into());
    let shown = outdated(&another);
    assert_eq!((&*shown.brokerBefore, &*shown.broker), ("broker.example", "broker.example.org"));
    assert!(shown.controllerBefore.is_empty() && !shown.registrarChanged);

    for change in [(|now| now.registrar_key[0] ^= 1) as fn(&mut Parties), |now| {
        now.signing_keys = vec![[9; 32]]
    }] {
        let another = under(&phone, &same, change);
        assert!(outdated(&another).registrarChanged);
        another.grant(0).unwrap();
        assert!(another.is_on(0) && !another.users.disclosure(0, "en").unwrap().registrarChanged);
    }
    let back = under(&phone, &same, |_| ());
    assert!(back.is_on(0), "those that were agreed to");
}

#[test]
fn an_outdated_consent_can_be_withdrawn_and_a_way_back_does_not_bring_it_back() {
    let phone = Phone::turned_on();
    let wider = under(&phone, WIDER, |_| ());
    outdated(&wider);
    let back = Phone::on(wider.disk_copy());
    back.all_reported();
    assert!(back.is_on(0), "nobody has withdrawn it");
    assert!(wider.users.withdraw(0, false).durable);
    assert!(!wider.file("consent").exists() && !wider.file("record_key").exists());
    let back = Phone::on(wider.disk_copy());
    back.all_reported();
    assert!(!back.is_on(0));
}
