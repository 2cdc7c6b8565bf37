// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger erase`: what the entries say, not that there were any. Asks first. Not on a phone, where no shell may
//! do what its owner does in Settings.
use super::checkpoint::Signed;
use crate::answer::{Answer, Failure};
use crate::confirm::by_words;
use crate::connect::{answered, Gate};
use crate::output::wrapped;
use serde_json::json;
use std::io::IsTerminal;

/// Asks and erases.
pub fn erase(gate: &Gate, yes: bool) -> Result<Answer, Failure> {
    let consent = gate.consent()?;
    let entries = Signed::ask(&*consent)?.checkpoint.size;
    if !yes {
        if !std::io::stdin().is_terminal() {
            return Err(Failure::Usage(
                "standard input is no terminal to ask on; --yes does not ask".into(),
            ));
        }
        by_words(&question(entries), &mut std::io::stdin().lock(), &mut std::io::stderr())?;
    }
    answered(consent.eraseLedger())?;
    Ok(Answer::done(
        json!({"erased": true, "entries": entries}),
        format!("Erased: what {entries} entries said. That you erased it is the newest entry."),
    ))
}

fn question(entries: u64) -> String {
    let text = format!(
        "Erases from this phone what {entries} entries say: when something left, where to, how much. It cannot be \
         brought back, and nobody can read it out of what stays.\n\n\
         What stays: a hash of each entry, so that checkpoints and exports that were taken before still verify; an \
         entry that says that you erased; your consent, as it is; exports and proofs that you have made; and what \
         the registrar has (cmctl consent withdraw --erase)."
    );
    format!("{}\n\nErase? Type yes: ", wrapped(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_says_what_goes_and_what_stays() {
        let question = question(12);
        for says in ["12 entries", "brought back", "What stays", "hash", "consent", "registrar"] {
            assert!(question.contains(says), "{says}: {question}");
        }
    }
}
