// SPDX-License-Identifier: Apache-2.0
//! What `libbinder_rs` is on a phone, for a Linux host: the same names over rsbinder, so that service code
//! compiles unchanged against either.
//!
//! Bridged is what the service and its clients name. Not bridged, because rsbinder's differ in kind:
//! `Interface::dump` (its arguments are `&[&CStr]` there and `&[String]` here), `DowncastSync`, `ExceptionCode` and
//! `StatusCode` as types of a value that one stores (their constants compare and convert), the constructors of `Status`
//! (use [`IntoBinderResult`], or `Status::from` for an exception without a message), and what an error says in words:
//! `Status::message` is here alone, `get_description` there alone, and `Display` on both sides.
//!
//! Two transports carry the same objects. Over the kernel driver calls, uids, security contexts and names are as on a
//! phone, in a VM that has a service manager; whom that has to answer what is in `service.rs`, and the driver is opened
//! by hand (`state.rs`). [`host`] is what a phone does not have: serving one interface on one Unix socket, and
//! connecting to it. It trusts the kernel for the peer's uid, and nothing else that a peer says.

pub mod host;

mod death;
mod service;
mod state;
mod status;

pub use death::{DeathRecipient, IBinder};
pub use rsbinder::{
    FromIBinder, Interface, ParcelFileDescriptor, SIBinder as SpIBinder, Status, Strong,
    WIBinder as WpIBinder, Weak,
};
pub use service::{
    add_service, check_interface, register_lazy_service, wait_for_interface, LazyServiceGuard,
};
pub use state::ProcessState;
pub use status::{ExceptionCode, IntoBinderResult, StatusCode};

use std::ffi::CStr;

/// What a call over Binder returns.
pub type Result<T> = std::result::Result<T, Status>;

/// How a binder object is served.
#[derive(Clone, Debug, Default)]
pub struct BinderFeatures {
    /// Whether the caller's SELinux context comes with each call. Without effect over a socket.
    pub set_requesting_sid: bool,
    #[doc(hidden)]
    pub _non_exhaustive: (),
}

impl From<BinderFeatures> for rsbinder::BinderFeatures {
    fn from(features: BinderFeatures) -> Self {
        let mut ours = Self::default();
        ours.set_requesting_sid = features.set_requesting_sid;
        ours
    }
}

/// Who calls, asked from within a call.
pub struct ThreadState;

impl ThreadState {
    /// The uid of the process that calls; our own outside a call.
    pub fn get_calling_uid() -> u32 {
        rsbinder::get_calling_uid()
    }

    /// The pid of the process that calls. Never authorise by it: it is 0 in oneway calls on a phone.
    pub fn get_calling_pid() -> i32 {
        rsbinder::get_calling_pid()
    }

    /// Whether this thread is in a call.
    pub fn is_handling_transaction() -> bool {
        rsbinder::is_handling_transaction()
    }

    /// Runs `f` with the caller's SELinux context; `None` over a socket.
    pub fn with_calling_sid<T>(f: impl for<'a> FnOnce(Option<&'a CStr>) -> T) -> T {
        f(rsbinder::get_calling_sid().as_deref())
    }
}
