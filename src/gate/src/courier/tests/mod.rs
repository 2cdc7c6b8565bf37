// SPDX-License-Identifier: Apache-2.0
//! What a courier does, step by step on one thread: the test is its uplink, the broker, the registrar, its peers and
//! the time. What a phone and a network do at random is for `tests/sim`.

mod checkpoints;
mod keys;
mod moved;
mod peer;
mod pinned;
mod receiving;
mod registering;
mod retracting;
mod rig;
mod sending;
mod stage;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_seal::{seal_reply, verify_prekeys, CertifiedIdentity, Number};
use cloudmessaging_wire::proto::registrar::{reply, request, Registered};
use cloudmessaging_wire::proto::uplink::{from_uplink, Publish, Received};
use cloudmessaging_wire::topic;
use zeroize::Zeroizing;

use self::peer::{Inbox, Peer, Registrar, DAY_MS};
use self::rig::Rig;
use crate::clock::Clock as _;
use crate::gate::Refusal;
use crate::identity::tls::TlsKey;
use crate::service::facade::{Facade, OutgoingMessage, Personal};

const NOW: i64 = 1_800_000_000_000;
const BOOT: i64 = 5_000_000;
const SIM: i32 = 1;
const NUMBER: &str = "+15550100";
const OWN: [u8; 32] = [9; 32];
const PEER: &str = "+15550101";
const ANOTHER: &str = "+15550102";

impl Rig {
    /// The oldest request that was not answered.
    fn next_request(&mut self) -> request::Kind {
        let asked = self.asked.front().expect("nothing was asked");
        asked.request.kind.clone().unwrap()
    }

    /// Answers it.
    fn answer(&mut self, kind: reply::Kind) {
        let asked = self.asked.pop_front().expect("nothing was asked");
        let payload = seal_reply(&asked.reply_to, kind).unwrap().payload;
        let connection = self.post_line().expect("no post connection");
        self.receive(connection, &asked.reply_to.topic.clone(), payload, Some(60));
    }

    fn refuse(&mut self, reason: cloudmessaging_wire::proto::registrar::refused::Reason) {
        let refused = cloudmessaging_wire::proto::registrar::Refused { reason: reason as i32 };
        self.answer(reply::Kind::Refused(refused));
    }

    fn code_sent(&mut self) {
        let valid_until_ms = self.wall() + 600_000;
        let sent = cloudmessaging_wire::proto::registrar::CodeSent { valid_until_ms };
        self.answer(reply::Kind::CodeSent(sent));
    }

    /// Answers a registration or a renewal with new certificates.
    fn answer_registration(&mut self) {
        let (identity, tls, prekeys, signature) = match self.next_request() {
            request::Kind::Registration(r) => {
                self.identity = r.identity_key.as_slice().try_into().unwrap();
                (self.identity, r.tls_public_key, r.prekeys, r.prekeys_signature)
            }
            request::Kind::Renewal(r) => {
                (self.identity, r.tls_public_key, r.prekeys, r.prekeys_signature)
            }
            _ => panic!("of another kind"),
        };
        let signature: [u8; 64] = signature.try_into().unwrap();
        let prekeys = verify_prekeys(&prekeys, &signature, &identity).unwrap();
        self.inbox = Some(Inbox { routing_id: OWN, prekey: prekeys.current });
        self.serial += 10;
        let certified = self.certified();
        let tls_certificate = [&[0x30, self.serial as u8][..], &tls].concat();
        let sender_certificate = self.registrar.certificate(&certified);
        self.answer(reply::Kind::Registered(Registered { sender_certificate, tls_certificate }));
    }

    fn certified(&self) -> CertifiedIdentity {
        CertifiedIdentity {
            number: Number::parse(NUMBER).unwrap(),
            routing_id: OWN,
            identity_key: self.identity,
            serial: self.serial,
            not_after_ms: self.wall() + self.lease_ms,
        }
    }

    fn receive(
        &mut self,
        connection: u32,
        on: &str,
        payload: Vec<u8>,
        expiry_s: Option<u32>,
    ) -> u64 {
        self.next_token += 1;
        let received = Received {
            connection,
            token: self.next_token,
            topic: on.to_owned(),
            payload,
            expiry_s,
            arrived_boot_ms: self.clock.boot_ms(),
        };
        self.stage.say(from_uplink::Frame::Received(received));
        self.run();
        self.next_token
    }

    /// Something arrives in the inbox, and was acknowledged or not.
    fn arrives(&mut self, payload: Vec<u8>) -> bool {
        self.arrives_with(payload, Some(3600))
    }

    fn arrives_with(&mut self, payload: Vec<u8>, expiry_s: Option<u32>) -> bool {
        let connection = self.inbox_line().expect("no inbox connection");
        let token = self.receive(connection, &topic::inbox(&OWN), payload, expiry_s);
        self.stored.contains(&token)
    }

    fn inbox(&self) -> Inbox {
        self.inbox.expect("registered")
    }

    fn state(&self) -> aidl::SimState::SimState {
        self.users.consent_state(0).sims.remove(0)
    }

    fn registration(&self) -> aidl::Registration::Registration {
        self.state().registration
    }

    /// The app sends, with ten minutes.
    fn send(&mut self, id: u8) -> Option<Refusal> {
        self.send_until(id, self.wall() + 600_000)
    }

    fn send_until(&mut self, id: u8, sms_deadline_millis: i64) -> Option<Refusal> {
        self.send_to_number(PEER, id, sms_deadline_millis)
    }

    /// The same to somebody of whom nothing is known yet.
    fn send_to_another(&mut self, id: u8) -> Option<Refusal> {
        self.send_to_number(ANOTHER, id, self.wall() + 600_000)
    }

    fn send_to_number(
        &mut self,
        number: &str,
        id: u8,
        sms_deadline_millis: i64,
    ) -> Option<Refusal> {
        let message = OutgoingMessage {
            id: [id; 16],
            subscription: SIM,
            recipient: Number::parse(number).unwrap(),
            body: Personal::new("hello"),
            sms_deadline_millis,
        };
        let refused = self.users.send(0, message).unwrap();
        self.run();
        refused
    }

    /// Sends, and answers the look-up; gives what was published.
    fn send_to(&mut self, peer: &Peer, id: u8) -> Publish {
        assert_eq!(self.send(id), None);
        self.answer_look_up(peer);
        self.posted.pop_front().expect("nothing was sent")
    }

    fn answer_look_up(&mut self, peer: &Peer) {
        assert!(matches!(self.next_request(), request::Kind::LookUp(_)));
        let found = cloudmessaging_wire::proto::registrar::Found {
            routing_id: peer.certified.routing_id.to_vec(),
            bundle: peer.bundle(&self.registrar),
        };
        self.answer(reply::Kind::Found(found));
    }

    /// How messages ended: delivered, or why not.
    fn outcomes(&self) -> Vec<(u8, bool, aidl::SmsReason::SmsReason)> {
        let outcomes = self.users.outcomes(0, 0, 100).unwrap();
        outcomes.iter().map(|o| (o.id[0], o.delivered, o.reason)).collect()
    }

    /// Ids of what was received.
    fn received(&self) -> Vec<u8> {
        self.users.inbound(0, 0, 100).unwrap().iter().map(|m| m.id[0]).collect()
    }

    /// The ledger's lines, oldest first.
    fn ledger(&self) -> Vec<String> {
        let user = self.users.user(0).unwrap();
        // What was noted before is on the disk when this is.
        user.book.append(crate::ledger::Event::Refusals(Default::default())).unwrap();
        let entries = self.users.ledger(0, None, 1000, &Default::default()).unwrap();
        entries.into_iter().rev().map(|entry| entry.summary).collect()
    }

    /// What was dropped, as the ledger says once its minute is over.
    fn dropped(&mut self) -> Vec<String> {
        self.pass(60_001);
        let lines = self.ledger().into_iter();
        lines.filter(|line| line.starts_with("Dropped")).collect()
    }
}
