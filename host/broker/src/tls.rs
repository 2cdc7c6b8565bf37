// SPDX-License-Identifier: Apache-2.0
//! The broker's end of TLS 1.3: a client certificate of the authority is mandatory, and its CN is who the
//! client is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

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
    /// The authority is not one to verify clients with.
    #[error("the authority cannot verify clients: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// Certificate and key do not fit.
    #[error("TLS refused the broker's certificate: {0}")]
    Rustls(#[from] rustls::Error),
}

/// TLS 1.3 and nothing older, with the broker's certificate, for clients of the authority in `dir`.
pub fn server(dir: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&dir.join(pki::CA))?)?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build()?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate(&dir.join(pki::BROKER))?], key(dir)?)?;
    Ok(Arc::new(config))
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_file(path)
        .map_err(|source| TlsError::Pem { path: path.into(), source })
}

fn key(dir: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let path = dir.join(pki::BROKER_KEY);
    PrivateKeyDer::from_pem_file(&path).map_err(|source| TlsError::Pem { path, source })
}

/// The one CN of a certificate whose chain rustls has verified. None, two, or no text is nobody.
pub fn common_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (rest, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let mut names = certificate.subject().iter_common_name();
    match (rest, names.next(), names.next()) {
        ([], Some(name), None) => name.as_str().ok().map(str::to_owned),
        _ => None,
    }
}
