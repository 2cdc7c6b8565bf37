// SPDX-License-Identifier: Apache-2.0
//! TLS 1.3 and nothing older, the configured authorities and no others, a client certificate always.
//! The broker's host name is checked by rustls.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{aws_lc_rs, CryptoProvider};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};

/// Whom connections of this process trust.
pub(crate) struct Trust {
    provider: Arc<CryptoProvider>,
    roots: Arc<RootCertStore>,
}

impl Trust {
    /// Trusts these authorities (DER) and no others. The error says what is wrong.
    pub(crate) fn new(authorities: &[Vec<u8>]) -> Result<Self, &'static str> {
        let mut roots = RootCertStore::empty();
        for der in authorities {
            roots
                .add(CertificateDer::from(der.as_slice()))
                .map_err(|_| "a certificate authority does not parse")?;
        }
        if roots.is_empty() {
            return Err("no certificate authority");
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        Ok(Self { provider, roots: Arc::new(roots) })
    }

    /// TLS with this client certificate chain and its PKCS #8 key (DER).
    pub(crate) fn with_client_certificate(
        &self,
        chain: Vec<Vec<u8>>,
        key: Vec<u8>,
    ) -> Result<Arc<ClientConfig>, &'static str> {
        if chain.is_empty() {
            return Err("no client certificate");
        }
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])
            .map_err(|_| "no TLS 1.3")?
            .with_root_certificates(self.roots.clone())
            .with_client_auth_cert(chain, PrivatePkcs8KeyDer::from(key).into())
            .map_err(|_| "the client certificate and its key do not fit")?;
        // A session ticket would let the broker link one post connection to the next: their client ids
        // are new each time so that it cannot.
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }
}

/// What went wrong, for a person, without names from a certificate.
pub(crate) fn describe(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => format!("the broker's alert: {alert:?}"),
        Error::InvalidCertificate(why) => format!("the broker's certificate {}", fault(why)),
        Error::PeerIncompatible(_) => "the broker's TLS is not compatible".into(),
        Error::PeerMisbehaved(_) | Error::InappropriateHandshakeMessage { .. } => {
            "the broker broke the rules of TLS".into()
        }
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            "what the broker sent is not TLS 1.3".into()
        }
        Error::DecryptError => "a record does not decrypt".into(),
        Error::NoCertificatesPresented => "the broker has no certificate".into(),
        _ => "TLS failed".into(),
    }
}

fn fault(why: &CertificateError) -> &'static str {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet"
        }
        CertificateError::UnknownIssuer => "is of an authority that is not trusted",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is of another host"
        }
        CertificateError::BadSignature => "has a bad signature",
        CertificateError::Revoked => "is revoked",
        _ => "is not valid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_authority_nobody_is_trusted() {
        assert!(Trust::new(&[]).is_err());
        assert!(Trust::new(&[vec![0x30, 0]]).is_err());
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (one, other) = (make(), make());
        let trust = Trust::new(&[one.cert.der().to_vec()]).unwrap();
        let chain = || vec![one.cert.der().to_vec()];
        assert!(trust.with_client_certificate(chain(), one.signing_key.serialize_der()).is_ok());
        assert!(trust.with_client_certificate(chain(), other.signing_key.serialize_der()).is_err());
        assert!(trust.with_client_certificate(vec![], one.signing_key.serialize_der()).is_err());
    }

    #[test]
    fn a_description_holds_no_name_of_a_certificate() {
        let error = Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("secret.example").unwrap(),
            presented: vec!["other.example".into()],
        });
        assert_eq!(describe(&error), "the broker's certificate is of another host");
    }
}
