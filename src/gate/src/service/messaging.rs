// SPDX-License-Identifier: Apache-2.0
//! ICloudMessaging, for the default SMS app: each method acts for the user that the app runs as.

use super::access::Interface::Messaging as MESSAGING;
use super::error::answer;
use super::{bounds, words, Entrance};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::{ICloudMessaging, MAX_PAGE},
    ICloudMessagingCallback::ICloudMessagingCallback,
    InboundMessage::InboundMessage,
    KeyChange::KeyChange,
    Outcome::Outcome,
    OutgoingMessage::OutgoingMessage,
    Refusal::Refusal,
    ServiceState::ServiceState,
};
use binder::{Interface, Strong};
use cloudmessaging_wire::step;
use std::sync::Arc;

/// The service.
pub(super) struct Messaging(pub(super) Arc<Entrance>);

impl Interface for Messaging {}

#[allow(non_snake_case)] // The names are the AIDL's.
impl ICloudMessaging for Messaging {
    fn state(&self) -> binder::Result<ServiceState> {
        let call = self.0.admit(MESSAGING, "state")?;
        Ok(self.0.facade.service_state(call.user))
    }

    fn send(&self, message: &OutgoingMessage) -> binder::Result<Refusal> {
        let call = self.0.admit(MESSAGING, "send")?;
        let sent = bounds::message(message).and_then(|message| {
            let refusal = self.0.facade.send(call.user, message)?;
            if let Some(refusal) = refusal {
                self.0.refused.count(call.user, call.uid, words::refusal_name(refusal));
            }
            step!("gate.send.returning");
            Ok(refusal.map_or(Refusal::NONE, words::refusal))
        });
        self.0.answer(&call, sent)
    }

    fn outcomes(&self, cursor: i64, limit: i32) -> binder::Result<Vec<Outcome>> {
        let call = self.0.admit(MESSAGING, "outcomes")?;
        answer(bounds::cursor(cursor).and_then(|()| {
            let limit = bounds::page(limit, MAX_PAGE)?;
            let outcomes = self.0.facade.outcomes(call.user, cursor, limit)?;
            if !outcomes.is_empty() {
                step!("gate.outcomes.read");
            }
            Ok(bounds::fit(outcomes, limit, bounds::outcome_size))
        }))
    }

    fn acknowledgeOutcomes(&self, cursor: i64) -> binder::Result<()> {
        let call = self.0.admit(MESSAGING, "acknowledgeOutcomes")?;
        answer(
            bounds::cursor(cursor)
                .and_then(|()| self.0.facade.acknowledge_outcomes(call.user, cursor)),
        )
    }

    fn inbound(&self, cursor: i64, limit: i32) -> binder::Result<Vec<InboundMessage>> {
        let call = self.0.admit(MESSAGING, "inbound")?;
        answer(bounds::cursor(cursor).and_then(|()| {
            let limit = bounds::page(limit, MAX_PAGE)?;
            let messages = self.0.facade.inbound(call.user, cursor, limit)?;
            if !messages.is_empty() {
                step!("gate.inbound.read");
            }
            let messages = bounds::fit(messages, limit, bounds::inbound_size);
            Ok(messages.iter().map(words::inbound).collect())
        }))
    }

    fn acknowledgeInbound(&self, cursor: i64) -> binder::Result<()> {
        let call = self.0.admit(MESSAGING, "acknowledgeInbound")?;
        answer(
            bounds::cursor(cursor)
                .and_then(|()| self.0.facade.acknowledge_inbound(call.user, cursor)),
        )
    }

    fn checkSms(
        &self,
        subscriptionId: i32,
        sender: &str,
        body: &str,
        receivedAtMillis: i64,
    ) -> binder::Result<Vec<u8>> {
        let call = self.0.admit(MESSAGING, "checkSms")?;
        answer(bounds::sms(subscriptionId, sender, body, receivedAtMillis).and_then(|sms| {
            let id = self.0.facade.check_sms(call.user, &sms)?;
            Ok(id.map_or_else(Vec::new, Vec::from))
        }))
    }

    fn submitCode(&self, subscriptionId: i32, code: &str) -> binder::Result<()> {
        let call = self.0.admit(MESSAGING, "submitCode")?;
        answer(self.0.submit_code(*call, subscriptionId, code))
    }

    fn keyChanged(&self) -> binder::Result<Vec<KeyChange>> {
        let call = self.0.admit(MESSAGING, "keyChanged")?;
        let limit = MAX_PAGE as usize;
        answer(
            self.0
                .facade
                .key_changes(call.user, limit)
                .map(|changes| changes.iter().take(limit).map(words::key_change).collect()),
        )
    }

    fn acknowledgeKeyChanges(&self, atMillis: i64) -> binder::Result<()> {
        let call = self.0.admit(MESSAGING, "acknowledgeKeyChanges")?;
        answer(
            bounds::time("atMillis", atMillis)
                .and_then(|()| self.0.facade.acknowledge_key_changes(call.user, atMillis)),
        )
    }

    fn fingerprint(&self, subscriptionId: i32, peer: &str) -> binder::Result<String> {
        let call = self.0.admit(MESSAGING, "fingerprint")?;
        answer(bounds::subscription("subscriptionId", subscriptionId).and_then(|()| {
            let peer = bounds::number("peer", peer)?;
            self.0.facade.fingerprint(call.user, subscriptionId, &peer)
        }))
    }

    fn setCallback(
        &self,
        callback: Option<&Strong<dyn ICloudMessagingCallback>>,
    ) -> binder::Result<()> {
        let call = self.0.admit(MESSAGING, "setCallback")?;
        answer(self.0.callbacks.set_app(*call, callback))
    }
}
