// SPDX-License-Identifier: Apache-2.0
//! Registrations, and what their preview has to be: what the crate makes that the gate's own preview is held against,
//! byte for byte, by a test of the gate.

use std::path::Path;

use cloudmessaging_preview::{fields, preview, Classes, DataClass, Identity};

use crate::Case;

/// When.
pub const NOW_MILLIS: i64 = 1_790_000_000_000;

const NUMBER: &str = "+15550100";
const IMSI: &str = "001010000000001";
const IMEI: &str = "490154203237518";

/// Writes each registration that can be, by what is known and what is allowed, into a folder.
pub fn write(folder: &Path) {
    let booleans = [false, true];
    let cases =
        booleans.map(|a| booleans.map(|b| booleans.map(|c| booleans.map(|d| (a, b, c, d)))));
    for (imsi, imei, imsi_allowed, imei_allowed) in cases.into_iter().flatten().flatten().flatten()
    {
        let known = |known: bool, text: &'static str| if known { text } else { "" };
        let (imsi, imei) = (known(imsi, IMSI), known(imei, IMEI));
        let identity = Identity::new(NUMBER.into(), imsi.into(), imei.into()).expect("well formed");
        let allowed = Classes::ALL.into_iter().filter(|class| match class {
            DataClass::Imsi => imsi_allowed,
            DataClass::Imei => imei_allowed,
            _ => true,
        });
        let allowed: Classes = allowed.collect();
        let plaintext = preview(&identity, allowed, NOW_MILLIS).expect("allowed");
        let rows = fields(&plaintext).expect("a registration").into_iter().map(|field| {
            let value = field.shown(&plaintext);
            let (class, grant) = (field.class as i32, field.made_on_grant);
            let (offset, length) = (field.offset, field.length);
            format!("{}|{class}|{}|{grant}|{offset}|{length}\n", field.name, *value)
        });
        let word = |of: &str, known: &str, allowed| match (known.is_empty(), allowed) {
            (true, true) => format!("{of}_allowed_and_not_known"),
            (true, false) => format!("{of}_neither_allowed_nor_known"),
            (false, true) => format!("{of}_revealed"),
            (false, false) => format!("{of}_kept_back"),
        };
        let name = format!(
            "a_preview_with_{}_and_{}",
            word("imsi", imsi, imsi_allowed),
            word("imei", imei, imei_allowed)
        );
        let classes: Vec<_> = allowed.iter().map(|class| (class as i32).to_string()).collect();
        Case::new(folder, &name)
            .with("number", NUMBER)
            .with("imsi", imsi)
            .with("imei", imei)
            .with("classes", classes.join(" "))
            .with("now", NOW_MILLIS.to_string())
            .with("plaintext", &*plaintext)
            .with("fields", rows.collect::<String>());
    }
}
