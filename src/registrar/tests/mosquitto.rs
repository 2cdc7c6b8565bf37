// SPDX-License-Identifier: Apache-2.0
//! The registrar's program with Mosquitto.

mod common;

use cloudmessaging_broker::{mosquitto::Mosquitto, pki};
use common::Site;

fn with_broker(check: impl FnOnce(&Site)) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(&dir.path().join("pki")).unwrap();
    let broker = Mosquitto::start(&dir.path().join("pki"), &dir.path().join("mosquitto")).unwrap();
    check(&Site { dir: dir.path(), address: broker.address() });
}

macro_rules! hold {
    ($($claim:ident)*) => {$(
        #[test]
        fn $claim() {
            with_broker(common::$claim);
        }
    )*};
}

hold! {
    a_registration_is_found_renewed_and_erased
    what_is_retained_is_the_bundle_and_it_expires_with_the_lease
    two_instances_share_the_load_and_their_state_is_the_brokers
    many_requests_at_once_are_all_answered
    the_over_frequent_are_refused_and_the_others_are_not
    nothing_that_arrives_stops_it_and_nothing_personal_is_logged
}
