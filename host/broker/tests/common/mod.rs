// SPDX-License-Identifier: Apache-2.0
//! What has to hold on every broker that enforces the table.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use cloudmessaging_broker::acl::Issuer;
use cloudmessaging_broker::pki;
use cloudmessaging_broker::probe::{Message, Probe, ProbeError, Received, Session};

pub const NOT_AUTHORIZED: u8 = 0x87;

/// In seconds.
pub const HOUR: i64 = 3600;

/// Two routing ids.
pub const ALICE: &str = "a11ce00000000000000000000000000000000000000000000000000000000000";
pub const BOB: &str = "b0b0000000000000000000000000000000000000000000000000000000000000";

pub fn inbox(routing_id: &str) -> String {
    format!("cm/1/inbox/{routing_id}")
}

/// Long enough for a broker on this machine to deliver what it is going to deliver.
pub const SOON: Duration = Duration::from_secs(5);
pub const QUIET: Duration = Duration::from_millis(300);

/// A broker and its certificates.
pub struct Site<'a> {
    pub pki: &'a Path,
    pub address: SocketAddr,
}

impl Site<'_> {
    pub fn post(&self, client_id: &str) -> Probe {
        Probe::connect(self.pki, self.address, Some("post"), client_id).unwrap()
    }

    /// Issues a phone's certificate, which is named as its routing id, and shows it.
    pub fn phone(&self, routing_id: &str, client_id: &str) -> Probe {
        self.issue_to(routing_id);
        Probe::connect(self.pki, self.address, Some(routing_id), client_id).unwrap()
    }

    pub fn issue_to(&self, routing_id: &str) {
        pki::issue(self.pki, Issuer::Phones, routing_id, routing_id, HOUR).unwrap();
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

pub fn payload(received: Result<Option<Received>, ProbeError>) -> Option<String> {
    received.unwrap().map(|r| String::from_utf8(r.payload).unwrap())
}

/// The same as another site would issue it, which this broker does not know.
fn of_another_site(dir: &Path, issuer: Issuer, common_name: &str) {
    let other = tempfile::tempdir().unwrap();
    pki::create(other.path()).unwrap();
    pki::issue(other.path(), issuer, "stranger", common_name, HOUR).unwrap();
    for name in ["stranger.pem", "stranger.key.pem"] {
        std::fs::copy(other.path().join(name), dir.join(name)).unwrap();
    }
}

pub fn what_the_protocol_needs_is_allowed(site: &Site) {
    let mut registrar = site.registrar("registrar1");
    registrar.subscribe("$share/registrars/cm/1/registrar").unwrap();
    let mut post = site.post("post1");
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

    let mut phone = site.phone(BOB, "inbox1");
    phone.subscribe(&inbox(BOB)).unwrap();
    post.publish(&message(&inbox(BOB), "message")).unwrap();
    assert_eq!(payload(phone.receive(SOON)).as_deref(), Some("message"));
    registrar.publish(&message(&inbox(BOB), "moved")).unwrap();
    assert_eq!(payload(phone.receive(SOON)).as_deref(), Some("moved"));
}

pub fn nobody_connects_without_a_certificate_of_an_authority(site: &Site) {
    let connect = |name| Probe::connect(site.pki, site.address, name, "stranger1");
    assert!(matches!(connect(None), Err(ProbeError::Io(_) | ProbeError::Protocol(_))));
    for (issuer, name) in [(Issuer::Site, "post"), (Issuer::Phones, ALICE)] {
        of_another_site(site.pki, issuer, name);
        let other = connect(Some("stranger"));
        assert!(matches!(other, Err(ProbeError::Io(_) | ProbeError::Protocol(_))), "{name}");
    }
}

pub fn an_expired_certificate_is_refused(site: &Site) {
    pki::issue(site.pki, Issuer::Phones, "expired", ALICE, -60).unwrap();
    let connect = Probe::connect(site.pki, site.address, Some("expired"), "x1");
    assert!(matches!(connect, Err(ProbeError::Io(_) | ProbeError::Protocol(_))));
}

pub fn post_publishes_neither_bundles_nor_answers(site: &Site) {
    let mut post = site.post("post1");
    for topic in ["cm/1/keys/aa", "cm/1/reply/post9/0", "cm/1/inbox/aa/b", "cm/1/other", "x"] {
        assert_eq!(refused(post.publish(&message(topic, "x"))), NOT_AUTHORIZED, "{topic}");
    }
    let retained = Message { retain: true, ..message("cm/1/keys/ab", "forged") };
    assert_eq!(refused(post.publish(&retained)), NOT_AUTHORIZED);
    let mut registrar = site.registrar("registrar3");
    registrar.subscribe("cm/1/keys/ab").unwrap();
    assert_eq!(registrar.receive(QUIET).unwrap(), None);
}

pub fn a_phone_publishes_nothing(site: &Site) {
    let mut phone = site.phone(ALICE, "phone1");
    for topic in
        [&*inbox(BOB), &inbox(ALICE), "cm/1/registrar", "cm/1/keys/aa", "cm/1/reply/phone1/0", "x"]
    {
        assert_eq!(refused(phone.publish(&message(topic, "x"))), NOT_AUTHORIZED, "{topic}");
    }
}

pub fn a_registrar_publishes_no_requests(site: &Site) {
    let mut registrar = site.registrar("registrar2");
    for topic in ["cm/1/registrar", "cm/1/inbox/aa/b", "x"] {
        assert_eq!(refused(registrar.publish(&message(topic, "x"))), NOT_AUTHORIZED, "{topic}");
    }
}

/// What a role comes from: neither the client id nor a user name makes a phone a registrar. Mosquitto
/// grants the subscription, so what counts is that nothing is delivered.
fn never_reaches(site: &Site, mut client: Probe, filters: &[&str]) {
    let mut registrar = site.registrar("registrar4");
    registrar.publish(&Message { retain: true, ..message("cm/1/keys/ee", "bundle") }).unwrap();
    for filter in filters {
        // Refused or granted, as the broker likes.
        let _ = client.subscribe(filter);
    }
    let mut post = site.post("post4");
    post.publish(&message("cm/1/registrar", "request")).unwrap();
    post.publish(&message(&inbox(BOB), "message")).unwrap();
    registrar.publish(&message("cm/1/reply/post4/0", "answer")).unwrap();
    registrar.publish(&message("cm/1/keys/ee", "bundle")).unwrap();
    assert_eq!(client.receive(QUIET).unwrap(), None);
}

const SECRETS: [&str; 5] =
    ["cm/1/keys/ee", "cm/1/keys/#", "cm/1/registrar", "cm/1/reply/post4/+", "cm/1/reply/#"];

pub fn what_post_must_not_read_never_reaches_it(site: &Site) {
    let inbox = inbox(BOB);
    let more = [&*inbox, "cm/1/inbox/+", "cm/1/inbox/#", "#", "$share/g/cm/1/registrar"];
    never_reaches(site, site.post("post5"), &[&SECRETS[..], &more].concat());
}

pub fn what_a_phone_must_not_read_never_reaches_it(site: &Site) {
    let inbox = inbox(BOB);
    let more = [&*inbox, "cm/1/inbox/+", "cm/1/inbox/#", "#", "$share/g/cm/1/registrar"];
    never_reaches(site, site.phone(ALICE, "phone5"), &[&SECRETS[..], &more].concat());
}

pub fn what_a_registrar_must_not_read_never_reaches_it(site: &Site) {
    let mut registrar = site.registrar("registrar5");
    for filter in ["cm/1/inbox/+", "cm/1/reply/post5/+", "#"] {
        let _ = registrar.subscribe(filter);
    }
    site.post("post5").publish(&message("cm/1/inbox/aa", "message")).unwrap();
    assert_eq!(registrar.receive(QUIET).unwrap(), None);
}

pub fn an_inbox_session_keeps_what_came_while_it_was_away(site: &Site) {
    let session = Session { resume: true, expiry: 600 };
    site.issue_to(ALICE);
    let open =
        || Probe::connect_with(site.pki, site.address, Some(ALICE), "inbox6", session).unwrap();
    let mut phone = open();
    assert!(!phone.session_present());
    phone.subscribe(&inbox(ALICE)).unwrap();
    drop(phone);
    let mut post = site.post("post6");
    for n in 0..3 {
        let one = Message { expiry: Some(60), ..message(&inbox(ALICE), &n.to_string()) };
        post.publish(&one).unwrap();
    }
    let mut phone = open();
    assert!(phone.session_present());
    for n in 0..3 {
        assert_eq!(payload(phone.receive(SOON)), Some(n.to_string()));
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
