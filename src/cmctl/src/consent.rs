// SPDX-License-Identifier: Apache-2.0
//! `cmctl consent show|disclosure|receipt|code|withdraw|class`.
use crate::answer::{Answer, Failure};
#[cfg(not(target_os = "android"))]
use crate::cli::Verdict;
use crate::connect::{answered, Gate};
use crate::output::{wrapped, yes_no, Table};
use crate::status;
#[cfg(not(target_os = "android"))]
use crate::time::utc;
#[cfg(not(target_os = "android"))]
use crate::words::class_list;
use crate::words::{class_names, class_word, Words};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ConsentState::ConsentState, Disclosure::Disclosure,
};
#[cfg(not(target_os = "android"))]
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    DataClass::DataClass, Erasure::Erasure, Withdrawal::Withdrawal,
};
use serde_json::{json, Value};

/// What was agreed to.
pub fn show(gate: &Gate) -> Result<Answer, Failure> {
    let state = answered(gate.consent()?.state())?;
    Ok(Answer::done(show_json(&state), show_text(&state)))
}

fn show_json(state: &ConsentState) -> Value {
    let mut value = status::as_json(state);
    if let Value::Object(fields) = &mut value {
        fields.insert("allowedClasses".into(), json!(class_names(&state.allowedClasses)));
        fields.insert("whileRoaming".into(), json!(state.whileRoaming));
        fields.insert("withDataSaver".into(), json!(state.withDataSaver));
        fields.insert("withBatterySaver".into(), json!(state.withBatterySaver));
        fields.insert("grantedAtMillis".into(), json!(state.grantedAtMillis));
        fields.insert("disclosureVersion".into(), json!(state.disclosureVersion));
    }
    value
}

fn show_text(state: &ConsentState) -> String {
    let headline = status::headline(state);
    if !state.on {
        return Table::pairs([("Consent", headline)]).text();
    }
    let names: Vec<String> =
        state.sims.iter().map(|sim| format!("SIM {}", sim.subscriptionId)).collect();
    let sims = names.iter().zip(&state.sims).map(|(name, sim)| (&**name, status::sim_text(sim)));
    let mut pairs =
        vec![("Consent", headline), ("Disclosure", format!("version {}", state.disclosureVersion))];
    pairs.extend(sims);
    pairs.extend([
        ("While roaming", yes_no(state.whileRoaming)),
        ("With Data Saver", yes_no(state.withDataSaver)),
        ("With battery saver", yes_no(state.withBatterySaver)),
    ]);
    let mut text = Table::pairs(pairs).text();
    text.push_str("\n\nMay be revealed:\n");
    let classes = state.allowedClasses.iter();
    let rows: Vec<(String, String)> =
        classes.map(|class| (format!("  {}", class_word(*class)), class.says().into())).collect();
    text.push_str(&Table::pairs(rows.iter().map(|(a, b)| (a.as_str(), b.clone()))).text());
    text
}

/// The text that is shown before anybody is asked.
pub fn disclosure(gate: &Gate, locale: &str) -> Result<Answer, Failure> {
    let disclosure = answered(gate.consent()?.disclosure(locale))?;
    let hash = hex::encode(&disclosure.sha256);
    let text = disclosure_text(&disclosure);
    Ok(Answer::done(
        json!({
            "version": disclosure.version,
            "locale": disclosure.locale,
            "sha256": hash,
            "text": disclosure.text,
            "controller": disclosure.controller,
            "broker": disclosure.broker,
            "new": what_is_new(&disclosure),
        }),
        format!("{text}\n\nSHA-256  {hash}"),
    ))
}

/// The text with its version, who gets what it says, and what is new to whoever agreed to less.
pub fn disclosure_text(disclosure: &Disclosure) -> String {
    let news = what_is_new(disclosure);
    let new: String = news.iter().map(|what| format!("  {what}\n")).collect();
    format!(
        "Disclosure, version {} ({}), of {}, through {}\n\n{}{}",
        disclosure.version,
        disclosure.locale,
        disclosure.controller,
        disclosure.broker,
        if news.is_empty() { String::new() } else { format!("New since you agreed:\n{new}\n") },
        wrapped(disclosure.text.trim_end())
    )
}

fn what_is_new(disclosure: &Disclosure) -> Vec<String> {
    let mut news = disclosure.news.clone();
    for (what, before, now) in [
        (
            "The organisation that runs the service",
            &disclosure.controllerBefore,
            &disclosure.controller,
        ),
        ("The broker", &disclosure.brokerBefore, &disclosure.broker),
    ] {
        if !before.is_empty() {
            news.push(format!("{what} is {now}. It was {before}."));
        }
    }
    if disclosure.registrarChanged {
        news.push("The registrar has another key.".into());
    }
    news
}

/// The consent in force as its standard has it.
pub fn receipt(gate: &Gate) -> Result<Answer, Failure> {
    let text = answered(gate.consent()?.receipt())?;
    let json: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::Other(format!("the receipt is no JSON: {error}")))?;
    let readable = serde_json::to_string_pretty(&json).unwrap_or(text);
    Ok(Answer::done(json, readable))
}

/// Hands in the code that proves the number.
#[cfg(not(target_os = "android"))]
pub fn code(gate: &Gate, sim: i32, code: &str) -> Result<Answer, Failure> {
    answered(gate.consent()?.submitCode(sim, code))?;
    Ok(Answer::done(
        json!({"subscriptionId": sim, "accepted": true}),
        "Handed in. Whether it was the right one is in `cmctl status`.",
    ))
}

/// Has another code sent.
#[cfg(not(target_os = "android"))]
pub fn another_code(gate: &Gate, sim: i32) -> Result<Answer, Failure> {
    answered(gate.consent()?.requestCode(sim))?;
    Ok(Answer::done(
        json!({"subscriptionId": sim, "asked": true}),
        "Asked for. It comes by SMS; the more were asked for, the longer that takes.",
    ))
}

/// Turns off.
#[cfg(not(target_os = "android"))]
pub fn withdraw(gate: &Gate, erase: bool) -> Result<Answer, Failure> {
    let withdrawal = answered(gate.consent()?.withdraw(erase))?;
    Ok(Answer::done(
        json!({
            "durable": withdrawal.durable,
            "erasure": withdrawal.erasure.name(),
            "leaseUntilMillis": withdrawal.leaseUntilMillis,
        }),
        withdrawal_text(&withdrawal),
    ))
}

#[cfg(not(target_os = "android"))]
fn withdrawal_text(withdrawal: &Withdrawal) -> String {
    let mut lines = vec![if withdrawal.durable {
        "Off.".to_owned()
    } else {
        "Off now, not yet durable; the service keeps trying.".to_owned()
    }];
    match withdrawal.erasure {
        Erasure::NONE => {}
        Erasure::CONFIRMED => lines.push("The registration is erased.".into()),
        other => lines.push(format!("Erasure: {}.", other.says())),
    }
    if withdrawal.leaseUntilMillis > 0 {
        lines.push(format!(
            "The registration lapses {} by itself; nothing is sent for that.",
            utc(withdrawal.leaseUntilMillis)
        ));
    }
    lines.join("\n")
}

/// Allows or forbids one class.
#[cfg(not(target_os = "android"))]
pub fn class(gate: &Gate, class: DataClass, verdict: Verdict) -> Result<Answer, Failure> {
    let allowed = verdict == Verdict::Allow;
    let consent = gate.consent()?;
    answered(consent.setClassAllowed(class, allowed))?;
    let now = answered(consent.state())?.allowedClasses;
    Ok(Answer::done(
        json!({"class": class.name(), "allowed": allowed, "allowedClasses": class_names(&now)}),
        format!(
            "{} is {}.\nMay be revealed: {}",
            class_word(class),
            if allowed { "allowed" } else { "forbidden" },
            class_list(&now)
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use android_system_cloudmessaging::aidl::android::system::cloudmessaging::OffReason::OffReason;

    #[test]
    fn off_shows_no_conditions_and_no_classes() {
        assert_eq!(
            show_text(&ConsentState::default()),
            "Consent  off: never turned on, or turned off"
        );
    }

    #[test]
    fn on_lists_each_class_with_its_meaning() {
        let state = ConsentState {
            on: true,
            offReason: OffReason::NONE,
            allowedClasses: vec![DataClass::PHONE_NUMBER, DataClass::MESSAGE_CONTENT],
            ..Default::default()
        };
        let text = show_text(&state);
        assert!(
            text.contains("  message-content  what you write: to its recipient alone"),
            "{text}"
        );
        assert_eq!(show_json(&state)["allowedClasses"][0], "PHONE_NUMBER");
    }

    #[test]
    fn a_withdrawal_that_is_not_durable_does_not_say_just_off() {
        let text = withdrawal_text(&Withdrawal::default());
        assert!(text.starts_with("Off now, not yet durable"), "{text}");
        let durable = Withdrawal {
            durable: true,
            erasure: Erasure::NOT_CONFIRMED,
            leaseUntilMillis: 86_400_000,
        };
        assert_eq!(
            withdrawal_text(&durable),
            "Off.\nErasure: no confirmation within 2 s, the registration lapses by itself.\n\
             The registration lapses 1970-01-02T00:00:00Z by itself; nothing is sent for that."
        );
    }
}
