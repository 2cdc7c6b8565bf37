// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

fn twice<U: Uplink>(
    gate: &Gate<U>,
    ledger: &impl Ledger,
    to: impl Fn() -> Publication<'static>,
) -> Result<(), Refusal> {
    gate.permit(Purpose::Message, Some(1), |mut permit| {
        let body = permit.disclose(compile_fail::body())?;
        let certificate = permit.disclose(compile_fail::certificate())?;
        let first = compile_fail::seal(Payload::message(Message::default(), body, certificate));
        let body = permit.disclose(compile_fail::body())?;
        let certificate = permit.disclose(compile_fail::certificate())?;
        let second = compile_fail::seal(Payload::message(Message::default(), body, certificate));
        permit.transmit(first, to(), ledger)?;
        permit.transmit(second, to(), ledger)
    })
}

fn main() {}
