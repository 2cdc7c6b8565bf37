// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

fn mix<U: Uplink>(
    gate: &Gate<U>,
    ledger: &impl Ledger,
    to: Publication<'static>,
) -> Result<(), Refusal> {
    gate.permit(Purpose::Message, Some(1), |mut one| {
        gate.permit(Purpose::Receipt, Some(1), |other| {
            let body = one.disclose(compile_fail::body())?;
            let certificate = one.disclose(compile_fail::certificate())?;
            let sealed =
                compile_fail::seal(Payload::message(Message::default(), body, certificate));
            // `other` never saw the body: its intent would not list it.
            other.transmit(sealed, to, ledger)
        })
    })
}

fn main() {}
