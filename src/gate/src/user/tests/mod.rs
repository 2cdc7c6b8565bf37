// SPDX-License-Identifier: Apache-2.0
//! What becomes of a user: on a real folder, with real processes in the place of uplinks (`sleep`, which takes its
//! one argument, a process id, for seconds and never says that it is ready, so that nothing is ever sent).

mod committing;
mod crash;
mod granting;
mod keystore;
mod legacy;
mod life;
mod messages;
mod preview;
mod reading;
mod removing;
mod reports;
mod samples;
mod staying;
mod updates;
mod versions;
mod withdrawing;

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use cloudmessaging_seal::{generate, IdentityKey, Number};
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::{Module, User, Users};
use crate::checkpoint::Committed;
use crate::clock::{Clock, SystemClock};
use crate::config::{Broker, Config, Registrar, SigningKey};
use crate::consent::{CaptureMethod, Conditions, Disclosures, SimIdentity};
use crate::disclose::{Classes, DataClass};
use crate::file::copied::{copied, copy_all};
use crate::gate::{Network, Refusal};
use crate::legacy::Leftovers;
use crate::process::Forker;
use crate::secrets::Files;
use crate::service::error::ServiceError;
use crate::service::facade::{Facade, GrantRequest, Hints, OutgoingMessage, Personal, UserId};
use crate::stay::{Stay, Unkept};
use crate::sync::lock;
use crate::work::{Processes, Started};

/// Longer than anything here takes, unless it never ends.
const LONG: Duration = Duration::from_secs(20);
const SERIAL: i64 = 7;
const SIM: i32 = 1;
const NUMBER: &str = "+15550100";
const IMSI: &str = "001010000000001";
const IMEI: &str = "490154203237518";

/// The kernel's clocks; before a thread reads them for the first time, it does what the test asked for.
struct Interrupting;

thread_local! {
    static INTERRUPTION: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

impl Clock for Interrupting {
    fn wall_ms(&self) -> i64 {
        if let Some(interruption) = INTERRUPTION.take() {
            interruption();
        }
        SystemClock.wall_ms()
    }

    fn boot_ms(&self) -> i64 {
        SystemClock.boot_ms()
    }
}

/// Nobody listens.
struct Deaf;

impl Hints for Deaf {
    fn state_changed(&self, _: UserId) {}
    fn outcomes(&self, _: UserId) {}
    fn inbound(&self, _: UserId) {}
    fn key_changed(&self, _: UserId) {}
}

/// The users of a phone, and its disk.
struct Phone {
    users: Arc<Users>,
    disk: TempDir,
}

impl Phone {
    /// Just started; nothing is reported.
    fn on(disk: TempDir) -> Self {
        Self::with_clock(disk, Arc::new(Interrupting))
    }

    fn with_clock(disk: TempDir, clock: Arc<dyn Clock>) -> Self {
        Self::with(disk, |module| module.clock = clock)
    }

    fn with(disk: TempDir, change: impl FnOnce(&mut Module)) -> Self {
        let product = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../product/disclosures");
        let config = config(&product);
        let mut module = Module {
            disclosures: Disclosures::load(&product, config.parties()).unwrap(),
            config,
            workers: Box::new(Processes {
                forker: Forker::start().unwrap(),
                program: "/bin/sleep".into(),
            }),
            data: disk.path().to_owned(),
            build: "build/1".into(),
            clock: Arc::new(Interrupting),
            hints: Arc::new(Deaf),
            secrets: Box::new(Files),
            checkpoint: Box::new(Committed),
            stay: Stay::begin(Box::new(Unkept), disk.path()),
            legacy: Leftovers::new(Default::default(), disk.path()),
        };
        change(&mut module);
        Self { users: Arc::new(Users::new(Arc::new(module))), disk }
    }

    /// User 0 is there and unlocked, and there is a network.
    fn ready() -> Self {
        let phone = Self::on(tempfile::tempdir().unwrap());
        phone.all_reported();
        phone
    }

    /// The same, and turned on, with its uplink running.
    fn turned_on() -> Self {
        let phone = Self::ready();
        phone.grant(0).unwrap();
        phone.uplink(0);
        phone
    }

    /// As the phone comes up again after its power was cut right now.
    fn after_power_cut(&self) -> Self {
        Self::on(self.disk_copy())
    }

    fn disk_copy(&self) -> TempDir {
        copied(self.disk.path())
    }

    fn all_reported(&self) {
        self.users.report_network(network());
        self.users.report_users(&[user(0)]);
        self.unlock(0);
        // Refused for who is off.
        let _ = self.users.report_identities(0, vec![sim()]);
    }

    fn unlock(&self, id: UserId) {
        self.users.provide_storage_key(id, Zeroizing::new([9; 32])).unwrap();
    }

    fn request(&self) -> GrantRequest {
        let english = self.users.module.disclosures.lookup("en");
        GrantRequest {
            disclosure_sha256: *english.sha256(),
            locale: "en".into(),
            allowed: Classes::from_iter(Classes::ALL),
            sims: vec![sim()],
            method: CaptureMethod::SettingsPage,
            conditions: Conditions::default(),
        }
    }

    fn grant(&self, id: UserId) -> Result<(), ServiceError> {
        self.users.grant(id, self.request())
    }

    fn user(&self, id: UserId) -> Arc<User> {
        self.users.user(id).expect("not reported")
    }

    fn is_on(&self, id: UserId) -> bool {
        let state = self.users.consent_state(id);
        let open = self.users.user(id).is_some_and(|user| user.gate.terms().is_ok());
        assert_eq!(state.on, open, "what the page shows is what the gate does");
        state.on
    }

    /// The uplink that runs, as soon as one does.
    fn uplink(&self, id: UserId) -> Arc<Started> {
        let user = self.user(id);
        eventually("an uplink runs", || user.gate.start(|_| Err(Refusal::Busy)).ok())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.disk.path().join("0").join(name)
    }

    /// The names of what is in the ledger of user 0, oldest first.
    fn events(&self) -> Vec<String> {
        // What was noted before is on the disk when this is.
        let _ = self.user(0).book.append(crate::ledger::Event::Refusals(Default::default()));
        let entries = self.users.ledger(0, None, 1000, &Default::default()).unwrap();
        let events = entries.iter().rev().map(|entry| entry.event.clone());
        events.filter(|event| event != "refusals").collect()
    }

    fn send(&self, id: u8) -> Result<Option<Refusal>, ServiceError> {
        self.users.send(0, message(id, "hello"))
    }
}

/// As every build of these tests has it: the registrar's keys are the same after each start.
fn config(product: &Path) -> Config {
    static KEYS: OnceLock<([u8; 32], [u8; 32])> = OnceLock::new();
    let (hpke_key, signing) = *KEYS
        .get_or_init(|| (generate().unwrap().1 .0, IdentityKey::generate().unwrap().public_key()));
    Config {
        broker: Broker {
            host: "broker.example".into(),
            port: 8883,
            ca: vec![vec![1]],
            client_certificate: vec![vec![2]],
            client_key: Zeroizing::new(vec![3]),
        },
        registrar: Registrar {
            hpke_key_id: 1,
            hpke_key,
            signing_keys: vec![SigningKey { id: 1, key: signing }],
        },
        origin: "cloudmessaging.example/ledger".into(),
        controller: "Example Org".into(),
        controller_contact: None,
        jurisdiction: None,
        receipt_delay_max: Duration::ZERO,
        ledger: crate::ledger::Retention::default(),
        disclosures: product.to_owned(),
        forbidden: false,
    }
}

fn user(id: UserId) -> aidl::UserReport::UserReport {
    aidl::UserReport::UserReport { user: id, serial: SERIAL, unlocked: true, ..Default::default() }
}

fn network() -> Network {
    Network { connected: true, ..Network::default() }
}

fn sim() -> SimIdentity {
    SimIdentity::new(SIM, NUMBER.into(), IMSI.into(), IMEI.into()).unwrap()
}

fn message(id: u8, body: &str) -> OutgoingMessage {
    OutgoingMessage {
        id: [id; 16],
        subscription: SIM,
        recipient: Number::parse("+15550101").unwrap(),
        body: Personal::new(body),
        sms_deadline_millis: SystemClock.wall_ms() + 600_000,
    }
}

/// Whether the kernel knows the process, dead ones included that nobody waited for.
fn exists(uplink: &Started) -> bool {
    Path::new("/proc").join(uplink.pid().to_string()).exists()
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begin.elapsed() < LONG, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
