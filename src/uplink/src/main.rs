// SPDX-License-Identifier: Apache-2.0
//! The uplink's start, as a list of steps. Nothing here opens a socket: that takes a `Connect` frame.

#![forbid(unsafe_code)]

use std::convert::Infallible;
use std::process::ExitCode;

use cloudmessaging_uplink::end::End;
use cloudmessaging_uplink::gate::Gate;
use cloudmessaging_uplink::settings::Settings;
use cloudmessaging_uplink::{event_loop, network, sandbox, start};
use cloudmessaging_wire::step;

fn main() -> ExitCode {
    match run() {
        Ok(never) => match never {},
        Err(end) => ExitCode::from(end.exit_code()),
    }
}

fn run() -> Result<Infallible, End> {
    start::die_with_the_gate()?;
    start::expect_the_gate_as_parent()?;
    start::gain_no_privileges()?;
    start::leave_no_dump()?;
    let socketpair = start::hold_nothing_but_the_socketpair()?;
    step!("uplink.started");
    let mut gate = Gate::new(socketpair);
    let settings = Settings::check(gate.configure()?)?;
    network::keep_to(settings.network).map_err(End::Network)?;
    let partly_confined = sandbox::enter(&settings)?;
    gate.ready(partly_confined)?;
    event_loop::run(gate, settings)
}
