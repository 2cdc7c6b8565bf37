// SPDX-License-Identifier: Apache-2.0
//! The ledger of one Android user.
