// SPDX-License-Identifier: Apache-2.0
//! What a registration holds: which data there are, how they are laid out, and what that would come to for an owner
//! who has not decided yet (P4).
//!
//! The gate lays out the real registration with this crate, and the settings page, which believes no daemon, the one
//! that it shows. Nothing here can send or encrypt anything: no key, no permit and no clock is known here.
//!
//! [`class`] names the data and [`identity`] holds those of a SIM; [`registration`] lays them out, [`field`] takes what
//! came of it apart again, and [`preview`] makes one with zeros for all that is made when the owner turns on.

pub mod class;
pub mod field;
pub mod identity;
pub mod preview;
pub mod registration;

pub use class::{ClassError, Classes, DataClass};
pub use field::{fields, Field};
pub use identity::{Identity, IdentityError};
pub use preview::{is_preview_of, preview, PreviewError};
pub use registration::{registration, Contents, Published, RequestHead};
