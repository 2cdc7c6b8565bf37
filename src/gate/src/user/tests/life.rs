// SPDX-License-Identifier: Apache-2.0
//! A phone's whole life, made up: boots, power cuts in the middle of a decision, updates forward and back, users who are
//! removed, SIMs that are swapped, policies, disks copied and put back, grants and withdrawals. After each event the gate
//! is held against a model of ten lines (P1, P7).
//!
//! The disk is a real folder, in memory where there is one, the Keystore the fake one; a boot is a new gate on a copy of
//! the disk, so that nothing of the one before it can still write there.

mod builds;
mod model;

use proptest::prelude::*;
use proptest::test_runner::{Config as ProptestConfig, TestRunner};

use super::*;
use crate::courier::{Courier, Event};
use crate::file::faults;
use crate::keystore::tests::fake::Fake;
use crate::keystore::tests::{keystore, LONG as PATIENCE};
use crate::work::Workers;
use builds::Build;
use model::{Model, Said};

/// Histories, and how many of the kind that `--full` asks for.
const HISTORIES: (u32, u32) = (600, 10_000);

/// Events of the longest one.
const LONGEST: usize = 40;

/// What happens.
#[derive(Clone, Debug)]
enum Happening {
    /// The owner turns on.
    Grant,
    /// The owner turns off.
    Withdraw,
    /// The power goes at the change of the disk with this number, while the owner turns on.
    GrantCut(u8),
    /// The same while the owner turns off.
    WithdrawCut(u8),
    /// The disk takes no change with this number or later, while the owner turns off; and then it does again.
    WithdrawFails(u8),
    /// The phone is started again, after its power went.
    Boot,
    /// The phone is started again with another build.
    Update(Build),
    /// The user locks the phone, or unlocks it.
    Unlocked(bool),
    /// DISALLOW_SMS.
    SmsForbidden(bool),
    /// The managed configuration.
    Organisation(bool),
    /// Which SIM is in the phone; the second has the first one's place.
    Sim(Option<u8>),
    /// The network comes or goes.
    Network(bool),
    /// The user is removed.
    Removed,
    /// A user is made, with the id that it always has here.
    Made,
    /// A copy of the disk is made.
    Copy,
    /// The copy is put back on this phone.
    PutBack,
    /// The disk is copied to another phone of this kind.
    ToAnotherPhone,
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::*;
    prop_oneof![
        6 => Just(Grant),
        3 => Just(Withdraw),
        2 => (0u8..14).prop_map(GrantCut),
        2 => (0u8..8).prop_map(WithdrawCut),
        1 => (0u8..4).prop_map(WithdrawFails),
        3 => Just(Boot),
        4 => proptest::sample::select(Build::ALL.to_vec()).prop_map(Update),
        2 => any::<bool>().prop_map(Unlocked),
        1 => any::<bool>().prop_map(SmsForbidden),
        1 => any::<bool>().prop_map(Organisation),
        2 => proptest::option::weighted(0.8, 0u8..2).prop_map(Sim),
        1 => any::<bool>().prop_map(Network),
        1 => Just(Removed),
        2 => Just(Made),
        1 => Just(Copy),
        1 => Just(PutBack),
        1 => Just(ToAnotherPhone),
    ]
}

/// Nothing is done beside: it is done when it is asked for. No uplink starts, and no courier runs.
struct AtOnce;

impl Workers for AtOnce {
    fn start_uplink(&self, _configure: &[u8]) -> std::io::Result<Started> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn read_uplink(
        &self,
        _uplink: Arc<Started>,
        _courier: std::sync::mpsc::Sender<Event>,
    ) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn run_courier(&self, _courier: Courier) -> std::io::Result<()> {
        Ok(())
    }

    fn beside(&self, work: Box<dyn FnOnce() + Send>) -> std::io::Result<()> {
        work();
        Ok(())
    }
}

/// The phone, what its platform knows, and the model.
struct Life {
    phone: Phone,
    keystore: Fake,
    copy: Option<(TempDir, Option<Said>)>,
    model: Model,
}

fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn copy_of(disk: &Path) -> TempDir {
    let copy = folder();
    copy_all(disk, copy.path());
    copy
}

fn started(disk: TempDir, keystore_of_the_phone: &Fake, build: Build) -> Phone {
    Phone::with(disk, |module| {
        module.secrets = Box::new(keystore(keystore_of_the_phone, PATIENCE));
        module.workers = Box::new(AtOnce);
        build.install(module);
    })
}

fn sim_in_the_phone(which: u8) -> SimIdentity {
    let number = ["+15550100", "+15550109"][usize::from(which)];
    SimIdentity::new(SIM, number.into(), IMSI.into(), IMEI.into()).unwrap()
}

impl Life {
    fn begin() -> Self {
        let (keystore, model) = (Fake::default(), Model::default());
        let life =
            Self { phone: started(folder(), &keystore, model.build), keystore, copy: None, model };
        life.report();
        life
    }

    /// Our app reports all there is.
    fn report(&self) {
        let model = &self.model;
        let mut users = vec![user(10)];
        if model.exists {
            users.push(aidl::UserReport::UserReport {
                serial: model.serial,
                unlocked: model.unlocked,
                smsForbidden: model.sms_forbidden,
                forbiddenByOrganisation: model.organisation,
                ..user(0)
            });
        }
        let network = Network { connected: model.network, ..Network::default() };
        self.phone.users.report_network(network);
        self.phone.users.report_users(&users);
        if model.exists && model.unlocked {
            self.phone.unlock(0);
        }
        self.report_sims();
    }

    fn report_sims(&self) {
        // As our app does: read and reported while they are wanted.
        if self.phone.users.wants_identities(0) {
            let sims = self.model.sim.map(sim_in_the_phone).into_iter().collect();
            self.phone.users.report_identities(0, sims).unwrap();
        }
    }

    fn boot(&mut self, disk: TempDir) {
        self.phone = started(disk, &self.keystore, self.model.build);
        self.report();
    }

    fn grant(&self) -> Result<(), ServiceError> {
        let sims = self.model.sim.map(sim_in_the_phone).into_iter().collect();
        self.phone.users.grant(0, GrantRequest { sims, ..self.phone.request() })
    }

    /// The record that the gate holds for valid, if it does.
    fn record(&self) -> Option<[u8; 16]> {
        let user = self.phone.users.user(0)?;
        user.gate.terms().ok().map(|terms| terms.record_id)
    }

    fn live(&mut self, happening: &Happening) {
        match happening {
            Happening::Grant => {
                let granted = self.grant();
                assert_eq!(granted.is_ok(), self.model.can_grant(), "{granted:?}");
                if granted.is_ok() {
                    self.model.granted(self.record());
                    self.report_sims();
                }
            }
            Happening::Withdraw => {
                assert!(self.phone.users.withdraw(0, false).durable);
                self.model.withdrawn();
            }
            Happening::GrantCut(at) => {
                faults::from(usize::from(*at));
                let granted = self.grant();
                let disk = copy_of(self.phone.disk.path());
                faults::none();
                let may = granted.is_ok() || self.model.can_grant();
                // In memory, before the power is gone.
                if granted.is_ok() {
                    self.model.granted(self.record());
                }
                self.boot(disk);
                match granted.is_ok() {
                    true => {}
                    // As it was, off, or on: but for the last only if it was asked for.
                    false => self.model.cut(self.record(), may),
                }
            }
            Happening::WithdrawCut(at) => {
                faults::from(usize::from(*at));
                let durable = self.phone.users.withdraw(0, false).durable;
                assert!(!self.phone.is_on(0), "off now, durable or not");
                let disk = copy_of(self.phone.disk.path());
                faults::none();
                self.boot(disk);
                match durable {
                    true => self.model.withdrawn(),
                    false => self.model.cut(self.record(), false),
                }
            }
            Happening::WithdrawFails(at) => {
                faults::from(usize::from(*at));
                let first = self.phone.users.withdraw(0, false).durable;
                assert!(!self.phone.is_on(0), "off now, durable or not");
                faults::none();
                let again = self.phone.users.withdraw(0, false).durable;
                assert!(first || again, "the disk is well again");
                self.model.withdrawn();
            }
            Happening::Boot => self.boot(copy_of(self.phone.disk.path())),
            Happening::Update(build) => {
                self.model.build = *build;
                self.boot(copy_of(self.phone.disk.path()));
            }
            Happening::Unlocked(unlocked) => self.change(|model| model.unlocked = *unlocked),
            Happening::SmsForbidden(it_is) => self.change(|model| model.sms_forbidden = *it_is),
            Happening::Organisation(forbids) => self.change(|model| model.organisation = *forbids),
            Happening::Sim(sim) => self.change(|model| model.sim = *sim),
            Happening::Network(network) => self.change(|model| model.network = *network),
            Happening::Removed => self.change(Model::removed),
            Happening::Made => self.change(Model::made),
            Happening::Copy => {
                self.copy = Some((copy_of(self.phone.disk.path()), self.model.said.clone()));
            }
            Happening::PutBack => {
                let Some((copy, said)) = &self.copy else { return };
                let disk = copy_of(copy.path());
                self.model.put_back(said.clone());
                self.boot(disk);
            }
            Happening::ToAnotherPhone => {
                self.keystore = Fake::default();
                self.copy = None;
                self.model.withdrawn();
                self.boot(copy_of(self.phone.disk.path()));
            }
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Model)) {
        change(&mut self.model);
        self.report();
    }

    /// What the gate does is what the model says.
    fn check(&mut self) {
        let (model, is_on) = (&self.model, self.phone.is_on(0));
        assert!(model.is_as(is_on, model.is_on()), "on: {is_on}, {model:?}");
        let user = self.phone.users.user(0);
        let admits = user.as_ref().is_some_and(|user| user.gate.admits(Some(SIM)).is_ok());
        assert!(model.is_as(admits, model.takes()), "takes messages: {admits}, {model:?}");
        let connects = user.is_some_and(|user| user.gate.connects().is_ok());
        assert!(model.is_as(connects, model.may_send()), "may send: {connects}, {model:?}");
        // What is on was not lost.
        self.model.perhaps &= !is_on;
    }
}

#[test]
fn it_is_on_only_if_the_owner_said_so_last_and_nothing_widened_moved_or_forbade_since() {
    let full = std::env::var_os("CM_FULL").is_some();
    let histories = if full { HISTORIES.1 } else { HISTORIES.0 };
    let config = ProptestConfig {
        cases: histories,
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let (longest, on) = (std::cell::Cell::new(0), std::cell::Cell::new(0u32));
    let history = prop::collection::vec(happening(), 1..=LONGEST);
    let lived = runner.run(&history, |history| {
        let mut life = Life::begin();
        life.check();
        for happening in &history {
            life.live(happening);
            life.check();
            on.set(on.get() + u32::from(life.model.may_send()));
        }
        longest.set(longest.get().max(history.len()));
        Ok(())
    });
    if let Err(e) = lived {
        panic!("{e}");
    }
    println!("{histories} histories, the longest of {} events", longest.get());
    println!("after {} events it could send", on.get());
    // One that is never on would show nothing.
    assert!(on.get() > histories);
}
