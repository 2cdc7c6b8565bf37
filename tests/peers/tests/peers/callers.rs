// SPDX-License-Identifier: Apache-2.0
//! Callers that misbehave: the owner turns off all the same, the Messaging app gets through afterwards, and the
//! gate keeps nothing of them (P3).

use cloudmessaging_testbed::{proc, until, Phone, Result};
use peers::callers::{Crowd, Rude, ALL};
use peers::{bed, phone, LONG};
use std::process::{Command, Stdio};

const ANNA: &str = "+15550100";

/// More than the gate may have grown by when all of them are gone, in bytes.
const GROWN: u64 = 24 * 1024 * 1024;

/// More callers than one uid is granted connections.
const CALLERS: usize = 40;

/// Descriptors and threads of the gate, but for the one thread that counts refusals to the end of their minute.
fn held(phone: &Phone) -> (usize, usize) {
    let entries = |what: &str| {
        let entries = std::fs::read_dir(format!("/proc/{}/{what}", phone.gate()));
        entries.into_iter().flatten().flatten()
    };
    let threads: Vec<_> = entries("task")
        .map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default())
        .collect();
    let counting = threads.iter().filter(|name| name.trim() == "refusals").count().min(1);
    (entries("fd").count(), threads.len() - counting)
}

/// Off, and nobody is connected: what it holds then, once it has held it for a moment.
fn at_rest(phone: &Phone) -> Result<(usize, usize)> {
    let (mut last, mut same) = (held(phone), 0);
    let rest = until(LONG, || {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let now = held(phone);
        same = if now == last { same + 1 } else { 0 };
        last = now;
        Ok((same == 10).then_some(now))
    })?;
    rest.ok_or_else(|| phone.waited("the gate to be at rest", LONG))
}

/// The gate is back to that many descriptors and threads, or fewer.
fn holds_no_more(phone: &Phone, than: (usize, usize), after: Rude) -> Result<()> {
    let back = until(LONG, || {
        let now = held(phone);
        Ok((now.0 <= than.0 && now.1 <= than.1).then_some(()))
    })?;
    assert!(back.is_some(), "after {after:?} it holds {:?}, {than:?} before", held(phone));
    Ok(())
}

/// On a host the callers have one uid, Settings' own: so what is Settings' is kept by its socket.
#[test]
fn the_owner_turns_off_while_callers_misbehave_and_the_gate_keeps_nothing_of_them() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("the gate's descriptors are for root to count: only the calls are looked at");
    }
    let bed = bed()?;
    let anna = phone(&bed, "anna", ANNA)?;
    anna.grant(&[])?;
    anna.reachable(LONG)?;
    anna.cmctl(&["consent", "withdraw"])?;
    let (gate, before) = (anna.gate(), at_rest(&anna)?);
    let memory = proc::anonymous(gate).unwrap_or(0);
    for rude in ALL {
        anna.grant(&[])?;
        let crowd = Crowd::gather(rude, &anna.run().join("messaging.sock"), CALLERS);
        let busy = until(LONG, || Ok((crowd.rounds() >= CALLERS).then_some(())))?;
        busy.ok_or_else(|| anna.waited(&format!("{rude:?}"), LONG))?;
        let withdrawn = anna.cmctl(&["consent", "withdraw"])?;
        assert_eq!(withdrawn["durable"], true, "{rude:?}");
        assert_eq!(anna.uplinks(), [0; 0], "{rude:?}");
        drop(crowd);
        let through = until(LONG, || Ok((anna.ask(&["outcomes"])?.code == 0).then_some(())))?;
        through.ok_or_else(|| anna.waited(&format!("the Messaging app after {rude:?}"), LONG))?;
        holds_no_more(&anna, before, rude)?;
    }
    let ledger = anna.ledger()?;
    let told = ledger.iter().filter(|entry| entry["event"] == "refusals").count();
    // Twice in a minute, and it takes no more minutes than that.
    assert!(told <= 2 * ALL.len(), "a flood is in the ledger {told} times");
    let grown = proc::anonymous(gate).unwrap_or(0).saturating_sub(memory);
    assert!(grown < GROWN, "grown by {grown} bytes");
    assert_eq!(anna.gate(), gate);
    assert!(proc::exists(gate));
    Ok(())
}

/// Even on the owner's own socket, once they are gone; and the switch's socket survives the others'.
#[test]
fn a_socket_that_was_flooded_serves_again() -> Result<()> {
    let bed = bed()?;
    let anna = phone(&bed, "anna", ANNA)?;
    for socket in ["consent.sock", "platform.sock"] {
        for rude in [Rude::SaysNothing, Rude::HalfACall, Rude::Garbage] {
            let crowd = Crowd::gather(rude, &anna.run().join(socket), CALLERS);
            let busy = until(LONG, || Ok((crowd.rounds() >= CALLERS).then_some(())))?;
            busy.ok_or_else(|| anna.waited(&format!("{rude:?}"), LONG))?;
            drop(crowd);
            let through = until(LONG, || Ok(anna.report().is_ok().then_some(())))?;
            through.ok_or_else(|| anna.waited(&format!("{socket} after {rude:?}"), LONG))?;
            anna.cmctl(&["consent", "withdraw"])?;
        }
    }
    Ok(())
}

/// While another app misbehaves, not only afterwards.
#[test]
fn the_messaging_app_gets_through_while_another_uid_misbehaves() -> Result<()> {
    const OTHER: u32 = 10_123;
    if !nix::unistd::geteuid().is_root() {
        eprintln!("only root can take another uid");
        return Ok(());
    }
    let bed = bed()?;
    let mut anna = phone(&bed, "anna", ANNA)?;
    anna.admit_to_messaging(&[0, OTHER]);
    anna.restart()?;
    anna.report()?;
    for rude in ALL {
        let socket = anna.run().join("messaging.sock");
        let crowd = Crowd::gather_as(OTHER, rude, &socket, CALLERS);
        let busy = until(LONG, || Ok((crowd.rounds() >= CALLERS).then_some(())))?;
        busy.ok_or_else(|| anna.waited(&format!("{rude:?}"), LONG))?;
        for _ in 0..5 {
            let answer = anna.ask(&["outcomes"])?;
            assert_eq!(answer.code, 0, "{rude:?}: {}", answer.output);
        }
    }
    Ok(())
}

/// Real processes, killed at moments of nobody's choice.
#[test]
fn a_caller_that_is_killed_in_its_call_leaves_no_half_message() -> Result<()> {
    let bed = bed()?;
    let (anna, ben) =
        (peers::reachable(&bed, "anna", ANNA)?, peers::reachable(&bed, "ben", "+15550101")?);
    let mut ids = Vec::new();
    for number in 0..40u64 {
        let id = format!("{number:032x}");
        let mut caller = Command::new(&peers::built()?.cmctl)
            .arg("--run")
            .arg(anna.run())
            .args(["send", "--sim", "1", "--to", ben.number(), "--body", &id, "--id", &id])
            .args(["--sms-deadline", "600"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("cmctl starts");
        std::thread::sleep(std::time::Duration::from_micros(250 * number));
        let _ = caller.kill();
        let _ = caller.wait();
        ids.push(id);
    }
    // Each was taken or not; taken again, each is one message.
    for id in &ids {
        let sent = anna.send(ben.number(), id, &["--id", id, "--sms-deadline", "600"])?;
        // The deadline is another one by now, so one that was taken is told from this.
        let taken = sent.json["error"]["code"] == "ID_REUSED";
        assert!(sent.code == 0 || taken, "{}", sent.output);
    }
    for id in &ids {
        let ended = until(LONG, || Ok(peers::outcomes(&anna, &id.as_str().into())?.pop()))?;
        let ended = ended.ok_or_else(|| anna.waited("an outcome", LONG))?;
        assert_eq!(ended["delivered"], true, "{ended}");
        assert_eq!(peers::held(&ben, id)?, 1);
    }
    Ok(())
}
