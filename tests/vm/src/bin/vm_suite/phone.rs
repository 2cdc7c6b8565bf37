// SPDX-License-Identifier: Apache-2.0
//! The phone from outside: its two owners' apps, what they do with `cmctl`, and the processes that run.

use crate::person::{wait, Ended, Failed, Person};
use cloudmessaging_selinux::kernel;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use serde_json::{json, Value};
use std::fs;
use std::time::Duration;

/// `cmctl`, as a phone has it.
const CMCTL: &str = "/system_ext/bin/cmctl";

/// How long anything may take that should happen at once, on an emulated machine.
pub const SOON: Duration = Duration::from_secs(60);

/// The gate's program.
pub const GATE: &str = "/system_ext/bin/cloudmessagingd";

/// The uplink's.
pub const UPLINK: &str = "/system_ext/bin/cloudmessaging_uplink";

/// Somebody who owns an Android user of the phone, with one SIM.
pub struct Owner {
    /// The Android user.
    pub user: u32,
    /// Subscription id of their SIM: a phone has one for each card.
    pub sim: &'static str,
    /// Their number.
    pub number: &'static str,
    /// Our settings app, running as that user.
    pub settings: Person,
    /// Their default SMS app.
    pub messaging: Person,
}

/// Anna is the phone's first user.
pub fn anna() -> Owner {
    owner(0, "1", "+15550100")
}

/// Ben is the second.
pub fn ben() -> Owner {
    owner(10, "2", "+15550101")
}

fn owner(user: u32, sim: &'static str, number: &'static str) -> Owner {
    Owner {
        user,
        sim,
        number,
        settings: Person::app("settings app", user, 100, "cloudmessaging_settings_app"),
        messaging: Person::app("messaging app", user, 200, "priv_app"),
    }
}

fn cmctl(person: &Person, arguments: &[&str], input: &str) -> Result<Ended, Failed> {
    let arguments = [&["--binder", "/dev/binder", "--json"], arguments].concat();
    person.run(CMCTL, &arguments, input)
}

/// The same, which is to succeed.
fn done(person: &Person, arguments: &[&str], input: &str) -> Result<Value, Failed> {
    let ended = cmctl(person, arguments, input)?;
    if ended.code != 0 {
        return Err(format!("cmctl {arguments:?} as {}: {}", person.name, ended.all()));
    }
    Ok(ended.json())
}

/// What our settings app does at boot and after each change: reports what only the platform knows.
pub fn report() -> Result<Value, Failed> {
    let owners = [anna(), ben()];
    let of_each = |f: &dyn Fn(&Owner) -> Value| {
        let entries = owners.iter().map(|owner| (owner.user.to_string(), f(owner)));
        Value::Object(entries.collect())
    };
    let users: Vec<Value> = owners
        .iter()
        .map(|owner| {
            json!({
                "user": owner.user, "serial": owner.user + 1, "unlocked": true,
                "defaultSmsUid": owner.messaging.uid,
            })
        })
        .collect();
    let report = json!({
        "users": users,
        "network": {"connected": true},
        "storageKeys": of_each(&|owner| json!(format!("{:02x}", owner.user + 1).repeat(32))),
        "identities": of_each(&|owner| json!([{"subscriptionId": owner.sim.parse::<i32>().unwrap_or(0), "number": owner.number}])),
    });
    done(&owners[0].settings, &["platform", "report", "--file", "-"], &report.to_string())
}

impl Owner {
    /// `cmctl status`.
    pub fn status(&self) -> Result<Value, Failed> {
        done(&self.settings, &["status"], "")
    }

    /// Turns on, as an owner who has read the disclosure.
    pub fn grant(&self) -> Result<(), Failed> {
        let disclosure = done(&self.settings, &["consent", "disclosure"], "")?;
        let hash = disclosure["sha256"].as_str().unwrap_or_default();
        let sim = format!("{},{}", self.sim, self.number);
        done(&self.settings, &["consent", "grant", "--sim", &sim, "--yes", hash], "").map(drop)
    }

    /// Turns off.
    pub fn withdraw(&self) -> Result<(), Failed> {
        done(&self.settings, &["consent", "withdraw"], "").map(drop)
    }

    /// Waits until the SIM is registered and connected, and hands in the code that came by SMS.
    pub fn reachable(&self) -> Result<(), Failed> {
        let mut last = Value::Null;
        wait("a registration", SOON * 2, || {
            last = self.status()?;
            let sim = &last["sims"][0];
            if sim["registration"] == "CODE_NEEDED" {
                if let Some(code) = self.code() {
                    cmctl(&self.settings, &["consent", "code", "--sim", self.sim, &code], "")?;
                }
            }
            Ok((sim["registration"] == "DONE" && sim["connected"] == true).then_some(()))
        })
        .map_err(|error| format!("{error}: {last}"))
    }

    /// The code of the last SMS to this number.
    fn code(&self) -> Option<String> {
        let texts = fs::read_to_string(format!("/server/sms/{}", self.number)).ok()?;
        texts.lines().last()?.split_whitespace().next().map(str::to_owned)
    }

    /// Sends, and expects the message to be delivered and to be in the other's inbox.
    pub fn deliver(&self, to: &Owner, body: &str) -> Result<(), Failed> {
        let send = ["send", "--sim", self.sim, "--to", to.number, "--body", body, "--wait", "60"];
        let sent = cmctl(&self.messaging, &send, "")?;
        if sent.code != 0 {
            return Err(format!("not delivered: {}", sent.all()));
        }
        let inbox = done(&to.messaging, &["inbox"], "")?;
        let messages = inbox["messages"].as_array().cloned().unwrap_or_default();
        let is_it = |one: &&Value| one["body"] == body && one["sender"] == self.number;
        match messages.iter().find(is_it) {
            Some(_) => Ok(()),
            None => Err(format!("it is not in the inbox: {inbox}")),
        }
    }

    /// Sends, and gives back the refusal.
    pub fn refused(&self, to: &Owner) -> Result<String, Failed> {
        let send = ["send", "--sim", self.sim, "--to", to.number, "--body", "must not leave"];
        let sent = cmctl(&self.messaging, &send, "")?;
        Ok(sent.json()["refusal"].as_str().unwrap_or(&sent.all()).to_owned())
    }
}

/// Processes that execute that program and have not ended.
pub fn processes(program: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let executes = |pid: &u32| {
        // One that ended and was not waited for executes nothing.
        fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.as_os_str() == program)
    };
    pids.filter(executes).collect()
}

/// The one gate.
pub fn gate() -> Result<u32, Failed> {
    match processes(GATE)[..] {
        [pid] => Ok(pid),
        ref other => Err(format!("the gates are {other:?}")),
    }
}

/// Waits until there are so many uplinks.
pub fn uplinks(count: usize) -> Result<Vec<u32>, Failed> {
    wait(&format!("{count} uplinks"), SOON, || {
        let uplinks = processes(UPLINK);
        Ok((uplinks.len() == count).then_some(uplinks))
    })
}

/// A signal, to that process alone.
pub fn signal(pid: u32, signal: Signal) -> Result<(), Failed> {
    kill(Pid::from_raw(pid as i32), signal).map_err(|errno| format!("{signal} to {pid}: {errno}"))
}

/// The domain of a process.
pub fn domain(pid: u32) -> Result<String, Failed> {
    kernel::of_process(pid).map_err(|error| error.to_string())
}

/// A line of /proc/PID/status.
pub fn status_line(pid: u32, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
    line.unwrap_or_default().to_owned()
}
