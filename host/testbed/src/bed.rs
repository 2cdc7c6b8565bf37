// SPDX-License-Identifier: Apache-2.0
//! The server's side of a bed: certificates, broker, registrar; and the directory everything is in.
use crate::programs::workspace;
use crate::{interrupt, sms, until, Error, Phone, Process, Programs, Result, Steps};
use serde_json::Value;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// How long a program may take to become ready on a busy machine.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(30);

/// Debian's Mosquitto.
const MOSQUITTO: &str = "/usr/sbin/mosquitto";

/// Which broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broker {
    /// The one in `host/broker`.
    Embedded,
    /// Debian's Mosquitto.
    Mosquitto,
}

impl Broker {
    /// Whether it can be started here.
    pub fn is_installed(self) -> bool {
        self == Self::Embedded || Path::new(MOSQUITTO).exists()
    }
}

/// What may differ from bed to bed.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which broker.
    pub broker: Broker,
    /// `receiptDelayMaxMillis` of each phone.
    pub receipt_delay_max_ms: u32,
    /// RUST_LOG of every program.
    pub log: &'static str,
    /// Whether the programs note the named steps that they reach, and can be made to crash there.
    pub steps: bool,
    /// Whether the broker's sessions outlive it. The embedded one has no such thing.
    pub persistent: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            broker: Broker::Embedded,
            receipt_delay_max_ms: 2000,
            log: "info",
            steps: false,
            persistent: false,
        }
    }
}

/// A broker and a registrar, for phones to find. Dropped, both end and the directory is removed; phones made
/// from it must be dropped before.
#[derive(Debug)]
pub struct Bed {
    registrar: Process,
    broker: Process,
    address: SocketAddr,
    public_keys: Value,
    setup: Setup,
    programs: Programs,
    // Last, so that it is removed when nothing writes to it any more.
    directory: TempDir,
}

impl Bed {
    /// Starts broker and registrar in a new directory, and waits until both are ready.
    pub fn start(programs: &Programs, setup: Setup) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("cloudmessaging-")
            .tempdir()
            .map_err(Error::io("make a directory for the bed"))?;
        let path = directory.path();
        interrupt::owned(path);
        // So that programs under another uid reach the sockets, and are refused there and not here.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .map_err(Error::file("open to others", path))?;
        for name in ["logs", "phones"] {
            fs::create_dir(path.join(name)).map_err(Error::file("make", path))?;
        }
        let pki = path.join("pki");
        run(Command::new(&programs.broker).arg("pki").arg("--out").arg(&pki), "broker pki")?;
        let (broker, address) = start_broker(programs, &setup, path, None)?;
        let keys = path.join("registrar.keys");
        let public = path.join("registrar.json");
        run(
            Command::new(&programs.registrar)
                .args(["keygen", "--out"])
                .arg(&keys)
                .arg("--public")
                .arg(&public),
            "registrar keygen",
        )?;
        let public = fs::read(&public).map_err(Error::file("read", &public))?;
        let public_keys = serde_json::from_slice(&public).map_err(|error| Error::Program {
            program: "registrar keygen".into(),
            why: format!("its public keys are no JSON: {error}"),
            log: String::new(),
        })?;
        sms::install(path)?;
        let registrar = start_registrar(programs, &setup, path, address)?;
        Ok(Self {
            registrar,
            broker,
            address,
            public_keys,
            setup,
            programs: programs.clone(),
            directory,
        })
    }

    /// A phone of that name with one SIM, started; nothing is reported to it yet, and it is off.
    pub fn phone(&self, name: &str, number: &str) -> Result<Phone> {
        let mut phone = Phone::make(self, name, number)?;
        phone.start()?;
        Ok(phone)
    }

    /// SIGKILL, and started again at the same address. What the embedded broker knew is gone, sessions and
    /// retained messages.
    pub fn restart_broker(&mut self) -> Result<()> {
        self.broker.kill();
        let (path, port) = (self.directory.path(), self.address.port());
        (self.broker, self.address) = start_broker(&self.programs, &self.setup, path, Some(port))?;
        Ok(())
    }

    /// SIGKILL, and started again.
    pub fn restart_registrar(&mut self) -> Result<()> {
        self.registrar.kill();
        self.registrar =
            start_registrar(&self.programs, &self.setup, self.directory.path(), self.address)?;
        Ok(())
    }

    /// Starts again what ended by itself, as whoever runs a server has it done. True if anything had.
    pub fn revive(&mut self) -> Result<bool> {
        let (broker, registrar) = (self.broker.runs(), self.registrar.runs());
        if !broker {
            self.restart_broker()?;
        }
        if !registrar {
            self.restart_registrar()?;
        }
        Ok(!broker || !registrar)
    }

    /// The steps of `broker`, `registrar`, or the phone of that name.
    pub fn steps(&self, name: &str) -> Result<Steps> {
        steps(self.directory.path(), name)
    }

    /// The code that was sent to a number last, by SMS.
    pub fn code(&self, number: &str) -> Option<String> {
        sms::last_code(self.directory(), number)
    }

    /// Everything of this bed is below here.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where the broker listens.
    pub fn broker_address(&self) -> SocketAddr {
        self.address
    }

    /// The certificates, as `broker pki` wrote them.
    pub fn pki(&self) -> PathBuf {
        self.directory.path().join("pki")
    }

    /// What the programs printed, one file each.
    pub fn logs(&self) -> PathBuf {
        self.directory.path().join("logs")
    }

    /// Process ids of broker and registrar.
    pub fn servers(&self) -> (u32, u32) {
        (self.broker.pid(), self.registrar.pid())
    }

    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }

    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The `registrar` object of a phone's config.json.
    pub(crate) fn public_keys(&self) -> &Value {
        &self.public_keys
    }

    /// The disclosures that the module ships.
    pub(crate) fn disclosures() -> PathBuf {
        workspace().join("product/disclosures")
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        interrupt::given_back(self.directory.path());
    }
}

pub(crate) fn steps(bed: &Path, name: &str) -> Result<Steps> {
    Steps::make(&bed.join("steps"), name)
}

/// On that port, if one is given; it has been there before then.
fn start_broker(
    programs: &Programs,
    setup: &Setup,
    path: &Path,
    port: Option<u16>,
) -> Result<(Process, SocketAddr)> {
    let (pki, logs) = (path.join("pki"), path.join("logs"));
    if setup.broker == Broker::Embedded {
        let mut command = Command::new(&programs.broker);
        let port = port.unwrap_or(0).to_string();
        command.args(["run", "--port", &port, "--pki"]).arg(&pki).env("RUST_LOG", setup.log);
        if setup.steps {
            steps(path, "broker")?.give_to(&mut command);
        }
        let broker = Process::start("broker", command, &logs)?;
        let said = broker.wait_for("listening on ", READY_WITHIN)?;
        let address = said.parse().map_err(|_| Error::Program {
            program: "broker".into(),
            why: format!("it listens on {said:?}, which is no address"),
            log: broker.log_tail(),
        })?;
        return Ok((broker, address));
    }
    if let Some(port) = port {
        return start_mosquitto(&mosquitto(path, port), port, &logs);
    }
    // Mosquitto 2.0.11 has no "any port". Somebody else may take the one we found before it does, so: again.
    let mut last = None;
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(Error::io("find a free port"))?
            .port();
        let out = mosquitto(path, port);
        let mut configure = Command::new(&programs.broker);
        configure.args(["mosquitto", "--port", &port.to_string(), "--pki"]).arg(&pki);
        run(configure.arg("--out").arg(&out), "broker mosquitto")?;
        if setup.persistent {
            persist(&out)?;
        }
        match start_mosquitto(&out, port, &logs) {
            Ok(started) => return Ok(started),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Error::Build("no port for mosquitto".into())))
}

/// Where the files of a Mosquitto on that port are.
fn mosquitto(path: &Path, port: u16) -> PathBuf {
    path.join(format!("mosquitto-{port}"))
}

/// Everything is on the disk before the next packet is taken.
fn persist(out: &Path) -> Result<()> {
    let file = out.join("mosquitto.conf");
    let conf = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
    let on = format!(
        "persistence true\npersistence_location {}/\nautosave_on_changes true\nautosave_interval 1\n",
        out.display()
    );
    fs::write(&file, conf.replace("persistence false\n", &on)).map_err(Error::file("write", &file))
}

fn start_mosquitto(out: &Path, port: u16, logs: &Path) -> Result<(Process, SocketAddr)> {
    let mut command = Command::new(MOSQUITTO);
    command.arg("-c").arg(out.join("mosquitto.conf"));
    let mut broker = Process::start("broker", command, logs)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let ready = until(READY_WITHIN, || {
        Ok(match TcpStream::connect(address) {
            Ok(_) if broker.runs() => Some(true),
            _ if !broker.runs() => Some(false),
            _ => None,
        })
    })?;
    if ready == Some(true) {
        return Ok((broker, address));
    }
    Err(Error::Program {
        program: "mosquitto".into(),
        why: "it did not start to listen".into(),
        log: broker.log_tail(),
    })
}

fn start_registrar(
    programs: &Programs,
    setup: &Setup,
    path: &Path,
    broker: SocketAddr,
) -> Result<Process> {
    let pki = path.join("pki");
    let mut command = Command::new(&programs.registrar);
    command
        .arg("run")
        .arg("--keys")
        .arg(path.join("registrar.keys"))
        // By name: the certificate is checked against it.
        .args(["--broker", &format!("localhost:{}", broker.port())])
        .arg("--ca")
        .arg(pki.join("ca.pem"))
        .arg("--cert")
        .arg(pki.join("registrar.pem"))
        .arg("--key")
        .arg(pki.join("registrar.key.pem"))
        .arg("--phone-ca")
        .arg(pki.join("phone-ca.pem"))
        .arg("--phone-ca-key")
        .arg(pki.join("phone-ca.key.pem"))
        .arg("--sms-command")
        .arg(sms::program(path))
        // Suites turn the same phones on and off all day.
        .args(["--sms-per-number", "1000", "--sms-per-number-a-day", "1000"])
        .args(["--tries-per-number", "1000"])
        .env("RUST_LOG", setup.log);
    if setup.steps {
        steps(path, "registrar")?.give_to(&mut command);
    }
    let registrar = Process::start("registrar", command, &path.join("logs"))?;
    registrar.wait_for("ready", READY_WITHIN)?;
    Ok(registrar)
}

/// Runs a program that ends by itself.
fn run(command: &mut Command, name: &str) -> Result<()> {
    let output = command.output().map_err(|error| Error::Program {
        program: name.to_owned(),
        why: error.to_string(),
        log: String::new(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Program {
        program: name.to_owned(),
        why: output.status.to_string(),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
