// SPDX-License-Identifier: Apache-2.0
//! The program itself: how it starts, what it leaves on the disk, and that it starts again after any end.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, ICloudMessagingConsent::ICloudMessagingConsent,
    ICloudMessagingPlatform::ICloudMessagingPlatform, OffReason::OffReason,
    OutgoingMessage::OutgoingMessage, Refusal::Refusal, UserReport::UserReport,
};
use binder::host::{connect, Connection};
use binder::{ExceptionCode, FromIBinder};
use cloudmessaging_gate::service::name;
use tempfile::TempDir;

/// What TLS would judge is never reached here.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAQIDBAUG\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAQIDBAUG\n-----END PRIVATE KEY-----\n";
/// A uid without rights of its own.
const NOBODY: u32 = 65534;

/// A directory with all that the program is given.
struct Host(TempDir);

impl Host {
    fn new() -> Self {
        let host = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(host.0.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let files = [("ca.pem", CERTIFICATE), ("post.pem", CERTIFICATE), ("post.key.pem", KEY)];
        for (name, content) in files {
            host.put(name, content);
        }
        let disclosures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../product/disclosures");
        host.put(
            "config.json",
            &format!(
                r#"{{"broker": {{"host": "localhost", "port": 1, "ca": "ca.pem",
                     "clientCertificate": "post.pem", "clientKey": "post.key.pem"}},
                     "registrar": {{"hpkeKeyId": 1, "hpkeKey": "{hpke}",
                     "signingKeys": [{{"id": 1, "key": "{hpke}"}}]}},
                     "origin": "cloudmessaging.example/ledger", "controller": "Example Org",
                     "disclosures": "{disclosures}"}}"#,
                hpke = "01".repeat(32)
            ),
        );
        // Never started: nobody turns anything on here.
        host.put("uplink", "");
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloudmessagingd"));
        for (option, name) in [
            ("--config", "config.json"),
            ("--data", "data"),
            ("--run", "run"),
            ("--uplink", "uplink"),
        ] {
            command.arg(option).arg(self.path(name));
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self) -> Daemon {
        Daemon::start(self.command())
    }

    fn client<T: FromIBinder + ?Sized>(&self, socket: &str, name: &str) -> Connection<T> {
        connect(&self.path("run").join(socket), name, false).unwrap()
    }

    fn consent(&self) -> Connection<dyn ICloudMessagingConsent> {
        self.client("consent.sock", name::CONSENT)
    }

    fn platform(&self) -> Connection<dyn ICloudMessagingPlatform> {
        self.client("platform.sock", name::PLATFORM)
    }

    fn messaging(&self) -> Connection<dyn ICloudMessaging> {
        self.client("messaging.sock", name::MESSAGING)
    }

    /// Why it does not start.
    fn refused(&self, change: impl FnOnce(&mut Command)) -> String {
        let mut command = self.command();
        change(&mut command);
        let output = command.output().unwrap();
        assert!(!output.status.success());
        assert!(output.stdout.is_empty(), "ready, though it failed");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Killed when dropped.
struct Daemon(Child);

impl Daemon {
    /// Started, and ready.
    fn start(mut command: Command) -> Self {
        let mut daemon = Self(command.spawn().unwrap());
        let mut line = String::new();
        BufReader::new(daemon.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line != "ready\n" {
            let mut why = String::new();
            daemon.0.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            panic!("said {line:?}: {why}");
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

fn report(host: &Host) {
    let uid = own_uid() as i32;
    let user =
        UserReport { user: 0, serial: 1, unlocked: true, defaultSmsUid: uid, ..Default::default() };
    host.platform().reportUsers(&[user]).unwrap();
}

#[test]
fn ready_means_that_the_sockets_listen_and_everything_is_off() {
    let host = Host::new();
    let _daemon = host.start();
    for socket in ["consent.sock", "platform.sock", "messaging.sock"] {
        let path = host.path("run").join(socket);
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
        assert_eq!(mode(&path), 0o600, "only our own uid may connect");
    }
    assert_eq!((mode(&host.path("run")), mode(&host.path("data"))), (0o755, 0o700));

    let state = host.consent().state().unwrap();
    assert!(!state.on && !state.uplinkRunning);
    assert_eq!(state.offReason, OffReason::UNKNOWN_USER, "nothing was reported");
    let status = host.messaging().state().unwrap_err();
    assert_eq!(status.exception_code(), ExceptionCode::SECURITY, "no default SMS app was");

    report(&host);
    let state = host.consent().state().unwrap();
    assert!(!state.on && !state.uplinkRunning);
    assert_eq!(state.offReason, OffReason::NO_RECORD);
    let message = OutgoingMessage {
        id: vec![1; 16],
        subscriptionId: 1,
        recipient: "+15550101".into(),
        body: "hello".into(),
        smsDeadlineMillis: i64::MAX,
    };
    assert_eq!(host.messaging().send(&message).unwrap(), Refusal::OFF);
    assert!(!host.messaging().state().unwrap().on);
}

#[test]
fn it_starts_again_after_a_kill_and_knows_nothing_until_it_is_told() {
    let host = Host::new();
    let first = host.start();
    report(&host);
    let gone = host.consent();
    drop(first);
    assert!(host.path("run/consent.sock").exists(), "what a kill leaves behind");
    assert!(gone.state().is_err());
    let _second = host.start();
    assert_eq!(host.consent().state().unwrap().offReason, OffReason::UNKNOWN_USER);
}

#[test]
fn a_second_gate_does_not_take_the_sockets_of_the_first() {
    let host = Host::new();
    let _first = host.start();
    let why = host.refused(|_| ());
    assert!(why.contains("served by another process"), "{why}");
    host.consent().state().unwrap();
}

#[test]
fn what_is_missing_is_named_before_anything_is_served() {
    let host = Host::new();
    fs::remove_file(host.path("uplink")).unwrap();
    let why = host.refused(|_| ());
    assert!(why.contains("there is no uplink"), "{why}");

    let host = Host::new();
    fs::remove_file(host.path("ca.pem")).unwrap();
    assert!(host.refused(|_| ()).contains("ca.pem"));

    let host = Host::new();
    host.put("config.json", r#"{"brooker": {}}"#);
    let why = host.refused(|_| ());
    assert!(why.contains("config.json") && why.contains("brooker"), "{why}");
    assert!(!host.path("run").exists());
}

#[test]
fn only_the_uids_that_were_named_may_connect() {
    let host = Host::new();
    let mut command = host.command();
    command.args(["--settings-uid", &(own_uid() + 1).to_string()]);
    let _daemon = Daemon::start(command);
    let run = host.path("run");
    let consent =
        connect::<dyn ICloudMessagingConsent>(&run.join("consent.sock"), name::CONSENT, false);
    assert!(consent.is_err());
    let platform =
        connect::<dyn ICloudMessagingPlatform>(&run.join("platform.sock"), name::PLATFORM, false);
    assert!(platform.is_err());
    let status = host.messaging().state().unwrap_err();
    assert_eq!(status.exception_code(), ExceptionCode::SECURITY);
    assert_eq!(mode(&run.join("consent.sock")), 0o666, "another uid has to be able to");
}

#[test]
fn its_memory_is_not_to_be_read() {
    let host = Host::new();
    let program = host.path("cloudmessagingd");
    fs::copy(env!("CARGO_BIN_EXE_cloudmessagingd"), &program).unwrap();
    let mut command = Command::new(&program);
    command.args(host.command().get_args()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if own_uid() == 0 {
        // Root owns its files in /proc in any case.
        for directory in ["data", "run"] {
            fs::create_dir(host.path(directory)).unwrap();
            std::os::unix::fs::chown(host.path(directory), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let disclosures = host.path("disclosures");
        fs::create_dir(&disclosures).unwrap();
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../product/disclosures/en.txt");
        fs::copy(shipped, disclosures.join("en.txt")).unwrap();
        let config = fs::read_to_string(host.path("config.json")).unwrap();
        let config = config.split("\"disclosures\"").next().unwrap().trim_end();
        host.put("config.json", &format!("{}}}", config.trim_end_matches(',')));
        command.uid(NOBODY);
    }
    let daemon = Daemon::start(command);
    // proc(5): the files of a process that is not dumpable belong to root, whoever it runs as.
    let files = fs::metadata(format!("/proc/{}/maps", daemon.0.id())).unwrap();
    assert_eq!(files.uid(), 0);
}

#[test]
fn off_is_not_durable_while_the_data_can_be_put_back() {
    let host = Host::new();
    host.put("trial", "");
    let mut command = host.command();
    command.arg("--checkpoint").arg(host.path("trial"));
    let _daemon = Daemon::start(command);
    report(&host);
    assert!(!host.consent().withdraw(false).unwrap().durable);
    fs::remove_file(host.path("trial")).unwrap();
    let begin = std::time::Instant::now();
    while !host.consent().state().unwrap().durable {
        assert!(begin.elapsed().as_secs() < 20, "it is not tried again");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(host.consent().withdraw(false).unwrap().durable);
}
