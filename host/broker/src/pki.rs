// SPDX-License-Identifier: Apache-2.0
//! A small certificate authority: one for the broker, one for registrars, one that all phones share until
//! they get their own from the registrar. For one machine: the names are `localhost` and 127.0.0.1.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::acl::Role;
use crate::files::{self, FileError};

/// The authority's certificate.
pub const CA: &str = "ca.pem";
/// The broker's certificate.
pub const BROKER: &str = "broker.pem";
/// The broker's key.
pub const BROKER_KEY: &str = "broker.key.pem";

/// The authority's CN.
pub const AUTHORITY: &str = "cloudmessaging one machine";

/// How long everything made here is valid.
const VALID: Duration = Duration::days(365);

/// How far a clock may lag behind the one that made the certificates.
const BACKDATED: Duration = Duration::hours(1);

/// Why no certificates were made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A key or a certificate could not be made.
    #[error("cannot make the certificate {0}: {1}")]
    Certificate(&'static str, rcgen::Error),
    /// A file could not be written; none is overwritten.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Makes an authority and writes into `dir`, each as `NAME.pem` and `NAME.key.pem` (mode 0600): `ca`,
/// `broker`, `registrar` and `phone`.
pub fn create(dir: &Path) -> Result<(), PkiError> {
    files::directory(dir)?;
    let issuer = authority(dir)?;
    let server = ExtendedKeyUsagePurpose::ServerAuth;
    leaf(dir, "broker", "localhost", server, &issuer)?;
    for role in Role::ALL {
        let name = role.common_name();
        leaf(dir, name, name, ExtendedKeyUsagePurpose::ClientAuth, &issuer)?;
    }
    Ok(())
}

fn authority(dir: &Path) -> Result<Issuer<'static, KeyPair>, PkiError> {
    let failed = |e| PkiError::Certificate("ca", e);
    let mut params = params(AUTHORITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?;
    write(dir, "ca", &certificate.pem(), &key)?;
    Ok(Issuer::new(params, key))
}

fn leaf(
    dir: &Path,
    file: &'static str,
    common_name: &str,
    usage: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(), PkiError> {
    let failed = |e| PkiError::Certificate(file, e);
    let mut params = params(common_name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if usage == ExtendedKeyUsagePurpose::ServerAuth {
        params.subject_alt_names = vec![
            SanType::DnsName(common_name.try_into().map_err(failed)?),
            SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()),
        ];
    }
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.signed_by(&key, issuer).map_err(failed)?;
    write(dir, file, &certificate.pem(), &key)
}

fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = OffsetDateTime::now_utc();
    params.not_before = now - BACKDATED;
    params.not_after = now + VALID;
    params
}

fn write(dir: &Path, name: &str, certificate: &str, key: &KeyPair) -> Result<(), PkiError> {
    // The key first: a certificate whose key is missing would look complete.
    files::create(&dir.join(format!("{name}.key.pem")), 0o600, key.serialize_pem().as_bytes())?;
    files::create(&dir.join(format!("{name}.pem")), 0o644, certificate.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_the_owners_alone_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        create(dir.path()).unwrap();
        for name in ["ca", "broker", "registrar", "phone"] {
            assert!(dir.path().join(format!("{name}.pem")).exists());
            let key = std::fs::metadata(dir.path().join(format!("{name}.key.pem"))).unwrap();
            assert_eq!(key.permissions().mode() & 0o777, 0o600);
        }
        assert!(matches!(create(dir.path()), Err(PkiError::File(_))));
    }
}
