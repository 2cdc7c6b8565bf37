// SPDX-License-Identifier: Apache-2.0
//! Which entries somebody wants to see: by the name of the event, by a class of data that was revealed.

use cloudmessaging_wire::proto::ledger::Entry;

use crate::statement::{event_name, revealed};

/// The names of all events, as they stand in proto/ledger.proto. `erased` and `unknown` are not events but can be
/// asked for: entries without content, and entries of a newer version.
pub const EVENT_NAMES: [&str; 18] = [
    "boot",
    "grant",
    "withdraw",
    "found_on",
    "found_off",
    "class_change",
    "policy_change",
    "connect",
    "intent",
    "outcome",
    "erasure",
    "refusals",
    "tail_cut",
    "refused",
    "number_moved",
    "history_erased",
    "erased",
    "unknown",
];

/// What an entry has to be. The default lets every entry pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    events: Vec<&'static str>,
    classes: Vec<i32>,
}

impl Filter {
    /// Only events of this name, or of one that was given before. Nothing if there is no such event.
    pub fn event(mut self, name: &str) -> Option<Self> {
        self.events.push(EVENT_NAMES.into_iter().find(|known| *known == name)?);
        Some(self)
    }

    /// Only events that reveal data of this class, by its number in `DataClass`, or of one that was given before.
    pub fn class(mut self, number: i32) -> Self {
        self.classes.push(number);
        self
    }

    /// Whether every entry passes.
    pub fn is_open(&self) -> bool {
        self.events.is_empty() && self.classes.is_empty()
    }

    /// Whether the entry is one of them. One whose content was erased is `Entry::default()`.
    pub fn passes(&self, entry: &Entry) -> bool {
        let event = || self.events.contains(&event_name(entry));
        let class = || revealed(entry).iter().any(|class| self.classes.contains(class));
        (self.events.is_empty() || event()) && (self.classes.is_empty() || class())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmessaging_wire::proto::consent::DataClass;
    use cloudmessaging_wire::proto::ledger::{entry::Event, Boot, Connect};

    fn entry(event: Event) -> Entry {
        Entry { schema_version: 1, event: Some(event), ..Entry::default() }
    }

    #[test]
    fn an_entry_passes_by_its_event_and_by_what_it_reveals() {
        let boot = entry(Event::Boot(Boot::default()));
        let revealed = vec![DataClass::NetworkAddress.into()];
        let connect = entry(Event::Connect(Connect { revealed, ..Connect::default() }));
        let all = Filter::default();
        assert!(all.passes(&boot) && all.passes(&connect) && all.passes(&Entry::default()));
        let boots = all.clone().event("boot").unwrap();
        assert!(boots.passes(&boot) && !boots.passes(&connect));
        let address = all.clone().class(DataClass::NetworkAddress.into());
        assert!(address.passes(&connect) && !address.passes(&boot));
        assert!(!all.clone().class(DataClass::PhoneNumber.into()).passes(&connect));
        assert!(address.class(DataClass::PhoneNumber.into()).passes(&connect), "either of them");
        let both = boots.event("connect").unwrap();
        assert!(both.passes(&boot) && both.passes(&connect) && !both.passes(&Entry::default()));
        assert!(!both.class(DataClass::NetworkAddress.into()).passes(&boot), "both of two kinds");
        assert!(all.clone().event("erased").unwrap().passes(&Entry::default()));
        assert_eq!(all.event("boots"), None);
    }

    #[test]
    fn every_event_has_its_name_in_the_list() {
        // What the scheme calls them, read from the scheme itself.
        let scheme = include_str!("../../../proto/ledger.proto");
        let (_, oneof) = scheme.split_once("oneof event {").unwrap();
        let (oneof, _) = oneof.split_once('}').unwrap();
        let fields = oneof.lines().filter_map(|line| line.split_once(" = "));
        let named: Vec<_> = fields.filter_map(|(field, _)| field.split(' ').next_back()).collect();
        assert_eq!(named[..], EVENT_NAMES[..EVENT_NAMES.len() - 2]);
    }
}
