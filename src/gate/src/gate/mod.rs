// SPDX-License-Identifier: Apache-2.0
//! The gate: every transmission passes here or does not happen (P1, P2, P3).
//!
//! One [`Gate`] per Android user. It knows the owner's [`Terms`] (from a valid record) or why there are
//! none, the [`Facts`] that were reported, and the one uplink process. [`Gate::permit`] gives a [`Permit`]
//! bound to the life of that process; [`Gate::close`] kills the process and has it reaped before it
//! returns. It waits for no permit: whatever a permit still hands over goes to a process that is gone.
//!
//! It trusts that [`Uplink::kill`] returns only when the process no longer exists, and that nothing handed
//! over survives it (sockets with linger 0). `tests/loom` proves the rest on this very source.

mod facts;
mod permit;
mod refusal;
mod rule;

pub use facts::{Facts, Network, Terms};
pub use permit::{
    CheckpointOpening, ConnectEntry, IntentEntry, Ledger, Permit, Publication, Topic,
};
pub use refusal::{Closed, Policy, Refusal};

use cloudmessaging_wire::proto::ledger::Purpose;

use crate::disclose::DataClass;
use crate::sync::{lock, Arc, Mutex};

/// One uplink process.
pub trait Uplink: Send + Sync + 'static {
    /// Hands a frame over without blocking.
    fn hand_over(&self, frame: &[u8]) -> Result<(), HandOver>;

    /// Kills the process and reaps it; returns when it no longer exists. Again is fine.
    fn kill(&self);
}

/// Why a frame was not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandOver {
    /// The socketpair is full.
    Full,
    /// The process is gone.
    Gone,
}

/// The gate of one user. Locks: `process` before `state`, and never I/O under `state`.
pub struct Gate<U: Uplink> {
    state: Mutex<State<U>>,
    /// The process that exists, if one does. Held through fork and kill, so that a process can neither be
    /// started behind a `close` that is under way nor outlive it.
    process: Mutex<Option<Arc<U>>>,
}

struct State<U> {
    terms: Result<Terms, Closed>,
    facts: Facts,
    /// Rises with every change: a process started before a change is not installed after it.
    generation: u64,
    /// The process that permits are bound to.
    uplink: Option<Arc<U>>,
}

impl<U: Uplink> Default for Gate<U> {
    fn default() -> Self {
        Self::new()
    }
}

impl<U: Uplink> Gate<U> {
    /// A gate that is closed, and to which nothing was reported.
    pub fn new() -> Self {
        let (terms, facts) = (Err(Closed::Off), Facts::default());
        let state = State { terms, facts, generation: 0, uplink: None };
        Self { state: Mutex::new(state), process: Mutex::new(None) }
    }

    /// Opens on the terms of a record that is durable. What ran on other terms ends.
    pub fn open(&self, terms: Terms) {
        self.change(|state| state.terms = Ok(terms));
    }

    /// Closes. When it returns, no uplink of this user exists; it waits for no permit. Gives the terms
    /// that were in force.
    pub fn close(&self, why: Closed) -> Option<Terms> {
        let mut before = None;
        self.change(|state| before = std::mem::replace(&mut state.terms, Err(why)).ok());
        before
    }

    /// Takes note of new facts. If they differ, what ran under the old ones ends.
    pub fn report(&self, facts: Facts) {
        if lock(&self.state).facts != facts {
            self.change(|state| state.facts = facts);
        }
    }

    /// Forbids a class at once: permits that may hold it are bound to a process that ends here.
    pub fn forbid(&self, class: DataClass) {
        self.change(|state| {
            if let Ok(terms) = &mut state.terms {
                terms.classes.remove(class);
            }
        });
    }

    /// Allows a class from the next permit on.
    pub fn allow(&self, class: DataClass) {
        if let Ok(terms) = &mut lock(&self.state).terms {
            terms.classes.insert(class);
        }
    }

    /// Changes the state and ends the process that ran under the old one.
    fn change(&self, change: impl FnOnce(&mut State<U>)) {
        {
            let mut state = lock(&self.state);
            change(&mut state);
            state.generation += 1;
            state.uplink = None;
        }
        let mut process = lock(&self.process);
        if let Some(uplink) = process.take() {
            uplink.kill();
        }
        // One that was started since the change is ended with the others: what permits are bound to must
        // be what exists.
        lock(&self.state).uplink = None;
    }

    /// Starts the uplink if the gate is open and nothing refuses; gives the refusal otherwise. If one is
    /// running, gives that one.
    pub fn start<E: From<Refusal>>(
        &self,
        start: impl FnOnce(&Network) -> Result<U, E>,
    ) -> Result<Arc<U>, E> {
        let mut process = lock(&self.process);
        let (network, generation) = {
            let state = lock(&self.state);
            if let Some(uplink) = &state.uplink {
                return Ok(uplink.clone());
            }
            (rule::connection(&state.terms, &state.facts)?.clone(), state.generation)
        };
        if let Some(stray) = process.take() {
            stray.kill();
        }
        let uplink = Arc::new(start(&network)?);
        *process = Some(uplink.clone());
        let mut state = lock(&self.state);
        // If something changed since the fork, whoever changed it waits for `process` now and kills this
        // one: no permit may be bound to it.
        if state.generation == generation {
            state.uplink = Some(uplink.clone());
        }
        Ok(uplink)
    }

    /// An uplink ended by itself: reaps it. Whether it was the current one.
    pub fn ended(&self, uplink: &Arc<U>) -> bool {
        let mut process = lock(&self.process);
        uplink.kill();
        let current = process.as_ref().is_some_and(|p| Arc::ptr_eq(p, uplink));
        if current {
            *process = None;
            lock(&self.state).uplink = None;
        }
        current
    }

    /// Whether permits are bound to this uplink.
    pub fn is_current(&self, uplink: &Arc<U>) -> bool {
        lock(&self.state).uplink.as_ref().is_some_and(|current| Arc::ptr_eq(current, uplink))
    }

    /// Gives a permit for one transmission to `f`, or the refusal.
    pub fn permit<R, E: From<Refusal>>(
        &self,
        purpose: Purpose,
        sim: Option<i32>,
        f: impl for<'p> FnOnce(Permit<'p, U>) -> Result<R, E>,
    ) -> Result<R, E> {
        let permit = {
            let state = lock(&self.state);
            let network = rule::connection(&state.terms, &state.facts)?.clone();
            let terms = rule::admission(&state.terms, &state.facts, sim)?;
            let uplink = state.uplink.clone().ok_or(Refusal::Busy)?;
            Permit::new(uplink, purpose, terms, network)
        };
        f(permit)
    }

    /// One last process under terms that are no longer in force, for the erase that the owner asked for
    /// inside `withdraw`; gone when this returns. Permits of it serve no purpose but to connect and erase.
    pub fn errand<R, E: From<Refusal>>(
        &self,
        terms: Terms,
        start: impl FnOnce(&Network) -> Result<U, E>,
        f: impl FnOnce(Errand<'_, U>) -> Result<R, E>,
    ) -> Result<R, E> {
        let terms = Ok(terms);
        let (uplink, network, facts) = {
            let mut process = lock(&self.process);
            let facts = lock(&self.state).facts.clone();
            let network = rule::connection(&terms, &facts)?.clone();
            if process.is_some() {
                return Err(Refusal::Busy.into());
            }
            let uplink = Arc::new(start(&network)?);
            *process = Some(uplink.clone());
            (uplink, network, facts)
        };
        let result = f(Errand { uplink: &uplink, terms: &terms, facts: &facts, network: &network });
        self.ended(&uplink);
        result
    }

    /// Whether a message from this SIM would be taken now, network or not.
    pub fn admits(&self, sim: Option<i32>) -> Result<(), Refusal> {
        let state = lock(&self.state);
        rule::admission(&state.terms, &state.facts, sim).map(|_| ())
    }

    /// Whether a connection would be permitted now.
    pub fn connects(&self) -> Result<(), Refusal> {
        let state = lock(&self.state);
        rule::connection(&state.terms, &state.facts).map(|_| ())
    }

    /// Whether the gate is open: an owner's consent is in force.
    pub fn terms(&self) -> Result<Terms, Closed> {
        lock(&self.state).terms.clone()
    }

    /// What was reported last.
    pub fn facts(&self) -> Facts {
        lock(&self.state).facts.clone()
    }

    /// Whether an uplink process exists.
    pub fn running(&self) -> bool {
        lock(&self.process).is_some()
    }
}

/// What [`Gate::errand`] lends.
pub struct Errand<'e, U: Uplink> {
    /// The process.
    pub uplink: &'e Arc<U>,
    terms: &'e Result<Terms, Closed>,
    facts: &'e Facts,
    network: &'e Network,
}

impl<U: Uplink> Errand<'_, U> {
    /// A SIM for which it may connect.
    pub fn sim(&self) -> Option<i32> {
        let terms = self.terms.as_ref().ok()?;
        terms.sims.iter().copied().find(|sim| self.facts.sims.contains(sim))
    }

    /// Gives a permit to connect or to erase to `f`.
    pub fn permit<R, E: From<Refusal>>(
        &self,
        purpose: Purpose,
        sim: i32,
        f: impl for<'p> FnOnce(Permit<'p, U>) -> Result<R, E>,
    ) -> Result<R, E> {
        if !matches!(purpose, Purpose::Connect | Purpose::Erase) {
            return Err(Refusal::Closed(Closed::Off).into());
        }
        let terms = rule::admission(self.terms, self.facts, Some(sim))?;
        f(Permit::new(self.uplink.clone(), purpose, terms, self.network.clone()))
    }
}
