// SPDX-License-Identifier: Apache-2.0
//! P1 and P2: off unless turned on, and off means no network.
use crate::{
    bed, deliver, entries, is_root, no_uplink, phone, refused, silent, two_phones, untouched,
    Broker, Claim, ANNA, A_WHILE, BEN, SOON,
};
use cloudmessaging_testbed::{proc, Error, Phone};
use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// P1, P2.
pub fn off_until_turned_on_there_is_no_uplink_no_connection_and_no_byte(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let anna = phone(&bed, "anna", ANNA)?;
    let status = anna.status()?;
    assert_eq!(status["on"], false);
    assert_eq!(status["offReason"], "NO_RECORD");
    // Looking is not touching.
    let sims = anna.sims_file()?.display().to_string();
    anna.cmctl(&["preview", "--sims", &sims])?;
    anna.cmctl(&["consent", "disclosure"])?;
    refused(&anna, BEN, "OFF")?;
    std::thread::sleep(A_WHILE);
    no_uplink(&anna);
    untouched(&anna);
    for event in ["connect", "intent"] {
        assert!(entries(&anna, event)?.is_empty(), "the ledger has an entry {event}");
    }
    Ok(())
}

/// P1: also with a consent, nothing passes before the platform's facts are known.
pub fn until_the_platform_has_reported_nothing_passes(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let mut anna = bed.phone("anna", ANNA)?;
    let hash = anna.cmctl(&["consent", "disclosure"])?["sha256"].as_str().unwrap_or("").to_owned();
    let sims = anna.sims_file()?.display().to_string();
    let early = anna.ask(&["consent", "grant", "--sims", &sims, "--yes", &hash])?;
    assert_eq!(early.json["error"]["code"], "NOT_READY", "{}", early.output);
    anna.report()?;
    anna.grant(&[])?;
    anna.reachable(SOON)?;
    anna.kill_gate();
    silent(&anna);
    let before = anna.relay().counts();
    anna.start()?;
    std::thread::sleep(A_WHILE);
    no_uplink(&anna);
    assert_eq!(anna.relay().counts(), before);
    anna.report()?;
    anna.reachable(SOON)
}

/// P1: whatever lies where the record should be.
pub fn no_record_that_is_not_valid_in_every_respect_turns_it_on(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let mut anna = phone(&bed, "anna", ANNA)?;
    anna.grant(&[])?;
    anna.reachable(SOON)?;
    anna.kill_gate();
    let file = anna.consent_file();
    let record = fs::read(&file).map_err(Error::file("read", &file))?;
    assert!(record.len() > 40, "there is no record of {} bytes", record.len());
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = record.clone();
        change(&mut bytes);
        bytes
    };
    let last = record.len() - 1;
    let forgeries = [
        ("empty", Vec::new()),
        ("one bit of the record", changed(&|bytes| bytes[last / 2] ^= 1)),
        ("one bit of the code", changed(&|bytes| bytes[last] ^= 0x80)),
        ("cut short", changed(&|bytes| bytes.truncate(last))),
        ("trailing byte", changed(&|bytes| bytes.push(0))),
        ("made up", vec![0x0a; record.len()]),
        ("too large", vec![0; 1 << 20]),
    ];
    for (what, bytes) in &forgeries {
        fs::write(&file, bytes).map_err(Error::file("write", &file))?;
        stays_off(&mut anna, what)?;
    }
    // The true record, with its own mode and owner, but not as a regular file.
    let aside = file.with_extension("aside");
    let moved = |from: &Path, to: &Path| fs::rename(from, to).map_err(Error::file("move", from));
    fs::write(&file, &record).map_err(Error::file("write", &file))?;
    moved(&file, &aside)?;
    symlink(&aside, &file).map_err(Error::file("link", &file))?;
    stays_off(&mut anna, "a symbolic link to the true record")?;
    fs::remove_file(&file).map_err(Error::file("remove", &file))?;
    fs::create_dir(&file).map_err(Error::file("make", &file))?;
    stays_off(&mut anna, "a directory")?;
    fs::remove_dir(&file).map_err(Error::file("remove", &file))?;
    stays_off(&mut anna, "absent")?;
    moved(&aside, &file)?;
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode));
    mode(0o644).map_err(Error::file("open", &file))?;
    stays_off(&mut anna, "readable by others")?;
    // And the counter-proof: as it was, it is on.
    mode(0o600).map_err(Error::file("close", &file))?;
    anna.start()?;
    anna.report()?;
    assert_eq!(anna.status()?["on"], true);
    anna.reachable(SOON)
}

// Starts the gate, finds it off and silent, and kills it.
fn stays_off(phone: &mut Phone, what: &str) -> Claim {
    let before = phone.relay().counts();
    phone.start()?;
    phone.report()?;
    let status = phone.status()?;
    assert_eq!(status["on"], false, "on with a record that is {what}");
    refused(phone, BEN, "OFF")?;
    std::thread::sleep(std::time::Duration::from_millis(300));
    no_uplink(phone);
    assert_eq!(phone.relay().counts(), before, "bytes with a record that is {what}");
    phone.kill_gate();
    Ok(())
}

/// P1, P7: a copied record, or a copied directory without the record key, is somebody else's.
pub fn another_phones_record_does_not_turn_it_on(broker: Broker) -> Claim {
    let bed = bed(broker)?;
    let mut anna = phone(&bed, "anna", ANNA)?;
    let mut ben = phone(&bed, "ben", BEN)?;
    anna.grant(&[])?;
    ben.grant(&[])?;
    ben.cmctl(&["consent", "withdraw"])?;
    anna.kill_gate();
    ben.kill_gate();
    let (from, to) = (anna.consent_file(), ben.consent_file());
    fs::copy(&from, &to).map_err(Error::file("copy", &from))?;
    stays_off(&mut ben, "another phone's")
}

/// P2: whatever happens, on or off, every socket of the gate is a Unix socket.
pub fn the_gate_never_holds_a_network_socket(broker: Broker) -> Claim {
    if !is_root() {
        eprintln!("skipped: the gate is not dumpable, so only root can look at its sockets");
        return Ok(());
    }
    let bed = bed(broker)?;
    let (anna, ben) = two_phones(&bed)?;
    let gates = [anna.gate(), ben.gate()];
    let (done, looked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for gate in gates {
                    if let Ok(sockets) = proc::sockets(gate) {
                        looked.fetch_add(sockets.len(), Ordering::Relaxed);
                        // A socket that was closed while we looked is in no table; a second look tells.
                        if sockets.iter().any(|socket| *socket != proc::Socket::Unix) {
                            let again = proc::sockets(gate).unwrap_or_default();
                            let network = |s: &proc::Socket| matches!(s, proc::Socket::Network(_));
                            let both = !sockets.iter().any(network) && !again.iter().any(network);
                            assert!(both, "the gate holds {sockets:?}, then {again:?}");
                        }
                    }
                }
            }
        });
        let lived = (|| {
            deliver(&anna, &ben, "one way")?;
            deliver(&ben, &anna, "and the other")?;
            anna.cmctl(&["consent", "withdraw", "--erase"])?;
            refused(&anna, BEN, "OFF")?;
            anna.grant(&[])?;
            anna.reachable(SOON)
        })();
        done.store(true, Ordering::Relaxed);
        lived
    })?;
    assert!(looked.load(Ordering::Relaxed) > 100, "there was hardly anything to look at");
    for gate in gates {
        let left = proc::network_sockets(gate).map_err(Error::io("look"))?;
        assert!(left.is_empty(), "the gate holds {left:?}");
    }
    // The counter-proof: the same look at an uplink finds its TCP socket.
    let uplink = anna.uplinks()[0];
    let sockets = proc::network_sockets(uplink).map_err(Error::io("look"))?;
    assert!(sockets.contains(&proc::Socket::Network("tcp")), "the uplink holds {sockets:?}");
    Ok(())
}
