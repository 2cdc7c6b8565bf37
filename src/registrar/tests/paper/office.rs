// SPDX-License-Identifier: Apache-2.0
//! A desk whose broker and whose telephone network are in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use cloudmessaging_registrar::answer::{Bundles, Desk, Means, Unavailable};
use cloudmessaging_registrar::check::Check;
use cloudmessaging_registrar::keys::Keys;
use cloudmessaging_registrar::limit::{Allowance, Limits};
use cloudmessaging_registrar::phone_ca::PhoneCa;
use cloudmessaging_registrar::request::open;
use cloudmessaging_registrar::sms::{Texts, Unsent};
use cloudmessaging_seal::{
    seal_reply, verify_bundle, CertifiedIdentity, Number, ReaderKeys, RoutingId,
};
use cloudmessaging_wire::proto::registrar::{refused::Reason, reply, request, Registration};

use super::{certified_by, request as honest, seal, Phone, NOW};

pub const LEASE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a broker would retain, and what it fails to do.
#[derive(Default)]
pub struct Broker {
    pub retained: HashMap<RoutingId, (Vec<u8>, Duration)>,
    /// What was done to it, in this order: routing id, payload, and how long it lives.
    pub delivered: Vec<(RoutingId, Vec<u8>, Duration)>,
    pub done: Vec<&'static str>,
    pub reads_fail: bool,
    pub writes_fail: bool,
    pub deliveries_fail: bool,
    pub slow: Option<RoutingId>,
}

#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Broker>>);

impl Bundles for Shelf {
    async fn read(&self, routing_id: &RoutingId) -> Result<Option<Vec<u8>>, Unavailable> {
        if self.0.lock().unwrap().slow == Some(*routing_id) {
            std::future::pending::<()>().await;
        }
        let mut broker = self.0.lock().unwrap();
        broker.done.push("read");
        match broker.reads_fail {
            true => Err(Unavailable),
            false => Ok(broker.retained.get(routing_id).map(|(bundle, _)| bundle.clone())),
        }
    }

    async fn keep(
        &self,
        routing_id: &RoutingId,
        bundle: Vec<u8>,
        time: Duration,
    ) -> Result<(), Unavailable> {
        let mut broker = self.0.lock().unwrap();
        if broker.writes_fail {
            return Err(Unavailable);
        }
        broker.done.push("keep");
        broker.retained.insert(*routing_id, (bundle, time));
        Ok(())
    }

    async fn deliver(
        &self,
        routing_id: &RoutingId,
        envelope: Vec<u8>,
        time: Duration,
    ) -> Result<(), Unavailable> {
        let mut broker = self.0.lock().unwrap();
        broker.done.push("deliver");
        if broker.deliveries_fail {
            return Err(Unavailable);
        }
        broker.delivered.push((*routing_id, envelope, time));
        Ok(())
    }

    async fn erase(&self, routing_id: &RoutingId) -> Result<(), Unavailable> {
        let mut broker = self.0.lock().unwrap();
        if broker.writes_fail {
            return Err(Unavailable);
        }
        broker.retained.remove(routing_id);
        Ok(())
    }
}

/// The SMS of an office: number and text.
#[derive(Clone, Default)]
pub struct Network(Arc<Mutex<Vec<(String, String)>>>, Arc<Mutex<bool>>);

impl Texts for Network {
    async fn send(&self, number: &Number, text: &str) -> Result<(), Unsent> {
        if *self.1.lock().unwrap() {
            return Err(Unsent);
        }
        self.0.lock().unwrap().push((number.as_str().into(), text.into()));
        Ok(())
    }
}

pub struct Office {
    desk: Desk<Shelf, Network>,
    pub shelf: Shelf,
    network: Network,
}

/// More than any test asks for.
pub fn much() -> Allowance {
    Allowance {
        changes: 100,
        look_ups: 100,
        per_second: 1000,
        sms: 100,
        sms_a_day: 100,
        tries: 100,
        ..Allowance::default()
    }
}

impl Office {
    pub fn new() -> Office {
        Office::allowing(much())
    }

    pub fn allowing(allowance: Allowance) -> Office {
        Office::with(Keys::generate().unwrap(), allowance, Shelf::default())
    }

    /// Another instance of the same registrar, or the same after a restart.
    pub fn with(keys: Keys, allowance: Allowance, shelf: Shelf) -> Office {
        let dir = tempfile::tempdir().unwrap();
        cloudmessaging_broker::pki::create(dir.path()).unwrap();
        let file = |name: &str| dir.path().join(name);
        let network = Network::default();
        let desk = Desk::new(Means {
            keys,
            phone_ca: PhoneCa::load(&file("phone-ca.pem"), &file("phone-ca.key.pem")).unwrap(),
            bundles: shelf.clone(),
            texts: network.clone(),
            limits: Limits::new(allowance, Instant::now()),
            check: Check::new(None),
            lease: LEASE,
        });
        Office { desk, shelf, network }
    }

    /// The SMS that were sent, number and text.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.network.0.lock().unwrap().clone()
    }

    /// Whether SMS fail.
    pub fn break_network(&self, broken: bool) {
        *self.network.1.lock().unwrap() = broken;
    }

    /// The code that was sent to a number last.
    pub fn code(&self, number: &str) -> String {
        let texts = self.texts();
        let (_, text) = texts.iter().rfind(|(to, _)| to == number).expect("no SMS");
        text.split(' ').next().unwrap().into()
    }

    /// Asks for a code; gives the registration that holds it.
    pub async fn proven(&self, phone: &Phone, now_ms: i64) -> Registration {
        let asked = request::Kind::Registration(phone.registration());
        match self.ask_at(phone, asked, now_ms).await {
            reply::Kind::CodeSent(_) => {}
            other => panic!("{:?}", refusal(other)),
        }
        Registration { code: self.code(&phone.number), ..phone.registration() }
    }

    /// What an instance does now and then; whether nobody is left to be told.
    pub async fn tell_untold(&self, now_ms: i64) -> bool {
        self.desk.tell_untold(now_ms).await
    }

    /// The size of the sealed answer to a request, and the answer.
    pub async fn sealed(&self, payload: &[u8]) -> (usize, reply::Kind) {
        let opened = open(payload, self.keys(), NOW).unwrap();
        let kind = self.desk.answer(opened.asked, NOW).await;
        let sealed = seal_reply(&opened.reply_to, kind.clone()).unwrap();
        (sealed.payload.len(), kind)
    }

    pub fn keys(&self) -> &Keys {
        self.desk.keys()
    }

    pub fn broker(&self) -> MutexGuard<'_, Broker> {
        self.shelf.0.lock().unwrap()
    }

    pub fn routing_id(&self, number: &str) -> RoutingId {
        self.keys().routing().routing_id(&Number::parse(number).unwrap())
    }

    pub fn retained(&self, number: &str) -> ReaderKeys {
        let routing_id = self.routing_id(number);
        let (bundle, _) = self.broker().retained.get(&routing_id).unwrap().clone();
        verify_bundle(&bundle, &self.keys().verifying(), &routing_id, NOW).unwrap()
    }

    pub async fn ask_at(&self, phone: &Phone, kind: request::Kind, now_ms: i64) -> reply::Kind {
        let mut request = honest(kind);
        request.made_ms = now_ms;
        let payload = seal(self.keys(), &phone.identity, &request);
        let opened = open(&payload, self.keys(), now_ms).unwrap();
        self.desk.answer(opened.asked, now_ms).await
    }

    pub async fn ask(&self, phone: &Phone, kind: request::Kind) -> reply::Kind {
        self.ask_at(phone, kind, NOW).await
    }

    pub async fn register(&self, phone: &mut Phone) -> CertifiedIdentity {
        let kind = request::Kind::Registration(self.proven(phone, NOW).await);
        self.certified(phone, kind, NOW).await
    }

    pub async fn certified(
        &self,
        phone: &mut Phone,
        kind: request::Kind,
        now_ms: i64,
    ) -> CertifiedIdentity {
        match self.ask_at(phone, kind, now_ms).await {
            reply::Kind::Registered(registered) => {
                phone.certificate = registered.sender_certificate;
                certified_by(self.keys(), &phone.certificate)
            }
            other => panic!("{:?}", refusal(other)),
        }
    }
}

pub fn refusal(kind: reply::Kind) -> Reason {
    match kind {
        reply::Kind::Refused(refused) => refused.reason(),
        _ => panic!("not refused"),
    }
}
