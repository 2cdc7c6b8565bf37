// SPDX-License-Identifier: Apache-2.0
//! A program that was started, and its end.
use crate::{Error, Result};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{getpid, getppid};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// A running program, killed and reaped when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    // Behind a lock so that phones can be shared by threads.
    lines: Mutex<Receiver<String>>,
    log: PathBuf,
}

impl Process {
    /// Starts it. What it prints goes to `LOGS/NAME.out` and `LOGS/NAME.err`, after what an earlier process
    /// of that name printed.
    pub fn start(name: &str, mut command: Command, logs: &Path) -> Result<Self> {
        let failed =
            |why: String| Error::Program { program: name.to_owned(), why, log: String::new() };
        let log = logs.join(format!("{name}.err"));
        let mut out = append(&logs.join(format!("{name}.out")))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(append(&log)?);
        end_with_us(&mut command);
        let mut child = on_the_permanent_thread(move || command.spawn())
            .and_then(|spawned| spawned.map_err(Error::io("start")))
            .map_err(|error| failed(error.to_string()))?;
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            // Read to its end, so that the program never waits for us.
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(|line| line.ok()) {
                    let _ = writeln!(out, "{line}");
                    let _ = sender.send(line);
                }
            });
        }
        Ok(Self { name: name.to_owned(), child, lines: Mutex::new(lines), log })
    }

    /// Waits for a line on standard output that begins so, and gives back what follows.
    pub fn wait_for(&self, beginning: &str, within: Duration) -> Result<String> {
        let until = Instant::now() + within;
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(rest) = line.strip_prefix(beginning) {
                        return Ok(rest.trim().to_owned());
                    }
                }
                Err(why) => {
                    let why = match why {
                        RecvTimeoutError::Timeout => format!("did not say {beginning:?} in time"),
                        RecvTimeoutError::Disconnected => "ended early".to_owned(),
                    };
                    let log = self.log_tail();
                    return Err(Error::Program { program: self.name.clone(), why, log });
                }
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end; false if it still runs then.
    pub fn ends(&mut self, within: Duration) -> bool {
        let until = Instant::now() + within;
        while self.runs() {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// SIGKILL, and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a log, for whoever has to find out what went wrong.
pub(crate) fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    // The transport tells of each call that we make to look.
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("rsbinder::")).collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

fn append(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).append(true).open(path).map_err(Error::file("open", path))
}

/// Makes the command's process die with us, however we die, and undoes what of our signal mask it would
/// inherit.
pub(crate) fn end_with_us(command: &mut Command) {
    let us = getpid();
    let in_the_child = move || {
        SigSet::empty().thread_set_mask()?;
        set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != us {
            // We died before the kernel knew what to do then.
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes three system calls and allocates nothing.
    unsafe { command.pre_exec(in_the_child) };
}

type Job = Box<dyn FnOnce() + Send>;

/// The kernel sends a parent-death signal when the *thread* that forked ends, so a child that a test's thread
/// started would die with that test, though another still uses it. One thread forks, and stays.
fn on_the_permanent_thread<T: Send + 'static>(
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    static JOBS: OnceLock<Sender<Job>> = OnceLock::new();
    let jobs = JOBS.get_or_init(|| {
        let (sender, jobs) = channel::<Job>();
        std::thread::spawn(move || jobs.into_iter().for_each(|job| job()));
        sender
    });
    let (done, result) = channel();
    let gone = |_| Error::Io {
        what: "the thread that starts processes",
        source: std::io::ErrorKind::BrokenPipe.into(),
    };
    jobs.send(Box::new(move || {
        let _ = done.send(job());
    }))
    .map_err(|_| gone(std::sync::mpsc::RecvError))?;
    result.recv().map_err(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(script);
        command
    }

    #[test]
    fn a_process_outlives_the_thread_that_asked_for_it_and_ends_when_dropped() {
        let logs = tempfile::tempdir().unwrap();
        let path = logs.path().to_owned();
        let asked = std::thread::spawn(move || {
            Process::start("sleeper", shell("echo ready now; exec sleep 60"), &path).unwrap()
        });
        let mut process = asked.join().unwrap();
        assert_eq!(process.wait_for("ready", Duration::from_secs(10)).unwrap(), "now");
        assert!(process.runs());
        let pid = process.pid();
        drop(process);
        assert!(!Path::new(&format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_program_that_ends_early_is_an_error_with_its_last_words() {
        let logs = tempfile::tempdir().unwrap();
        let process =
            Process::start("early", shell("echo no such thing >&2; exit 1"), logs.path()).unwrap();
        let error = process.wait_for("ready", Duration::from_secs(10)).unwrap_err();
        assert!(error.to_string().contains("no such thing"), "{error}");
    }
}
