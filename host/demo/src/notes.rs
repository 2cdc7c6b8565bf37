// SPDX-License-Identifier: Apache-2.0
//! What is told, looked at and counted on the way.
use crate::promise::Promises;
use crate::teller::Teller;
use cloudmessaging_testbed::{Answer, Error, Phone, Result, Value};
use serde_json::Map;

/// Everything that a chapter writes to.
#[derive(Debug)]
pub struct Notes<'a> {
    /// Who tells.
    pub teller: &'a Teller,
    /// What was looked at, and whether it held.
    pub promises: &'a mut Promises,
    /// What was counted, by chapter.
    pub figures: Map<String, Value>,
}

impl Notes<'_> {
    /// Whether a claim held.
    pub fn check(&mut self, promise: &'static str, claim: impl Into<String>, held: bool) {
        self.promises.check(self.teller, promise, claim, held);
    }

    /// The figures of a chapter.
    pub fn count(&mut self, name: &str, figures: Value) {
        self.figures.insert(name.to_owned(), figures);
    }

    /// Runs `cmctl` and shows what a person would see.
    pub fn shown(&self, phone: &Phone, arguments: &[&str]) -> Result<()> {
        self.teller.command(phone.name(), &phone.command_line(arguments));
        self.teller.fact(&phone.show(arguments)?);
        Ok(())
    }

    /// Hands a message over, as [`Phone::send`], and shows the command.
    pub fn send(&self, from: &Phone, to: &Phone, body: &str, more: &[&str]) -> Result<Answer> {
        let mut arguments = vec!["send", "--sim", "1", "--to", to.number(), "--body", body];
        arguments.extend(more);
        self.teller.command(from.name(), &from.command_line(&arguments));
        from.send(to.number(), body, more)
    }

    /// Tries to send what must be refused, and shows what came of it.
    pub fn send_in_vain(&self, from: &Phone, to: &Phone, body: &str) -> Result<Value> {
        let answer = self.send(from, to, body, &[])?;
        let refusal = answer.json["refusal"].as_str().unwrap_or("no answer");
        self.teller.fact(&format!("refused: {refusal} (exit code {})", answer.code));
        Ok(answer.json)
    }
}

/// Whether `cmctl send` was refused for that reason.
pub fn refused_as(answer: &Value, refusal: &str) -> bool {
    answer["accepted"] == false && answer["refusal"] == refusal
}

/// The error of a `cmctl send` that did not go as the rest of the story needs.
pub fn unsent(sent: Answer, from: &Phone) -> Error {
    let output = format!("{}\n{}", sent.output, from.log_tail());
    Error::Cmctl { verb: "send".into(), code: sent.code, output }
}
