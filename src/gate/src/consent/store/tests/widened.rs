// SPDX-License-Identifier: Apache-2.0
//! What a later build discloses, and to whom, against what was agreed to.

use super::*;
use crate::consent::Agreed;

/// A phone that is on, and what it reads as under a build that tells this of these.
fn under(text: &str, change: impl FnOnce(&mut Parties)) -> (Phone, Standing) {
    let phone = Phone::on();
    let before = phone.disclosures.lookup("en");
    let listed = (before.version(), hex::encode(before.sha256()));
    let directory = phone.parent.path().join("disclosures");
    fs::write(directory.join("en.txt"), text).unwrap();
    let earlier = format!(
        r#"{{"earlier":[{{"version":{},"locale":"en","sha256":"{}"}}]}}"#,
        listed.0, listed.1
    );
    fs::write(directory.join("earlier.json"), earlier).unwrap();
    let mut now = parties();
    change(&mut now);
    let standing = phone.store().read(SERIAL, &Disclosures::load(&directory, now).unwrap());
    (phone, standing)
}

const SAME: &str = "version: 2\nMore is revealed.";
const NARROWER: &str = "version: 2\nLess is revealed.";
const WIDER: &str = "version: 3\nnew in 3: Your shoe size.\nStill more is revealed.";

#[test]
fn a_text_that_says_less_keeps_a_consent_and_one_that_says_more_does_not() {
    for text in [SAME, NARROWER] {
        let (_phone, standing) = under(text, |_| ());
        assert!(standing.record().is_some(), "{text}: {standing:?}");
    }
    let (phone, standing) = under(WIDER, |_| ());
    let Standing::Outdated(agreed) = standing else { panic!("{standing:?}") };
    assert_eq!(agreed, Agreed { disclosure_version: 2, parties: parties() });
    assert!(phone.path().exists(), "a build that says less again finds it");
    assert!(phone.standing().record().is_some());
}

#[test]
fn whoever_else_gets_what_was_agreed_to_was_not_agreed_to() {
    let outdated = |change: fn(&mut Parties)| {
        let (phone, standing) = under(SAME, change);
        assert_eq!(standing.off(), Some(OffReason::OutdatedDisclosure));
        let Standing::Outdated(agreed) = standing else { panic!("{standing:?}") };
        assert_eq!(agreed.parties, parties(), "what is new can be said");
        assert!(phone.standing().record().is_some(), "the build before keeps it");
    };
    outdated(|now| now.controller = "Example Ltd".into());
    outdated(|now| now.broker = "broker.example.org".into());
    outdated(|now| now.registrar_key[31] ^= 1);
    outdated(|now| now.signing_keys.push([0x24; 32]));
    outdated(|now| now.signing_keys = vec![[0x24; 32]]);
    let (_phone, standing) = under(NARROWER, |now| now.signing_keys.truncate(1));
    assert!(standing.record().is_some(), "one key fewer is nobody new");
}
