// SPDX-License-Identifier: Apache-2.0
//! The authority that certifies phones' inbox connections, and nothing else: to the broker, its
//! certificates say which inbox a connection may read. Whoever holds its key can read any inbox, though not
//! open what is in it; so it is a file of mode 0600, and an authority apart from the one that certifies
//! brokers and registrars.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_seal::RoutingId;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber, SubjectPublicKeyInfo,
};
use ring::agreement::{agree_ephemeral, EphemeralPrivateKey, UnparsedPublicKey, ECDH_P256};
use ring::rand::SystemRandom;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::RootCertStore;

use crate::keys::{read_private, KeyFileError};

/// How far a broker's clock may lag behind ours.
const BACKDATED_MS: i64 = 3_600_000;

/// SubjectPublicKeyInfo of an uncompressed P-256 point, but for the point's coordinates (RFC 5480): the one
/// encoding that we take.
const P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Length of the coordinates.
const COORDINATES: usize = 64;

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum PhoneCaError {
    /// The key file is not safe, or cannot be read.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The certificate's file cannot be read, or is no PEM.
    #[error("cannot read {}: {source}", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// What it certifies would not be believed by who believes it.
    #[error(
        "the phone CA's certificate and key do not belong together, or are of an unknown kind"
    )]
    Unusable,
}

/// A phone's public TLS key: a point of P-256.
#[derive(Clone, Debug)]
pub struct TlsKey(SubjectPublicKeyInfo);

impl TlsKey {
    /// Takes a SubjectPublicKeyInfo, DER. Nothing if it is anything but an uncompressed point of P-256.
    pub fn parse(der: &[u8]) -> Option<TlsKey> {
        if der.len() != P256.len() + COORDINATES || !der.starts_with(&P256) {
            return None;
        }
        // ring says whether a point is on the curve only when it uses it.
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).ok()?;
        let point = UnparsedPublicKey::new(&ECDH_P256, &der[P256.len() - 1..]);
        agree_ephemeral(own, &point, |_| ()).ok()?;
        SubjectPublicKeyInfo::from_der(der).ok().map(TlsKey)
    }
}

/// The authority.
pub struct PhoneCa {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl PhoneCa {
    /// Loads certificate and key, PEM; the key's file has to be the owner's alone, as [`crate::keys`] has it.
    pub fn load(certificate: &Path, key: &Path) -> Result<PhoneCa, PhoneCaError> {
        let authority = CertificateDer::from_pem_file(certificate)
            .map_err(|source| PhoneCaError::Certificate { path: certificate.into(), source })?;
        PhoneCa::new(authority, &read_private(key)?)
    }

    /// The authority of this certificate, with its key in PEM.
    pub fn new(
        authority: CertificateDer<'static>,
        key_pem: &[u8],
    ) -> Result<PhoneCa, PhoneCaError> {
        let pem = std::str::from_utf8(key_pem).map_err(|_| PhoneCaError::Unusable)?;
        let pair = KeyPair::from_pem(pem).map_err(|_| PhoneCaError::Unusable)?;
        let issuer = Issuer::from_ca_cert_der(&authority, pair);
        let issuer = issuer.map_err(|_| PhoneCaError::Unusable)?;
        let ca = PhoneCa { certificate: authority, issuer };
        // Found out now rather than by the first phone that is turned away.
        ca.try_out().ok_or(PhoneCaError::Unusable)?;
        Ok(ca)
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    fn try_out(&self) -> Option<()> {
        let pair = KeyPair::generate().ok()?;
        let key = TlsKey::parse(&rcgen::PublicKeyData::subject_public_key_info(&pair))?;
        let now = UnixTime::now();
        let now_ms = i64::try_from(now.as_secs()).ok()?.checked_mul(1000)?;
        let sample = self.certify(&key, &[0; 32], now_ms, now_ms + BACKDATED_MS)?;
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).ok()?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = verifier.build().ok()?;
        verifier.verify_client_cert(&CertificateDer::from(sample), &[], now).ok().map(|_| ())
    }

    /// A client certificate for this key, DER: CN is the routing id in lower-case hex; valid from an hour ago
    /// until `not_after_ms`, cut to whole seconds. Nothing if a date is beyond what a certificate can hold, or
    /// signing failed.
    pub fn certify(
        &self,
        key: &TlsKey,
        routing_id: &RoutingId,
        now_ms: i64,
        not_after_ms: i64,
    ) -> Option<Vec<u8>> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, hex::encode(routing_id));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let mut serial: [u8; 16] = cloudmessaging_seal::key::random().ok()?;
        // Positive, and of full length (RFC 5280, section 4.1.2.2).
        serial[0] = serial[0] & 0x7f | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let since = |ms: i64| u64::try_from(ms / 1000).ok().map(Duration::from_secs);
        let before = since(now_ms.checked_sub(BACKDATED_MS)?)?;
        params.not_before = epoch.checked_add(before.try_into().ok()?)?;
        params.not_after = epoch.checked_add(since(not_after_ms)?.try_into().ok()?)?;
        params.signed_by(&key.0, &self.issuer).ok().map(|signed| signed.der().to_vec())
    }
}
