// SPDX-License-Identifier: Apache-2.0
//! ICloudMessagingPlatform, for our settings app in the system user: it alone names users in arguments.

use super::access::Interface::Platform as PLATFORM;
use super::callbacks::List;
use super::error::answer;
use super::{bounds, settings, Entrance};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessagingListener::ICloudMessagingListener,
    ICloudMessagingPlatform::ICloudMessagingPlatform, LegacySetting::LegacySetting,
    NetworkReport::NetworkReport, SimIdentity::SimIdentity, UserReport::UserReport,
};
use binder::{Interface, Strong};
use std::sync::Arc;

/// The service.
pub(super) struct Platform(pub(super) Arc<Entrance>);

impl Interface for Platform {}

#[allow(non_snake_case)] // The names are the AIDL's.
impl ICloudMessagingPlatform for Platform {
    fn reportUsers(&self, users: &[UserReport]) -> binder::Result<()> {
        let _call = self.0.admit(PLATFORM, "reportUsers")?;
        answer(bounds::users(users))?;
        self.0.facade.report_users(users);
        self.0.callbacks.keep_default_apps();
        Ok(())
    }

    fn reportIdentities(&self, user: i32, sims: &[SimIdentity]) -> binder::Result<()> {
        let _call = self.0.admit(PLATFORM, "reportIdentities")?;
        answer(bounds::user(user).and_then(|()| {
            let sims = bounds::sims("sims", 0, sims)?;
            self.0.facade.report_identities(user, sims)
        }))
    }

    fn reportNetwork(&self, network: &NetworkReport) -> binder::Result<()> {
        let _call = self.0.admit(PLATFORM, "reportNetwork")?;
        self.0.facade.report_network(bounds::network(network));
        Ok(())
    }

    fn provideStorageKey(&self, user: i32, key: &[u8]) -> binder::Result<()> {
        let _call = self.0.admit(PLATFORM, "provideStorageKey")?;
        answer(bounds::user(user).and_then(|()| {
            let key = bounds::storage_key(key)?;
            self.0.facade.provide_storage_key(user, key)
        }))
    }

    fn wantsIdentities(&self, user: i32) -> binder::Result<bool> {
        let _call = self.0.admit(PLATFORM, "wantsIdentities")?;
        answer(bounds::user(user).map(|()| self.0.facade.wants_identities(user)))
    }

    fn wantsLegacy(&self, user: i32) -> binder::Result<Vec<LegacySetting>> {
        let _call = self.0.admit(PLATFORM, "wantsLegacy")?;
        answer(
            bounds::user(user)
                .map(|()| self.0.facade.wants_legacy(user).iter().map(settings::asked).collect()),
        )
    }

    fn reportLegacy(&self, user: i32, settings: &[LegacySetting]) -> binder::Result<()> {
        let _call = self.0.admit(PLATFORM, "reportLegacy")?;
        answer(bounds::user(user).and_then(|()| {
            let said = settings::said(settings)?;
            self.0.facade.report_legacy(user, &said)
        }))
    }

    fn addListener(&self, listener: &Strong<dyn ICloudMessagingListener>) -> binder::Result<()> {
        let call = self.0.admit(PLATFORM, "addListener")?;
        answer(self.0.callbacks.add(List::Reporters, *call, listener))
    }
}
