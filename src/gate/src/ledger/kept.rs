// SPDX-License-Identifier: Apache-2.0
//! A ledger for as long as the gate runs: opened anew when the disk has stopped it and may have recovered, with nothing
//! lost of what was only noted, and with no more content than is to be kept.
//!
//! Nothing is transmitted while it is stopped (P5). Opening anew reads all of it, so only those wait for that who wait
//! for the disk anyway: [`append`](Kept::append), and whoever calls [`tend`](Kept::tend) on a thread of his own.

use std::sync::{Arc, TryLockError};
use std::time::{Duration, Instant};

use super::{Event, Ledger, LedgerError, Retention, Said};
use crate::clock::Clock;
use crate::sync::{lock, Mutex};

/// Between two attempts to open a ledger that has stopped, by the boot clock.
const RETRY_MS: i64 = 3000;

/// What is to be kept is looked at that often, and whenever a segment has begun.
const TEND_MS: i64 = 24 * 3600 * 1000;

/// Most events that are noted and not durable. What is more is lost: the disk is gone for long by then.
const OWED_MAX: usize = 1024;

/// How long closing waits for who still writes.
const CLOSED_WITHIN: Duration = Duration::from_secs(3);

/// How the ledger is opened.
type Open = Box<dyn Fn() -> Result<Ledger, LedgerError> + Send + Sync>;

/// See the module.
pub struct Kept {
    open: Open,
    clock: Arc<dyn Clock>,
    keep: Retention,
    slot: Mutex<Slot>,
    /// Events that were noted, oldest first, and where, if they got a position.
    owed: Mutex<Vec<(Option<u64>, Event)>>,
    tended: Mutex<Tended>,
    /// Held by the one who tends.
    tending: Mutex<()>,
    /// Held by the one who opens it anew.
    opening: Mutex<()>,
}

struct Slot {
    ledger: Result<Arc<Ledger>, LedgerError>,
    /// Not opened anew before.
    again_ms: i64,
}

/// When what is to be kept was last looked at.
#[derive(Default)]
struct Tended {
    until_ms: i64,
    segments: usize,
}

impl Kept {
    /// Opens it; one that does not open is tried again.
    pub fn new(
        open: impl Fn() -> Result<Ledger, LedgerError> + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
        keep: Retention,
    ) -> Self {
        let ledger = open()
            .inspect_err(|e| log::error!("the ledger does not open, nothing will be sent: {e}"))
            .map(Arc::new);
        Self {
            open: Box::new(open),
            clock,
            keep,
            slot: Mutex::new(Slot { ledger, again_ms: 0 }),
            owed: Mutex::default(),
            tended: Mutex::default(),
            tending: Mutex::default(),
            opening: Mutex::default(),
        }
    }

    /// The ledger, to be read. Opens nothing, but waits while somebody does.
    pub fn to_read(&self) -> Result<Arc<Ledger>, LedgerError> {
        self.ledger().or_else(|_| {
            drop(lock(&self.opening));
            self.ledger()
        })
    }

    /// The ledger as it is. Waits for nobody.
    pub fn ledger(&self) -> Result<Arc<Ledger>, LedgerError> {
        lock(&self.slot).ledger.clone()
    }

    /// Appends; durable when it returns its position. Opens a ledger that has stopped.
    pub fn append(&self, event: Event) -> Result<u64, LedgerError> {
        let ledger = self.running()?;
        if self.owes() {
            // First what came first: a withdrawal must not stand behind the grant that followed it.
            self.place(&ledger);
            if self.owes() {
                return Err(LedgerError::Backlog);
            }
        }
        ledger.append(event)
    }

    /// Appends without waiting for the disk, or for no longer than this: for what has happened already. What does not
    /// reach the disk is written once it can be.
    pub fn note(&self, event: Event, wait: Duration) -> Result<(), LedgerError> {
        let appending = match self.owes() {
            true => Err(LedgerError::Backlog),
            false => self.ledger().and_then(|ledger| ledger.append_detached(event.clone())),
        };
        if !matches!(appending, Err(LedgerError::TooLarge(_) | LedgerError::Closed)) {
            let mut owed = lock(&self.owed);
            let durable = self.ledger().map_or(0, |ledger| ledger.count());
            owed.retain(|(at, _)| at.is_none_or(|at| at >= durable));
            if owed.len() < OWED_MAX {
                owed.push((appending.as_ref().ok().map(|a| a.position()), event));
            } else {
                log::error!("an event that the disk did not take is lost");
            }
        }
        let appending = appending?;
        if !wait.is_zero() {
            appending.wait(wait)?;
        }
        Ok(())
    }

    /// Lets go of it, and of what was noted, for good. Fails if somebody still writes after [`CLOSED_WITHIN`]: then it
    /// is as before.
    pub fn close(&self) -> Result<(), LedgerError> {
        let _nobody_opens = lock(&self.opening);
        let begin = Instant::now();
        loop {
            let mut slot = lock(&self.slot);
            let held = |ledger: &Arc<Ledger>| Arc::strong_count(ledger) > 1 || ledger.is_held();
            if !slot.ledger.as_ref().is_ok_and(held) {
                slot.ledger = Err(LedgerError::Closed);
                break;
            }
            drop(slot);
            if begin.elapsed() > CLOSED_WITHIN {
                return Err(LedgerError::InUse);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        lock(&self.owed).clear();
        *lock(&self.tended) = Tended::default();
        Ok(())
    }

    /// Opens what was closed: a new one, if what was there was removed.
    pub fn begin(&self) {
        let _nobody_else_opens = lock(&self.opening);
        let ledger = (self.open)()
            .inspect_err(|e| log::error!("a ledger does not begin, nothing will be sent: {e}"))
            .map(Arc::new);
        *lock(&self.slot) = Slot { ledger, again_ms: 0 };
    }

    /// What it says about the consent.
    pub fn standing(&self) -> Result<Said, LedgerError> {
        self.ledger()?.standing()
    }

    /// Erases the content of all entries there are.
    pub fn erase(&self) -> Result<u64, LedgerError> {
        let ledger = self.running()?;
        ledger.erase(|| Ok(ledger.standing()?.on()))
    }

    /// Whether [`tend`](Self::tend) has something to do. Takes no time.
    pub fn is_to_be_tended(&self) -> bool {
        let now = self.clock.boot_ms();
        let slot = lock(&self.slot);
        let segments = match &slot.ledger {
            Ok(ledger) if ledger.stopped().is_none() => ledger.segments(),
            Ok(_) => return now >= slot.again_ms,
            Err(why) => return now >= slot.again_ms && may_pass(why),
        };
        drop(slot);
        if self.owes() {
            return true;
        }
        let tended = lock(&self.tended);
        now >= tended.until_ms || segments != tended.segments
    }

    /// Opens a ledger that has stopped, and erases what is not to be kept. Takes as long as the disk does; a failure
    /// refuses nothing.
    pub fn tend(&self) {
        let _one = match self.tending.try_lock() {
            Err(TryLockError::WouldBlock) => return,
            one => one,
        };
        let tended = self.running().and_then(|ledger| {
            self.place(&ledger);
            self.retain(&ledger)
        });
        if let Err(e) = tended {
            log::error!("more is kept of the ledger than should be: {e}");
        }
    }

    fn retain(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        if ledger.is_newer() {
            // Whoever wrote it knows what is to be kept of it.
            return Ok(());
        }
        {
            // Before it is done: what fails is tried again with the next segment, or the next day.
            let mut tended = lock(&self.tended);
            tended.until_ms = self.clock.boot_ms().saturating_add(TEND_MS);
            tended.segments = ledger.segments();
        }
        ledger.retain(self.keep, || Ok(ledger.standing()?.on()))?;
        lock(&self.tended).segments = ledger.segments();
        Ok(())
    }

    /// The ledger, opened anew if it has stopped and it is time to try.
    fn running(&self) -> Result<Arc<Ledger>, LedgerError> {
        let now = self.clock.boot_ms();
        let _opening = {
            let mut slot = lock(&self.slot);
            let (why, is_read) = match &slot.ledger {
                Ok(ledger) => match ledger.stopped() {
                    None => return Ok(ledger.clone()),
                    // Whoever has it has it from this slot, and the slot is locked.
                    Some(why) => (why, Arc::strong_count(ledger) > 1 || ledger.is_held()),
                },
                Err(why) => (why.clone(), false),
            };
            if now < slot.again_ms || is_read || !may_pass(&why) {
                return Err(why);
            }
            let opening = match self.opening.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(why),
                opening => opening,
            };
            // The old one is let go: no ledger is open twice.
            (slot.ledger, slot.again_ms) = (Err(why), now.saturating_add(RETRY_MS));
            opening
        };
        let opened = (self.open)().map(Arc::new);
        match &opened {
            Ok(ledger) => {
                log::info!("the ledger goes on");
                self.settle(ledger);
            }
            Err(e) => log::error!("the ledger does not open: {e}"),
        }
        lock(&self.slot).ledger = opened.clone();
        opened
    }

    /// Whether something was noted that got no place.
    fn owes(&self) -> bool {
        lock(&self.owed).iter().any(|(at, _)| at.is_none())
    }

    /// Gives a place to what was noted and has none, in its order. What gets none keeps those behind it waiting.
    fn place(&self, ledger: &Ledger) {
        for (at, event) in lock(&self.owed).iter_mut().filter(|(at, _)| at.is_none()) {
            match ledger.append_detached(event.clone()) {
                Ok(appending) => *at = Some(appending.position()),
                Err(_) => return,
            }
        }
    }

    /// Appends what was noted and is not in a ledger that was opened anew.
    fn settle(&self, ledger: &Ledger) {
        // Reads, so nobody who notes something is to wait for it.
        let mut owed = std::mem::take(&mut *lock(&self.owed));
        owed.retain_mut(|(at, event)| {
            let there = at.take().is_some_and(|at| {
                let record =
                    ledger.read(Some(at.saturating_add(1)), 1).ok().and_then(|mut r| r.pop());
                record.is_some_and(|r| r.position == at && r.entry.event.as_ref() == Some(event))
            });
            !there
        });
        lock(&self.owed).splice(0..0, owed);
        self.place(ledger);
    }
}

/// Whether another attempt can end otherwise. What is not as it was written stays so.
fn may_pass(why: &LedgerError) -> bool {
    match why {
        LedgerError::Damaged { .. } | LedgerError::Foreign { .. } | LedgerError::Closed => false,
        LedgerError::Stopped(cause) => may_pass(cause),
        _ => true,
    }
}
