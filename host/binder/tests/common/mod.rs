// SPDX-License-Identifier: Apache-2.0
//! A served interface, and what a test asks of it.

#![allow(dead_code)] // Each test file uses its part.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessagingConsent::{BnCloudMessagingConsent, ICloudMessagingConsent},
    ICloudMessagingListener::ICloudMessagingListener,
};
use binder::host::{connect, Connection, Limits, Server};
use binder::{
    BinderFeatures, DeathRecipient, ExceptionCode, IBinder, Interface, IntoBinderResult,
    ParcelFileDescriptor, SpIBinder, Strong, ThreadState,
};
use nix::unistd::geteuid;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub const NAME: &str = "test.consent";
/// The uid that another thread takes, if we are root.
pub const OTHER: u32 = 1_010_123;

/// The interface that is served.
pub use android_system_cloudmessaging::aidl::android::system::cloudmessaging::ICloudMessagingConsent::ICloudMessagingConsent as Consent;

type Listeners = Arc<Mutex<Vec<(Strong<dyn ICloudMessagingListener>, Option<DeathRecipient>)>>>;

/// Answers a few methods: the caller's uid as receipt, the size of a code as error, listeners kept.
#[derive(Default)]
pub struct Echo {
    listeners: Listeners,
    pub deaths: Arc<Mutex<u32>>,
}

mod aidl {
    pub use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
        ConsentState::ConsentState, DataClass::DataClass, Disclosure::Disclosure, Grant::Grant,
        LedgerCheckpoint::LedgerCheckpoint, LedgerEntry::LedgerEntry, LedgerTotal::LedgerTotal,
        Legacy::Legacy, RegistrationPreview::RegistrationPreview, SimIdentity::SimIdentity,
        Withdrawal::Withdrawal,
    };
}

impl Interface for Echo {}

#[allow(non_snake_case)]
impl ICloudMessagingConsent for Echo {
    fn state(&self) -> binder::Result<aidl::ConsentState> {
        assert!(ThreadState::is_handling_transaction());
        Ok(Default::default())
    }

    fn disclosure(&self, locale: &str) -> binder::Result<aidl::Disclosure> {
        Ok(aidl::Disclosure { text: locale.to_owned(), ..Default::default() })
    }

    fn grant(&self, _grant: &aidl::Grant) -> binder::Result<()> {
        Err("no").or_binder_exception_with(ExceptionCode::SECURITY, |_| "")
    }

    fn submitCode(&self, id: i32, code: &str) -> binder::Result<()> {
        Err(code).or_service_specific_exception_with(id, |code| format!("{} bytes", code.len()))
    }

    fn requestCode(&self, _id: i32) -> binder::Result<()> {
        Ok(())
    }

    fn withdraw(&self, _erase: bool) -> binder::Result<aidl::Withdrawal> {
        panic!("told to")
    }

    fn setClassAllowed(&self, _class: aidl::DataClass, _allowed: bool) -> binder::Result<()> {
        Ok(())
    }

    fn receipt(&self) -> binder::Result<String> {
        Ok(ThreadState::get_calling_uid().to_string())
    }

    fn preview(
        &self,
        _sims: &[aidl::SimIdentity],
        _allowed: &[aidl::DataClass],
    ) -> binder::Result<Vec<aidl::RegistrationPreview>> {
        Ok(Vec::new())
    }

    fn ledgerTotals(&self, _: i32, _: i32, _: i32) -> binder::Result<Vec<aidl::LedgerTotal>> {
        Ok(Vec::new())
    }

    fn ledgerCheckpoint(&self) -> binder::Result<aidl::LedgerCheckpoint> {
        Ok(Default::default())
    }

    /// Says whether it survives an exec, and writes a word.
    fn exportLedger(&self, to: &ParcelFileDescriptor) -> binder::Result<i64> {
        let flags = nix::fcntl::fcntl(to.as_raw_fd(), nix::fcntl::FcntlArg::F_GETFD).unwrap();
        (&mut &*to).write_all(b"exported").unwrap();
        Ok(i64::from(flags & nix::libc::FD_CLOEXEC == 0))
    }

    fn eraseLedger(&self) -> binder::Result<()> {
        Ok(())
    }

    fn legacy(&self, _: &str) -> binder::Result<aidl::Legacy> {
        Ok(Default::default())
    }

    fn legacyTold(&self) -> binder::Result<()> {
        Ok(())
    }

    fn ledger(
        &self,
        _before: i64,
        _limit: i32,
        _events: &[String],
        _classes: &[aidl::DataClass],
    ) -> binder::Result<Vec<aidl::LedgerEntry>> {
        let listeners: Vec<_> =
            self.listeners.lock().unwrap().iter().map(|(call, _)| call.clone()).collect();
        for listener in listeners {
            let _ = listener.onStateChanged();
        }
        Ok(Vec::new())
    }

    fn addListener(&self, listener: &Strong<dyn ICloudMessagingListener>) -> binder::Result<()> {
        let deaths = Arc::clone(&self.deaths);
        let mut death = DeathRecipient::new(move || *deaths.lock().unwrap() += 1);
        listener.as_binder().link_to_death(&mut death)?;
        self.listeners.lock().unwrap().push((listener.clone(), Some(death)));
        Ok(())
    }

    fn removeListener(&self, listener: &Strong<dyn ICloudMessagingListener>) -> binder::Result<()> {
        for (call, death) in self.listeners.lock().unwrap().iter_mut() {
            if call == listener {
                death.take();
            }
        }
        Ok(())
    }
}

pub fn binder() -> SpIBinder {
    BnCloudMessagingConsent::new_binder(Echo::default(), BinderFeatures::default()).as_binder()
}

pub fn own() -> u32 {
    geteuid().as_raw()
}

/// What a client sends first: the header of a connection for a new session, and its init.
pub fn greet(served: &Served) -> UnixStream {
    greet_with(served, 0)
}

pub fn greet_with(served: &Served, fd_mode: u8) -> UnixStream {
    let mut stream = UnixStream::connect(&served.path).unwrap();
    let mut hello = [0; 16];
    (hello[0], hello[5]) = (2, fd_mode); // The version, and how descriptors pass.
    stream.write_all(&hello).unwrap();
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).unwrap();
    stream.write_all(b"cci\0\0\0\0\0").unwrap();
    stream
}

pub struct Served {
    pub server: Option<Server>,
    pub path: PathBuf,
    _dir: tempfile::TempDir,
}

pub fn serve(uids: &[u32], limits: &Limits) -> Served {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = dir.path().join("consent.sock");
    let server = Server::serve(&path, NAME, binder(), uids, limits).unwrap();
    Served { server: Some(server), path, _dir: dir }
}

impl Served {
    pub fn client(&self) -> Connection<dyn ICloudMessagingConsent> {
        connect(&self.path, NAME, false).unwrap()
    }

    pub fn connections(&self) -> usize {
        self.server.as_ref().unwrap().connections()
    }
}

pub fn until(is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is() {
        assert!(Instant::now() < end, "did not happen within 10 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether the other end closes without having said a byte, and before the handshake's time is over.
pub fn is_closed(mut stream: &UnixStream) -> bool {
    assert!(Limits::default().handshake > Duration::from_secs(1));
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    match stream.read(&mut [0; 64]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

pub fn as_other<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let run = || {
            // SAFETY: the bare system call, not libc's wrapper, changes this thread alone.
            let changed =
                unsafe { nix::libc::syscall(nix::libc::SYS_setresuid, OTHER, OTHER, OTHER) };
            assert_eq!(changed, 0, "setresuid");
            f()
        };
        scope.spawn(run).join().unwrap()
    })
}
