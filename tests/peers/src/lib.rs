// SPDX-License-Identifier: Apache-2.0
//! Brokers and callers that misbehave: nobody keeps the owner from turning off (P3), and no message has two ends
//! or none (P6).
//!
//! The programs are the real ones. The broker is a true one, with a [`Hostile`] in front of it that passes on
//! what it is given until it is told to do otherwise.

pub mod callers;
pub mod certificates;
pub mod hostile;
mod packet;
mod tls;

pub use hostile::{Hostile, How, Misdeed, Point};
pub use packet::Role;

use cloudmessaging_testbed::{
    programs, Bed, Error, Phone, Profile, Programs, Result, Setup, Value,
};
use std::sync::OnceLock;
use std::time::Duration;

/// For whatever must happen: so long that only what never happens takes longer.
pub const LONG: Duration = Duration::from_secs(120);

/// The programs.
pub fn built() -> Result<&'static Programs> {
    static BUILT: OnceLock<std::result::Result<Programs, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| programs(Profile::own()).map_err(|error| error.to_string()));
    built.as_ref().map_err(|why| Error::Build(why.clone()))
}

/// A broker and a registrar.
pub fn bed() -> Result<Bed> {
    Bed::start(built()?, Setup { receipt_delay_max_ms: 100, ..Setup::default() })
}

/// A phone that knows what its platform knows, and is off.
pub fn phone(bed: &Bed, name: &str, number: &str) -> Result<Phone> {
    let phone = bed.phone(name, number)?;
    phone.report()?;
    Ok(phone)
}

/// A phone that is on and can be reached.
pub fn reachable(bed: &Bed, name: &str, number: &str) -> Result<Phone> {
    let phone = phone(bed, name, number)?;
    phone.grant(&[])?;
    phone.reachable(LONG)?;
    Ok(phone)
}

/// The outcomes of the message with that id.
pub fn outcomes(phone: &Phone, id: &Value) -> Result<Vec<Value>> {
    let all = phone.cmctl(&["outcomes", "--limit", "1000"])?;
    let mut all = all["outcomes"].as_array().cloned().unwrap_or_default();
    all.retain(|outcome| outcome["id"] == *id);
    Ok(all)
}

/// How many messages with that text the phone holds.
pub fn held(phone: &Phone, body: &str) -> Result<usize> {
    let inbox = phone.cmctl(&["inbox", "--limit", "1000"])?;
    let messages = inbox["messages"].as_array().cloned().unwrap_or_default();
    Ok(messages.iter().filter(|message| message["body"] == body).count())
}
