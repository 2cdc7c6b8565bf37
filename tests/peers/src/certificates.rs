// SPDX-License-Identifier: Apache-2.0
//! Certificates that a phone must not take a broker's for.

use cloudmessaging_broker::pki;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::Path;
use time::{Duration, OffsetDateTime};

/// What is wrong with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// An authority made it that the phone does not know, by the name of the one it knows.
    Authority,
    /// It is another host's.
    Name,
    /// It has expired.
    Expired,
}

/// A certificate and its key.
pub type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// A broker's certificate that is right but for that. `pki` holds the true authority.
pub fn forge(pki: &Path, wrong: Wrong) -> Result<Identity, Box<dyn std::error::Error>> {
    let authority_key = match wrong {
        Wrong::Authority => KeyPair::generate()?,
        Wrong::Name | Wrong::Expired => {
            KeyPair::from_pem(&std::fs::read_to_string(pki.join("ca.key.pem"))?)?
        }
    };
    let mut authority = named(pki::AUTHORITY);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(authority, authority_key);
    let name = if wrong == Wrong::Name { "elsewhere.example" } else { "localhost" };
    let mut params = named(name);
    params.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into()?)];
    params.not_before = OffsetDateTime::now_utc() - Duration::days(2);
    let days = if wrong == Wrong::Expired { -1 } else { 1 };
    params.not_after = OffsetDateTime::now_utc() + Duration::days(days);
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?.der().clone();
    Ok((certificate, PrivatePkcs8KeyDer::from(key.serialize_der()).into()))
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
