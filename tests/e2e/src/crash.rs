// SPDX-License-Identifier: Apache-2.0
//! P7 and P1 across crashes: on stays on, off stays off, and a process that died is replaced.
use crate::{
    bed, deliver, no_uplink, phone, refused, two_phones, Broker, Claim, ANNA, A_WHILE, BEN, SOON,
};
use cloudmessaging_testbed::{proc, until, Phone};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The consent is durable when `grant` returns.
pub fn on_is_on_again_after_the_gate_was_killed(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (mut anna, ben) = two_phones(&bed)?;
    deliver(&anna, &ben, "before the crash")?;
    anna.kill_gate();
    anna.start()?;
    anna.report()?;
    let status = anna.status()?;
    assert_eq!(status["on"], true, "{status}");
    anna.reachable(SOON)?;
    deliver(&anna, &ben, "after the crash")?;
    deliver(&ben, &anna, "and back")
}

/// P3, P1: and so is its withdrawal.
pub fn off_is_off_after_the_gate_was_killed(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let mut anna = phone(&bed, "anna", ANNA)?;
    anna.grant(&[])?;
    anna.reachable(SOON)?;
    anna.cmctl(&["consent", "withdraw"])?;
    anna.kill_gate();
    std::thread::sleep(Duration::from_millis(100));
    let before = anna.relay().counts();
    anna.start()?;
    anna.report()?;
    let status = anna.status()?;
    assert_eq!(status["on"], false, "{status}");
    refused(&anna, BEN, "OFF")?;
    std::thread::sleep(A_WHILE);
    no_uplink(&anna);
    assert_eq!(anna.relay().counts(), before);
    Ok(())
}

/// P2: no uplink without a gate that watches over it.
pub fn a_dead_gate_takes_its_uplink_along(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let mut anna = phone(&bed, "anna", ANNA)?;
    anna.grant(&[])?;
    anna.reachable(SOON)?;
    let uplink = anna.uplinks()[0];
    anna.kill_gate();
    let gone = until(Duration::from_secs(5), || Ok((!proc::runs(uplink)).then_some(())))?;
    assert!(gone.is_some(), "the uplink outlived its gate");
    crate::silent(&anna);
    Ok(())
}

/// Consent is still on, so it comes back; but a crash at each start is not a busy loop.
pub fn a_killed_uplink_is_started_again_but_not_in_a_loop(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    let first = anna.uplinks()[0];
    shoot(first);
    let second = until(SOON, || Ok(other_uplink(&anna, first)))?
        .ok_or_else(|| anna.waited("another uplink", SOON))?;
    assert_ne!(first, second);
    anna.reachable(SOON)?;
    deliver(&anna, &ben, "still here")?;
    // Now shoot each at sight.
    let (mut seen, begun) = (BTreeSet::new(), Instant::now());
    while begun.elapsed() < Duration::from_secs(5) {
        for uplink in anna.uplinks() {
            if seen.insert(uplink) {
                shoot(uplink);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!((2..=12).contains(&seen.len()), "{} starts in 5 s", seen.len());
    anna.reachable(3 * SOON)?;
    deliver(&anna, &ben, "and here again")
}

fn other_uplink(phone: &Phone, than: u32) -> Option<u32> {
    phone.uplinks().into_iter().find(|uplink| *uplink != than)
}

fn shoot(pid: u32) {
    // It may have ended by itself.
    let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
}
