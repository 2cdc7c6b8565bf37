// SPDX-License-Identifier: Apache-2.0
//! The registrar: its real answers, over bundles and SMS that are kept in memory.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use cloudmessaging_gate::config;
use cloudmessaging_registrar::answer::{Bundles, Desk, Means, Unavailable};
use cloudmessaging_registrar::check::Check;
use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::limit::{Allowance, Limits};
use cloudmessaging_registrar::phone_ca::PhoneCa;
use cloudmessaging_registrar::request;
use cloudmessaging_registrar::sms::{Texts, Unsent};
use cloudmessaging_seal::{seal_reply, Number, RegistrarKeys, RoutingId};
use cloudmessaging_wire::limits::LEASE;
use cloudmessaging_wire::proto::registrar::reply::Kind;
use cloudmessaging_wire::topic;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::CertificateDer;

use crate::played::lock;

/// The bundles that a broker would retain, and until when.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    /// With the time at which each is forgotten.
    bundles: HashMap<RoutingId, (Vec<u8>, i64)>,
    now_ms: i64,
    /// Topic, payload, and when it expires.
    notices: Vec<(String, Vec<u8>, i64)>,
}

impl Shelf {
    /// The bundle of a routing id.
    pub fn bundle(&self, routing_id: &RoutingId) -> Option<Vec<u8>> {
        lock(&self.0).bundles.get(routing_id).map(|kept| kept.0.clone())
    }

    /// Puts a bundle there, for as long as the test lasts.
    pub fn put(&self, routing_id: &RoutingId, bundle: Vec<u8>) {
        lock(&self.0).bundles.insert(*routing_id, (bundle, i64::MAX));
    }

    /// The broker has lost what it retained.
    pub fn clear(&self) {
        lock(&self.0).bundles.clear();
    }
}

impl Bundles for Shelf {
    async fn read(&self, routing_id: &RoutingId) -> Result<Option<Vec<u8>>, Unavailable> {
        let kept = lock(&self.0);
        let bundle = kept.bundles.get(routing_id).filter(|bundle| kept.now_ms < bundle.1);
        Ok(bundle.map(|bundle| bundle.0.clone()))
    }

    async fn keep(
        &self,
        routing_id: &RoutingId,
        bundle: Vec<u8>,
        time: Duration,
    ) -> Result<(), Unavailable> {
        let mut kept = lock(&self.0);
        let until = kept.now_ms + time.as_millis() as i64;
        kept.bundles.insert(*routing_id, (bundle, until));
        Ok(())
    }

    async fn erase(&self, routing_id: &RoutingId) -> Result<(), Unavailable> {
        lock(&self.0).bundles.remove(routing_id);
        Ok(())
    }

    async fn deliver(
        &self,
        routing_id: &RoutingId,
        envelope: Vec<u8>,
        time: Duration,
    ) -> Result<(), Unavailable> {
        let mut kept = lock(&self.0);
        let until = kept.now_ms + time.as_millis() as i64;
        kept.notices.push((topic::inbox(routing_id), envelope, until));
        Ok(())
    }
}

/// The SMS that were sent and not yet received.
#[derive(Clone, Default)]
struct Outgoing(Arc<Mutex<Vec<(String, String)>>>);

impl Texts for Outgoing {
    async fn send(&self, number: &Number, text: &str) -> Result<(), Unsent> {
        lock(&self.0).push((number.as_str().into(), text.into()));
        Ok(())
    }
}

/// One authority for all worlds: making one takes long.
fn phone_ca() -> PhoneCa {
    static PEM: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    let (certificate, key) = PEM.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a directory");
        cloudmessaging_broker::pki::create(dir.path()).expect("certificates");
        let read = |name| std::fs::read(dir.path().join(name)).expect("it was written");
        (read("phone-ca.pem"), read("phone-ca.key.pem"))
    });
    let certificate = CertificateDer::from_pem_slice(certificate).expect("a certificate");
    PhoneCa::new(certificate, key).expect("an authority")
}

/// What a registrar that is not to be trusted answers in the place of an honest one.
pub type Lie = Box<dyn Fn(Kind) -> Kind>;

/// The one registrar of a world.
pub struct Registrar {
    desk: Desk<Shelf, Outgoing>,
    texts: Outgoing,
    /// Where its bundles are.
    pub shelf: Shelf,
    /// It does not answer honestly.
    pub lie: Option<Lie>,
    /// Whether it runs; what is asked meanwhile waits at the broker.
    pub up: bool,
}

impl Registrar {
    pub(crate) fn new() -> Self {
        let shelf = Shelf::default();
        // Its clock for these is not one that a test can set.
        const MUCH: u32 = 1_000_000;
        let much = Allowance {
            changes: MUCH,
            look_ups: MUCH,
            per_second: MUCH,
            sms: MUCH,
            sms_a_day: MUCH,
            sms_in_all: MUCH,
            tries: MUCH,
            tries_in_all: MUCH,
        };
        let texts = Outgoing::default();
        let desk = Desk::new(Means {
            keys: Keys::generate().expect("keys"),
            phone_ca: phone_ca(),
            bundles: shelf.clone(),
            texts: texts.clone(),
            limits: Limits::new(much, Instant::now()),
            check: Check::new(None),
            lease: LEASE,
        });
        Self { desk, texts, shelf, lie: None, up: true }
    }

    /// Its private keys.
    pub fn keys(&self) -> &Keys {
        self.desk.keys()
    }

    /// What phones verify with.
    pub fn verifying(&self) -> RegistrarKeys {
        self.keys().verifying()
    }

    /// The routing id of a number.
    pub fn routing_id(&self, number: &Number) -> RoutingId {
        self.keys().routing().routing_id(number)
    }

    /// What phones are built with.
    pub(crate) fn public(&self) -> config::Registrar {
        let json: serde_json::Value =
            serde_json::from_str(&self.keys().public_json()).expect("JSON");
        let key = |value: &serde_json::Value| {
            let mut key = [0; 32];
            hex::decode_to_slice(value.as_str().expect("text"), &mut key).expect("a key");
            key
        };
        let id = |value: &serde_json::Value| value.as_u64().expect("a number") as u32;
        let signing = json["signingKeys"].as_array().expect("a list").iter();
        config::Registrar {
            hpke_key_id: id(&json["hpkeKeyId"]),
            hpke_key: key(&json["hpkeKey"]),
            signing_keys: signing
                .map(|k| config::SigningKey { id: id(&k["id"]), key: key(&k["key"]) })
                .collect(),
        }
    }

    /// Numbers and texts of the SMS that were sent since this was asked last.
    pub(crate) fn take_texts(&self) -> Vec<(String, String)> {
        std::mem::take(&mut lock(&self.texts.0))
    }

    /// Topics, payloads and expiries of the notices that were sent since this was asked last.
    pub(crate) fn take_notices(&self) -> Vec<(String, Vec<u8>, i64)> {
        std::mem::take(&mut lock(&self.shelf.0).notices)
    }

    /// Topic and payload of the answer to a request; nothing if it cannot be answered.
    pub(crate) fn answer(&self, payload: &[u8], now_ms: i64) -> Option<(String, Vec<u8>)> {
        lock(&self.shelf.0).now_ms = now_ms;
        let opened = request::open(payload, self.keys(), now_ms).ok()?;
        let mut answer = now(self.desk.answer(opened.asked, now_ms));
        if let Some(lie) = &self.lie {
            answer = lie(answer);
        }
        let sealed = seal_reply(&opened.reply_to, answer).ok()?;
        Some((opened.reply_to.topic, sealed.payload))
    }
}

/// The result of what has nothing to wait for.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the registrar waits for something"),
    }
}
