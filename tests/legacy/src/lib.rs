// SPDX-License-Identifier: Apache-2.0
//! Phones on which an earlier, opt-out service was: what it left is never a consent (P7), is told once, and is not
//! looked at again. Nothing is sent for their owners (P2).
//!
//! The programs are the real ones; the layouts are in `fixtures/`, a folder each, with what the first start has to make
//! of it in `expect.json`.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use binder::host::{connect, Connection};
use cloudmessaging_testbed::{fixtures, proc, until, Counts, Error, Phone, Value};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aidl::ICloudMessagingConsent::ICloudMessagingConsent;
use aidl::ICloudMessagingPlatform::ICloudMessagingPlatform;

pub use aidl::{Legacy::Legacy, LegacySetting::LegacySetting};

/// What comes back.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The one user of a phone of the testbed.
pub const USER: i32 = 0;

/// Every layout there is.
pub fn layouts() -> Result<Vec<String>> {
    let mut layouts = Vec::new();
    for entry in fs::read_dir(fixtures())? {
        layouts.push(entry?.file_name().to_string_lossy().into_owned());
    }
    layouts.sort();
    Ok(layouts)
}

/// A JSON file of a layout; null if it has none of that name.
pub fn of_layout(layout: &str, name: &str) -> Result<Value> {
    match fs::read_to_string(fixtures().join(layout).join(name)) {
        Ok(text) => Ok(text.parse()?),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(e) => Err(e.into()),
    }
}

/// The settings app of a phone: what it asks the gate, and what it reports.
pub struct SettingsApp {
    /// The owner's page.
    pub page: Connection<dyn ICloudMessagingConsent>,
    /// Reports.
    pub reports: Connection<dyn ICloudMessagingPlatform>,
}

impl SettingsApp {
    /// Asks the gate that runs now.
    pub fn of(phone: &Phone) -> Result<Self> {
        let name = |interface: &str| format!("android.system.cloudmessaging.{interface}");
        let run = phone.run();
        Ok(Self {
            page: connect(&run.join("consent.sock"), &name("ICloudMessagingConsent"), false)?,
            reports: connect(&run.join("platform.sock"), &name("ICloudMessagingPlatform"), false)?,
        })
    }

    /// Reports what the settings that are asked for say, of those that the phone has. How many were asked for.
    pub fn report_settings(&self, settings: &Value) -> Result<usize> {
        let mut wanted = self.reports.wantsLegacy(USER)?;
        for setting in &mut wanted {
            let name = format!("{}/{}", setting.table, setting.key);
            setting.value = settings[&name].as_str().map(str::to_owned);
        }
        if !wanted.is_empty() {
            self.reports.reportLegacy(USER, &wanted)?;
        }
        Ok(wanted.len())
    }

    /// What the page says.
    pub fn legacy(&self) -> Result<Legacy> {
        Ok(self.page.legacy("en-GB")?)
    }
}

/// What is looked at below a folder while it is watched.
pub struct Watch(Inotify);

impl Watch {
    /// Begins.
    pub fn begin(folder: &Path) -> Result<Self> {
        let watch = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let seen = AddWatchFlags::IN_OPEN | AddWatchFlags::IN_ACCESS | AddWatchFlags::IN_MODIFY;
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path: PathBuf = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                }
            }
            // After it was listed: that was us.
            watch.add_watch(&folder, seen)?;
        }
        // What was done before the watch of a folder above was added is not seen; of one below, it may be.
        let watch = Self(watch);
        watch.seen()?;
        Ok(watch)
    }

    /// The files that were opened, read or written since the last time, by their names. Of folders nothing is said:
    /// others on this machine may list what is below /tmp.
    pub fn seen(&self) -> Result<Vec<OsString>> {
        let mut seen = Vec::new();
        loop {
            match self.0.read_events() {
                Ok(events) => {
                    let files =
                        events.into_iter().filter(|e| !e.mask.contains(AddWatchFlags::IN_ISDIR));
                    seen.extend(files.filter_map(|event| event.name));
                }
                Err(nix::errno::Errno::EAGAIN) => return Ok(seen),
                Err(e) => return Err(e.into()),
            }
        }
    }
}

/// What of a phone could reach a network, or did: nothing, or what it was.
pub fn heard_of(phone: &Phone) -> Result<String> {
    let (counts, uplinks) = (phone.relay().counts(), phone.uplinks());
    // One that was closed while they were listed is in no table: of a call, most likely. Then again.
    let settled = || {
        let sockets = proc::network_sockets(phone.gate()).map_err(Error::io("list sockets"))?;
        let known = !sockets.iter().any(|socket| matches!(socket, proc::Socket::Unknown(_)));
        Ok(known.then_some(sockets))
    };
    let sockets = until(Duration::from_secs(20), settled)?.ok_or("sockets of no known kind")?;
    match counts == Counts::default() && uplinks.is_empty() && sockets.is_empty() {
        true => Ok(String::new()),
        false => Ok(format!("{counts:?}, uplinks {uplinks:?}, sockets {sockets:?}")),
    }
}

/// Every file below a folder, and what is in it.
pub fn content(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let (mut content, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => content.push((path.clone(), fs::read(&path)?)),
            }
        }
    }
    content.sort();
    Ok(content)
}
