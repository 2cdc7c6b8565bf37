// SPDX-License-Identifier: Apache-2.0
//! Whether an Android user turned cloud messaging on, and to what exactly that user agreed.
//!
//! Absence is refusal: there is no stored "off". A record that is present and valid in every respect
//! ([`Record`] exists only as such) reads as [`Standing::On`]; everything else reads as
//! [`Standing::Off`], or as [`Standing::Untold`] where that could not be found out, never as an error that a caller
//! could forget. Nothing that is found on the disk stands in the way of turning off or of a new grant.
//!
//! Trusts the [`RecordKey`] to be of this phone and gone once destroyed, and what the build ships as
//! [`Disclosures`]. Does not trust the disk. Keeps P1, and of P3 and P7 what is kept on the disk.

pub mod class;
mod key;
mod receipt;
mod record;
mod sim;
mod standing;
mod store;

pub use class::ClassError;
pub use cloudmessaging_config::disclosure::{
    Disclosure, DisclosureError, DisclosureStatus, Disclosures,
};
pub use cloudmessaging_config::Parties;
pub use key::{FileRecordKey, KeyError, RecordKey, MAC};
pub use receipt::{receipt, Controller};
pub use record::{CaptureMethod, Conditions, ConsentedSim, Record, RecordId, RecordTime};
pub use sim::{IdentityMac, SimError, SimIdentity};
pub use standing::{Agreed, OffReason, Standing};
pub use store::{ConsentStore, GrantError, NewConsent, RemoveError, SimMatch};
