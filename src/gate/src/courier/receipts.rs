// SPDX-License-Identifier: Apache-2.0
//! What senders are told: a receipt for each message and each retract that was believed, owed from the moment at which
//! it is decided until the broker has it, whatever crashes in between (P6).

use cloudmessaging_seal::key::random;
use cloudmessaging_seal::{receipt_key_id, Address, CertifiedIdentity, PublicKey, Reader};
use cloudmessaging_wire::limits::MESSAGE_LIFE;
use cloudmessaging_wire::proto::ledger::Purpose;
use cloudmessaging_wire::step;

use super::sending::Sending;
use super::{Courier, Setback};
use crate::disclose::{Delivery, Payload, RecipientRoutingId};
use crate::gate::Refusal;
use crate::message::{Answer, OwedReceipt};
use crate::seal;
use crate::sync::lock;

const RECEIPT_LIFE_MS: i64 = MESSAGE_LIFE.as_millis() as i64;

impl Courier {
    /// The answer that is owed to a sender, after a random part of what the build allows, so that the time of a
    /// receipt says less about its message.
    pub(super) fn answer_to(&self, sender: &CertifiedIdentity, receipt_key: PublicKey) -> Answer {
        let now = self.now();
        let most = self.user.module.config.receipt_delay_max.as_millis() as u64;
        let delay = random::<8>().map(u64::from_be_bytes).unwrap_or(0) % (most + 1);
        Answer {
            reader: sender.routing_id,
            receipt_key,
            due_ms: now.saturating_add_unsigned(delay),
            until_ms: now.saturating_add(RECEIPT_LIFE_MS),
            record_id: self.consent.unwrap_or_default(),
        }
    }

    /// Whether a receipt waits for the post connection: one of a SIM that may answer now.
    pub(super) fn receipt_wanted(&self, now: i64) -> bool {
        self.receipts_due(now).iter().any(|receipt| self.may_be_sent(receipt.sim))
    }

    /// Receipts that are due and not in the hands of the uplink; none of a consent before, which a failing disk may
    /// have left there.
    fn receipts_due(&self, now: i64) -> Vec<OwedReceipt> {
        let due = lock(&self.user.desk).inbox.receipts_due(now);
        let due = due.inspect_err(|e| log::error!("receipts cannot be read: {e}"));
        let mut due = due.unwrap_or_default();
        due.retain(|receipt| {
            Some(receipt.answer.record_id) == self.consent && !self.answering.contains(&receipt.row)
        });
        due
    }

    /// Sends receipts that are due.
    pub(super) fn answer_due(&mut self, now: i64, next: &mut i64) {
        for receipt in self.receipts_due(now) {
            let sent = self.send_receipt(&receipt).inspect_err(|e| self.count_refused(e));
            match sent {
                Ok(true) => {
                    self.answering.insert(receipt.row);
                }
                // The owner does not want senders to know: it is not sent later either.
                Err(Setback::Refused(Refusal::ClassNotAllowed(_))) => self.answered_to(receipt.row),
                Ok(false) if self.has_moved(receipt.sim) => self.answered_to(receipt.row),
                Ok(false) => {}
                Err(e) => log::debug!("a receipt waits: {e}"),
            }
        }
        let due = lock(&self.user.desk).inbox.next_receipt();
        // One that waits for a connection is not a reason to wake.
        if let Some(due) = due.filter(|due| *due > now) {
            *next = (*next).min(due);
        }
    }

    /// A receipt is the broker's now, or will never be sent.
    pub(super) fn answered_to(&mut self, row: i64) {
        let sent = lock(&self.user.desk).inbox.receipt_sent(row);
        match sent {
            Ok(()) => {
                self.answering.remove(&row);
            }
            Err(e) => {
                // Until the next start only: no other receipt ever has its row.
                self.answering.insert(row);
                log::error!("a receipt will be sent twice: {e}");
            }
        }
        step!("gate.receipt.forgotten");
    }

    fn has_moved(&self, sim: i32) -> bool {
        self.user.keys().is_some_and(|keys| keys.sims.get(&sim).is_some_and(|keys| keys.moved))
    }

    fn send_receipt(&mut self, receipt: &OwedReceipt) -> Result<bool, Setback> {
        if self.has_moved(receipt.sim) {
            return Ok(false);
        }
        let Some(route) = self.post_route() else { return Ok(false) };
        let key_id = receipt_key_id(&receipt.answer.receipt_key);
        let address = Address {
            reader: Reader::Receipt,
            routing_id: &receipt.answer.reader,
            key_id: &key_id,
            key: &receipt.answer.receipt_key,
        };
        let (gate, book) = (&self.user.gate, &self.user.book);
        let Some(keys) = self.user.keys() else { return Ok(false) };
        let Some(keys) = keys.sims.get(&receipt.sim) else { return Ok(false) };
        gate.permit(Purpose::Receipt, Some(receipt.sim), |mut permit| {
            let delivery = Delivery((receipt.id.to_vec(), receipt.status as i32));
            let payload = Payload::receipt(permit.disclose(delivery)?);
            let sealed = seal::to_inbox(payload, &address, &keys.identity)?;
            let inbox = RecipientRoutingId(receipt.answer.reader);
            let expiry_s = MESSAGE_LIFE.as_secs() as u32;
            let to = route.delivery(&inbox, expiry_s, &receipt.id);
            Ok::<_, Setback>(permit.transmit(sealed, to, book)?)
        })?;
        step!("gate.receipt.handed_over");
        self.remember(route, Sending::Receipt(receipt.row));
        Ok(true)
    }
}
