// SPDX-License-Identifier: Apache-2.0
//! That what is previewed is what would be sent (P4).

use super::*;
use crate::consent::RecordId;
use crate::courier::request::{self, Asked};
use crate::disclose::{fields, Disclosure};
use crate::identity::{client_id, Keys};
use crate::seal;

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
