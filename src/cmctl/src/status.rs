// SPDX-License-Identifier: Apache-2.0
//! `cmctl status`: is it on, what holds it back, how far each SIM is.
use crate::answer::{Answer, Failure};
use crate::connect::{answered, Gate};
use crate::output::{yes_no, Table};
use crate::time::utc;
use crate::words::Words;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ConsentState::ConsentState, OffReason::OffReason, Policy::Policy, Refusal::Refusal,
    Registration::Registration, SimState::SimState,
};
use serde_json::{json, Value};

/// Asks for the state and shows it.
pub fn status(gate: &Gate) -> Result<Answer, Failure> {
    let state = answered(gate.consent()?.state())?;
    Ok(Answer::done(as_json(&state), as_text(&state)))
}

/// The state for programs; `consent show` adds to it.
pub fn as_json(state: &ConsentState) -> Value {
    json!({
        "on": state.on,
        "offReason": state.offReason.name(),
        "durable": state.durable,
        "refusal": state.refusal.name(),
        "policy": state.policy.name(),
        "uplinkRunning": state.uplinkRunning,
        "leaseUntilMillis": state.leaseUntilMillis,
        "sims": state.sims.iter().map(|sim| json!({
            "subscriptionId": sim.subscriptionId,
            "registration": sim.registration.name(),
            "leaseUntilMillis": sim.leaseUntilMillis,
            "connected": sim.connected,
            "codeWasWrong": sim.codeWasWrong,
            "codeUntilMillis": sim.codeUntilMillis,
        })).collect::<Vec<_>>(),
    })
}

/// `on since ...` or `off: ...`.
pub fn headline(state: &ConsentState) -> String {
    if state.on {
        return format!("on since {}", utc(state.grantedAtMillis));
    }
    let mut line = format!("off: {}", state.offReason.says());
    if state.offReason == OffReason::NONE {
        line = "off".into();
    }
    if !state.durable {
        line.push_str(" (off now, not yet durable; the service keeps trying)");
    }
    line
}

fn as_text(state: &ConsentState) -> String {
    let mut pairs = vec![("Cloud Messaging", headline(state))];
    if state.on {
        let passes = match state.refusal {
            Refusal::NONE => "yes".to_owned(),
            refusal => format!("no: {}", refusal.says()),
        };
        pairs.push(("Can send", passes));
    }
    if state.policy != Policy::NONE {
        pairs.push(("Forbidden", state.policy.says().to_owned()));
    }
    let uplink = if state.uplinkRunning { "running" } else { "no such process" };
    pairs.push(("Uplink", uplink.to_owned()));
    if !state.on && state.leaseUntilMillis > 0 {
        pairs.push(("Registration", format!("lapses {}", utc(state.leaseUntilMillis))));
    }
    let names: Vec<String> =
        state.sims.iter().map(|sim| format!("SIM {}", sim.subscriptionId)).collect();
    for (name, sim) in names.iter().zip(&state.sims) {
        pairs.push((name, sim_text(sim)));
    }
    Table::pairs(pairs).text()
}

/// How far a SIM is, for people.
pub fn sim_text(sim: &SimState) -> String {
    if sim.registration == Registration::CODE_NEEDED {
        let (says, until) = (sim.registration.says(), utc(sim.codeUntilMillis));
        let wrong = if sim.codeWasWrong { "that code was wrong; " } else { "" };
        let verb = format!("cmctl consent code --sim {}", sim.subscriptionId);
        return format!("{wrong}{says}, good until {until}: {verb} CODE, or {verb} --again");
    }
    if sim.registration != Registration::DONE {
        return sim.registration.says().to_owned();
    }
    format!("registered until {}, connected: {}", utc(sim.leaseUntilMillis), yes_no(sim.connected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_says_why_and_that_there_is_no_uplink() {
        let state = ConsentState { offReason: OffReason::DAMAGED, ..Default::default() };
        let text = as_text(&state);
        assert!(text.contains("off: the record of consent is damaged"), "{text}");
        assert!(text.contains("Uplink           no such process"), "{text}");
        assert!(!text.contains("Can send"), "{text}");
    }

    #[test]
    fn off_that_is_not_durable_yet_says_so() {
        let state = ConsentState { durable: false, ..Default::default() };
        assert!(as_text(&state).contains("not yet durable"));
    }

    #[test]
    fn what_forbids_it_is_said_while_off_too() {
        let state = ConsentState { policy: Policy::BUILD, ..Default::default() };
        assert!(as_text(&state).contains("Forbidden        this build forbids it"));
        assert_eq!(as_json(&state)["policy"], "BUILD");
    }

    #[test]
    fn on_shows_what_holds_it_back_and_each_sim() {
        let state = ConsentState {
            on: true,
            offReason: OffReason::NONE,
            refusal: Refusal::ROAMING,
            grantedAtMillis: 0,
            sims: vec![
                SimState {
                    subscriptionId: 1,
                    registration: Registration::DONE,
                    leaseUntilMillis: 86_400_000,
                    connected: true,
                    ..Default::default()
                },
                SimState { subscriptionId: 2, ..Default::default() },
            ],
            ..Default::default()
        };
        let text = as_text(&state);
        assert!(text.contains("on since 1970-01-01T00:00:00Z"), "{text}");
        assert!(text.contains("no: the network is roaming"), "{text}");
        assert!(
            text.contains("SIM 1            registered until 1970-01-02T00:00:00Z, connected: yes"),
            "{text}"
        );
        assert!(text.contains("SIM 2            not registered"), "{text}");
        assert_eq!(as_json(&state)["sims"][0]["registration"], "DONE");
    }

    #[test]
    fn a_sim_that_waits_for_a_code_says_how_to_hand_it_in_and_one_that_moved_says_so() {
        let sim = |registration| SimState { subscriptionId: 2, registration, ..Default::default() };
        let text = sim_text(&sim(Registration::CODE_NEEDED));
        assert!(text.starts_with("a code was sent by SMS"), "{text}");
        assert!(text.contains("cmctl consent code --sim 2 CODE"), "{text}");
        assert!(text.ends_with("cmctl consent code --sim 2 --again"), "{text}");
        let wrong = SimState {
            codeWasWrong: true,
            codeUntilMillis: 86_400_000,
            ..sim(Registration::CODE_NEEDED)
        };
        let text = sim_text(&wrong);
        assert!(text.starts_with("that code was wrong; a code was sent by SMS"), "{text}");
        assert!(text.contains("good until 1970-01-02T00:00:00Z"), "{text}");
        assert_eq!(
            as_json(&ConsentState { sims: vec![wrong], ..Default::default() })["sims"][0]
                ["codeWasWrong"],
            true
        );
        let text = sim_text(&sim(Registration::MOVED));
        assert!(text.starts_with("another phone has registered this SIM's number"), "{text}");
    }
}
