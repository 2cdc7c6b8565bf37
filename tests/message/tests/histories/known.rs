// SPDX-License-Identifier: Apache-2.0
//! Histories that are known to be worth playing: each is one that random ones seldom hit on, or all deaths in one.

use sim::Fault;

use crate::play::play;
use crate::step::{in_words, Step};
use crate::tally::Tally;

const ALICE: usize = 0;
const BOB: usize = 1;

/// Alice writes to Bob, who reads it or has it by SMS within so many seconds.
const fn send(deadline_s: i64) -> Step {
    Step::Send { from: ALICE, deadline_s }
}

/// What goes wrong with what Alice sends first: a look-up goes before it.
const fn with_the_message(fault: Fault) -> Step {
    Step::Fault { after: 1, fault }
}

fn played(steps: &[Step]) -> Tally {
    play(steps).unwrap_or_else(|why| panic!("\n{}  and then: {why}", in_words(steps)))
}

#[test]
fn a_message_that_comes_twice_is_there_once() {
    for again in [Fault::Repeat, Fault::NoAck] {
        let tally = played(&[with_the_message(again), send(60), Step::Wait { ms: 30_000 }]);
        assert_eq!(tally.count("messages delivered"), 3, "{again:?}");
    }
}

#[test]
fn a_message_that_was_taken_back_stays_out_by_a_clock_that_is_behind_too() {
    let tally = played(&[
        Step::Clock { phone: BOB, wrong_by_ms: -100_000 },
        with_the_message(Fault::LateAndFresh(80_000)),
        send(60),
        // Late, and in time by Bob's clock.
        Step::Wait { ms: 100_000 },
    ]);
    assert_eq!(tally.count("messages as SMS, taken back in time"), 1, "\n{tally}");
}

#[test]
fn a_message_that_may_be_out_does_not_end_as_if_it_were_not_when_its_sender_turns_off() {
    let tally = played(&[
        with_the_message(Fault::Late(20_000)),
        send(60),
        Step::Wait { ms: 10_000 },
        Step::Withdraw { phone: ALICE },
        Step::Wait { ms: 60_000 },
    ]);
    assert_eq!(tally.count("messages that arrived and went as SMS too"), 1, "\n{tally}");
}

#[test]
fn a_refusal_of_the_second_attempt_says_nothing_of_the_first() {
    let tally = played(&[
        // Nobody publishes in between.
        Step::Network { phone: BOB, connected: false },
        with_the_message(Fault::NoAck),
        Step::Fault { after: 0, fault: Fault::Refuse(0x97) },
        send(60),
        Step::Wait { ms: 20_000 },
        Step::Network { phone: BOB, connected: true },
        Step::Wait { ms: 20_000 },
    ]);
    assert_eq!(tally.count("messages delivered"), 3, "\n{tally}");
}

#[test]
fn clocks_that_are_9_s_apart_are_as_good_as_equal() {
    for (phone, wrong_by_ms) in [(ALICE, 9000), (ALICE, -9000), (BOB, 9000), (BOB, -9000)] {
        // In time by one, late by the other, just in time by both, and too late.
        for late_ms in [5000, 11_500, 20_500, 29_500, 35_000, 39_500, 48_500] {
            played(&[
                Step::Clock { phone, wrong_by_ms },
                with_the_message(Fault::LateAndFresh(late_ms)),
                send(30),
                Step::Wait { ms: 60_000 },
            ]);
        }
    }
}

/// Plays it with a death of `phone` at each moment from the beginning, until it outlives all: at each step and reading
/// of the clock, and at each step with an uplink that sends what it has.
fn at_each_moment(phone: usize, quick: bool, then: &[Step]) {
    for moments in 1.. {
        let mut steps = vec![Step::Die { phone, moments, clocks: !quick, quick }];
        steps.extend(then);
        if played(&steps).count("deaths") == 0 {
            assert!(moments > 20, "hardly anything happens");
            return;
        }
    }
}

#[test]
fn a_sender_may_die_at_any_moment() {
    for quick in [false, true] {
        at_each_moment(ALICE, quick, &[send(40), Step::Wait { ms: 60_000 }]);
    }
}

#[test]
fn a_recipient_may_die_at_any_moment() {
    for quick in [false, true] {
        at_each_moment(BOB, quick, &[send(40), Step::Wait { ms: 60_000 }]);
    }
}
