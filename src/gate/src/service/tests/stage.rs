// SPDX-License-Identifier: Apache-2.0
//! Three sockets in a temporary directory, and clients on them.

use super::super::facade::Facade;
use super::super::{name, PendingHints, Services, Uids};
use super::fake::Fake;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging,
    ICloudMessagingCallback::{BnCloudMessagingCallback, ICloudMessagingCallback},
    ICloudMessagingConsent::ICloudMessagingConsent,
    ICloudMessagingListener::{BnCloudMessagingListener, ICloudMessagingListener},
    ICloudMessagingPlatform::ICloudMessagingPlatform,
    SimIdentity::SimIdentity,
};
use android_system_cloudmessaging::DESCRIPTOR_CALL;
use binder::host::{connect, connect_passing, Connection, Limits, Server};
use binder::{BinderFeatures, Interface, Strong};
use nix::unistd::geteuid;
use std::path::PathBuf;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A uid of the Android user 10.
pub const FOREIGN: u32 = 1_010_123;

/// After which refusals are told.
const WINDOW: Duration = Duration::from_millis(300);

pub fn own_uid() -> u32 {
    geteuid().as_raw()
}

/// The services, served.
pub struct Stage {
    pub fake: Arc<Fake>,
    pub hints: Arc<PendingHints>,
    pub services: Services,
    _servers: Vec<Server>,
    dir: TempDir,
}

impl Stage {
    /// Our settings app runs as one of `settings`; both of our uids may connect to everything.
    pub fn new(settings: &[u32]) -> Self {
        let fake = Arc::new(Fake::default());
        let hints = Arc::new(PendingHints::default());
        let facade = Arc::clone(&fake) as Arc<dyn Facade>;
        let identities = Box::new(Uids(settings.to_vec()));
        let services = Services::counting(facade, identities, Arc::clone(&hints), WINDOW).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir.path(), open).unwrap();
        let limits = Limits { reply: Duration::from_secs(2), ..Limits::default() };
        let uids = [own_uid(), FOREIGN];
        let passing = Limits { descriptor_with: Some(DESCRIPTOR_CALL), ..limits.clone() };
        let serve_within = |limits, file, name, binder| {
            Server::serve(&dir.path().join(file), name, binder, &uids, limits).unwrap()
        };
        let serve = |file, name, binder| serve_within(&limits, file, name, binder);
        let servers = vec![
            serve_within(&passing, "consent.sock", name::CONSENT, services.consent.as_binder()),
            serve("platform.sock", name::PLATFORM, services.platform.as_binder()),
            serve("messaging.sock", name::MESSAGING, services.messaging.as_binder()),
        ];
        Self { fake, hints, services, _servers: servers, dir }
    }

    /// One where we are our settings app, and the default SMS app of user 0 too.
    pub fn admitting() -> Self {
        let stage = Self::new(&[own_uid()]);
        stage.set_default_sms(own_uid());
        stage
    }

    pub fn set_default_sms(&self, uid: u32) {
        self.fake.default_sms.lock().unwrap().insert((uid / 100_000) as i32, uid);
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    pub fn clients(&self) -> Clients {
        Clients {
            consent: connect_passing(&self.path("consent.sock"), name::CONSENT, true).unwrap(),
            platform: connect(&self.path("platform.sock"), name::PLATFORM, true).unwrap(),
            messaging: connect(&self.path("messaging.sock"), name::MESSAGING, true).unwrap(),
        }
    }

    /// Waits until that many clients are registered for hints.
    pub fn until_registered(&self, count: usize) {
        until(|| self.services.callbacks.clients() == count);
    }
}

/// Connections to all three, with callbacks.
pub struct Clients {
    pub consent: Connection<dyn ICloudMessagingConsent>,
    pub platform: Connection<dyn ICloudMessagingPlatform>,
    pub messaging: Connection<dyn ICloudMessaging>,
}

/// Runs `f` on a thread of its own that has another uid: what `SO_PEERCRED` reads is the thread's.
pub fn as_foreign<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let run = || {
            // SAFETY: the bare system call, not libc's wrapper, changes this thread alone.
            let changed =
                unsafe { nix::libc::syscall(nix::libc::SYS_setresuid, FOREIGN, FOREIGN, FOREIGN) };
            assert_eq!(changed, 0, "setresuid");
            f()
        };
        scope.spawn(run).join().unwrap()
    })
}

/// Waits for something that another thread does.
pub fn until(is: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is() {
        assert!(Instant::now() < end, "did not happen within 10 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A listener and a callback that say what they hear.
pub struct Ear(Mutex<Sender<&'static str>>);

impl Ear {
    pub fn listener() -> (Strong<dyn ICloudMessagingListener>, Receiver<&'static str>) {
        let (to, from) = channel();
        let ear = Self(Mutex::new(to));
        (BnCloudMessagingListener::new_binder(ear, BinderFeatures::default()), from)
    }

    pub fn callback() -> (Strong<dyn ICloudMessagingCallback>, Receiver<&'static str>) {
        let (to, from) = channel();
        let ear = Self(Mutex::new(to));
        (BnCloudMessagingCallback::new_binder(ear, BinderFeatures::default()), from)
    }

    fn hears(&self, what: &'static str) -> binder::Result<()> {
        // Whoever listened may be gone.
        let _ = self.0.lock().unwrap().send(what);
        Ok(())
    }
}

impl Interface for Ear {}

impl ICloudMessagingListener for Ear {
    fn onStateChanged(&self) -> binder::Result<()> {
        self.hears("state")
    }

    fn onWaiting(&self, user: i32) -> binder::Result<()> {
        self.hears(if user == 0 { "waiting" } else { "waiting for another" })
    }
}

impl ICloudMessagingCallback for Ear {
    fn onOutcomes(&self) -> binder::Result<()> {
        self.hears("outcomes")
    }

    fn onInbound(&self) -> binder::Result<()> {
        self.hears("inbound")
    }

    fn onKeyChanged(&self) -> binder::Result<()> {
        self.hears("keys")
    }

    fn onStateChanged(&self) -> binder::Result<()> {
        self.hears("state")
    }
}

/// Personal data that must not come back in any error.
pub const SECRETS: [&str; 5] =
    ["5550199", "001010000000001", "490154203237518", "see you at the pier", "CODE4242"];

pub fn sim(subscription: i32) -> SimIdentity {
    SimIdentity {
        subscriptionId: subscription,
        number: "+15550199".into(),
        imsi: "001010000000001".into(),
        imei: "490154203237518".into(),
    }
}
