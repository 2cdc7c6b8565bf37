// SPDX-License-Identifier: Apache-2.0
//! What is claimed, in the order in which it is tried: each claim finds the phone as the one before left it.

use crate::person::{until, wait, Failed, Person, Running};
use crate::phone::{
    anna, ben, domain, gate, processes, report, signal, status_line, uplinks, GATE, SOON, UPLINK,
};
use crate::{denials, expected};
use nix::sys::signal::Signal;
use std::fs;
use std::time::Duration;

/// How a claim ends.
pub type Claim = Result<(), Failed>;

/// Uid of the gate and its uplinks.
const OURS: u32 = 7500;

const CONSENT: &str = "android.system.cloudmessaging.ICloudMessagingConsent";
const PLATFORM: &str = "android.system.cloudmessaging.ICloudMessagingPlatform";
const MESSAGING: &str = "android.system.cloudmessaging.ICloudMessaging";

/// The probe, under labels that lead into domains: of the system's programs, the gate's, the uplink's.
const PROBE: &str = "/system/bin/vm_probe";
const PROBE_OF_GATE: &str = "/probe/gate";
const PROBE_OF_UPLINK: &str = "/probe/uplink";

/// How long init waits before it starts a service again that ended, and the service manager before it tells one that
/// nobody holds it; and as long again, for a slow machine.
const A_WHILE: Duration = Duration::from_secs(12);

/// A claim: its name, and what tries it.
pub type Named = (&'static str, fn() -> Claim);

macro_rules! named {
    ($($claim:ident,)*) => { &[$((stringify!($claim), $claim),)*] };
}

/// Every claim.
pub const ALL: &[Named] = named! {
    after_boot_while_off_no_process_of_ours_runs,
    a_lazy_gate_starts_when_it_is_asked_for,
    names_are_found_by_whom_the_policy_lets,
    names_are_added_by_the_gate_alone,
    messages_are_delivered_both_ways_over_the_kernel_driver,
    gate_and_uplinks_run_in_their_domains,
    the_gate_s_domain_makes_no_network_socket,
    the_uplink_s_domain_reads_nothing_of_the_gate_s,
    a_domain_without_business_is_denied_by_the_kernel,
    who_is_handed_the_consent_binder_is_denied_by_the_gate,
    nobody_else_sets_whether_the_gate_comes_back,
    a_killed_gate_takes_its_uplinks_along,
    a_crash_while_on_is_on_again,
    a_boot_while_on_is_on_again_when_our_app_asks,
    the_gate_ends_when_it_is_off_and_nobody_asks,
    no_denial_is_unexpected,
};

fn holds(claim: bool, otherwise: impl FnOnce() -> Failed) -> Claim {
    match claim {
        true => Ok(()),
        false => Err(otherwise()),
    }
}

/// What a probe tried, as it should have ended.
fn each(
    person: &Person,
    tried: &[(String, String)],
    expected: impl Fn(&str) -> &'static str,
) -> Claim {
    let wrong: Vec<_> = tried.iter().filter(|one| one.1 != expected(&one.0)).collect();
    holds(!tried.is_empty() && wrong.is_empty(), || {
        format!("as {}: {wrong:?} of {tried:?}", person.name)
    })
}

fn shell() -> Person {
    Person::inside("shell", 2000, "shell:s0")
}

fn root() -> Person {
    Person::inside("root", 0, "su:s0")
}

fn another_daemon() -> Person {
    Person::inside("another daemon", 1000, "another_daemon:s0")
}

fn untrusted_app() -> Person {
    Person::app("untrusted app", 0, 150, "untrusted_app")
}

/// Waits until system server is there, as on a phone before any app runs.
fn booted() -> Claim {
    wait("system server", SOON, || {
        // The service manager may not be there yet either.
        let found = anna().settings.probe(PROBE, &["present", "permission"]).unwrap_or_default();
        Ok(found.iter().any(|one| one.1 == "ok").then_some(()))
    })
}

/// The owner's page, open: while it holds the gate, it knows what was reported to it.
fn page() -> Result<Running, Failed> {
    let page = anna().settings.start("page", PROBE, &["hold", PLATFORM])?;
    page.wait_for("ready")?;
    Ok(page)
}

fn after_boot_while_off_no_process_of_ours_runs() -> Claim {
    booted()?;
    std::thread::sleep(Duration::from_secs(1));
    let ours = [processes(GATE), processes(UPLINK)].concat();
    holds(ours.is_empty(), || format!("there are {ours:?}"))
}

fn a_lazy_gate_starts_when_it_is_asked_for() -> Claim {
    let _page = page()?;
    report()?;
    gate()?;
    for owner in [anna(), ben()] {
        let status = owner.status()?;
        holds(status["on"] == false, || format!("it is on: {status}"))?;
        let refusal = owner.refused(&anna())?;
        holds(refusal == "OFF", || format!("send says {refusal}"))?;
    }
    holds(processes(UPLINK).is_empty(), || "there is an uplink".into())
}

fn names_are_found_by_whom_the_policy_lets() -> Claim {
    let find = ["find", CONSENT, PLATFORM, MESSAGING];
    for (person, found) in [
        (anna().settings, &[CONSENT, PLATFORM, MESSAGING][..]),
        (anna().messaging, &[MESSAGING]),
        (ben().messaging, &[MESSAGING]),
        // These find nearly every service there is, and call few.
        (shell(), &[CONSENT, PLATFORM, MESSAGING]),
        (untrusted_app(), &[]),
        (another_daemon(), &[]),
    ] {
        let expected = |name: &str| if found.contains(&name) { "ok" } else { "Security" };
        each(&person, &person.probe(PROBE, &find)?, expected)?;
    }
    let listing = |person: Person, how| each(&person, &person.probe(PROBE, &["list"])?, |_| how);
    listing(shell(), "ok")?;
    listing(another_daemon(), "Security")
}

fn names_are_added_by_the_gate_alone() -> Claim {
    let add = ["add", CONSENT, PLATFORM, MESSAGING, "a.name.of.nobody"];
    let system_server = Person::inside("system server", 1000, "system_server:s0");
    for person in [anna().settings, anna().messaging, shell(), another_daemon(), system_server] {
        each(&person, &person.probe(PROBE, &add)?, |_| "Security")?;
    }
    Ok(())
}

fn messages_are_delivered_both_ways_over_the_kernel_driver() -> Claim {
    let _page = page()?;
    report()?;
    let (anna, ben) = (anna(), ben());
    anna.grant()?;
    ben.grant()?;
    report()?;
    anna.reachable()?;
    ben.reachable()?;
    anna.deliver(&ben, "one way")?;
    ben.deliver(&anna, "and the other")
}

fn gate_and_uplinks_run_in_their_domains() -> Claim {
    let mut expected = vec![(gate()?, "u:r:cloudmessagingd:s0")];
    expected.extend(uplinks(2)?.into_iter().map(|pid| (pid, "u:r:cloudmessaging_uplink:s0")));
    for (pid, label) in expected {
        let is = domain(pid)?;
        holds(is == label, || format!("{pid} runs as {is}"))?;
        let uids = status_line(pid, "Uid");
        let ours = OURS.to_string();
        holds(uids.split('\t').all(|uid| uid == ours), || format!("{pid} has the uids {uids}"))?;
        for set in ["CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            let capabilities = status_line(pid, set);
            let none = capabilities.bytes().all(|digit| digit == b'0');
            holds(none && !capabilities.is_empty(), || format!("{pid}: {set} {capabilities}"))?;
        }
    }
    Ok(())
}

fn the_gate_s_domain_makes_no_network_socket() -> Claim {
    let gate = Person::at_exec("gate", OURS, "cloudmessagingd");
    each(&gate, &gate.probe(PROBE_OF_GATE, &["sockets"])?, |_| "EACCES")?;
    // The counter-proof: without a policy in the way the same calls succeed.
    let anybody = Person::inside("anybody", 0, "vm_driver:s0");
    let vsock = |name: &str| if name == "AF_VSOCK" { "EAFNOSUPPORT" } else { "ok" };
    each(&anybody, &anybody.probe(PROBE, &["sockets"])?, vsock)
}

/// Everything that the gate keeps.
fn kept() -> Result<Vec<String>, Failed> {
    fn below(folder: &str, files: &mut Vec<String>) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.display().to_string();
            match path.is_dir() {
                true => below(&name, files)?,
                false => files.push(name),
            }
        }
        Ok(())
    }
    let mut files = Vec::new();
    below("/data/misc/cloudmessaging", &mut files).map_err(|error| error.to_string())?;
    Ok(files)
}

fn the_uplink_s_domain_reads_nothing_of_the_gate_s() -> Claim {
    let kept = kept()?;
    for part in ["/consent", "key", "ledger", "messages.db"] {
        let there = kept.iter().any(|file| file.contains(part));
        holds(there, || format!("there is no {part} among {kept:?}"))?;
    }
    let files: Vec<&str> = kept.iter().map(String::as_str).collect();
    let open = [&["open"], &files[..]].concat();
    let uplink = Person::at_exec("uplink", OURS, "cloudmessaging_uplink");
    each(&uplink, &uplink.probe(PROBE_OF_UPLINK, &open)?, |_| "EACCES")?;
    // It makes no socket but TCP's, and one of UDP, to ask netd for its network, that sends nothing.
    let ip = ["AF_INET", "AF_INET6", "AF_INET/udp", "AF_INET6/udp"];
    let made = |name: &str| if ip.contains(&name) { "ok" } else { "EACCES" };
    each(&uplink, &uplink.probe(PROBE_OF_UPLINK, &["sockets"])?, made)?;
    // The driver opens for every domain on a phone; whoever is at its other end does not.
    let asked = uplink.run(PROBE_OF_UPLINK, &["find", CONSENT], "")?;
    holds(!asked.out.ends_with(" ok\n"), || format!("it finds a service: {}", asked.all()))?;
    // The counter-proof: the same uid in the gate's domain opens them.
    let gate = Person::at_exec("gate", OURS, "cloudmessagingd");
    each(&gate, &gate.probe(PROBE_OF_GATE, &open)?, |_| "ok")
}

/// Somebody careless who hands everybody the gate's binders.
fn careless() -> Result<Running, Failed> {
    let driver = Person::inside("somebody careless", 0, "vm_driver:s0");
    let running = driver.start("careless", PROBE, &["give"])?;
    running.wait_for("ready")?;
    Ok(running)
}

fn a_domain_without_business_is_denied_by_the_kernel() -> Claim {
    let _careless = careless()?;
    for person in [another_daemon(), untrusted_app()] {
        let tried = person.probe(PROBE, &["call"])?;
        each(&person, &tried, |_| "FailedTransaction")?;
    }
    Ok(())
}

fn who_is_handed_the_consent_binder_is_denied_by_the_gate() -> Claim {
    let _careless = careless()?;
    let denied = |_: &str| "Security";
    for person in [
        shell(),
        root(),
        // It may talk to the gate, and is not the default SMS app.
        Person::app("another messaging app", 0, 201, "priv_app"),
        // It has the domain of our settings app, and not the permission.
        Person::app("a settings app of no permission", 0, 101, "cloudmessaging_settings_app"),
    ] {
        each(&person, &person.probe(PROBE, &["call"])?, denied)?;
    }
    // The default SMS app, whose binder is the third, and only that.
    let messaging = anna().messaging;
    let own = |name: &str| if name == "inbound" { "ok" } else { "Security" };
    each(&messaging, &messaging.probe(PROBE, &["call"])?, own)?;
    let status = anna().status()?;
    holds(status["on"] == true, || format!("somebody turned it off: {status}"))
}

fn nobody_else_sets_whether_the_gate_comes_back() -> Claim {
    let set = ["set", "ctl.oneshot_on=cloudmessagingd", "ctl.oneshot_off=cloudmessagingd"];
    for (person, how) in [
        // It may ask init for something else, so init answers it.
        (Person::inside("service manager", 1000, "servicemanager:s0"), "denied"),
        (shell(), "EACCES"),
        (anna().settings, "EACCES"),
    ] {
        each(&person, &person.probe(PROBE, &set)?, |_| how)?;
    }
    Ok(())
}

fn a_killed_gate_takes_its_uplinks_along() -> Claim {
    let gate = gate()?;
    let ours = uplinks(2)?;
    // A stopped process sees no end of a socketpair: only the kernel can end it.
    for uplink in &ours {
        signal(*uplink, Signal::SIGSTOP)?;
    }
    signal(gate, Signal::SIGKILL)?;
    let left = || processes(UPLINK).into_iter().filter(|pid| ours.contains(pid)).count();
    let gone = until(Duration::from_secs(5), || left() == 0);
    if !gone {
        for uplink in &ours {
            let _ = signal(*uplink, Signal::SIGKILL);
        }
    }
    holds(gone, || "uplinks outlive their gate".to_owned())
}

// init starts it, and nobody has to ask.
fn a_crash_while_on_is_on_again() -> Claim {
    wait("another gate", SOON, || Ok(gate().ok()))?;
    report()?;
    uplinks(2)?;
    anna().reachable()?;
    ben().reachable()?;
    anna().deliver(&ben(), "after a crash")
}

// init does not start it; our app does.
fn a_boot_while_on_is_on_again_when_our_app_asks() -> Claim {
    let before = gate()?;
    let init = Person::inside("somebody who reboots", 0, "vm_driver:s0");
    each(&init, &init.probe(PROBE, &["set", "sys.powerctl=reboot,userspace"])?, |_| "ok")?;
    wait("the end of all", SOON, || Ok(processes(UPLINK).is_empty().then_some(())))?;
    booted()?;
    std::thread::sleep(Duration::from_secs(2));
    holds(processes(GATE).is_empty(), || format!("init started it, after {before}"))?;
    report()?;
    uplinks(2)?;
    for owner in [anna(), ben()] {
        let status = owner.status()?;
        holds(status["on"] == true, || format!("it is off: {status}"))?;
        owner.reachable()?;
    }
    ben().deliver(&anna(), "after a boot")
}

fn the_gate_ends_when_it_is_off_and_nobody_asks() -> Claim {
    let page = page()?;
    for owner in [anna(), ben()] {
        owner.withdraw()?;
        let refusal = owner.refused(&ben())?;
        holds(refusal == "OFF", || format!("send says {refusal}"))?;
    }
    holds(processes(UPLINK).is_empty(), || "there is an uplink".into())?;
    drop(page);
    let gone = until(A_WHILE * 3, || processes(GATE).is_empty());
    holds(gone, || "the gate stays".into())?;
    // Nor does init start it.
    std::thread::sleep(A_WHILE / 2);
    holds(processes(GATE).is_empty(), || "it came back".into())?;
    let log = fs::read_to_string("/log/init").unwrap_or_default();
    let last = log.lines().rfind(|line| line.contains("cloudmessagingd ended"));
    holds(last.is_some_and(|line| line.contains("Exited") && line.ends_with(", 0)")), || {
        format!("it did not end of itself: {last:?}")
    })?;
    let status = anna().status()?;
    holds(status["on"] == false, || format!("it is on: {status}"))
}

fn no_denial_is_unexpected() -> Claim {
    let (found, expected) = (denials::all()?, expected::denials());
    let more = found.iter().filter(|one| !expected.contains(one.0)).map(|(_, line)| line);
    let more: Vec<&str> = more.map(String::as_str).collect();
    let less: Vec<_> = expected.iter().filter(|one| !found.contains_key(one)).collect();
    holds(more.is_empty() && less.is_empty(), || {
        format!("not expected:\n{}\nand not denied: {less:#?}", more.join("\n"))
    })
}
