// SPDX-License-Identifier: Apache-2.0
//! One phone on a thread, and the uplink, the broker and the time as a test plays them.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_seal::SealedRequest;
use cloudmessaging_wire::proto::registrar::Request;
use cloudmessaging_wire::proto::uplink::{
    from_uplink, to_uplink, Closed, Connect, Connected, Publish, Published,
};
use cloudmessaging_wire::topic;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::peer::{Inbox, Registrar, DAY_MS, REGISTRAR_KEY};
use super::stage::{OnStage, Stage};
use super::{BOOT, NOW, NUMBER, SIM};
use crate::clock::{fake::ManualClock, Clock as _};
use crate::config::{self, Config, SigningKey};
use crate::consent::{CaptureMethod, Conditions, Disclosures, SimIdentity};
use crate::disclose::Classes;
use crate::file::copied::copied;
use crate::gate::Network;
use crate::legacy::Leftovers;
use crate::secrets::Files;
use crate::service::facade::{Facade, GrantRequest, Hints, UserId};
use crate::stay::{Stay, Unkept};
use crate::user::{Module, Users};

/// A request to the registrar, opened.
pub struct Asked {
    pub request: Request,
    pub reply_to: cloudmessaging_seal::ReplyTo,
}

/// One phone, and all around it.
pub struct Rig {
    pub users: Arc<Users>,
    pub clock: Arc<ManualClock>,
    pub stage: Arc<Stage>,
    pub registrar: Registrar,
    pub disk: TempDir,
    /// Connections that are up, oldest first.
    pub lines: Vec<Connect>,
    /// All there ever were.
    pub connects: Vec<Connect>,
    /// Requests that wait for an answer.
    pub asked: VecDeque<Asked>,
    /// What was published to inboxes and not looked at.
    pub posted: VecDeque<Publish>,
    /// Whether the broker acknowledges what is published.
    pub acknowledges: bool,
    /// Whether connections end at once when the gate wants them to.
    pub hangs_up: bool,
    /// Tokens of what the gate acknowledged.
    pub stored: Vec<u64>,
    pub next_token: u64,
    pub serial: u64,
    pub identity: [u8; 32],
    pub inbox: Option<Inbox>,
    /// How long registrations live.
    pub lease_ms: i64,
}

struct Deaf;

impl Hints for Deaf {
    fn state_changed(&self, _: UserId) {}
    fn outcomes(&self, _: UserId) {}
    fn inbound(&self, _: UserId) {}
    fn key_changed(&self, _: UserId) {}
}

fn users(disk: &Path, clock: &Arc<ManualClock>, stage: &Arc<Stage>, r: &Registrar) -> Arc<Users> {
    let product = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../product/disclosures");
    let config = Config {
        broker: config::Broker {
            host: "broker.example".into(),
            port: 8883,
            ca: vec![vec![1]],
            client_certificate: vec![vec![2]],
            client_key: Zeroizing::new(vec![3]),
        },
        registrar: config::Registrar {
            hpke_key_id: REGISTRAR_KEY,
            hpke_key: r.public.0,
            signing_keys: vec![SigningKey { id: REGISTRAR_KEY, key: r.signing.public_key() }],
        },
        origin: "cloudmessaging.example/ledger".into(),
        controller: "Example Org".into(),
        controller_contact: None,
        jurisdiction: None,
        receipt_delay_max: Duration::ZERO,
        ledger: crate::ledger::Retention::default(),
        disclosures: product.clone(),
        forbidden: false,
    };
    Arc::new(Users::new(Arc::new(Module {
        disclosures: Disclosures::load(&product, config.parties()).unwrap(),
        config,
        workers: Box::new(OnStage(stage.clone())),
        data: disk.to_owned(),
        build: "build/1".into(),
        clock: clock.clone(),
        hints: Arc::new(Deaf),
        secrets: Box::new(Files),
        checkpoint: Box::new(crate::checkpoint::Committed),
        stay: Stay::begin(Box::new(Unkept), disk),
        legacy: Leftovers::new(Default::default(), disk),
    })))
}

fn sim() -> SimIdentity {
    SimIdentity::new(SIM, NUMBER.into(), String::new(), String::new()).unwrap()
}

impl Rig {
    /// Turned on, and nothing answered yet.
    pub fn on() -> Self {
        let (clock, stage) = (Arc::new(ManualClock::at(NOW, BOOT)), Arc::new(Stage::default()));
        let (registrar, disk) = (Registrar::new(), tempfile::tempdir().unwrap());
        let mut rig = Self {
            users: users(disk.path(), &clock, &stage, &registrar),
            clock,
            stage,
            registrar,
            disk,
            lines: Vec::new(),
            connects: Vec::new(),
            asked: VecDeque::new(),
            posted: VecDeque::new(),
            acknowledges: true,
            hangs_up: true,
            stored: Vec::new(),
            next_token: 0,
            serial: 0,
            identity: [0; 32],
            inbox: None,
            lease_ms: 7 * DAY_MS,
        };
        rig.report();
        rig.grant();
        rig
    }

    /// The same, registered and connected.
    pub fn registered() -> Self {
        let mut rig = Self::on();
        rig.answer_registration();
        assert_eq!(rig.registration(), aidl::Registration::Registration::DONE);
        rig
    }

    pub fn grant(&mut self) {
        let english = self.users.disclosure(0, "en").unwrap();
        let request = GrantRequest {
            disclosure_sha256: english.sha256.try_into().unwrap(),
            locale: "en".into(),
            allowed: Classes::from_iter(Classes::ALL),
            sims: vec![sim()],
            method: CaptureMethod::SettingsPage,
            conditions: Conditions::default(),
        };
        self.users.grant(0, request).unwrap();
        self.run();
    }

    pub fn report(&mut self) {
        self.users.report_network(Network { connected: true, ..Network::default() });
        let user = aidl::UserReport::UserReport {
            user: 0,
            serial: 7,
            unlocked: true,
            ..Default::default()
        };
        self.users.report_users(&[user]);
        self.users.provide_storage_key(0, Zeroizing::new([9; 32])).unwrap();
        let _ = self.users.report_identities(0, vec![sim()]);
    }

    /// The gate dies, and comes again.
    pub fn restart(&mut self) {
        self.stage.clear();
        // Its folder as it is now: whatever the one that died still does is not seen any more.
        self.disk = copied(self.disk.path());
        self.users = users(self.disk.path(), &self.clock, &self.stage, &self.registrar);
        self.lines.clear();
        self.asked.clear();
        self.posted.clear();
        self.report();
        self.run();
    }

    /// Everybody does what is due, until nobody has anything to do at this instant.
    pub fn run(&mut self) {
        let mut quiet = 0;
        for _ in 0..100 {
            self.stage.step();
            quiet += 1;
            while let Some(frame) = self.stage.next_frame() {
                self.frame(frame);
                quiet = 0;
            }
            // One step more for what a step told the courier itself.
            if quiet == 3 {
                return;
            }
        }
        panic!("the courier does not rest");
    }

    pub fn frame(&mut self, frame: to_uplink::Frame) {
        match frame {
            to_uplink::Frame::Configure(_) => {}
            to_uplink::Frame::Connect(connect) => {
                let connection = connect.connection;
                self.lines.push(connect.clone());
                self.connects.push(connect);
                let connected = Connected { connection, session_present: false };
                self.stage.say(from_uplink::Frame::Connected(connected));
            }
            to_uplink::Frame::Publish(publish) => {
                let (connection, token) = (publish.connection, publish.token);
                if publish.topic == topic::REGISTRAR {
                    let request = SealedRequest::parse(&publish.payload).unwrap();
                    let opened = request.open(&self.registrar.secret).unwrap();
                    let (reply_to, request) = (opened.reply_to().clone(), opened.claimed().clone());
                    self.asked.push_back(Asked { request, reply_to });
                } else {
                    self.posted.push_back(publish);
                }
                if self.acknowledges {
                    let published = Published { connection, token, reason_code: 0 };
                    self.stage.say(from_uplink::Frame::Published(published));
                }
            }
            to_uplink::Frame::Stored(stored) => self.stored.push(stored.token),
            to_uplink::Frame::Disconnect(end) if self.hangs_up => self.close(end.connection),
            to_uplink::Frame::Disconnect(_) => {}
        }
    }

    /// A connection is over.
    pub fn close(&mut self, connection: u32) {
        self.lines.retain(|line| line.connection != connection);
        let closed = Closed { connection, ..Closed::default() };
        self.stage.say(from_uplink::Frame::Closed(closed));
    }

    pub fn inbox_line(&self) -> Option<u32> {
        self.lines.iter().rfind(|line| !line.clean_start).map(|line| line.connection)
    }

    pub fn post_line(&self) -> Option<u32> {
        self.lines.iter().rfind(|line| line.clean_start).map(|line| line.connection)
    }

    /// So many ms pass, all at once.
    pub fn pass(&mut self, ms: i64) {
        self.clock.advance(ms);
        self.run();
    }

    /// So many ms pass, in which the courier wakes only when it wanted to, or when the uplink says something.
    pub fn sleep(&mut self, ms: i64) {
        let until = self.wall() + ms;
        while self.wall() < until {
            let sleep = self.stage.step();
            let mut woken = false;
            while let Some(frame) = self.stage.next_frame() {
                self.frame(frame);
                woken = true;
            }
            if !woken {
                let sleep = sleep.map_or(ms, |sleep| sleep.as_millis() as i64);
                self.clock.advance(sleep.clamp(1, until - self.wall()));
            }
        }
    }

    /// So many ms pass, in steps of this many.
    pub fn pass_in(&mut self, step: i64, ms: i64) {
        (0..ms / step).for_each(|_| self.pass(step));
    }

    pub fn wall(&self) -> i64 {
        self.clock.wall_ms()
    }
}
