// SPDX-License-Identifier: Apache-2.0
//! Certificates of one test: an authority, a broker of `localhost`, a phone.

use std::sync::Arc;

use cloudmessaging_wire::proto::uplink::Configure;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

pub struct Pki {
    pub authority: CertifiedIssuer<'static, KeyPair>,
    pub broker: Leaf,
    pub phone: Leaf,
}

pub struct Leaf {
    pub certificate: rcgen::Certificate,
    pub key: KeyPair,
}

impl Pki {
    pub fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        // Each authority has its own name, so that another one is unknown and not an impostor.
        let name = format!("authority {:02x?}", &key.public_key_raw()[1..9]);
        params.distinguished_name.push(DnType::CommonName, name);
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        let broker = leaf(&authority, "localhost", ExtendedKeyUsagePurpose::ServerAuth);
        let phone = leaf(&authority, "phone", ExtendedKeyUsagePurpose::ClientAuth);
        Self { authority, broker, phone }
    }

    /// What a gate would say to an uplink of this authority.
    pub fn configure(&self, port: u16) -> Configure {
        Configure {
            host: "localhost".into(),
            port: port.into(),
            ca: vec![self.authority.der().to_vec()],
            client_certificate: vec![self.phone.certificate.der().to_vec()],
            client_key: self.phone.key.serialize_der(),
            network: 0,
            send_buffer: 16 * 1024,
        }
    }

    /// A broker's TLS with a client certificate required.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let chain: Vec<CertificateDer> = vec![self.broker.certificate.der().clone()];
        let key = PrivatePkcs8KeyDer::from(self.broker.key.serialize_der());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain, key.into())
            .unwrap()
            .into()
    }
}

fn leaf(
    authority: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    usage: ExtendedKeyUsagePurpose,
) -> Leaf {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    Leaf { certificate, key }
}
