// SPDX-License-Identifier: Apache-2.0
//! P6: one outcome for each message, whatever crashes, gets lost, comes twice or late.
