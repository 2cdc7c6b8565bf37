// SPDX-License-Identifier: Apache-2.0
//! What a verb gives back, and the exit code that says it to a script.
use crate::output::printable;
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
    /// `ledger`: what was read is not what was signed.
    Tampered = 5,
}

/// An answer, for programs and for people.
#[derive(Debug)]
pub struct Answer {
    /// With `--json`.
    pub json: Value,
    /// Without; ends without a line feed.
    pub text: String,
    /// Without, on standard error: what a person should know where `text` is a document that goes into a file.
    pub aside: String,
    /// What the exit code says.
    pub exit: Exit,
}

impl Answer {
    /// An answer to a question that was done.
    pub fn done(json: Value, text: impl Into<String>) -> Self {
        Self::ended(json, text, Exit::Done)
    }

    /// An answer that says otherwise by its exit code.
    pub fn ended(json: Value, text: impl Into<String>, exit: Exit) -> Self {
        Self { json, text: text.into(), aside: String::new(), exit }
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
    #[error("nothing was done: {0}")]
    NotConfirmed(&'static str),
    /// A file could not be read.
    #[error("cannot read {path}: {why}")]
    File {
        /// Which.
        path: String,
        /// What went wrong.
        why: String,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {why}")]
    Unwritten {
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
            Failure::File { .. } | Failure::Unwritten { .. } => "FILE".into(),
            Failure::Other(_) => "OTHER".into(),
        }
    }
}

/// Prints the answer and says how it went. JSON goes to standard output also when it is an error, so that
/// a script has one place to look at.
pub fn print(json: bool, result: Result<Answer, Failure>) -> ExitCode {
    let exit = match result {
        Ok(answer) => {
            let text = if json { pretty(&answer.json) } else { harmless(&answer.text) };
            // A closed pipe (| head) is not worth a panic.
            let _ = writeln!(std::io::stdout(), "{text}");
            if !json && !answer.aside.is_empty() {
                let _ = writeln!(std::io::stderr(), "{}", harmless(&answer.aside));
            }
            answer.exit
        }
        Err(failure) => {
            if json {
                let error =
                    json!({"error": {"code": failure.kind(), "message": failure.to_string()}});
                let _ = writeln!(std::io::stdout(), "{}", pretty(&error));
            } else {
                let _ = writeln!(std::io::stderr(), "cmctl: {}", printable(&failure.to_string()));
            }
            failure.exit()
        }
    };
    ExitCode::from(exit as u8)
}

fn pretty(value: &Value) -> String {
    // Keys are strings and no number is NaN: to_string_pretty cannot fail.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    // It leaves DEL and what stands above it as they are; all of that is inside of strings.
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => safe.push(character),
            steers if steers.is_control() => {
                safe.push_str(&format!("\\u{:04x}", u32::from(steers)))
            }
            other => safe.push(other),
        }
    }
    safe
}

/// The last place at which something that steers a terminal can be stopped.
fn harmless(text: &str) -> String {
    let steers = |c: char| c.is_control() && c != '\n' && c != '\t';
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
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

    #[test]
    fn nothing_that_steers_a_terminal_is_printed() {
        let hostile = "a\u{1b}[2J\u{9b}2J\u{7f}\r";
        assert!(!harmless(hostile).contains(|c: char| c.is_control()));
        assert_eq!(harmless("two\nlines\tä"), "two\nlines\tä");
        let printed = pretty(&json!({ "name": hostile }));
        assert!(!printed.contains(|c: char| c.is_control() && c != '\n'), "{printed}");
        let read: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(read["name"], hostile, "a program reads what was there");
    }
}
