// SPDX-License-Identifier: Apache-2.0
//! TLS on both sides of a hostile broker: as the true broker towards the phone, as the phone towards the true
//! broker. With the keys of a bed's authorities, nobody is hard to impersonate.

use crate::certificates::{forge, Identity, Wrong};
use cloudmessaging_broker::acl::Issuer;
use cloudmessaging_broker::pki;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What it takes to be both.
pub struct Sides {
    pki: PathBuf,
    issuing: Mutex<()>,
}

impl Sides {
    pub fn new(pki: &Path) -> Self {
        Self { pki: pki.to_owned(), issuing: Mutex::new(()) }
    }

    /// The end towards the phone; with a certificate that is wrong, if one is to be.
    pub fn broker(&self, wrong: Option<Wrong>) -> Result<ServerConnection> {
        let (certificate, key) = match wrong {
            Some(wrong) => forge(&self.pki, wrong)?,
            None => self.identity("broker")?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = self.roots(pki::CLIENTS)?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier.build()?)
            .with_single_cert(vec![certificate], key)?;
        Ok(ServerConnection::new(Arc::new(config))?)
    }

    /// The end towards the true broker, with the same name as the phone has given to us.
    pub fn phone(&self, session: &ServerConnection) -> Result<ClientConnection> {
        let shown = session.peer_certificates().and_then(|chain| chain.first());
        let name = common_name(shown.ok_or("the phone showed no certificate")?)?;
        // A phone's own certificate has its routing id for a name; its key is in the phone.
        if name.len() == 64 {
            let _one = self.issuing.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.pki.join(format!("{name}.pem")).exists() {
                pki::issue(&self.pki, Issuer::Phones, &name, &name, 86_400)?;
            }
        }
        let (certificate, key) = self.identity(&name)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots(pki::CA)?)
            .with_client_auth_cert(vec![certificate], key)?;
        Ok(ClientConnection::new(Arc::new(config), "localhost".try_into()?)?)
    }

    fn identity(&self, name: &str) -> Result<Identity> {
        let certificate = CertificateDer::from_pem_file(self.pki.join(format!("{name}.pem")))?;
        let key = PrivateKeyDer::from_pem_file(self.pki.join(format!("{name}.key.pem")))?;
        Ok((certificate, key))
    }

    fn roots(&self, file: &str) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for authority in CertificateDer::pem_file_iter(self.pki.join(file))? {
            roots.add(authority?)?;
        }
        Ok(roots)
    }
}

fn common_name(certificate: &CertificateDer<'_>) -> Result<String> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate)?;
    let name = certificate.subject().iter_common_name().next().ok_or("no name")?;
    Ok(name.as_str()?.to_owned())
}
