// SPDX-License-Identifier: Apache-2.0
//! Versions of what is kept on the disk, and the way from one to the next.
//!
//! Consent record, keys and messages have a version each, and so has every entry of the ledger. What an earlier version
//! wrote is brought up step by step, one function from N to N + 1, and a format has as many steps as its version asks
//! for, or does not compile. What a newer version wrote is refused, reads as off (P1), and is left untouched: it works
//! again when the system is rolled forward. Entries of the ledger are never rewritten, so a reader of a later version
//! has to read every version there was.
//!
//! `tests/samples` holds what each version that was ever released has written; no test rewrites it.

/// The version of a consent record that is written.
pub(crate) const RECORD: u32 = 1;

/// That of the file of keys, and of what is wrapped in it.
pub(crate) const KEYS: u32 = 1;

/// That of the tables of messages, and of what is sealed in them.
pub(crate) const MESSAGES: u32 = 1;

/// That of an entry of the ledger.
pub(crate) const LEDGER: u32 = 1;

/// What one version wrote, as the next would have written it; `None` if it is not what that version writes.
pub type Step<T> = fn(T) -> Option<T>;

/// Why something kept is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A newer version wrote it.
    Newer,
    /// No version wrote it.
    NotOurs,
}

/// Which steps something of version `found` has to go, where `steps` lead from version 1 to ours.
pub fn steps_from<S>(found: u32, steps: &[S]) -> Result<&[S], Refused> {
    let done = found.checked_sub(1).ok_or(Refused::NotOurs)?;
    usize::try_from(done).ok().and_then(|done| steps.get(done..)).ok_or(Refused::Newer)
}

/// Brings up what version `found` wrote.
pub fn upgrade<T>(found: u32, steps: &[Step<T>], kept: T) -> Result<T, Refused> {
    let steps = steps_from(found, steps)?;
    steps.iter().try_fold(kept, |kept, step| step(kept)).ok_or(Refused::NotOurs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step<String>; 3] = [
        |kept| Some(kept + " 2"),
        |kept| (!kept.contains("broken")).then(|| kept + " 3"),
        |kept| Some(kept + " 4"),
    ];

    fn upgraded(found: u32, kept: &str) -> Result<String, Refused> {
        upgrade(found, &STEPS, kept.to_owned())
    }

    #[test]
    fn every_version_goes_each_step_behind_it_once_and_in_order() {
        assert_eq!(upgraded(1, "1").as_deref(), Ok("1 2 3 4"));
        assert_eq!(upgraded(2, "2").as_deref(), Ok("2 3 4"));
        assert_eq!(upgraded(3, "3").as_deref(), Ok("3 4"));
        assert_eq!(upgraded(4, "4").as_deref(), Ok("4"));
        assert_eq!(upgrade(1, &[], 1), Ok(1), "while there is one version");
    }

    #[test]
    fn what_no_version_wrote_and_what_a_newer_one_wrote_goes_none() {
        for newer in [5, 6, u32::MAX] {
            assert_eq!(upgraded(newer, "5"), Err(Refused::Newer));
        }
        assert_eq!(upgraded(0, "0"), Err(Refused::NotOurs));
        assert_eq!(upgraded(1, "broken"), Err(Refused::NotOurs));
    }
}
