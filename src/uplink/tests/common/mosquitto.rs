// SPDX-License-Identifier: Apache-2.0
//! Debian's mosquitto, with TLS 1.3 and client certificates, on a free port.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::pki::Pki;

pub struct Mosquitto {
    child: Child,
    pub port: u16,
    pub directory: tempfile::TempDir,
}

impl Mosquitto {
    pub fn start(pki: &Pki) -> Self {
        Self::start_with(pki, "TLSv1.3")
    }

    /// With nothing newer than this version of TLS. Fails if mosquitto is not installed.
    pub fn start_with(pki: &Pki, newest: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = directory.path().join(name);
            fs::write(&path, content).unwrap();
            path.display().to_string()
        };
        let ca = file("ca.pem", &pki.authority.pem());
        let certificate = file("broker.pem", &pki.broker.certificate.pem());
        let key = file("broker.key.pem", &pki.broker.key.serialize_pem());
        // Free now; nobody else is told of it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Started by root, mosquitto would change its user and could not read the key.
        let config = format!(
            "user root\nallow_anonymous true\nlistener {port} 127.0.0.1\ncafile {ca}\n\
             certfile {certificate}\nkeyfile {key}\nrequire_certificate true\n"
        );
        let config = file("mosquitto.conf", &config);
        // mosquitto has an option for the oldest version only; OpenSSL's own configuration has this one.
        let openssl = file(
            "openssl.cnf",
            &format!(
                "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = default\n\
                 [default]\nMaxProtocol = {newest}\n"
            ),
        );
        let log = fs::File::create(directory.path().join("log")).unwrap();
        let child = Command::new("/usr/sbin/mosquitto")
            .args(["-v", "-c", &config])
            .env("OPENSSL_CONF", openssl)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("mosquitto is to be installed (Debian: mosquitto)");
        let mut broker = Self { child, port, directory };
        broker.wait();
        broker
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < super::PATIENCE, "{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
