// SPDX-License-Identifier: Apache-2.0
//! What has to be so.

use super::builds::Build;
use super::SERIAL;

/// A grant that the owner gave, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    record: [u8; 16],
    /// Which of all decisions it was: each makes the key of the one before it worthless.
    decision: u64,
    build: Build,
    serial: i64,
    sim: Option<u8>,
}

/// The owner, the platform, and the last word.
#[derive(Debug)]
pub struct Model {
    pub build: Build,
    pub exists: bool,
    pub serial: i64,
    pub unlocked: bool,
    pub sms_forbidden: bool,
    pub organisation: bool,
    pub network: bool,
    pub sim: Option<u8>,
    /// The last word, if it was a grant.
    pub said: Option<Said>,
    /// A decision was cut off, and it was not seen yet what came of it: what was agreed to last may be gone.
    pub perhaps: bool,
    decisions: u64,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            build: Build::First,
            exists: true,
            serial: SERIAL,
            unlocked: true,
            sms_forbidden: false,
            organisation: false,
            network: true,
            sim: Some(0),
            said: None,
            perhaps: false,
            decisions: 0,
        }
    }
}

impl Model {
    /// The last word was the owner's grant, and nothing has widened or moved since.
    pub fn is_on(&self) -> bool {
        self.said.as_ref().is_some_and(|said| {
            self.exists
                && said.serial == self.serial
                && said.decision == self.decisions
                && self.build.holds_to(said.build)
        })
    }

    /// And nothing forbids it, and there is what it was granted for: a message is taken.
    pub fn takes(&self) -> bool {
        let granted_for = |said: &Said| said.sim == self.sim;
        self.is_on()
            && !(self.sms_forbidden || self.organisation || self.build.forbids())
            && self.unlocked
            && self.said.as_ref().is_some_and(granted_for)
    }

    /// And there is a network: something may leave.
    pub fn may_send(&self) -> bool {
        self.takes() && self.network
    }

    /// Whether the page could turn it on now.
    pub fn can_grant(&self) -> bool {
        let forbidden = self.sms_forbidden || self.organisation || self.build.forbids();
        self.exists && self.unlocked && !forbidden && self.sim.is_some()
    }

    pub fn granted(&mut self, record: Option<[u8; 16]>) {
        self.decisions += 1;
        let record = record.expect("a grant is in force when it returns");
        let (build, serial, sim) = (self.build, self.serial, self.sim);
        self.said = Some(Said { record, decision: self.decisions, build, serial, sim });
        self.perhaps = false;
    }

    pub fn withdrawn(&mut self) {
        self.decisions += 1;
        (self.said, self.perhaps) = (None, false);
    }

    /// A decision was cut off. What the phone has made of it: as it was, off, or a grant that was asked for.
    pub fn cut(&mut self, record: Option<[u8; 16]>, asked: bool) {
        let as_it_was = self.said.as_ref().map(|said| said.record);
        if record.is_none() || record == as_it_was {
            self.perhaps = true;
        } else {
            assert!(asked, "a consent that nobody asked for");
            self.granted(record);
        }
    }

    /// Whether it is as it has to be.
    pub fn is_as(&self, is: bool, has_to_be: bool) -> bool {
        is == has_to_be || (self.perhaps && !is)
    }

    pub fn removed(&mut self) {
        if self.exists {
            self.withdrawn();
            self.exists = false;
        }
    }

    /// Android gives a serial number once.
    pub fn made(&mut self) {
        if !self.exists {
            self.exists = true;
            self.serial += 1;
        }
    }

    /// Where the key of what was copied is still the one in use, it is what was agreed to last.
    pub fn put_back(&mut self, said: Option<Said>) {
        self.said = said.filter(|said| said.decision == self.decisions);
    }
}
