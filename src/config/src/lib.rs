// SPDX-License-Identifier: Apache-2.0
//! What a build sets: broker, registrar, names ([`Config`], of `config.json` and the files it names), and the texts
//! that an owner is shown before being asked ([`disclosure`]), and what an earlier service may have left ([`legacy`]).
//!
//! Trusted as the build is. A mistake in it is found by the same code twice, when the build is made
//! (`cloudmessaging_config_check`) and when the gate starts: it is named by file and field, and nothing runs. Nothing in
//! it turns anything on (P7); `forbidden` turns everything off.

pub mod disclosure;
pub mod legacy;
mod parties;
mod retention;

pub use disclosure::Disclosures;
pub use parties::{Parties, MAX_NAME, MAX_SIGNING_KEYS};
pub use retention::Retention;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use core::fmt;

use cloudmessaging_ledger::checkpoint::LedgerKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

/// The most delay of a receipt (protocol.md: 0 to 2 s).
const RECEIPT_DELAY_MAX_MS: u64 = 2000;

/// The ledger's content is kept for at most this many days: ten years.
const LEDGER_DAYS_MAX: u64 = 3660;

/// The ledger's content takes at least and at most this many bytes: one segment, 1 GiB.
const LEDGER_BYTES: (u64, u64) = (1024 * 1024, 1024 * 1024 * 1024);

/// The longest string of the configuration, in bytes.
const TEXT_MAX: usize = MAX_NAME;

/// What is wrong, in which file, at which field.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file could not be read.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
    /// Not JSON, or a field is missing or unknown; the message names it, with line and column.
    #[error("{file}: {source}")]
    Json {
        /// The file.
        file: String,
        /// What serde_json said.
        #[source]
        source: serde_json::Error,
    },
    /// A field has a value that it cannot have.
    #[error("{file}: {field}: {wrong}")]
    Field {
        /// The file.
        file: String,
        /// The field, for example `broker.port`.
        field: String,
        /// What it has to be.
        wrong: String,
    },
}

/// Everything that a build sets.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where phones connect to.
    pub broker: Broker,
    /// Who reads registrations and signs certificates.
    pub registrar: Registrar,
    /// First line of the ledger's checkpoints.
    pub origin: String,
    /// The organisation that answers for the service.
    pub controller: String,
    /// How to reach it.
    pub controller_contact: Option<String>,
    /// Whose law applies.
    pub jurisdiction: Option<String>,
    /// Receipts are delayed by a random time of at most this.
    pub receipt_delay_max: Duration,
    /// How much of a user's ledger keeps its content.
    pub ledger: Retention,
    /// The directory of the disclosures.
    pub disclosures: PathBuf,
    /// This build lets nobody be on: who never was cannot be, and who was comes back with a build that allows it.
    pub forbidden: bool,
}

/// Where phones connect to, and with what.
#[derive(Clone)]
pub struct Broker {
    /// Host name, as in its certificate.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The only authorities that are trusted, DER.
    pub ca: Vec<Vec<u8>>,
    /// The build-wide client certificate chain, DER.
    pub client_certificate: Vec<Vec<u8>>,
    /// Its key, PKCS #8 DER.
    pub client_key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({}:{})", self.host, self.port)
    }
}

/// The registrar's public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registrar {
    /// Names the HPKE key in a request.
    pub hpke_key_id: u32,
    /// X25519: requests are sealed to it.
    pub hpke_key: [u8; 32],
    /// Ed25519: certificates and bundles are signed with one of these. At least one, each id once.
    pub signing_keys: Vec<SigningKey>,
}

/// One of the registrar's signing keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Names it in a certificate.
    pub id: u32,
    /// Ed25519 public key.
    pub key: [u8; 32],
}

// Every field arrives as a value first, so that an error can say which field it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawConfig {
    broker: RawBroker,
    registrar: RawRegistrar,
    origin: Value,
    controller: Value,
    controller_contact: Option<Value>,
    jurisdiction: Option<Value>,
    receipt_delay_max_millis: Option<Value>,
    disclosures: Option<Value>,
    ledger_days: Option<Value>,
    ledger_bytes: Option<Value>,
    forbidden: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawBroker {
    host: Value,
    port: Value,
    ca: Value,
    client_certificate: Value,
    client_key: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawRegistrar {
    hpke_key_id: Value,
    hpke_key: Value,
    signing_keys: Vec<RawSigningKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSigningKey {
    id: Value,
    key: Value,
}

impl Config {
    /// Loads `config.json` and what it names; paths in it are relative to its directory.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let bytes =
            fs::read(path).map_err(|source| ConfigError::Io { file: file.clone(), source })?;
        let raw: RawConfig = serde_json::from_slice(&bytes)
            .map_err(|source| ConfigError::Json { file: file.clone(), source })?;
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        Fields { file, base }.config(raw)
    }
}

/// Checks one field after the other.
struct Fields {
    file: String,
    base: PathBuf,
}

impl Fields {
    fn config(&self, raw: RawConfig) -> Result<Config, ConfigError> {
        let delay = match &raw.receipt_delay_max_millis {
            None => RECEIPT_DELAY_MAX_MS,
            Some(value) => self.number("receiptDelayMaxMillis", value, 0, RECEIPT_DELAY_MAX_MS)?,
        };
        let disclosures = match &raw.disclosures {
            None => "disclosures".to_owned(),
            Some(value) => self.text("disclosures", value)?,
        };
        let optional = |field: &str, value: &Option<Value>| {
            value.as_ref().map(|value| self.text(field, value)).transpose()
        };
        Ok(Config {
            broker: self.broker(&raw.broker)?,
            registrar: self.registrar(&raw.registrar)?,
            origin: self.origin(&raw.origin)?,
            controller: self.text("controller", &raw.controller)?,
            controller_contact: optional("controllerContact", &raw.controller_contact)?,
            jurisdiction: optional("jurisdiction", &raw.jurisdiction)?,
            receipt_delay_max: Duration::from_millis(delay),
            ledger: self.retention(&raw)?,
            disclosures: self.base.join(disclosures),
            forbidden: match &raw.forbidden {
                None => false,
                Some(value) => value
                    .as_bool()
                    .ok_or_else(|| self.wrong("forbidden", "has to be true or false"))?,
            },
        })
    }

    /// One that checkpoints can have.
    fn origin(&self, value: &Value) -> Result<String, ConfigError> {
        let origin = self.text("origin", value)?;
        match LedgerKey::new(&origin, [0; 32]) {
            Some(_) => Ok(origin),
            None => Err(self.wrong("origin", "has to be without spaces and +")),
        }
    }

    fn retention(&self, raw: &RawConfig) -> Result<Retention, ConfigError> {
        let mut keep = Retention::default();
        if let Some(days) = &raw.ledger_days {
            keep.days = self.number("ledgerDays", days, 1, LEDGER_DAYS_MAX)? as u32;
        }
        if let Some(bytes) = &raw.ledger_bytes {
            keep.bytes = self.number("ledgerBytes", bytes, LEDGER_BYTES.0, LEDGER_BYTES.1)?;
        }
        Ok(keep)
    }

    fn broker(&self, raw: &RawBroker) -> Result<Broker, ConfigError> {
        Ok(Broker {
            host: self.text("broker.host", &raw.host)?,
            port: self.number("broker.port", &raw.port, 1, 65535)? as u16,
            ca: self.certificates("broker.ca", &raw.ca)?,
            client_certificate: self
                .certificates("broker.clientCertificate", &raw.client_certificate)?,
            client_key: self.private_key("broker.clientKey", &raw.client_key)?,
        })
    }

    fn registrar(&self, raw: &RawRegistrar) -> Result<Registrar, ConfigError> {
        let id = |field: &str, value| {
            self.number(field, value, 0, u32::MAX.into()).map(|number| number as u32)
        };
        let mut signing_keys: Vec<SigningKey> = Vec::with_capacity(raw.signing_keys.len());
        for (at, key) in raw.signing_keys.iter().enumerate() {
            let field = format!("registrar.signingKeys[{at}]");
            let id = id(&format!("{field}.id"), &key.id)?;
            if signing_keys.iter().any(|other| other.id == id) {
                return Err(self.wrong(&format!("{field}.id"), "is used twice"));
            }
            let key = self.key(&format!("{field}.key"), &key.key)?;
            signing_keys.push(SigningKey { id, key });
        }
        if !(1..=MAX_SIGNING_KEYS).contains(&signing_keys.len()) {
            let wrong = format!("has to name 1 to {MAX_SIGNING_KEYS} keys");
            return Err(self.wrong("registrar.signingKeys", wrong));
        }
        Ok(Registrar {
            hpke_key_id: id("registrar.hpkeKeyId", &raw.hpke_key_id)?,
            hpke_key: self.key("registrar.hpkeKey", &raw.hpke_key)?,
            signing_keys,
        })
    }

    fn text(&self, field: &str, value: &Value) -> Result<String, ConfigError> {
        let text = value.as_str().filter(|text| !text.is_empty() && text.len() <= TEXT_MAX);
        match text {
            Some(text) if !text.chars().any(char::is_control) => Ok(text.to_owned()),
            _ => Err(self.wrong(field, format!("has to be text of 1 to {TEXT_MAX} bytes"))),
        }
    }

    fn number(
        &self,
        field: &str,
        value: &Value,
        least: u64,
        most: u64,
    ) -> Result<u64, ConfigError> {
        let number = value.as_u64().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.wrong(field, format!("has to be a number, {least} to {most}")))
    }

    fn key(&self, field: &str, value: &Value) -> Result<[u8; 32], ConfigError> {
        let mut key = [0; 32];
        match value.as_str().map(|text| hex::decode_to_slice(text, &mut key)) {
            Some(Ok(())) => Ok(key),
            _ => Err(self.wrong(field, "has to be 64 hex digits")),
        }
    }

    fn pem(&self, field: &str, value: &Value) -> Result<(String, Zeroizing<Vec<u8>>), ConfigError> {
        let path = self.base.join(self.text(field, value)?);
        let shown = path.display().to_string();
        match fs::read(&path) {
            Ok(bytes) => Ok((shown, Zeroizing::new(bytes))),
            Err(e) => Err(self.wrong(field, format!("{shown}: {e}"))),
        }
    }

    fn certificates(&self, field: &str, value: &Value) -> Result<Vec<Vec<u8>>, ConfigError> {
        let (path, pem) = self.pem(field, value)?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match found {
            Ok(found) if !found.is_empty() => {
                Ok(found.into_iter().map(|der| der.as_ref().to_vec()).collect())
            }
            Ok(_) => Err(self.wrong(field, format!("{path}: no certificate in it"))),
            Err(e) => Err(self.wrong(field, format!("{path}: {e}"))),
        }
    }

    fn private_key(&self, field: &str, value: &Value) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
        let (path, pem) = self.pem(field, value)?;
        match PrivatePkcs8KeyDer::from_pem_slice(&pem) {
            Ok(key) => Ok(Zeroizing::new(key.secret_pkcs8_der().to_vec())),
            // What it says never holds content of the file.
            Err(_) => Err(self.wrong(field, format!("{path}: no PKCS #8 private key in it"))),
        }
    }

    fn wrong(&self, field: &str, wrong: impl Into<String>) -> ConfigError {
        ConfigError::Field { file: self.file.clone(), field: field.to_owned(), wrong: wrong.into() }
    }
}

#[cfg(test)]
mod tests;
