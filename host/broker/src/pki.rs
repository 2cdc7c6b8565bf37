// SPDX-License-Identifier: Apache-2.0
//! Two small certificate authorities: one for the broker, for registrars and for the certificate that all
//! phones send with; one for the certificates that a registrar issues to phones. They are two so that a
//! registrar's key of the second makes phones and nothing else. For one machine: the names are `localhost`
//! and 127.0.0.1.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

use crate::acl::{self, Role};
use crate::files::{self, FileError};

/// The authority's certificate.
pub const CA: &str = "ca.pem";
/// The certificate of the phones' authority.
pub const PHONE_CA: &str = "phone-ca.pem";
/// The certificates of both: what a broker trusts for its clients.
pub const CLIENTS: &str = "clients.pem";
/// The broker's certificate.
pub const BROKER: &str = "broker.pem";
/// The broker's key.
pub const BROKER_KEY: &str = "broker.key.pem";

/// The authority's CN.
pub const AUTHORITY: &str = "cloudmessaging one machine";
/// The CN of the phones' authority: another one, so that nobody takes the one for the other.
pub const PHONE_AUTHORITY: &str = "cloudmessaging one machine, phones";

/// How long everything made here is valid.
const VALID: Duration = Duration::days(365);

/// How far a clock may lag behind the one that made the certificates.
const BACKDATED: Duration = Duration::hours(1);

/// Why no certificates were made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A key or a certificate could not be made.
    #[error("cannot make the certificate {0}: {1}")]
    Certificate(String, rcgen::Error),
    /// A file could not be written; none is overwritten.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Makes both authorities and writes into `dir`, each as `NAME.pem` and `NAME.key.pem` (mode 0600): `ca`,
/// `broker`, `registrar`, `post` and `phone-ca`; and `clients.pem`.
pub fn create(dir: &Path) -> Result<(), PkiError> {
    files::directory(dir)?;
    let (ca, issuer) = authority(dir, "ca", AUTHORITY)?;
    let server = ExtendedKeyUsagePurpose::ServerAuth;
    leaf(dir, "broker", "localhost", server, &issuer)?;
    for name in Role::ALL.into_iter().filter_map(Role::common_name) {
        leaf(dir, name, name, ExtendedKeyUsagePurpose::ClientAuth, &issuer)?;
    }
    let (phone_ca, _) = authority(dir, "phone-ca", PHONE_AUTHORITY)?;
    files::create(&dir.join(CLIENTS), 0o644, format!("{ca}{phone_ca}").as_bytes())?;
    Ok(())
}

/// Makes an authority; its certificate as PEM, and what issues in its name.
fn authority(
    dir: &Path,
    file: &'static str,
    common_name: &str,
) -> Result<(String, Issuer<'static, KeyPair>), PkiError> {
    let failed = |e| PkiError::Certificate(file.into(), e);
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = params.self_signed(&key).map_err(failed)?.pem();
    write(dir, file, &certificate, &key)?;
    Ok((certificate, Issuer::new(params, key)))
}

fn leaf(
    dir: &Path,
    file: &'static str,
    common_name: &str,
    usage: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(), PkiError> {
    let now = OffsetDateTime::now_utc();
    let mut params = params(common_name);
    (params.not_before, params.not_after) = (now - BACKDATED, now + VALID);
    sign(dir, file, params, usage, issuer)
}

/// Issues a client certificate that ends so many seconds from now, or ended before, into `NAME.pem` and
/// `NAME.key.pem`. To try a broker with: certificates of phones are the registrar's to make.
pub fn issue(
    dir: &Path,
    issuer: acl::Issuer,
    file: &str,
    common_name: &str,
    ends_in_s: i64,
) -> Result<(), PkiError> {
    let (key, name) = match issuer {
        acl::Issuer::Site => ("ca.key.pem", AUTHORITY),
        acl::Issuer::Phones => ("phone-ca.key.pem", PHONE_AUTHORITY),
    };
    let key = KeyPair::from_pem(&files::read(&dir.join(key))?)
        .map_err(|e| PkiError::Certificate(file.into(), e))?;
    let mut params = params(common_name);
    params.not_after = OffsetDateTime::now_utc() + Duration::seconds(ends_in_s);
    params.not_before = params.not_after - VALID;
    let issuer = Issuer::new(self::params(name), key);
    sign(dir, file, params, ExtendedKeyUsagePurpose::ClientAuth, &issuer)
}

fn sign(
    dir: &Path,
    file: &str,
    mut params: CertificateParams,
    usage: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(), PkiError> {
    let failed = |e| PkiError::Certificate(file.into(), e);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if usage == ExtendedKeyUsagePurpose::ServerAuth {
        params.subject_alt_names = vec![
            SanType::DnsName("localhost".try_into().map_err(failed)?),
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
        for name in ["ca", "broker", "registrar", "post", "phone-ca"] {
            assert!(dir.path().join(format!("{name}.pem")).exists());
            let key = std::fs::metadata(dir.path().join(format!("{name}.key.pem"))).unwrap();
            assert_eq!(key.permissions().mode() & 0o777, 0o600);
        }
        let read = |name| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read(CLIENTS), read(CA) + &read(PHONE_CA));
        assert!(matches!(create(dir.path()), Err(PkiError::File(_))));
    }
}
