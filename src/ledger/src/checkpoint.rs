// SPDX-License-Identifier: Apache-2.0
//! A checkpoint: what the ledger's phone signs about its size and root. The text is C2SP's tlog-checkpoint, signed as
//! its signed-note with Ed25519: a checkpoint can be kept on paper, and checked by tools that are not ours.

use base64::prelude::{Engine as _, BASE64_STANDARD};
use ring::signature::{UnparsedPublicKey, ED25519};

use crate::tree::{hash, Hash};

/// Longest signed checkpoint that is read, in bytes.
pub const CHECKPOINT_MAX: usize = 4096;

/// signed-note's number of Ed25519.
const ED25519_KIND: u8 = 1;

/// Why a text is no checkpoint of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is none.
    #[error("this is no checkpoint: {0}")]
    Malformed(&'static str),
    /// It is one, of somebody else or changed.
    #[error("the checkpoint is not signed by the key {0}")]
    Unsigned(String),
    /// A key is not written as one.
    #[error("this is no ledger key: {0}")]
    Key(&'static str),
}

/// Size and root of a ledger, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log: that of the build's configuration.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64_STANDARD.encode(self.root))
    }

    /// What of it goes into a message: SHA-256 of a nonce and the text. Says nothing without the nonce.
    pub fn salted_hash(&self, nonce: &[u8]) -> Hash {
        hash(&[nonce, self.text().as_bytes()])
    }

    /// Signs it.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, SignError> {
        let key = LedgerKey { name: self.origin.clone(), public: signer.public_key()? };
        let text = self.text();
        let signature = signer.sign(text.as_bytes())?;
        let line = BASE64_STANDARD.encode([&key.id()[..], &signature].concat());
        Ok(format!("{text}\n\u{2014} {} {line}\n", key.name))
    }

    /// Reads one that this key has signed. Further signatures and further lines of text are let be, as C2SP has it.
    pub fn verify(note: &str, key: &LedgerKey) -> Result<Self, CheckpointError> {
        let malformed = CheckpointError::Malformed;
        if note.len() > CHECKPOINT_MAX {
            return Err(malformed("it is too long"));
        }
        let Some(end) = note.rfind("\n\n") else { return Err(malformed("it has no signature")) };
        let (text, signatures) = (&note[..end + 1], &note[end + 2..]);
        if !signatures.ends_with('\n') {
            return Err(malformed("its last line is cut"));
        }
        let checkpoint = Self::parse(text).map_err(malformed)?;
        let signed = signatures.lines().filter_map(|line| signature(line, key)).any(|signature| {
            UnparsedPublicKey::new(&ED25519, key.public).verify(text.as_bytes(), &signature).is_ok()
        });
        if signed && checkpoint.origin == key.name {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Unsigned(key.to_string()))
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut lines = text.lines();
        let mut line = || lines.next().unwrap_or_default();
        let (origin, size, root) = (line(), line(), line());
        if !is_name(origin) {
            return Err("its first line is no origin");
        }
        let number: u64 = size.parse().map_err(|_| "its second line is no size")?;
        if number.to_string() != size {
            return Err("its second line is no size");
        }
        let root = BASE64_STANDARD.decode(root).ok().and_then(|root| Hash::try_from(root).ok());
        let root = root.ok_or("its third line is no root")?;
        Ok(Self { origin: origin.into(), size: number, root })
    }
}

/// The signature of this key in such a line, if it is one.
fn signature(line: &str, key: &LedgerKey) -> Option<Vec<u8>> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    let (id, signature) = bytes.split_at_checked(4)?;
    (name == key.name && id == key.id()).then(|| signature.to_vec())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A ledger's public key with its name, written as signed-note writes a verifier key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerKey {
    name: String,
    public: [u8; 32],
}

impl LedgerKey {
    /// The key of the ledger with this origin. Nothing if no checkpoint can have that origin.
    pub fn new(origin: &str, public: [u8; 32]) -> Option<Self> {
        is_name(origin).then(|| Self { name: origin.into(), public })
    }

    /// Reads `name+id+key`.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().unwrap_or_default();
        let (name, id, key) = (part(), part(), part());
        let key = BASE64_STANDARD.decode(key).map_err(|_| CheckpointError::Key("not base64"))?;
        let public = match key.split_first() {
            Some((&ED25519_KIND, public)) => <[u8; 32]>::try_from(public),
            _ => return Err(CheckpointError::Key("not Ed25519")),
        };
        let public = public.map_err(|_| CheckpointError::Key("not 32 bytes"))?;
        let key = Self::new(name, public).ok_or(CheckpointError::Key("no name"))?;
        if hex::encode(key.id()) != id {
            return Err(CheckpointError::Key("its id is that of another"));
        }
        Ok(key)
    }

    /// The log that it signs for.
    pub fn origin(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = hash(&[self.name.as_bytes(), b"\n", &[ED25519_KIND], &self.public]);
        [a, b, c, d]
    }
}

impl std::fmt::Display for LedgerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = BASE64_STANDARD.encode([&[ED25519_KIND][..], &self.public].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

/// The key could not be used, or made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot sign the checkpoint: {0}")]
pub struct SignError(pub String);

/// Who signs checkpoints: a file on a host, the Keystore on a phone.
pub trait Signer: Send + Sync {
    /// Ed25519, as RFC 8032 writes it.
    fn public_key(&self) -> Result<[u8; 32], SignError>;

    /// Signs, with 64 bytes.
    fn sign(&self, text: &[u8]) -> Result<[u8; 64], SignError>;
}
