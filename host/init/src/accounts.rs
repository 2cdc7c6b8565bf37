// SPDX-License-Identifier: Apache-2.0
//! Names of users and groups. A build makes /etc/passwd and /system_ext/etc/passwd of the ids that AOSP has and of
//! a product's config.fs; every user has the group of its name.

use std::collections::BTreeMap;

/// Ids by name.
#[derive(Debug, Default)]
pub struct Accounts(BTreeMap<String, u32>);

impl Accounts {
    /// Takes in lines `NAME:PASSWORD:UID:...`.
    pub fn read(&mut self, text: &str) {
        for line in text.lines() {
            let mut fields = line.split(':');
            let (name, id) = (fields.next(), fields.nth(1));
            if let (Some(name), Some(Ok(id))) = (name, id.map(str::parse)) {
                self.0.insert(name.to_owned(), id);
            }
        }
    }

    /// The id of a name, or the number that the name is.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied().or_else(|| name.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_entry_or_a_number() {
        let mut accounts = Accounts::default();
        accounts.read("root::0:0::/:/bin/sh\nx:x:7500:7500::/:\nbroken\n");
        assert_eq!(accounts.id("x"), Some(7500));
        assert_eq!(accounts.id("root"), Some(0));
        assert_eq!(accounts.id("1000"), Some(1000));
        assert_eq!(accounts.id("broken"), None);
    }
}
