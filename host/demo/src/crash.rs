// SPDX-License-Identifier: Apache-2.0
//! The two chapters in which something ends that should not have: a phone is off for too long, and gates are
//! killed in the middle of a message.
use crate::notes::unsent;
use crate::story::{entries, millis, Story, SOON};
use crate::teller::{many, seconds, Teller};
use cloudmessaging_testbed::{proc, until, Phone, Result, Value};
use serde_json::json;
use std::time::Instant;

/// The nearest SMS deadline that the service takes is 20 s ahead, when the call arrives.
const DEADLINE_S: u64 = 21;

impl Story<'_> {
    /// Ben's phone stays off until the message is over.
    pub fn too_late(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna) = (&mut self.notes, &*self.anna);
        let teller = notes.teller;
        teller.chapter(chapter, "The other phone is off");
        let receipts = |phone: &Phone| Ok(entries(&phone.ledger()?, "intent", "Receipt"));
        let before = receipts(self.ben)?;
        switch_off(teller, self.ben);
        teller.line(&format!("   Anna's app gives the message {DEADLINE_S} s, and waits."));
        let text = "Shall we meet at eight?";
        let (deadline, begun) = (DEADLINE_S.to_string(), Instant::now());
        let more = ["--sms-deadline", &deadline, "--wait", "90"];
        let sent = notes.send(anna, self.ben, text, &more)?;
        let took = millis(begun);
        let (id, outcome) = (&sent.json["id"], &sent.json["outcome"]);
        if outcome.is_null() {
            return Err(unsent(sent, anna));
        }
        let reason = outcome["reason"].as_str().unwrap_or("no reason");
        teller.fact(&format!(
            "use SMS: {reason} (exit code {}), after {}",
            sent.code,
            seconds(took)
        ));
        let sms = outcome["delivered"] == false && reason == "EXPIRED";
        notes.check("P6", "it ended as use SMS: Anna's app sends one now", sms);
        let ledger = anna.ledger()?;
        let retracts = entries(&ledger, "intent", "Retraction");
        notes.check("P6", "and before that her gate took the message back", retracts > 0);

        teller.line("   Ben's phone comes back. At the broker waits that it was taken back:");
        let ben = &mut *self.ben;
        start_again(teller, ben)?;
        ben.reachable(SOON)?;
        let answered = until(SOON, || Ok((receipts(ben)? > before).then_some(())))?.is_some();
        notes.check("P6", "his gate has noted to refuse it for good, and answered", answered);
        notes.check(
            "P6",
            "it is not in Ben's inbox: he reads it once, as the SMS",
            times(ben, id)? == 0,
        );
        notes.check("P6", "for Anna's app it has this one outcome", outcomes(anna, id)?.len() == 1);
        notes.count(
            "useSms",
            json!({
                "reason": reason,
                "deadlineMillis": DEADLINE_S * 1000,
                "afterMillis": took,
                "retracts": retracts,
                "arrived": times(ben, id)?,
            }),
        );
        Ok(())
    }

    /// Anna's gate dies when it alone has the message, and both when he has it and she does not know.
    pub fn crash(&mut self, chapter: u32) -> Result<()> {
        let (notes, anna, ben) = (&mut self.notes, &mut *self.anna, &mut *self.ben);
        let teller = notes.teller;
        teller.chapter(chapter, "Crashes in the middle");
        teller.line("   Anna is in a tunnel, without a network, and writes all the same:");
        anna.change(|facts| facts.connected = false)?;
        let consent = anna.ask(&["consent", "receipt"])?.json;
        let before = messages_sent(anna)?;
        let text = "Happy birthday!";
        let sent = notes.send(anna, ben, text, &[])?;
        if sent.code != 0 {
            return Err(unsent(sent, anna));
        }
        let id = &sent.json["id"];
        teller.fact("accepted: it is on her phone's disk, and nowhere else");
        let begun = Instant::now();
        kill(teller, anna);
        start_again(teller, anna)?;
        let after = anna.ask(&["consent", "receipt"])?.json;
        let same = !consent.is_null() && after == consent;
        notes.check("P7", "the crash turned nothing on or off: her consent is the same", same);
        let none = outcomes(anna, id)?.is_empty() && messages_sent(anna)? == before;
        notes.check("P6", "it sent nothing and made up no outcome", none);

        teller.line("   She leaves the tunnel. Nobody calls send again:");
        anna.change(|facts| facts.connected = true)?;
        let received = until(SOON, || Ok((times(ben, id)? > 0).then_some(())))?;
        notes.check("P6", "the new gate sends what the dead one had accepted", received.is_some());
        received.ok_or_else(|| ben.waited("Anna's message", SOON))?;
        let uplinks = [anna.uplinks(), ben.uplinks()].concat();
        kill(teller, ben);
        let knew = !outcomes(anna, id)?.is_empty();
        teller.fact(match knew {
            false => "he has it on his disk, and she does not know yet",
            true => "he has it on his disk, and for once she knows already",
        });
        kill(teller, anna);
        let gone = until(SOON, || {
            let gone = uplinks.iter().all(|pid| !proc::runs(*pid));
            Ok(gone.then_some(()))
        })?;
        let with_them = gone.is_some() && uplinks.len() == 2;
        notes.check("P2", "with the two gates their uplinks ended", with_them);
        start_again(teller, ben)?;
        start_again(teller, anna)?;
        let ended = until(SOON, || Ok(outcomes(anna, id)?.into_iter().next()))?;
        let took = millis(begun);
        notes.shown(anna, &["outcomes"])?;
        notes.shown(ben, &["inbox"])?;
        let delivered = ended.is_some_and(|outcome| outcome["delivered"] == true);
        notes.check("P6", "it ended as delivered", delivered);
        notes.check("P6", "Ben has it once", times(ben, id)? == 1);
        notes.check("P6", "for Anna's app it has this one outcome", outcomes(anna, id)?.len() == 1);
        let copies = messages_sent(anna)? - before;
        teller.fact(&format!(
            "three crashes, {} of it sent, delivered {} after the first of them",
            many(copies as u64, "copy"),
            seconds(took)
        ));
        notes.count(
            "crash",
            json!({
                "kills": 3,
                "knewBeforeTheLast": knew,
                "copiesSent": copies,
                "arrived": times(ben, id)?,
                "deliveredAfterMillis": took,
            }),
        );
        Ok(())
    }
}

/// As a phone whose battery is taken out: nothing gets to say good-bye.
fn switch_off(teller: &Teller, phone: &mut Phone) {
    let (pid, whose) = (phone.gate(), capital(phone.name()));
    phone.kill_gate();
    teller.line(&format!("   {whose}'s phone goes off: its gate, {pid}, is killed."));
}

/// SIGKILL.
fn kill(teller: &Teller, phone: &mut Phone) {
    let (pid, whose) = (phone.gate(), capital(phone.name()));
    teller.command("root", &format!("kill -9 {pid}    # {whose}'s gate"));
    phone.kill_gate();
}

/// As init does, and then the platform tells what it knows.
fn start_again(teller: &Teller, phone: &mut Phone) -> Result<()> {
    phone.restart()?;
    teller.fact(&format!("init has started {}'s gate: {}", capital(phone.name()), phone.gate()));
    Ok(())
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// How often a message is in the phone's inbox.
fn times(phone: &Phone, id: &Value) -> Result<usize> {
    let inbox = phone.cmctl(&["inbox"])?;
    let messages = inbox["messages"].as_array().cloned().unwrap_or_default();
    Ok(messages.iter().filter(|message| message["id"] == *id).count())
}

/// What the phone's app is told of a message.
fn outcomes(phone: &Phone, id: &Value) -> Result<Vec<Value>> {
    let all = phone.cmctl(&["outcomes"])?;
    let all = all["outcomes"].as_array().cloned().unwrap_or_default();
    Ok(all.into_iter().filter(|outcome| outcome["id"] == *id).collect())
}

/// How many messages the phone's ledger shows on their way.
fn messages_sent(phone: &Phone) -> Result<usize> {
    Ok(entries(&phone.ledger()?, "intent", "Message"))
}
