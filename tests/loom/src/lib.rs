// SPDX-License-Identifier: Apache-2.0
//! P3 under every interleaving: the source of `src/gate/src/gate` and `disclose`, the very files, compiled
//! against loom's locks.
//!
//! The processes here are models: what is handed to one lies in its socketpair until it is scheduled, and a
//! killed one is never scheduled again. That the real one leaves nothing behind is for the wire to show.

#[allow(dead_code)]
#[path = "../../../src/gate/src/disclose/mod.rs"]
pub mod disclose;
#[allow(dead_code)]
#[path = "../../../src/gate/src/gate/mod.rs"]
pub mod gate;

/// In place of `src/gate/src/sync.rs`.
pub mod sync {
    pub use loom::sync::{Arc, Mutex, MutexGuard};

    /// Locks.
    pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
