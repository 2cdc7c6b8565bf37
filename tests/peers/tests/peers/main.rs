// SPDX-License-Identifier: Apache-2.0
//! One program, so that what waits in one test is no time lost for another.

mod brokers;
mod callers;
