// SPDX-License-Identifier: Apache-2.0
//! P6 across crashes: whichever process ends at whichever named step, each message has one outcome, which never
//! changes; it is in the recipient's inbox at most once, and there if it was *delivered*; none is lost.
//!
//! The steps are those of the source (`cloudmessaging_wire::step`). A rehearsal without a crash finds out which
//! story reaches which step on which side; a step that no story reaches fails the test, as does one at which no
//! crash happened. Everyday each step is tried once on each side, and the commit of a change to the messages for
//! each change of a story; with CM_FULL=1 each step in each story, the first and the second time that it is
//! reached, and with Mosquitto too, which is killed itself when the others reach their steps.
//! CM_STEP=TEXT tries only steps with that text in their name.
mod account;
mod stage;
mod story;
mod watch;

use cloudmessaging_testbed::{programs, steps_in_source, Broker, Profile, Programs};
use stage::{Side, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use story::{tell, Story};
use watch::{Crash, Reached, Victim};

/// Beds at a time: everyday, when every story that can be short is; and when most are waiting for a deadline.
const BEDS: usize = 8;
const BEDS_FULL: usize = 16;
/// One broker after the other.
static ALONE: Mutex<()> = Mutex::new(());
/// How often a crash that did not come about is tried again. What is reached varies a little from run to run.
const TRIES: usize = 3;
/// Marks as many places as there are changes to the messages.
const COMMIT: &str = "gate.messages.uncommitted";

#[test]
fn a_crash_at_any_named_step_leaves_one_outcome_for_each_message() {
    assert_eq!(try_all(Broker::Embedded), Vec::<String>::new());
}

#[test]
fn with_a_broker_that_keeps_its_sessions_too() {
    if !is_full() {
        println!("skipped: only with CM_FULL=1");
        return;
    }
    assert!(Broker::Mosquitto.is_installed(), "apt-get install mosquitto");
    assert_eq!(try_all(Broker::Mosquitto), Vec::<String>::new());
}

fn is_full() -> bool {
    std::env::var_os("CM_FULL").is_some()
}

#[derive(Clone)]
struct Case {
    story: Story,
    crash: Option<Crash>,
}

/// What did not hold.
fn try_all(broker: Broker) -> Vec<String> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = Instant::now();
    let programs = programs(Profile::Debug).unwrap();
    let (reached, mut wrong) = rehearse(&programs, broker);
    if !wrong.is_empty() {
        return wrong;
    }
    let cases = cases(&reached, broker);
    let meant: BTreeSet<_> = cases.iter().filter_map(place).collect();
    let done = run(&programs, broker, cases);
    let mut crashes = done.hits.len();
    wrong.extend(done.wrong);
    let mut hits: BTreeSet<_> = done.hits.into_iter().collect();
    for (side, step) in meant.difference(&hits.clone()) {
        // The others that reach it, one after the other.
        for (story, ..) in reached.keys().filter(|key| (&key.1, &key.2) == (side, step)) {
            let crash = Crash { side: *side, step: step.clone(), nth: 1, victim: Victim::Itself };
            let again = run(&programs, broker, vec![Case { story: *story, crash: Some(crash) }]);
            crashes += again.hits.len();
            wrong.extend(again.wrong);
            if !again.hits.is_empty() {
                hits.extend(again.hits);
                break;
            }
        }
        if !hits.contains(&(*side, step.clone())) {
            wrong.push(format!("{step} on the side of {side:?}: no crash happened there"));
        }
    }
    let steps: BTreeSet<_> = hits.iter().map(|(_, step)| step).collect();
    let seconds = begun.elapsed().as_secs();
    println!("{broker:?}: {} steps, {crashes} crashes, {seconds} s", steps.len());
    wrong
}

/// Who reaches what in which story, without a crash; and what is wrong with that.
fn rehearse(programs: &Programs, broker: Broker) -> (Table, Vec<String>) {
    let mut reached = Table::new();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    for _ in 0..TRIES {
        let stories = Story::ALL.map(|story| Case { story, crash: None }).to_vec();
        let rehearsed = run(programs, broker, stories);
        if !rehearsed.wrong.is_empty() {
            return (reached, rehearsed.wrong);
        }
        reached.extend(rehearsed.reached);
        let known: BTreeSet<&String> = reached.keys().map(|(_, _, step)| step).collect();
        let of_mosquitto = |step: &str| broker == Broker::Mosquitto && step.starts_with("broker.");
        missing = steps_in_source().unwrap();
        missing.retain(|step| !known.contains(step) && !of_mosquitto(step));
        if missing.is_empty() {
            break;
        }
    }
    (reached, missing.iter().map(|step| format!("{step}: no story reaches it")).collect())
}

/// How often a step was reached, by story and side.
type Table = BTreeMap<(Story, Side, String), u32>;

/// The crashes that are to be tried, the longest story last.
fn cases(reached: &Table, broker: Broker) -> Vec<Case> {
    let full = is_full();
    let only = std::env::var("CM_STEP").unwrap_or_default();
    let (mut cases, mut tried) = (Vec::new(), BTreeSet::new());
    for ((story, side, step), times) in
        reached.iter().filter(|((.., step), _)| step.contains(&only))
    {
        let first = tried.insert((side, step));
        let most = match (full, step == COMMIT) {
            (false, _) if !first => continue,
            (_, true) => 12,
            (false, false) => 1,
            (true, false) => 2,
        };
        let crash = |nth, victim| {
            let crash = Some(Crash { side: *side, step: step.clone(), nth, victim });
            Case { story: *story, crash }
        };
        cases.extend((1..=most.min(*times)).map(|nth| crash(nth, Victim::Itself)));
        let sent = step.starts_with("uplink.") || step.starts_with("registrar.");
        if broker == Broker::Mosquitto && first && sent {
            cases.push(crash(1, Victim::Broker));
        }
    }
    cases.sort_by_key(|case| case.story);
    cases
}

/// Where its crash is to be.
fn place(case: &Case) -> Option<(Side, String)> {
    case.crash.as_ref().map(|crash| (crash.side, crash.step.clone()))
}

/// What came of some cases: what was reached, where there was a crash, what did not hold.
#[derive(Default)]
struct Run {
    reached: Table,
    hits: Vec<(Side, String)>,
    wrong: Vec<String>,
}

/// Tells all the stories on some beds, the last first, so that nobody waits for the longest.
fn run(programs: &Programs, broker: Broker, cases: Vec<Case>) -> Run {
    let beds = if is_full() { BEDS_FULL } else { BEDS }.min(cases.len());
    let (cases, found) = (Mutex::new(cases), Mutex::new(Run::default()));
    let work = || {
        let mut stage = None;
        loop {
            let case = cases.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(case) = case else { return };
            let begun = Instant::now();
            let told = on_a_stage(&mut stage, programs, broker, &case);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            let seconds = begun.elapsed().as_secs_f32();
            let name = line(&case);
            match told {
                Ok(Some((outcome, reached))) => {
                    println!("{name} {outcome:<26} {seconds:5.1} s");
                    let here = |(side, step, times)| ((case.story, side, step), times);
                    found.reached.extend(reached.into_iter().map(here));
                    found.hits.extend(place(&case));
                }
                Ok(None) => println!("{name} {:<26} {seconds:5.1} s", "not reached"),
                Err(why) => {
                    println!("{name} FAILED {seconds:5.1} s\n{why}");
                    let why = why.lines().next().unwrap_or_default();
                    found.wrong.push(format!("{name} {why}"));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..beds {
            scope.spawn(work);
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn line(case: &Case) -> String {
    let story = format!("{:?}", case.story);
    match &case.crash {
        None => format!("{story:<9} {:<54}", "no crash"),
        Some(Crash { side, step, nth, victim }) => {
            let side = format!("{side:?}");
            let victim = if *victim == Victim::Broker { " kills the broker" } else { "" };
            format!("{story:<9} {side:<10} {:<39} #{nth:<2}", format!("{step}{victim}"))
        }
    }
}

/// On the stage that is there, or a new one. Nothing: no crash happened.
fn on_a_stage(
    stage: &mut Option<Stage>,
    programs: &Programs,
    broker: Broker,
    case: &Case,
) -> Result<Option<(String, Reached)>, String> {
    for _ in 0..TRIES {
        let here = match stage {
            Some(here) => here,
            None => stage.insert(Stage::set(programs, broker)?),
        };
        let told = tell(here, case.story, case.crash.as_ref());
        let told = told.map_err(|why| format!("{why}\n{}", here.logs()));
        here.dismiss_newcomer();
        let broker_ended =
            |crash: &Crash| crash.side == Side::Broker || crash.victim == Victim::Broker;
        if told.is_err() || case.crash.as_ref().is_some_and(broker_ended) {
            // It may have forgotten who is registered.
            *stage = None;
        }
        let told = told?;
        if told.crashed {
            return Ok(Some((told.outcome, told.reached)));
        }
    }
    Ok(None)
}
