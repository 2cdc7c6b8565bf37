// SPDX-License-Identifier: Apache-2.0
//! Whether a list says what it has to say, field after field; the first that does not is named.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Format, Item, Legacy, LegacyPath, Meaning, SettingName, Source, Table, Words, ADDRESS_MAX,
    ERASURE_MAX, KEY_MAX, LIST_MAX, NAME_MAX, USER, VALUE_MAX,
};
use crate::disclosure::{is_tag, FALLBACK};
use crate::ConfigError;

const PATH_MAX: usize = 256;
const ITEMS_MAX: usize = 64;
/// As many as `ICloudMessagingPlatform` asks for.
const SETTINGS_MAX: usize = 32;
const VALUES_MAX: usize = 16;
const TEXTS_MAX: usize = 128;

// Most fields arrive as a value first, so that an error can say which field it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLegacy {
    items: Vec<RawItem>,
    address: Option<Value>,
    texts: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawItem {
    file: Option<Value>,
    there: Option<Value>,
    property: Option<Value>,
    setting: Option<Value>,
    format: Option<Value>,
    key: Option<Value>,
    values: Option<Map<String, Value>>,
    means: Option<Value>,
    missing: Option<Value>,
}

/// The list that this file is.
pub(super) fn checked(file: String, bytes: &[u8]) -> Result<Legacy, ConfigError> {
    let check = Check { file: file.clone() };
    if bytes.len() as u64 > LIST_MAX {
        return Err(check.wrong("all of it", format!("has to be at most {LIST_MAX} bytes")));
    }
    let raw = serde_json::from_slice(bytes).map_err(|source| ConfigError::Json { file, source })?;
    check.list(raw)
}

/// Checks one field after the other.
struct Check {
    file: String,
}

impl Check {
    fn list(&self, raw: RawLegacy) -> Result<Legacy, ConfigError> {
        if raw.items.len() > ITEMS_MAX {
            return Err(self.wrong("items", format!("has to be at most {ITEMS_MAX}")));
        }
        let item = |(at, item): (usize, &RawItem)| self.item(&format!("items[{at}]"), item);
        let items: Vec<Item> = raw.items.iter().enumerate().map(item).collect::<Result<_, _>>()?;
        let texts = self.texts(&raw.texts.unwrap_or_default())?;
        let address = raw.address.map(|address| self.address(&address)).transpose()?;
        let list = Legacy { items, address: address.unwrap_or_default(), texts };
        if list.settings().len() > SETTINGS_MAX {
            return Err(self.wrong("items", format!("has to name at most {SETTINGS_MAX} settings")));
        }
        let registers = list.items.iter().any(|item| {
            let mut meanings = item.values.values().chain(&item.otherwise);
            meanings.any(|meaning| meaning.registered)
        });
        // The page says how, to everyone whom it tells that there is such a registration.
        if registers && list.words(FALLBACK).erasure.is_empty() {
            let field = format!("texts.{FALLBACK}.erasure");
            return Err(self.wrong(&field, "is missing, and an item means \"registered\""));
        }
        Ok(list)
    }

    fn item(&self, at: &str, raw: &RawItem) -> Result<Item, ConfigError> {
        let field = |name: &str| format!("{at}.{name}");
        let of_its_kind = |source, needs: [bool; 5]| {
            let given = [
                ("format", raw.format.is_some()),
                ("key", raw.key.is_some()),
                ("values", raw.values.is_some()),
                ("means", raw.means.is_some()),
                ("missing", raw.missing.is_some()),
            ];
            match given.iter().zip(needs).find(|((_, given), may)| *given && !may) {
                Some(((name, _), _)) => {
                    Err(self.wrong(&field(name), format!("has no place beside {source}")))
                }
                None => Ok(()),
            }
        };
        match (&raw.file, &raw.there, &raw.property, &raw.setting) {
            (Some(path), None, None, None) => {
                of_its_kind("file", [true, true, true, false, true])?;
                let path = self.path(&field("file"), path)?;
                let format = self.format(at, raw)?;
                let otherwise = raw.missing.as_ref();
                Ok(Item {
                    source: Source::Value(path, format),
                    values: self.values(&field("values"), &raw.values)?,
                    otherwise: otherwise
                        .map(|means| self.meaning(&field("missing"), means))
                        .transpose()?,
                })
            }
            (None, Some(path), None, None) => {
                of_its_kind("there", [false, false, false, true, false])?;
                let means = raw.means.as_ref().unwrap_or(&Value::Null);
                Ok(Item {
                    source: Source::There(self.path(&field("there"), path)?),
                    values: BTreeMap::new(),
                    otherwise: Some(self.meaning(&field("means"), means)?),
                })
            }
            (None, None, Some(name), None) => {
                of_its_kind("property", [false, false, true, false, false])?;
                let values = self.values(&field("values"), &raw.values)?;
                let name = self.key(&field("property"), name)?;
                Ok(Item { source: Source::Property(name), values, otherwise: None })
            }
            (None, None, None, Some(name)) => {
                of_its_kind("setting", [false, false, true, false, false])?;
                let values = self.values(&field("values"), &raw.values)?;
                let name = self.setting(&field("setting"), name)?;
                Ok(Item { source: Source::Setting(name), values, otherwise: None })
            }
            _ => Err(self.wrong(at, "has to have one of file, there, property and setting")),
        }
    }

    fn format(&self, at: &str, raw: &RawItem) -> Result<Format, ConfigError> {
        let name = raw.format.as_ref().and_then(Value::as_str);
        let key_field = format!("{at}.key");
        let key = || self.key(&key_field, raw.key.as_ref().unwrap_or(&Value::Null));
        match name {
            Some("preferences") => Ok(Format::Preferences(key()?)),
            Some("properties") => Ok(Format::Properties(key()?)),
            Some("json") => Ok(Format::Json(key()?)),
            Some("text") if raw.key.is_some() => {
                Err(self.wrong(&key_field, "has no place beside the format text"))
            }
            Some("text") => Ok(Format::Text),
            _ => Err(self
                .wrong(&format!("{at}.format"), "has to be preferences, properties, json or text")),
        }
    }

    fn values(
        &self,
        field: &str,
        raw: &Option<Map<String, Value>>,
    ) -> Result<BTreeMap<String, Meaning>, ConfigError> {
        let raw = raw.as_ref().filter(|raw| (1..=VALUES_MAX).contains(&raw.len()));
        let raw = raw.ok_or_else(|| {
            self.wrong(field, format!("has to say what 1 to {VALUES_MAX} values mean"))
        })?;
        let mut values = BTreeMap::new();
        for (value, means) in raw {
            if value.len() > VALUE_MAX {
                return Err(self.wrong(field, format!("a value of more than {VALUE_MAX} bytes")));
            }
            values.insert(value.clone(), self.meaning(&format!("{field}.{value}"), means)?);
        }
        Ok(values)
    }

    fn meaning(&self, field: &str, value: &Value) -> Result<Meaning, ConfigError> {
        let wrong = || self.wrong(field, "has to be a list of \"on\" and \"registered\", or empty");
        let mut meaning = Meaning::default();
        for word in value.as_array().ok_or_else(wrong)? {
            let means = match word.as_str() {
                Some("on") => &mut meaning.on,
                Some("registered") => &mut meaning.registered,
                _ => return Err(wrong()),
            };
            if std::mem::replace(means, true) {
                return Err(wrong());
            }
        }
        Ok(meaning)
    }

    fn path(&self, field: &str, value: &Value) -> Result<LegacyPath, ConfigError> {
        let path = value.as_str().filter(|path| path.len() <= PATH_MAX);
        let normal = |path: &&str| {
            let mut parts = Path::new(path).components();
            let rooted = parts.next() == Some(Component::RootDir);
            let mut names = parts.clone();
            // What components() has tidied up was not written as it has to be.
            let tidy: PathBuf = Path::new(path).components().collect();
            rooted
                && names.next().is_some()
                && parts.all(|part| matches!(part, Component::Normal(_)))
                && tidy.as_os_str() == *path
                && !path.chars().any(char::is_control)
                && path.matches(USER).count() <= 1
                && !path.replace(USER, "").contains(['{', '}'])
        };
        match path.filter(normal) {
            Some(path) => Ok(LegacyPath(path.to_owned())),
            None => Err(self.wrong(
                field,
                format!("has to be an absolute path without . and .., of at most {PATH_MAX} bytes, with {USER} at most once"),
            )),
        }
    }

    fn setting(&self, field: &str, value: &Value) -> Result<SettingName, ConfigError> {
        let split = value.as_str().and_then(|name| name.split_once('/'));
        let named = split.and_then(|(table, key)| Some((Table::from_name(table)?, key)));
        let (table, key) = named
            .ok_or_else(|| self.wrong(field, "has to be global/KEY, secure/KEY or system/KEY"))?;
        Ok(SettingName { table, key: self.key(field, &Value::from(key))? })
    }

    fn key(&self, field: &str, value: &Value) -> Result<String, ConfigError> {
        self.text(field, value, KEY_MAX)
    }

    fn texts(&self, raw: &Map<String, Value>) -> Result<BTreeMap<String, Words>, ConfigError> {
        if raw.len() > TEXTS_MAX {
            return Err(self.wrong("texts", format!("has to be at most {TEXTS_MAX}")));
        }
        let mut texts = BTreeMap::new();
        for (tag, value) in raw {
            let field = format!("texts.{tag}");
            if !is_tag(tag) {
                return Err(self.wrong(&field, "is no BCP 47 tag"));
            }
            let members = value.as_object();
            let members = members.ok_or_else(|| self.wrong(&field, "has to be an object"))?;
            let mut words = Words::default();
            for (name, value) in members {
                let field = format!("{field}.{name}");
                match name.as_str() {
                    "name" => words.name = self.text(&field, value, NAME_MAX)?,
                    "erasure" => words.erasure = self.lines(&field, value, ERASURE_MAX)?,
                    _ => return Err(self.wrong(&field, "is unknown")),
                }
            }
            if texts.insert(tag.to_ascii_lowercase(), words).is_some() {
                return Err(self.wrong(&field, "is there twice"));
            }
        }
        if !texts.is_empty() && !texts.contains_key(FALLBACK) {
            return Err(self.wrong(&format!("texts.{FALLBACK}"), "is missing"));
        }
        Ok(texts)
    }

    fn address(&self, value: &Value) -> Result<String, ConfigError> {
        let address = self.text("address", value, ADDRESS_MAX)?;
        let known = ["https://", "mailto:"]
            .iter()
            .any(|scheme| address.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        match known && address.bytes().all(|b| b.is_ascii_graphic()) {
            true => Ok(address),
            false => Err(self.wrong("address", "has to begin with https:// or mailto:, in ASCII")),
        }
    }

    fn text(&self, field: &str, value: &Value, max: usize) -> Result<String, ConfigError> {
        let text = self.lines(field, value, max)?;
        match text.contains('\n') {
            true => Err(self.wrong(field, "has to be one line")),
            false => Ok(text),
        }
    }

    fn lines(&self, field: &str, value: &Value, max: usize) -> Result<String, ConfigError> {
        let text = value.as_str().filter(|text| !text.trim().is_empty() && text.len() <= max);
        match text {
            Some(text) if !text.chars().any(|c| c.is_control() && c != '\n') => Ok(text.to_owned()),
            _ => Err(self.wrong(field, format!("has to be text of 1 to {max} bytes"))),
        }
    }

    fn wrong(&self, field: &str, wrong: impl Into<String>) -> ConfigError {
        ConfigError::Field { file: self.file.clone(), field: field.to_owned(), wrong: wrong.into() }
    }
}
