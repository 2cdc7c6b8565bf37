// SPDX-License-Identifier: Apache-2.0
//! P5: written down first; and what it says of P4.
use crate::{bed, deliver, entries, phone, reveals, two_phones, Broker, Claim, ANNA, SOON};
use serde_json::Value;
use std::time::Duration;

/// P5: the relay saw no connection that the ledger does not know, and none before the ledger knew it.
pub fn every_connection_is_in_the_ledger_before_it_is_opened(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (mut anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "one")?;
    anna.relay().cut();
    std::thread::sleep(Duration::from_millis(300));
    anna.relay_mut().restart()?;
    anna.reachable(3 * SOON)?;
    deliver(&ben, &anna, "two")?;
    anna.cmctl(&["consent", "withdraw", "--erase"])?;
    for phone in [&anna, &ben] {
        let connects = entries(phone, "connect")?;
        let passages = phone.relay().passages();
        assert!(!passages.is_empty());
        // More attempts than connections, where the relay refused.
        assert!(connects.len() >= passages.len(), "{} < {}", connects.len(), passages.len());
        for (index, passage) in passages.iter().enumerate() {
            let opened = passage.opened_ms as i64;
            let known = connects.iter().filter(|entry| at(entry) <= opened).count();
            assert!(known > index, "connection {index} of {} was not written first", phone.name());
        }
        for connect in &connects {
            assert!(reveals(connect, "NETWORK_ADDRESS"), "{connect}");
            assert_eq!(connect["host"], "localhost");
        }
    }
    Ok(())
}

fn at(entry: &Value) -> i64 {
    entry["wallMillis"].as_i64().unwrap_or(i64::MAX)
}

fn position(entry: &Value) -> i64 {
    entry["position"].as_i64().unwrap_or(-1)
}

/// P5: grant, connect, intent, outcome, in this order; and no more was meant to leave than left.
pub fn every_transmission_is_in_the_ledger_before_its_outcome(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    let before = anna.ledger()?.len();
    deliver(&anna, &ben, "written down")?;
    let all = anna.ledger()?;
    let positions: Vec<i64> = all.iter().map(position).collect();
    let expected: Vec<i64> = (0..all.len() as i64).rev().collect();
    assert_eq!(positions, expected, "positions are not a line without gaps");
    let of = |event: &str| all.iter().rev().filter(|e| e["event"] == event).collect::<Vec<_>>();
    let (grants, connects, intents) = (of("grant"), of("connect"), of("intent"));
    let outcomes = of("outcome");
    assert!(position(grants[0]) < position(connects[0]));
    assert!(position(connects[0]) < position(intents[0]));
    let message = intents.iter().find(|intent| reveals(intent, "MESSAGE_CONTENT"));
    let Some(message) = message else { panic!("the message's intent is missing: {intents:?}") };
    assert!(position(message) >= before as i64);
    let Some(delivered) = outcomes.last() else { panic!("the outcome is missing") };
    assert!(position(message) < position(delivered), "{message} {delivered}");
    // Ciphertext is inside TLS is inside what the relay counted.
    let meant: u64 = intents.iter().filter_map(|intent| intent["bytes"].as_u64()).sum();
    let left = anna.relay().counts().up;
    assert!(meant > 0 && meant < left, "{meant} bytes in the ledger, {left} on the wire");
    Ok(())
}

/// P4: optional identities are revealed by the owner's word alone.
pub fn imsi_and_imei_are_revealed_only_if_they_were_allowed(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let anna = phone(&bed, "anna", ANNA)?;
    anna.grant(&[])?;
    anna.reachable(SOON)?;
    let revealed = |class: &str| -> cloudmessaging_testbed::Result<bool> {
        Ok(entries(&anna, "intent")?.iter().any(|intent| reveals(intent, class)))
    };
    assert!(revealed("PHONE_NUMBER")?);
    assert!(!revealed("IMSI")? && !revealed("IMEI")?);
    anna.cmctl(&["consent", "withdraw"])?;
    anna.grant(&["--allow", "imsi"])?;
    anna.reachable(SOON)?;
    assert!(revealed("IMSI")? && !revealed("IMEI")?);
    Ok(())
}
