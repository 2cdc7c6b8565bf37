// SPDX-License-Identifier: Apache-2.0
//! A service's life, by the rules of Android's init: `disabled` until somebody starts it; `oneshot` ends for good,
//! any other is started again, not more often than every five seconds.
//!
//! What Android's init does besides, it must not do here: it kills what a dead service leaves behind in its cgroup,
//! and would so end an uplink that outlived its gate. Here nobody does but the uplink itself.

use crate::rc;
use std::time::{Duration, Instant};

/// A service that ends sooner after its start waits.
pub const RESTART_PERIOD: Duration = Duration::from_secs(5);

/// What may happen to it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has asked for it, or it has ended for good.
    Stopped,
    /// It runs, under that process id, since then.
    Runs(u32, Instant),
    /// It ended, and is started again then.
    Again(Instant),
}

/// A service and where it stands.
#[derive(Debug)]
pub struct Service {
    /// What its file says.
    pub rc: rc::Service,
    /// Where it stands.
    pub state: State,
    oneshot: bool,
}

impl Service {
    /// As at boot.
    pub fn new(rc: rc::Service) -> Self {
        Self { oneshot: rc.oneshot, rc, state: State::Stopped }
    }

    /// Its process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        match self.state {
            State::Runs(pid, _) => Some(pid),
            _ => None,
        }
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.pid().is_some()
    }

    /// `ctl.oneshot_on`, `ctl.oneshot_off`: holds until the next boot.
    pub fn set_oneshot(&mut self, oneshot: bool) {
        self.oneshot = oneshot;
    }

    /// Whether it is to be started now.
    pub fn is_due(&self, now: Instant) -> bool {
        matches!(self.state, State::Again(then) if then <= now)
    }

    /// It was started.
    pub fn started(&mut self, pid: u32, now: Instant) {
        self.state = State::Runs(pid, now);
    }

    /// It ended, whatever the reason.
    pub fn ended(&mut self, now: Instant) {
        self.state = match self.state {
            State::Runs(_, since) if !self.oneshot => State::Again(now.max(since + RESTART_PERIOD)),
            _ => State::Stopped,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(oneshot: bool) -> Service {
        Service::new(rc::Service { disabled: true, oneshot, ..rc::Service::default() })
    }

    #[test]
    fn a_oneshot_service_ends_for_good() {
        let (mut service, now) = (service(true), Instant::now());
        service.started(7, now);
        service.ended(now);
        assert_eq!(service.state, State::Stopped);
    }

    #[test]
    fn while_oneshot_is_off_it_is_started_again_after_the_period() {
        let (mut service, now) = (service(true), Instant::now());
        service.started(7, now);
        service.set_oneshot(false);
        let crash = now + Duration::from_secs(1);
        service.ended(crash);
        assert!(!service.is_due(crash));
        assert!(service.is_due(now + RESTART_PERIOD));
        let late = now + RESTART_PERIOD * 3;
        service.started(8, now);
        service.ended(late);
        assert!(service.is_due(late));
        service.started(9, late);
        service.set_oneshot(true);
        service.ended(late);
        assert_eq!(service.state, State::Stopped);
    }
}
