// SPDX-License-Identifier: Apache-2.0
//! What an earlier, opt-out service left on the phone: looked for once, kept as what it means, and told to the owner
//! once. None of it is ever a consent (P7): nothing here is asked when the gate decides, and nobody who asks it is told
//! more than what to say to the owner.
//!
//! Trusts the build's list ([`cloudmessaging_config::legacy`]) and nothing that stands where it says to look: what cannot
//! be understood was found, and means nothing.
//!
//! The order is what makes it once. What was found of each user is durable first, then that it was looked for; until that
//! is durable it is looked for again, with the same result. After that, nobody who restores, copies or makes a file of
//! the earlier service is heard.

mod look;
mod preferences;
mod record;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod value_tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cloudmessaging_config::legacy::{Item, Legacy, Meaning, SettingName, Words};

use crate::file::FileError;
use crate::service::facade::SettingValue;
use crate::sync::{lock, Mutex};
use look::Sight;
pub use record::Found;
use record::{Looked, UserFile};

/// What could not be kept, or is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum LegacyError {
    /// The disk failed: it is as before.
    #[error("{0}")]
    File(#[from] FileError),
    /// Not all settings that were asked for are among those that were reported.
    #[error("not every setting that was asked for")]
    Incomplete,
}

/// What an earlier service left.
pub struct Leftovers {
    list: Legacy,
    data: PathBuf,
    known: Mutex<Known>,
}

struct Known {
    looked: Looked,
    /// By user id.
    users: BTreeMap<i32, UserFile>,
}

impl Leftovers {
    /// To be looked for as the list says; what was found is in the data folder.
    pub fn new(list: Legacy, data: &Path) -> Self {
        let known = Known { looked: Looked::new(data), users: BTreeMap::new() };
        Self { list, data: data.to_owned(), known: Mutex::new(known) }
    }

    /// Looks, if nobody did before: for all users that there are, with their serial numbers. Whether that was now, and is
    /// durable.
    pub fn look(&self, users: &[(i32, i64)]) -> bool {
        let mut known = lock(&self.known);
        if self.list.items.is_empty() || users.is_empty() || known.looked.is_done() {
            return false;
        }
        let of_a_user = |item: &&Item| look::is_of_a_user(&item.source);
        let (each, phone): (Vec<&Item>, Vec<&Item>) = self.list.items.iter().partition(of_a_user);
        // What is the phone's is every user's who is there.
        let common =
            phone.iter().fold(Found::default(), |found, item| found.and(look::look(item, None)));
        for (user, serial) in users {
            let found =
                each.iter().fold(common, |found, item| found.and(look::look(item, Some(*user))));
            let found = Found { settings_read: self.list.settings().is_empty(), ..found };
            if !found.found && found.settings_read {
                continue;
            }
            let file = known.user(&self.data, *user);
            // Of an attempt that a crash cut off, too, this is what was found.
            if let Err(e) = file.write(*serial, found) {
                log::error!("what an earlier service left is looked for again: {e}");
                return false;
            }
        }
        let done = known.looked.set_done();
        if let Err(e) = &done {
            log::error!("what an earlier service left is looked for again: {e}");
        }
        done.is_ok()
    }

    /// The settings whose values are wanted of a user.
    pub fn wanted(&self, user: i32, serial: i64) -> Vec<SettingName> {
        match self.read(&mut lock(&self.known), user, serial) {
            Some(found) if !found.settings_read => {
                self.list.settings().into_iter().cloned().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What those settings say. Whether anything came of it.
    pub fn said(&self, user: i32, serial: i64, said: &[SettingValue]) -> Result<bool, LegacyError> {
        let mut known = lock(&self.known);
        let before = self.read(&mut known, user, serial).filter(|found| !found.settings_read);
        let Some(before) = before else { return Ok(false) };
        let mut found = Found { settings_read: true, ..before };
        for item in &self.list.items {
            let Some(name) = item.setting() else { continue };
            let said = said.iter().find(|said| said.name == *name);
            let said = said.ok_or(LegacyError::Incomplete)?;
            found = found.and(match &said.value {
                Some(value) => Sight::of(item.means(value.as_str())),
                None => Sight::Absent,
            });
        }
        known.user(&self.data, user).write(serial, found)?;
        Ok(true)
    }

    /// What was found of a user.
    pub fn found(&self, user: i32, serial: i64) -> Found {
        self.read(&mut lock(&self.known), user, serial).unwrap_or_default()
    }

    /// The owner was told. Durable when it returns.
    pub fn told(&self, user: i32, serial: i64) -> Result<bool, LegacyError> {
        let mut known = lock(&self.known);
        match self.read(&mut known, user, serial) {
            Some(found) if !found.told => {
                known.user(&self.data, user).write(serial, Found { told: true, ..found })?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// What was found of a user, once it is durable that it is not looked for again: before that, it may be written anew.
    fn read(&self, known: &mut Known, user: i32, serial: i64) -> Option<Found> {
        match known.looked.is_done() {
            true => known.user(&self.data, user).read(serial),
            false => None,
        }
    }

    /// What to say in a language.
    pub fn words(&self, locale: &str) -> Words {
        self.list.words(locale)
    }

    /// Where to ask for an erasure.
    pub fn address(&self) -> &str {
        &self.list.address
    }
}

impl Known {
    fn user(&mut self, data: &Path, user: i32) -> &mut UserFile {
        self.users.entry(user).or_insert_with(|| UserFile::new(&data.join(user.to_string())))
    }
}

impl Found {
    /// This, and what was seen elsewhere.
    fn and(self, sight: Sight) -> Self {
        let meaning = match sight {
            Sight::Absent => return self,
            Sight::Unclear => Meaning::default(),
            Sight::Means(meaning) => meaning,
        };
        Self {
            found: true,
            on: self.on || meaning.on,
            registered: self.registered || meaning.registered,
            ..self
        }
    }
}
