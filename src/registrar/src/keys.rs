// SPDX-License-Identifier: Apache-2.0
//! The registrar's private keys and the one file they live in: JSON, mode 0600. Lists leave room to rotate:
//! the first of a kind is used for what is new, all of them for what is still around.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use cloudmessaging_seal::{
    open, IdentityKey, PublicKey, Reader, RegistrarKeys, RoutingKey, SealError, Sealing, SecretKey,
};
use nix::libc::O_NOFOLLOW;
use ring::hkdf;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Version of the file; one that is newer is refused.
const VERSION: u32 = 1;

/// Largest key file in bytes.
const FILE_MAX: u64 = 64 * 1024;

/// Why keys could not be made, stored or loaded. Never says what is in the file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file could not be read or written; an existing one is never overwritten.
    #[error("private file {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others could read or change it, or it is no file at all.
    #[error("private file {}: {what}", path.display())]
    Unsafe {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// It does not hold keys of this version.
    #[error("private file {}: {what} is not as it should be", path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// The part that is wrong.
        what: &'static str,
    },
    /// No key could be made.
    #[error("cannot make keys: {0}")]
    Generate(#[from] SealError),
    /// The public keys could not be printed.
    #[error("cannot print the public keys: {0}")]
    Stdout(io::Error),
}

/// A registrar's private keys, wiped when dropped.
pub struct Keys {
    hpke: Vec<HpkeKey>,
    routing: RoutingKey,
    signing: Vec<(u32, IdentityKey)>,
}

struct HpkeKey {
    id: u32,
    secret: SecretKey,
    public: PublicKey,
}

impl Keys {
    /// Makes one key of each kind, with id 1.
    pub fn generate() -> Result<Keys, SealError> {
        let (secret, public) = cloudmessaging_seal::generate()?;
        Ok(Keys {
            hpke: vec![HpkeKey { id: 1, secret, public }],
            routing: RoutingKey::generate(1)?,
            signing: vec![(1, IdentityKey::generate()?)],
        })
    }

    /// The HPKE key of this id.
    pub fn hpke(&self, id: u32) -> Option<&SecretKey> {
        self.hpke.iter().find(|key| key.id == id).map(|key| &key.secret)
    }

    /// What routing ids are made with.
    pub fn routing(&self) -> &RoutingKey {
        &self.routing
    }

    /// What certificates and bundles are signed with, and its id.
    pub fn signing(&self) -> (u32, &IdentityKey) {
        let (id, key) = &self.signing[0]; // never empty: generate() and parse() see to it
        (*id, key)
    }

    /// What certificates and bundles are verified with.
    pub fn verifying(&self) -> RegistrarKeys {
        RegistrarKeys::new(self.signing.iter().map(|(id, key)| (*id, key.public_key())).collect())
    }

    /// What the instances with these keys call the subscription that they share: a secret, for a broker may
    /// hand a part of the requests to whoever knows it. Of the routing key, which is the one that stays when
    /// others are rotated: under two names each request would be answered twice.
    pub fn share(&self) -> String {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"cm/1 registrar");
        let secret = salt.extract(self.routing.as_bytes());
        let mut name = [0; 32];
        // 32 bytes, and HKDF-SHA256 gives up to 8160 (RFC 5869, section 2.3).
        let okm = secret.expand(&[b"name of the shared subscription"], hkdf::HKDF_SHA256);
        okm.and_then(|okm| okm.fill(&mut name)).expect("32 bytes are no more than HKDF gives");
        hex::encode(name)
    }

    /// What phones have to know: the "registrar" object of their configuration.
    pub fn public_json(&self) -> String {
        let hpke = &self.hpke[0]; // never empty: generate() and parse() see to it
        let public = PublicKeys {
            hpke_key_id: hpke.id,
            hpke_key: hex::encode(hpke.public.0),
            signing_keys: self
                .signing
                .iter()
                .map(|(id, key)| PublicSigningKey { id: *id, key: hex::encode(key.public_key()) })
                .collect(),
        };
        // Numbers and strings cannot fail to serialise.
        serde_json::to_string_pretty(&public).expect("plain JSON")
    }

    /// Writes the private keys to a new file of mode 0600, durably.
    pub fn store(&self, path: &Path) -> Result<(), KeyFileError> {
        let secret = |bytes: &[u8]| Zeroizing::new(hex::encode(bytes));
        let hpke: Vec<_> = self.hpke.iter().map(|key| secret(key.secret.as_bytes())).collect();
        let public: Vec<_> = self.hpke.iter().map(|key| hex::encode(key.public.0)).collect();
        let routing = secret(self.routing.as_bytes());
        let signing: Vec<_> = self.signing.iter().map(|(_, key)| secret(&key.to_pkcs8())).collect();
        let stored = Stored {
            version: VERSION,
            hpke_keys: (self.hpke.iter().zip(&hpke).zip(&public))
                .map(|((key, private), public)| StoredHpke { id: key.id, private, public })
                .collect(),
            routing_key: StoredRouting { id: self.routing.key_id(), key: &routing },
            signing_keys: (self.signing.iter().zip(&signing))
                .map(|((id, _), pkcs8)| StoredSigning { id: *id, pkcs8 })
                .collect(),
        };
        // Reserved, so that no copy is left behind when it grows.
        let mut json = Zeroizing::new(Vec::with_capacity(FILE_MAX as usize));
        serde_json::to_writer_pretty(&mut *json, &stored).expect("plain JSON");
        create(path, 0o600, &json)
    }

    /// Loads the private keys: from a regular file, not a link, of this process's user and mode 0600.
    pub fn load(path: &Path) -> Result<Keys, KeyFileError> {
        let json = read_private(path)?;
        parse(&json).map_err(|what| KeyFileError::Malformed { path: path.into(), what })
    }
}

/// What is in a private file: a regular one, not a link, of this process's user and mode 0600.
pub(crate) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.into(), source };
    let refused = |what| Err(KeyFileError::Unsafe { path: path.into(), what });
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | nix::libc::O_NONBLOCK) // a FIFO would block for ever
        .open(path)
        .map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return refused("not a regular file");
    }
    if meta.uid() != nix::unistd::Uid::effective().as_raw() {
        return refused("belongs to another user");
    }
    if meta.mode() & 0o7777 != 0o600 {
        return refused("its mode has to be 0600");
    }
    if meta.len() > FILE_MAX {
        return refused("too large");
    }
    let mut content = Zeroizing::new(Vec::with_capacity(FILE_MAX as usize + 1));
    file.take(FILE_MAX).read_to_end(&mut content).map_err(failed)?;
    Ok(content)
}

/// Writes the public keys to a new file.
pub fn write_public(path: &Path, json: &str) -> Result<(), KeyFileError> {
    create(path, 0o644, json.as_bytes())
}

fn create(path: &Path, mode: u32, content: &[u8]) -> Result<(), KeyFileError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .custom_flags(O_NOFOLLOW)
            .open(path)?;
        file.write_all(content)?;
        file.sync_all()?;
        // Without this the file's name may not survive a power cut, but its public half is out already.
        File::open(directory)?.sync_all()
    };
    write().map_err(|source| KeyFileError::Io { path: path.into(), source })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeys {
    hpke_key_id: u32,
    hpke_key: String,
    signing_keys: Vec<PublicSigningKey>,
}

#[derive(Serialize)]
struct PublicSigningKey {
    id: u32,
    key: String,
}

// The strings are borrowed from the file's bytes, which are wiped: serde makes no copies of them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored<'a> {
    version: u32,
    #[serde(borrow)]
    hpke_keys: Vec<StoredHpke<'a>>,
    #[serde(borrow)]
    routing_key: StoredRouting<'a>,
    #[serde(borrow)]
    signing_keys: Vec<StoredSigning<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHpke<'a> {
    id: u32,
    private: &'a str,
    public: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRouting<'a> {
    id: u32,
    key: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSigning<'a> {
    id: u32,
    pkcs8: &'a str,
}

/// serde's own message could quote the file, so it goes no further than here.
fn parse(json: &[u8]) -> Result<Keys, &'static str> {
    let stored: Stored = serde_json::from_slice(json).map_err(|_| "the JSON")?;
    if stored.version != VERSION {
        return Err("the version");
    }
    let hpke = stored.hpke_keys.iter().map(hpke_key).collect::<Result<Vec<_>, _>>()?;
    let routing = RoutingKey::new(stored.routing_key.id, *array(stored.routing_key.key)?);
    let signing = stored.signing_keys.iter().map(|key| {
        let der = Zeroizing::new(hex::decode(key.pkcs8).map_err(|_| "a signing key")?);
        let pair = IdentityKey::from_pkcs8(&der).map_err(|_| "a signing key")?;
        Ok((key.id, pair))
    });
    let signing = signing.collect::<Result<Vec<_>, &str>>()?;
    if hpke.is_empty() || signing.is_empty() {
        return Err("a key that is missing");
    }
    Ok(Keys { hpke, routing, signing })
}

fn hpke_key(stored: &StoredHpke) -> Result<HpkeKey, &'static str> {
    let secret = SecretKey::from_bytes(*array(stored.private)?);
    let public = PublicKey(*array(stored.public)?);
    // That the halves belong together shows only in use, and phones would be the first to notice.
    let sealing = Sealing::begin(Reader::Registrar, &public).map_err(|_| "an HPKE key")?;
    let enc = *sealing.enc();
    let sealed = sealing.finish(b"").map_err(|_| "an HPKE key")?;
    open(Reader::Registrar, &secret, &enc, &sealed).map_err(|_| "an HPKE key")?;
    Ok(HpkeKey { id: stored.id, secret, public })
}

fn array(text: &str) -> Result<Zeroizing<[u8; 32]>, &'static str> {
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text, &mut bytes[..]).map_err(|_| "the length or spelling of a key")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{symlink, PermissionsExt};

    fn stored() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        Keys::generate().unwrap().store(&path).unwrap();
        (dir, path)
    }

    fn unsafe_file(path: &Path) -> bool {
        matches!(Keys::load(path), Err(KeyFileError::Unsafe { .. }))
    }

    #[test]
    fn keys_survive_and_their_file_is_the_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        let keys = Keys::generate().unwrap();
        keys.store(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let loaded = Keys::load(&path).unwrap();
        assert_eq!(loaded.public_json(), keys.public_json());
        assert_eq!(loaded.routing().as_bytes(), keys.routing().as_bytes());
        assert!(loaded.hpke(1).is_some() && loaded.hpke(2).is_none());
    }

    #[test]
    fn the_name_of_the_share_is_hkdf_of_the_routing_key_alone() {
        let mut keys = Keys::generate().unwrap();
        let others = Keys::generate().unwrap();
        assert_ne!(keys.share(), others.share());
        keys.routing = RoutingKey::new(1, [7; 32]);
        // Python: prk = hmac(b"cm/1 registrar", b"\x07" * 32)
        // hmac(prk, b"name of the shared subscription\x01")
        let name = "26046385a79df9dce314faac40f858380a67c64d54d97031b7032335ad0f3bb7";
        assert_eq!(keys.share(), name);
        // One that is rotated leaves it as it is.
        let rotated = Keys { routing: RoutingKey::new(1, [7; 32]), ..others };
        assert_eq!(rotated.share(), name);
    }

    #[test]
    fn a_key_file_is_never_overwritten() {
        let (_dir, path) = stored();
        let before = std::fs::read(&path).unwrap();
        assert!(Keys::generate().unwrap().store(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_key_file_that_others_may_read_is_refused() {
        let (_dir, path) = stored();
        for mode in [0o640, 0o604, 0o660, 0o644, 0o700, 0o400, 0o4600] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(unsafe_file(&path), "{mode:o}");
        }
    }

    #[test]
    fn a_link_a_directory_and_a_fifo_are_refused() {
        let (dir, path) = stored();
        let link = dir.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(Keys::load(&link), Err(KeyFileError::Io { .. })));
        assert!(unsafe_file(dir.path()));
        let fifo = dir.path().join("fifo");
        let status = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&fifo).status();
        assert!(status.unwrap().success());
        assert!(unsafe_file(&fifo));
    }

    #[test]
    fn a_damaged_key_file_is_refused_and_not_quoted() {
        let (_dir, path) = stored();
        let good = std::fs::read_to_string(&path).unwrap();
        let refused = |json: &str| {
            std::fs::write(&path, json).unwrap();
            let why = Keys::load(&path).map(drop).unwrap_err().to_string();
            let quoted = good.split('"').filter(|s| s.len() >= 64).any(|hex| why.contains(hex));
            assert!(!quoted, "{why}");
        };
        refused("");
        refused(&good[..good.len() - 2]);
        refused(&good.replacen("\"version\": 1", "\"version\": 2", 1));
        refused(&good.replacen("\"id\"", "\"di\"", 1));
        // One digit of each key, wherever it stands.
        for field in ["private", "public", "pkcs8"] {
            let at = good.find(&format!("\"{field}\": \"")).unwrap() + field.len() + 5 + 40;
            let digit = if good.as_bytes()[at] == b'0' { "1" } else { "0" };
            let mut bad = good.clone();
            bad.replace_range(at..at + 1, digit);
            refused(&bad);
        }
    }
}
