// SPDX-License-Identifier: Apache-2.0
//! Each test is one claim, tried under every interleaving that loom finds (with `CM_FULL=1`; otherwise
//! under all with at most three preemptions).

use loom::thread;

use crate::gate::{Closed, Facts, Gate, Network, Policy, Refusal};
use crate::model::{
    connect, facts, open, send, start, terms, NetworkLedger, Process, Shared, World, REVEALED,
};
use crate::sync::{lock, Arc, Mutex};

fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    if std::env::var_os("CM_FULL").is_none() {
        builder.preemption_bound = Some(3);
    }
    builder.check(f);
}

fn world() -> Shared {
    Arc::new(Mutex::new(World::default()))
}

fn on_the_wire(world: &Shared) -> usize {
    lock(world).wire.len()
}

#[test]
fn nothing_handed_over_after_close_returned_can_leave() {
    model(|| {
        let world = world();
        let (gate, process) = open(&world);
        let sender = thread::spawn({
            let gate = gate.clone();
            move || send(&gate)
        });
        let uplink = thread::spawn({
            let process = process.clone();
            move || process.run()
        });
        gate.close(Closed::Off);
        let left = on_the_wire(&world);
        assert_eq!(lock(&world).alive, 0, "close returned while an uplink existed");
        let _ = sender.join().unwrap();
        uplink.join().unwrap();
        process.run();
        assert_eq!(on_the_wire(&world), left, "something left after close returned");
        assert_eq!(send(&gate), Err(Refusal::Closed(Closed::Off)));
    });
}

#[test]
fn no_uplink_starts_behind_a_close() {
    model(|| {
        let world = world();
        let gate = Arc::new(Gate::new());
        gate.report(facts());
        gate.open(terms());
        let starter = thread::spawn({
            let (gate, world) = (gate.clone(), world.clone());
            move || start(&gate, &world).map(|_| ())
        });
        gate.close(Closed::Off);
        assert_eq!(lock(&world).alive, 0, "close returned while an uplink existed");
        let _ = starter.join().unwrap();
        assert_eq!(lock(&world).alive, 0, "an uplink was started behind close");
    });
}

#[test]
fn a_permit_of_an_earlier_consent_is_of_no_use_under_a_later_one() {
    model(|| {
        let world = world();
        let (gate, old) = open(&world);
        let sender = thread::spawn({
            let gate = gate.clone();
            move || send(&gate)
        });
        gate.close(Closed::Off);
        gate.open(terms());
        let new = start(&gate, &world).unwrap();
        let sent = sender.join().unwrap();
        old.run();
        new.run();
        // Either the permit was of the new life all the way, or nothing left.
        let wire = lock(&world).wire.clone();
        assert!(wire.iter().all(|process| *process == new.number), "the old life sent");
        assert!(wire.is_empty() || sent.is_ok());
    });
}

#[test]
fn a_class_forbidden_in_the_middle_of_a_permit_does_not_leave() {
    model(|| {
        let world = world();
        let (gate, process) = open(&world);
        let sender = thread::spawn({
            let gate = gate.clone();
            move || send(&gate)
        });
        gate.forbid(REVEALED);
        let left = on_the_wire(&world);
        let _ = sender.join().unwrap();
        process.run();
        if let Ok(next) = start(&gate, &world) {
            assert_eq!(send(&gate), Err(Refusal::ClassNotAllowed(REVEALED)));
            next.run();
        }
        assert_eq!(on_the_wire(&world), left);
    });
}

#[test]
fn a_crashed_uplink_can_always_be_started_again() {
    model(|| {
        let world = world();
        let (gate, process) = open(&world);
        let reader = thread::spawn({
            let (gate, process) = (gate.clone(), process.clone());
            move || gate.ended(&process)
        });
        let other = thread::spawn({
            let gate = gate.clone();
            // Terms are replaced while the crash is being noticed.
            move || gate.open(terms())
        });
        reader.join().unwrap();
        other.join().unwrap();
        let next = start(&gate, &world).unwrap();
        assert_ne!(next.number, process.number, "a dead uplink was taken for a running one");
        assert_eq!(send(&gate), Ok(()));
        assert_eq!(lock(&world).alive, 1);
    });
}

#[test]
fn a_start_that_meets_new_terms_leaves_no_dead_uplink_in_use() {
    model(|| {
        let world = world();
        let gate = Arc::new(Gate::new());
        gate.report(facts());
        gate.open(terms());
        let starter = thread::spawn({
            let (gate, world) = (gate.clone(), world.clone());
            move || start(&gate, &world).map(|_| ())
        });
        gate.open(terms());
        let _ = starter.join().unwrap();
        start(&gate, &world).unwrap();
        assert_eq!(send(&gate), Ok(()), "permits are bound to an uplink that is gone");
        assert_eq!(lock(&world).alive, 1);
    });
}

#[test]
fn an_errand_leaves_no_uplink_behind_and_does_not_survive_a_policy() {
    model(|| {
        let world = world();
        let gate = Arc::new(Gate::<Process>::new());
        gate.report(facts());
        let errand = thread::spawn({
            let (gate, world) = (gate.clone(), world.clone());
            move || {
                let start = |network: &_| Ok(Process::start(&world, network));
                let _: Result<(), Refusal> = gate.errand(terms(), start, |errand| {
                    errand.uplink.run();
                    Ok(())
                });
            }
        });
        gate.report(Facts { policy: Some(Policy::SmsForbidden), ..facts() });
        assert_eq!(lock(&world).alive, 0, "an errand goes on although a policy forbids");
        errand.join().unwrap();
        assert_eq!(lock(&world).alive, 0, "errand returned while its uplink existed");
        assert!(!gate.running());
    });
}

/// P5: the entry names the network that the connection is made over.
#[test]
fn an_uplink_of_the_network_before_gets_no_permit_for_the_next() {
    model(|| {
        let world = world();
        let gate = Arc::new(Gate::new());
        gate.report(facts());
        gate.open(terms());
        let starter = thread::spawn({
            let (gate, world) = (gate.clone(), world.clone());
            move || start(&gate, &world).map(|_| ())
        });
        let reporter = thread::spawn({
            let gate = gate.clone();
            let next = Network { handle: 7, connected: true, ..Network::default() };
            move || gate.report(Facts { network: Some(next), ..facts() })
        });
        let connected = connect(&gate, &NetworkLedger(world.clone()));
        let _ = starter.join().unwrap();
        reporter.join().unwrap();
        if connected.is_ok() {
            let world = lock(&world);
            assert_eq!(world.given, world.told, "the ledger names another network");
        }
    });
}

/// What others do: look at a flag, then send. The model must find the leak, or it finds nothing.
#[test]
#[should_panic(expected = "something left after close returned")]
fn checking_a_flag_and_then_sending_leaks() {
    model(|| {
        let flag = Arc::new(Mutex::new(true));
        let world = world();
        let sender = thread::spawn({
            let (flag, world) = (flag.clone(), world.clone());
            move || {
                let on = *lock(&flag);
                if on {
                    lock(&world).wire.push(0);
                }
            }
        });
        *lock(&flag) = false;
        let left = on_the_wire(&world);
        sender.join().unwrap();
        assert_eq!(on_the_wire(&world), left, "something left after close returned");
    });
}
