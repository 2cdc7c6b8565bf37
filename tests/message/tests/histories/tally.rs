// SPDX-License-Identifier: Apache-2.0
//! What has happened in histories, counted: those in which nothing does prove nothing.

use std::collections::BTreeMap;
use std::fmt;

/// What has happened, and how often.
#[derive(Clone, Default)]
pub struct Tally(BTreeMap<String, u64>);

impl Tally {
    /// It has happened.
    pub fn add(&mut self, what: &str) {
        self.add_all(what, 1);
    }

    /// It has happened so often.
    pub fn add_all(&mut self, what: &str, times: u64) {
        *self.0.entry(what.to_owned()).or_default() += times;
    }

    /// Both.
    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(what, times)| self.add_all(what, *times));
    }

    /// How often anything whose name begins so has happened.
    pub fn count(&self, what: &str) -> u64 {
        self.0.iter().filter(|(name, _)| name.starts_with(what)).map(|(_, times)| times).sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(what, times)| writeln!(f, "{times:>9} {what}"))
    }
}
