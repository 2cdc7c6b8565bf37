// SPDX-License-Identifier: Apache-2.0
//! What the promises claim, tried on the real programs from outside: by `cmctl`, by a relay that counts, and
//! by /proc. One function a claim, for whichever broker; `tests/scenario.rs` runs them with the embedded one,
//! `tests/mosquitto.rs` with Debian's Mosquitto.
//!
//! Every claim has a bed of its own, so that none can pass because of what another left behind.

pub mod conditions;
pub mod consent;
pub mod crash;
pub mod export;
pub mod ledger;
pub mod message;
pub mod number;
pub mod off;
pub mod secrecy;
pub mod withdraw;

pub use cloudmessaging_testbed::Broker;

use cloudmessaging_testbed::{
    programs, Bed, Counts, Error, Phone, Profile, Programs, Result, Setup,
};
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// How a claim ends: a promise that does not hold panics, a bed that breaks is an error.
pub type Claim = Result<()>;

/// How long anything may take on a busy machine that should happen at once.
pub const SOON: Duration = Duration::from_secs(20);

/// How long silence is watched.
pub const A_WHILE: Duration = Duration::from_secs(2);

/// Numbers of the two phones: in the range that is kept free for fiction.
pub const ANNA: &str = "+15550100";
/// The other one.
pub const BEN: &str = "+15550101";

/// A broker and a registrar.
pub fn bed(broker: Broker) -> Result<Bed> {
    Bed::start(
        built()?,
        Setup { broker, receipt_delay_max_ms: 100, log: "trace", ..Setup::default() },
    )
}

fn built() -> Result<&'static Programs> {
    static BUILT: OnceLock<std::result::Result<Programs, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| programs(Profile::own()).map_err(|error| error.to_string()));
    built.as_ref().map_err(|why| Error::Build(why.clone()))
}

/// A phone that knows what its platform knows, and is off.
pub fn phone(bed: &Bed, name: &str, number: &str) -> Result<Phone> {
    let phone = bed.phone(name, number)?;
    phone.report()?;
    Ok(phone)
}

/// Two phones that are on and can be reached.
pub fn two_phones(bed: &Bed) -> Result<(Phone, Phone)> {
    let (anna, ben) = (phone(bed, "anna", ANNA)?, phone(bed, "ben", BEN)?);
    for phone in [&anna, &ben] {
        phone.grant(&[])?;
    }
    for phone in [&anna, &ben] {
        phone.reachable(SOON)?;
    }
    Ok((anna, ben))
}

/// Sends, and expects it to be delivered and to be in the other's inbox.
pub fn deliver(from: &Phone, to: &Phone, body: &str) -> Claim {
    let sent = from.send(to.number(), body, &["--wait", "60"])?;
    assert_eq!(sent.code, 0, "not delivered: {}\n{}", sent.output, from.log_tail());
    let received = to.received(body, SOON)?;
    assert_eq!(received["sender"], from.number());
    Ok(())
}

/// Sends, and expects that refusal.
pub fn refused(from: &Phone, to: &str, refusal: &str) -> Claim {
    let sent = from.send(to, "this must not leave", &[])?;
    assert_eq!(sent.code, 3, "{}", sent.output);
    assert_eq!(sent.json["refusal"], refusal, "{}", sent.output);
    Ok(())
}

/// Nothing more passes the phone's relay for a while.
///
/// Bytes that left before the call may still stand in the relay's own socket: it gets a moment to count them.
pub fn silent(phone: &Phone) {
    std::thread::sleep(Duration::from_millis(50));
    let before = phone.relay().counts();
    std::thread::sleep(A_WHILE);
    assert_eq!(phone.relay().counts(), before, "{} was not silent", phone.name());
    assert_eq!(phone.relay().open(), 0, "{} has an open connection", phone.name());
}

/// No uplink, not even a dead one that was not waited for.
pub fn no_uplink(phone: &Phone) {
    assert_eq!(phone.uplinks(), [0; 0], "{} has an uplink", phone.name());
}

/// Nothing passed at all, ever.
pub fn untouched(phone: &Phone) {
    assert_eq!(phone.relay().counts(), Counts::default(), "{}", phone.name());
}

/// The entries of one kind, oldest first.
pub fn entries(phone: &Phone, event: &str) -> Result<Vec<Value>> {
    let mut entries = phone.ledger()?;
    entries.retain(|entry| entry["event"] == event);
    entries.reverse();
    Ok(entries)
}

/// Whether an entry lists the class as revealed.
pub fn reveals(entry: &Value, class: &str) -> bool {
    entry["revealed"].as_array().is_some_and(|classes| classes.iter().any(|c| c == class))
}

/// Whether we may look at and act as others.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// One test for each claim, with that broker.
#[macro_export]
macro_rules! claims {
    ($broker:expr) => {
        $crate::claims! { $broker;
            off::off_until_turned_on_there_is_no_uplink_no_connection_and_no_byte,
            off::until_the_platform_has_reported_nothing_passes,
            off::no_record_that_is_not_valid_in_every_respect_turns_it_on,
            off::another_phones_record_does_not_turn_it_on,
            off::the_gate_never_holds_a_network_socket,
            consent::only_the_hash_of_the_disclosure_grants,
            consent::no_grant_comes_from_a_pipe_or_an_end_of_file,
            consent::another_uid_reaches_neither_consent_nor_platform,
            consent::only_the_default_sms_app_may_send,
            message::a_message_is_delivered_both_ways_and_ends_once,
            message::a_number_that_is_not_registered_ends_as_use_sms,
            message::a_message_survives_a_network_that_breaks,
            number::only_the_code_that_came_by_sms_registers_a_number,
            number::a_number_that_moves_is_the_new_phones_and_everybody_notices,
            withdraw::when_withdraw_returns_the_uplink_is_gone_and_no_further_byte_passes,
            withdraw::withdraw_in_the_middle_of_a_burst_stops_it,
            withdraw::an_erased_registration_is_not_found_any_more,
            withdraw::a_new_grant_after_withdraw_works,
            crash::on_is_on_again_after_the_gate_was_killed,
            crash::off_is_off_after_the_gate_was_killed,
            crash::a_dead_gate_takes_its_uplink_along,
            crash::a_killed_uplink_is_started_again_but_not_in_a_loop,
            conditions::a_policy_ends_the_uplink_at_once_and_lifting_it_restores,
            conditions::each_condition_that_was_not_allowed_holds_everything_back,
            conditions::what_the_owner_allowed_passes,
            conditions::a_class_that_is_forbidden_never_leaves,
            ledger::every_connection_is_in_the_ledger_before_it_is_opened,
            ledger::every_transmission_is_in_the_ledger_before_its_outcome,
            ledger::imsi_and_imei_are_revealed_only_if_they_were_allowed,
            export::whatever_is_done_to_an_export_is_named_where_no_service_runs,
            export::a_history_signed_anew_is_found_by_what_left_the_phone_before,
            export::an_erased_history_still_verifies_and_consent_is_as_it_was,
            secrecy::no_log_and_no_file_holds_a_number_an_identity_or_a_text,
        }
    };
    ($broker:expr; $($module:ident::$claim:ident,)*) => {
        $(
            #[test]
            fn $claim() -> $crate::Claim {
                $crate::$module::$claim($broker)
            }
        )*
    };
}
