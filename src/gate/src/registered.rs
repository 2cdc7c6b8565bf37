// SPDX-License-Identifier: Apache-2.0
//! Serving over the kernel driver: the three names at the service manager, lazily. On a phone, and in a VM.

use std::convert::Infallible;

use binder::{Interface, LazyServiceGuard, ProcessState};
use rustutils::system_properties;

use crate::service::{name, Services};
use crate::stay::Keeper;
use crate::sync::{lock, Mutex};

/// The most threads that the driver may ask for: all the calls that are let in at a time, and some for a withdrawal
/// (`service/crowd.rs`).
const THREADS: u32 = 20;

/// Why the services are not served.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The service manager refused a name, or is not there.
    #[error("cannot register {name}: {why}")]
    Refused {
        /// The name.
        name: &'static str,
        /// What it said.
        why: String,
    },
    /// The kernel driver is gone.
    #[error("the Binder driver does not answer any more")]
    Lost,
}

/// The name of this process at init.
const SERVICE: &str = "cloudmessagingd";

/// init, and the service manager: between them they end and start a lazy service.
#[derive(Debug, Default)]
pub struct Init {
    guard: Mutex<Option<LazyServiceGuard>>,
}

impl Keeper for Init {
    fn keep(&self) {
        *lock(&self.guard) = Some(LazyServiceGuard::new());
        control("ctl.oneshot_off");
    }

    fn let_go(&self) {
        // First: the process may end with the guard, and is not to be started again for that.
        control("ctl.oneshot_on");
        let guard = lock(&self.guard).take();
        drop(guard);
    }
}

/// Has init start this process again when it ends, or not. If that fails, our app still asks for it at boot and when
/// its calls fail.
fn control(property: &str) {
    if let Err(e) = system_properties::write(property, SERVICE) {
        log::error!("{property}: {e}");
    }
}

/// Says how many threads there will be. Before the driver is opened.
pub fn set_threads() {
    ProcessState::set_thread_pool_max_thread_count(THREADS);
}

/// Registers the services and serves them; `ready` is called in between. While nobody is on and nobody asks, the
/// process ends in here: whatever has to last is durable.
pub fn serve(services: &Services, ready: impl FnOnce()) -> Result<Infallible, RegisterError> {
    // None of the names may take the process down before all are there.
    let guard = LazyServiceGuard::new();
    ProcessState::start_thread_pool();
    for (name, binder) in [
        (name::CONSENT, services.consent.as_binder()),
        (name::PLATFORM, services.platform.as_binder()),
        (name::MESSAGING, services.messaging.as_binder()),
    ] {
        let refused = |status| RegisterError::Refused { name, why: format!("{status:?}") };
        binder::register_lazy_service(name, binder).map_err(refused)?;
    }
    ready();
    drop(guard);
    ProcessState::join_thread_pool();
    Err(RegisterError::Lost)
}
