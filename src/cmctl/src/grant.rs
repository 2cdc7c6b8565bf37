// SPDX-License-Identifier: Apache-2.0
//! `cmctl consent grant`: shows the disclosure, asks, and only then turns on (promise P1).
//!
//! Not on a phone. On a host the answer has to be typed at a terminal; a script has to name the hash of
//! the very text that its owner has read. An empty answer, an end of file, or a text that is not the one
//! its hash names: nothing is granted.
use crate::answer::{Answer, Failure};
use crate::cli::GrantArguments;
use crate::confirm::by_words;
use crate::connect::{answered, Gate};
use crate::consent::disclosure_text;
use crate::sim::identities;
use crate::status;
use crate::words::{allowed, class_word, Words};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    CaptureMethod::CaptureMethod, DataClass::DataClass, Disclosure::Disclosure, Grant::Grant,
};
use serde_json::{json, Value};
use std::io::IsTerminal;

/// Asks and turns on.
pub fn grant(gate: &Gate, asked: &GrantArguments) -> Result<Answer, Failure> {
    let sims = identities(&asked.sims)?;
    let classes = allowed(&asked.classes.allow, &asked.classes.forbid);
    let consent = gate.consent()?;
    let disclosure = answered(consent.disclosure(&asked.locale))?;
    // The gate compares the hash, not the text: without this, an owner could be shown one text and
    // agree to another.
    let read = ring::digest::digest(&ring::digest::SHA256, disclosure.text.as_bytes());
    if read.as_ref() != disclosure.sha256.as_slice() {
        return Err(Failure::Other("the text is not the one that its hash names".into()));
    }
    match &asked.yes {
        Some(hash) => confirm_by_hash(hash, &disclosure)?,
        None if std::io::stdin().is_terminal() => {
            let question = question(&disclosure, &classes);
            by_words(&question, &mut std::io::stdin().lock(), &mut std::io::stderr())?;
        }
        None => {
            return Err(Failure::Usage(
                "standard input is no terminal to ask on; --yes SHA256 names the disclosure \
                 that was read (see consent disclosure)"
                    .into(),
            ))
        }
    }
    answered(consent.grant(&Grant {
        disclosureSha256: disclosure.sha256,
        locale: disclosure.locale,
        allowedClasses: classes,
        sims,
        method: CaptureMethod::COMMAND_LINE,
        whileRoaming: asked.while_roaming,
        withDataSaver: asked.with_data_saver,
        withBatterySaver: asked.with_battery_saver,
    }))?;
    let state = answered(consent.state())?;
    let json = json!({"granted": true, "disclosureVersion": disclosure.version, "state": status::as_json(&state)});
    Ok(Answer::done(json, granted_text(&status::as_json(&state))))
}

fn granted_text(state: &Value) -> String {
    let mut text = "On. `cmctl consent withdraw` turns it off at any time.".to_owned();
    match state["refusal"].as_str() {
        Some("NONE") | Some("BUSY") | None => {}
        Some(refusal) => text.push_str(&format!("\nNothing passes at this moment: {refusal}.")),
    }
    text
}

fn question(disclosure: &Disclosure, classes: &[DataClass]) -> String {
    let mut text = disclosure_text(disclosure);
    text.push_str("\n\nMay be revealed:\n");
    for class in classes {
        text.push_str(&format!("  {:<21} {}\n", class_word(*class), class.says()));
    }
    text.push_str("\nTurn cloud messaging on? Type yes: ");
    text
}

fn confirm_by_hash(hash: &str, disclosure: &Disclosure) -> Result<(), Failure> {
    match hex::decode(hash.trim()) {
        Ok(bytes) if bytes == disclosure.sha256 => Ok(()),
        Ok(bytes) if bytes.len() == disclosure.sha256.len() => {
            Err(Failure::NotConfirmed("that is not the hash of the disclosure as it is now"))
        }
        _ => Err(Failure::Usage("--yes takes a SHA-256, 64 hexadecimal digits".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hash_of_the_shown_text_grants() {
        let disclosure = Disclosure { sha256: vec![0xab; 32], ..Default::default() };
        assert!(confirm_by_hash(&"ab".repeat(32), &disclosure).is_ok());
        assert!(confirm_by_hash(&"AB".repeat(32), &disclosure).is_ok());
        for no in ["".to_owned(), "ab".repeat(31), "ac".repeat(32), "ab".repeat(33), "yes".into()] {
            assert!(confirm_by_hash(&no, &disclosure).is_err(), "{no}");
        }
    }

    #[test]
    fn the_question_shows_the_text_and_every_class() {
        let disclosure = Disclosure { text: "What leaves.".into(), ..Default::default() };
        let question = question(&disclosure, &[DataClass::IMSI]);
        assert!(question.contains("What leaves."));
        assert!(question.contains("  imsi "));
        assert!(!question.contains("imei"));
    }
}
