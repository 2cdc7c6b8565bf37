// SPDX-License-Identifier: Apache-2.0
//! Phones, a registrar and a broker in one process and one thread, with clocks that tests set.
//!
//! What is real: the gate (users, courier, ledger, messages, keys, all that it stores) and the registrar's answers.
//! What is played: the uplink process, the broker, time, and death. A gate dies by unwinding at any frame, clock
//! reading or hint, and what it finds when it comes again is its folder as it was at that instant.
//!
//! A [`World`] moves from event to event; nothing happens between two of them, and nothing sleeps.

mod broker;
mod clock;
mod disk;
mod fuse;
mod module;
mod phone;
mod played;
mod registrar;
#[cfg(test)]
mod tests;
mod world;

pub use broker::{Broker, Fault, Publication};
pub use fuse::Fuse;
pub use phone::{Phone, SIM, USER};
pub use registrar::{Lie, Registrar, Shelf};
pub use world::{World, START_MS};
