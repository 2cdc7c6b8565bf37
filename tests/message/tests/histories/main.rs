// SPDX-License-Identifier: Apache-2.0
//! P6 under random histories: two phones, a broker that loses, repeats, delays and forgets, clocks that are wrong by up
//! to an hour, and death of everything at any moment. 256 histories; 10,000 with CM_FULL=1; as many as CM_HISTORIES
//! says.
//!
//! A history that fails is made as short as it can be, and printed in words, with what plays it again: CM_SEED and
//! CM_HISTORY. What of a gate is random stays so (keys, and how long it waits before it tries again or answers), so a
//! history that fails seldom has to be played more than once: CM_HISTORIES says how often.

mod known;
mod model;
mod play;
mod step;
mod tally;

use std::io::{self, Write as _};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Mutex;
use std::time::Instant;

use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::play::play;
use crate::step::{history, in_words, Step};
use crate::tally::Tally;

/// The most that is tried to make a history shorter.
const SHRINKING: u32 = 300;

/// What so many histories must hold, or they prove nothing.
const INTERESTING: [(u32, &str); 11] = [
    (200, "messages delivered"),
    (200, "messages as SMS, as they had never left"),
    (200, "messages as SMS, as there was no answer"),
    (200, "messages that arrived and went as SMS too"),
    (200, "messages under way while the clocks were"),
    (200, "deaths: gate.message.accepted"),
    (200, "deaths: gate.frame.handed_over"),
    (1000, "messages as SMS, taken back in time"),
    (1000, "messages overtaken"),
    (1000, "deaths: gate.message.stored"),
    (1000, "deaths: the app is told of an outcome"),
];

/// Plays a history. What has happened in it; or what is wrong.
fn try_to_play(steps: &[Step]) -> Result<Tally, String> {
    catch_unwind(AssertUnwindSafe(|| play(steps))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        Err(format!("a panic: {}", text.unwrap_or_default()))
    })
}

/// The shortest history found that is objected to, in words.
fn shrunk(mut tree: impl ValueTree<Value = Vec<Step>>, first: String) -> String {
    let (mut shortest, mut why) = (tree.current(), first);
    let mut more = true;
    for _ in 0..SHRINKING {
        if !more {
            break;
        }
        let steps = tree.current();
        // What is random in a gate can let one pass.
        more = match (0..3).find_map(|_| try_to_play(&steps).err()) {
            Some(objection) => {
                (shortest, why) = (steps, objection);
                tree.simplify()
            }
            None => tree.complicate(),
        };
    }
    format!("{}  and then: {why}", in_words(&shortest))
}

#[test]
fn each_message_has_one_outcome_whatever_happens() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let everyday = if number("CM_FULL") == Some(1) { 10_000 } else { 256 };
    let only = number("CM_HISTORY").map(|n| n as u32);
    let histories = number("CM_HISTORIES").unwrap_or(everyday) as u32;
    let seed = number("CM_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64)
    });
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    say(&format!("CM_SEED={seed}: {histories} histories on {threads} threads"));
    let (begun, played) = (Instant::now(), AtomicU32::new(0));
    let failed = AtomicU32::new(u32::MAX);
    let tally = Mutex::new(Tally::default());
    let failures: Vec<String> = std::thread::scope(|scope| {
        let play_some = || {
            let history = history();
            loop {
                let nth = played.fetch_add(1, Ordering::Relaxed);
                let n = only.unwrap_or(nth);
                if nth >= histories || failed.load(Ordering::Relaxed) != u32::MAX {
                    return None;
                }
                // Of its own seed, so that it is the same on any number of threads.
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&seed.to_be_bytes());
                bytes[8..12].copy_from_slice(&n.to_be_bytes());
                let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
                let mut runner = TestRunner::new_with_rng(Config::default(), rng);
                let tree = history.new_tree(&mut runner).expect("a history");
                match try_to_play(&tree.current()) {
                    Ok(happened) => tally.lock().expect("a tally").merge(&happened),
                    Err(why) => {
                        failed.store(n, Ordering::Relaxed);
                        return Some(format!("CM_HISTORY={n}:\n{}", shrunk(tree, why)));
                    }
                }
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(play_some)).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("a thread")).collect()
    });
    let tally = tally.into_inner().expect("a tally");
    say(&format!("{histories} histories in {:.1} s:\n{tally}", begun.elapsed().as_secs_f64()));
    assert!(failures.is_empty(), "CM_SEED={seed} {}", failures.join("\n"));
    for (_, what) in INTERESTING.iter().filter(|(least, _)| histories >= *least) {
        assert!(tally.count(what) > 0, "in {histories} histories there were no {what}");
    }
}

/// Also where the output of tests is kept back.
fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
