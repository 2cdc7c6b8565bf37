// SPDX-License-Identifier: Apache-2.0
//! What was promised, and whether it held in this run.
use crate::teller::Teller;
use serde_json::{json, Value};
use std::process::ExitCode;

/// One look at one promise.
#[derive(Debug)]
struct Look {
    promise: &'static str,
    claim: String,
    held: bool,
}

/// All that was looked at.
#[derive(Debug, Default)]
pub struct Promises {
    looks: Vec<Look>,
}

impl Promises {
    /// Notes and tells whether a claim held.
    pub fn check(
        &mut self,
        teller: &Teller,
        promise: &'static str,
        claim: impl Into<String>,
        held: bool,
    ) {
        let claim = claim.into();
        let mark = if held { "✓" } else { "✗ DID NOT HOLD:" };
        teller.line(&format!("   {mark} {promise}: {claim}"));
        self.looks.push(Look { promise, claim, held });
    }

    /// The promises that did not hold, each once.
    pub fn broken(&self) -> Vec<&'static str> {
        let mut broken: Vec<_> =
            self.looks.iter().filter(|look| !look.held).map(|look| look.promise).collect();
        broken.sort_unstable();
        broken.dedup();
        broken
    }

    /// For programs.
    pub fn as_json(&self) -> Value {
        let look =
            |look: &Look| json!({"promise": look.promise, "claim": look.claim, "held": look.held});
        self.looks.iter().map(look).collect()
    }

    /// The last line of the story.
    pub fn say(&self, teller: &Teller) {
        teller.line("");
        match self.broken().as_slice() {
            [] => teller.line(&format!("All {} checks held.", self.looks.len())),
            broken => teller.line(&format!("Did not hold: {}", broken.join(", "))),
        }
    }

    /// The exit code; a broken promise is named also when the story was not told.
    pub fn verdict(&self) -> ExitCode {
        for look in self.looks.iter().filter(|look| !look.held) {
            eprintln!("{} did not hold: {}", look.promise, look.claim);
        }
        if self.broken().is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_claim_that_does_not_hold_is_named_and_fails_the_run() {
        let (teller, mut promises) = (Teller::new(false), Promises::default());
        promises.check(&teller, "P1", "off", true);
        assert!(promises.broken().is_empty());
        assert_eq!(promises.verdict(), ExitCode::SUCCESS);
        promises.check(&teller, "P3", "silent", false);
        promises.check(&teller, "P3", "gone", false);
        assert_eq!(promises.broken(), ["P3"]);
        assert_eq!(promises.verdict(), ExitCode::FAILURE);
        assert_eq!(promises.as_json()[1]["held"], false);
    }
}
