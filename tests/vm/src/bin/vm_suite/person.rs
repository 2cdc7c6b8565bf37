// SPDX-License-Identifier: Apache-2.0
//! Somebody on the phone: a uid and a domain, and programs started as them.

use cloudmessaging_selinux::launch::{Domain, Identity};
use serde_json::Value;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a claim does not hold.
pub type Failed = String;

/// How long one program may run on an emulated machine.
const WITHIN: Duration = Duration::from_secs(90);

/// Who.
#[derive(Clone, Debug)]
pub struct Person {
    /// What they are called here.
    pub name: &'static str,
    /// Their uid; the Android user is uid / 100000.
    pub uid: u32,
    domain: Domain,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or 128 and the signal.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Ended {
    /// What it printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or(Value::Null)
    }

    /// All of it.
    pub fn all(&self) -> String {
        format!("exit code {}\n{}{}", self.code, self.out, self.err)
    }
}

impl Person {
    /// One whose domain comes with the program, by its label.
    pub fn at_exec(name: &'static str, uid: u32, domain: &str) -> Self {
        Self { name, uid, domain: Domain::AtExec(format!("u:r:{domain}:s0")) }
    }

    /// One who is in their domain already, and executes the program there.
    pub fn inside(name: &'static str, uid: u32, domain: &str) -> Self {
        Self { name, uid, domain: Domain::Before(format!("u:r:{domain}")) }
    }

    /// An app of that id in an Android user, with the categories that keep it apart.
    pub fn app(name: &'static str, user: u32, id: u32, domain: &str) -> Self {
        let (low, high) = (id % 256, 256 + id % 256);
        let (user_low, user_high) = (512 + user, 768);
        let label = format!("{domain}:s0:c{low},c{high},c{user_low},c{user_high}");
        Self::inside(name, user * 100_000 + 10_000 + id, &label)
    }

    fn give_to(&self, command: &mut Command) -> std::io::Result<()> {
        let identity = Identity {
            uid: self.uid,
            gid: self.uid,
            groups: Vec::new(),
            no_capabilities: self.uid != 0,
            domain: Some(self.domain.clone()),
        };
        identity.give_to(command)
    }

    /// Runs a program to its end. Its streams are files: nobody here waits for a pipe.
    pub fn run(&self, program: &str, arguments: &[&str], input: &str) -> Result<Ended, Failed> {
        let failed = |error: std::io::Error| format!("{program} as {}: {error}", self.name);
        let [stdin, stdout, stderr] = ["in", "out", "err"].map(|name| format!("/log/suite.{name}"));
        fs::write(&stdin, input).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("RUST_LOG", "warn")
            .stdin(File::open(&stdin).map_err(failed)?)
            .stdout(File::create(&stdout).map_err(failed)?)
            .stderr(File::create(&stderr).map_err(failed)?);
        self.give_to(&mut command).map_err(failed)?;
        let mut child = command.spawn().map_err(failed)?;
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                break status;
            }
            if begin.elapsed() > WITHIN {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{program} {arguments:?} as {} does not end", self.name));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        Ok(Ended {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            out: read(&stdout),
            err: read(&stderr),
        })
    }

    /// Starts a program that stays, with its output in a log of that name.
    pub fn start(&self, log: &str, program: &str, arguments: &[&str]) -> Result<Running, Failed> {
        let failed = |error: std::io::Error| format!("{program} as {}: {error}", self.name);
        let log = format!("/log/{log}");
        let file = File::create(&log).map_err(failed)?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("RUST_LOG", "info")
            .env("PATH", "/system/bin:/bin")
            .stdin(Stdio::null())
            .stdout(file.try_clone().map_err(failed)?)
            .stderr(file);
        self.give_to(&mut command).map_err(failed)?;
        Ok(Running { child: command.spawn().map_err(failed)?, log })
    }

    /// `vm_probe`, by lines: what was tried, and how it ended.
    pub fn probe(
        &self,
        program: &str,
        arguments: &[&str],
    ) -> Result<Vec<(String, String)>, Failed> {
        let ended = self.run(program, arguments, "")?;
        if ended.code != 0 {
            return Err(format!("{program} {arguments:?} as {}: {}", self.name, ended.all()));
        }
        let split = |line: &str| line.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
        Ok(ended.out.lines().filter_map(split).collect())
    }
}

/// A program that stays until this is dropped.
pub struct Running {
    child: std::process::Child,
    log: String,
}

impl Running {
    /// Waits until its log has a line that begins like that.
    pub fn wait_for(&self, beginning: &str) -> Result<(), Failed> {
        let there = until(WITHIN, || {
            let text = fs::read_to_string(&self.log).unwrap_or_default();
            text.lines().any(|line| line.starts_with(beginning))
        });
        match there {
            true => Ok(()),
            false => {
                let text = fs::read_to_string(&self.log).unwrap_or_default();
                Err(format!("{} never says {beginning:?}:\n{text}", self.log))
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks until it is so, or the time is over.
pub fn until(within: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let begin = Instant::now();
    loop {
        if is_so() {
            return true;
        }
        if begin.elapsed() > within {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The same for what may fail, or not be there yet.
pub fn wait<T>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> Result<Option<T>, Failed>,
) -> Result<T, Failed> {
    let begin = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if begin.elapsed() > within {
            return Err(format!("waited {} s in vain for {what}", within.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
