// SPDX-License-Identifier: Apache-2.0
//! What a verb gives back, and the exit code that says it to a script.
use crate::words::Words;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::ErrorCode::ErrorCode;
use serde_json::{json, Value};
use std::io::Write;
use std::process::ExitCode;
use thiserror::Error;

/// Exit codes; `cli::AFTER_HELP` tells the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done as asked.
    Done = 0,
    /// Could not be done.
    Failed = 1,
    /// The arguments cannot be right.
    Usage = 2,
    /// The gate refused, or cloud messaging is off.
    Refused = 3,
    /// `send --wait`: the message did not end as delivered in that time.
    NotDelivered = 4,
}

/// An answer, for programs and for people.
#[derive(Debug)]
pub struct Answer {
    /// With `--json`.
    pub json: Value,
    /// Without; ends without a line feed.
    pub text: String,
    /// What the exit code says.
    pub exit: Exit,
}

impl Answer {
    /// An answer to a question that was done.
    pub fn done(json: Value, text: impl Into<String>) -> Self {
        Self { json, text: text.into(), exit: Exit::Done }
    }
}

/// Why there is no answer. Never holds personal data.
#[derive(Debug, Error)]
pub enum Failure {
    /// The arguments cannot be right.
    #[error("{0}")]
    Usage(String),
    /// The gate is not there.
    #[error("cannot reach the service{at}: {why}", at = .at.as_deref().map(|at| format!(" at {at}")).unwrap_or_default())]
    Unreachable {
        /// Where it was looked for.
        at: Option<String>,
        /// What went wrong.
        why: String,
    },
    /// The gate answered with one of its documented errors.
    #[error("{}: {}{}", .code.name(), .code.says(), detail(.message))]
    Service {
        /// Which.
        code: ErrorCode,
        /// The gate's own words.
        message: String,
    },
    /// The gate does not talk to this caller about this.
    #[error("this user id may not ask that")]
    NotAllowed,
    /// The question at the terminal was not answered with yes.
    #[cfg(not(target_os = "android"))]
    #[error("not turned on: {0}")]
    NotConfirmed(&'static str),
    /// A file could not be read.
    #[error("cannot read {path}: {why}")]
    File {
        /// Which.
        path: String,
        /// What went wrong.
        why: String,
    },
    /// Anything that should not happen.
    #[error("{0}")]
    Other(String),
}

fn detail(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(" ({message})")
    }
}

impl Failure {
    /// What the exit code says.
    pub fn exit(&self) -> Exit {
        match self {
            Failure::Usage(_) => Exit::Usage,
            Failure::Service { code: ErrorCode::OFF, .. } => Exit::Refused,
            _ => Exit::Failed,
        }
    }

    fn kind(&self) -> String {
        match self {
            Failure::Usage(_) => "USAGE".into(),
            Failure::Unreachable { .. } => "UNREACHABLE".into(),
            Failure::Service { code, .. } => code.name().into_owned(),
            Failure::NotAllowed => "NOT_ALLOWED".into(),
            #[cfg(not(target_os = "android"))]
            Failure::NotConfirmed(_) => "NOT_CONFIRMED".into(),
            Failure::File { .. } => "FILE".into(),
            Failure::Other(_) => "OTHER".into(),
        }
    }
}

/// Prints the answer and says how it went. JSON goes to standard output also when it is an error, so that
/// a script has one place to look at.
pub fn print(json: bool, result: Result<Answer, Failure>) -> ExitCode {
    let exit = match result {
        Ok(answer) => {
            let text = if json { pretty(&answer.json) } else { answer.text };
            // A closed pipe (| head) is not worth a panic.
            let _ = writeln!(std::io::stdout(), "{text}");
            answer.exit
        }
        Err(failure) => {
            if json {
                let error =
                    json!({"error": {"code": failure.kind(), "message": failure.to_string()}});
                let _ = writeln!(std::io::stdout(), "{}", pretty(&error));
            } else {
                let _ = writeln!(std::io::stderr(), "cmctl: {failure}");
            }
            failure.exit()
        }
    };
    ExitCode::from(exit as u8)
}

fn pretty(value: &Value) -> String {
    // Keys are strings and no number is NaN: to_string_pretty cannot fail.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn off_has_an_exit_code_of_their_own() {
        let off = Failure::Service { code: ErrorCode::OFF, message: String::new() };
        assert_eq!(off.exit(), Exit::Refused);
        let storage = Failure::Service { code: ErrorCode::STORAGE, message: "full".into() };
        assert_eq!(storage.exit(), Exit::Failed);
        assert_eq!(Failure::Usage(String::new()).exit(), Exit::Usage);
    }

    #[test]
    fn an_error_names_its_code_and_says_what_it_means() {
        let storage = Failure::Service { code: ErrorCode::STORAGE, message: "disk full".into() };
        assert_eq!(storage.to_string(), "STORAGE: storage failed (disk full)");
    }
}
