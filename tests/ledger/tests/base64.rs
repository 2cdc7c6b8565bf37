// SPDX-License-Identifier: Apache-2.0
//! The ledger's base64 beside the crate of that name: both write, take and refuse the same.

use base64::prelude::{Engine as _, BASE64_STANDARD};
use cloudmessaging_ledger::base64::{decode, encode};
use proptest::prelude::*;

proptest! {
    #[test]
    fn what_is_written_is_what_the_oracle_writes(bytes: Vec<u8>) {
        let text = encode(&bytes);
        prop_assert_eq!(&text, &BASE64_STANDARD.encode(&bytes));
        prop_assert_eq!(decode(&text), Some(bytes));
    }

    #[test]
    fn what_is_refused_is_what_the_oracle_refuses(text in "[A-Da-d0-2+/=]{0,12}|\\PC{0,12}") {
        prop_assert_eq!(decode(&text), BASE64_STANDARD.decode(&text).ok(), "{:?}", text);
    }
}
