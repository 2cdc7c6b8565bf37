// SPDX-License-Identifier: Apache-2.0
//! The checking command: an operator's own program that decides on an IMSI or IMEI. It is the only reader
//! of these two; what it does with them is the operator's to answer for. We keep nothing.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use cloudmessaging_seal::Number;
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// How long the command may take.
pub const TIME: Duration = Duration::from_secs(5);

/// How many run at a time; more wait, within their own [`TIME`].
const AT_A_TIME: usize = 8;

/// The identities that an owner allowed; an empty one was not.
pub struct Identities {
    /// 6 to 15 digits.
    pub imsi: Zeroizing<String>,
    /// 14 to 16 digits.
    pub imei: Zeroizing<String>,
}

impl Identities {
    /// Takes them if they have the shape of what they should be.
    pub fn parse(imsi: String, imei: String) -> Option<Identities> {
        let (imsi, imei) = (Zeroizing::new(imsi), Zeroizing::new(imei));
        let shaped = |digits: &str, lengths: std::ops::RangeInclusive<usize>| {
            digits.is_empty()
                || lengths.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
        };
        (shaped(&imsi, 6..=15) && shaped(&imei, 14..=16)).then_some(Identities { imsi, imei })
    }

    /// Whether the owner allowed none.
    pub fn is_empty(&self) -> bool {
        self.imsi.is_empty() && self.imei.is_empty()
    }
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There was nothing to check, nobody to check it, or the command accepted.
    Accepted,
    /// The command ended with anything but 0.
    Refused,
    /// The command could not be started, or took too long.
    Unavailable,
}

/// The checking command, if there is one.
pub struct Check {
    program: Option<PathBuf>,
    running: Semaphore,
    time: Duration,
}

#[derive(Serialize)]
struct Question<'a> {
    number: &'a str,
    imsi: &'a str,
    imei: &'a str,
}

impl Check {
    /// Asks this program; none accepts everything.
    pub fn new(program: Option<PathBuf>) -> Check {
        Check { program, running: Semaphore::new(AT_A_TIME), time: TIME }
    }

    /// Has the identities checked that go with a number.
    pub async fn ask(&self, number: &Number, identities: &Identities) -> Verdict {
        let Some(program) = self.program.as_ref().filter(|_| !identities.is_empty()) else {
            return Verdict::Accepted;
        };
        let question =
            Question { number: number.as_str(), imsi: &identities.imsi, imei: &identities.imei };
        // Room for the longest, so that no copy is left behind when it grows; digits need no escaping.
        let mut json = Zeroizing::new(Vec::with_capacity(256));
        serde_json::to_writer(&mut *json, &question).expect("plain JSON");
        let mut command = Command::new(program);
        // Its output is not ours to log: it could say what it was asked.
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.kill_on_drop(true);
        match tokio::time::timeout(self.time, self.run(command, &json)).await {
            Ok(Ok(true)) => Verdict::Accepted,
            Ok(Ok(false)) => Verdict::Refused,
            Ok(Err(e)) => {
                log::warn!("cannot run the identity check: {e}");
                Verdict::Unavailable
            }
            Err(_) => {
                log::warn!("the identity check took more than {:?}", self.time);
                Verdict::Unavailable
            }
        }
    }

    async fn run(&self, mut command: Command, question: &[u8]) -> std::io::Result<bool> {
        // Never closed, so this cannot fail.
        let _place = self.running.acquire().await;
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that decides without reading is within its rights.
            let _ = stdin.write_all(question).await;
        }
        Ok(child.wait().await?.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str) -> (tempfile::TempDir, Check) {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("check");
        // Written by another process: one that another test forks meanwhile would hold it open for
        // writing, and it could not be executed.
        let written = std::process::Command::new("/bin/sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 700 "$0""#])
            .arg(&program)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        (dir, Check { time: Duration::from_secs(2), ..Check::new(Some(program)) })
    }

    async fn ask(check: &Check) -> Verdict {
        let identities = Identities::parse("001010123456789".into(), String::new()).unwrap();
        check.ask(&Number::parse("+15550100").unwrap(), &identities).await
    }

    #[tokio::test]
    async fn the_command_is_told_number_and_identities_and_its_exit_decides() {
        let dir = tempfile::tempdir().unwrap();
        let heard = dir.path().join("heard");
        let (_dir, accepts) = check(&format!("/bin/cat > {}", heard.display()));
        assert_eq!(ask(&accepts).await, Verdict::Accepted);
        assert_eq!(
            std::fs::read_to_string(heard).unwrap(),
            r#"{"number":"+15550100","imsi":"001010123456789","imei":""}"#
        );
        let (_dir, refuses) = check("exit 1");
        assert_eq!(ask(&refuses).await, Verdict::Refused);
    }

    #[tokio::test]
    async fn a_command_that_hangs_or_is_missing_makes_it_unavailable_not_accepted() {
        let (_dir, hangs) = check("exec /bin/sleep 60");
        assert_eq!(ask(&hangs).await, Verdict::Unavailable);
        let missing = Check::new(Some("/nonexistent/check".into()));
        assert_eq!(ask(&missing).await, Verdict::Unavailable);
    }

    #[tokio::test]
    async fn without_identities_the_command_is_not_asked() {
        let (_dir, refuses) = check("exit 1");
        let none = Identities::parse(String::new(), String::new()).unwrap();
        let number = Number::parse("+15550100").unwrap();
        assert_eq!(refuses.ask(&number, &none).await, Verdict::Accepted);
    }

    #[tokio::test]
    async fn the_command_inherits_no_environment() {
        let (_dir, looks) = check(r#"[ -z "$CARGO_PKG_NAME" ] || exit 1"#);
        assert_eq!(ask(&looks).await, Verdict::Accepted);
    }

    #[test]
    fn what_is_no_imsi_or_imei_is_not_taken_for_one() {
        let parse = |imsi: &str, imei: &str| Identities::parse(imsi.into(), imei.into()).is_some();
        assert!(parse("", "") && parse("001010123456789", "490154203237518"));
        assert!(!parse("00101", "") && !parse("0010101234567890", ""));
        assert!(!parse("00101012345678x", "") && !parse("", "4901542032375"));
        assert!(!parse("", "49015420323751800") && !parse("\"},{\"", ""));
    }
}
