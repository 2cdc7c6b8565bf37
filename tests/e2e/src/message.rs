// SPDX-License-Identifier: Apache-2.0
//! The way of a message.
use crate::{bed, deliver, two_phones, Broker, Claim, SOON};
use cloudmessaging_testbed::until;
use std::time::Duration;

/// P6, as far as one life of the gate goes.
pub fn a_message_is_delivered_both_ways_and_ends_once(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "Are you there?")?;
    deliver(&ben, &anna, "Yes. ✓ ünïcode, and a\nsecond line")?;
    deliver(&anna, &ben, &"long ".repeat(10_000))?;
    // The same id again is the same message.
    let id = "5a".repeat(16);
    let more = ["--id", id.as_str(), "--sms-deadline", "3600", "--wait", "60"];
    let first = anna.send(ben.number(), "once", &more)?;
    assert_eq!(first.code, 0, "{}", first.output);
    let outcomes = anna.cmctl(&["outcomes"])?;
    let of_it = outcomes["outcomes"].as_array().into_iter().flatten().filter(|o| o["id"] == id);
    assert_eq!(of_it.count(), 1);
    let inbox = ben.cmctl(&["inbox"])?;
    let arrived =
        inbox["messages"].as_array().into_iter().flatten().filter(|m| m["body"] == "once");
    assert_eq!(arrived.count(), 1);
    // What was read and acknowledged is gone.
    anna.cmctl(&["outcomes", "--acknowledge"])?;
    assert_eq!(anna.cmctl(&["outcomes"])?["outcomes"].as_array().map(Vec::len), Some(0));
    ben.cmctl(&["inbox", "--acknowledge"])?;
    assert_eq!(ben.cmctl(&["inbox"])?["messages"].as_array().map(Vec::len), Some(0));
    Ok(())
}

/// No silent downgrade: the app is told why.
pub fn a_number_that_is_not_registered_ends_as_use_sms(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, _ben) = two_phones(&bed)?;
    let sent = anna.send("+15550199", "Anybody?", &["--wait", "60"])?;
    assert_eq!(sent.code, 4, "{}", sent.output);
    assert_eq!(sent.json["outcome"]["reason"], "NOT_REGISTERED", "{}", sent.output);
    Ok(())
}

/// A connection that breaks is opened again, and what was under way arrives.
pub fn a_message_survives_a_network_that_breaks(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (mut anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "before")?;
    anna.relay().cut();
    let sent = anna.send(ben.number(), "written while cut off", &[])?;
    assert_eq!(sent.code, 0, "{}", sent.output);
    std::thread::sleep(Duration::from_millis(500));
    anna.relay_mut().restart()?;
    ben.received("written while cut off", 3 * SOON)?;
    let id = &sent.json["id"];
    let delivered = until(3 * SOON, || {
        let outcomes = anna.cmctl(&["outcomes"])?;
        let mut outcomes = outcomes["outcomes"].as_array().cloned().unwrap_or_default().into_iter();
        Ok(outcomes.find(|outcome| outcome["id"] == *id))
    })?;
    let delivered = delivered.ok_or_else(|| anna.waited("its outcome", 3 * SOON))?;
    assert_eq!(delivered["delivered"], true, "{delivered}");
    deliver(&ben, &anna, "and back")
}
