// SPDX-License-Identifier: Apache-2.0
//! The ledger that the tests of the settings page keep is the one that is made here, byte for byte. `UPDATE_KEPT=1` writes it
//! anew.

use ledger::{judge, month, shown, Key};
use std::path::Path;

#[test]
fn the_page_is_shown_the_ledger_that_is_made_here() {
    let made = month().export(&Key::new(1));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shim/kept/month.ledger");
    if std::env::var_os("UPDATE_KEPT").is_some_and(|value| value == "1") {
        std::fs::write(&file, &made).expect("written");
    }
    assert!(std::fs::read(&file).expect("kept") == made, "UPDATE_KEPT=1 writes what is made now");
    assert_eq!(shown(&judge(&made, None)), format!("ok {} 5", month().leaves.len()));
    assert!(month().leaves.len() > 120, "more than a page");
}
