// SPDX-License-Identifier: Apache-2.0
//! From send to inbound and to delivered, one after the other and many at once, beside what the broker alone needs.
use crate::apps::App;
use crate::calls::{failed, message};
use crate::publisher::Publisher;
use crate::quantiles::Quantiles;
use crate::table::Table;
use cloudmessaging_testbed::{Bed, Phone, Relay, Result, Value};
use std::time::{Duration, Instant};

const WARM_UP: u64 = 20;
const MESSAGES: u64 = 500;
/// How many are under way at a time when as many as possible are sent.
const WINDOW: u64 = 100;
const MANY: u64 = 1000;
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

/// One message after the other, as the apps see it: from the return of send to having read it at the other end, and
/// to having read the outcome, each after the callback hinted at it. Gives back how many bytes a message has when it
/// leaves the gate.
pub fn one_by_one(table: &mut Table, from: &Phone, to: &Phone) -> Result<usize> {
    let (mut app, mut reader) = (App::new(from)?, App::new(to)?);
    let [mut sent, mut inbound, mut delivered] = [(); 3].map(|()| Quantiles::default());
    for number in 0..WARM_UP + MESSAGES {
        let message = message(number + 1_000_000, to.number(), "See you at seven?");
        let begun = Instant::now();
        app.send(&message)?;
        let (call, begun) = (begun.elapsed(), Instant::now());
        while !reader.inbound()?.contains(&message.id) {
            reader.wait()?;
        }
        let arrived = begun.elapsed();
        while !app.outcomes()?.contains(&message.id) {
            app.wait()?;
        }
        if number >= WARM_UP {
            sent.add(call);
            inbound.add(arrived);
            delivered.add(begun.elapsed());
        }
        for app in [&app, &reader] {
            app.acknowledge()?;
        }
    }
    table.quantiles("send, until it returns: the message is on the disk", &sent);
    table.quantiles("from then to the recipient's inbound", &inbound);
    table.quantiles("from then to the sender's delivered", &delivered);
    let intents = from.ledger()?;
    let reveals_content = |entry: &&Value| {
        let classes = entry["revealed"].as_array();
        entry["event"] == "intent"
            && classes.is_some_and(|classes| classes.iter().any(|class| class == "MESSAGE_CONTENT"))
    };
    let bytes = intents.iter().find(reveals_content).and_then(|entry| entry["bytes"].as_u64());
    Ok(bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(1024))
}

/// As many as go, until all are delivered: messages a second.
pub fn sustained(table: &mut Table, from: &Phone, to: &Phone) -> Result<()> {
    let (mut app, reader) = (App::new(from)?, App::new(to)?);
    let (mut sent, mut ended) = (0, 0);
    let begun = Instant::now();
    while ended < MANY {
        while sent < MANY && sent - ended < WINDOW {
            app.send(&message(sent + 2_000_000, to.number(), "See you at seven?"))?;
            sent += 1;
        }
        let outcomes = app.outcomes()?;
        if outcomes.is_empty() {
            app.wait()?;
        }
        ended += outcomes.len() as u64;
    }
    let what = format!("sends delivered a second, {WINDOW} under way (n = {MANY})");
    table.figure(&what, format!("{:.0}", MANY as f64 / begun.elapsed().as_secs_f64()));
    app.acknowledge()?;
    drop(reader);
    let mut reader = App::new(to)?;
    while !reader.inbound()?.is_empty() {}
    reader.acknowledge()
}

/// A QoS 1 publish of as many bytes to the same broker, through a relay of the same kind: until its PUBACK, and as
/// many as go.
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
    let bytes = payload.len();
    table.quantiles(&format!("a bare QoS 1 publish of {bytes} bytes, until PUBACK"), &quantiles);
    let begun = Instant::now();
    // No more than an MQTT 5 broker takes at a time at the least that brokers are configured to.
    publisher.publish_many(&topic, &payload, MANY, 20)?;
    let rate = MANY as f64 / begun.elapsed().as_secs_f64();
    table.figure("the same a second, 20 under way (n = 1000)", format!("{rate:.0}"));
    Ok(())
}

/// What a message of 160 characters costs on the wire and on the disk, over many with the connections up. Nothing is
/// acknowledged meanwhile: outcomes and messages stay where they are.
pub fn bytes(table: &mut Table, from: &Phone, to: &Phone) -> Result<()> {
    let (mut app, mut reader) = (App::new(from)?, App::new(to)?);
    let text = "x".repeat(160);
    let mut send = |number: u64| -> Result<()> {
        let message = message(number + 3_000_000, to.number(), &text);
        app.send(&message)?;
        while !reader.inbound()?.contains(&message.id) {
            reader.wait()?;
        }
        while !app.outcomes()?.contains(&message.id) {
            app.wait()?;
        }
        Ok(())
    };
    for number in 0..WARM_UP {
        send(number)?;
    }
    let look = || -> Result<[_; 2]> { Ok([Before::of(from)?, Before::of(to)?]) };
    let before = look()?;
    for number in 0..MESSAGES {
        send(WARM_UP + number)?;
    }
    let after = look()?;
    for (who, (before, after)) in ["sender", "recipient"].iter().zip(before.iter().zip(&after)) {
        if after.connections != before.connections {
            table.note("A connection was opened while bytes on the wire were counted.");
        }
        let each = |now: u64, then: u64| (now.saturating_sub(then) as f64) / MESSAGES as f64;
        table.figure(
            &format!("bytes on the wire a message of 160, {who}: up, down"),
            format!("{:.0}, {:.0}", each(after.up, before.up), each(after.down, before.down)),
        );
        table.figure(
            &format!("bytes at rest a message of 160, {who}: messages with SQLite's log, ledger"),
            format!(
                "{:.0}, {:.0}",
                each(after.messages, before.messages),
                each(after.ledger, before.ledger)
            ),
        );
    }
    app.acknowledge()?;
    reader.acknowledge()
}

/// What a phone has used so far.
struct Before {
    connections: u64,
    up: u64,
    down: u64,
    messages: u64,
    ledger: u64,
}

impl Before {
    fn of(phone: &Phone) -> Result<Self> {
        let counts = phone.relay().counts();
        let (connections, up, down) = (counts.connections, counts.up, counts.down);
        let folder = phone.consent_file().parent().map(ToOwned::to_owned).unwrap_or_default();
        let at_rest = |prefix: &str| {
            size(&folder, prefix).map_err(|error| failed("size at rest", &error.to_string()))
        };
        let (messages, ledger) = (at_rest("messages")?, at_rest("ledger")?);
        Ok(Self { connections, up, down, messages, ledger })
    }
}

/// Bytes of all files below the folder's entries that begin so.
fn size(folder: &std::path::Path, prefix: &str) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        bytes += match entry.metadata()? {
            metadata if metadata.is_dir() => size(&entry.path(), "")?,
            metadata => metadata.len(),
        };
    }
    Ok(bytes)
}
