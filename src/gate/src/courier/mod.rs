// SPDX-License-Identifier: Apache-2.0
//! The courier: one thread for each user who has consented, which does everything that happens behind `send`. It
//! starts the uplink, connects, registers, looks up, sends, receives and answers, and decides when to try again.
//!
//! It holds no authority: whatever leaves has a permit of its own, asked for at that moment, and a refusal is
//! waited out. It ends when there is no consent any more; nobody waits for it.
//!
//! Read it as the way of a message: `link` (connections), `registration`, `look_up`, `outgoing`, `incoming`.

mod backoff;
mod incoming;
mod link;
mod look_up;
mod outgoing;
mod registration;
pub mod request;

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_seal::{KeyId, Number, ReaderKeys, RoutingId, SealError};
use cloudmessaging_wire::proto::registrar::refused::Reason;
use cloudmessaging_wire::proto::uplink::from_uplink;

use self::backoff::Backoff;
use self::link::Life;
use self::registration::Standing;
use zeroize::Zeroizing;

use crate::gate::Refusal;
use crate::process::{End, Process};
use crate::sync::lock;
use crate::user::User;

/// The longest the courier sleeps: clocks can be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

/// What the courier is told.
pub enum Event {
    /// Something may have changed: look again.
    Wake,
    /// The owner's code for the registration of a SIM.
    Code(i32, Zeroizing<String>),
    /// A frame of this uplink.
    Frame(Arc<Process>, from_uplink::Frame),
    /// This uplink ended by itself, or talks nonsense.
    Ended(Arc<Process>, End),
}

/// Why a step did not happen; it is tried again later.
#[derive(Debug, thiserror::Error)]
enum Setback {
    #[error("refused: {0:?}")]
    Refused(Refusal),
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<Refusal> for Setback {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

struct Courier {
    user: Arc<User>,
    events: Receiver<Event>,
    sender: Sender<Event>,
    /// The consent that all below belongs to.
    consent: Option<[u8; 16]>,
    life: Option<Life>,
    /// Between two starts of an uplink that crashes.
    starting: Backoff,
    /// By subscription id.
    registrations: BTreeMap<i32, Standing>,
    /// Requests to the registrar whose answer is awaited.
    asked: HashMap<KeyId, outgoing::Request>,
    /// What the registrar answered about whom the owner writes to; forgotten with the consent.
    found: HashMap<Number, (RoutingId, ReaderKeys)>,
    /// When a number may be looked up again.
    look_ups: HashMap<Number, Backoff>,
    receipts: Vec<incoming::DueReceipt>,
    refused: incoming::RefusedCounts,
}

/// Starts the courier of a user; gives where to tell it something.
pub fn start(user: Arc<User>) -> Option<Sender<Event>> {
    let (sender, events) = mpsc::channel();
    let mut courier = Courier {
        user,
        events,
        sender: sender.clone(),
        consent: None,
        life: None,
        starting: Backoff::new(Duration::from_millis(250), Duration::from_secs(60)),
        registrations: BTreeMap::new(),
        asked: HashMap::new(),
        found: HashMap::new(),
        look_ups: HashMap::new(),
        receipts: Vec::new(),
        refused: incoming::RefusedCounts::default(),
    };
    let name = format!("courier {}", courier.user.id);
    std::thread::Builder::new()
        .name(name)
        .spawn(move || courier.run())
        .inspect_err(|e| log::error!("no courier: {e}"))
        .ok()?;
    Some(sender)
}

impl Courier {
    fn run(&mut self) {
        log::info!("courier of user {}: starts", self.user.id);
        while !self.user.courier_may_end() {
            self.work();
            self.drop_life();
            self.settle();
        }
        log::info!("courier of user {}: ends", self.user.id);
    }

    /// Carries, as long as there is consent.
    fn work(&mut self) {
        while let Ok(terms) = self.user.gate.terms() {
            if self.consent != Some(terms.record_id) {
                // What was asked and found under an earlier consent is not used under this one.
                self.consent = Some(terms.record_id);
                self.registrations.clear();
                self.asked.clear();
                self.found.clear();
                self.look_ups.clear();
                self.receipts.clear();
            }
            let sleep = self.step();
            match self.events.recv_timeout(sleep) {
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(event) = self.events.try_recv() {
                self.handle(event);
            }
        }
    }

    /// Without consent nothing can leave; what was handed over before still comes to its outcome. Returns when
    /// nothing is under way, or there is consent again.
    fn settle(&mut self) {
        while self.user.gate.terms().is_err() {
            self.expire();
            let Some(next) = lock(&self.user.desk).outbox.next_deadline() else { return };
            let sleep = self.until(next);
            // Whatever it is: of an uplink that is gone, or the word to look again.
            let _ = self.events.recv_timeout(sleep);
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Wake => {}
            Event::Code(sim, code) => self.take_code(sim, code),
            Event::Frame(uplink, frame) => self.frame(&uplink, frame),
            Event::Ended(uplink, end) => self.ended(&uplink, end),
        }
    }

    /// Does what is due; gives how long nothing will be.
    fn step(&mut self) -> Duration {
        let now = self.now();
        self.expire();
        let mut next = now.saturating_add(LONGEST_SLEEP.as_millis() as i64);
        if self.ensure_uplink(now, &mut next) {
            self.renew_keys(now, &mut next);
            self.connect_due(now, &mut next);
            self.register_due(now, &mut next);
            self.send_due(now, &mut next);
            self.answer_due(now, &mut next);
        }
        self.flush_refused(now, &mut next);
        if let Some(deadline) = lock(&self.user.desk).outbox.next_deadline() {
            next = next.min(deadline);
        }
        self.publish_links();
        self.until(next)
    }

    /// Messages whose time is over.
    fn expire(&mut self) {
        let now = self.now();
        let ended = lock(&self.user.desk).outbox.expire(now);
        match ended {
            Ok(ended) if ended.is_empty() => {}
            Ok(ended) => {
                ended.iter().for_each(|closed| self.user.book.message_ended(closed));
                self.user.module.hints.outcomes(self.user.id);
            }
            Err(e) => log::error!("messages cannot be ended: {e}"),
        }
        if let Err(e) = lock(&self.user.desk).inbox.expire(now) {
            log::error!("messages that were kept long enough are still there: {e}");
        }
    }

    fn now(&self) -> i64 {
        self.user.module.clock.wall_ms()
    }

    fn until(&self, when_ms: i64) -> Duration {
        let ms = when_ms.saturating_sub(self.now()).max(0);
        Duration::from_millis(ms.unsigned_abs()).min(LONGEST_SLEEP)
    }
}

/// Whether the registrar refuses only for the moment.
fn transient(reason: Reason) -> bool {
    matches!(reason, Reason::TooOften | Reason::Unavailable | Reason::Clock)
}
