// SPDX-License-Identifier: Apache-2.0
//! A Keystore in this process. It holds to KeyMint's rules as far as we touch them: what a key was made for is all it
//! does, and a parameter that is missing or not allowed is refused.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use android_hardware_security_keymint::aidl::android::hardware::security::keymint::{
    Algorithm::Algorithm, BlockMode::BlockMode, Digest::Digest, EcCurve::EcCurve,
    ErrorCode::ErrorCode, KeyParameter::KeyParameter,
    KeyParameterValue::KeyParameterValue as Value, KeyPurpose::KeyPurpose,
    PaddingMode::PaddingMode, SecurityLevel::SecurityLevel, Tag::Tag,
};
use android_system_keystore2::aidl::android::system::keystore2::{
    CreateOperationResponse::CreateOperationResponse,
    Domain::Domain,
    IKeystoreOperation::{BnKeystoreOperation, IKeystoreOperation},
    IKeystoreSecurityLevel::{BnKeystoreSecurityLevel, IKeystoreSecurityLevel},
    IKeystoreService::{BnKeystoreService, IKeystoreService},
    KeyDescriptor::KeyDescriptor,
    KeyMetadata::KeyMetadata,
    KeyParameters::KeyParameters,
    ResponseCode::ResponseCode,
};
use binder::{Interface, IntoBinderResult, Strong};
use ring::aead::{Aad, LessSafeKey, Nonce, UnboundKey, AES_256_GCM};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::super::signer::SPKI;

/// What the test decides.
#[derive(Default)]
pub struct Mood {
    /// Nobody is registered.
    pub absent: bool,
    /// Every call is refused with this.
    pub refuses: Option<i32>,
    /// What making an Ed25519 key is refused with.
    pub no_ed25519: Option<i32>,
    /// There is no room for a key that resists rollback.
    pub no_rollback_resistance: bool,
    /// Certificates are for another key.
    pub lies: bool,
    /// Calls do not come back.
    pub hangs: bool,
}

enum Secret {
    Hmac(hmac::Key),
    Ed25519(Box<Ed25519KeyPair>),
    Aes([u8; 32]),
}

struct Key {
    secret: Secret,
    made_as: Vec<KeyParameter>,
}

/// One phone's Keystore; clones are the same one.
#[derive(Clone, Default)]
pub struct Fake(Arc<Inside>);

#[derive(Default)]
struct Inside {
    mood: Mutex<Mood>,
    changed: Condvar,
    hanging: AtomicUsize,
    keys: Mutex<BTreeMap<String, Key>>,
    made: Mutex<Vec<(String, bool)>>,
}

type Result<T> = binder::Result<T>;

fn refused<T>(code: i32) -> Result<T> {
    Err(()).or_service_specific_exception_with(code, |()| "refused")
}

fn no<T>(code: ErrorCode) -> Result<T> {
    refused(code.0)
}

fn has(parameters: &[KeyParameter], tag: Tag, value: Value) -> bool {
    parameters.iter().any(|p| p.tag == tag && p.value == value)
}

impl Fake {
    pub fn set(&self, change: impl FnOnce(&mut Mood)) {
        change(&mut self.0.mood.lock().unwrap());
        self.0.changed.notify_all();
    }

    /// The service, if it is registered.
    pub fn reach(&self) -> Option<Strong<dyn IKeystoreService>> {
        let absent = self.0.mood.lock().unwrap().absent;
        (!absent).then(|| BnKeystoreService::new_binder(self.clone()))
    }

    /// Calls that have not come back.
    pub fn hanging(&self) -> usize {
        self.0.hanging.load(Ordering::SeqCst)
    }

    /// The names of the keys there are.
    pub fn names(&self) -> Vec<String> {
        self.0.keys.lock().unwrap().keys().cloned().collect()
    }

    /// The names of the keys that were made, each with whether it resists rollback.
    pub fn made(&self) -> Vec<(String, bool)> {
        self.0.made.lock().unwrap().clone()
    }

    /// Somebody else deletes all keys.
    pub fn wipe(&self) {
        self.0.keys.lock().unwrap().clear();
    }

    fn enter(&self) -> Result<()> {
        let mut mood = self.0.mood.lock().unwrap();
        while mood.hangs {
            self.0.hanging.fetch_add(1, Ordering::SeqCst);
            mood = self.0.changed.wait(mood).unwrap();
            self.0.hanging.fetch_sub(1, Ordering::SeqCst);
        }
        mood.refuses.map_or(Ok(()), refused)
    }

    /// The alias of a key in our namespace.
    fn alias(&self, key: &KeyDescriptor) -> String {
        assert_eq!((key.domain, key.nspace), (Domain::SELINUX, 17_500));
        key.alias.clone().unwrap()
    }
}

impl Interface for Fake {}

impl IKeystoreService for Fake {
    fn getSecurityLevel(&self, level: SecurityLevel) -> Result<Strong<dyn IKeystoreSecurityLevel>> {
        self.enter()?;
        assert_eq!(level, SecurityLevel::TRUSTED_ENVIRONMENT);
        Ok(BnKeystoreSecurityLevel::new_binder(self.clone()))
    }

    fn deleteKey(&self, key: &KeyDescriptor) -> Result<()> {
        self.enter()?;
        match self.0.keys.lock().unwrap().remove(&self.alias(key)) {
            Some(_) => Ok(()),
            None => refused(ResponseCode::KEY_NOT_FOUND.0),
        }
    }
}

impl IKeystoreSecurityLevel for Fake {
    fn createOperation(
        &self,
        key: &KeyDescriptor,
        with: &[KeyParameter],
        forced: bool,
    ) -> Result<CreateOperationResponse> {
        self.enter()?;
        assert!(!forced, "that takes a permission we do not have");
        let alias = self.alias(key);
        let keys = self.0.keys.lock().unwrap();
        let Some(key) = keys.get(&alias) else { return refused(ResponseCode::KEY_NOT_FOUND.0) };
        let purposes: Vec<_> = with.iter().filter(|p| p.tag == Tag::PURPOSE).collect();
        let [KeyParameter { value: Value::KeyPurpose(purpose), .. }] = purposes[..] else {
            return no(ErrorCode::INVALID_ARGUMENT);
        };
        // What begins an operation is what the key was made for.
        let of_the_key = [Tag::PURPOSE, Tag::DIGEST, Tag::BLOCK_MODE, Tag::PADDING];
        for p in with.iter().filter(|p| of_the_key.contains(&p.tag)) {
            if !key.made_as.contains(p) {
                return no(ErrorCode::INVALID_ARGUMENT);
            }
        }
        let mac_length = |bits| has(with, Tag::MAC_LENGTH, Value::Integer(bits));
        let any = |tag: Tag| with.iter().find(|p| p.tag == tag);
        let nonce = any(Tag::NONCE).map(|p| p.value.clone());
        let whole = match (&key.secret, *purpose) {
            (Secret::Hmac(_), KeyPurpose::SIGN) => mac_length(256) && any(Tag::DIGEST).is_some(),
            (Secret::Hmac(_), KeyPurpose::VERIFY) => any(Tag::DIGEST).is_some(),
            (Secret::Ed25519(_), KeyPurpose::SIGN) => any(Tag::DIGEST).is_some(),
            (Secret::Aes(_), KeyPurpose::ENCRYPT) => {
                mac_length(128) && nonce.is_none() && any(Tag::PADDING).is_some()
            }
            (Secret::Aes(_), KeyPurpose::DECRYPT) => mac_length(128) && nonce.is_some(),
            _ => false,
        };
        if !whole {
            return no(ErrorCode::INVALID_ARGUMENT);
        }
        let chosen = (*purpose == KeyPurpose::ENCRYPT).then(|| {
            let mut nonce = [0; 12];
            SystemRandom::new().fill(&mut nonce).unwrap();
            KeyParameter { tag: Tag::NONCE, value: Value::Blob(nonce.to_vec()) }
        });
        let nonce = match chosen.as_ref().map(|p| p.value.clone()).or(nonce) {
            Some(Value::Blob(nonce)) => nonce,
            _ => Vec::new(),
        };
        let parameters = chosen.map(|chosen| KeyParameters { keyParameter: vec![chosen] });
        let operation = Operation { keystore: self.clone(), alias, purpose: *purpose, nonce };
        Ok(CreateOperationResponse {
            iOperation: Some(BnKeystoreOperation::new_binder(operation)),
            parameters,
        })
    }

    fn generateKey(
        &self,
        key: &KeyDescriptor,
        attestation: Option<&KeyDescriptor>,
        made_as: &[KeyParameter],
        flags: i32,
        entropy: &[u8],
    ) -> Result<KeyMetadata> {
        self.enter()?;
        assert!(attestation.is_none() && flags == 0 && entropy.is_empty());
        let is = |tag, value| has(made_as, tag, value);
        let resists = is(Tag::ROLLBACK_RESISTANCE, Value::BoolValue(true));
        let mood = self.0.mood.lock().unwrap();
        if resists && mood.no_rollback_resistance {
            return no(ErrorCode::ROLLBACK_RESISTANCE_UNAVAILABLE);
        }
        if !is(Tag::NO_AUTH_REQUIRED, Value::BoolValue(true)) {
            return no(ErrorCode::INVALID_ARGUMENT);
        }
        let algorithm = |a| is(Tag::ALGORITHM, Value::Algorithm(a));
        let size = is(Tag::KEY_SIZE, Value::Integer(256));
        let mut certificate = None;
        let secret = if algorithm(Algorithm::HMAC) {
            let length = is(Tag::MIN_MAC_LENGTH, Value::Integer(256));
            assert!(size && length && is(Tag::DIGEST, Value::Digest(Digest::SHA_2_256)));
            let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).unwrap();
            Secret::Hmac(key)
        } else if algorithm(Algorithm::AES) {
            let length = is(Tag::MIN_MAC_LENGTH, Value::Integer(128));
            let mode = is(Tag::BLOCK_MODE, Value::BlockMode(BlockMode::GCM));
            assert!(size && length && mode);
            assert!(is(Tag::PADDING, Value::PaddingMode(PaddingMode::NONE)));
            let mut key = [0; 32];
            SystemRandom::new().fill(&mut key).unwrap();
            Secret::Aes(key)
        } else {
            if let Some(code) = mood.no_ed25519 {
                return refused(code);
            }
            assert!(algorithm(Algorithm::EC));
            assert!(is(Tag::EC_CURVE, Value::EcCurve(EcCurve::CURVE_25519)));
            // KeyMint asks for the times of the certificate.
            for tag in [Tag::CERTIFICATE_NOT_BEFORE, Tag::CERTIFICATE_NOT_AFTER] {
                assert!(made_as.iter().any(|p| p.tag == tag));
            }
            let make = || Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
            let pair = Ed25519KeyPair::from_pkcs8(make().as_ref()).unwrap();
            let other = Ed25519KeyPair::from_pkcs8(make().as_ref()).unwrap();
            let public = if mood.lies { other.public_key() } else { pair.public_key() };
            certificate = Some([b"issuer", &SPKI[..], public.as_ref(), b"signature"].concat());
            Secret::Ed25519(Box::new(pair))
        };
        let alias = self.alias(key);
        self.0.made.lock().unwrap().push((alias.clone(), resists));
        let made_as = made_as.iter().map(|p| KeyParameter { tag: p.tag, value: p.value.clone() });
        let made = Key { secret, made_as: made_as.collect() };
        self.0.keys.lock().unwrap().insert(alias, made);
        Ok(KeyMetadata { certificate, ..KeyMetadata::default() })
    }
}

struct Operation {
    keystore: Fake,
    alias: String,
    purpose: KeyPurpose,
    nonce: Vec<u8>,
}

impl Interface for Operation {}

impl IKeystoreOperation for Operation {
    fn finish(&self, input: Option<&[u8]>, code: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        self.keystore.enter()?;
        let keys = self.keystore.0.keys.lock().unwrap();
        let key = &keys.get(&self.alias).expect("deleted while it was used").secret;
        let input = input.unwrap();
        Ok(Some(match (key, self.purpose) {
            (Secret::Hmac(key), KeyPurpose::SIGN) => hmac::sign(key, input).as_ref().to_vec(),
            (Secret::Hmac(key), _) => match hmac::verify(key, input, code.unwrap()) {
                Ok(()) => return Ok(None),
                Err(_) => return no(ErrorCode::VERIFICATION_FAILED),
            },
            (Secret::Ed25519(pair), _) => pair.sign(input).as_ref().to_vec(),
            (Secret::Aes(key), purpose) => {
                let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
                let nonce = Nonce::try_assume_unique_for_key(&self.nonce).unwrap();
                let mut text = input.to_vec();
                if purpose == KeyPurpose::ENCRYPT {
                    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut text).unwrap();
                    return Ok(Some(text));
                }
                match key.open_in_place(nonce, Aad::empty(), &mut text) {
                    Ok(plain) => plain.to_vec(),
                    Err(_) => return no(ErrorCode::VERIFICATION_FAILED),
                }
            }
        }))
    }
}
