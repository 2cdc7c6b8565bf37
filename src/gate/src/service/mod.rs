// SPDX-License-Identifier: Apache-2.0
//! The three Binder interfaces: who may call what, within which bounds, and what comes back.
//!
//! It names Binder by `binder::` and the interface crate alone, so that it compiles against libbinder_rs on a
//! phone and against rsbinder on a host; everything behind it is the [`facade::Facade`].

pub mod error;
pub mod facade;
