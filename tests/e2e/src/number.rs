// SPDX-License-Identifier: Apache-2.0
//! Whose a number is: who types the code that was sent to it, and what the one before hears of it.
use crate::{bed, deliver, phone, two_phones, Broker, Claim, ANNA, BEN, SOON};
use cloudmessaging_testbed::{until, Phone, Result};
use serde_json::{json, Value};

fn waits_for_a_code(phone: &Phone) -> Claim {
    let asked = until(SOON, || {
        Ok((phone.status()?["sims"][0]["registration"] == "CODE_NEEDED").then_some(()))
    })?;
    asked.ok_or_else(|| phone.waited("a code to be asked for", SOON))
}

fn fingerprint(phone: &Phone, peer: &str) -> Result<Value> {
    Ok(phone.cmctl(&["fingerprint", "--sim", "1", peer])?["fingerprint"].clone())
}

fn changes(phone: &Phone) -> Result<Vec<Value>> {
    let changed = phone.cmctl(&["keys", "changed"])?;
    Ok(changed["changes"].as_array().cloned().unwrap_or_default())
}

/// A wrong code registers nothing; the right one does, after it.
pub fn only_the_code_that_came_by_sms_registers_a_number(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = (phone(&bed, "anna", ANNA)?, phone(&bed, "ben", BEN)?);
    let early = anna.ask(&["consent", "code", "--sim", "1", "00000000"])?;
    assert_eq!(early.json["error"]["code"], "OFF", "{}", early.output);
    anna.grant(&[])?;
    waits_for_a_code(&anna)?;
    // 2^-39 of being right.
    let typed = anna.ask(&["consent", "code", "--sim", "1", "00000000"])?;
    assert_eq!(typed.json, json!({"subscriptionId": 1, "accepted": true}), "{}", typed.output);
    ben.grant(&[])?;
    ben.reachable(SOON)?;
    let sent = ben.send(ANNA, "too early", &["--wait", "60"])?;
    assert_eq!(sent.json["outcome"]["reason"], "NOT_REGISTERED", "{}", sent.output);
    // Asked anew, by an SMS of its own.
    anna.reachable(3 * SOON)?;
    deliver(&anna, &ben, "by the right one")
}

/// Another phone registers the number with its code: the one before ends, and who it writes to sees a new key.
pub fn a_number_that_moves_is_the_new_phones_and_everybody_notices(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "from the old phone")?;
    deliver(&ben, &anna, "to the old phone")?;
    let before = fingerprint(&ben, ANNA)?;
    assert_eq!(fingerprint(&anna, BEN)?, before);
    assert_eq!(changes(&ben)?, Vec::<Value>::new());

    let new = phone(&bed, "annas-new-phone", ANNA)?;
    new.grant(&[])?;
    new.reachable(SOON)?;
    let told =
        until(SOON, || Ok((anna.status()?["sims"][0]["registration"] == "MOVED").then_some(())))?;
    told.ok_or_else(|| anna.waited("the notice that the number moved", SOON))?;
    let refused = anna.send(BEN, "from nobody's phone", &[])?;
    assert_eq!(refused.code, 3, "{}", refused.output);

    deliver(&new, &ben, "from the new phone")?;
    let noticed = changes(&ben)?;
    assert_eq!(noticed.len(), 1);
    assert_eq!(noticed[0]["peer"], ANNA);
    let after = fingerprint(&ben, ANNA)?;
    assert_ne!(after, before);
    assert_eq!(fingerprint(&new, BEN)?, after);
    ben.cmctl(&["keys", "acknowledge", &noticed[0]["atMillis"].to_string()])?;
    assert_eq!(changes(&ben)?, Vec::<Value>::new());
    Ok(())
}
