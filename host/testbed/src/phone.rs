// SPDX-License-Identifier: Apache-2.0
//! A phone: one `cloudmessagingd` with its directory, behind a relay of its own.
use crate::bed::READY_WITHIN;
use crate::process::tail;
use crate::{proc, sms, until, Answer, Bed, Error, Process, Programs, Relay, Result, Steps};
use serde_json::{json, Value};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What the platform would report. Changed by [`Phone::change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Whether the user has unlocked.
    pub unlocked: bool,
    /// Uid of the default SMS app; `None` is the own uid.
    pub default_sms_uid: Option<u32>,
    /// DISALLOW_SMS.
    pub sms_forbidden: bool,
    /// The managed configuration forbids it.
    pub forbidden_by_organisation: bool,
    /// Whether there is a network.
    pub connected: bool,
    /// Whether it is roaming.
    pub roaming: bool,
    /// Data Saver.
    pub data_saver: bool,
    /// Battery saver.
    pub battery_saver: bool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            unlocked: true,
            default_sms_uid: None,
            sms_forbidden: false,
            forbidden_by_organisation: false,
            connected: true,
            roaming: false,
            data_saver: false,
            battery_saver: false,
        }
    }
}

/// A phone. Its gate ends when it is dropped.
#[derive(Debug)]
pub struct Phone {
    name: String,
    number: String,
    imsi: String,
    imei: String,
    relay: Relay,
    facts: Facts,
    gate: Option<Process>,
    bed: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) logs: PathBuf,
    log: &'static str,
    pub(crate) programs: Programs,
    storage_key: String,
    settings_uids: Vec<u32>,
    messaging_uids: Vec<u32>,
    steps: Option<Steps>,
}

/// Subscription id of a phone's one SIM.
const SIM: i32 = 1;

impl Phone {
    pub(crate) fn make(bed: &Bed, name: &str, number: &str) -> Result<Self> {
        let directory = bed.directory().join("phones").join(name);
        for path in [directory.clone(), directory.join("data")] {
            fs::create_dir(&path).map_err(Error::file("make", &path))?;
        }
        let relay = Relay::start(bed.broker_address())?;
        let pki = bed.pki();
        let config = json!({
            "broker": {
                "host": "localhost",
                "port": relay.port(),
                "ca": pki.join("ca.pem"),
                "clientCertificate": pki.join("post.pem"),
                "clientKey": pki.join("post.key.pem"),
            },
            "registrar": bed.public_keys(),
            "origin": "cloudmessaging.example/ledger",
            "controller": "Example Org",
            "receiptDelayMaxMillis": bed.setup().receipt_delay_max_ms,
            "disclosures": Bed::disclosures(),
        });
        let file = directory.join("config.json");
        fs::write(&file, format!("{config:#}")).map_err(Error::file("write", &file))?;
        // Identities that are this number's and no other's, so that one that leaks is recognised.
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        Ok(Self {
            name: name.to_owned(),
            number: number.to_owned(),
            imsi: format!("00101{digits:0>10.10}"),
            imei: format!("35{digits:0>13.13}"),
            relay,
            facts: Facts::default(),
            gate: None,
            bed: bed.directory().to_owned(),
            logs: bed.logs(),
            log: bed.setup().log,
            programs: bed.programs().clone(),
            storage_key: random_key()?,
            directory,
            settings_uids: Vec::new(),
            messaging_uids: Vec::new(),
            steps: bed.setup().steps.then(|| bed.steps(name)).transpose()?,
        })
    }

    /// Starts the gate on the phone's directory, as init would; it knows nothing until it is told.
    pub fn start(&mut self) -> Result<()> {
        let mut command = Command::new(&self.programs.gate);
        command
            .arg("--config")
            .arg(self.directory.join("config.json"))
            .arg("--data")
            .arg(self.data())
            .arg("--run")
            .arg(self.run())
            .arg("--uplink")
            .arg(&self.programs.uplink)
            .env("RUST_LOG", self.log);
        if let Some(steps) = &self.steps {
            steps.give_to(&mut command);
        }
        for uid in &self.settings_uids {
            command.args(["--settings-uid", &uid.to_string()]);
        }
        if self.properties().exists() {
            command.env("CLOUDMESSAGING_HOST_PROPERTIES", self.properties());
        }
        for uid in &self.messaging_uids {
            command.args(["--messaging-uid", &uid.to_string()]);
        }
        let gate = Process::start(&format!("{}.gate", self.name), command, &self.logs)?;
        gate.wait_for("ready", READY_WITHIN)?;
        self.gate = Some(gate);
        Ok(())
    }

    /// SIGKILL, as a crash.
    pub fn kill_gate(&mut self) {
        self.gate = None;
    }

    /// Kills the gate, if it still runs, starts it again and reports what the platform knows: init and our app
    /// together.
    pub fn restart(&mut self) -> Result<()> {
        self.kill_gate();
        self.start()?;
        self.report().map(|_| ())
    }

    /// The same if the gate ended by itself. True if it had.
    pub fn revive(&mut self) -> Result<bool> {
        let ended = self.gate.as_mut().is_some_and(|gate| !gate.runs());
        if ended {
            self.restart()?;
        }
        Ok(ended)
    }

    /// Takes whoever runs as one of these for our settings app, from the next start on.
    pub fn admit_to_settings(&mut self, uids: &[u32]) {
        self.settings_uids = uids.to_vec();
    }

    /// Also lets these uids connect to the Messaging app's socket, from the next start on.
    pub fn admit_to_messaging(&mut self, uids: &[u32]) {
        self.messaging_uids = uids.to_vec();
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// What must be in no log: number, IMSI, IMEI.
    pub fn identities(&self) -> [&str; 3] {
        [&self.number, &self.imsi, &self.imei]
    }

    /// What is between it and the broker.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// The same, to restart it.
    pub fn relay_mut(&mut self) -> &mut Relay {
        &mut self.relay
    }

    /// The gate's data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The directory of the gate's sockets.
    pub fn run(&self) -> PathBuf {
        self.directory.join("run")
    }

    /// The file that holds the consent of the one user.
    pub fn consent_file(&self) -> PathBuf {
        self.data().join(own_user().to_string()).join("consent")
    }

    /// Process id of the gate; 0 while it is killed.
    pub fn gate(&self) -> u32 {
        self.gate.as_ref().map_or(0, Process::pid)
    }

    /// The processes that the gate started and has not reaped: its uplinks.
    pub fn uplinks(&self) -> Vec<u32> {
        self.gate.as_ref().map_or_else(Vec::new, |gate| proc::children(gate.pid()))
    }

    /// The last lines of the gate's log.
    pub fn log_tail(&self) -> String {
        tail(&self.logs.join(format!("{}.gate.err", self.name)))
    }

    /// `cmctl status`.
    pub fn status(&self) -> Result<Value> {
        self.cmctl(&["status"])
    }

    /// Reports what the platform would: users, network, storage key, and identities if they are wanted.
    pub fn report(&self) -> Result<Value> {
        let facts = &self.facts;
        let user = own_user();
        let mut user_report = json!({
            "user": user,
            "serial": 1,
            "unlocked": facts.unlocked,
            "smsForbidden": facts.sms_forbidden,
            "forbiddenByOrganisation": facts.forbidden_by_organisation,
        });
        if let Some(uid) = facts.default_sms_uid {
            user_report["defaultSmsUid"] = json!(uid);
        }
        let mut report = json!({
            "users": [user_report],
            "network": {
                "connected": facts.connected,
                "roaming": facts.roaming,
                "dataSaver": facts.data_saver,
                "batterySaver": facts.battery_saver,
            },
            "identities": {user.to_string(): self.sims()},
        });
        if facts.unlocked {
            report["storageKeys"] = json!({user.to_string(): self.storage_key});
        }
        let file = self.report_file();
        fs::write(&file, report.to_string()).map_err(Error::file("write", &file))?;
        self.cmctl(&["platform", "report", "--file", &text(&file)])
    }

    /// Changes the facts and reports them.
    pub fn change(&mut self, change: impl FnOnce(&mut Facts)) -> Result<Value> {
        change(&mut self.facts);
        self.report()
    }

    /// The SIMs as `--sims` and reports take them.
    pub fn sims(&self) -> Value {
        json!([{
            "subscriptionId": SIM,
            "number": self.number,
            "imsi": self.imsi,
            "imei": self.imei,
        }])
    }

    /// A file of [`Phone::sims`], for `--sims`.
    pub fn sims_file(&self) -> Result<PathBuf> {
        let file = self.directory.join("sims.json");
        fs::write(&file, self.sims().to_string()).map_err(Error::file("write", &file))?;
        Ok(file)
    }

    /// Turns on, as an owner who has read the disclosure, and reports the identities that are wanted then.
    pub fn grant(&self, more: &[&str]) -> Result<Value> {
        let disclosure = self.cmctl(&["consent", "disclosure"])?;
        let hash = disclosure["sha256"].as_str().unwrap_or_default().to_owned();
        let sims = text(&self.sims_file()?);
        let mut arguments = vec!["consent", "grant", "--sims", &sims, "--yes", &hash];
        arguments.extend(more);
        let granted = self.cmctl(&arguments)?;
        self.report()?;
        Ok(granted)
    }

    /// The file of the last report, for `platform report`.
    pub fn report_file(&self) -> PathBuf {
        self.directory.join("report.json")
    }

    /// The SMS that came for its number, oldest first.
    pub fn sms(&self) -> Vec<String> {
        sms::texts(&self.bed, &self.number)
    }

    /// Hands in the code that was sent to the phone by SMS, if one is waited for; `status` says so.
    fn prove(&self, status: &Value) -> Result<()> {
        if status["sims"][0]["registration"] != "CODE_NEEDED" {
            return Ok(());
        }
        let Some(code) = sms::last_code(&self.bed, &self.number) else { return Ok(()) };
        let answer = self.ask(&["consent", "code", "--sim", &SIM.to_string(), &code])?;
        // It may have been handed in, or the phone turned off, in this very moment.
        let late =
            ["NO_CODE_EXPECTED", "OFF"].into_iter().any(|e| answer.json["error"]["code"] == e);
        if answer.code == 0 || late {
            return Ok(());
        }
        Err(Error::Cmctl { verb: "consent code".into(), code: answer.code, output: answer.output })
    }

    /// Waits until the SIM is registered and messages to it can arrive; hands in the code on the way.
    pub fn reachable(&self, within: Duration) -> Result<()> {
        let reachable = until(within, || {
            let status = self.status()?;
            self.prove(&status)?;
            let sim = &status["sims"][0];
            Ok((sim["registration"] == "DONE" && sim["connected"] == true).then_some(()))
        })?;
        reachable.ok_or_else(|| self.waited(&format!("{} to be reachable", self.name), within))
    }

    /// Hands a message over and gives back what `cmctl send` says, whatever it is.
    pub fn send(&self, to: &str, body: &str, more: &[&str]) -> Result<Answer> {
        let sim = SIM.to_string();
        let mut arguments = vec!["send", "--sim", &sim, "--to", to, "--body", body];
        arguments.extend(more);
        self.ask(&arguments)
    }

    /// Waits for a message with that text; gives back the whole message.
    pub fn received(&self, body: &str, within: Duration) -> Result<Value> {
        let found = until(within, || {
            let inbox = self.cmctl(&["inbox"])?;
            let messages = inbox["messages"].as_array().cloned().unwrap_or_default();
            Ok(messages.into_iter().find(|message| message["body"] == body))
        })?;
        found.ok_or_else(|| self.waited(&format!("a message on {}", self.name), within))
    }

    /// Entries of the ledger, newest first.
    pub fn ledger(&self) -> Result<Vec<Value>> {
        let shown = self.cmctl(&["ledger", "show", "--limit", "10000"])?;
        Ok(shown["entries"].as_array().cloned().unwrap_or_default())
    }

    /// The error of having waited in vain, with the gate's log.
    pub fn waited(&self, what: &str, within: Duration) -> Error {
        Error::Waited { what: what.to_owned(), seconds: within.as_secs(), log: self.log_tail() }
    }
}

/// The Android user that the programs run as.
fn own_user() -> u32 {
    nix::unistd::getuid().as_raw() / 100_000
}

fn random_key() -> Result<String> {
    use std::io::Read;
    let mut key = [0; 32];
    let source = Path::new("/dev/urandom");
    fs::File::open(source)
        .and_then(|mut file| file.read_exact(&mut key))
        .map_err(Error::file("read", source))?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
