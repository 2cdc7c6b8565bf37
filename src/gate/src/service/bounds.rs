// SPDX-License-Identifier: Apache-2.0
//! Every array and string of the AIDL, bounded, and turned into what the module works with.
//!
//! What is refused is named, never quoted. Replies are bounded too: a page holds what fits in
//! [`REPLY_BYTES`], well under Binder's 1 MiB, which all calls of a process share.

use super::error::ServiceError;
use super::facade::{
    Days, GrantRequest, InboundMessage, OutgoingMessage, Personal, ReceivedSms, SimIdentity,
};
use crate::consent::{CaptureMethod, Conditions, SimError};
use crate::disclose::{Classes, DataClass};
use crate::gate::Network;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_ledger::filter::{Filter, EVENT_NAMES};
use cloudmessaging_seal::number::Number;
use zeroize::Zeroizing;

use aidl::ICloudMessaging::{ID_BYTES, MAX_BODY_BYTES};
use aidl::ICloudMessagingConsent::{MAX_LEDGER_DAYS, MAX_SIMS};
use aidl::ICloudMessagingPlatform::{MAX_USERS, STORAGE_KEY_BYTES};

type Result<T> = std::result::Result<T, ServiceError>;

/// Most bytes of one reply.
pub const REPLY_BYTES: usize = 400 * 1024;
/// Most bytes of a receipt.
pub const RECEIPT_BYTES: usize = 64 * 1024;
/// Most bytes of a disclosure's text.
pub const DISCLOSURE_BYTES: usize = 32 * 1024;
/// Most characters of a BCP 47 tag.
pub const LOCALE_CHARS: usize = 35;
/// Most bytes of the sender of an SMS, which is not always a number.
pub const SMS_SENDER_BYTES: usize = 64;
/// Characters of a code.
pub const CODE_CHARS: usize = 8;
/// Bytes of a SHA-256.
const SHA256_BYTES: usize = 32;

pub(super) const fn invalid(argument: &'static str, fault: &'static str) -> ServiceError {
    ServiceError::InvalidArgument { argument, fault }
}

const fn too_large(argument: &'static str, limit: usize, unit: &'static str) -> ServiceError {
    ServiceError::TooLarge { argument, limit, unit }
}

pub(super) fn at_most(
    argument: &'static str,
    is: usize,
    limit: usize,
    unit: &'static str,
) -> Result<()> {
    if is > limit {
        return Err(too_large(argument, limit, unit));
    }
    Ok(())
}

fn of_size<const N: usize>(
    argument: &'static str,
    bytes: &[u8],
    fault: &'static str,
) -> Result<[u8; N]> {
    at_most(argument, bytes.len(), N, "bytes")?;
    bytes.try_into().map_err(|_| invalid(argument, fault))
}

/// A BCP 47 tag, or an empty one where any will do.
pub fn locale(argument: &'static str, tag: &str) -> Result<()> {
    at_most(argument, tag.len(), LOCALE_CHARS, "characters")?;
    if !tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(invalid(argument, "not a BCP 47 tag"));
    }
    Ok(())
}

/// A subscription id.
pub fn subscription(argument: &'static str, id: i32) -> Result<()> {
    if id < 0 {
        return Err(invalid(argument, "negative"));
    }
    Ok(())
}

/// A user that is named in an argument.
pub fn user(id: i32) -> Result<()> {
    if id < 0 {
        return Err(invalid("user", "negative"));
    }
    Ok(())
}

/// A cursor.
pub fn cursor(cursor: i64) -> Result<()> {
    time("cursor", cursor)
}

/// A time, ms since the Unix epoch.
pub fn time(argument: &'static str, millis: i64) -> Result<()> {
    if millis < 0 {
        return Err(invalid(argument, "negative"));
    }
    Ok(())
}

/// The size of a page.
pub fn page(limit: i32, most: i32) -> Result<usize> {
    if limit < 1 {
        return Err(invalid("limit", "not positive"));
    }
    at_most("limit", limit as usize, most as usize, "entries")?;
    Ok(limit as usize)
}

/// Where a page of the ledger begins; `None` with the newest.
pub fn before(before: i64) -> Result<Option<u64>> {
    match before {
        -1 => Ok(None),
        _ => u64::try_from(before).map(Some).map_err(|_| invalid("before", "below -1")),
    }
}

/// Which entries of the ledger are wanted.
pub fn filter(events: &[String], classes: &[aidl::DataClass::DataClass]) -> Result<Filter> {
    at_most("events", events.len(), EVENT_NAMES.len(), "names")?;
    let mut filter = Filter::default();
    for event in events {
        filter = filter.event(event).ok_or(invalid("events", "not the name of an event"))?;
    }
    let classes = self::classes("classes", classes)?;
    Ok(classes.iter().fold(filter, |filter, class| filter.class(class as i32)))
}

/// Days for totals.
pub fn days(from: i32, to: i32, offset_minutes: i32) -> Result<Days> {
    if to < from {
        return Err(invalid("toDay", "before fromDay"));
    }
    // Cannot be negative by now.
    let count = i64::from(to) - i64::from(from) + 1;
    at_most(
        "toDay",
        usize::try_from(count).unwrap_or(usize::MAX),
        MAX_LEDGER_DAYS as usize,
        "days",
    )?;
    if !(-1440..=1440).contains(&offset_minutes) {
        return Err(invalid("offsetMinutes", "more than a day"));
    }
    Ok(Days { range: from..=to, offset_ms: i64::from(offset_minutes) * 60_000 })
}

/// One class, known and not UNSPECIFIED.
pub fn class(argument: &'static str, class: aidl::DataClass::DataClass) -> Result<DataClass> {
    match DataClass::try_from(class.0) {
        Ok(DataClass::Unspecified) | Err(_) => Err(invalid(argument, "not a data class")),
        Ok(class) => Ok(class),
    }
}

/// Classes, each at most once.
pub fn classes(argument: &'static str, classes: &[aidl::DataClass::DataClass]) -> Result<Classes> {
    at_most(argument, classes.len(), Classes::ALL.len(), "classes")?;
    let mut set = Classes::NONE;
    for word in classes {
        let class = class(argument, *word)?;
        if set.contains(class) {
            return Err(invalid(argument, "a class twice"));
        }
        set.insert(class);
    }
    Ok(set)
}

/// SIMs with their identities, each subscription id once.
pub fn sims(
    argument: &'static str,
    least: usize,
    sims: &[aidl::SimIdentity::SimIdentity],
) -> Result<Vec<SimIdentity>> {
    at_most(argument, sims.len(), MAX_SIMS as usize, "SIMs")?;
    if sims.len() < least {
        return Err(invalid(argument, "empty"));
    }
    let mut taken = Vec::with_capacity(sims.len());
    for sim in sims {
        let sim = SimIdentity::new(
            sim.subscriptionId,
            sim.number.clone(),
            sim.imsi.clone(),
            sim.imei.clone(),
        )
        .map_err(|error| invalid(argument, sim_fault(error)))?;
        if taken.iter().any(|t: &SimIdentity| t.subscription_id() == sim.subscription_id()) {
            return Err(invalid(argument, "a subscription id twice"));
        }
        taken.push(sim);
    }
    Ok(taken)
}

fn sim_fault(error: SimError) -> &'static str {
    match error {
        SimError::Subscription => "a negative subscription id",
        SimError::Number => "a number that is not E.164",
        SimError::Imsi => "an IMSI that is not 6 to 15 digits",
        SimError::Imei => "an IMEI that is not 14 to 16 digits",
    }
}

/// The owner's choice.
pub fn grant(grant: &aidl::Grant::Grant) -> Result<GrantRequest> {
    let disclosure_sha256: [u8; SHA256_BYTES] =
        of_size("grant.disclosureSha256", &grant.disclosureSha256, "not 32 bytes")?;
    locale("grant.locale", &grant.locale)?;
    if grant.locale.is_empty() {
        return Err(invalid("grant.locale", "empty"));
    }
    let method = match CaptureMethod::try_from(grant.method.0) {
        Ok(CaptureMethod::Unspecified) | Err(_) => {
            return Err(invalid("grant.method", "not a capture method"))
        }
        Ok(method) => method,
    };
    Ok(GrantRequest {
        disclosure_sha256,
        locale: grant.locale.clone(),
        allowed: classes("grant.allowedClasses", &grant.allowedClasses)?,
        sims: sims("grant.sims", 1, &grant.sims)?,
        method,
        conditions: Conditions {
            while_roaming: grant.whileRoaming,
            with_data_saver: grant.withDataSaver,
            with_battery_saver: grant.withBatterySaver,
        },
    })
}

/// A code that came by SMS.
pub fn code(argument: &'static str, code: &str) -> Result<Personal> {
    at_most(argument, code.len(), CODE_CHARS, "characters")?;
    if code.len() != CODE_CHARS || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(invalid(argument, "not 8 letters and digits"));
    }
    Ok(Personal::new(code))
}

/// A number.
pub fn number(argument: &'static str, number: &str) -> Result<Number> {
    Number::parse(number).ok_or(invalid(argument, "not E.164"))
}

/// A message to send. Its deadline is checked where the clock is.
pub fn message(message: &aidl::OutgoingMessage::OutgoingMessage) -> Result<OutgoingMessage> {
    let id: [u8; ID_BYTES as usize] = of_size("message.id", &message.id, "not 16 bytes")?;
    subscription("message.subscriptionId", message.subscriptionId)?;
    let recipient = number("message.recipient", &message.recipient)?;
    if message.body.is_empty() {
        return Err(invalid("message.body", "empty"));
    }
    at_most("message.body", message.body.len(), MAX_BODY_BYTES as usize, "bytes of UTF-8")?;
    time("message.smsDeadlineMillis", message.smsDeadlineMillis)?;
    Ok(OutgoingMessage {
        id,
        subscription: message.subscriptionId,
        recipient,
        body: Personal::new(message.body.as_str()),
        sms_deadline_millis: message.smsDeadlineMillis,
    })
}

/// An SMS that arrived.
pub fn sms(
    subscription_id: i32,
    sender: &str,
    body: &str,
    received_at_millis: i64,
) -> Result<ReceivedSms> {
    subscription("subscriptionId", subscription_id)?;
    at_most("sender", sender.len(), SMS_SENDER_BYTES, "bytes of UTF-8")?;
    at_most("body", body.len(), MAX_BODY_BYTES as usize, "bytes of UTF-8")?;
    time("receivedAtMillis", received_at_millis)?;
    Ok(ReceivedSms {
        subscription: subscription_id,
        sender: Personal::new(sender),
        body: Personal::new(body),
        received_at_millis,
    })
}

/// All users.
pub fn users(users: &[aidl::UserReport::UserReport]) -> Result<()> {
    at_most("users", users.len(), MAX_USERS as usize, "users")?;
    if users.is_empty() {
        // No phone is without one; and what is kept for who is not named is deleted.
        return Err(invalid("users", "nobody"));
    }
    for (at, report) in users.iter().enumerate() {
        if report.user < 0 {
            return Err(invalid("users.user", "negative"));
        }
        if report.serial < 0 {
            return Err(invalid("users.serial", "negative"));
        }
        if report.defaultSmsUid < -1 {
            return Err(invalid("users.defaultSmsUid", "below -1"));
        }
        if users[..at].iter().any(|earlier| earlier.user == report.user) {
            return Err(invalid("users", "a user twice"));
        }
    }
    Ok(())
}

/// The key of a user's storage.
pub fn storage_key(key: &[u8]) -> Result<Zeroizing<[u8; STORAGE_KEY_BYTES as usize]>> {
    of_size("key", key, "not 32 bytes").map(Zeroizing::new)
}

/// The network. Every value of every field means something.
pub fn network(report: &aidl::NetworkReport::NetworkReport) -> Network {
    Network {
        // A handle is 64 bits without a sign that Java holds in a long.
        handle: report.handle as u64,
        connected: report.connected,
        metered: report.metered,
        roaming: report.roaming,
        data_saver: report.dataSaver,
        battery_saver: report.batterySaver,
    }
}

/// A receipt that can be returned.
pub fn receipt(receipt: String) -> Result<String> {
    if receipt.len() > RECEIPT_BYTES {
        return Err(ServiceError::Internal);
    }
    Ok(receipt)
}

/// A disclosure that can be returned.
pub fn disclosure(
    disclosure: aidl::Disclosure::Disclosure,
) -> Result<aidl::Disclosure::Disclosure> {
    if disclosure.text.len() > DISCLOSURE_BYTES {
        return Err(ServiceError::Internal);
    }
    Ok(disclosure)
}

/// The first entries, up to `limit`, that fit in one reply; at least one, so that a reader gets on.
pub fn fit<T>(entries: Vec<T>, limit: usize, size: impl Fn(&T) -> usize) -> Vec<T> {
    let mut bytes = 0;
    let mut kept = Vec::with_capacity(entries.len().min(limit));
    for entry in entries.into_iter().take(limit) {
        bytes += size(&entry);
        if bytes > REPLY_BYTES && !kept.is_empty() {
            break;
        }
        kept.push(entry);
    }
    kept
}

/// Bytes of a parcelable's numbers, lengths and padding, more than any of ours has.
const FIXED_BYTES: usize = 128;

/// A parcel holds strings as UTF-16.
fn text_size(text: &str) -> usize {
    2 * text.len()
}

/// At most what an outcome takes in a parcel.
pub fn outcome_size(outcome: &aidl::Outcome::Outcome) -> usize {
    FIXED_BYTES + outcome.id.len()
}

/// At most what a message takes in a parcel.
pub fn inbound_size(message: &InboundMessage) -> usize {
    let hash = message.checkpoint_hash.map_or(0, |hash| hash.len());
    FIXED_BYTES + hash + text_size(message.sender.as_str()) + text_size(message.body.as_str())
}

/// At most what an entry of the ledger takes in a parcel.
pub fn ledger_entry_size(entry: &aidl::LedgerEntry::LedgerEntry) -> usize {
    FIXED_BYTES
        + text_size(&entry.event)
        + text_size(&entry.summary)
        + text_size(&entry.host)
        + 4 * entry.revealed.len()
        + entry.entry.len()
}
