// SPDX-License-Identifier: Apache-2.0
//! What has to hold on every broker that enforces the table.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use cloudmessaging_broker::pki;
use cloudmessaging_broker::probe::{Message, Probe, ProbeError, Received, Session};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair,
};

pub const NOT_AUTHORIZED: u8 = 0x87;

/// Long enough for a broker on this machine to deliver what it is going to deliver.
pub const SOON: Duration = Duration::from_secs(5);
pub const QUIET: Duration = Duration::from_millis(300);

/// A broker and its certificates.
pub struct Site<'a> {
    pub pki: &'a Path,
    pub address: SocketAddr,
}

impl Site<'_> {
    pub fn phone(&self, client_id: &str) -> Probe {
        Probe::connect(self.pki, self.address, Some("phone"), client_id).unwrap()
    }

    pub fn registrar(&self, client_id: &str) -> Probe {
        Probe::connect(self.pki, self.address, Some("registrar"), client_id).unwrap()
    }
}

pub fn message(topic: &str, payload: &str) -> Message {
    Message { topic: topic.into(), payload: payload.into(), ..Message::default() }
}

pub fn refused(result: Result<(), ProbeError>) -> u8 {
    match result {
        Err(ProbeError::Refused(reason)) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn payload(received: Result<Option<Received>, ProbeError>) -> Option<String> {
    received.unwrap().map(|r| String::from_utf8(r.payload).unwrap())
}

/// A certificate of this authority with another CN, or of another authority with the right CN.
pub fn stranger(dir: &Path, common_name: &str, same_authority: bool) {
    let key = if same_authority {
        KeyPair::from_pem(&std::fs::read_to_string(dir.join("ca.key.pem")).unwrap()).unwrap()
    } else {
        KeyPair::generate().unwrap()
    };
    let issuer = Issuer::new(named(pki::AUTHORITY), key);
    let mut params = named(common_name);
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let own = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    std::fs::write(dir.join("stranger.pem"), certificate.pem()).unwrap();
    std::fs::write(dir.join("stranger.key.pem"), own.serialize_pem()).unwrap();
}

fn named(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

pub fn what_the_protocol_needs_is_allowed(site: &Site) {
    let mut registrar = site.registrar("registrar1");
    registrar.subscribe("$share/registrars/cm/1/registrar").unwrap();
    let mut post = site.phone("post1");
    post.subscribe("cm/1/reply/post1/+").unwrap();
    post.publish(&message("cm/1/registrar", "request")).unwrap();
    assert_eq!(payload(registrar.receive(SOON)).as_deref(), Some("request"));

    let bundle = Message { retain: true, expiry: Some(60), ..message("cm/1/keys/aa", "bundle") };
    registrar.publish(&bundle).unwrap();
    registrar.subscribe("cm/1/keys/aa").unwrap();
    let kept = registrar.receive(SOON).unwrap().unwrap();
    assert!(kept.retain && kept.payload == b"bundle" && kept.expiry.is_some_and(|s| s <= 60));

    registrar.publish(&message("cm/1/reply/post1/0", "answer")).unwrap();
    assert_eq!(payload(post.receive(SOON)).as_deref(), Some("answer"));

    let mut inbox = site.phone("inbox1");
    inbox.subscribe("cm/1/inbox/bb").unwrap();
    post.publish(&message("cm/1/inbox/bb", "message")).unwrap();
    assert_eq!(payload(inbox.receive(SOON)).as_deref(), Some("message"));
}

pub fn nobody_connects_without_a_certificate_of_the_authority(site: &Site) {
    let connect = |name| Probe::connect(site.pki, site.address, name, "stranger1");
    assert!(matches!(connect(None), Err(ProbeError::Io(_) | ProbeError::Protocol(_))));
    stranger(site.pki, "phone", false);
    let other = connect(Some("stranger"));
    assert!(matches!(other, Err(ProbeError::Io(_) | ProbeError::Protocol(_))));
}

pub fn a_phone_publishes_neither_bundles_nor_answers(site: &Site) {
    let mut phone = site.phone("phone1");
    for topic in ["cm/1/keys/aa", "cm/1/reply/post9/0", "cm/1/inbox/aa/b", "cm/1/other", "x"] {
        assert_eq!(refused(phone.publish(&message(topic, "x"))), NOT_AUTHORIZED, "{topic}");
    }
    let retained = Message { retain: true, ..message("cm/1/keys/ab", "forged") };
    assert_eq!(refused(phone.publish(&retained)), NOT_AUTHORIZED);
    let mut registrar = site.registrar("registrar3");
    registrar.subscribe("cm/1/keys/ab").unwrap();
    assert_eq!(registrar.receive(QUIET).unwrap(), None);
}

pub fn a_registrar_publishes_no_messages(site: &Site) {
    let mut registrar = site.registrar("registrar2");
    for topic in ["cm/1/inbox/aa", "cm/1/registrar", "x"] {
        assert_eq!(refused(registrar.publish(&message(topic, "x"))), NOT_AUTHORIZED, "{topic}");
    }
}

/// What a role comes from: neither the client id nor a user name makes a phone a registrar. Mosquitto
/// grants the subscription, so what counts is that nothing is delivered.
pub fn what_a_phone_must_not_read_never_reaches_it(site: &Site) {
    let mut registrar = site.registrar("registrar4");
    registrar.publish(&Message { retain: true, ..message("cm/1/keys/ee", "bundle") }).unwrap();
    let mut phone = site.phone("phone4");
    for filter in
        ["cm/1/keys/ee", "cm/1/keys/#", "cm/1/registrar", "cm/1/reply/post4/+", "cm/1/reply/#", "#"]
    {
        // Refused or granted, as the broker likes.
        let _ = phone.subscribe(filter);
    }
    let mut post = site.phone("post4");
    post.publish(&message("cm/1/registrar", "request")).unwrap();
    registrar.publish(&message("cm/1/reply/post4/0", "answer")).unwrap();
    registrar.publish(&message("cm/1/keys/ee", "bundle")).unwrap();
    assert_eq!(phone.receive(QUIET).unwrap(), None);
}

pub fn what_a_registrar_must_not_read_never_reaches_it(site: &Site) {
    let mut registrar = site.registrar("registrar5");
    for filter in ["cm/1/inbox/+", "cm/1/reply/post5/+", "#"] {
        let _ = registrar.subscribe(filter);
    }
    site.phone("post5").publish(&message("cm/1/inbox/aa", "message")).unwrap();
    assert_eq!(registrar.receive(QUIET).unwrap(), None);
}

pub fn an_inbox_session_keeps_what_came_while_it_was_away(site: &Site) {
    let session = Session { resume: true, expiry: 600 };
    let open =
        || Probe::connect_with(site.pki, site.address, Some("phone"), "inbox6", session).unwrap();
    let mut inbox = open();
    assert!(!inbox.session_present());
    inbox.subscribe("cm/1/inbox/cc").unwrap();
    drop(inbox);
    let mut post = site.phone("post6");
    for n in 0..3 {
        let one = Message { expiry: Some(60), ..message("cm/1/inbox/cc", &n.to_string()) };
        post.publish(&one).unwrap();
    }
    let mut inbox = open();
    assert!(inbox.session_present());
    for n in 0..3 {
        assert_eq!(payload(inbox.receive(SOON)), Some(n.to_string()));
    }
}

pub fn a_retained_bundle_expires_and_can_be_erased(site: &Site) {
    let mut registrar = site.registrar("registrar7");
    let keep = |topic: &str, expiry| Message {
        retain: true,
        expiry: Some(expiry),
        ..message(topic, "bundle")
    };
    registrar.publish(&keep("cm/1/keys/f1", 1)).unwrap();
    registrar.publish(&keep("cm/1/keys/f2", 60)).unwrap();
    registrar.publish(&Message { retain: true, ..message("cm/1/keys/f2", "") }).unwrap();
    std::thread::sleep(Duration::from_millis(2100));
    registrar.subscribe("cm/1/keys/f1").unwrap();
    registrar.subscribe("cm/1/keys/f2").unwrap();
    assert_eq!(registrar.receive(QUIET).unwrap(), None);
}
