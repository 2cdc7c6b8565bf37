// SPDX-License-Identifier: Apache-2.0
//! The registrar: the server's half of Cloud Messaging. It derives routing ids, signs sender certificates
//! and key bundles, and answers look-ups of one number at a time (protocol.md).
//!
//! It keeps nothing (P8). All state is bundles, retained at the broker under routing ids until their lease
//! lapses; an IMSI or IMEI that an owner allowed goes to a checking command and nowhere else. So any
//! number of instances serve one shared subscription with the same keys, and one may be killed at any time.
//!
//! It trusts its key file and its broker's access rules, which let registrars alone read and write
//! bundles; not what arrives: that is opened, checked and verified in [`request`] before anything else sees
//! it. What a broker that breaks its rules can do: withhold and replay, not forge.
//!
//! A number is registered by who can read what is sent to it by SMS ([`code`], [`sms`]). That is as much
//! proof as the telephone network gives: who takes a number over there takes it over here, and the phone that
//! had it is told ([`answer`]).
//!
//! No personal datum, and no routing id, is logged.

pub mod answer;
pub mod check;
pub mod cli;
pub mod code;
pub mod keys;
pub mod limit;
pub mod link;
pub mod moved;
pub mod phone_ca;
pub mod request;
pub mod retained;
pub mod serve;
pub mod sms;
