// SPDX-License-Identifier: Apache-2.0
//! On a phone: servicemanager's names. Asking for a lazy service starts it.
use super::name;
use crate::answer::Failure;
use crate::cli::Cli;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, ICloudMessagingConsent::ICloudMessagingConsent,
    ICloudMessagingPlatform::ICloudMessagingPlatform,
};
use binder::{FromIBinder, Status, Strong};

/// The gate, by the names it is registered under.
#[derive(Debug)]
pub struct Gate(());

impl Gate {
    /// There is one.
    pub fn new(_: &Cli) -> Result<Self, Failure> {
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

fn reach<T: FromIBinder + ?Sized>(name: &str) -> Result<Strong<T>, Failure> {
    binder::wait_for_interface(name).map_err(|status| Failure::Unreachable {
        at: Some(name.to_owned()),
        why: format!("{status:?}"),
    })
}

/// The service's own words for an error: they stand in its description.
pub fn message(status: &Status) -> String {
    status.get_description()
}
