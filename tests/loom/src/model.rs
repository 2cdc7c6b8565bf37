// SPDX-License-Identifier: Apache-2.0
//! The world around the gate: processes, the wire, a ledger that lets others run.

use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::proto::uplink::Connect;

use crate::disclose::{Classes, DataClass, Delivery, Payload, RecipientRoutingId, Sealed};
use crate::gate::{
    ConnectEntry, Facts, Gate, HandOver, IntentEntry, Ledger, Network, Permit, Publication,
    Refusal, Terms, Topic, Uplink,
};
use crate::sync::{lock, Arc, Mutex};

/// What all processes share: how many exist, and what left the phone, by process.
#[derive(Default)]
pub struct World {
    pub alive: u32,
    pub forks: u32,
    /// Payloads that left, each with the process that sent it.
    pub wire: Vec<u32>,
    /// The networks of the processes that were given a frame.
    pub given: Vec<String>,
    /// The networks that the ledger was told.
    pub told: Vec<String>,
}

pub type Shared = Arc<Mutex<World>>;

/// One uplink: `socketpair` holds what was handed over and not sent yet.
pub struct Process {
    pub number: u32,
    network: String,
    socketpair: Mutex<Option<u32>>,
    world: Shared,
}

impl Process {
    pub fn start(world: &Shared, network: &Network) -> Self {
        let mut w = lock(world);
        w.alive += 1;
        w.forks += 1;
        let (number, network) = (w.forks, network.describe());
        Self { number, network, socketpair: Mutex::new(Some(0)), world: world.clone() }
    }

    /// The process is scheduled: what lies in its socketpair leaves, if it still exists.
    pub fn run(&self) {
        if let Some(held) = &mut *lock(&self.socketpair) {
            let mut world = lock(&self.world);
            world.wire.extend((0..std::mem::take(held)).map(|_| self.number));
        }
    }
}

impl Uplink for Process {
    fn hand_over(&self, _frame: &[u8]) -> Result<(), HandOver> {
        match &mut *lock(&self.socketpair) {
            Some(held) => {
                *held += 1;
                lock(&self.world).given.push(self.network.clone());
                Ok(())
            }
            None => Err(HandOver::Gone),
        }
    }

    fn kill(&self) {
        if lock(&self.socketpair).take().is_some() {
            lock(&self.world).alive -= 1;
        }
    }
}

/// A ledger in which a permit can get stuck: everybody else may run before the write is durable.
pub struct SlowLedger;

impl Ledger for SlowLedger {
    fn connect(&self, _: &ConnectEntry<'_>) -> Result<(), Refusal> {
        loom::thread::yield_now();
        Ok(())
    }

    fn intent(&self, _: &IntentEntry<'_>) -> Result<(), Refusal> {
        loom::thread::yield_now();
        Ok(())
    }
}

/// A ledger that remembers which network each connection was said to use.
pub struct NetworkLedger(pub Shared);

impl Ledger for NetworkLedger {
    fn connect(&self, entry: &ConnectEntry<'_>) -> Result<(), Refusal> {
        lock(&self.0).told.push(entry.network.to_owned());
        Ok(())
    }

    fn intent(&self, _: &IntentEntry<'_>) -> Result<(), Refusal> {
        Ok(())
    }
}

pub fn terms() -> Terms {
    Terms {
        record_id: [1; 16],
        classes: Classes::from_iter(Classes::ALL),
        sims: vec![1],
        while_roaming: false,
        with_data_saver: false,
        with_battery_saver: false,
    }
}

pub fn facts() -> Facts {
    let network = Network { connected: true, ..Network::default() };
    let (exists, unlocked, committed) = (true, true, true);
    Facts { committed, exists, unlocked, policy: None, sims: vec![1], network: Some(network) }
}

/// A gate that is open, with an uplink running.
pub fn open(world: &Shared) -> (Arc<Gate<Process>>, Arc<Process>) {
    let gate = Arc::new(Gate::new());
    gate.report(facts());
    gate.open(terms());
    let process = start(&gate, world).unwrap();
    (gate, process)
}

pub fn start(gate: &Gate<Process>, world: &Shared) -> Result<Arc<Process>, Refusal> {
    gate.start(|network| Ok(Process::start(world, network)))
}

/// A connection, with the real permit.
pub fn connect(gate: &Gate<Process>, ledger: &NetworkLedger) -> Result<(), Refusal> {
    gate.permit(Purpose::Connect, None, |permit| permit.connect(Connect::default(), None, ledger))
}

/// The whole way of a payload, with the real permit, disclosure and hand-over.
pub fn send(gate: &Gate<Process>) -> Result<(), Refusal> {
    gate.permit(Purpose::Receipt, Some(1), transmit)
}

pub fn transmit<'p>(mut permit: Permit<'p, Process>) -> Result<(), Refusal> {
    let delivery = permit.disclose(Delivery((vec![0; 16], 1)))?;
    let sealed: Sealed<'p> =
        Payload::receipt(delivery).seal_with(|_| Ok::<_, Refusal>((vec![0; 256], 1)))?;
    let reader = RecipientRoutingId([2; 32]);
    let to = Publication {
        connection: 1,
        token: 1,
        topic: Topic::Inbox(&reader),
        expiry_s: 1,
        message_id: None,
        checkpoint: None,
    };
    permit.transmit(sealed, to, &SlowLedger)
}

/// A class that [`transmit`] reveals.
pub const REVEALED: DataClass = DataClass::DeliveryReceipt;
