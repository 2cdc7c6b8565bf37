// SPDX-License-Identifier: Apache-2.0
//! How a message is taken from its app: admitted, on the disk, and only then answered for (P6).

use std::sync::Arc;

use cloudmessaging_wire::step;
use zeroize::Zeroizing;

use super::User;
use crate::gate::Refusal;
use crate::message::{AcceptError, Accepted, Messages, NewMessage, StoreError};
use crate::service::error::ServiceError;
use crate::service::facade::{OutgoingMessage, Result};
use crate::sync::lock;

impl User {
    /// Takes a message, or says why not; then nothing of it is kept.
    pub(super) fn take(self: &Arc<Self>, message: OutgoingMessage) -> Result<Option<Refusal>> {
        let mut new = NewMessage {
            id: message.id,
            sim: message.subscription,
            recipient: message.recipient,
            body: Zeroizing::new(message.body.as_str().to_owned()),
            sms_deadline_ms: message.sms_deadline_millis,
            message_hash: [0; 32],
            record_id: [0; 16],
        };
        // What was taken stays so: an app that crashed and asks again would send a refused one as an SMS, too. Where
        // nothing can be read yet, nobody knows.
        let unless_taken = |desk: &Messages, new: &NewMessage, refusal: Refusal| {
            Ok((!desk.outbox.has(new).unwrap_or(false)).then_some(refusal))
        };
        if let Err(refusal) = self.gate.admits(Some(new.sim)) {
            return unless_taken(&lock(&self.desk), &new, refusal);
        }
        new.message_hash = match self.message_hash(&new.id) {
            Some(hash) => hash,
            None => return Ok(Some(Refusal::NotUnlocked)),
        };
        let now = self.module.clock.wall_ms();
        {
            let mut desk = lock(&self.desk);
            // Again, under the lock under which a withdrawal settles what is open: nothing is taken behind it.
            if let Err(refusal) = self.gate.admits(Some(new.sim)) {
                return unless_taken(&desk, &new, refusal);
            }
            match self.gate.terms() {
                Ok(terms) => new.record_id = terms.record_id,
                Err(closed) => return unless_taken(&desk, &new, closed.into()),
            }
            match desk.outbox.accept(new, now) {
                Ok(Accepted::New | Accepted::Again) => {}
                Err(AcceptError::IdReused) => return Err(ServiceError::IdReused),
                Err(AcceptError::TooMany) => {
                    return Err(ServiceError::TooMany { what: "open messages", limit: 1000 })
                }
                Err(AcceptError::Deadline) => {
                    return Err(ServiceError::InvalidArgument {
                        argument: "message.smsDeadlineMillis",
                        fault: "less than 20 s from now",
                    })
                }
                Err(AcceptError::Store(e)) => return Err(stored(e)),
            }
        }
        step!("gate.message.accepted");
        self.wake();
        Ok(None)
    }
}

/// What a caller is told of messages that cannot be read or written.
pub(super) fn stored(error: StoreError) -> ServiceError {
    match error {
        StoreError::Locked => ServiceError::NotReady,
        other => {
            log::error!("messages: {other}");
            ServiceError::Storage
        }
    }
}
