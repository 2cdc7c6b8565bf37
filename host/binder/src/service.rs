// SPDX-License-Identifier: Apache-2.0
//! Names at the service manager, over the kernel driver.
//!
//! # What the service manager has to answer
//!
//! rsbinder speaks `android.os.IServiceManager` of **Android 16** to handle 0 on a host (`rsbinder::hub::android_16`
//! has the generated `BnServiceManager`; codes and parcels are Android's). Of it is used:
//!
//! | here | calls | answer |
//! |---|---|---|
//! | [`add_service`] | `addService(name, binder, false, DEFAULT)` | nothing, or an exception that [`StatusCode`] is made of |
//! | [`register_lazy_service`] | `addService(name, binder, false, DEFAULT \| FLAG_IS_LAZY_SERVICE)`, then `registerClientCallback(name, binder, callback)`, one callback object for all names | the same |
//! | [`check_interface`] | `checkService2(name)` | `Service::ServiceWithMetadata`, its `service` null if there is none; starts nothing |
//! | [`wait_for_interface`] | `getService2(name)`, which has init start a lazy service that is not there; then `registerForNotifications(name, callback)`, `getService2` again each second, `unregisterForNotifications` | the same; `onRegistration(name, binder)` on the callback, at once if it is there |
//! | the last [`LazyServiceGuard`] dropped, or `onClients(binder, false)` | `tryUnregisterService(name, binder)` for each name; when all were taken down, `exit(0)` | an exception (`EX_ILLEGAL_STATE`) while anybody but the service manager holds the binder; names that were taken down already are added again by `addService` |
//!
//! `onClients(binder, hasClients)` is to be called when that changes and only then, with the binder that was
//! registered (a name that nobody has asked for yet has none). Who holds a binder is the driver's word:
//! `ProcessState::strong_ref_count_for_node`, above what the service manager itself holds.
//!
//! [`StatusCode`]: crate::StatusCode

use crate::state::opened;
use crate::{FromIBinder, SpIBinder, Strong};
use rsbinder::lazy_service::LazyServiceRegistrar;
use rsbinder::{hub, StatusCode};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Serves `binder` as `identifier`.
pub fn add_service(identifier: &str, binder: SpIBinder) -> Result<(), StatusCode> {
    opened()?;
    Ok(hub::add_service(identifier, binder)?)
}

/// The same, by a process that ends when nobody uses any of its names. If one of a process's names is lazy, all are
/// to be.
pub fn register_lazy_service(identifier: &str, binder: SpIBinder) -> Result<(), StatusCode> {
    opened()?;
    Ok(LazyServiceRegistrar::instance().register_service(identifier, binder)?)
}

/// The service of that name, which is started if it is lazy; waits until it is there.
pub fn wait_for_interface<T: FromIBinder + ?Sized>(name: &str) -> Result<Strong<T>, StatusCode> {
    opened()?;
    hub::wait_for_interface(name)
}

/// The service of that name, if it is there now.
pub fn check_interface<T: FromIBinder + ?Sized>(name: &str) -> Result<Strong<T>, StatusCode> {
    opened()?;
    hub::check_interface(name)
}

/// While there is one, the process does not end for want of clients.
#[must_use]
#[derive(Debug)]
pub struct LazyServiceGuard(());

static GUARDS: Mutex<u64> = Mutex::new(0);

fn guards() -> MutexGuard<'static, u64> {
    // The count is whole after a panic too.
    GUARDS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LazyServiceGuard {
    /// One more.
    pub fn new() -> Self {
        let mut count = guards();
        *count += 1;
        if *count == 1 {
            LazyServiceRegistrar::instance().force_persist(true);
        }
        Self(())
    }
}

impl Default for LazyServiceGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for LazyServiceGuard {
    fn drop(&mut self) {
        let mut count = guards();
        *count -= 1;
        if *count == 0 {
            // Ends the process, if nobody uses it.
            LazyServiceRegistrar::instance().force_persist(false);
        }
    }
}
