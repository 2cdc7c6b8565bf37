// SPDX-License-Identifier: Apache-2.0
//! What a stolen certificate is worth (P8), with its key, in the hands of somebody who speaks to the broker by
//! himself. Each claim holds on the embedded broker and on Mosquitto; what only the first can do is said at the
//! end.

mod claims;

use claims::Site;
use cloudmessaging_broker::embedded::Broker;
use cloudmessaging_broker::mosquitto::Mosquitto;
use cloudmessaging_broker::pki;

fn on_embedded(claim: impl FnOnce(&Site)) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(dir.path()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = runtime.block_on(Broker::start(dir.path(), 0)).unwrap();
    claim(&Site::new(dir.path(), broker.address()));
}

fn on_mosquitto(claim: impl FnOnce(&Site)) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(dir.path()).unwrap();
    let broker = Mosquitto::start(dir.path(), &dir.path().join("mosquitto")).unwrap();
    claim(&Site::new(dir.path(), broker.address()));
}

macro_rules! hold {
    ($($claim:ident)*) => {
        mod embedded {
            $(#[test] fn $claim() { super::on_embedded(super::claims::$claim); })*
        }
        mod mosquitto {
            $(#[test] fn $claim() { super::on_mosquitto(super::claims::$claim); })*
        }
    };
}

hold! {
    a_stolen_phone_reads_no_inbox_of_a_third
    a_stolen_phone_reads_no_request_of_the_registrars
    a_stolen_phone_reads_no_bundle_and_no_answer
    a_stolen_phone_writes_no_bundle
    a_stolen_phone_publishes_to_no_inbox_and_to_no_answer
    a_stolen_phone_leaves_no_will_that_is_published
    a_stolen_phone_takes_over_no_session_whose_client_id_it_does_not_know
    a_stolen_phone_is_worth_nothing_when_it_has_expired
    a_phone_that_is_called_by_a_wildcard_reads_nothing
    post_reads_no_inbox
    post_reads_and_writes_no_bundle
    post_reads_no_request_and_no_answer_to_another
    post_leaves_no_will_that_is_kept_as_a_bundle
}

/// Mosquitto sees the name and not who signed it: `known_weakness_the_phones_authority_can_make_a_registrar` in
/// `host/broker`.
#[test]
fn a_registrar_of_the_phones_authority_is_refused_by_the_embedded_broker() {
    on_embedded(claims::a_registrar_of_the_phones_authority_is_refused);
}

/// Mosquitto lets anybody subscribe to anything and asks at delivery, so it asks whoever shares a subscription
/// with the registrars when the request is already his, and drops it. So its name is one that nobody guesses:
/// `who_does_not_know_what_the_registrars_call_their_share_takes_no_request_from_them` in `src/registrar`.
#[test]
fn on_mosquitto_a_stolen_phone_swallows_requests_only_if_it_knows_the_name_of_the_share() {
    on_mosquitto(claims::who_knows_the_name_of_the_share_swallows_requests);
    on_mosquitto(claims::who_has_a_share_of_another_name_swallows_none);
}

#[test]
fn on_the_embedded_broker_nobody_shares_the_registrars_subscription() {
    on_embedded(claims::who_knows_the_name_of_the_share_swallows_none);
}
