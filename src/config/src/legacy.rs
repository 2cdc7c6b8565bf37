// SPDX-License-Identifier: Apache-2.0
//! What an earlier, opt-out service left on phones that this build may come to (`legacy.json`, beside `config.json`):
//! where to look, what each thing that may be found there means, and how an owner has an old registration erased.
//!
//! `docs/ota.md` describes every field. Trusted as the build is, and checked as strictly as the rest of what it sets. A
//! meaning is something to tell an owner: no item, and no value of one, can turn anything on (P7).

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::disclosure::closest;
use crate::ConfigError;

/// The name of the list, in the directory of the configuration.
pub const FILE: &str = "legacy.json";

/// The longest key of anything, in bytes.
pub const KEY_MAX: usize = 128;
/// The longest value that can mean something, in bytes.
pub const VALUE_MAX: usize = 128;
/// The longest text on how to have a registration erased, in bytes.
pub const ERASURE_MAX: usize = 4096;
/// The longest name of the earlier service, in bytes.
pub const NAME_MAX: usize = 80;
/// The longest address, in bytes.
pub const ADDRESS_MAX: usize = 256;

/// The largest list, in bytes.
const LIST_MAX: u64 = 256 * 1024;
/// Stands for the user's id in a path.
const USER: &str = "{user}";

/// What a thing that was found means. Neither is a consent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The earlier service was on.
    pub on: bool,
    /// It had registered the phone or its owner with a server.
    pub registered: bool,
}

/// A table of `android.provider.Settings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The phone's.
    Global,
    /// A user's, for the system to write.
    Secure,
    /// A user's.
    System,
}

impl Table {
    /// As the list and the AIDL name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Secure => "secure",
            Self::System => "system",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Global, Self::Secure, Self::System].into_iter().find(|t| t.as_str() == name)
    }
}

/// Names one value of `android.provider.Settings`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingName {
    /// Where it is.
    pub table: Table,
    /// What it is called there.
    pub key: String,
}

/// A path, the phone's or each user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyPath(String);

impl LegacyPath {
    /// Whether each user has one.
    pub fn is_of_a_user(&self) -> bool {
        self.0.contains(USER)
    }

    /// Where it is for this user.
    pub fn of(&self, user: i32) -> PathBuf {
        self.0.replace(USER, &user.to_string()).into()
    }
}

/// How what stands in a file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Android's shared preferences (XML text): the value of the entry of this name.
    Preferences(String),
    /// Lines `key=value`: the value of this key.
    Properties(String),
    /// JSON: the value under this name, or names with dots between.
    Json(String),
    /// The whole text is the value.
    Text,
}

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A value in a file.
    Value(LegacyPath, Format),
    /// A file, whatever it holds, or a directory that holds something: that it is there says it.
    There(LegacyPath),
    /// A system property.
    Property(String),
    /// A setting, which our settings app reads.
    Setting(SettingName),
}

/// A thing that may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where to look.
    pub source: Source,
    /// What values mean. One that is not listed means something that nobody knows.
    values: BTreeMap<String, Meaning>,
    /// What it means that the thing is there; of a file with values, that it is and the value is not.
    otherwise: Option<Meaning>,
}

impl Item {
    /// The setting that it is, if it is one.
    pub fn setting(&self) -> Option<&SettingName> {
        match &self.source {
            Source::Setting(name) => Some(name),
            Source::Value(..) | Source::There(_) | Source::Property(_) => None,
        }
    }

    /// What a value means; `None` if the list does not say.
    pub fn means(&self, value: &str) -> Option<Meaning> {
        self.values.get(value).copied()
    }

    /// What it means that the thing is there without a value; `None` if the list does not say.
    pub fn means_without_value(&self) -> Option<Meaning> {
        self.otherwise
    }
}

/// What an owner is told, in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// What owners knew the earlier service by.
    pub name: String,
    /// How to have its registration erased.
    pub erasure: String,
}

/// All of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Legacy {
    /// Things that may be found.
    pub items: Vec<Item>,
    /// Where to ask for an erasure; empty if there is no address.
    pub address: String,
    /// By tag, in lower case.
    texts: BTreeMap<String, Words>,
}

impl Legacy {
    /// Loads the list that lies beside this configuration. None there is one without items.
    pub fn load_beside(config: &Path) -> Result<Self, ConfigError> {
        let path = config.with_file_name(FILE);
        let file = path.display().to_string();
        let io = |source| ConfigError::Io { file: file.clone(), source };
        let opened = match fs::File::open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            opened => opened.map_err(io)?,
        };
        let mut bytes = Vec::new();
        opened.take(LIST_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
        check::checked(file, &bytes)
    }

    /// The words closest to a BCP 47 tag.
    pub fn words(&self, locale: &str) -> Words {
        closest(&self.texts, locale).cloned().unwrap_or_default()
    }

    /// The settings that our settings app has to read, each once.
    pub fn settings(&self) -> BTreeSet<&SettingName> {
        self.items.iter().filter_map(Item::setting).collect()
    }
}

#[cfg(test)]
mod tests;
