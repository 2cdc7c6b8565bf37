// SPDX-License-Identifier: Apache-2.0
//! C2SP's signed-note: lines of text, an empty line, and signatures. Ed25519 is all that we sign with and check.
//!
//! Trusts no text before a signature of the expected key was found good.

use ring::signature::{UnparsedPublicKey, ED25519};

use crate::base64;
use crate::tree::hash;

/// Longest note that is read, in bytes.
pub const NOTE_MAX: usize = 4096;

/// signed-note's number of Ed25519.
const ED25519_KIND: u8 = 1;

/// What begins a line of a signature.
const DASH: &str = "\u{2014} ";

/// Why a text is no note of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
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

/// A text with one signature.
pub fn sign(text: &str, key: &LedgerKey, signer: &dyn Signer) -> Result<String, SignError> {
    let signature = signer.sign(text.as_bytes())?;
    let line = base64::encode([&key.id()[..], &signature].concat());
    Ok(format!("{text}\n{DASH}{} {line}\n", key.name))
}

/// The text, if this key has signed it. Signatures of other keys are let be.
pub fn open<'a>(note: &'a str, key: &LedgerKey) -> Result<&'a str, NoteError> {
    let malformed = NoteError::Malformed;
    if note.len() > NOTE_MAX {
        return Err(malformed("it is too long"));
    }
    if note.contains(|c: char| c < ' ' && c != '\n') {
        return Err(malformed("it has control characters"));
    }
    let Some(end) = note.rfind("\n\n") else { return Err(malformed("it has no signature")) };
    let (text, signatures) = (&note[..end + 1], &note[end + 2..]);
    let Some(lines) = signatures.strip_suffix('\n') else {
        return Err(malformed("its last line is cut"));
    };
    let mut signed = false;
    for line in lines.split('\n') {
        let line = Signature::parse(line).ok_or(malformed("a line is no signature"))?;
        if line.name != key.name || line.id != key.id() {
            continue;
        }
        let verified =
            UnparsedPublicKey::new(&ED25519, key.public).verify(text.as_bytes(), &line.signature);
        verified.map_err(|_| NoteError::Unsigned(key.to_string()))?;
        signed = true;
    }
    if signed {
        Ok(text)
    } else {
        Err(NoteError::Unsigned(key.to_string()))
    }
}

struct Signature<'a> {
    name: &'a str,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl<'a> Signature<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = base64::decode(encoded)?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        if !is_name(name) || signature.is_empty() {
            return None;
        }
        Some(Self { name, id: *id, signature: signature.to_vec() })
    }
}

/// Whether a key, and so a log, can have this name.
pub(crate) fn is_name(name: &str) -> bool {
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
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().unwrap_or_default();
        let (name, id, key) = (part(), part(), part());
        let key = base64::decode(key).ok_or(NoteError::Key("not base64"))?;
        let public = match key.split_first() {
            Some((&ED25519_KIND, public)) => <[u8; 32]>::try_from(public),
            _ => return Err(NoteError::Key("not Ed25519")),
        };
        let public = public.map_err(|_| NoteError::Key("not 32 bytes"))?;
        let key = Self::new(name, public).ok_or(NoteError::Key("no name"))?;
        if hex::encode(key.id()) != id {
            return Err(NoteError::Key("its id is that of another"));
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
        let key = base64::encode([&[ED25519_KIND][..], &self.public].concat());
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
