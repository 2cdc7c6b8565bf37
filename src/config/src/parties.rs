// SPDX-License-Identifier: Apache-2.0
//! To whom an owner agrees, beside what: they are set by the build and are part of what is disclosed. Somebody else in
//! one of these places learns what was agreed for another, so a consent given for the one does not hold for the other.

use crate::{Config, Registrar};

/// The most keys that the registrar signs with: a consent record names each.
pub const MAX_SIGNING_KEYS: usize = 16;

/// The longest name of a controller or of a broker's host, in bytes.
pub const MAX_NAME: usize = 256;

/// Who gets what an owner agrees to reveal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    /// The organisation that answers for the service.
    pub controller: String,
    /// The host name of the broker.
    pub broker: String,
    /// X25519: requests to the registrar are sealed to it.
    pub registrar_key: [u8; 32],
    /// Ed25519: the registrar says with these who has a number. Ascending, each once, at least one.
    pub signing_keys: Vec<[u8; 32]>,
}

impl Parties {
    /// Whether somebody is among these who is not among those that were agreed to. One signing key fewer is nobody new.
    pub fn widen(&self, agreed: &Self) -> bool {
        self.controller != agreed.controller
            || self.broker != agreed.broker
            || self.is_another_registrar(agreed)
    }

    /// Whether the registrar has a key that was not agreed to.
    pub fn is_another_registrar(&self, agreed: &Self) -> bool {
        self.registrar_key != agreed.registrar_key
            || self.signing_keys.iter().any(|key| !agreed.signing_keys.contains(key))
    }

    /// Whether these are parties as a build can name them.
    pub fn is_valid(&self) -> bool {
        let name = |name: &str| {
            (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(char::is_control)
        };
        name(&self.controller)
            && name(&self.broker)
            && (1..=MAX_SIGNING_KEYS).contains(&self.signing_keys.len())
            && self.signing_keys.windows(2).all(|pair| pair[0] < pair[1])
    }
}

impl Config {
    /// Who gets what an owner of this build agrees to reveal.
    pub fn parties(&self) -> Parties {
        let Registrar { hpke_key, signing_keys, .. } = &self.registrar;
        let mut signing_keys: Vec<_> = signing_keys.iter().map(|key| key.key).collect();
        signing_keys.sort_unstable();
        signing_keys.dedup();
        Parties {
            controller: self.controller.clone(),
            broker: self.broker.host.clone(),
            registrar_key: *hpke_key,
            signing_keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed() -> Parties {
        Parties {
            controller: "Example Org".into(),
            broker: "broker.example".into(),
            registrar_key: [1; 32],
            signing_keys: vec![[2; 32], [3; 32]],
        }
    }

    #[test]
    fn each_party_that_changed_is_a_widening_and_one_fewer_is_none() {
        let widens = |change: fn(&mut Parties)| {
            let mut now = agreed();
            change(&mut now);
            assert!(now.is_valid());
            now.widen(&agreed())
        };
        assert!(!widens(|_| ()));
        assert!(widens(|now| now.controller = "Example Ltd".into()));
        assert!(widens(|now| now.broker = "broker.example.org".into()));
        assert!(widens(|now| now.registrar_key = [9; 32]));
        assert!(widens(|now| now.signing_keys.push([4; 32])));
        assert!(widens(|now| now.signing_keys[0] = [0; 32]));
        assert!(!widens(|now| now.signing_keys.truncate(1)));
    }
}
