// SPDX-License-Identifier: Apache-2.0
//! On a Linux host: one socket for each interface, in the directory that the service was given.
use super::name;
use crate::answer::Failure;
use crate::cli::Cli;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, ICloudMessagingConsent::ICloudMessagingConsent,
    ICloudMessagingPlatform::ICloudMessagingPlatform,
};
use binder::host::{connect, connect_passing, ConnectError, Connection};
use binder::{FromIBinder, Status};
use std::path::{Path, PathBuf};

/// Where the gate is. Connected to by the interface, when a verb needs it.
#[derive(Debug)]
pub struct Gate {
    run: PathBuf,
}

impl Gate {
    /// From `--run` or the environment.
    pub fn new(cli: &Cli) -> Result<Self, Failure> {
        let from_environment = || std::env::var_os("CLOUDMESSAGING_RUN").map(PathBuf::from);
        let run = cli.run.clone().or_else(from_environment).ok_or_else(|| {
            Failure::Usage("where is the service? --run DIR, or set CLOUDMESSAGING_RUN".into())
        })?;
        Ok(Self { run })
    }

    /// The owner's page.
    pub fn consent(&self) -> Result<Connection<dyn ICloudMessagingConsent>, Failure> {
        // It alone takes a descriptor.
        let path = self.run.join("consent.sock");
        connect_passing(&path, name::CONSENT, false).map_err(|error| unreachable(&path, error))
    }

    /// What the Java side reports to.
    pub fn platform(&self) -> Result<Connection<dyn ICloudMessagingPlatform>, Failure> {
        self.reach("platform.sock", name::PLATFORM)
    }

    /// The Messaging app's.
    pub fn messaging(&self) -> Result<Connection<dyn ICloudMessaging>, Failure> {
        self.reach("messaging.sock", name::MESSAGING)
    }

    fn reach<T: FromIBinder + ?Sized>(
        &self,
        socket: &str,
        name: &str,
    ) -> Result<Connection<T>, Failure> {
        let path = self.run.join(socket);
        connect(&path, name, false).map_err(|error| unreachable(&path, error))
    }
}

fn unreachable(path: &Path, error: ConnectError) -> Failure {
    Failure::Unreachable {
        at: Some(path.display().to_string()),
        why: match error {
            ConnectError::Refused { status, .. } => {
                format!("is it running, and may this user id ask it? ({status})")
            }
            ConnectError::NotServed { status, .. } => {
                format!("something else is served there ({status})")
            }
        },
    }
}

/// The service's own words for an error.
pub fn message(status: &Status) -> String {
    status.message().unwrap_or_default().to_owned()
}
