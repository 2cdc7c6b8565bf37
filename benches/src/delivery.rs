// SPDX-License-Identifier: Apache-2.0
//! From send to delivered, beside what the broker alone needs.
use crate::calls::{answered, failed, message, messaging};
use crate::publisher::Publisher;
use crate::quantiles::Quantiles;
use crate::table::Table;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessagingCallback::{BnCloudMessagingCallback, ICloudMessagingCallback},
    Refusal::Refusal,
};
use binder::{BinderFeatures, Interface};
use cloudmessaging_testbed::{Bed, Phone, Relay, Result};
use std::sync::mpsc::{channel, Sender};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const WARM_UP: u64 = 20;
const MESSAGES: u64 = 500;
const SOON: Duration = Duration::from_secs(30);

/// Turns phones on and waits until they can be reached.
pub fn turn_on(phones: &[&Phone]) -> Result<()> {
    for phone in phones {
        phone.grant(&[])?;
    }
    for phone in phones {
        phone.reachable(SOON)?;
    }
    Ok(())
}

/// Told that there are outcomes.
struct Told(Mutex<Sender<()>>);

impl Interface for Told {}

impl ICloudMessagingCallback for Told {
    fn onOutcomes(&self) -> binder::Result<()> {
        if let Ok(sender) = self.0.lock() {
            let _ = sender.send(());
        }
        Ok(())
    }
    fn onInbound(&self) -> binder::Result<()> {
        Ok(())
    }
    fn onKeyChanged(&self) -> binder::Result<()> {
        Ok(())
    }
    fn onStateChanged(&self) -> binder::Result<()> {
        Ok(())
    }
}

/// One message after the other, as an app sees it: from calling send to having read the outcome, after the
/// callback hinted at it. Gives back how many bytes a message has when it leaves the gate.
pub fn send_to_delivered(table: &mut Table, from: &Phone, to: &Phone) -> Result<usize> {
    let app = messaging(from, true)?;
    let reader = messaging(to, false)?;
    let (sender, told) = channel();
    let callback =
        BnCloudMessagingCallback::new_binder(Told(Mutex::new(sender)), BinderFeatures::default());
    answered("setCallback", app.setCallback(Some(&callback)))?;
    let mut quantiles = Quantiles::default();
    let mut cursor = 0;
    for number in 0..WARM_UP + MESSAGES {
        let message = message(number + 1_000_000, to.number(), "See you at seven?");
        let begun = Instant::now();
        let refusal = answered("send", app.send(&message))?;
        if refusal != Refusal::NONE {
            return Err(failed("send", &format!("refused: {}", refusal.0)));
        }
        loop {
            told.recv_timeout(SOON).map_err(|_| from.waited("an outcome", SOON))?;
            let outcomes = answered("outcomes", app.outcomes(cursor, 10))?;
            cursor = outcomes.last().map_or(cursor, |last| last.cursor);
            if let Some(outcome) = outcomes.iter().find(|outcome| outcome.id == message.id) {
                if !outcome.delivered {
                    let why = format!("a message was not delivered: {}", outcome.reason.0);
                    return Err(failed("send", &why));
                }
                break;
            }
        }
        let took = begun.elapsed();
        if number >= WARM_UP {
            quantiles.add(took);
        }
        answered("acknowledgeOutcomes", app.acknowledgeOutcomes(cursor))?;
        if number % 50 == 0 {
            let inbox = answered("inbound", reader.inbound(0, 100))?;
            if let Some(last) = inbox.last() {
                answered("acknowledgeInbound", reader.acknowledgeInbound(last.cursor))?;
            }
        }
    }
    answered("setCallback", app.setCallback(None))?;
    table.quantiles("send to delivered, both gates and both ledgers on the disk", &quantiles);
    let intents = from.ledger()?;
    let reveals_content = |entry: &&cloudmessaging_testbed::Value| {
        let classes = entry["revealed"].as_array();
        entry["event"] == "intent"
            && classes.is_some_and(|classes| classes.iter().any(|class| class == "MESSAGE_CONTENT"))
    };
    let bytes = intents.iter().find(reveals_content).and_then(|entry| entry["bytes"].as_u64());
    Ok(bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(1024))
}

/// A QoS 1 publish of as many bytes to the same broker, through a relay of the same kind, until its PUBACK.
pub fn bare_publish(table: &mut Table, bed: &Bed, payload: usize) -> Result<()> {
    let relay = Relay::start(bed.broker_address())?;
    let mut publisher = Publisher::connect(relay.port(), &bed.pki())?;
    let topic = format!("cm/1/inbox/{}", "0".repeat(64));
    let payload = vec![0x5a; payload];
    let mut quantiles = Quantiles::default();
    for number in 0..WARM_UP + MESSAGES {
        let begun = Instant::now();
        publisher.publish(&topic, &payload)?;
        if number >= WARM_UP {
            quantiles.add(begun.elapsed());
        }
    }
    let what = format!("a bare QoS 1 publish of {} bytes to the same broker", payload.len());
    table.quantiles(&what, &quantiles);
    Ok(())
}
