// SPDX-License-Identifier: Apache-2.0
//! P3: off is at once.
use crate::{
    bed, deliver, entries, no_uplink, phone, refused, silent, two_phones, Broker, Claim, ANNA, BEN,
    SOON,
};
use cloudmessaging_testbed::{proc, until};
use std::time::Duration;

/// P3, P2.
pub fn when_withdraw_returns_the_uplink_is_gone_and_no_further_byte_passes(
    broker: Broker,
) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "still on")?;
    let uplinks = anna.uplinks();
    assert_eq!(uplinks.len(), 1, "{uplinks:?}");
    let withdrawn = anna.cmctl(&["consent", "withdraw"])?;
    no_uplink(&anna);
    assert!(!proc::exists(uplinks[0]));
    assert_eq!(withdrawn["durable"], true);
    silent(&anna);
    let status = anna.status()?;
    assert_eq!(status["on"], false);
    assert_eq!(status["uplinkRunning"], false);
    assert!(!anna.consent_file().exists(), "the record is still there");
    refused(&anna, BEN, "OFF")?;
    // Nobody's message brings it back to life.
    let sent = ben.send(ANNA, "are you still there?", &[])?;
    assert_eq!(sent.code, 0, "{}", sent.output);
    silent(&anna);
    no_uplink(&anna);
    Ok(())
}

/// P3, P6: with messages under way.
pub fn withdraw_in_the_middle_of_a_burst_stops_it(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "first")?;
    let mut accepted = Vec::new();
    std::thread::scope(|scope| {
        let burst = scope.spawn(|| {
            let mut ids = Vec::new();
            for number in 0..100 {
                let sent = anna.send(BEN, &format!("burst {number}"), &[])?;
                match sent.code {
                    0 => ids.push(sent.json["id"].clone()),
                    _ => {
                        assert_eq!(sent.json["refusal"], "OFF", "{}", sent.output);
                        break;
                    }
                }
            }
            Ok::<_, cloudmessaging_testbed::Error>(ids)
        });
        std::thread::sleep(Duration::from_millis(300));
        // Slow the network down, so that some cannot have left yet.
        anna.relay().pause();
        std::thread::sleep(Duration::from_millis(100));
        anna.cmctl(&["consent", "withdraw"])?;
        no_uplink(&anna);
        anna.relay().resume();
        if let Ok(ids) = burst.join() {
            accepted = ids?;
        }
        Ok::<_, cloudmessaging_testbed::Error>(())
    })?;
    silent(&anna);
    refused(&anna, BEN, "OFF")?;
    assert!(!accepted.is_empty());
    // Each has ended or waits for its deadline; none ended twice.
    let outcomes = anna.cmctl(&["outcomes", "--limit", "1000"])?;
    let outcomes = outcomes["outcomes"].as_array().cloned().unwrap_or_default();
    for id in &accepted {
        let ends = outcomes.iter().filter(|outcome| outcome["id"] == *id).count();
        assert!(ends <= 1, "{id} ended {ends} times");
    }
    Ok(())
}

/// P3: the one exception, `withdraw --erase`, ends inside the call; what it asked for is done.
pub fn an_erased_registration_is_not_found_any_more(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    let withdrawn = ben.cmctl(&["consent", "withdraw", "--erase"])?;
    no_uplink(&ben);
    assert_eq!(withdrawn["erasure"], "CONFIRMED", "{withdrawn}\n{}", ben.log_tail());
    silent(&ben);
    assert!(!entries(&ben, "erasure")?.is_empty(), "the erasure is not in the ledger");
    // Anna has not asked for Ben before, so what she is told is what the registrar knows now.
    let sent = anna.send(BEN, "Too late?", &["--wait", "60"])?;
    assert_eq!(sent.code, 4, "{}", sent.output);
    assert_eq!(sent.json["outcome"]["reason"], "NOT_REGISTERED", "{}", sent.output);
    Ok(())
}

/// Turning off does not burn the bridge.
pub fn a_new_grant_after_withdraw_works(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let anna = phone(&bed, "anna", ANNA)?;
    let ben = phone(&bed, "ben", BEN)?;
    ben.grant(&[])?;
    for round in 0..3 {
        anna.grant(&[])?;
        anna.reachable(SOON)?;
        ben.reachable(SOON)?;
        deliver(&anna, &ben, &format!("round {round}"))?;
        anna.cmctl(&["consent", "withdraw", "--erase"])?;
        no_uplink(&anna);
    }
    let records = entries(&anna, "grant")?.len();
    assert_eq!((records, entries(&anna, "withdraw")?.len()), (3, 3));
    let off = until(SOON, || Ok((anna.relay().open() == 0).then_some(())))?;
    assert!(off.is_some());
    Ok(())
}
