// SPDX-License-Identifier: Apache-2.0
//! The chapter in which both turn it on, and prove that their numbers are theirs.
use crate::notes::{unsent, Notes};
use crate::story::{entries, millis, Story, SOON};
use crate::teller::{many, seconds, wrapped};
use cloudmessaging_testbed::{proc, until, Phone, Result, Value};
use serde_json::json;
use std::time::Instant;

/// Right once in 2^39 times.
const WRONG_CODE: &str = "00000000";

impl Story<'_> {
    /// Grant, code by SMS, and reachable.
    pub fn turn_on(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna, ben) = (&mut self.notes, &*self.anna, &*self.ben);
        let teller = notes.teller;
        teller.chapter(chapter, "Anna and Ben turn it on");
        let disclosure = anna.cmctl(&["consent", "disclosure"])?;
        let text = disclosure["text"].as_str().unwrap_or_default();
        let hash = disclosure["sha256"].as_str().unwrap_or_default();
        teller.command(anna.name(), "cmctl consent disclosure");
        let beginning = beginning(text);
        let rest = text.split_whitespace().count() - beginning.split_whitespace().count();
        teller.fact(&format!("{}\n[... and {rest} more words]", wrapped(beginning)));
        teller.line(
            "   At a terminal, grant shows all of it and waits for a yes. The demo names its",
        );
        teller.line("   hash instead, as a script has to.");
        let begun = Instant::now();
        for phone in [anna, ben] {
            let sims = phone.sims_file()?.display().to_string();
            let grant = ["consent", "grant", "--sims", sims.as_str(), "--yes", hash];
            teller.command(phone.name(), &phone.command_line(&grant));
            phone.grant(&[])?;
        }
        for phone in [anna, ben] {
            let asked = until(SOON, || Ok(settled(&registration(phone)?)))?;
            let what = format!("{} is not registered without the code", phone.number());
            notes.check("P4", what, asked.as_deref() == Some("CODE_NEEDED"));
            if phone.sms().is_empty() {
                return Err(phone.waited("a code by SMS", SOON));
            }
        }
        let asked = millis(begun);
        teller.line(
            "   The registrar has sent a code to each number. Ben types the one that he got:",
        );
        let of_ben = code_from_sms(notes, ben)?;
        hand_in(notes, ben, &of_ben)?;
        ben.reachable(SOON)?;
        prove_anna(notes, anna, ben)?;
        let begun = Instant::now();
        let of_anna = code_from_sms(notes, anna)?;
        hand_in(notes, anna, &of_anna)?;
        anna.reachable(SOON)?;
        let took = millis(begun);
        notes.shown(anna, &["status"])?;
        teller.fact(&format!(
            "the SMS came {} after the grants; reachable {} after the code",
            seconds(asked),
            seconds(took)
        ));
        let sms = [anna.sms().len(), ben.sms().len()];
        notes.check("P4", "one SMS to each number, and no more", sms == [1, 1]);
        let uplink = anna.uplinks();
        let gate_clean = proc::network_sockets(anna.gate()).map(|sockets| sockets.len());
        match &gate_clean {
            Ok(count) => {
                teller.fact(&format!(
                    "gate {}: {}; uplink {}: the only one with any",
                    anna.gate(),
                    many(*count as u64, "network socket"),
                    uplink.first().copied().unwrap_or_default()
                ));
                notes.check(
                    "P2",
                    "the process that holds consent and keys has no network socket",
                    *count == 0,
                );
            }
            Err(_) => teller.fact("(run as root to see that the gate has no network socket)"),
        }
        notes.check("P2", "one uplink for the one user who consented", uplink.len() == 1);
        notes.count(
            "on",
            json!({
                "codeAskedForAfterMillis": asked,
                "reachableAfterCodeMillis": took,
                "smsToEach": sms,
                "gateRssBytes": proc::rss(anna.gate()).ok(),
                "uplinkRssBytes": uplink.first().and_then(|pid| proc::rss(*pid).ok()),
                "gateNetworkSockets": gate_clean.ok(),
            }),
        );
        Ok(())
    }
}

/// Anna hands in what is not the code, and Ben looks for her.
fn prove_anna(notes: &mut Notes, anna: &Phone, ben: &Phone) -> Result<()> {
    notes.teller.line("   Anna types something else:");
    let asked = |phone: &Phone| Ok(entries(&phone.ledger()?, "intent", "Registration"));
    let before = asked(anna)?;
    hand_in(notes, anna, WRONG_CODE)?;
    // Until it has been sent, the gate still waits for the code as before.
    let answered = until(SOON, || {
        let sent = asked(anna)? > before;
        Ok(settled(&registration(anna)?).filter(|_| sent))
    })?;
    let state = answered.ok_or_else(|| anna.waited("the registrar's answer", SOON))?;
    notes.check("P4", "a wrong code registers nothing", state == "CODE_NEEDED");
    let sent = notes.send(ben, anna, "Are you there?", &["--wait", "60"])?;
    let outcome = &sent.json["outcome"];
    if outcome.is_null() {
        return Err(unsent(sent, ben));
    }
    let reason = outcome["reason"].as_str().unwrap_or("no answer");
    notes.teller.fact(&format!("use SMS: {reason} (exit code {})", sent.code));
    let unknown = outcome["delivered"] == false && reason == "NOT_REGISTERED";
    notes.check("P4", "until the right one, nobody finds her number", unknown);
    notes.count("wrongCode", json!({"registration": state, "outcome": reason}));
    notes.teller.line("   Now the one that came to her number:");
    Ok(())
}

/// Shows the last SMS to the phone's number, and takes the code out of it.
fn code_from_sms(notes: &Notes, phone: &Phone) -> Result<String> {
    let sms = phone.sms().pop().ok_or_else(|| phone.waited("an SMS", SOON))?;
    notes.teller.fact(&wrapped(&format!("SMS to {}: {sms}", phone.number())));
    Ok(sms.split_whitespace().next().unwrap_or_default().to_owned())
}

fn hand_in(notes: &Notes, phone: &Phone, code: &str) -> Result<()> {
    notes.shown(phone, &["consent", "code", "--sim", "1", code])
}

fn registration(phone: &Phone) -> Result<String> {
    let status: Value = phone.status()?;
    Ok(status["sims"][0]["registration"].as_str().unwrap_or_default().to_owned())
}

/// The registrar has answered.
fn settled(registration: &str) -> Option<String> {
    let under_way = ["", "NONE", "ASKED"].contains(&registration);
    (!under_way).then(|| registration.to_owned())
}

fn beginning(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}
