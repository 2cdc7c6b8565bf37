// SPDX-License-Identifier: Apache-2.0
//! On a Linux host: one socket for each interface, in the directory that the service was given; or the kernel driver,
//! as on a phone.
use super::name;
use super::registered::{reach, set_threads};
use crate::answer::Failure;
use crate::cli::Cli;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, ICloudMessagingConsent::ICloudMessagingConsent,
    ICloudMessagingPlatform::ICloudMessagingPlatform,
};
use binder::host::{connect, connect_passing, open_driver, ConnectError, Connection};
use binder::{FromIBinder, Status, Strong};
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// Where the gate is. Connected to by the interface, when a verb needs it.
#[derive(Debug)]
pub enum Gate {
    /// The directory of its sockets.
    Sockets(PathBuf),
    /// Names at the service manager.
    Registered,
}

/// An interface of the gate.
pub enum Reached<T: FromIBinder + ?Sized> {
    /// Over a socket.
    Connected(Connection<T>),
    /// Over the kernel driver.
    Registered(Strong<T>),
}

impl<T: FromIBinder + ?Sized> Deref for Reached<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Connected(connection) => connection,
            Self::Registered(interface) => interface,
        }
    }
}

impl Gate {
    /// From `--binder`, `--run` or the environment.
    pub fn new(cli: &Cli) -> Result<Self, Failure> {
        if let Some(driver) = &cli.binder {
            set_threads();
            open_driver(driver)
                .map_err(|error| Failure::Unreachable { at: None, why: error.to_string() })?;
            return Ok(Self::Registered);
        }
        let from_environment = || std::env::var_os("CLOUDMESSAGING_RUN").map(PathBuf::from);
        let run = cli.run.clone().or_else(from_environment).ok_or_else(|| {
            Failure::Usage("where is the service? --run DIR, or set CLOUDMESSAGING_RUN".into())
        })?;
        Ok(Self::Sockets(run))
    }

    /// The owner's page.
    pub fn consent(&self) -> Result<Reached<dyn ICloudMessagingConsent>, Failure> {
        // It alone takes a descriptor.
        self.reach("consent.sock", name::CONSENT, connect_passing)
    }

    /// What the Java side reports to.
    pub fn platform(&self) -> Result<Reached<dyn ICloudMessagingPlatform>, Failure> {
        self.reach("platform.sock", name::PLATFORM, connect)
    }

    /// The Messaging app's.
    pub fn messaging(&self) -> Result<Reached<dyn ICloudMessaging>, Failure> {
        self.reach("messaging.sock", name::MESSAGING, connect)
    }

    fn reach<T: FromIBinder + ?Sized>(
        &self,
        socket: &str,
        name: &str,
        connect: impl FnOnce(&Path, &str, bool) -> Result<Connection<T>, ConnectError>,
    ) -> Result<Reached<T>, Failure> {
        match self {
            Self::Registered => reach(name).map(Reached::Registered),
            Self::Sockets(run) => {
                let path = run.join(socket);
                let connected = connect(&path, name, false);
                connected.map(Reached::Connected).map_err(|error| unreachable(&path, error))
            }
        }
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
