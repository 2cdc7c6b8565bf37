// SPDX-License-Identifier: Apache-2.0
//! A socket lets in whom it should, bounds what they cost, and leaves nothing behind.

mod common;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging,
    ICloudMessagingConsent::{BnCloudMessagingConsent, ICloudMessagingConsent},
    ICloudMessagingListener::{BnCloudMessagingListener, ICloudMessagingListener},
};
use binder::host::{connect, ConnectError, Limits, ServeError, Server};
use binder::{BinderFeatures, ExceptionCode, Interface, Strong};
use common::*;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn calls_errors_and_the_callers_uid_get_through() {
    let served = serve(&[own()], &Limits::default());
    let client = served.client();
    client.state().unwrap();
    assert_eq!(client.receipt().unwrap(), own().to_string());
    assert_eq!(client.disclosure("ünïcode").unwrap().text, "ünïcode");
    let status = client.submitCode(7, "12345678").unwrap_err();
    assert_eq!(status.exception_code(), ExceptionCode::SERVICE_SPECIFIC);
    assert_eq!((status.service_specific_error(), status.message()), (7, Some("8 bytes")));
    let status = client.grant(&Default::default()).unwrap_err();
    assert_eq!(status.exception_code(), ExceptionCode::SECURITY);
}

#[test]
fn a_handler_that_panics_fails_one_call() {
    let served = serve(&[own()], &Limits::default());
    let client = served.client();
    assert!(client.withdraw(false).is_err());
    client.state().unwrap();
}

#[test]
fn a_uid_that_is_not_allowed_is_closed_unread() {
    let served = serve(&[own() + 1], &Limits::default());
    assert!(is_closed(&UnixStream::connect(&served.path).unwrap()));
    let result = connect::<dyn ICloudMessagingConsent>(&served.path, NAME, false);
    assert!(matches!(result, Err(ConnectError::Refused { .. })));
    let result = connect::<dyn ICloudMessagingConsent>(&served.path, NAME, true);
    assert!(matches!(result, Err(ConnectError::Refused { .. })));
    assert_eq!(served.connections(), 0);
}

#[test]
fn a_name_that_is_not_served_is_told_apart_from_a_refusal() {
    let served = serve(&[own()], &Limits::default());
    let result = connect::<dyn ICloudMessagingConsent>(&served.path, "other", false);
    assert!(matches!(result, Err(ConnectError::NotServed { .. })));
    let nobody = connect::<dyn ICloudMessagingConsent>(Path::new("/nonexistent"), NAME, false);
    assert!(matches!(nobody, Err(ConnectError::Refused { .. })));
}

#[test]
fn a_call_of_another_interface_is_not_served() {
    let served = serve(&[own()], &Limits::default());
    // Nothing on the wire says what a binder is; each call does.
    let client = connect::<dyn ICloudMessaging>(&served.path, NAME, false).unwrap();
    assert!(client.state().is_err());
    served.client().state().unwrap();
}

#[test]
fn one_uid_cannot_take_all_connections_and_gets_them_back_when_they_end() {
    let limits = Limits { connections_per_uid: 3, ..Limits::default() };
    let served = serve(&[own(), OTHER], &limits);
    let clients: Vec<_> = (0..3).map(|_| served.client()).collect();
    until(|| served.connections() == 3);
    assert!(is_closed(&UnixStream::connect(&served.path).unwrap()), "a fourth of the same uid");
    for client in &clients {
        client.state().unwrap();
    }
    if own() == 0 {
        let theirs = as_other(|| served.client());
        assert_eq!(theirs.receipt().unwrap(), OTHER.to_string());
    } else {
        eprintln!("skipped: only root can act as another uid");
    }
    drop(clients);
    until(|| served.connections() == 0);
    served.client().state().unwrap();
}

#[test]
fn a_silent_connection_is_closed() {
    let limits = Limits { handshake: Duration::from_millis(200), ..Limits::default() };
    let served = serve(&[own()], &limits);
    let silent = UnixStream::connect(&served.path).unwrap();
    until(|| served.connections() == 1);
    assert!(is_closed(&silent));
    until(|| served.connections() == 0);
}

#[test]
fn an_idle_connection_is_closed_after_its_time() {
    let limits = Limits { idle: Duration::from_millis(200), ..Limits::default() };
    let served = serve(&[own()], &limits);
    let client = served.client();
    client.state().unwrap();
    until(|| served.connections() == 0);
    assert!(client.state().is_err());
}

#[test]
fn a_frame_that_is_too_large_ends_its_connection_and_no_other() {
    let limits = Limits { frame_bytes: 64 * 1024, ..Limits::default() };
    let served = serve(&[own()], &limits);
    let (small, large) = (served.client(), served.client());
    small.state().unwrap();
    // UTF-16 on the wire.
    assert_eq!(large.disclosure(&"x".repeat(30_000)).unwrap().text.len(), 30_000);
    assert!(large.disclosure(&"x".repeat(40_000)).is_err());
    until(|| served.connections() == 1);
    small.state().unwrap();
}

#[test]
fn noise_ends_its_connection_and_no_other() {
    let served = serve(&[own()], &Limits::default());
    let client = served.client();
    for seed in 0..64u8 {
        let mut stream = UnixStream::connect(&served.path).unwrap();
        let noise: Vec<u8> = (0..200u32)
            .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(u32::from(seed)) >> 8) as u8)
            .collect();
        // It may be closed before all of it is written.
        let _ = stream.write_all(&noise);
    }
    client.state().unwrap();
    until(|| served.connections() == 1);
}

struct Ear(Mutex<Sender<()>>);

impl Interface for Ear {}

impl ICloudMessagingListener for Ear {
    fn onStateChanged(&self) -> binder::Result<()> {
        let _ = self.0.lock().unwrap().send(());
        Ok(())
    }

    fn onWaiting(&self, _user: i32) -> binder::Result<()> {
        Ok(())
    }
}

fn ear() -> (Strong<dyn ICloudMessagingListener>, std::sync::mpsc::Receiver<()>) {
    let (to, from) = channel();
    let ear = BnCloudMessagingListener::new_binder(Ear(Mutex::new(to)), BinderFeatures::default());
    (ear, from)
}

#[test]
fn a_client_with_callbacks_is_called_until_it_goes_and_its_end_is_noticed() {
    let echo = Echo::default();
    let deaths = Arc::clone(&echo.deaths);
    let binder = BnCloudMessagingConsent::new_binder(echo, BinderFeatures::default()).as_binder();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("consent.sock");
    let server = Server::serve(&path, NAME, binder, &[own()], &Limits::default()).unwrap();
    let connect = || connect::<dyn ICloudMessagingConsent>(&path, NAME, true).unwrap();
    let (first, second) = (connect(), connect());
    let (kept, heard) = ear();
    let (unlinked, _heard) = ear();
    first.addListener(&kept).unwrap();
    first.addListener(&unlinked).unwrap();
    second.addListener(&kept).unwrap();
    first.ledger(0, 1, &[], &[]).unwrap();
    for _ in 0..2 {
        heard.recv_timeout(Duration::from_secs(5)).unwrap();
    }
    // Dropping a recipient unlinks it: one death of `first`'s two is heard.
    first.removeListener(&unlinked).unwrap();
    drop(first);
    until(|| *deaths.lock().unwrap() == 1);
    second.ledger(0, 1, &[], &[]).unwrap();
    heard.recv_timeout(Duration::from_secs(5)).unwrap();
    drop(second);
    until(|| *deaths.lock().unwrap() == 2 && server.connections() == 0);
}

#[test]
fn the_socket_is_private_unless_others_may_connect() {
    let mode = |uids: &[u32]| {
        let served = serve(uids, &Limits::default());
        std::fs::symlink_metadata(&served.path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode(&[own()]), 0o600);
    assert_eq!(mode(&[own(), OTHER]), 0o666);
}

#[test]
fn a_stale_socket_is_replaced_and_nothing_else_is() {
    let dir = tempfile::tempdir().unwrap();
    let serve = |file: &str| {
        let path = dir.path().join(file);
        Server::serve(&path, NAME, binder(), &[own()], &Limits::default())
    };
    drop(UnixListener::bind(dir.path().join("stale")).unwrap());
    let server = serve("stale").unwrap();
    assert!(matches!(serve("stale"), Err(ServeError::Taken { .. })), "one that is served");
    drop(server);
    assert!(!dir.path().join("stale").exists(), "removed when the server ends");

    std::fs::write(dir.path().join("file"), "mine").unwrap();
    assert!(matches!(serve("file"), Err(ServeError::NotASocket { .. })));
    assert_eq!(std::fs::read(dir.path().join("file")).unwrap(), b"mine");
    std::os::unix::fs::symlink("file", dir.path().join("link")).unwrap();
    assert!(matches!(serve("link"), Err(ServeError::NotASocket { .. })));
    assert!(matches!(serve("no/such/folder"), Err(ServeError::Transport { .. })));
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_server_that_ends_ends_its_connections() {
    let mut served = serve(&[own()], &Limits::default());
    let client = served.client();
    client.state().unwrap();
    let begun = Instant::now();
    served.server = None;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(client.state().is_err());
}
