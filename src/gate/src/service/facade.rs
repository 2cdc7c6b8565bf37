// SPDX-License-Identifier: Apache-2.0
//! What the three services need of the module behind them. It knows nothing of Binder or of callers: who may
//! ask was decided before ([`super::access`]), and arguments are within their bounds ([`super::bounds`]).
//!
//! Words and numbers that concern nobody come as the AIDL's own parcelables; personal data come as types that
//! print as nothing ([`Personal`]), since a parcelable prints all it holds.
//!
//! Every method may be called from several threads at once, and none may call back into the services, except for
//! [`Hints`], which never block.

use super::error::ServiceError;
use crate::consent::{CaptureMethod, Conditions};
use crate::disclose::{Classes, DataClass};
use crate::gate::{Network, Refusal};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_ledger::filter::Filter;
use cloudmessaging_seal::number::Number;
use std::fmt;
use std::io::Write;
use std::ops::RangeInclusive;
use std::time::Duration;
use zeroize::Zeroizing;

pub use crate::consent::SimIdentity;
pub use cloudmessaging_config::legacy::{SettingName, Table};

/// What an operation gives or why it failed.
pub type Result<T> = std::result::Result<T, ServiceError>;

/// An Android user: uid / 100000.
pub type UserId = i32;

/// All that the services ask of the module.
pub trait Facade: Send + Sync + 'static {
    // What access is decided on.

    /// Uid of the default SMS app that was last reported for the user. `None` if none was, or the user was not
    /// among those reported last.
    fn default_sms_uid(&self, user: UserId) -> Option<u32>;

    /// Calls of `uid`, which acts for the user, that were refused within a window, and why. Waits for nothing.
    fn calls_refused(
        &self,
        user: UserId,
        uid: u32,
        reason: &'static str,
        count: u32,
        window: Duration,
    );

    // ICloudMessagingConsent: for the owner, who is `user`.

    /// All that the page shows. Never fails: what cannot be read is off.
    fn consent_state(&self, user: UserId) -> aidl::ConsentState::ConsentState;

    /// The text of the shipped disclosure that is closest to `locale` (a BCP 47 tag, or empty).
    fn disclosure(&self, user: UserId, locale: &str) -> Result<aidl::Disclosure::Disclosure>;

    /// Turns on; durable when it returns. Fails with UnknownDisclosure, SimInUse, Forbidden, NotReady: nothing has
    /// changed then; or with Storage, Ledger, Off: it is off then.
    fn grant(&self, user: UserId, grant: GrantRequest) -> Result<()>;

    /// Hands in the code for a SIM. Fails with NoCodeExpected, Off. For the Messaging app too.
    fn submit_code(&self, user: UserId, subscription: i32, code: &Personal) -> Result<()>;

    /// Has another code sent for a SIM. Fails with NoCodeExpected, Off.
    fn request_code(&self, user: UserId, subscription: i32) -> Result<()>;

    /// Turns off, at once; waits for nothing but the uplink's end and, with `erase`, 2 s for the erase.
    fn withdraw(&self, user: UserId, erase: bool) -> aidl::Withdrawal::Withdrawal;

    /// Allows or forbids one class. Fails with Off, Storage (forbidden in memory all the same), Ledger.
    fn set_class_allowed(&self, user: UserId, class: DataClass, allowed: bool) -> Result<()>;

    /// The consent in force as ISO/IEC TS 27560 JSON, at most [`super::bounds::RECEIPT_BYTES`]. Fails with Off.
    fn receipt(&self, user: UserId) -> Result<String>;

    /// What a registration of each SIM would hold. Needs no consent, keeps nothing. Fails with
    /// InvalidArgument if the allowed classes do not make a registration.
    fn preview(&self, sims: &[SimIdentity], allowed: Classes) -> Result<Vec<Preview>>;

    /// Up to `limit` entries of the user's ledger that pass the filter, newest first, below position `before`. Fails
    /// with Storage.
    fn ledger(
        &self,
        user: UserId,
        before: Option<u64>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Vec<aidl::LedgerEntry::LedgerEntry>>;

    /// Totals of those days. Fails with Storage.
    fn ledger_totals(
        &self,
        user: UserId,
        days: &Days,
    ) -> Result<Vec<aidl::LedgerTotal::LedgerTotal>>;

    /// The signed checkpoint. Fails with NotReady, Storage.
    fn ledger_checkpoint(&self, user: UserId) -> Result<aidl::LedgerCheckpoint::LedgerCheckpoint>;

    /// Writes the ledger; how many entries. Fails with NotReady, Storage, Unwritable.
    fn export_ledger(&self, user: UserId, to: &mut dyn Write) -> Result<u64>;

    /// Erases the content of the ledger. Fails with NotReady, Ledger.
    fn erase_ledger(&self, user: UserId) -> Result<()>;

    /// What an earlier service left behind for the user; the texts are those closest to `locale`.
    fn legacy(&self, user: UserId, locale: &str) -> aidl::Legacy::Legacy;

    /// The owner was told that. Fails with NotReady, Storage.
    fn legacy_told(&self, user: UserId) -> Result<()>;

    // ICloudMessagingPlatform: facts, kept in memory only.

    /// All users that exist, each once; those missing do not exist any more.
    fn report_users(&self, users: &[aidl::UserReport::UserReport]);

    /// The SIMs in the phone, at most 8, each once. Fails with Off, and is then to forget them.
    fn report_identities(&self, user: UserId, sims: Vec<SimIdentity>) -> Result<()>;

    /// The network that may be used now.
    fn report_network(&self, network: Network);

    /// Opens what is stored for the user. Fails with NotFound if no such user was reported.
    fn provide_storage_key(&self, user: UserId, key: Zeroizing<[u8; 32]>) -> Result<()>;

    /// Whether cloud messaging is on for the user.
    fn wants_identities(&self, user: UserId) -> bool;

    /// The settings of an earlier service whose values are wanted of the user.
    fn wants_legacy(&self, user: UserId) -> Vec<SettingName>;

    /// Those values; of others than are wanted, nothing is taken. Fails with InvalidArgument if not all are there;
    /// with Storage.
    fn report_legacy(&self, user: UserId, said: &[SettingValue]) -> Result<()>;

    // ICloudMessaging: for the default SMS app of `user`.

    /// What the app may know.
    fn service_state(&self, user: UserId) -> aidl::ServiceState::ServiceState;

    /// Takes a message: `None` once it is held durably, a refusal if nothing was stored. The deadline is the
    /// facade's to check, by its clock. Fails with InvalidArgument, TooMany, IdReused, Storage: nothing is held then.
    fn send(&self, user: UserId, message: OutgoingMessage) -> Result<Option<Refusal>>;

    // What is kept of messages can be read and changed while the user is unlocked, on or off: else all of the
    // following fail with NotReady, and with Storage if the disk fails.

    /// Up to `limit` outcomes after the cursor, oldest first.
    fn outcomes(
        &self,
        user: UserId,
        cursor: i64,
        limit: usize,
    ) -> Result<Vec<aidl::Outcome::Outcome>>;

    /// Forgets outcomes up to and including the cursor.
    fn acknowledge_outcomes(&self, user: UserId, cursor: i64) -> Result<()>;

    /// Up to `limit` received messages after the cursor, oldest first; also while off.
    fn inbound(&self, user: UserId, cursor: i64, limit: usize) -> Result<Vec<InboundMessage>>;

    /// Forgets messages up to and including the cursor.
    fn acknowledge_inbound(&self, user: UserId, cursor: i64) -> Result<()>;

    /// The id of the cloud message that this SMS is again, and uses the match up.
    fn check_sms(&self, user: UserId, sms: &ReceivedSms) -> Result<Option<[u8; 16]>>;

    /// Up to `limit` changes of identity keys that were not acknowledged, oldest first.
    fn key_changes(&self, user: UserId, limit: usize) -> Result<Vec<KeyChange>>;

    /// Forgets those noticed up to and including that time.
    fn acknowledge_key_changes(&self, user: UserId, at_millis: i64) -> Result<()>;

    /// 60 digits. Fails with NotFound, Off too.
    fn fingerprint(&self, user: UserId, subscription: i32, peer: &Number) -> Result<String>;
}

/// What the module says of its own accord: that there is something to ask for. Given to it when it is made.
///
/// Each only takes a note for another thread: it never blocks, never calls a client, and may be called under
/// any lock.
pub trait Hints: Send + Sync {
    /// What [`Facade::consent_state`], [`Facade::service_state`] or [`Facade::wants_identities`] give for the
    /// user has changed.
    fn state_changed(&self, user: UserId);
    /// There is a new outcome.
    fn outcomes(&self, user: UserId);
    /// A message was received.
    fn inbound(&self, user: UserId);
    /// A change of an identity key was noticed.
    fn key_changed(&self, user: UserId);
}

/// Personal text: erased from memory when dropped, printed as nothing, compared only in tests.
#[derive(Clone, Default)]
pub struct Personal(Zeroizing<String>);

impl Personal {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for whoever has a permit to use it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal")
    }
}

/// The owner's choice.
#[derive(Clone, Debug)]
pub struct GrantRequest {
    /// SHA-256 of the disclosure that was shown.
    pub disclosure_sha256: [u8; 32],
    /// BCP 47 tag of the text that was shown.
    pub locale: String,
    /// The classes allowed.
    pub allowed: Classes,
    /// 1 to 8, each subscription id once.
    pub sims: Vec<SimIdentity>,
    /// How the owner expressed it; never unspecified.
    pub method: CaptureMethod,
    /// The owner's conditions.
    pub conditions: Conditions,
}

/// What a setting of an earlier service says. Whoever wrote it is not trusted: it is compared, and kept nowhere.
#[derive(Clone)]
pub struct SettingValue {
    /// Which.
    pub name: SettingName,
    /// `None` if there is no such setting.
    pub value: Option<Personal>,
}

/// Days since 1 January 1970, and where they begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first and the last.
    pub range: RangeInclusive<i32>,
    /// How far their midnight is ahead of UTC's.
    pub offset_ms: i64,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct OutgoingMessage {
    /// The app's.
    pub id: [u8; 16],
    /// Subscription id of the SIM it goes out for.
    pub subscription: i32,
    /// E.164.
    pub recipient: Number,
    /// 1 to 60000 bytes of UTF-8.
    pub body: Personal,
    /// When the app wants to send an SMS instead, ms since the Unix epoch.
    pub sms_deadline_millis: i64,
}

/// A message that was received and verified.
#[derive(Clone, Debug)]
pub struct InboundMessage {
    /// Rises with each.
    pub cursor: i64,
    /// The sender's.
    pub id: [u8; 16],
    /// The SIM it came to.
    pub subscription: i32,
    /// E.164, certified.
    pub sender: Number,
    /// What was written.
    pub body: Personal,
    /// By the sender's clock, ms since the Unix epoch.
    pub sent_at_millis: i64,
    /// By this phone's clock, ms since the Unix epoch.
    pub received_at_millis: i64,
    /// What the sender's ledger was, salted.
    pub checkpoint_hash: Option<[u8; 32]>,
}

/// An SMS that arrived.
#[derive(Clone, Debug)]
pub struct ReceivedSms {
    /// The SIM it came to.
    pub subscription: i32,
    /// As the network gave it: not always a number.
    pub sender: Personal,
    /// What it says.
    pub body: Personal,
    /// ms since the Unix epoch.
    pub received_at_millis: i64,
}

/// A change of somebody's identity key.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// E.164.
    pub peer: Number,
    /// When it was noticed, ms since the Unix epoch.
    pub at_millis: i64,
}

/// A registration before encryption.
#[derive(Clone)]
pub struct Preview {
    /// The SIM.
    pub subscription: i32,
    /// Every field, in order; `crate::disclose::fields` takes them out of the plaintext.
    pub fields: Vec<PreviewField>,
    /// The exact plaintext.
    pub plaintext: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Preview(subscription {})", self.subscription)
    }
}

/// One field of a registration.
#[derive(Clone, Debug)]
pub struct PreviewField {
    /// Name in proto/registrar.proto.
    pub name: String,
    /// Unspecified for what is no personal datum.
    pub class: DataClass,
    /// As text, bytes in hexadecimal; empty if made on grant.
    pub value: Personal,
    /// Made when the owner turns on.
    pub made_on_grant: bool,
    /// Where it stands in the plaintext, in bytes.
    pub offset: usize,
    /// How long it is, in bytes.
    pub length: usize,
}
