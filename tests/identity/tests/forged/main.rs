// SPDX-License-Identifier: Apache-2.0
//! What is not to be believed: forged, replayed, re-addressed, altered, expired and downgraded messages, receipts,
//! retracts and bundles. Each is dropped, acknowledged to the broker, and counted in the ledger with its reason; each
//! test first shows that the same thing, honest, is taken.

mod bundles;
mod messages;
mod receipts;
mod retracts;
mod stranger;
