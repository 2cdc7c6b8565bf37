// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

fn make() {
    let _ = compile_fail::disclose::Disclosed { datum: compile_fail::body(), brand: loop {} };
}

fn main() {}
