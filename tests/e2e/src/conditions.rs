// SPDX-License-Identifier: Apache-2.0
//! P1, P4, P7: what a policy, the network or the owner's own conditions hold back.
use crate::{
    bed, deliver, entries, no_uplink, phone, refused, reveals, silent, two_phones, Broker, Claim,
    ANNA, BEN, SOON,
};
use cloudmessaging_testbed::Facts;

/// Sets one fact, or lifts it.
type Switch = fn(&mut Facts, bool);

/// P7: policies can force off, at once; the owner's own choice comes back when they are lifted.
pub fn a_policy_ends_the_uplink_at_once_and_lifting_it_restores(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (mut anna, ben) = two_phones(&bed)?;
    let policies: [(&str, Switch); 2] = [
        ("DISALLOW_SMS", |facts, set| facts.sms_forbidden = set),
        ("the organisation", |facts, set| facts.forbidden_by_organisation = set),
    ];
    for (name, policy) in policies {
        anna.change(|facts| policy(facts, true))?;
        no_uplink(&anna);
        silent(&anna);
        refused(&anna, BEN, "POLICY")?;
        anna.change(|facts| policy(facts, false))?;
        anna.reachable(SOON)?;
        deliver(&anna, &ben, &format!("allowed again by {name}"))?;
    }
    // What was off stays off when a policy comes and goes.
    anna.cmctl(&["consent", "withdraw"])?;
    anna.change(|facts| facts.sms_forbidden = true)?;
    let sims = anna.sims_file()?.display().to_string();
    let hash = anna.cmctl(&["consent", "disclosure"])?["sha256"].as_str().unwrap_or("").to_owned();
    let forbidden = anna.ask(&["consent", "grant", "--sims", &sims, "--yes", &hash])?;
    assert_eq!(forbidden.json["error"]["code"], "FORBIDDEN", "{}", forbidden.output);
    anna.change(|facts| facts.sms_forbidden = false)?;
    assert_eq!(anna.status()?["on"], false);
    silent(&anna);
    Ok(())
}

/// P1: no network, roaming, Data Saver, battery saver, locked.
pub fn each_condition_that_was_not_allowed_holds_everything_back(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (mut anna, ben) = two_phones(&bed)?;
    let conditions: [(&str, Switch); 5] = [
        ("NO_NETWORK", |facts, set| facts.connected = !set),
        ("ROAMING", |facts, set| facts.roaming = set),
        ("DATA_SAVER", |facts, set| facts.data_saver = set),
        ("BATTERY_SAVER", |facts, set| facts.battery_saver = set),
        ("NOT_UNLOCKED", |facts, set| facts.unlocked = !set),
    ];
    for (name, condition) in conditions {
        anna.change(|facts| condition(facts, true))?;
        let status = anna.status()?;
        assert_eq!(status["on"], true, "{name}: {status}");
        assert_eq!(status["refusal"], name, "{status}");
        let body = format!("written under {name}");
        let sent = anna.send(BEN, &body, &[])?;
        silent(&anna);
        // No network is for the service to wait out, the rest for the app to know.
        if sent.code != 0 {
            assert_eq!((sent.code, &sent.json["refusal"]), (3, &name.into()), "{}", sent.output);
        }
        anna.change(|facts| condition(facts, false))?;
        anna.reachable(SOON)?;
        if sent.code == 0 {
            ben.received(&body, SOON)?;
        }
        deliver(&anna, &ben, &format!("and after {name}"))?;
    }
    Ok(())
}

/// The counter-proof: the same conditions, allowed by the owner.
pub fn what_the_owner_allowed_passes(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let mut anna = phone(&bed, "anna", ANNA)?;
    let ben = phone(&bed, "ben", BEN)?;
    ben.grant(&[])?;
    ben.reachable(SOON)?;
    anna.change(|facts| {
        facts.roaming = true;
        facts.data_saver = true;
        facts.battery_saver = true;
    })?;
    anna.grant(&["--while-roaming", "--with-data-saver", "--with-battery-saver"])?;
    anna.reachable(SOON)?;
    deliver(&anna, &ben, "from abroad")
}

/// P4: the owner said no to one class.
pub fn a_class_that_is_forbidden_never_leaves(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "while it was allowed")?;
    let sent_before = entries(&anna, "intent")?.len();
    anna.cmctl(&["consent", "class", "message-content", "forbid"])?;
    let sent = anna.send(BEN, "this must not leave", &["--wait", "30"])?;
    match sent.code {
        3 => assert_eq!(sent.json["refusal"], "CLASS_NOT_ALLOWED", "{}", sent.output),
        _ => assert_eq!(sent.json["outcome"]["reason"], "REFUSED", "{}", sent.output),
    }
    for intent in &entries(&anna, "intent")?[sent_before..] {
        assert!(!reveals(intent, "MESSAGE_CONTENT"), "{intent}");
    }
    let inbox = ben.cmctl(&["inbox"])?;
    assert_eq!(inbox["messages"].as_array().map(Vec::len), Some(1), "{inbox}");
    // And the counter-proof.
    anna.cmctl(&["consent", "class", "message-content", "allow"])?;
    anna.reachable(SOON)?;
    deliver(&anna, &ben, "allowed again")
}
