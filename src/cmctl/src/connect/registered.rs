// SPDX-License-Identifier: Apache-2.0
//! Over the kernel driver: the service manager's names. Asking for a lazy service starts it.
use crate::answer::Failure;
use binder::{FromIBinder, ProcessState, Strong};

/// Lets the service manager say when a service has started; nothing else calls us, so one thread is enough.
/// Before the driver is opened.
pub fn set_threads() {
    ProcessState::set_thread_pool_max_thread_count(0);
}

/// The interface of that name.
pub fn reach<T: FromIBinder + ?Sized>(name: &str) -> Result<Strong<T>, Failure> {
    ProcessState::start_thread_pool();
    binder::wait_for_interface(name).map_err(|status| Failure::Unreachable {
        at: Some(name.to_owned()),
        why: format!("{status:?}"),
    })
}
