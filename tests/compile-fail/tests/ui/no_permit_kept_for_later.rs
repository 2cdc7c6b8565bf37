// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

fn keep<U: Uplink>(gate: &Gate<U>) -> Result<Permit<'static, U>, Refusal> {
    gate.permit(Purpose::Message, Some(1), |permit| Ok::<_, Refusal>(permit))
}

fn main() {}
