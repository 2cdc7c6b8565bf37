// SPDX-License-Identifier: Apache-2.0
//! The claims, with the embedded broker.
e2e::claims!(e2e::Broker::Embedded);
