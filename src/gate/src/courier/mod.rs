// SPDX-License-Identifier: Apache-2.0
//! The courier: one thread for each user who has consented, which does everything that happens behind `send`. It
//! starts the uplink, connects, registers, looks up, sends, receives and answers, and decides when to try again.
//!
//! It holds no authority: whatever leaves has a permit of its own, asked for at that moment, and a refusal is
//! waited out. It ends when there is no consent any more; nobody waits for it.
//!
//! Read it as the way of a message: `link` (connections), `registration`, `look_up`, `outgoing`, `incoming`,
//! `receipts`, `retract`.

mod backoff;
mod dropped;
mod incoming;
mod life;
mod link;
mod look_up;
mod outgoing;
mod receipts;
mod registration;
pub mod request;
mod retract;
mod sending;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::Arc;
use std::time::Duration;

use cloudmessaging_seal::{KeyId, Number, SealError};
use cloudmessaging_wire::proto::registrar::refused::Reason;
use cloudmessaging_wire::proto::uplink::from_uplink;

use self::backoff::Backoff;
use self::life::Life;
use self::registration::Standing;
use zeroize::Zeroizing;

use crate::gate::Refusal;
use crate::message::{MessageId, StoreError};
use crate::process::End;
use crate::sync::lock;
use crate::user::User;
use crate::work::Started;

/// The longest the courier sleeps: clocks can be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

/// Between two attempts to write how a message ended.
const DISK_RETRY: Duration = Duration::from_secs(1);

/// What the courier is told.
pub enum Event {
    /// Something may have changed: look again.
    Wake,
    /// The owner's code for the registration of a SIM.
    Code(i32, Zeroizing<String>),
    /// The owner wants another code for the registration of a SIM.
    AnotherCode(i32),
    /// A frame of this uplink.
    Frame(Arc<Started>, from_uplink::Frame),
    /// This uplink ended by itself, or talks nonsense.
    Ended(Arc<Started>, End),
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

/// The courier of one user.
pub struct Courier {
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
    asked: HashMap<KeyId, sending::Request>,
    /// What the registrar answered about whom the owner writes to; forgotten with the consent.
    found: HashMap<Number, look_up::Found>,
    /// When a number may be looked up again.
    look_ups: HashMap<Number, Backoff>,
    /// When a message that the broker refused is to be sent again; forgotten with the consent.
    refused: HashMap<MessageId, Backoff>,
    /// Receipts that are not to be sent now, by row: in the hands of the uplink, or settled and still on the disk.
    answering: HashSet<i64>,
    dropped: dropped::DroppedCounts,
}

impl Courier {
    /// The courier of a user, and where to tell it something.
    pub fn new(user: Arc<User>) -> (Self, Sender<Event>) {
        let (sender, events) = mpsc::channel();
        let courier = Self {
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
            refused: HashMap::new(),
            answering: HashSet::new(),
            dropped: dropped::DroppedCounts::default(),
        };
        (courier, sender)
    }

    /// Whose it is.
    pub fn user(&self) -> i32 {
        self.user.id
    }

    /// Works until it is not needed any more.
    pub fn run(mut self) {
        log::info!("courier of user {}: starts", self.user.id);
        while let Some(sleep) = self.step() {
            if let Ok(event) = self.events.recv_timeout(sleep) {
                self.handle(event);
                self.hear();
            }
        }
        log::info!("courier of user {}: ends", self.user.id);
    }

    /// Takes in all that it was told; waits for nothing.
    pub fn hear(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.handle(event);
        }
    }

    /// Does what is due. Gives how long nothing will be unless it is told something; `None`: it has ended.
    pub fn step(&mut self) -> Option<Duration> {
        let Ok(terms) = self.user.gate.terms() else { return self.settle() };
        if self.consent != Some(terms.record_id) {
            // What was asked and found under an earlier consent is not used under this one.
            self.consent = Some(terms.record_id);
            self.registrations.clear();
            self.asked.clear();
            self.found.clear();
            self.look_ups.clear();
            self.refused.clear();
        }
        Some(self.carry())
    }

    /// Without consent nothing can leave; what was handed over before still comes to its outcome. Ends when nothing
    /// is under way.
    fn settle(&mut self) -> Option<Duration> {
        self.drop_life();
        self.flush_all_dropped();
        let failed = self.expire();
        match self.next_deadline(failed) {
            Some(deadline) => Some(self.until(deadline)),
            None if self.user.courier_may_end() => None,
            // There is consent again.
            None => Some(Duration::ZERO),
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Wake => {}
            Event::Code(sim, code) => self.take_code(sim, code),
            Event::AnotherCode(sim) => self.ask_anew(sim),
            Event::Frame(uplink, frame) => self.frame(&uplink, frame),
            Event::Ended(uplink, end) => self.ended(&uplink, end),
        }
    }

    /// Carries, while there is consent; gives how long nothing will be due.
    fn carry(&mut self) -> Duration {
        let now = self.now();
        let failed = self.expire();
        self.end_moved();
        let mut next = now.saturating_add(LONGEST_SLEEP.as_millis() as i64);
        // Before what asks again.
        self.forget_unanswered(now);
        // Without a network too: what a prekey opens is not to be opened for longer because the phone was away.
        self.renew_keys(now, &mut next);
        if self.ensure_uplink(now, &mut next) {
            self.connect_due(now, &mut next);
            self.register_due(now, &mut next);
            self.send_due(now, &mut next);
            self.retract_due(now, &mut next);
            self.answer_due(now, &mut next);
        }
        self.await_answers(&mut next);
        self.flush_dropped(now, &mut next);
        if let Some(deadline) = self.next_deadline(failed) {
            next = next.min(deadline);
        }
        self.publish_links();
        self.until(next)
    }

    /// Messages whose time is over. Whether the disk failed.
    fn expire(&mut self) -> bool {
        // Also what a crash or a failing disk left of a withdrawal.
        let settled = self.user.settle_desk();
        let now = self.now();
        let ended = lock(&self.user.desk).outbox.expire(now);
        let failed = ended.as_ref().is_err_and(|e| *e != StoreError::Locked);
        self.user.tell_ended(ended);
        let boot = self.user.module.clock.boot_ms();
        match lock(&self.user.desk).inbox.expire(now, boot) {
            Ok(_) | Err(StoreError::Locked) => {}
            Err(e) => log::error!("messages that were kept long enough are still there: {e}"),
        }
        failed || !settled
    }

    /// When the next message reaches its deadline; where one has ended and that could not be written, when that is
    /// tried again.
    fn next_deadline(&self, failed: bool) -> Option<i64> {
        let deadline = lock(&self.user.desk).outbox.next_deadline()?;
        let retry = self.now().saturating_add(DISK_RETRY.as_millis() as i64);
        Some(if failed { retry } else { deadline })
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
