// SPDX-License-Identifier: Apache-2.0
//! The registrar's program with the embedded broker.

mod common;

use std::process::Command;

use cloudmessaging_broker::{embedded::Broker, pki};
use cloudmessaging_wire::proto::registrar::{refused::Reason, reply, request};
use common::{refusal, Site};

fn with_broker(check: impl FnOnce(&Site)) {
    let dir = tempfile::tempdir().unwrap();
    pki::create(&dir.path().join("pki")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = runtime.block_on(Broker::start(&dir.path().join("pki"), 0)).unwrap();
    check(&Site { dir: dir.path(), address: broker.address() });
}

macro_rules! hold {
    ($($claim:ident)*) => {$(
        #[test]
        fn $claim() {
            with_broker(common::claims::$claim);
        }
    )*};
}

hold! {
    a_registration_is_found_renewed_and_erased
    what_is_retained_is_the_bundle_and_it_expires_with_the_lease
    two_instances_share_the_load_and_their_state_is_the_brokers
    a_code_that_one_instance_sent_is_taken_by_another_and_the_phone_of_before_is_told
    many_requests_at_once_are_all_answered
    the_over_frequent_are_refused_and_the_others_are_not
    nothing_that_arrives_stops_it_and_nothing_personal_is_logged
}

#[test]
fn an_identity_goes_to_the_command_and_its_refusal_registers_nobody() {
    with_broker(|site| {
        let public = site.keygen();
        // Accepts one IMSI; written by another process, see src/check.rs.
        let check = site.dir.join("check");
        let script =
            r#"printf '#!/bin/sh\nexec /bin/grep -q "001010000000001"\n' > "$0"; chmod 700 "$0""#;
        assert!(Command::new("/bin/sh")
            .args(["-c", script])
            .arg(&check)
            .status()
            .unwrap()
            .success());
        let _registrar = site.start(&["--identity-check", check.to_str().unwrap()]);
        let mut alice = site.phone(&public, "+15550100");
        let asked = alice.ask(alice.registration());
        assert!(matches!(asked, reply::Kind::CodeSent(_)));
        let proven = |alice: &common::Phone| alice.with_code(alice.registration());
        let with_imsi = |alice: &common::Phone, imsi: &str| match proven(alice) {
            request::Kind::Registration(mut registration) => {
                registration.imsi = imsi.into();
                request::Kind::Registration(registration)
            }
            other => other,
        };
        let refused = alice.ask(with_imsi(&alice, "001010000000002"));
        assert_eq!(refusal(refused), Reason::Identity);
        let mut bob = site.phone(&public, "+15550101");
        bob.register();
        let found = bob.ask(bob.look_up("+15550100"));
        assert!(matches!(found, reply::Kind::NotRegistered(_)));
        alice.obtain(with_imsi(&alice, "001010000000001"));
        assert!(matches!(bob.ask(bob.look_up("+15550100")), reply::Kind::Found(_)));
    });
}

#[test]
fn a_key_file_that_others_may_read_starts_nothing() {
    with_broker(|site| {
        use std::os::unix::fs::PermissionsExt;
        site.keygen();
        let keys = site.dir.join("registrar.json");
        std::fs::set_permissions(&keys, PermissionsExt::from_mode(0o644)).unwrap();
        let run = site.run(&site.means()).output().unwrap();
        assert!(!run.status.success());
        assert!(String::from_utf8(run.stderr).unwrap().contains("0600"));
    });
}

#[test]
fn without_a_way_to_send_sms_or_with_two_it_does_not_start() {
    let url = ["--sms-url", "http://localhost:1/"].map(String::from);
    with_broker(|site| {
        site.keygen();
        for ways in [0, 2] {
            let mut means = site.means();
            match ways {
                0 => means.truncate(4),
                _ => means.extend(url.clone()),
            }
            let run = site.run(&means).output().unwrap();
            assert!(!run.status.success(), "{ways}");
            assert!(String::from_utf8(run.stderr).unwrap().contains("--sms-command"));
        }
    });
}

#[test]
fn a_code_posted_to_an_sms_server_registers_and_nothing_secret_is_logged() {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    with_broker(|site| {
        let public = site.keygen();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/secret-path", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"}") {
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
            let at = request.iter().position(|byte| *byte == b'{').unwrap();
            let head = String::from_utf8(request[..at].to_vec()).unwrap();
            (head, serde_json::from_slice::<serde_json::Value>(&request[at..]).unwrap())
        });
        let headers = site.dir.join("headers");
        std::fs::write(&headers, "Authorization: Bearer secret-token\nX-Account: 7\n").unwrap();
        std::fs::set_permissions(&headers, PermissionsExt::from_mode(0o600)).unwrap();
        let mut means = site.means();
        means.truncate(4);
        means.extend(["--sms-url".into(), url, "--sms-header-file".into()]);
        means.push(headers.to_str().unwrap().into());
        let registrar = site.start_with(&means, &[]);
        let mut alice = site.phone(&public, "+15550100");
        assert!(matches!(alice.ask(alice.registration()), reply::Kind::CodeSent(_)));
        let (head, sent) = served.join().unwrap();
        assert_eq!(sent["to"], "+15550100");
        let head = head.to_lowercase();
        assert_eq!(head.matches("authorization: bearer secret-token\r\n").count(), 1, "{head}");
        assert_eq!(head.matches("x-account: 7\r\n").count(), 1, "{head}");
        let code = sent["text"].as_str().unwrap().split(' ').next().unwrap().to_owned();
        let request::Kind::Registration(mut registration) = alice.registration() else { panic!() };
        registration.code = code.clone();
        alice.obtain(request::Kind::Registration(registration));
        let log = registrar.stop();
        for secret in [code.as_str(), "secret-path", "secret-token", "5550100"] {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    });
}

#[test]
fn keygen_overwrites_neither_keys_nor_the_public_file() {
    let dir = tempfile::tempdir().unwrap();
    let keygen = |out: &str, public: &str| {
        Command::new(env!("CARGO_BIN_EXE_registrar"))
            .current_dir(dir.path())
            .args(["keygen", "--out", out, "--public", public])
            .status()
            .unwrap()
            .success()
    };
    assert!(keygen("keys.json", "public.json"));
    common::Public::parse(&std::fs::read(dir.path().join("public.json")).unwrap());
    assert!(!keygen("keys.json", "other.json"));
    assert!(!keygen("other.json", "public.json"));
}

#[test]
fn it_comes_back_after_the_broker_was_gone() {
    let dir = tempfile::tempdir().unwrap();
    let pki_dir = dir.path().join("pki");
    pki::create(&pki_dir).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let broker = runtime.block_on(Broker::start(&pki_dir, 0)).unwrap();
    let site = Site { dir: dir.path(), address: broker.address() };
    let public = site.keygen();
    let registrar = site.start(&[]);
    site.phone(&public, "+15550100").register();
    drop(broker);
    // It listens no more once its accept loop has ended.
    while std::net::TcpStream::connect(site.address).is_ok() {
        std::thread::yield_now();
    }
    let _broker = runtime.block_on(Broker::start(&pki_dir, site.address.port())).unwrap();
    // A phone tries again, as the protocol has it; nothing was kept by a broker in memory.
    let begun = std::time::Instant::now();
    let mut alice = site.phone(&public, "+15550100");
    let mut pending = Vec::new();
    loop {
        pending.push(alice.post(alice.registration()));
        if alice.answer_within(&mut pending, std::time::Duration::from_millis(500)).is_some() {
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{}", registrar.stop());
    }
}

#[test]
fn an_sms_sender_that_hangs_holds_up_nothing_but_registrations_and_ends_with_the_registrar() {
    with_broker(|site| {
        let public = site.keygen();
        // Sends to all but +155502xx, for which it hangs.
        let program = site.dir.join("hangs");
        let script = r#"case $1 in +155502*) echo $$ >> "${0%/*}/hanging"; exec /bin/sleep 600;; esac
exec /bin/cat >> "${0%/*}/sms/$1""#;
        let written = Command::new("/bin/sh")
            .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 700 "$0""#])
            .arg(&program)
            .arg(script)
            .status();
        assert!(written.unwrap().success());
        let mut means = site.means();
        *means.last_mut().unwrap() = program.to_str().unwrap().into();
        let registrar = site.start_with(&means, &["--sms-timeout", "60"]);
        let mut alice = site.phone(&public, "+15550100");
        alice.register();
        let mut crowd = site.phone(&public, "+15550200");
        let mut pending: Vec<_> = (0..20)
            .map(|n| {
                crowd.number = format!("+155502{n:02}");
                crowd.post(crowd.registration())
            })
            .collect();
        // Sixteen hang; four were not waited for.
        for _ in 0..4 {
            let refused = crowd.answer(&mut pending).expect("no answer");
            assert_eq!(refusal(refused), Reason::Unavailable);
        }
        alice.obtain(alice.renewal());
        assert!(matches!(alice.ask(alice.look_up("+15550100")), reply::Kind::Found(_)));
        assert_eq!(pending.len(), 16);

        registrar.stop();
        let hanging = std::fs::read_to_string(site.dir.join("hanging")).unwrap();
        assert_eq!(hanging.lines().count(), 16);
        for id in hanging.lines() {
            let stat = || std::fs::read_to_string(format!("/proc/{id}/stat"));
            // Gone, or dead and not yet reaped by whoever took it over.
            let ended = (0..1000).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                stat().map_or(true, |stat| stat.contains(") Z"))
            });
            assert!(ended, "an SMS program still runs");
        }
    });
}
