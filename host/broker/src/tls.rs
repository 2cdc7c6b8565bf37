// SPDX-License-Identifier: Apache-2.0
//! The broker's end of TLS 1.3: a client certificate of one of the two authorities is mandatory, and its CN
//! and its issuer are who the client is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::acl::{Issuer, Role};
use crate::pki;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file of the PKI is missing or is no PEM.
    #[error("cannot read {}: {source}", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// An authority is not one to verify clients with.
    #[error("an authority cannot verify clients: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// Certificate and key do not fit.
    #[error("TLS refused the broker's certificate: {0}")]
    Rustls(#[from] rustls::Error),
}

/// TLS 1.3 and nothing older, with the broker's certificate, for clients of the authorities in `dir`.
pub fn server(dir: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier(&dir.join(pki::CLIENTS))?)
        .with_single_cert(vec![certificate(&dir.join(pki::BROKER))?], key(dir)?)?;
    Ok(Arc::new(config))
}

/// For certificates of an authority in this file.
fn verifier(authorities: &Path) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let failed = |source| TlsError::Pem { path: authorities.into(), source };
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_file_iter(authorities).map_err(failed)? {
        roots.add(authority.map_err(failed)?)?;
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
}

/// Tells whose a certificate is. The handshake asks only whether one of the authorities issued it, and
/// trusts a resumed session without asking again.
pub struct Authorities {
    site: Arc<dyn ClientCertVerifier>,
    phones: Arc<dyn ClientCertVerifier>,
}

impl Authorities {
    /// The two authorities in `dir`.
    pub fn new(dir: &Path) -> Result<Self, TlsError> {
        let site = verifier(&dir.join(pki::CA))?;
        Ok(Self { site, phones: verifier(&dir.join(pki::PHONE_CA))? })
    }

    /// Role and CN of a client that showed this certificate, if it is valid now and has a role.
    pub fn identify(&self, certificate: &CertificateDer<'_>) -> Option<(Role, String)> {
        let issued = |authority: &Arc<dyn ClientCertVerifier>| {
            // No intermediate is taken: neither authority makes any.
            authority.verify_client_cert(certificate, &[], UnixTime::now()).is_ok()
        };
        let issuer = match (issued(&self.site), issued(&self.phones)) {
            (true, false) => Issuer::Site,
            (false, true) => Issuer::Phones,
            _ => return None,
        };
        let name = common_name(certificate)?;
        Some((Role::of(issuer, &name)?, name))
    }
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_file(path)
        .map_err(|source| TlsError::Pem { path: path.into(), source })
}

fn key(dir: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let path = dir.join(pki::BROKER_KEY);
    PrivateKeyDer::from_pem_file(&path).map_err(|source| TlsError::Pem { path, source })
}

/// The one CN of a certificate. None, two, or no text is nobody.
fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (rest, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let mut names = certificate.subject().iter_common_name();
    match (rest, names.next(), names.next()) {
        ([], Some(name), None) => name.as_str().ok().map(str::to_owned),
        _ => None,
    }
}
