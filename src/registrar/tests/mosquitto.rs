// SPDX-License-Identifier: Apache-2.0
//! The registrar's program with Mosquitto.

mod common;

use std::process::Command;
use std::time::{Duration, Instant};

use cloudmessaging_broker::{mosquitto::Mosquitto, pki};
use cloudmessaging_registrar::answer::{Bundles as _, Unavailable};
use cloudmessaging_registrar::link::{client_config, Endpoint, Link, Started};
use cloudmessaging_registrar::retained::RetainedBundles;
use common::Site;

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
        share: "registrars".into(),
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
    let begun = Instant::now();
    assert_eq!(bundles.read(&[1; 32]).await, Err(Unavailable));
    assert!(begun.elapsed() < Duration::from_secs(20));
    signal(&broker, "-CONT");
    assert_eq!(bundles.read(&[1; 32]).await, Ok(None));
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
