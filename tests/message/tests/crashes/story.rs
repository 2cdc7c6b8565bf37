// SPDX-License-Identifier: Apache-2.0
//! What happens around one message, with one crash in it; and whether P6 held.
use crate::stage::{now_ms, said, Result, Side, Stage, Written, SOON};
use crate::watch::{Crash, Reached, Watch};
use std::time::Duration;

/// How long before the app's deadline a recipient stops taking the message, ms (protocol.md).
const MARGIN_MS: i64 = 10_000;
/// Where the message is to arrive.
const AMPLE: Duration = Duration::from_secs(45);
/// Where it is to be out, and its time to pass; the service takes none with less than 20 s.
const BRIEF: Duration = Duration::from_secs(22);

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Story {
    /// Both are reachable: look-up, message, receipt.
    Send,
    /// The message waits at the broker while both gates start.
    Restart,
    /// Somebody who has just turned it on sends.
    Register,
    /// The sender turns it off with the message on its way.
    TurnOff,
    /// Another phone proves the sender's number with the message on its way.
    Move,
    /// The recipient is off until the message is over, and comes back to find it taken back.
    Retract,
    /// The recipient comes back only after the SMS deadline.
    Expire,
}

impl Story {
    /// Each; the longest last.
    pub const ALL: [Self; 7] = [
        Self::Send,
        Self::Restart,
        Self::Register,
        Self::TurnOff,
        Self::Move,
        Self::Retract,
        Self::Expire,
    ];
}

/// How a story ended.
pub struct Told {
    /// In a word.
    pub outcome: String,
    /// Whether the crash happened.
    pub crashed: bool,
    /// What was reached from where a crash could have been.
    pub reached: Reached,
}

/// Tells one story, and judges it.
pub fn tell(stage: &mut Stage, story: Story, crash: Option<&Crash>) -> Result<Told> {
    match story {
        Story::Send => send(stage, crash),
        Story::Restart => restart(stage, crash),
        Story::Register => register(stage, crash),
        Story::TurnOff => turn_off(stage, crash),
        Story::Move => moves(stage, crash),
        Story::Retract => retract(stage, crash),
        Story::Expire => expire(stage, crash),
    }
}

fn send(stage: &mut Stage, crash: Option<&Crash>) -> Result<Told> {
    // Anew, so that nothing is known and no connection left from the story before.
    for side in [Side::Recipient, Side::Sender] {
        stage.restart(side)?;
    }
    for side in [Side::Recipient, Side::Sender] {
        stage.reachable(side)?;
    }
    let watch = Watch::begin(stage, crash)?;
    let message = stage.write(AMPLE);
    stage.hand_over(&message)?;
    conclude(stage, &message, watch)
}

fn restart(stage: &mut Stage, crash: Option<&Crash>) -> Result<Told> {
    let message = out(stage, AMPLE)?;
    let watch = Watch::begin(stage, crash)?;
    for side in [Side::Sender, Side::Recipient] {
        stage.restart(side)?;
    }
    conclude(stage, &message, watch)
}

fn register(stage: &mut Stage, crash: Option<&Crash>) -> Result<Told> {
    stage.enter_newcomer()?;
    let watch = Watch::begin(stage, crash)?;
    stage.turn_on(Side::Sender)?;
    let message = stage.write(AMPLE);
    stage.hand_over(&message)?;
    conclude(stage, &message, watch)
}

fn turn_off(stage: &mut Stage, crash: Option<&Crash>) -> Result<Told> {
    stage.enter_newcomer()?;
    stage.turn_on(Side::Sender)?;
    let message = out(stage, BRIEF)?;
    let watch = Watch::begin(stage, crash)?;
    stage.turn_off(Side::Sender)?;
    stage.restart(Side::Recipient)?;
    let told = conclude(stage, &message, watch)?;
    stage.restart(Side::Sender)?;
    stage.is_off(Side::Sender)?;
    Ok(told)
}

fn moves(stage: &mut Stage, crash: Option<&Crash>) -> Result<Told> {
    stage.enter_newcomer()?;
    stage.turn_on(Side::Sender)?;
    let message = out(stage, BRIEF)?;
    let watch = Watch::begin(stage, crash)?;
    stage.enter_heir()?;
    // A server that ended in between may have told nobody: then the phone learns it when it renews, within a day.
    let told_for_sure =
        !crash.is_some_and(|crash| matches!(crash.side, Side::Registrar | Side::Broker));
    if told_for_sure {
        stage.moved(Side::Sender)?;
    }
    stage.restart(Side::Recipient)?;
    let told = conclude(stage, &message, watch)?;
    if told_for_sure {
        stage.restart(Side::Sender)?;
        stage.moved(Side::Sender)?;
    }
    Ok(told)
}

fn retract(stage: &mut Stage, crash: Option<&Crash>) -> Result<Told> {
    let message = out(stage, BRIEF)?;
    let watch = Watch::begin(stage, crash)?;
    stage.wait_until(message.deadline_ms - MARGIN_MS + 1500)?;
    stage.restart(Side::Recipient)?;
    conclude(stage, &message, watch)
}

fn expire(stage: &mut Stage, crash: Option<&Crash>) -> Result<Told> {
    let message = out(stage, BRIEF)?;
    stage.wait_until(message.deadline_ms - 1000)?;
    let watch = Watch::begin(stage, crash)?;
    stage.wait_until(message.deadline_ms + 1500)?;
    stage.restart(Side::Recipient)?;
    conclude(stage, &message, watch)
}

/// A message that is at the broker in time and not at the recipient, who is away. Where the machine is too busy for
/// that, another one with more time.
fn out(stage: &mut Stage, mut ahead: Duration) -> Result<Written> {
    stage.reachable(Side::Sender)?;
    stage.phone(Side::Recipient).kill_gate();
    loop {
        let steps = stage.steps(Side::Sender)?;
        let mark = steps.mark().map_err(said)?;
        let message = stage.again(|stage| {
            let message = stage.write(ahead);
            stage.offer(&message).map(|()| message)
        })?;
        while now_ms() < message.deadline_ms - MARGIN_MS - 1000 {
            if steps.reached(mark).map_err(said)?.contains_key("gate.message.acknowledged") {
                return Ok(message);
            }
            stage.wait_until(now_ms() + 30)?;
        }
        ahead *= 2;
        if ahead > SOON {
            return Err("no message gets out".into());
        }
    }
}

/// Waits for the outcome, reads, acknowledges, and judges.
fn conclude(stage: &mut Stage, message: &Written, watch: Watch<'_>) -> Result<Told> {
    let late = message.deadline_ms + i64::try_from(SOON.as_millis()).unwrap_or(0);
    while stage.account.ended(&message.id).is_none() {
        if now_ms() > late {
            return Err("IT HAS NO OUTCOME: the id is lost".into());
        }
        stage.wait_until(now_ms() + 30)?;
        stage.look()?;
    }
    let ended = stage.account.ended(&message.id).ok_or("gone")?;
    // It is there, or not: reading is no crash's to prevent for long.
    stage.reachable(Side::Recipient)?;
    stage.again(|stage| {
        stage.look()?;
        match !ended.delivered || stage.account.came(&message.id).is_some() {
            true => Ok(()),
            false => Err("DELIVERED, BUT NOT IN THE RECIPIENT'S INBOX".to_owned()),
        }
    })?;
    if ended.delivered {
        // An app that crashed before it read the outcome hands the same message over again.
        stage.hand_over(message)?;
    }
    stage.acknowledge()?;
    watch.linger(stage)?;
    stage.reachable(Side::Recipient)?;
    stage.look()?;
    let came = stage.account.came(&message.id).map(|(at, body)| (at, body.to_owned()));
    if came.as_ref().is_some_and(|(_, body)| *body != message.body) {
        return Err("IT CAME WITH ANOTHER TEXT".into());
    }
    let outcome = match (ended.delivered, came) {
        (true, _) => "delivered".to_owned(),
        (false, None) => format!("use SMS ({})", ended.reason),
        (false, Some((at, _))) => {
            // Its receipt was lost: both, and the recipient's app can tell.
            if at >= message.deadline_ms - MARGIN_MS {
                return Err("TAKEN AFTER ITS TIME".into());
            }
            if !stage.sms_is_recognised(message)? {
                return Err("AN SMS FOR A MESSAGE THAT ARRIVED IS NOT RECOGNISED".into());
            }
            format!("use SMS ({}), arrived too", ended.reason)
        }
    };
    let crashed = watch.crashed(stage)?;
    Ok(Told { outcome, crashed, reached: watch.end(stage)? })
}
