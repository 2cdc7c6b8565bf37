// SPDX-License-Identifier: Apache-2.0
//! Word of the other side's end.

use crate::SpIBinder;
use std::sync::Arc;

struct Closure(Box<dyn Fn() + Send + Sync>);

impl rsbinder::DeathRecipient for Closure {
    fn binder_died(&self, _who: &rsbinder::WIBinder) {
        (self.0)();
    }
}

/// Called when the process behind a binder is gone. Keep it alive: dropping it unlinks.
pub struct DeathRecipient(Arc<Closure>);

impl DeathRecipient {
    /// `died` runs on a thread of the transport's, once.
    pub fn new(died: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(Closure(Box::new(died))))
    }
}

/// What can be done with any binder.
pub trait IBinder {
    /// Asks for word of the other side's end. Over a socket: of the connection's end.
    fn link_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), rsbinder::StatusCode>;

    /// Takes that back.
    fn unlink_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), rsbinder::StatusCode>;

    /// A call that does nothing but come back.
    fn ping_binder(&mut self) -> std::result::Result<(), rsbinder::StatusCode>;
}

impl IBinder for SpIBinder {
    fn link_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), rsbinder::StatusCode> {
        self.link_to_death_arc(&recipient.0)
    }

    fn unlink_to_death(
        &mut self,
        recipient: &mut DeathRecipient,
    ) -> std::result::Result<(), rsbinder::StatusCode> {
        self.unlink_to_death_arc(&recipient.0)
    }

    fn ping_binder(&mut self) -> std::result::Result<(), rsbinder::StatusCode> {
        rsbinder::IBinder::ping_binder(&**self)
    }
}
