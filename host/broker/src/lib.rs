// SPDX-License-Identifier: Apache-2.0
//! A broker for one machine: certificates, an embedded MQTT 5 broker, and the configuration that makes
//! Mosquitto enforce the same rules. The demo and the tests run on it; a deployment brings its own broker
//! and takes from here the rules alone ([`acl::RULES`]).
//!
//! It trusts the certificate authority that [`pki`] made. Who a client is comes from the CN of the
//! certificate it showed in the TLS handshake, never from what it says in MQTT: client ids and user
//! names decide nothing, but that a client reads only the answers to its own client id (P8).

pub mod acl;
pub mod embedded;
mod files;
pub mod mosquitto;
pub mod pki;
pub mod probe;
mod tls;
