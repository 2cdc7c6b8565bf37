// SPDX-License-Identifier: Apache-2.0
//! That what is previewed is what would be sent (P4).

use super::*;
use crate::consent::RecordId;
use crate::courier::request::{self, Asked};
use crate::disclose::{Disclosure, PublicKeys};
use crate::identity::{client_id, Keys};
use crate::seal;
use crate::user::preview::plaintext;
use cloudmessaging_preview::preview::{blank_head, blank_keys};
use cloudmessaging_preview::{fields, Identity};

fn allowed(imsi: bool, imei: bool) -> Classes {
    let mut classes = Classes::from_iter(Classes::ALL);
    for (allowed, class) in [(imsi, DataClass::Imsi), (imei, DataClass::Imei)] {
        if !allowed {
            classes.remove(class);
        }
    }
    classes
}

#[test]
fn the_preview_is_the_registration_byte_for_byte() {
    let phone = Phone::ready();
    let booleans = [false, true];
    let cases = booleans.map(|a| booleans.map(|b| booleans.map(|c| (a, b, c))));
    for (imsi, imei, known) in cases.into_iter().flatten().flatten() {
        let case = format!("IMSI {imsi}, IMEI {imei}, known {known}");
        let classes = allowed(imsi, imei);
        let identity = |text: &str| if known { text.to_owned() } else { String::new() };
        let sim = SimIdentity::new(SIM, NUMBER.into(), identity(IMSI), identity(IMEI)).unwrap();
        let shown = phone.users.preview(std::slice::from_ref(&sim), classes).unwrap().remove(0);

        let now = SystemClock.wall_ms();
        let record = RecordId::from_bytes(&[1; 16]).unwrap();
        let keys = Keys::make(record, &[SIM], now).unwrap();
        let keys = &keys.sims[&SIM];
        let head = Asked::new(&client_id().unwrap(), 0, now).unwrap().1;
        let public = || request::public_keys(keys).unwrap();
        let real = crate::disclose::preview::<Refusal>(classes, |disclosure| {
            request::registration(disclosure, head.clone(), &sim, public(), String::new())
        })
        .unwrap();

        assert_eq!(shown.plaintext.len(), real.len(), "{case}");
        let mut made_on_grant = vec![false; real.len()];
        for field in fields(&real).unwrap().iter().filter(|field| field.made_on_grant) {
            made_on_grant[field.offset..][..field.length].fill(true);
        }
        for (at, made) in made_on_grant.into_iter().enumerate() {
            assert!(made || shown.plaintext[at] == real[at], "{case}: byte {at}");
        }

        let contains =
            |text: &str| shown.plaintext.windows(text.len()).any(|w| w == text.as_bytes());
        assert!(contains(NUMBER), "{case}");
        assert_eq!(contains(IMSI), imsi && known, "{case}");
        assert_eq!(contains(IMEI), imei && known, "{case}");

        // And signed and sealed it is as long as that.
        let payload = request::registration(
            &mut Disclosure::new(classes),
            head,
            &sim,
            public(),
            String::new(),
        );
        let registrar = phone.users.module.registrar_key();
        let sealed = seal::to_registrar(payload.unwrap(), &registrar, &keys.identity).unwrap();
        assert_eq!(sealed.plaintext_size(), shown.plaintext.len(), "{case}");
    }
}

#[test]
fn the_settings_page_makes_the_same_preview_without_the_gate() {
    let now = SystemClock.wall_ms();
    let known = [("", ""), (IMSI, ""), ("", IMEI), (IMSI, IMEI)];
    for (imsi, imei) in known {
        let sim = SimIdentity::new(SIM, NUMBER.into(), imsi.into(), imei.into()).unwrap();
        let identity = Identity::new(NUMBER.into(), imsi.into(), imei.into()).unwrap();
        // Every set of classes there is.
        for set in 0..1 << Classes::ALL.len() {
            let chosen = Classes::ALL.into_iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            let classes = Classes::from_iter(chosen.map(|(_, class)| class));
            let gates = plaintext(&sim, classes, now).ok();
            let pages = cloudmessaging_preview::preview(&identity, classes, now).ok();
            assert!(gates == pages, "{classes:?}");
            let needed = [DataClass::PhoneNumber, DataClass::PublicKeys];
            assert_eq!(pages.is_some(), needed.iter().all(|class| classes.contains(*class)));
        }
    }
}

#[test]
fn zeros_stand_for_as_many_bytes_as_are_made_whenever_that_is() {
    let lengths = |keys: crate::disclose::Published| {
        [keys.identity_key, keys.tls_public_key, keys.prekeys, keys.prekeys_signature]
            .map(|bytes| bytes.len())
    };
    let day = 24 * 3600 * 1000;
    // Where a time takes a byte more, and where a prekey's end does.
    let longer = (1..9).map(|bytes| 1i64 << (7 * bytes));
    let around = longer.flat_map(|at| [0, day, 2 * day].map(|before| at - before));
    let times = around.flat_map(|at| [at - 1, at]).chain([i64::MIN, -1, 0, i64::MAX]);
    for now in times.chain([SystemClock.wall_ms()]) {
        let keys = Keys::make(RecordId::from_bytes(&[1; 16]).unwrap(), &[SIM], now).unwrap();
        let PublicKeys(real) = request::public_keys(&keys.sims[&SIM]).unwrap();
        assert_eq!(lengths(blank_keys(now)), lengths(real), "{now}");
        let real = Asked::new(&client_id().unwrap(), 0, now).unwrap().1;
        let blank = blank_head(now);
        assert_eq!(blank.reply_topic.len(), real.reply_topic.len());
        assert_eq!(blank.reply_public_key.len(), real.reply_public_key.len());
        assert_eq!(blank.request_id.len(), real.request_id.len());
        assert_eq!(blank.made_ms, real.made_ms);
    }
}
