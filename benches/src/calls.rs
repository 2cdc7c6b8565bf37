// SPDX-License-Identifier: Apache-2.0
//! Calls: a refused send beside one that does nothing, and withdraw.
use crate::no_op;
use crate::quantiles::Quantiles;
use crate::table::Table;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, ICloudMessagingConsent::ICloudMessagingConsent,
    OutgoingMessage::OutgoingMessage, Refusal::Refusal,
};
use binder::host::{connect, Connection};
use binder::FromIBinder;
use cloudmessaging_testbed::{until, Bed, Error, Phone, Process, Result};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Name of the interface for the Messaging app.
const MESSAGING: &str = "android.system.cloudmessaging.ICloudMessaging";
/// Name of the interface for the owner's page.
const CONSENT: &str = "android.system.cloudmessaging.ICloudMessagingConsent";

/// The Messaging app's interface of a phone.
pub fn messaging(phone: &Phone, callbacks: bool) -> Result<Connection<dyn ICloudMessaging>> {
    reach(&phone.run().join("messaging.sock"), MESSAGING, callbacks)
}

fn reach<T: FromIBinder + ?Sized>(
    socket: &Path,
    name: &str,
    callbacks: bool,
) -> Result<Connection<T>> {
    connect(socket, name, callbacks).map_err(|error| failed(name, &error.to_string()))
}

/// What a call answered, or the error of the whole run.
pub fn answered<T>(what: &str, answer: binder::Result<T>) -> Result<T> {
    answer.map_err(|status| failed(what, &status.to_string()))
}

/// An error of the whole run.
pub fn failed(program: &str, why: &str) -> Error {
    Error::Program { program: program.to_owned(), why: why.to_owned(), log: String::new() }
}

/// A message with a deadline in ten minutes.
pub fn message(number: u64, to: &str, body: &str) -> OutgoingMessage {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut id = vec![0; 8];
    id.extend(number.to_be_bytes());
    OutgoingMessage {
        id,
        subscriptionId: 1,
        recipient: to.to_owned(),
        body: body.to_owned(),
        smsDeadlineMillis: i64::try_from(now.as_millis()).unwrap_or(0) + 600_000,
    }
}

/// A send that is refused because it is off, in turn with one to a service that does nothing, so that what
/// disturbs one disturbs the other.
pub fn refused_send(table: &mut Table, bed: &Bed, phone: &Phone) -> Result<()> {
    const WARM_UP: u64 = 500;
    const CALLS: u64 = 10_000;
    let socket = bed.directory().join("no_op.sock");
    let own = std::env::current_exe().map_err(Error::io("find this program"))?;
    let mut command = Command::new(own);
    command.arg("no-op").arg(&socket);
    let server = Process::start("no_op", command, &bed.logs())?;
    server.wait_for("ready", Duration::from_secs(10))?;
    let nothing: Connection<dyn ICloudMessaging> = reach(&socket, no_op::NAME, false)?;
    let gate = messaging(phone, false)?;
    let (mut plain, mut refused) = (Quantiles::default(), Quantiles::default());
    for number in 0..WARM_UP + CALLS {
        let message = message(number, "+15550101", "this must not leave");
        for (service, quantiles) in [(&nothing, &mut plain), (&gate, &mut refused)] {
            let begun = Instant::now();
            let refusal = answered("send", service.send(&message))?;
            let took = begun.elapsed();
            if refusal != Refusal::OFF {
                return Err(failed("send", "it was not refused as off"));
            }
            if number >= WARM_UP {
                quantiles.add(took);
            }
        }
    }
    table.quantiles("the same call to a service that does nothing", &plain);
    table.quantiles("send, refused because it is off", &refused);
    let ratio = refused.at(50).as_secs_f64() / plain.at(50).as_secs_f64();
    table.target("  of the first", format!("{ratio:.2} x"), "within 1.3 x", ratio <= 1.3);
    Ok(())
}

/// Withdraw, from the call to its return, with the connections up. Leaves the phone off.
pub fn withdraw(table: &mut Table, phone: &Phone) -> Result<()> {
    const ROUNDS: usize = 20;
    const SOON: Duration = Duration::from_secs(30);
    let consent: Connection<dyn ICloudMessagingConsent> =
        reach(&phone.run().join("consent.sock"), CONSENT, false)?;
    let mut quantiles = Quantiles::default();
    for round in 0..ROUNDS {
        if round > 0 {
            phone.grant(&[])?;
        }
        let up = until(SOON, || Ok((phone.relay().open() > 0).then_some(())))?;
        up.ok_or_else(|| phone.waited("a connection", SOON))?;
        let begun = Instant::now();
        answered("withdraw", consent.withdraw(false))?;
        quantiles.add(begun.elapsed());
        if !phone.uplinks().is_empty() {
            return Err(failed("withdraw", "it returned before the uplink was gone"));
        }
    }
    table.quantiles("withdraw, until the uplink is gone and off is on the disk", &quantiles);
    Ok(())
}
