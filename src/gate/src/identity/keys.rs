// SPDX-License-Identifier: Apache-2.0
//! The keys of one consent, in use: an identity key and prekeys for each SIM that takes part, and what the
//! registrar certified of them (protocol.md, "Who is who").

use std::collections::BTreeMap;

use cloudmessaging_seal::key::random;
use cloudmessaging_seal::{
    reread_sender_certificate, sign_prekeys, verify_sender_certificate, CertifiedIdentity,
    IdentityKey, KeyId, PrekeyPair, PublicKey, RegistrarKeys, SealError, SecretKey,
};
use cloudmessaging_wire::limits::{CLIENT_ID, CLOCK_SKEW, PREKEY_LIFE};
use cloudmessaging_wire::proto::keys as proto;
use ring::hmac;
use zeroize::Zeroizing;

use super::store::StoredKeys;
use super::tls::TlsKey;
use crate::consent::RecordId;
use crate::schema::KEYS;

const PREKEY_LIFE_MS: i64 = PREKEY_LIFE.as_millis() as i64;
const CLOCK_SKEW_MS: i64 = CLOCK_SKEW.as_millis() as i64;

/// All keys of one consent.
pub struct Keys {
    record: RecordId,
    hash_key: Zeroizing<[u8; 32]>,
    /// By subscription id.
    pub sims: BTreeMap<i32, SimKeys>,
}

/// The keys of one SIM.
pub struct SimKeys {
    /// Ed25519.
    pub identity: IdentityKey,
    /// P-256, of the inbox connection.
    pub tls: TlsKey,
    /// Oldest first; the last two are the current and the next one.
    prekeys: Vec<PrekeyPair>,
    /// What the registrar certified; none while not registered.
    pub certificate: Option<Certificate>,
    /// Names the inbox session at the broker: random, secret.
    pub inbox_client_id: Zeroizing<String>,
    /// The broker may hold a session of that name.
    pub inbox_session: bool,
    /// Another phone has registered the number: there is no certificate any more, and will be none.
    pub moved: bool,
    /// Until when the code that was sent by SMS is good, ms since the Unix epoch; 0 if none was asked for since the
    /// last registration.
    pub code_until_ms: i64,
    /// The later prekey that the registrar published last.
    pub published: Option<KeyId>,
}

/// A sender certificate as it is shown and what it says, and the TLS certificate that came with it and lives as long.
pub struct Certificate {
    /// Serialised.
    pub bytes: Zeroizing<Vec<u8>>,
    /// What it says.
    pub identity: CertifiedIdentity,
    /// X.509, DER, of the TLS key.
    pub tls: Vec<u8>,
}

impl Keys {
    /// New keys for the SIMs of a consent.
    pub fn make(record: RecordId, sims: &[i32], now_ms: i64) -> Result<Self, SealError> {
        let made = sims.iter().map(|sim| Ok((*sim, SimKeys::make(now_ms)?)));
        let sims = made.collect::<Result<_, SealError>>()?;
        Ok(Self { record, hash_key: Zeroizing::new(random()?), sims })
    }

    /// Keys as they were kept. A certificate that the registrar did not sign is left out.
    pub fn from_stored(stored: &StoredKeys, registrar: &RegistrarKeys) -> Option<Self> {
        let mut hash_key = Zeroizing::new([0; 32]);
        if stored.0.hash_key.len() != hash_key.len() {
            return None;
        }
        hash_key.copy_from_slice(&stored.0.hash_key);
        let sims = stored.0.sims.iter();
        Some(Self {
            record: RecordId::from_bytes(&stored.0.record_id)?,
            hash_key,
            sims: sims
                .map(|sim| Some((sim.subscription_id, SimKeys::from_stored(sim, registrar)?)))
                .collect::<Option<_>>()?,
        })
    }

    /// The form in which they are kept.
    pub fn to_stored(&self) -> StoredKeys {
        let sims = self.sims.iter().map(|(id, sim)| sim.to_stored(*id)).collect();
        StoredKeys(proto::Keys {
            schema_version: KEYS,
            record_id: self.record.as_bytes().to_vec(),
            sims,
            hash_key: self.hash_key.to_vec(),
        })
    }

    /// The consent they were made under.
    pub fn record(&self) -> RecordId {
        self.record
    }

    /// The key under which readers and messages are hashed into the ledger.
    pub fn hash_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &*self.hash_key)
    }
}

impl SimKeys {
    fn make(now_ms: i64) -> Result<Self, SealError> {
        let mut sim = Self {
            identity: IdentityKey::generate()?,
            tls: TlsKey::generate()?,
            prekeys: Vec::new(),
            certificate: None,
            inbox_client_id: Zeroizing::new(client_id()?),
            inbox_session: false,
            moved: false,
            code_until_ms: 0,
            published: None,
        };
        sim.rotate(now_ms)?;
        Ok(sim)
    }

    /// Makes the next prekey when the time of the current one is over, and deletes those that are over for
    /// longer than a message can live. If the clock was ahead when the current one was made, makes two anew, as nobody
    /// would seal to that one until its time comes; it is kept for whoever did. Whether anything changed: then the
    /// registration is to be renewed.
    pub fn rotate(&mut self, now_ms: i64) -> Result<bool, SealError> {
        let before = self.prekeys.len();
        self.prekeys.retain(|key| now_ms < key.not_after_ms.saturating_add(PREKEY_LIFE_MS));
        let mut changed = self.prekeys.len() != before;
        let published = self.prekeys.iter().rev().take(2);
        let in_use = published.filter(|key| now_ms < key.not_after_ms).count();
        // None in use: first keys, or the phone was off for two days. One: the next has become current.
        for key in in_use..2 {
            let last = self.prekeys.last().map_or(now_ms, |last| last.not_after_ms);
            let from = if key == 0 { now_ms } else { last };
            self.prekeys.push(PrekeyPair::generate(from)?);
            changed = true;
        }
        if self.current().is_some_and(|key| is_ahead(key, now_ms)) {
            for from in [now_ms, now_ms.saturating_add(PREKEY_LIFE_MS)] {
                self.prekeys.push(PrekeyPair::generate(from)?);
            }
            changed = true;
        }
        Ok(changed)
    }

    /// When [`SimKeys::rotate`] has something to do next.
    pub fn rotates_at(&self, now_ms: i64) -> i64 {
        let current = self.current().filter(|key| !is_ahead(key, now_ms));
        current.map_or(0, |key| key.not_after_ms)
    }

    fn current(&self) -> Option<&PrekeyPair> {
        self.prekeys.len().checked_sub(2).and_then(|i| self.prekeys.get(i))
    }

    /// The later of the prekeys that a registration publishes.
    pub fn next_prekey(&self) -> Option<KeyId> {
        self.prekeys.last().map(|key| key.id)
    }

    /// The prekey of this id, to open with.
    pub fn prekey(&self, id: &KeyId) -> Option<&PrekeyPair> {
        self.prekeys.iter().find(|key| key.id == *id)
    }

    /// The current and the next prekey, signed: what a registration publishes.
    pub fn signed_prekeys(&self) -> Option<(Vec<u8>, [u8; 64])> {
        let [.., current, next] = &self.prekeys[..] else { return None };
        Some(sign_prekeys(&self.identity, &current.prekey(), &next.prekey()))
    }

    /// What the registrar certified, while that is so. Nobody believes it any more after that.
    pub fn live(&self, now_ms: i64) -> Option<&Certificate> {
        self.certificate.as_ref().filter(|c| now_ms < c.identity.not_after_ms)
    }

    /// Takes the certificates of a reply, if they are to be believed and are of these keys.
    pub fn certify(
        &mut self,
        bytes: &[u8],
        tls: &[u8],
        registrar: &RegistrarKeys,
        now_ms: i64,
    ) -> bool {
        let identity = verify_sender_certificate(bytes, registrar, now_ms).ok();
        identity.is_some_and(|identity| self.take(bytes, tls, identity))
    }

    /// Takes a certificate that is of these keys.
    fn take(&mut self, bytes: &[u8], tls: &[u8], identity: CertifiedIdentity) -> bool {
        let own = identity.identity_key == self.identity.public_key() && self.tls.is_named_by(tls);
        if own && !self.moved {
            let bytes = Zeroizing::new(bytes.to_vec());
            self.certificate = Some(Certificate { bytes, identity, tls: tls.to_vec() });
        }
        own && !self.moved
    }

    /// Takes note that another phone has registered the number.
    pub fn move_away(&mut self) {
        self.moved = true;
        self.certificate = None;
    }

    fn from_stored(sim: &proto::SimKeys, registrar: &RegistrarKeys) -> Option<Self> {
        let prekeys = sim.prekeys.iter().map(|key| {
            Some(PrekeyPair {
                id: key.id.as_slice().try_into().ok()?,
                secret: SecretKey::from_slice(&key.private_key).ok()?,
                public_key: PublicKey::from_slice(&key.public_key).ok()?,
                not_before_ms: key.not_before_ms,
                not_after_ms: key.not_after_ms,
            })
        });
        let mut keys = Self {
            identity: IdentityKey::from_pkcs8(&sim.identity).ok()?,
            tls: TlsKey::from_pkcs8(&sim.tls_key).ok()?,
            prekeys: prekeys.collect::<Option<_>>()?,
            certificate: None,
            inbox_client_id: Zeroizing::new(sim.inbox_client_id.clone()),
            inbox_session: sim.inbox_session,
            moved: sim.moved,
            code_until_ms: sim.code_until_ms,
            published: sim.published_prekey.as_slice().try_into().ok(),
        };
        // Whatever the clock says: one that is wrong for a while must not cost the owner another code.
        if let Ok(identity) = reread_sender_certificate(&sim.sender_certificate, registrar) {
            keys.take(&sim.sender_certificate, &sim.tls_certificate, identity);
        }
        Some(keys)
    }

    fn to_stored(&self, subscription_id: i32) -> proto::SimKeys {
        let prekeys = self.prekeys.iter().map(|key| proto::StoredPrekey {
            id: key.id.to_vec(),
            private_key: key.secret.as_bytes().to_vec(),
            public_key: key.public_key.0.to_vec(),
            not_before_ms: key.not_before_ms,
            not_after_ms: key.not_after_ms,
        });
        proto::SimKeys {
            subscription_id,
            identity: self.identity.to_pkcs8().to_vec(),
            prekeys: prekeys.collect(),
            sender_certificate: self
                .certificate
                .as_ref()
                .map(|c| c.bytes.to_vec())
                .unwrap_or_default(),
            inbox_client_id: self.inbox_client_id.to_string(),
            inbox_session: self.inbox_session,
            tls_key: self.tls.pkcs8().to_vec(),
            tls_certificate: self.certificate.as_ref().map(|c| c.tls.clone()).unwrap_or_default(),
            moved: self.moved,
            code_until_ms: self.code_until_ms,
            published_prekey: self.published.map(|id| id.to_vec()).unwrap_or_default(),
        }
    }
}

/// Whether nobody seals to this key yet, by a clock that is right: bundles are used from that early on.
fn is_ahead(key: &PrekeyPair, now_ms: i64) -> bool {
    key.not_before_ms.saturating_sub(CLOCK_SKEW_MS) > now_ms
}

/// A client id that says nothing: letters and digits, not more than 23 and so what every broker accepts (MQTT 5, 3.1.3.1).
pub fn client_id() -> Result<String, SealError> {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes: [u8; CLIENT_ID] = random()?;
    Ok(bytes.iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmessaging_seal::{issue_sender_certificate, Number};

    const DAY: i64 = PREKEY_LIFE_MS;

    fn record() -> RecordId {
        RecordId::from_bytes(&[1; 16]).unwrap()
    }

    #[test]
    fn a_prekey_is_current_for_a_day_and_opens_for_one_more() {
        let mut sim = SimKeys::make(0).unwrap();
        let first = sim.prekeys[0].id;
        assert!(!sim.rotate(DAY - 1).unwrap(), "nothing to do within the day");
        assert_eq!(sim.rotates_at(0), DAY);
        assert!(sim.rotate(DAY).unwrap());
        assert_eq!(sim.prekeys.len(), 3);
        assert!(sim.prekey(&first).is_some());
        sim.rotate(2 * DAY - 1).unwrap();
        assert!(sim.prekey(&first).is_some(), "a message of its last second can still be opened");
        sim.rotate(2 * DAY).unwrap();
        assert!(sim.prekey(&first).is_none(), "gone for good");
    }

    #[test]
    fn after_days_without_power_both_prekeys_are_new() {
        let mut sim = SimKeys::make(0).unwrap();
        let old: Vec<_> = sim.prekeys.iter().map(|key| key.id).collect();
        assert!(sim.rotate(9 * DAY).unwrap());
        assert!(old.iter().all(|id| sim.prekey(id).is_none()));
        let times: Vec<_> = sim.prekeys.iter().map(|k| (k.not_before_ms, k.not_after_ms)).collect();
        assert_eq!(times, [(9 * DAY, 10 * DAY), (10 * DAY, 11 * DAY)]);
    }

    #[test]
    fn prekeys_that_were_made_by_a_clock_that_was_ahead_are_made_anew() {
        let mut sim = SimKeys::make(9 * DAY).unwrap();
        let ahead = sim.prekeys[0].id;
        assert!(sim.rotates_at(0) <= 0 && sim.rotate(0).unwrap());
        let times = |sim: &SimKeys| -> Vec<_> {
            sim.prekeys.iter().map(|k| (k.not_before_ms, k.not_after_ms)).collect()
        };
        assert_eq!(times(&sim)[2..], [(0, DAY), (DAY, 2 * DAY)], "the last two are published");
        assert!(sim.prekey(&ahead).is_some(), "it may have been sealed to");
        assert_eq!(sim.rotates_at(0), DAY);
        assert!(!sim.rotate(DAY - 1).unwrap());
        assert!(sim.rotate(DAY).unwrap());
        assert_eq!(times(&sim)[3..], [(DAY, 2 * DAY), (2 * DAY, 3 * DAY)]);
        // By less than everybody allows for, nothing is to be done.
        let mut sim = SimKeys::make(CLOCK_SKEW_MS).unwrap();
        assert!(!sim.rotate(0).unwrap());
    }

    #[test]
    fn keys_are_kept_whole() {
        let registrar = IdentityKey::generate().unwrap();
        let known = RegistrarKeys::new(vec![(1, registrar.public_key())]);
        let mut keys = Keys::make(record(), &[1, 2], 0).unwrap();
        let sim = keys.sims.get_mut(&1).unwrap();
        let identity = CertifiedIdentity {
            number: Number::parse("+15550100").unwrap(),
            routing_id: [9; 32],
            identity_key: sim.identity.public_key(),
            serial: 1,
            not_after_ms: DAY,
        };
        let certificate = issue_sender_certificate(&registrar, 1, &identity);
        let mut tls = sim.tls.public_key_info();
        tls.push(0);
        assert!(sim.certify(&certificate, &tls, &known, 0));
        (sim.code_until_ms, sim.published) = (5, Some([6; 8]));
        let again = Keys::from_stored(&keys.to_stored(), &known).unwrap();
        assert!(again.to_stored() == keys.to_stored());
        let live = |now_ms| again.sims[&1].live(now_ms).is_some();
        assert!(live(-9 * DAY) && live(DAY - 1) && !live(DAY), "whenever it was read");
        let others = RegistrarKeys::new(vec![(1, IdentityKey::generate().unwrap().public_key())]);
        let forged = Keys::from_stored(&keys.to_stored(), &others).unwrap();
        assert!(forged.sims[&1].certificate.is_none());
    }

    #[test]
    fn a_certificate_of_another_identity_key_is_not_taken() {
        let registrar = IdentityKey::generate().unwrap();
        let known = RegistrarKeys::new(vec![(1, registrar.public_key())]);
        let identity = CertifiedIdentity {
            number: Number::parse("+15550100").unwrap(),
            routing_id: [9; 32],
            identity_key: IdentityKey::generate().unwrap().public_key(),
            serial: 1,
            not_after_ms: DAY,
        };
        let certificate = issue_sender_certificate(&registrar, 1, &identity);
        assert!(!SimKeys::make(0).unwrap().certify(&certificate, &[], &known, 0));
    }
}
