// SPDX-License-Identifier: Apache-2.0
//! Placeholder.
pub mod clock;
pub mod ledger;
