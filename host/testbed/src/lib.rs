// SPDX-License-Identifier: Apache-2.0
//! Phones, a broker and a registrar on one machine: the real programs, as processes.
//!
//! The demo, the end-to-end suites and the benchmarks start them here, and look at them from outside: by the
//! bytes that pass a [`Relay`], by /proc ([`proc`]), and by what `cmctl` prints. Nothing in here knows what
//! the programs do inside, so that nothing in here can make a promise hold.
//!
//! Whatever was started ends with its owner: when it is dropped, when the thread panics, and, by
//! PR_SET_PDEATHSIG, when this process is killed.

mod bed;
mod cmctl;
mod error;
mod interrupt;
mod legacy;
mod phone;
pub mod proc;
mod process;
mod programs;
mod relay;
mod sms;
mod steps;
mod uid;

pub use bed::{Bed, Broker, Setup};
pub use cmctl::Answer;
pub use error::Error;
pub use interrupt::end_cleanly_when_interrupted;
pub use legacy::fixtures;
pub use phone::{Facts, Phone};
pub use process::Process;
pub use programs::{programs, Profile, Programs};
pub use relay::{Counts, Passage, Relay};
pub use serde_json::Value;
pub use steps::{steps_in_source, Mark, Steps};
pub use uid::become_uid;

use std::time::{Duration, Instant};

/// What comes back from the testbed.
pub type Result<T> = std::result::Result<T, Error>;

/// Asks until the answer is something, for at most so long.
pub fn until<T>(within: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask()? {
            return Ok(Some(answer));
        }
        if begun.elapsed() >= within {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
