// SPDX-License-Identifier: Apache-2.0
#![allow(unused, unreachable_code)]
use cloudmessaging_wire::proto::{envelope::Message, ledger::Purpose};
use compile_fail::disclose::{Payload, Sealed};
use compile_fail::gate::{Gate, Ledger, Permit, Publication, Refusal, Uplink};

use compile_fail::disclose::{preview, Classes};

fn send<U: Uplink>(
    gate: &Gate<U>,
    ledger: &impl Ledger,
    to: Publication<'static>,
) -> Result<(), Refusal> {
    gate.permit(Purpose::Message, Some(1), |permit| {
        preview(Classes::NONE, |disclosure| {
            let body = disclosure.disclose(compile_fail::body())?;
            let certificate = disclosure.disclose(compile_fail::certificate())?;
            let payload = Payload::message(Message::default(), body, certificate);
            permit.transmit(compile_fail::seal(payload), to, ledger)?;
            Err::<Payload<'_>, _>(Refusal::Busy)
        })?;
        Ok(())
    })
}

fn main() {}
