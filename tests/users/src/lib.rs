// SPDX-License-Identifier: Apache-2.0
//! Two Android users of one phone, each with our settings app and a Messaging app, over the gate's real sockets and with
//! real uids: who is whom, the kernel says.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use binder::host::{connect, connect_passing, Connection};
use binder::{BinderFeatures, Interface, Strong};
use cloudmessaging_testbed::{become_uid, programs, until, Bed, Phone, Profile, Result, Setup};

use aidl::ICloudMessaging::ICloudMessaging;
use aidl::ICloudMessagingCallback::{BnCloudMessagingCallback, ICloudMessagingCallback};
use aidl::ICloudMessagingConsent::ICloudMessagingConsent;
use aidl::ICloudMessagingListener::{BnCloudMessagingListener, ICloudMessagingListener};
use aidl::ICloudMessagingPlatform::ICloudMessagingPlatform;

/// For whatever must happen: so long that only what never happens takes longer.
pub const LONG: Duration = Duration::from_secs(120);

/// The system user, and a second one.
pub const FIRST: i32 = 0;
/// The second one.
pub const SECOND: i32 = 10;

/// Uids of an Android user begin here.
const PER_USER: u32 = 100_000;

const NAME: &str = "android.system.cloudmessaging.ICloudMessaging";

/// The uid of everything that runs as this user here.
pub fn uid(user: i32) -> u32 {
    u32::try_from(user).unwrap_or_default() * PER_USER
}

/// Whether this process can be two users.
pub fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root can take another uid");
    }
    root
}

/// A broker, a registrar, and a phone whose gate serves both users.
pub fn phone() -> Result<(Bed, Phone)> {
    let setup = Setup { receipt_delay_max_ms: 0, ..Setup::default() };
    let bed = Bed::start(&programs(Profile::own())?, setup)?;
    let mut phone = bed.phone("anna", number(FIRST))?;
    phone.admit_to_settings(&[uid(FIRST), uid(SECOND)]);
    phone.admit_to_messaging(&[uid(FIRST), uid(SECOND)]);
    phone.kill_gate();
    phone.start()?;
    Ok((bed, phone))
}

/// The number of a user's SIM.
pub fn number(user: i32) -> &'static str {
    match user {
        FIRST => "+15550100",
        _ => "+15550102",
    }
}

/// The SIM of a user.
pub fn sim(user: i32) -> aidl::SimIdentity::SimIdentity {
    let digits = &number(user)[1..];
    aidl::SimIdentity::SimIdentity {
        subscriptionId: if user == FIRST { 1 } else { 2 },
        number: number(user).into(),
        imsi: format!("001010000{digits:0>6.6}"),
        imei: format!("35000000{digits:0>6.6}"),
    }
}

/// A user who exists, has unlocked and has a Messaging app.
pub fn report(user: i32) -> aidl::UserReport::UserReport {
    aidl::UserReport::UserReport {
        user,
        serial: 100 + i64::from(user),
        unlocked: true,
        defaultSmsUid: i32::try_from(uid(user)).unwrap_or_default(),
        ..Default::default()
    }
}

/// Counts what it is told.
#[derive(Clone, Default)]
pub struct Told(Arc<AtomicUsize>);

impl Told {
    /// How often it was told something.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn one(&self) -> binder::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Interface for Told {}

#[allow(non_snake_case)] // The names are the AIDL's.
impl ICloudMessagingCallback for Told {
    fn onOutcomes(&self) -> binder::Result<()> {
        self.one()
    }

    fn onInbound(&self) -> binder::Result<()> {
        self.one()
    }

    fn onKeyChanged(&self) -> binder::Result<()> {
        self.one()
    }

    fn onStateChanged(&self) -> binder::Result<()> {
        self.one()
    }
}

#[allow(non_snake_case)] // The names are the AIDL's.
impl ICloudMessagingListener for Told {
    fn onStateChanged(&self) -> binder::Result<()> {
        self.one()
    }

    fn onWaiting(&self, _user: i32) -> binder::Result<()> {
        self.one()
    }
}

impl Told {
    /// To be given to `setCallback`.
    pub fn callback(&self) -> Strong<dyn ICloudMessagingCallback> {
        BnCloudMessagingCallback::new_binder(self.clone(), BinderFeatures::default())
    }

    /// To be given to `addListener`.
    pub fn listener(&self) -> Strong<dyn ICloudMessagingListener> {
        BnCloudMessagingListener::new_binder(self.clone(), BinderFeatures::default())
    }
}

/// What runs as one user: our settings app and the Messaging app.
pub struct Apps {
    /// Whose.
    pub user: i32,
    consent: Connection<dyn ICloudMessagingConsent>,
    platform: Connection<dyn ICloudMessagingPlatform>,
    messaging: Connection<dyn ICloudMessaging>,
}

impl Apps {
    /// Connects as the user.
    pub fn of(user: i32, phone: &Phone) -> Self {
        let run = phone.run();
        let connected = std::thread::spawn(move || {
            become_uid(uid(user));
            Self::connect(user, &run)
        });
        connected.join().expect("the thread connects")
    }

    fn connect(user: i32, run: &Path) -> Self {
        let socket = |name: &str| -> PathBuf { run.join(name) };
        let named = |last: &str| format!("{NAME}{last}");
        Self {
            user,
            consent: connect_passing(&socket("consent.sock"), &named("Consent"), true)
                .expect("consent"),
            platform: connect(&socket("platform.sock"), &named("Platform"), true)
                .expect("platform"),
            messaging: connect(&socket("messaging.sock"), NAME, true).expect("messaging"),
        }
    }

    /// As our settings app.
    pub fn consent(&self) -> &dyn ICloudMessagingConsent {
        &**self.consent.interface()
    }

    /// As our settings app, to report.
    pub fn platform(&self) -> &dyn ICloudMessagingPlatform {
        &**self.platform.interface()
    }

    /// As the Messaging app.
    pub fn messaging(&self) -> &dyn ICloudMessaging {
        &**self.messaging.interface()
    }

    /// What a page would grant.
    pub fn grant_of(&self, sims: Vec<aidl::SimIdentity::SimIdentity>) -> aidl::Grant::Grant {
        let disclosure = self.consent().disclosure("en").expect("a disclosure");
        use aidl::DataClass::DataClass as C;
        aidl::Grant::Grant {
            disclosureSha256: disclosure.sha256,
            locale: disclosure.locale,
            // All that are needed; IMSI and IMEI are optional.
            allowedClasses: vec![
                C::PHONE_NUMBER,
                C::RECIPIENT_NUMBER,
                C::MESSAGE_CONTENT,
                C::NETWORK_ADDRESS,
                C::ROUTING_ID,
                C::RECIPIENT_ROUTING_ID,
                C::DELIVERY_RECEIPT,
                C::PUBLIC_KEYS,
            ],
            sims,
            method: aidl::CaptureMethod::CaptureMethod::SETTINGS_PAGE,
            ..Default::default()
        }
    }

    /// Turns on for the user's SIM, proves its number, and waits until messages can arrive.
    pub fn turn_on(&self, reporter: &Apps, bed: &Bed) -> Result<()> {
        let subscription = sim(self.user).subscriptionId;
        self.consent().grant(&self.grant_of(vec![sim(self.user)])).expect("a grant");
        reporter.platform().reportIdentities(self.user, &[sim(self.user)]).expect("identities");
        use aidl::Registration::Registration as R;
        let reachable = until(LONG, || {
            let state = self.consent().state().expect("a state");
            let Some(link) = state.sims.first() else { return Ok(None) };
            if link.registration == R::CODE_NEEDED {
                if let Some(code) = bed.code(number(self.user)) {
                    // It may have been given in this very moment.
                    let _ = self.consent().submitCode(subscription, &code);
                }
            }
            Ok((link.registration == R::DONE && link.connected).then_some(()))
        })?;
        assert!(reachable.is_some(), "user {} cannot be reached", self.user);
        Ok(())
    }
}

/// Reports both users and a network, and gives a storage key for each.
pub fn report_both(reporter: &Apps) {
    let platform = reporter.platform();
    platform.reportUsers(&[report(FIRST), report(SECOND)]).expect("users");
    let network = aidl::NetworkReport::NetworkReport { connected: true, ..Default::default() };
    platform.reportNetwork(&network).expect("a network");
    for user in [FIRST, SECOND] {
        platform.provideStorageKey(user, &[user as u8 + 1; 32]).expect("a storage key");
    }
}
