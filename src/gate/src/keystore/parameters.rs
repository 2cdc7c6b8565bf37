// SPDX-License-Identifier: Apache-2.0
//! What our keys are and what they are used for, in KeyMint's words. None asks for its owner's authentication: the
//! gate has to read a record and sign a ledger while the phone is locked.

use android_hardware_security_keymint::aidl::android::hardware::security::keymint::{
    Algorithm::Algorithm, BlockMode::BlockMode, Digest::Digest, EcCurve::EcCurve,
    ErrorCode::ErrorCode, KeyParameter::KeyParameter,
    KeyParameterValue::KeyParameterValue as Value, KeyPurpose::KeyPurpose,
    PaddingMode::PaddingMode, Tag::Tag,
};

use super::KeystoreError;

/// The bits of an HMAC-SHA256 code.
const MAC_BITS: i32 = 256;
/// The bits of a GCM tag.
const TAG_BITS: i32 = 128;
/// "No end", as RFC 5280 (4.1.2.5) writes it: 9999-12-31 23:59:59, in ms since the Unix epoch.
const NO_END_MS: i64 = 253_402_300_799_000;

fn parameter(tag: Tag, value: Value) -> KeyParameter {
    KeyParameter { tag, value }
}

fn purpose(purpose: KeyPurpose) -> KeyParameter {
    parameter(Tag::PURPOSE, Value::KeyPurpose(purpose))
}

fn digest(digest: Digest) -> KeyParameter {
    parameter(Tag::DIGEST, Value::Digest(digest))
}

fn gcm() -> [KeyParameter; 2] {
    [
        parameter(Tag::BLOCK_MODE, Value::BlockMode(BlockMode::GCM)),
        parameter(Tag::PADDING, Value::PaddingMode(PaddingMode::NONE)),
    ]
}

fn key(algorithm: Algorithm) -> Vec<KeyParameter> {
    vec![
        parameter(Tag::ALGORITHM, Value::Algorithm(algorithm)),
        parameter(Tag::NO_AUTH_REQUIRED, Value::BoolValue(true)),
    ]
}

/// Deleted for good.
pub(super) fn rollback_resistance() -> KeyParameter {
    parameter(Tag::ROLLBACK_RESISTANCE, Value::BoolValue(true))
}

/// Whether that is why a key was not made.
pub(super) fn resists_no_rollback(error: KeystoreError) -> bool {
    error == KeystoreError::Refused(ErrorCode::ROLLBACK_RESISTANCE_UNAVAILABLE.0)
}

/// A key that makes and verifies HMAC-SHA256 codes.
pub(super) fn hmac_key() -> Vec<KeyParameter> {
    let mut parameters = key(Algorithm::HMAC);
    parameters.extend([
        parameter(Tag::KEY_SIZE, Value::Integer(256)),
        digest(Digest::SHA_2_256),
        parameter(Tag::MIN_MAC_LENGTH, Value::Integer(MAC_BITS)),
        purpose(KeyPurpose::SIGN),
        purpose(KeyPurpose::VERIFY),
    ]);
    parameters
}

/// To make a code.
pub(super) fn make_mac() -> Vec<KeyParameter> {
    vec![
        purpose(KeyPurpose::SIGN),
        digest(Digest::SHA_2_256),
        parameter(Tag::MAC_LENGTH, Value::Integer(MAC_BITS)),
    ]
}

/// To verify one.
pub(super) fn verify_mac() -> Vec<KeyParameter> {
    vec![purpose(KeyPurpose::VERIFY), digest(Digest::SHA_2_256)]
}

/// Whether a code was verified and is not the message's, or is nobody's because there is no key. Whatever else is
/// refused says nothing about the code: a key whose blob is not taken after a rollback of the system is taken again
/// after rolling forward.
pub(super) fn is_not_verified(error: KeystoreError) -> bool {
    error == KeystoreError::Refused(ErrorCode::VERIFICATION_FAILED.0)
        || error == KeystoreError::NOT_FOUND
}

/// A key that signs with Ed25519 (KeyMint 2).
pub(super) fn ed25519_key() -> Vec<KeyParameter> {
    let mut parameters = key(Algorithm::EC);
    parameters.extend([
        parameter(Tag::EC_CURVE, Value::EcCurve(EcCurve::CURVE_25519)),
        digest(Digest::NONE),
        purpose(KeyPurpose::SIGN),
        // Of the certificate that the public key comes in; nobody looks at them.
        parameter(Tag::CERTIFICATE_NOT_BEFORE, Value::DateTime(0)),
        parameter(Tag::CERTIFICATE_NOT_AFTER, Value::DateTime(NO_END_MS)),
    ]);
    parameters
}

/// Whether a key was not made because the hardware does not know Ed25519; what fails for another reason is to be
/// tried again, not replaced by something weaker.
pub(super) fn knows_no_ed25519(error: KeystoreError) -> bool {
    let unknown = [
        ErrorCode::UNSUPPORTED_EC_CURVE,
        ErrorCode::UNSUPPORTED_ALGORITHM,
        ErrorCode::UNSUPPORTED_KEY_SIZE,
        ErrorCode::UNSUPPORTED_DIGEST,
        ErrorCode::INCOMPATIBLE_DIGEST,
        ErrorCode::INVALID_ARGUMENT,
        ErrorCode::UNIMPLEMENTED,
    ];
    unknown.iter().any(|code| error == KeystoreError::Refused(code.0))
}

/// To sign.
pub(super) fn sign() -> Vec<KeyParameter> {
    vec![purpose(KeyPurpose::SIGN), digest(Digest::NONE)]
}

/// A key that wraps another with AES-256-GCM.
pub(super) fn wrapping_key() -> Vec<KeyParameter> {
    let mut parameters = key(Algorithm::AES);
    parameters.extend(gcm());
    parameters.extend([
        parameter(Tag::KEY_SIZE, Value::Integer(256)),
        parameter(Tag::MIN_MAC_LENGTH, Value::Integer(TAG_BITS)),
        purpose(KeyPurpose::ENCRYPT),
        purpose(KeyPurpose::DECRYPT),
    ]);
    parameters
}

fn with_tag(of: KeyPurpose) -> Vec<KeyParameter> {
    let mut parameters = vec![purpose(of)];
    parameters.extend(gcm());
    parameters.push(parameter(Tag::MAC_LENGTH, Value::Integer(TAG_BITS)));
    parameters
}

/// To wrap; the hardware chooses the nonce.
pub(super) fn wrap() -> Vec<KeyParameter> {
    with_tag(KeyPurpose::ENCRYPT)
}

/// The nonce that it chose.
pub(super) fn nonce(chosen: &[KeyParameter]) -> Option<&[u8]> {
    chosen.iter().find_map(|parameter| match &parameter.value {
        Value::Blob(nonce) if parameter.tag == Tag::NONCE => Some(&nonce[..]),
        _ => None,
    })
}

/// To unwrap.
pub(super) fn unwrap(nonce: &[u8]) -> Vec<KeyParameter> {
    let mut parameters = with_tag(KeyPurpose::DECRYPT);
    parameters.push(parameter(Tag::NONCE, Value::Blob(nonce.to_vec())));
    parameters
}
