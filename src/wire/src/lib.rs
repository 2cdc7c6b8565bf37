// SPDX-License-Identifier: Apache-2.0
//! What both sides of a wall share: the messages of `proto/` as generated Rust, the frames between gate
//! and uplink, what exactly a signature covers, topics and limits.
//!
//! Nothing here opens, keeps or sends anything, and no cryptography is linked: the uplink depends on this
//! crate and must stay unable to read.

pub mod frame;
pub mod limits;
pub mod number;
pub mod proto;
pub mod signed;
pub mod step;
pub mod topic;
