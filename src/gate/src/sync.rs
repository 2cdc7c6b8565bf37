// SPDX-License-Identifier: Apache-2.0
//! The synchronisation that the gate is built on, in one place: `tests/loom` compiles the same `gate/` and
//! `disclose/` against loom's.

pub use std::sync::{Arc, Mutex, MutexGuard};

/// Locks, whether or not another thread panicked while it held the lock: every critical section of the
/// gate leaves its state valid at each step, and a panic must not stand in the way of turning off.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
