// SPDX-License-Identifier: Apache-2.0
//! The gate on a phone: where things are, and who does what `host.rs` does on a host: init, servicemanager, SELinux and
//! the log. Nothing is told on the command line.

use std::convert::Infallible;
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use android_logger::Config;
use log::LevelFilter;
use rustutils::system_properties;

use crate::checkpoint::Checkpoint;
use crate::keystore::Keystore;
use crate::registered::{self, Init};
use crate::secrets::Secrets;
use crate::service::{Contexts, Identities, Services};
use crate::stay::Keeper;

/// What a build sets (product/config/config.json).
const CONFIG: &str = "/system_ext/etc/cloudmessaging/config.json";
/// Made by init, for this service alone (product/cloudmessagingd.rc).
const DATA: &str = "/data/misc/cloudmessaging";
/// The uplink's program.
const UPLINK: &str = "/system_ext/bin/cloudmessaging_uplink";

/// Set to 1 when the boot is complete.
const BOOT_COMPLETED: &str = "sys.boot_completed";

/// Committed when the boot is complete.
#[derive(Default)]
struct BootCompleted(AtomicBool);

impl Checkpoint for BootCompleted {
    fn is_committed(&self) -> bool {
        if self.0.load(Ordering::SeqCst) {
            return true;
        }
        let completed = match system_properties::read(BOOT_COMPLETED) {
            Ok(value) => value.as_deref() == Some("1"),
            Err(e) => {
                log::error!("whether the boot is complete is not known: {e}");
                false
            }
        };
        self.0.fetch_or(completed, Ordering::SeqCst);
        completed
    }
}

/// Where things are.
pub struct Options {
    /// What a build sets.
    pub config: PathBuf,
    /// Where consent, ledger and keys are kept.
    pub data: PathBuf,
}

/// Begins to log.
pub fn start_log() {
    let config = Config::default().with_tag("cloudmessagingd").with_max_level(LevelFilter::Info);
    android_logger::init_once(config);
}

/// The last word, of a start that failed.
pub fn tell_why_it_ends(error: &dyn Error) {
    log::error!("{error}");
}

/// What a consent record and the ledger say was running.
pub fn build() -> String {
    match system_properties::read("ro.build.fingerprint") {
        Ok(Some(fingerprint)) => fingerprint,
        Ok(None) => String::new(),
        Err(e) => {
            // For information only.
            log::warn!("the build's fingerprint is not known: {e}");
            String::new()
        }
    }
}

impl Options {
    /// There is nothing to choose.
    pub fn read() -> Self {
        Self { config: CONFIG.into(), data: DATA.into() }
    }

    /// init has made the folder, and libbinder opens the driver.
    pub fn prepare(&self) -> Result<(), Box<dyn Error>> {
        registered::set_threads();
        Ok(())
    }

    /// The uplink's program. Found now, so that its absence is not first noticed by an owner.
    pub fn uplink(&self) -> Result<PathBuf, Box<dyn Error>> {
        let path = PathBuf::from(UPLINK);
        match path.is_file() {
            true => Ok(path),
            false => Err(format!("there is no uplink at {UPLINK}").into()),
        }
    }

    /// How callers are told apart.
    pub fn identities(&self) -> Box<dyn Identities> {
        Box::new(Contexts)
    }

    /// Where keys are that stay on this phone.
    pub fn secrets(&self) -> Box<dyn Secrets> {
        Box::new(Keystore::of_the_phone())
    }

    /// Whether /data can still be put back. The activity manager has vold commit a checkpoint before it says that the
    /// boot is complete, whether or not there was one; every coredomain may read that.
    pub fn checkpoint(&self) -> Box<dyn Checkpoint> {
        Box::new(BootCompleted::default())
    }

    /// Who keeps this process while somebody is on.
    pub fn keeper(&self) -> Box<dyn Keeper> {
        Box::new(Init::default())
    }

    /// Serves, until killed, or until nobody is on and nobody asks.
    pub fn serve(&self, services: &Services) -> Result<Infallible, Box<dyn Error>> {
        Ok(registered::serve(services, || ())?)
    }
}
