// SPDX-License-Identifier: Apache-2.0
//! One phone: a gate that lives and dies, its disk, its clocks, and what its settings app and its Messaging app do.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_gate::clock::Clock as _;
use cloudmessaging_gate::config::{self, Config};
use cloudmessaging_gate::consent::{CaptureMethod, Conditions};
use cloudmessaging_gate::disclose::Classes;
use cloudmessaging_gate::gate::{Network, Refusal};
use cloudmessaging_gate::service::error::ServiceError;
use cloudmessaging_gate::service::facade::{
    Facade, GrantRequest, Hints, InboundMessage, OutgoingMessage, Personal, ReceivedSms,
    SimIdentity, UserId,
};
use cloudmessaging_gate::user::Users;
use cloudmessaging_seal::Number;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::clock::{PhoneClock, Truth};
use crate::disk;
use crate::fuse::Fuse;
use crate::module::module;
use crate::played::{lock, Stage};

/// The Android user.
pub const USER: UserId = 0;
/// The subscription id of the SIM.
pub const SIM: i32 = 1;
const SERIAL: i64 = 7;
/// How long init takes to start a gate that crashed, ms.
const RESTART_MS: i64 = 700;

/// A phone with one user and one SIM.
pub struct Phone {
    /// E.164.
    pub number: Number,
    /// Kills the gate at a moment that a test sets.
    pub fuse: Fuse,
    /// What a gate that dies has handed over is sent.
    pub uplinks_are_quick: bool,
    pub(crate) clock: Arc<PhoneClock>,
    pub(crate) stage: Arc<Stage>,
    /// None: the gate is dead.
    gate: Option<Arc<Users>>,
    disk: TempDir,
    config: Config,
    hints: Arc<Noted>,
    connected: bool,
    unlocked: bool,
    networks: u64,
    /// When the gate has to be started again, or its courier looks again; true ms.
    pub(crate) wakes_ms: i64,
    /// Came by SMS, and was not asked for yet.
    pub(crate) code: Option<String>,
}

/// The hints that the gate gave.
#[derive(Default)]
struct Noted {
    fuse: Fuse,
    seen: Mutex<Hinted>,
}

/// What the gate has hinted at since it was asked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hinted {
    /// There is a new outcome.
    pub outcomes: bool,
    /// There is a new message.
    pub inbound: bool,
    /// Somebody's key has changed.
    pub key_changed: bool,
}

impl Hints for Noted {
    fn state_changed(&self, _: UserId) {}

    fn outcomes(&self, _: UserId) {
        lock(&self.seen).outcomes = true;
        self.fuse.moment("the app is told of an outcome");
    }

    fn inbound(&self, _: UserId) {
        lock(&self.seen).inbound = true;
        self.fuse.moment("the app is told of a message");
    }

    fn key_changed(&self, _: UserId) {
        lock(&self.seen).key_changed = true;
        self.fuse.moment("the app is told of another key");
    }
}

impl Phone {
    pub(crate) fn new(number: &str, truth: Truth, registrar: config::Registrar) -> Self {
        let product = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../product/disclosures");
        let fuse = Fuse::default();
        let mut phone = Self {
            number: Number::parse(number).expect("a number"),
            clock: Arc::new(PhoneClock::new(truth, fuse.clone())),
            stage: Arc::new(Stage::new(fuse.clone())),
            gate: None,
            disk: disk::new(),
            config: Config {
                broker: config::Broker {
                    host: "broker.example".into(),
                    port: 8883,
                    ca: vec![vec![1]],
                    client_certificate: vec![vec![2]],
                    client_key: Zeroizing::new(vec![3]),
                },
                registrar,
                origin: "cloudmessaging.example/ledger".into(),
                controller: "Example Org".into(),
                controller_contact: None,
                jurisdiction: None,
                receipt_delay_max: Duration::from_secs(2),
                ledger: cloudmessaging_gate::ledger::Retention::default(),
                disclosures: product,
                forbidden: false,
            },
            hints: Arc::new(Noted { fuse: fuse.clone(), seen: Mutex::default() }),
            connected: true,
            unlocked: true,
            networks: 1,
            wakes_ms: 0,
            code: None,
            uplinks_are_quick: false,
            fuse,
        };
        phone.start();
        phone
    }

    /// Starts the gate, and reports to it as our settings app does.
    pub fn start(&mut self) {
        if self.gate.is_some() {
            return;
        }
        let (data, clock, hints) = (self.disk.path(), self.clock.clone(), self.hints.clone());
        let module = module(&self.config, &self.stage, data, clock, hints);
        self.gate = Some(Arc::new(Users::new(Arc::new(module))));
        let (network, sim, unlocked) = (self.network(), self.sim(), self.unlocked);
        self.call(|users| {
            users.report_network(network);
            report_user(users, unlocked);
            // Refused for who is off.
            let _ = users.report_identities(USER, vec![sim]);
        });
    }

    /// Its user unlocks it, or it is locked as after a boot.
    pub fn set_unlocked(&mut self, unlocked: bool) {
        self.unlocked = unlocked;
        self.call(|users| report_user(users, unlocked));
    }

    /// Whether its apps can ask the gate for messages.
    pub fn answers(&self) -> bool {
        self.is_up() && self.unlocked
    }

    /// Whether the gate lives.
    pub fn is_up(&self) -> bool {
        self.gate.is_some()
    }

    /// The gate dies here and now, and its uplinks with it.
    pub fn crash(&mut self) {
        self.fuse.set(0);
        let Some(users) = self.gate.take() else { return };
        // As it is, before anything is closed in good order.
        let found = disk::copy(&self.disk);
        self.stage.clear();
        drop(users);
        self.disk = found;
        self.wakes_ms = self.clock.true_ms() + RESTART_MS;
    }

    /// Asks the gate something; nothing if it is dead, or dies of it.
    pub fn call<R>(&mut self, ask: impl FnOnce(&Users) -> R) -> Option<R> {
        let users = self.gate.clone()?;
        let answer = self.fuse.survived_by(|| ask(&users));
        drop(users);
        match answer {
            Some(_) => self.wakes_ms = 0,
            None => self.crash(),
        }
        answer
    }

    /// Lets each courier do what is due. Gives how many ms nothing will be.
    pub(crate) fn work(&mut self) -> i64 {
        let mut sleep = i64::MAX;
        for courier in self.stage.take_couriers() {
            let mut courier = Some(courier);
            let stage = self.stage.clone();
            let next = self.fuse.survived_by(|| {
                let mut working = courier.take().expect("it was put there");
                working.hear();
                let next = working.step();
                if next.is_some() {
                    stage.put_back(working);
                }
                next
            });
            match next {
                Some(next) => {
                    let next = next.map_or(i64::MAX, |next| next.as_millis() as i64);
                    sleep = sleep.min(next);
                }
                None => {
                    self.crash();
                    return i64::MAX;
                }
            }
        }
        sleep
    }

    /// What the gate has hinted at since this was asked last.
    pub fn take_hints(&self) -> Hinted {
        std::mem::take(&mut lock(&self.hints.seen))
    }

    /// How far the wall clock is ahead, ms.
    pub fn clock_wrong_by(&self) -> i64 {
        self.clock.wrong_by()
    }

    /// Sets the wall clock.
    pub fn set_clock_wrong_by(&mut self, ms: i64) {
        self.clock.set_wrong_by(ms);
        if self.is_up() {
            self.wakes_ms = 0;
        }
    }

    /// The wall clock; not a moment at which the gate can die.
    pub fn wall_ms(&self) -> i64 {
        self.clock.shown_ms()
    }

    /// The boot clock.
    pub(crate) fn boot_ms(&self) -> i64 {
        self.clock.boot_ms()
    }

    fn sim(&self) -> SimIdentity {
        SimIdentity::new(SIM, self.number.as_str().into(), String::new(), String::new())
            .expect("a SIM")
    }

    fn network(&self) -> Network {
        Network { handle: self.networks, connected: self.connected, ..Network::default() }
    }

    /// There is a network, another one than before, or none.
    pub fn set_network(&mut self, connected: bool) {
        self.connected = connected;
        self.networks += 1;
        let network = self.network();
        self.call(|users| users.report_network(network));
    }

    /// The owner turns on. Whether that was done; nothing if the gate died of it.
    pub fn grant(&mut self) -> Option<Result<(), ServiceError>> {
        let sim = self.sim();
        self.call(|users| {
            let disclosure = users.disclosure(USER, "en").expect("English");
            let request = GrantRequest {
                disclosure_sha256: disclosure.sha256.try_into().expect("a hash"),
                locale: "en".into(),
                allowed: Classes::from_iter(Classes::ALL),
                sims: vec![sim],
                method: CaptureMethod::SettingsPage,
                conditions: Conditions::default(),
            };
            users.grant(USER, request)
        })
    }

    /// The owner types the code that came by SMS, once it is asked for.
    pub(crate) fn type_code(&mut self) {
        let (Some(users), Some(_)) = (self.gate.clone(), &self.code) else { return };
        let asked_for = self.fuse.survived_by(|| {
            let sims = users.consent_state(USER).sims;
            sims.iter().any(|sim| sim.registration == aidl::Registration::Registration::CODE_NEEDED)
        });
        drop(users);
        match asked_for {
            None => self.crash(),
            Some(false) => {}
            Some(true) => {
                let code = Personal::new(self.code.take().unwrap_or_default());
                // It may have been turned off in this very moment.
                self.call(|users| users.submit_code(USER, SIM, &code).ok());
            }
        }
    }

    /// The owner turns off; nothing if the gate died of it.
    pub fn withdraw(&mut self) -> Option<()> {
        self.call(|users| users.withdraw(USER, false)).map(|_| ())
    }

    /// Whether it is on.
    pub fn is_on(&mut self) -> Option<bool> {
        self.call(|users| users.consent_state(USER).on)
    }

    /// Whether messages can arrive now.
    pub fn is_connected(&mut self) -> bool {
        let state = self.call(|users| users.consent_state(USER));
        state.is_some_and(|state| state.sims.iter().any(|sim| sim.connected))
    }

    /// The app sends.
    pub fn send(
        &mut self,
        message: OutgoingMessage,
    ) -> Option<Result<Option<Refusal>, ServiceError>> {
        self.call(|users| users.send(USER, message))
    }

    /// Outcomes after the cursor.
    pub fn outcomes(&mut self, cursor: i64) -> Option<Vec<aidl::Outcome::Outcome>> {
        self.call(|users| users.outcomes(USER, cursor, 1000).expect("outcomes"))
    }

    /// Messages received after the cursor.
    pub fn inbound(&mut self, cursor: i64) -> Option<Vec<InboundMessage>> {
        self.call(|users| users.inbound(USER, cursor, 1000).expect("messages"))
    }

    /// The app knows these outcomes.
    pub fn acknowledge_outcomes(&mut self, cursor: i64) -> Option<()> {
        self.call(|users| users.acknowledge_outcomes(USER, cursor).expect("acknowledged"))
    }

    /// The app has these messages.
    pub fn acknowledge_inbound(&mut self, cursor: i64) -> Option<()> {
        self.call(|users| users.acknowledge_inbound(USER, cursor).expect("acknowledged"))
    }

    /// The app asks whether an SMS that arrived is a message that it has.
    pub fn check_sms(&mut self, sender: &Number, body: &str) -> Option<Option<[u8; 16]>> {
        let sms = ReceivedSms {
            subscription: SIM,
            sender: Personal::new(sender.as_str()),
            body: Personal::new(body),
            received_at_millis: self.wall_ms(),
        };
        self.call(|users| users.check_sms(USER, &sms).expect("looked for"))
    }

    /// The names and summaries of what is in the ledger, oldest first.
    pub fn ledger(&mut self) -> Vec<(String, String)> {
        // What was noted waits for a thread of the ledger; the last note of all is this one.
        const MARK: u32 = 999_999;
        let mark = format!("app {MARK}");
        let is_mark = |entry: &aidl::LedgerEntry::LedgerEntry| entry.summary.contains(&mark);
        let entries = self.call(|users| {
            users.calls_refused(USER, MARK, "TOO_MANY", 1, Duration::from_secs(1));
            let read = |n| users.ledger(USER, None, n, &Default::default()).expect("a ledger");
            while !read(1).iter().all(is_mark) {
                std::thread::yield_now();
            }
            read(10_000)
        });
        let entries = entries.unwrap_or_default().into_iter().rev().filter(|e| !is_mark(e));
        entries.map(|entry| (entry.event, entry.summary)).collect()
    }
}

fn report_user(users: &Users, unlocked: bool) {
    let user =
        aidl::UserReport::UserReport { user: USER, serial: SERIAL, unlocked, ..Default::default() };
    users.report_users(&[user]);
    if unlocked {
        users.provide_storage_key(USER, Zeroizing::new([9; 32])).expect("a reported user");
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.stage.clear();
    }
}
