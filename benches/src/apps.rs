// SPDX-License-Identifier: Apache-2.0
//! The two Messaging apps: one that sends and reads outcomes, one that reads what arrives; each told by its callback
//! that there is something.
use crate::calls::{answered, failed, messaging};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging,
    ICloudMessagingCallback::{BnCloudMessagingCallback, ICloudMessagingCallback},
    OutgoingMessage::OutgoingMessage,
    Refusal::Refusal,
};
use binder::host::Connection;
use binder::{BinderFeatures, Interface, Strong};
use cloudmessaging_testbed::{Phone, Result};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Mutex;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// A hint came.
struct Told(Mutex<Sender<()>>);

impl Interface for Told {}

impl Told {
    fn hint(&self) -> binder::Result<()> {
        if let Ok(sender) = self.0.lock() {
            let _ = sender.send(());
        }
        Ok(())
    }
}

impl ICloudMessagingCallback for Told {
    fn onOutcomes(&self) -> binder::Result<()> {
        self.hint()
    }
    fn onInbound(&self) -> binder::Result<()> {
        self.hint()
    }
    fn onKeyChanged(&self) -> binder::Result<()> {
        Ok(())
    }
    fn onStateChanged(&self) -> binder::Result<()> {
        Ok(())
    }
}

/// One phone's app.
pub struct App<'a> {
    phone: &'a Phone,
    service: Connection<dyn ICloudMessaging>,
    // Held, for the service drops a callback that nobody holds.
    _callback: Strong<dyn ICloudMessagingCallback>,
    told: Receiver<()>,
    outcomes: i64,
    inbound: i64,
}

impl<'a> App<'a> {
    /// An app that has read all there is.
    pub fn new(phone: &'a Phone) -> Result<Self> {
        let service = messaging(phone, true)?;
        let (sender, told) = channel();
        let callback = BnCloudMessagingCallback::new_binder(
            Told(Mutex::new(sender)),
            BinderFeatures::default(),
        );
        answered("setCallback", service.setCallback(Some(&callback)))?;
        let mut app = Self { phone, service, _callback: callback, told, outcomes: 0, inbound: 0 };
        while !app.outcomes()?.is_empty() {}
        while !app.inbound()?.is_empty() {}
        Ok(app)
    }

    /// Calls send, which must take it.
    pub fn send(&self, message: &OutgoingMessage) -> Result<()> {
        match answered("send", self.service.send(message))? {
            Refusal::NONE => Ok(()),
            refusal => Err(failed("send", &format!("refused: {}", refusal.0))),
        }
    }

    /// Waits for a hint.
    pub fn wait(&self) -> Result<()> {
        self.told.recv_timeout(SOON).map_err(|_| self.phone.waited("a hint", SOON))
    }

    /// Ids of the messages that were delivered since the last call; one that was not is an error.
    pub fn outcomes(&mut self) -> Result<Vec<Vec<u8>>> {
        let page = answered("outcomes", self.service.outcomes(self.outcomes, 100))?;
        self.outcomes = page.last().map_or(self.outcomes, |last| last.cursor);
        if let Some(other) = page.iter().find(|outcome| !outcome.delivered) {
            let why = format!("a message was not delivered: {}", other.reason.0);
            return Err(failed("send", &why));
        }
        Ok(page.into_iter().map(|outcome| outcome.id).collect())
    }

    /// Ids of the messages that arrived since the last call.
    pub fn inbound(&mut self) -> Result<Vec<Vec<u8>>> {
        let page = answered("inbound", self.service.inbound(self.inbound, 100))?;
        self.inbound = page.last().map_or(self.inbound, |last| last.cursor);
        Ok(page.into_iter().map(|message| message.id).collect())
    }

    /// Acknowledges all that was read.
    pub fn acknowledge(&self) -> Result<()> {
        answered("acknowledgeOutcomes", self.service.acknowledgeOutcomes(self.outcomes))?;
        answered("acknowledgeInbound", self.service.acknowledgeInbound(self.inbound))
    }
}

impl Drop for App<'_> {
    fn drop(&mut self) {
        // The phone may be gone, and the callback with it.
        let _ = self.service.setCallback(None);
    }
}
