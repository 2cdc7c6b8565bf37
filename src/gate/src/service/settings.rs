// SPDX-License-Identifier: Apache-2.0
//! Settings of an earlier service: those that our settings app is asked for, and what it says of them. The app is trusted;
//! what stands in a setting is not, and is no more than text of a bounded length.

use super::bounds::{at_most, invalid};
use super::error::ServiceError;
use super::facade::{Personal, SettingName, SettingValue, Table};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessagingPlatform::{MAX_LEGACY_CHARS, MAX_LEGACY_SETTINGS},
    LegacySetting::LegacySetting,
};
use cloudmessaging_config::legacy::KEY_MAX;

/// A setting that is asked for.
pub(super) fn asked(name: &SettingName) -> LegacySetting {
    LegacySetting { table: name.table.as_str().to_owned(), key: name.key.clone(), value: None }
}

/// What is said of settings, each once.
pub(super) fn said(settings: &[LegacySetting]) -> Result<Vec<SettingValue>, ServiceError> {
    at_most("settings", settings.len(), MAX_LEGACY_SETTINGS as usize, "settings")?;
    let mut said: Vec<SettingValue> = Vec::with_capacity(settings.len());
    for setting in settings {
        let table = Table::from_name(&setting.table);
        let table = table.ok_or(invalid("settings.table", "not global, secure or system"))?;
        at_most("settings.key", setting.key.len(), KEY_MAX, "bytes")?;
        let name = SettingName { table, key: setting.key.clone() };
        if said.iter().any(|earlier| earlier.name == name) {
            return Err(invalid("settings", "a setting twice"));
        }
        if let Some(value) = &setting.value {
            let characters = value.encode_utf16().count();
            at_most("settings.value", characters, MAX_LEGACY_CHARS as usize, "characters")?;
        }
        let value = setting.value.as_deref().map(Personal::new);
        said.push(SettingValue { name, value });
    }
    Ok(said)
}
