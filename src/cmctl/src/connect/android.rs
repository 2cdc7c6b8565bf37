// SPDX-License-Identifier: Apache-2.0
//! On a phone: the service manager's names.
use super::name;
use super::registered::{reach, set_threads};
use crate::answer::Failure;
use crate::cli::Cli;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, ICloudMessagingConsent::ICloudMessagingConsent,
    ICloudMessagingPlatform::ICloudMessagingPlatform,
};
use binder::{Status, Strong};

/// The gate, by the names it is registered under.
#[derive(Debug)]
pub struct Gate(());

impl Gate {
    /// There is one.
    pub fn new(_: &Cli) -> Result<Self, Failure> {
        set_threads();
        Ok(Self(()))
    }

    /// The owner's page.
    pub fn consent(&self) -> Result<Strong<dyn ICloudMessagingConsent>, Failure> {
        reach(name::CONSENT)
    }

    /// What the Java side reports to.
    pub fn platform(&self) -> Result<Strong<dyn ICloudMessagingPlatform>, Failure> {
        reach(name::PLATFORM)
    }

    /// The Messaging app's.
    pub fn messaging(&self) -> Result<Strong<dyn ICloudMessaging>, Failure> {
        reach(name::MESSAGING)
    }
}

/// The service's own words for an error: libbinder_rs gives them within its description only.
pub fn message(status: &Status) -> String {
    status.to_string()
}
