// SPDX-License-Identifier: Apache-2.0
//! Brokers and callers that misbehave: nobody keeps the owner from turning off.
