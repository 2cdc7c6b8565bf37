// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

fn twice<U: Uplink>(gate: &Gate<U>, ledger: &impl Ledger, sealed: fn() -> Sealed<'static>) -> Result<(), Refusal> {
    gate.permit(Purpose::Message, Some(1), |permit: Permit<'_, U>| {
        let _copy = Clone::clone(&permit);
        Ok(())
    })
}

fn main() {}
