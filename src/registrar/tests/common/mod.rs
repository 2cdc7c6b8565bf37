// SPDX-License-Identifier: Apache-2.0
//! A registrar as its own process, and a small phone.

pub mod claims;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use cloudmessaging_broker::probe::{Message, Probe};
use cloudmessaging_seal::{
    request::{open_reply, seal_request},
    sign_prekeys, verify_sender_certificate, CertifiedIdentity, IdentityKey, PrekeyPair, PublicKey,
    RegistrarKeys, SealedEnvelope,
};
use cloudmessaging_wire::proto::registrar::{self as proto, refused::Reason, reply, request};
use cloudmessaging_wire::{limits::SCHEMA_VERSION, topic};
use rcgen::PublicKeyData as _;

/// Time enough for an answer, and more than the registrar gives its broker.
pub const ANSWER: Duration = Duration::from_secs(15);

/// A broker with its certificates, and a directory for files.
pub struct Site<'a> {
    pub dir: &'a Path,
    pub address: SocketAddr,
}

impl Site<'_> {
    pub fn pki(&self) -> PathBuf {
        self.dir.join("pki")
    }

    fn keys(&self) -> PathBuf {
        self.dir.join("registrar.json")
    }

    /// Makes the keys that all instances of the site share.
    pub fn keygen(&self) -> Public {
        let made = Command::new(env!("CARGO_BIN_EXE_registrar"))
            .args(["keygen", "--out"])
            .arg(self.keys())
            .output()
            .unwrap();
        assert!(made.status.success());
        Public::parse(&made.stdout)
    }

    /// A program that appends what is sent to a number to a file of that number, one text a line; written
    /// by another process, see src/check.rs.
    pub fn sms_program(&self) -> PathBuf {
        let program = self.dir.join("send-sms");
        if !program.exists() {
            std::fs::create_dir(self.dir.join("sms")).unwrap();
            let write = r#"printf '#!/bin/sh\nexec /bin/cat >> "${0%%/*}/sms/$1"\n' > "$0"; chmod 700 "$0""#;
            let written = Command::new("/bin/sh").args(["-c", write]).arg(&program).status();
            assert!(written.unwrap().success());
        }
        program
    }

    /// The options that say who sends SMS, and with what phones are certified.
    pub fn means(&self) -> Vec<String> {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        vec![
            "--phone-ca".into(),
            text(self.pki().join("phone-ca.pem")),
            "--phone-ca-key".into(),
            text(self.pki().join("phone-ca.key.pem")),
            "--sms-command".into(),
            text(self.sms_program()),
        ]
    }

    pub fn start(&self, more: &[&str]) -> Registrar {
        self.start_with(&self.means(), more)
    }

    /// `registrar run` at this site's broker, with its files.
    pub fn run(&self, means: &[String]) -> Command {
        let pki = self.pki();
        let mut run = Command::new(env!("CARGO_BIN_EXE_registrar"));
        run.args(["run", "--broker", &format!("localhost:{}", self.address.port())]);
        run.arg("--keys").arg(self.keys()).arg("--ca").arg(pki.join("ca.pem"));
        run.arg("--cert").arg(pki.join("registrar.pem"));
        run.arg("--key").arg(pki.join("registrar.key.pem")).args(means);
        run
    }

    /// With another way to send SMS.
    pub fn start_with(&self, means: &[String], more: &[&str]) -> Registrar {
        let mut run = self.run(means);
        run.args(more).env("RUST_LOG", "debug");
        run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = run.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.ends_with("ready\n") {
            assert_ne!(stdout.read_line(&mut said).unwrap(), 0, "ended: {said}");
        }
        Registrar { child }
    }

    pub fn phone(&self, public: &Public, number: &str) -> Phone {
        Phone::new(self, public, number)
    }

    pub fn spy(&self, client_id: &str) -> Probe {
        Probe::connect(&self.pki(), self.address, Some("registrar"), client_id).unwrap()
    }
}

/// What `keygen` prints.
#[derive(Clone)]
pub struct Public {
    hpke_id: u32,
    hpke: PublicKey,
    pub signing: RegistrarKeys,
}

impl Public {
    pub fn parse(json: &[u8]) -> Public {
        let json: serde_json::Value = serde_json::from_slice(json).unwrap();
        let key = |value: &serde_json::Value| {
            let mut key = [0; 32];
            hex::decode_to_slice(value.as_str().unwrap(), &mut key).unwrap();
            key
        };
        let signing = json["signingKeys"].as_array().unwrap().iter();
        Public {
            hpke_id: json["hpkeKeyId"].as_u64().unwrap() as u32,
            hpke: PublicKey(key(&json["hpkeKey"])),
            signing: RegistrarKeys::new(
                signing.map(|k| (k["id"].as_u64().unwrap() as u32, key(&k["key"]))).collect(),
            ),
        }
    }
}

/// A running instance, killed when dropped.
pub struct Registrar {
    child: Child,
}

impl Registrar {
    /// Stops it and gives what it logged.
    pub fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(self.child.wait().unwrap().success());
        log
    }
}

impl Drop for Registrar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64
}

/// One SIM, as far as the registrar sees it.
pub struct Phone {
    post: Probe,
    client_id: String,
    asked: u32,
    public: Public,
    pub number: String,
    pub identity: IdentityKey,
    pub certificate: Vec<u8>,
    tls: rcgen::KeyPair,
    tls_certificate: Vec<u8>,
    sms: PathBuf,
}

impl Phone {
    fn new(site: &Site, public: &Public, number: &str) -> Phone {
        let client_id = hex::encode(cloudmessaging_seal::key::random::<8>().unwrap());
        let mut post = Probe::connect(&site.pki(), site.address, Some("post"), &client_id).unwrap();
        post.subscribe(&topic::replies(&client_id)).unwrap();
        Phone {
            post,
            client_id,
            asked: 0,
            public: public.clone(),
            number: number.into(),
            identity: IdentityKey::generate().unwrap(),
            certificate: Vec::new(),
            tls: rcgen::KeyPair::generate().unwrap(),
            tls_certificate: Vec::new(),
            sms: site.dir.join("sms").join(number),
        }
    }

    fn prekeys(&self) -> (Vec<u8>, Vec<u8>) {
        let now = now_ms();
        let current = PrekeyPair::generate(now).unwrap().prekey();
        let next = PrekeyPair::generate(now + 24 * 3600 * 1000).unwrap().prekey();
        let (bytes, signature) = sign_prekeys(&self.identity, &current, &next);
        (bytes, signature.to_vec())
    }

    pub fn registration(&self) -> request::Kind {
        let (prekeys, prekeys_signature) = self.prekeys();
        request::Kind::Registration(proto::Registration {
            number: self.number.clone(),
            identity_key: self.identity.public_key().to_vec(),
            tls_public_key: self.tls.subject_public_key_info(),
            prekeys,
            prekeys_signature,
            ..Default::default()
        })
    }

    pub fn renewal(&self) -> request::Kind {
        let (prekeys, prekeys_signature) = self.prekeys();
        request::Kind::Renewal(proto::Renewal {
            sender_certificate: self.certificate.clone(),
            tls_public_key: self.tls.subject_public_key_info(),
            prekeys,
            prekeys_signature,
        })
    }

    pub fn look_up(&self, number: &str) -> request::Kind {
        request::Kind::LookUp(proto::LookUp {
            number: number.into(),
            sender_certificate: self.certificate.clone(),
        })
    }

    pub fn erasure(&self) -> request::Kind {
        request::Kind::Erase(proto::Erase { sender_certificate: self.certificate.clone() })
    }

    /// Posts a request without waiting for the answer.
    pub fn post(&mut self, kind: request::Kind) -> Pending {
        let (secret, public) = cloudmessaging_seal::generate().unwrap();
        let id = cloudmessaging_seal::key::random::<8>().unwrap();
        let request = proto::Request {
            schema_version: SCHEMA_VERSION,
            reply_topic: topic::reply(&self.client_id, self.asked),
            reply_public_key: public.0.to_vec(),
            request_id: id.to_vec(),
            made_ms: now_ms(),
            kind: Some(kind),
            signature: Vec::new(),
        };
        self.asked += 1;
        let sealed =
            seal_request(self.public.hpke_id, &self.public.hpke, &self.identity, request).unwrap();
        self.publish(sealed.payload);
        Pending { id, secret }
    }

    pub fn publish(&mut self, payload: Vec<u8>) {
        let topic = topic::REGISTRAR.into();
        self.post.publish(&Message { topic, payload, ..Message::default() }).unwrap();
    }

    /// The answer to one of the requests in `pending`, and which; the others stay.
    pub fn answer(&mut self, pending: &mut Vec<Pending>) -> Option<reply::Kind> {
        self.answer_within(pending, ANSWER)
    }

    /// The same, with another patience.
    pub fn answer_within(
        &mut self,
        pending: &mut Vec<Pending>,
        time: Duration,
    ) -> Option<reply::Kind> {
        let received = self.post.receive(time).unwrap()?;
        assert!(received.expiry.is_some_and(|seconds| seconds <= 60));
        let envelope = SealedEnvelope::parse(&received.payload).unwrap();
        let index = pending.iter().position(|p| p.id == envelope.key_id).unwrap();
        let Pending { id, secret } = pending.remove(index);
        Some(open_reply(&id, &secret, &envelope).unwrap())
    }

    pub fn ask(&mut self, kind: request::Kind) -> reply::Kind {
        let mut pending = vec![self.post(kind)];
        self.answer(&mut pending).expect("no answer")
    }

    /// Registers or renews; what the new certificate says.
    pub fn obtain(&mut self, kind: request::Kind) -> CertifiedIdentity {
        let reply::Kind::Registered(registered) = self.ask(kind) else { panic!("not registered") };
        self.certificate = registered.sender_certificate;
        self.tls_certificate = registered.tls_certificate;
        verify_sender_certificate(&self.certificate, &self.public.signing, now_ms()).unwrap()
    }

    /// An inbox connection with the certificate that the registrar gave.
    pub fn inbox(&self, site: &Site) -> Probe {
        let name = format!("inbox-{}", self.client_id);
        let certificate = pem::encode(&pem::Pem::new("CERTIFICATE", &self.tls_certificate[..]));
        std::fs::write(site.pki().join(format!("{name}.pem")), certificate).unwrap();
        let key = self.tls.serialize_pem();
        std::fs::write(site.pki().join(format!("{name}.key.pem")), key).unwrap();
        Probe::connect(&site.pki(), site.address, Some(&name), &name.replace('-', "")).unwrap()
    }

    /// Asks for a code; gives the registration with it.
    pub fn proven(&mut self) -> request::Kind {
        assert!(matches!(self.ask(self.registration()), reply::Kind::CodeSent(_)));
        self.with_code(self.registration())
    }

    /// A registration with the code that came last.
    pub fn with_code(&self, kind: request::Kind) -> request::Kind {
        let texts = std::fs::read_to_string(&self.sms).unwrap();
        let code = texts.lines().last().unwrap().split(' ').next().unwrap();
        match kind {
            request::Kind::Registration(registration) => {
                request::Kind::Registration(proto::Registration {
                    code: code.into(),
                    ..registration
                })
            }
            other => other,
        }
    }

    pub fn register(&mut self) -> CertifiedIdentity {
        let proven = self.proven();
        self.obtain(proven)
    }
}

/// A request that was not answered yet.
pub struct Pending {
    id: cloudmessaging_seal::KeyId,
    secret: cloudmessaging_seal::SecretKey,
}

pub fn refusal(kind: reply::Kind) -> Reason {
    match kind {
        reply::Kind::Refused(refused) => refused.reason(),
        _ => panic!("not refused"),
    }
}
