// SPDX-License-Identifier: Apache-2.0
//! The same claims, with Debian's Mosquitto: TLS 1.3, certificate names as user names, the ACL of
//! `host/broker`.
e2e::claims!(e2e::Broker::Mosquitto);
