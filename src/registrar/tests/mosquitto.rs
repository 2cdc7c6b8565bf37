// SPDX-License-Identifier: Apache-2.0
//! The registrar's program with Mosquitto.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cloudmessaging_broker::{mosquitto::Mosquitto, pki, probe::Probe};
use cloudmessaging_registrar::answer::{Bundles as _, Unavailable};
use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::link::{client_config, Endpoint, Link, Started};
use cloudmessaging_registrar::retained::RetainedBundles;
use cloudmessaging_wire::topic;
use common::{Public, Site};

/// Long enough for a broker on this machine to deliver what it is going to deliver.
const QUIET: Duration = Duration::from_millis(300);

/// How long a lost answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many requests a thief is let loose on.
const REQUESTS: usize = 20;

fn with_broker(check: impl FnOnce(&Site)) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(&dir.path().join("pki")).unwrap();
    let broker = Mosquitto::start(&dir.path().join("pki"), &dir.path().join("mosquitto")).unwrap();
    check(&Site { dir: dir.path(), address: broker.address() });
}

macro_rules! hold {
    ($($claim:ident)*) => {$(
        #[test]
        fn $claim() {
            with_broker(common::claims::$claim);
        }
    )*};
}

hold! {
    a_registration_is_found_renewed_and_erased
    what_is_retained_is_the_bundle_and_it_expires_with_the_lease
    two_instances_share_the_load_and_their_state_is_the_brokers
    a_code_that_one_instance_sent_is_taken_by_another_and_the_phone_of_before_is_told
    many_requests_at_once_are_all_answered
    the_over_frequent_are_refused_and_the_others_are_not
    nothing_that_arrives_stops_it_and_nothing_personal_is_logged
}

/// A connection without a registrar around it.
async fn bundles(dir: &std::path::Path, broker: &Mosquitto) -> (RetainedBundles, Started) {
    let file = |name: &str| dir.join("pki").join(name);
    let tls = client_config(&file("ca.pem"), &file("registrar.pem"), &file("registrar.key.pem"));
    let mut started = Link::start(Endpoint {
        host: "localhost".into(),
        port: broker.address().port(),
        tls: tls.unwrap(),
        share: "chosen".into(),
    });
    started.subscribed.wait_for(|up| *up).await.unwrap();
    (RetainedBundles::new(started.link.clone()), started)
}

fn signal(broker: &Mosquitto, name: &str) {
    let sent = Command::new("kill").args([name, &broker.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

fn start() -> (tempfile::TempDir, Mosquitto) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(&dir.path().join("pki")).unwrap();
    let broker = Mosquitto::start(&dir.path().join("pki"), &dir.path().join("mosquitto")).unwrap();
    (dir, broker)
}

#[tokio::test]
async fn a_broker_that_hangs_never_means_that_there_is_no_bundle() {
    let (dir, broker) = start();
    let (bundles, _link) = bundles(dir.path(), &broker).await;
    assert_eq!(bundles.read(&[1; 32]).await, Ok(None));
    signal(&broker, "-STOP");
    assert_eq!(bundles.read(&[1; 32]).await, Err(Unavailable));
    signal(&broker, "-CONT");
    assert_eq!(bundles.read(&[1; 32]).await, Ok(None));
}

/// Everything but what says that a number moved.
fn forbid_notices(dir: &Path, broker: &Mosquitto, forbid: bool) {
    let acl = dir.join("mosquitto/acl");
    let rules = std::fs::read_to_string(&acl).unwrap();
    let (from, to) = ("topic write cm/1/inbox/+\n\nuser post", "# no notices\n\nuser post");
    let (from, to) = if forbid { (from, to) } else { (to, from) };
    assert!(rules.contains(from), "{rules}");
    std::fs::write(&acl, rules.replacen(from, to, 1)).unwrap();
    signal(broker, "-HUP");
    std::thread::sleep(Duration::from_millis(500));
}

#[test]
fn a_notice_that_the_broker_did_not_take_is_told_later() {
    let (dir, broker) = start();
    let site = Site { dir: dir.path(), address: broker.address() };
    let public = site.keygen();
    let _registrar = site.start(&[]);
    let mut before = site.phone(&public, "+15550100");
    let inbox = topic::inbox(&before.register().routing_id);
    let mut listener = before.inbox(&site);
    listener.subscribe(&inbox).unwrap();
    forbid_notices(dir.path(), &broker, true);
    site.phone(&public, "+15550100").register();
    assert_eq!(listener.receive(QUIET).unwrap(), None);
    forbid_notices(dir.path(), &broker, false);
    let notice = listener.receive(Duration::from_secs(60)).unwrap().expect("never told");
    assert_eq!(notice.topic, inbox);
}

/// How many requests a registrar answers while a thief shares subscriptions to them under these names.
fn answered(site: &Site, public: &Public, more: &[&str], names: &[&str]) -> usize {
    let _registrar = site.start(more);
    let mut alice = site.phone(public, "+15550100");
    alice.register();
    let mut thief = Probe::connect(&site.pki(), site.address, Some("post"), "thief").unwrap();
    for name in names {
        let _ = thief.subscribe(&format!("$share/{name}/{}", topic::REGISTRAR));
    }
    let look_up = alice.look_up("+15550101");
    let mut pending: Vec<_> = (0..REQUESTS).map(|_| alice.post(look_up.clone())).collect();
    while !pending.is_empty() && alice.answer_within(&mut pending, PATIENCE).is_some() {}
    assert_eq!(thief.receive(QUIET).unwrap(), None, "it reads none of them");
    REQUESTS - pending.len()
}

/// Mosquitto lets anybody share any subscription, and asks only at delivery whether he may read: a request
/// that has fallen to him is lost then. So what the registrars call theirs is a secret.
#[test]
fn who_does_not_know_what_the_registrars_call_their_share_takes_no_request_from_them() {
    with_broker(|site| {
        let public = site.keygen();
        let others = Keys::generate().unwrap().share();
        let names = ["registrars", "registrar", "chosen", &others];
        assert_eq!(answered(site, &public, &[], &names), REQUESTS);
    });
}

/// Which is why the name has to be a secret, also one that was chosen.
#[test]
fn who_knows_what_the_registrars_call_their_share_takes_requests_and_reads_none() {
    with_broker(|site| {
        let public = site.keygen();
        let derived = Keys::load(&site.dir.join("registrar.json")).unwrap().share();
        assert!(answered(site, &public, &[], &[&derived]) < REQUESTS);
        assert!(answered(site, &public, &["--share", "chosen"], &["chosen"]) < REQUESTS);
        assert_eq!(answered(site, &public, &["--share", "chosen"], &[&derived]), REQUESTS);
    });
}

#[tokio::test]
async fn a_fence_that_is_lost_never_means_that_there_is_no_bundle() {
    let (dir, broker) = start();
    let (bundles, _link) = bundles(dir.path(), &broker).await;
    bundles.keep(&[2; 32], b"bundle".to_vec(), Duration::from_secs(60)).await.unwrap();
    // From here on the broker answers everything, but drops what a registrar publishes to itself.
    let acl = "user registrar\ntopic read cm/1/keys/#\ntopic read cm/1/registrar\n";
    std::fs::write(dir.path().join("mosquitto/acl"), acl).unwrap();
    signal(&broker, "-HUP");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(bundles.read(&[1; 32]).await, Err(Unavailable));
    assert_eq!(bundles.read(&[2; 32]).await, Ok(Some(b"bundle".to_vec())));
    let kept = bundles.keep(&[3; 32], b"bundle".to_vec(), Duration::from_secs(60)).await;
    assert_eq!(kept, Err(Unavailable));
}
