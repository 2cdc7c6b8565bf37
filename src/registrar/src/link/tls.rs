// SPDX-License-Identifier: Apache-2.0
//! The registrar's end of TLS 1.3: the configured authority and no other, a client certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or is no PEM.
    #[error("cannot read {}: {source}", path.display())]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// Certificate and key do not fit, or the authority is none.
    #[error("TLS refused the authority, the client certificate or its key: {0}")]
    Rustls(#[from] rustls::Error),
}

/// TLS 1.3 and nothing older.
pub fn client_config(
    ca: &Path,
    certificate: &Path,
    key: &Path,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities(ca)? {
        roots.add(authority)?;
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|source| TlsError::Pem { path: key.into(), source })?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(certificate)?, private)?;
    Ok(Arc::new(config))
}

/// The authorities in a file.
pub fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    certificates(path)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = || {
        let found = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() {
            Err(pem::Error::NoItemsFound)
        } else {
            Ok(found)
        }
    };
    read().map_err(|source| TlsError::Pem { path: path.into(), source })
}
