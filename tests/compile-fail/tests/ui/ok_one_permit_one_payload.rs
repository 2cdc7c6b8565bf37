// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

/// The way of a message compiles: this is what the other programs are measured against.
fn send<U: Uplink>(gate: &Gate<U>, ledger: &impl Ledger, to: Publication<'_>) -> Result<(), Refusal> {
    gate.permit(Purpose::Message, Some(1), |mut permit| {
        let body = permit.disclose(compile_fail::body())?;
        let certificate = permit.disclose(compile_fail::certificate())?;
        let sealed = compile_fail::seal(Payload::message(Message::default(), body, certificate));
        permit.transmit(sealed, to, ledger)
    })
}

fn main() {
    fn _unused<U: Uplink, L: Ledger>(_: Sealed<'_>, _: Permit<'_, U>, gate: &Gate<U>, ledger: &L, to: Publication<'_>) {
        let _ = send(gate, ledger, to);
    }
}
