// SPDX-License-Identifier: Apache-2.0
//! The three Binder interfaces: who may call what ([`access`]), within which bounds ([`bounds`]), and what comes
//! back ([`error`]). Each method is three lines: admit the caller, bound the arguments, ask the [`facade`]. How many
//! may be in progress is counted where the caller is admitted (`crowd`); whoever is refused is counted for the ledger
//! (`refused`).
//!
//! It names Binder by `binder::` and the interface crate alone, so that it compiles against libbinder_rs on a
//! phone and against rsbinder on a host. It trusts the transport for the caller's uid and the last report of our
//! settings app for who the default SMS app is.
//!
//! A parcelable is never formatted (its `Debug` prints all it holds): personal data become types that print as
//! nothing before anything else happens to them. A test keeps `{:?}` of anything but codes out of here.

pub mod access;
pub mod bounds;
pub mod caller;
pub mod error;
pub mod facade;
pub mod words;

mod callbacks;
mod consent;
mod crowd;
mod hints;
mod messaging;
mod outlet;
mod platform;
mod refused;
mod settings;

#[cfg(not(target_os = "android"))]
pub use caller::Uids;
pub use caller::{Contexts, Identities};
pub use hints::PendingHints;

#[cfg(test)]
mod tests;

use access::Interface;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::{BnCloudMessaging, ICloudMessaging},
    ICloudMessagingConsent::{BnCloudMessagingConsent, ICloudMessagingConsent},
    ICloudMessagingPlatform::{BnCloudMessagingPlatform, ICloudMessagingPlatform},
};
use binder::{BinderFeatures, Strong};
use callbacks::Callbacks;
use caller::{identify, Caller};
use crowd::{Crowd, Place};
use error::ServiceError;
use facade::Facade;
use refused::{Refused, DENIED, WINDOW};
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// The names under which the interfaces are served.
pub mod name {
    /// Of ICloudMessagingConsent.
    pub const CONSENT: &str = "android.system.cloudmessaging.ICloudMessagingConsent";
    /// Of ICloudMessagingPlatform.
    pub const PLATFORM: &str = "android.system.cloudmessaging.ICloudMessagingPlatform";
    /// Of ICloudMessaging.
    pub const MESSAGING: &str = "android.system.cloudmessaging.ICloudMessaging";
}

/// The interfaces, to be served.
pub struct Services {
    /// For the owner's page.
    pub consent: Strong<dyn ICloudMessagingConsent>,
    /// For reports.
    pub platform: Strong<dyn ICloudMessagingPlatform>,
    /// For the Messaging app.
    pub messaging: Strong<dyn ICloudMessaging>,
    hints: Arc<PendingHints>,
    #[cfg(test)]
    callbacks: Arc<Callbacks>,
}

impl Services {
    /// Stands the interfaces before `facade`, and begins to pass on what it notes in `hints`. Starts a thread.
    pub fn new(
        facade: Arc<dyn Facade>,
        identities: Box<dyn Identities>,
        hints: Arc<PendingHints>,
    ) -> io::Result<Self> {
        Self::counting(facade, identities, hints, WINDOW)
    }

    /// The same, with refusals told after that time.
    fn counting(
        facade: Arc<dyn Facade>,
        identities: Box<dyn Identities>,
        hints: Arc<PendingHints>,
        window: Duration,
    ) -> io::Result<Self> {
        let callbacks = Callbacks::start(Arc::clone(&facade), Arc::clone(&hints))?;
        let refused = Refused::new(&facade, window);
        let crowd = Crowd::new(Arc::clone(&refused));
        let entrance = Arc::new(Entrance {
            facade,
            identities,
            crowd,
            refused,
            callbacks: Arc::clone(&callbacks),
        });
        let features = || BinderFeatures { set_requesting_sid: true, ..BinderFeatures::default() };
        let consent = consent::Consent(Arc::clone(&entrance));
        let platform = platform::Platform(Arc::clone(&entrance));
        let messaging = messaging::Messaging(entrance);
        Ok(Self {
            consent: BnCloudMessagingConsent::new_binder(consent, features()),
            platform: BnCloudMessagingPlatform::new_binder(platform, features()),
            messaging: BnCloudMessaging::new_binder(messaging, features()),
            hints,
            #[cfg(test)]
            callbacks,
        })
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        self.hints.end();
    }
}

/// What every method passes.
struct Entrance {
    facade: Arc<dyn Facade>,
    identities: Box<dyn Identities>,
    crowd: Arc<Crowd>,
    refused: Arc<Refused>,
    callbacks: Arc<Callbacks>,
}

/// A call that was admitted. It is in progress until this is dropped.
#[must_use]
struct Call {
    caller: Caller,
    _place: Option<Place>,
}

impl Deref for Call {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Entrance {
    /// The caller, if the method is for it and it has a place left.
    fn admit(&self, interface: Interface, method: &'static str) -> binder::Result<Call> {
        let caller = identify(&*self.identities);
        if !access::allows(interface, method, caller, &*self.facade) {
            log::debug!("uid {} was denied {interface:?}.{method}", caller.uid);
            self.refused.count(caller.user, caller.uid, DENIED);
            return Err(error::denied());
        }
        // Nothing stands in the way of turning off.
        if (interface, method) == (Interface::Consent, "withdraw") {
            return Ok(Call { caller, _place: None });
        }
        let place = error::answer(self.crowd.enter(interface, caller.uid, caller.user))?;
        Ok(Call { caller, _place: Some(place) })
    }

    /// The answer to a caller that asked for something to change. If that was refused, it is counted.
    fn answer<T>(&self, caller: &Caller, result: Result<T, ServiceError>) -> binder::Result<T> {
        if let Some(reason) = result.as_ref().err().and_then(|error| error.refusal()) {
            self.refused.count(caller.user, caller.uid, reason);
        }
        error::answer(result)
    }
}
