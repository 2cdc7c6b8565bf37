// SPDX-License-Identifier: Apache-2.0
//! The consent record as a value: whoever holds a [`Record`] holds one that is valid in every respect.

use core::fmt;

use cloudmessaging_wire::proto::consent as proto;
use prost::Message as _;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::class;
use super::key::MAC;
use super::sim::IdentityMac;
use super::standing::{Agreed, OffReason, Void};
use crate::disclose::Classes;
use crate::schema::{self, Refused, Step, RECORD as VERSION};
use cloudmessaging_config::disclosure::{is_tag, DisclosureStatus, Disclosures};
use cloudmessaging_config::Parties;

/// How the owner expressed it (`proto/consent.proto`).
pub use cloudmessaging_wire::proto::consent::CaptureMethod;

/// To each version from the one before. A record that went some is written anew with the next change of it.
const STEPS: [Step<Vec<u8>>; VERSION as usize - 1] = [];

/// The most SIMs of one record.
pub const MAX_SIMS: usize = 8;

/// The longest build fingerprint that is kept, in bytes.
pub const MAX_FINGERPRINT: usize = 256;

/// 16 random bytes that name one consent, in the ledger and beside the keys made under it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordId([u8; 16]);

impl RecordId {
    /// A new one; `None` if the system's random generator fails.
    pub fn random() -> Option<Self> {
        let mut id = [0; 16];
        SystemRandom::new().fill(&mut id).ok()?;
        Some(Self(id))
    }

    /// One that was stored.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({})", hex::encode(self.0))
    }
}

/// When, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordTime {
    /// Wall clock, ms since the Unix epoch.
    pub wall_ms: i64,
    /// Boot clock, ms since the boot it was read in.
    pub boot_ms: i64,
}

/// The owner's conditions beside the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conditions {
    /// Also on a roaming network.
    pub while_roaming: bool,
    /// Also with Data Saver on.
    pub with_data_saver: bool,
    /// Also with battery saver on.
    pub with_battery_saver: bool,
}

/// One SIM that takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsentedSim {
    pub(super) subscription_id: i32,
    pub(super) identity: IdentityMac,
}

impl ConsentedSim {
    /// The subscription id on this phone.
    pub fn subscription_id(&self) -> i32 {
        self.subscription_id
    }

    /// What its identities have to hash to, see `ConsentStore::names`.
    pub fn identity(&self) -> IdentityMac {
        self.identity
    }
}

/// A consent in force. Only validation makes one: of what was read, or of what is about to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub(super) id: RecordId,
    pub(super) user: i32,
    pub(super) user_serial: i64,
    pub(super) sims: Vec<ConsentedSim>,
    pub(super) disclosure_version: u32,
    pub(super) disclosure_sha256: [u8; 32],
    pub(super) classes: Classes,
    pub(super) granted: RecordTime,
    pub(super) locale: String,
    pub(super) method: CaptureMethod,
    pub(super) conditions: Conditions,
    pub(super) build_fingerprint: String,
    pub(super) ledger_position: u64,
    pub(super) parties: Parties,
}

impl Record {
    /// Names this consent.
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// The Android user.
    pub fn user(&self) -> i32 {
        self.user
    }

    /// The user's serial number: a user made again with the same id has another.
    pub fn user_serial(&self) -> i64 {
        self.user_serial
    }

    /// The SIMs that take part, by ascending subscription id.
    pub fn sims(&self) -> &[ConsentedSim] {
        &self.sims
    }

    /// The SIM with this subscription id, if it takes part.
    pub fn sim(&self, subscription_id: i32) -> Option<&ConsentedSim> {
        self.sims.iter().find(|sim| sim.subscription_id == subscription_id)
    }

    /// Version of the disclosure that was shown.
    pub fn disclosure_version(&self) -> u32 {
        self.disclosure_version
    }

    /// SHA-256 of the text that was shown.
    pub fn disclosure_sha256(&self) -> &[u8; 32] {
        &self.disclosure_sha256
    }

    /// The classes that the owner allowed.
    pub fn classes(&self) -> Classes {
        self.classes
    }

    /// When it was granted.
    pub fn granted(&self) -> RecordTime {
        self.granted
    }

    /// BCP 47 tag of the text that was shown.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// How the owner expressed it.
    pub fn method(&self) -> CaptureMethod {
        self.method
    }

    /// The owner's conditions.
    pub fn conditions(&self) -> Conditions {
        self.conditions
    }

    /// The build it was granted on; for information only.
    pub fn build_fingerprint(&self) -> &str {
        &self.build_fingerprint
    }

    /// Where the entry of the grant stands in the ledger; for information only.
    pub fn ledger_position(&self) -> u64 {
        self.ledger_position
    }

    /// Who gets what was agreed to.
    pub fn parties(&self) -> &Parties {
        &self.parties
    }

    /// The bytes that are authenticated and stored.
    pub(super) fn encode(&self) -> Vec<u8> {
        proto::ConsentRecord {
            schema_version: VERSION,
            record_id: self.id.0.to_vec(),
            user: self.user,
            user_serial: self.user_serial,
            sims: self
                .sims
                .iter()
                .map(|sim| proto::ConsentedSim {
                    subscription_id: sim.subscription_id,
                    identity_mac: sim.identity.0.to_vec(),
                })
                .collect(),
            disclosure_version: self.disclosure_version,
            disclosure_sha256: self.disclosure_sha256.to_vec(),
            allowed_classes: class::numbers(self.classes),
            granted_wall_ms: self.granted.wall_ms,
            granted_boot_ms: self.granted.boot_ms,
            locale: self.locale.clone(),
            method: self.method as i32,
            while_roaming: self.conditions.while_roaming,
            with_data_saver: self.conditions.with_data_saver,
            with_battery_saver: self.conditions.with_battery_saver,
            build_fingerprint: self.build_fingerprint.clone(),
            ledger_position: self.ledger_position,
            controller: self.parties.controller.clone(),
            broker: self.parties.broker.clone(),
            registrar_key: self.parties.registrar_key.to_vec(),
            signing_keys: self.parties.signing_keys.iter().map(|key| key.to_vec()).collect(),
        }
        .encode_to_vec()
    }

    /// The record in `bytes`, which the record key has authenticated, if it is one of this user and of a
    /// disclosure that still holds.
    pub(super) fn decode(
        bytes: &[u8],
        user: i32,
        user_serial: i64,
        disclosures: &Disclosures,
    ) -> Result<Self, Void> {
        // The version alone first: the other fields of a newer version may have other types.
        let version = SchemaVersion::decode(bytes).map_err(|_| OffReason::Damaged)?.schema_version;
        let bytes = schema::upgrade(version, &STEPS, bytes.to_vec()).map_err(|why| match why {
            Refused::Newer => OffReason::FutureVersion,
            Refused::NotOurs => OffReason::Damaged,
        })?;
        let stored = proto::ConsentRecord::decode(&bytes[..]).map_err(|_| OffReason::Damaged)?;
        let record = Self::validate(&stored).ok_or(OffReason::Damaged)?;
        // Every field counts and none comes twice: there is one encoding of a record, ours.
        if record.encode() != bytes {
            return Err(OffReason::Damaged.into());
        }
        if record.user != user || record.user_serial != user_serial {
            return Err(OffReason::OtherUser.into());
        }
        match disclosures.status(record.disclosure_version, &record.disclosure_sha256) {
            DisclosureStatus::Current if !disclosures.parties().widen(&record.parties) => {
                Ok(record)
            }
            DisclosureStatus::Current | DisclosureStatus::Outdated => Err(Void::Outdated(Agreed {
                disclosure_version: record.disclosure_version,
                parties: record.parties,
            })),
            DisclosureStatus::Unknown => Err(OffReason::UnknownDisclosure.into()),
        }
    }

    fn validate(stored: &proto::ConsentRecord) -> Option<Self> {
        if stored.schema_version != VERSION {
            return None;
        }
        let sims: Vec<_> = stored.sims.iter().map(validate_sim).collect::<Option<_>>()?;
        let record = Self {
            id: RecordId::from_bytes(&stored.record_id)?,
            user: stored.user,
            user_serial: stored.user_serial,
            sims,
            disclosure_version: stored.disclosure_version,
            disclosure_sha256: stored.disclosure_sha256[..].try_into().ok()?,
            classes: class::ascending(&stored.allowed_classes).ok()?,
            granted: RecordTime {
                wall_ms: stored.granted_wall_ms,
                boot_ms: stored.granted_boot_ms,
            },
            locale: stored.locale.clone(),
            method: CaptureMethod::try_from(stored.method).ok()?,
            conditions: Conditions {
                while_roaming: stored.while_roaming,
                with_data_saver: stored.with_data_saver,
                with_battery_saver: stored.with_battery_saver,
            },
            build_fingerprint: stored.build_fingerprint.clone(),
            ledger_position: stored.ledger_position,
            parties: Parties {
                controller: stored.controller.clone(),
                broker: stored.broker.clone(),
                registrar_key: stored.registrar_key[..].try_into().ok()?,
                signing_keys: stored
                    .signing_keys
                    .iter()
                    .map(|key| key[..].try_into().ok())
                    .collect::<Option<_>>()?,
            },
        };
        record.is_valid().then_some(record)
    }

    /// What types alone do not say. The same for what is read and for what is about to be written.
    pub(super) fn is_valid(&self) -> bool {
        self.user >= 0
            && self.user_serial >= 0
            && (1..=MAX_SIMS).contains(&self.sims.len())
            && self.sims.iter().all(|sim| sim.subscription_id >= 0)
            && self.sims.windows(2).all(|pair| pair[0].subscription_id < pair[1].subscription_id)
            && self.disclosure_version >= 1
            && self.granted.wall_ms >= 0
            && self.granted.boot_ms >= 0
            && is_tag(&self.locale)
            && self.method != CaptureMethod::Unspecified
            && self.build_fingerprint.len() <= MAX_FINGERPRINT
            && self.parties.is_valid()
    }
}

fn validate_sim(stored: &proto::ConsentedSim) -> Option<ConsentedSim> {
    let identity: [u8; MAC] = stored.identity_mac[..].try_into().ok()?;
    Some(ConsentedSim { subscription_id: stored.subscription_id, identity: IdentityMac(identity) })
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("user", &self.user)
            .field("sims", &self.sims.len())
            .field("disclosure_version", &self.disclosure_version)
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}

/// The one field that every version of a record has.
#[derive(Clone, PartialEq, prost::Message)]
struct SchemaVersion {
    #[prost(uint32, tag = "1")]
    schema_version: u32,
}
