// SPDX-License-Identifier: Apache-2.0
//! What a phone's TLS certificate says, and with which files there is an authority at all.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use cloudmessaging_broker::pki;
use cloudmessaging_registrar::cli::{Arguments, Verb};
use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::phone_ca::{PhoneCa, PhoneCaError, TlsKey};
use cloudmessaging_registrar::serve::{ServeError, Settings};
use rcgen::PublicKeyData as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use x509_parser::prelude::*;

const NOW: i64 = 1_800_000_000_000;
const DAY: i64 = 24 * 3600 * 1000;

fn authority() -> (tempfile::TempDir, PhoneCa) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(dir.path()).unwrap();
    let ca = load(dir.path(), "phone-ca.pem", "phone-ca.key.pem").unwrap();
    (dir, ca)
}

fn load(dir: &Path, certificate: &str, key: &str) -> Result<PhoneCa, PhoneCaError> {
    PhoneCa::load(&dir.join(certificate), &dir.join(key))
}

fn believed(by: &Path, certificate: &[u8], at_ms: i64) -> bool {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(by).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let at = UnixTime::since_unix_epoch(Duration::from_millis(at_ms as u64));
    verifier.unwrap().verify_client_cert(&certificate.into(), &[], at).is_ok()
}

#[test]
fn a_phones_certificate_names_its_routing_id_and_lives_no_longer_than_its_registration() {
    let (_dir, ca) = authority();
    let pair = rcgen::KeyPair::generate().unwrap();
    let key = TlsKey::parse(&pair.subject_public_key_info()).unwrap();
    let der = ca.certify(&key, &[0xab; 32], NOW, NOW + 7 * DAY + 999).unwrap();
    let (rest, certificate) = X509Certificate::from_der(&der).unwrap();
    assert!(rest.is_empty());
    assert_eq!(certificate.subject().to_string(), format!("CN={}", "ab".repeat(32)));
    assert_eq!(certificate.validity().not_before.timestamp(), NOW / 1000 - 3600);
    assert_eq!(certificate.validity().not_after.timestamp(), (NOW + 7 * DAY) / 1000);
    assert_eq!(certificate.public_key().raw, pair.subject_public_key_info());
    assert!(!certificate.is_ca());
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any && usage.other.is_empty());
    let usage = certificate.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && !usage.key_cert_sign());
    // Another one for the same key is another one.
    let again = ca.certify(&key, &[0xab; 32], NOW, NOW + 7 * DAY).unwrap();
    let (_, again) = X509Certificate::from_der(&again).unwrap();
    assert_ne!(again.raw_serial(), certificate.raw_serial());
}

#[test]
fn it_is_believed_by_the_phone_ca_alone_and_while_it_lasts() {
    let (dir, ca) = authority();
    let now = UnixTime::now().as_secs() as i64 * 1000;
    let pair = rcgen::KeyPair::generate().unwrap();
    let key = TlsKey::parse(&pair.subject_public_key_info()).unwrap();
    let der = ca.certify(&key, &[1; 32], now, now + DAY).unwrap();
    let by = dir.path().join("phone-ca.pem");
    assert!(believed(&by, &der, now));
    assert!(believed(&by, &der, now - DAY / 48), "a clock that is half an hour behind");
    assert!(!believed(&by, &der, now + DAY + 1000));
    assert!(!believed(&dir.path().join("ca.pem"), &der, now));
}

#[test]
fn dates_that_no_certificate_can_hold_are_refused() {
    let (_dir, ca) = authority();
    let pair = rcgen::KeyPair::generate().unwrap();
    let key = TlsKey::parse(&pair.subject_public_key_info()).unwrap();
    for (now, until) in [(i64::MIN, NOW), (-1, NOW), (NOW, i64::MIN), (NOW, i64::MAX)] {
        assert!(ca.certify(&key, &[1; 32], now, until).is_none(), "{now} {until}");
    }
}

#[test]
fn a_key_that_others_may_read_or_of_another_certificate_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, _) = authority();
    let refused = |certificate, key| load(dir.path(), certificate, key).err().unwrap();
    assert!(matches!(refused("phone-ca.pem", "ca.key.pem"), PhoneCaError::Unusable));
    assert!(matches!(refused("ca.pem", "phone-ca.key.pem"), PhoneCaError::Unusable));
    assert!(matches!(refused("phone-ca.pem", "phone-ca.pem"), PhoneCaError::Key(_)));
    assert!(matches!(refused("missing.pem", "phone-ca.key.pem"), PhoneCaError::Certificate { .. }));
    let key = dir.path().join("phone-ca.key.pem");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o640)).unwrap();
    let why = refused("phone-ca.pem", "phone-ca.key.pem");
    assert!(why.to_string().contains("0600"), "{why}");
}

#[test]
fn the_authority_of_brokers_and_registrars_certifies_no_phones() {
    let (dir, _) = authority();
    let settings = |ca: &str| {
        let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let mut line = vec!["registrar".into(), "run".into()];
        for (option, value) in [
            ("--broker", "localhost:8883".to_owned()),
            ("--keys", "not read here".to_owned()),
            ("--ca", file("ca.pem")),
            ("--cert", file("registrar.pem")),
            ("--key", file("registrar.key.pem")),
            ("--phone-ca", file(&format!("{ca}.pem"))),
            ("--phone-ca-key", file(&format!("{ca}.key.pem"))),
            ("--sms-command", "/bin/true".to_owned()),
        ] {
            line.extend([option.into(), value]);
        }
        let Verb::Run(run) = Arguments::parse_from(line).verb else { panic!("not run") };
        Settings::new(&run, &Keys::generate().unwrap()).map(drop)
    };
    assert!(settings("phone-ca").is_ok());
    assert!(matches!(settings("ca"), Err(ServeError::SameAuthority)));
}
