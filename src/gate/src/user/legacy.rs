// SPDX-License-Identifier: Apache-2.0
//! What a user is told of an earlier service ([`crate::legacy`]).

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;

use aidl::UserReport::UserReport;

use super::{User, Users};
use crate::legacy::LegacyError;
use crate::service::error::ServiceError;
use crate::service::facade::{Result, SettingName, SettingValue};
use crate::sync::lock;

impl Users {
    /// Looks for what an earlier service left, once all who are there have a folder of their own to keep it in.
    pub(super) fn look_for_legacy(&self, reports: &[UserReport]) {
        let users: Vec<_> = reports.iter().filter_map(|report| self.user(report.user)).collect();
        if users.len() != reports.len() {
            return;
        }
        let serials: Vec<_> = reports.iter().map(|report| (report.user, report.serial)).collect();
        if self.module.legacy.look(&serials) {
            users.iter().for_each(|user| user.tell_of(true));
        }
    }
}

impl User {
    pub(super) fn legacy(&self, locale: &str) -> aidl::Legacy::Legacy {
        let legacy = &self.module.legacy;
        let Some(serial) = self.serial() else { return Default::default() };
        let found = legacy.found(self.id, serial);
        if !found.found {
            return Default::default();
        }
        let words = legacy.words(locale);
        // Who is on has been asked since, and has nothing to be told.
        let off = lock(&self.view).record.is_none();
        aidl::Legacy::Legacy {
            found: true,
            wasOn: found.on,
            wasRegistered: found.registered,
            toTell: found.is_to_be_told() && off,
            name: words.name,
            erasure: words.erasure,
            address: legacy.address().to_owned(),
        }
    }

    pub(super) fn legacy_told(&self) -> Result<()> {
        let serial = self.serial().ok_or(ServiceError::NotReady)?;
        let changed = self.module.legacy.told(self.id, serial).map_err(refused)?;
        self.tell_of(changed);
        Ok(())
    }

    pub(super) fn wants_legacy(&self) -> Vec<SettingName> {
        self.serial().map_or(Vec::new(), |serial| self.module.legacy.wanted(self.id, serial))
    }

    pub(super) fn report_legacy(&self, said: &[SettingValue]) -> Result<()> {
        let Some(serial) = self.serial() else { return Ok(()) };
        let changed = self.module.legacy.said(self.id, serial, said).map_err(refused)?;
        self.tell_of(changed);
        Ok(())
    }

    fn serial(&self) -> Option<i64> {
        lock(&self.view).report.as_ref().map(|known| known.serial)
    }

    fn tell_of(&self, change: bool) {
        if change {
            self.module.hints.state_changed(self.id);
        }
    }
}

fn refused(error: LegacyError) -> ServiceError {
    match error {
        LegacyError::Incomplete => ServiceError::InvalidArgument {
            argument: "settings",
            fault: "not all of those that were asked for",
        },
        LegacyError::File(e) => {
            log::error!("what an earlier service left: {e}");
            ServiceError::Storage
        }
    }
}
