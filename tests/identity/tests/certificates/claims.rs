// SPDX-License-Identifier: Apache-2.0
//! The claims, for any broker that enforces the table of `host/broker`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloudmessaging_broker::acl::Issuer;
use cloudmessaging_broker::pki;
use cloudmessaging_broker::probe::{Message, Probe, ProbeError, Session};

/// Whose certificate is stolen, and a third. Both are certificates as the registrar issues them.
const STOLEN: &str = "570137000000000000000000000000000000000000000000000000000000000a";
const THIRD: &str = "7813d0000000000000000000000000000000000000000000000000000000000b";

const HOUR: i64 = 3600;

/// Long enough for a broker on this machine to deliver what it is going to deliver.
const SOON: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_millis(300);

/// A broker, its certificates, and two phones that have theirs.
pub struct Site {
    pki: PathBuf,
    address: SocketAddr,
}

impl Site {
    pub fn new(pki: &Path, address: SocketAddr) -> Self {
        for phone in [STOLEN, THIRD] {
            pki::issue(pki, Issuer::Phones, phone, phone, HOUR).unwrap();
        }
        Self { pki: pki.to_path_buf(), address }
    }

    fn connect(&self, certificate: &str, client_id: &str) -> Probe {
        self.try_to_connect(certificate, client_id).unwrap()
    }

    fn try_to_connect(&self, certificate: &str, client_id: &str) -> Result<Probe, ProbeError> {
        Probe::connect(&self.pki, self.address, Some(certificate), client_id)
    }

    fn resume(&self, certificate: &str, client_id: &str) -> Probe {
        let session = Session { resume: true, expiry: 600 };
        Probe::connect_with(&self.pki, self.address, Some(certificate), client_id, session).unwrap()
    }

    /// Everything that passes a broker, once: message, request, bundle, answer.
    fn traffic(&self) {
        let mut registrar = self.connect("registrar", "registrar1");
        let mut post = self.connect("post", "post1");
        post.publish(&message(&inbox(THIRD), "message")).unwrap();
        post.publish(&message("cm/1/registrar", "request")).unwrap();
        registrar.publish(&message("cm/1/reply/post1/0", "answer")).unwrap();
        registrar.publish(&kept(&bundle(THIRD), "bundle")).unwrap();
    }

    /// Whether the client, after it asked for all this, gets none of the traffic: neither what was kept, nor
    /// what passes. A broker may refuse the subscription or never deliver.
    fn gets_nothing(&self, client: &mut Probe, filters: &[&str]) {
        self.traffic();
        for filter in filters {
            let _ = client.subscribe(filter);
        }
        self.traffic();
        assert_eq!(client.receive(QUIET).unwrap(), None);
    }

    /// Whether these publishes are refused, and those who would read them read nothing.
    fn is_refused(&self, client: &mut Probe, topics: &[&str]) {
        let mut third = self.connect(THIRD, "third1");
        third.subscribe(&inbox(THIRD)).unwrap();
        for topic in topics {
            for retain in [false, true] {
                let forged = Message { retain, ..message(topic, "forged") };
                let refused = client.publish(&forged);
                assert!(matches!(refused, Err(ProbeError::Refused(0x87))), "{topic}: {refused:?}");
            }
        }
        self.nothing_is_kept();
        assert_eq!(third.receive(QUIET).unwrap(), None);
    }

    fn nothing_is_kept(&self) {
        let mut registrar = self.connect("registrar", "registrar2");
        registrar.subscribe("cm/1/keys/#").unwrap();
        assert_eq!(registrar.receive(QUIET).unwrap(), None);
    }
}

fn inbox(routing_id: &str) -> String {
    format!("cm/1/inbox/{routing_id}")
}

fn bundle(routing_id: &str) -> String {
    format!("cm/1/keys/{routing_id}")
}

fn message(topic: &str, payload: &str) -> Message {
    Message { topic: topic.into(), payload: payload.into(), ..Message::default() }
}

fn kept(topic: &str, payload: &str) -> Message {
    Message { retain: true, expiry: Some(60), ..message(topic, payload) }
}

fn text(client: &mut Probe) -> Option<String> {
    client.receive(SOON).unwrap().map(|got| String::from_utf8(got.payload).unwrap())
}

/// The other side of all that follows: what it is for works.
fn reads_its_own(site: &Site, client: &mut Probe, routing_id: &str) {
    client.subscribe(&inbox(routing_id)).unwrap();
    site.connect("post", "post2").publish(&message(&inbox(routing_id), "own")).unwrap();
    assert_eq!(text(client).as_deref(), Some("own"));
}

pub fn a_stolen_phone_reads_no_inbox_of_a_third(site: &Site) {
    let mut thief = site.connect(STOLEN, "thief");
    let third = inbox(THIRD);
    let shared = format!("$share/g/{third}");
    let upper = inbox(&THIRD.to_uppercase());
    let filters =
        [&*third, &shared, &upper, "cm/1/inbox/+", "cm/1/inbox/#", "cm/+/inbox/+", "+/+/+/+", "#"];
    site.gets_nothing(&mut thief, &filters);
    // Called like the other: a name in MQTT is worth nothing.
    let mut thief = site.connect(STOLEN, THIRD);
    site.gets_nothing(&mut thief, &filters);
    reads_its_own(site, &mut thief, STOLEN);
}

pub fn a_stolen_phone_reads_no_request_of_the_registrars(site: &Site) {
    let mut thief = site.connect(STOLEN, "thief");
    let filters = ["cm/1/registrar", "cm/1/registrar/#", "$share/thieves/cm/1/registrar", "cm/1/+"];
    site.gets_nothing(&mut thief, &filters);
}

pub fn a_stolen_phone_reads_no_bundle_and_no_answer(site: &Site) {
    let mut thief = site.connect(STOLEN, "thief");
    let bundle = bundle(THIRD);
    let filters = [&*bundle, "cm/1/keys/+", "cm/1/keys/#", "cm/1/reply/post1/+", "cm/1/reply/#"];
    site.gets_nothing(&mut thief, &filters);
}

pub fn a_stolen_phone_writes_no_bundle(site: &Site) {
    let mut thief = site.connect(STOLEN, "thief");
    site.is_refused(&mut thief, &[&bundle(THIRD), &bundle(STOLEN), "cm/1/keys/x"]);
}

pub fn a_stolen_phone_publishes_to_no_inbox_and_to_no_answer(site: &Site) {
    let mut thief = site.connect(STOLEN, "thief");
    let topics = [
        &*inbox(THIRD),
        &inbox(STOLEN),
        "cm/1/reply/post1/0",
        "cm/1/reply/thief/0",
        "cm/1/registrar",
        "x",
    ];
    site.is_refused(&mut thief, &topics);
}

/// The will is checked elsewhere than a publish, in both brokers.
pub fn a_stolen_phone_leaves_no_will_that_is_published(site: &Site) {
    let mut third = site.connect(THIRD, "third2");
    third.subscribe(&inbox(THIRD)).unwrap();
    for will in [message(&inbox(THIRD), "will"), kept(&bundle(THIRD), "will")] {
        // Refused, or dropped when it is due: the connection breaks here.
        let _ = Probe::connect_with_will(&site.pki, site.address, Some(STOLEN), "thief", &will)
            .map(drop);
    }
    assert_eq!(third.receive(QUIET).unwrap(), None);
    site.nothing_is_kept();
}

pub fn a_stolen_phone_takes_over_no_session_whose_client_id_it_does_not_know(site: &Site) {
    let secret = "9f3c5a7e1b2d4f60";
    let mut owner = site.resume(STOLEN, secret);
    owner.subscribe(&inbox(STOLEN)).unwrap();
    for guess in ["9f3c5a7e1b2d4f61", "9F3C5A7E1B2D4F60", STOLEN] {
        assert!(!site.resume(STOLEN, guess).session_present(), "{guess}");
    }
    for guess in ["9f3c5a7e1b2d4f62", "9F3C5A7E1B2D4F6", THIRD] {
        assert!(!site.resume(THIRD, guess).session_present(), "{guess}");
    }
    // The owner's connection stands, and its session keeps what comes while it is away.
    let mut post = site.connect("post", "post3");
    post.publish(&message(&inbox(STOLEN), "first")).unwrap();
    assert_eq!(text(&mut owner).as_deref(), Some("first"));
    drop(owner);
    assert!(!site.resume(STOLEN, "9f3c5a7e1b2d4f63").session_present());
    post.publish(&message(&inbox(STOLEN), "second")).unwrap();
    let mut owner = site.resume(STOLEN, secret);
    assert!(owner.session_present());
    assert_eq!(text(&mut owner).as_deref(), Some("second"));
}

pub fn a_stolen_phone_is_worth_nothing_when_it_has_expired(site: &Site) {
    pki::issue(&site.pki, Issuer::Phones, "expired", STOLEN, -60).unwrap();
    let connect = site.try_to_connect("expired", "thief").map(drop);
    assert!(matches!(connect, Err(ProbeError::Io(_) | ProbeError::Protocol(_))), "{connect:?}");
}

/// Whoever can choose the CN chooses one that the pattern of the rules could take for more.
pub fn a_phone_that_is_called_by_a_wildcard_reads_nothing(site: &Site) {
    for (n, name) in ["+", "#", "x/#", "../keys/x"].into_iter().enumerate() {
        let file = format!("wild{n}");
        pki::issue(&site.pki, Issuer::Phones, &file, name, HOUR).unwrap();
        let Ok(mut thief) = site.try_to_connect(&file, "thief") else { continue };
        let own = inbox(name);
        site.gets_nothing(&mut thief, &[&own, "cm/1/inbox/+", "#", &inbox(THIRD)]);
    }
}

pub fn post_reads_no_inbox(site: &Site) {
    let mut thief = site.connect("post", "thief");
    let third = inbox(THIRD);
    let shared = format!("$share/g/{third}");
    let filters = [&*third, &shared, "cm/1/inbox/post", "cm/1/inbox/+", "cm/1/inbox/#", "#"];
    site.gets_nothing(&mut thief, &filters);
}

pub fn post_reads_and_writes_no_bundle(site: &Site) {
    let mut thief = site.connect("post", "thief");
    site.is_refused(&mut thief, &[&bundle(THIRD), "cm/1/keys/x"]);
    site.gets_nothing(&mut thief, &[&bundle(THIRD), "cm/1/keys/+", "cm/1/keys/#"]);
}

pub fn post_reads_no_request_and_no_answer_to_another(site: &Site) {
    let mut thief = site.connect("post", "thief");
    site.is_refused(&mut thief, &["cm/1/reply/post1/0", "cm/1/reply/thief/0"]);
    let filters = [
        "cm/1/reply/post1/+",
        "cm/1/reply/post1/0",
        "cm/1/reply/+/+",
        "cm/1/reply/#",
        "cm/1/registrar",
        "$share/thieves/cm/1/registrar",
    ];
    site.gets_nothing(&mut thief, &filters);
}

pub fn post_leaves_no_will_that_is_kept_as_a_bundle(site: &Site) {
    let will = kept(&bundle(THIRD), "will");
    let _ =
        Probe::connect_with_will(&site.pki, site.address, Some("post"), "thief", &will).map(drop);
    // What a broker does when a connection breaks, it does behind the break.
    std::thread::sleep(QUIET);
    site.nothing_is_kept();
}

pub fn a_registrar_of_the_phones_authority_is_refused(site: &Site) {
    for name in ["registrar", "post"] {
        pki::issue(&site.pki, Issuer::Phones, "made", name, HOUR).unwrap();
        for id in ["registrar9", "thief"] {
            let connect = site.try_to_connect("made", id).map(drop);
            assert!(matches!(connect, Err(ProbeError::Refused(0x87))), "{name} {id}: {connect:?}");
        }
        for file in ["made.pem", "made.key.pem"] {
            std::fs::remove_file(site.pki.join(file)).unwrap();
        }
    }
}

/// How many of ten requests reach a registrar that shares its subscription under the name `group`, with a thief
/// who shares one under `thiefs`.
fn requests_that_arrive(site: &Site, group: &str, thiefs: &str) -> usize {
    let mut registrar = site.connect("registrar", "registrar3");
    registrar.subscribe(&format!("$share/{group}/cm/1/registrar")).unwrap();
    let mut thief = site.connect(STOLEN, "thief");
    let _ = thief.subscribe(&format!("$share/{thiefs}/cm/1/registrar"));
    let mut post = site.connect("post", "post4");
    for _ in 0..10 {
        post.publish(&message("cm/1/registrar", "request")).unwrap();
    }
    assert_eq!(thief.receive(QUIET).unwrap(), None, "it reads none of them");
    (0..10).take_while(|_| registrar.receive(SOON).unwrap().is_some()).count()
}

pub fn who_knows_the_name_of_the_share_swallows_requests(site: &Site) {
    assert!(requests_that_arrive(site, "c4a1f2", "c4a1f2") < 10);
}

pub fn who_knows_the_name_of_the_share_swallows_none(site: &Site) {
    assert_eq!(requests_that_arrive(site, "c4a1f2", "c4a1f2"), 10);
}

pub fn who_has_a_share_of_another_name_swallows_none(site: &Site) {
    assert_eq!(requests_that_arrive(site, "c4a1f2", "registrars"), 10);
}
