// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

fn make<'p, U: Uplink>() -> Permit<'p, U> {
    Permit { uplink: loop {}, purpose: Purpose::Message, record_id: [0; 16], network: loop {}, disclosure: loop {} }
}

fn main() {}
