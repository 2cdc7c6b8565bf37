// SPDX-License-Identifier: Apache-2.0
//! SMS by a program: run directly, not by a shell, in a process group of its own, which is killed when its
//! time is over.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cloudmessaging_seal::Number;
use nix::sys::signal::{killpg, Signal};
use nix::unistd::Pid;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{SmsError, Unsent};

/// A program that gets the number as its only argument and the text on its standard input, and exits with 0
/// once it was sent. Its environment is empty.
pub struct Program {
    path: PathBuf,
    time: Duration,
}

/// Kills all that the program has started, unless it ended by itself.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended in this very moment.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

impl Program {
    pub(super) fn new(path: &Path, time: Duration) -> Result<Program, SmsError> {
        let none = || SmsError::Program(path.into());
        let meta = std::fs::metadata(path).map_err(|_| none())?;
        if !meta.is_file() || meta.permissions().mode() & 0o111 == 0 {
            return Err(none());
        }
        // A bare name would be looked for in a PATH when it is run, and not where it was just found.
        Ok(Program { path: std::path::absolute(path).map_err(|_| none())?, time })
    }

    pub(super) async fn send(&self, number: &Number, text: &str) -> Result<(), Unsent> {
        match tokio::time::timeout(self.time, self.run(number, text)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => {
                log::warn!("the SMS command failed");
                Err(Unsent)
            }
            Ok(Err(e)) => {
                log::warn!("cannot run the SMS command: {e}");
                Err(Unsent)
            }
            Err(_) => {
                log::warn!("the SMS command took more than {:?}", self.time);
                Err(Unsent)
            }
        }
    }

    async fn run(&self, number: &Number, text: &str) -> std::io::Result<bool> {
        let mut command = Command::new(&self.path);
        command.arg(number.as_str()).env_clear().process_group(0).kill_on_drop(true);
        // Its output is not ours to log: it could say what it was told.
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        let mut group = Group(group);
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read is its operator's to mend: only its exit counts.
            let _ = stdin.write_all(text.as_bytes()).await;
            let _ = stdin.write_all(b"\n").await;
        }
        let status = child.wait().await?;
        // What it left behind on purpose is its own business; and its id may be another's by now.
        group.0 = None;
        Ok(status.success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sms::{Sender, Texts as _};

    fn program(script: &str, time: Duration) -> (tempfile::TempDir, Sender) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("send");
        // Written by another process, see src/check.rs.
        let written = std::process::Command::new("/bin/sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 700 "$0""#])
            .arg(&path)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        let sender = Sender::program(&path, time).unwrap();
        (dir, sender)
    }

    async fn send(sender: &Sender) -> Result<(), Unsent> {
        sender.send(&Number::parse("+15550100").unwrap(), "the text").await
    }

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn the_program_gets_number_and_text_and_nothing_of_our_environment() {
        let (dir, sender) =
            program(r#"{ echo "$# $1 [$CARGO_PKG_NAME]"; /bin/cat; } > "${0%/*}/heard""#, LONG);
        assert_eq!(send(&sender).await, Ok(()));
        let heard = std::fs::read_to_string(dir.path().join("heard")).unwrap();
        assert_eq!(heard, "1 +15550100 []\nthe text\n");
    }

    #[tokio::test]
    async fn a_program_that_fails_or_is_gone_has_sent_nothing() {
        let (_dir, fails) = program("/bin/cat > /dev/null; exit 3", LONG);
        assert_eq!(send(&fails).await, Err(Unsent));
        let (dir, sender) = program("exit 0", LONG);
        std::fs::remove_file(dir.path().join("send")).unwrap();
        assert_eq!(send(&sender).await, Err(Unsent));
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_with_all_it_started() {
        let script = r#"/bin/sleep 600 & echo $! > "${0%/*}/child"; wait"#;
        let (dir, hangs) = program(script, Duration::from_secs(2));
        assert_eq!(send(&hangs).await, Err(Unsent));
        let child = std::fs::read_to_string(dir.path().join("child")).unwrap();
        // Gone, or dead and not yet reaped by whoever took it over.
        let stat = format!("/proc/{}/stat", child.trim());
        for _ in 0..1000 {
            match std::fs::read_to_string(&stat) {
                Ok(stat) if !stat.contains(") Z") => {
                    tokio::time::sleep(Duration::from_millis(10)).await
                }
                _ => return,
            }
        }
        panic!("it still runs");
    }

    #[test]
    fn what_was_found_at_the_start_is_what_is_run() {
        let here = std::env::current_dir().unwrap();
        let up = "../".repeat(here.components().count());
        let relative = format!("{up}bin/true");
        let program = Program::new(Path::new(&relative), LONG).unwrap();
        assert!(program.path.is_absolute(), "{}", program.path.display());
    }

    #[tokio::test]
    async fn what_is_no_program_is_refused_at_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        for path in [dir.path(), &file, &dir.path().join("missing")] {
            assert!(matches!(Sender::program(path, LONG), Err(SmsError::Program(_))));
        }
    }
}
