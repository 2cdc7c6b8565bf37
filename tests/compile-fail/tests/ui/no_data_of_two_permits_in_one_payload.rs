// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

fn mix<U: Uplink>(gate: &Gate<U>) -> Result<(), Refusal> {
    gate.permit(Purpose::Message, Some(1), |mut one| {
        gate.permit(Purpose::Message, Some(1), |mut other| {
            let body = one.disclose(compile_fail::body())?;
            let certificate = other.disclose(compile_fail::certificate())?;
            let _ = Payload::message(Message::default(), body, certificate);
            Ok(())
        })
    })
}

fn main() {}
