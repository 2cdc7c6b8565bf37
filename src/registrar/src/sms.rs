// SPDX-License-Identifier: Apache-2.0
//! The operator's way of sending an SMS: a program, or an HTTP server. It is given a number and a text with a
//! code, and nothing else; what it does with them is the operator's to answer for. We keep nothing.
//!
//! It is trusted to reach the number it was given and nobody else: whoever reads the text can register the
//! number.

mod header;
mod http;
mod program;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use cloudmessaging_seal::Number;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::keys::KeyFileError;

pub use http::Post;
pub use program::Program;

/// How many are sent at a time. Fewer than requests are worked on at a time, so that a sender that hangs
/// holds up nothing but registrations.
const AT_A_TIME: usize = 16;

/// Why there is no sender.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    /// The program is not there, or is none.
    #[error("{} is no program", .0.display())]
    Program(std::path::PathBuf),
    /// The address is not one that can be posted to.
    #[error("--sms-url takes an http:// or https:// address")]
    Url,
    /// The file of headers is not the operator's alone, or cannot be read.
    #[error("--sms-header-file: {0}")]
    HeaderFile(#[from] KeyFileError),
    /// It holds no header, or something else.
    #[error("{}: line {line} is no `Name: value` that can be sent along", path.display())]
    Header {
        /// The file.
        path: std::path::PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// The authorities for https cannot be read.
    #[error("no authority for https in {}", .0.display())]
    Authorities(std::path::PathBuf),
}

/// The text was not sent, or nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the SMS was not sent")]
pub struct Unsent;

/// Who sends an SMS.
pub trait Texts: Send + Sync {
    /// Sends a text to a number; on return somebody has taken it over.
    fn send(&self, number: &Number, text: &str) -> impl Future<Output = Result<(), Unsent>> + Send;
}

/// What an SMS with this code says: at most 160 characters of GSM 7 bit, so that it is one SMS. The code comes
/// first, to be seen in a notification.
pub fn text(code: &str) -> Zeroizing<String> {
    // Room for all of it, so that no copy is left behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(160));
    text.push_str(code);
    text.push_str(
        " is your Cloud Messaging code for 10 minutes. Give it to nobody: who has it gets your \
         messages. If you did not ask for it, do nothing.",
    );
    text
}

/// The operator's way.
pub enum Way {
    /// `--sms-command`.
    Program(Program),
    /// `--sms-url`.
    Post(Post),
}

/// Sends, for at most so long, and only so many at a time.
pub struct Sender {
    way: Way,
    places: Semaphore,
}

impl Sender {
    /// Sends by a program, which is killed when its time is over.
    pub fn program(program: &Path, time: Duration) -> Result<Sender, SmsError> {
        Program::new(program, time).map(Way::Program).map(Sender::new)
    }

    /// Sends by a POST to this address; `authorities` is a PEM file, which is read only for https. `headers` is
    /// a private file of headers to send along.
    pub fn post(
        url: &str,
        authorities: &Path,
        headers: Option<&Path>,
        time: Duration,
    ) -> Result<Sender, SmsError> {
        let headers = headers.map_or_else(|| Ok(Vec::new()), header::read)?;
        Post::new(url, authorities, headers, time).map(Way::Post).map(Sender::new)
    }

    fn new(way: Way) -> Sender {
        Sender { way, places: Semaphore::new(AT_A_TIME) }
    }
}

impl Texts for Sender {
    async fn send(&self, number: &Number, text: &str) -> Result<(), Unsent> {
        // Not waited for: those who wait would keep others from being answered.
        let Ok(_place) = self.places.try_acquire() else {
            log::warn!("an SMS was not sent: {AT_A_TIME} others are being sent");
            return Err(Unsent);
        };
        match &self.way {
            Way::Program(program) => program.send(number, text).await,
            Way::Post(post) => post.send(number, text).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_begins_with_the_code_is_one_sms_and_says_never_to_pass_it_on() {
        let text = text("8Y5FBHKW");
        assert!(text.starts_with("8Y5FBHKW "));
        assert!(text.len() <= 160, "{}", text.len());
        assert!(text.capacity() == 160);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b" .,:".contains(&b)));
        assert!(text.contains("Give it to nobody"));
    }
}
