// SPDX-License-Identifier: Apache-2.0
//! P7: nobody else turns it on, and who may ask what.
use crate::{bed, is_root, no_uplink, phone, refused, untouched, Broker, Claim, ANNA, BEN};
use cloudmessaging_testbed::Bed;

/// P7: a consent names the text that was read.
pub fn only_the_hash_of_the_disclosure_grants(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let anna = phone(&bed, "anna", ANNA)?;
    let sims = anna.sims_file()?.display().to_string();
    for hash in ["0".repeat(64), "f".repeat(64), String::new(), "yes".into()] {
        let asked = anna.ask(&["consent", "grant", "--sims", &sims, "--yes", &hash])?;
        assert_ne!(asked.code, 0, "granted with {hash:?}");
        assert_eq!(anna.status()?["on"], false);
    }
    no_uplink(&anna);
    untouched(&anna);
    // The counter-proof.
    anna.grant(&[])?;
    assert_eq!(anna.status()?["on"], true);
    Ok(())
}

/// P7: without a terminal there is nobody to ask.
pub fn no_grant_comes_from_a_pipe_or_an_end_of_file(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let anna = phone(&bed, "anna", ANNA)?;
    let sims = anna.sims_file()?.display().to_string();
    let asked = anna.ask_typing(&["consent", "grant", "--sims", &sims], "yes\nyes\n")?;
    assert_eq!(asked.code, 2, "{}", asked.output);
    let asked = anna.ask_typing(&["consent", "grant", "--sims", &sims], "")?;
    assert_eq!(asked.code, 2, "{}", asked.output);
    assert_eq!(anna.status()?["on"], false);
    untouched(&anna);
    Ok(())
}

/// P7: the owner's page and the platform's reports are for those they are for.
pub fn another_uid_reaches_neither_consent_nor_platform(broker: Broker) -> Claim {
    let Some((bed, stranger)) = bed_with_a_stranger(broker)? else { return Ok(()) };
    let anna = phone(&bed, "anna", ANNA)?;
    let hash = anna.cmctl(&["consent", "disclosure"])?["sha256"].as_str().unwrap_or("").to_owned();
    let grant = ["consent", "grant", "--sim", "1,+15550100", "--yes", &hash];
    let report = anna.run().with_file_name("report.json").display().to_string();
    let report = ["platform", "report", "--file", &report];
    for attempt in [&["status"][..], &grant, &["consent", "withdraw"], &report, &["ledger", "show"]]
    {
        let answer = anna.ask_as(stranger, attempt)?;
        assert_eq!(answer.code, 1, "{attempt:?}: {}", answer.output);
        assert!(!answer.output.contains("offReason"), "{attempt:?} told {}", answer.output);
    }
    assert_eq!(anna.status()?["on"], false);
    // The counter-proof: for the owner the same words work.
    assert_eq!(anna.ask(&grant)?.code, 0);
    Ok(())
}

/// The Messaging app's interface is for the default SMS app, whoever else can reach the socket.
pub fn only_the_default_sms_app_may_send(broker: Broker) -> Claim {
    let Some((bed, stranger)) = bed_with_a_stranger(broker)? else { return Ok(()) };
    let mut anna = bed.phone("anna", ANNA)?;
    anna.kill_gate();
    let own = nix::unistd::geteuid().as_raw();
    anna.admit_to_messaging(&[own, stranger]);
    anna.start()?;
    anna.report()?;
    let send = ["send", "--sim", "1", "--to", BEN, "--body", "this must not leave"];
    for attempt in [&send[..], &["inbox"], &["outcomes"]] {
        let answer = anna.ask_as(stranger, attempt)?;
        assert_eq!(answer.json["error"]["code"], "NOT_ALLOWED", "{attempt:?}: {}", answer.output);
    }
    refused(&anna, BEN, "OFF")?;
    // And the other way round, once it is the stranger's turn.
    anna.change(|facts| facts.default_sms_uid = Some(stranger))?;
    let answer = anna.ask_as(stranger, &send)?;
    assert_eq!(answer.json["refusal"], "OFF", "{}", answer.output);
    let answer = anna.ask(&send)?;
    assert_eq!(answer.json["error"]["code"], "NOT_ALLOWED", "{}", answer.output);
    Ok(())
}

// A uid of the same Android user that is neither ours nor anybody's.
fn bed_with_a_stranger(broker: Broker) -> cloudmessaging_testbed::Result<Option<(Bed, u32)>> {
    if !is_root() {
        eprintln!("skipped: only root can act as another uid");
        return Ok(None);
    }
    Ok(Some((bed(broker)?, 10_042)))
}
