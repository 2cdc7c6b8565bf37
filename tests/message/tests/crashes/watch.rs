// SPDX-License-Identifier: Apache-2.0
//! What is reached from some moment on, and the one crash that is to come.
use crate::stage::{said, Aim, Result, Side, Stage};
use cloudmessaging_testbed::{Mark, Steps};
use std::time::{Duration, Instant};

const SIDES: [Side; 4] = [Side::Sender, Side::Recipient, Side::Registrar, Side::Broker];
/// When nothing was reached for so long, nothing more will be by itself.
const QUIET: Duration = Duration::from_millis(1500);

/// One crash.
#[derive(Clone, Debug)]
pub struct Crash {
    pub side: Side,
    pub step: String,
    /// The how-manieth time that it is reached.
    pub nth: u32,
    /// Whose end it is.
    pub victim: Victim,
}

/// Who ends when a step is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// Whoever has reached it, at this very place.
    Itself,
    /// A broker that has no steps of its own, killed as soon as we see that somebody else has reached it.
    Broker,
}

/// What was reached: where, which step, how often.
pub type Reached = Vec<(Side, String, u32)>;

/// Steps from here on count.
pub struct Watch<'a> {
    crash: Option<&'a Crash>,
    marks: Vec<(Side, Steps, Mark)>,
}

impl<'a> Watch<'a> {
    /// From now on; with the crash ordered, if there is to be one.
    pub fn begin(stage: &mut Stage, crash: Option<&'a Crash>) -> Result<Self> {
        let mut marks = Vec::new();
        stage.aim = None;
        for side in SIDES {
            let steps = stage.steps(side)?;
            let mark = match crash {
                Some(crash) if crash.side == side && crash.victim == Victim::Itself => {
                    steps.crash_at(&crash.step, crash.nth).map_err(said)?
                }
                Some(crash) if crash.side == side => {
                    let since = steps.mark().map_err(said)?;
                    let (step, nth) = (crash.step.clone(), crash.nth);
                    stage.aim = Some(Aim { steps: steps.clone(), since, step, nth, hit: false });
                    since
                }
                _ => steps.mark().map_err(said)?,
            };
            marks.push((side, steps, mark));
        }
        Ok(Self { crash, marks })
    }

    /// Whether the crash happened; there may be none to happen.
    pub fn crashed(&self, stage: &Stage) -> Result<bool> {
        let Some(crash) = self.crash else { return Ok(true) };
        if crash.victim == Victim::Broker {
            return Ok(stage.aim.as_ref().is_some_and(|aim| aim.hit));
        }
        let marks = self.marks.iter().filter(|(side, ..)| *side == crash.side);
        let mut crashed =
            marks.map(|(_, steps, mark)| steps.crashed(*mark, &crash.step, crash.nth));
        crashed.next().unwrap_or(Ok(false)).map_err(said)
    }

    /// Waits for what comes last on a side, which may be after all that anybody waits for.
    pub fn linger(&self, stage: &mut Stage) -> Result<()> {
        let (mut seen, mut quiet) = (self.reached()?, Instant::now());
        while quiet.elapsed() < QUIET && !(self.crash.is_some() && self.crashed(stage)?) {
            stage.tend()?;
            std::thread::sleep(Duration::from_millis(30));
            let reached = self.reached()?;
            if reached != seen {
                (seen, quiet) = (reached, Instant::now());
            }
        }
        Ok(())
    }

    /// What was reached so far.
    pub fn reached(&self) -> Result<Reached> {
        let mut all = Vec::new();
        for (side, steps, mark) in &self.marks {
            let reached = steps.reached(*mark).map_err(said)?;
            all.extend(reached.into_iter().map(|(step, times)| (*side, step, times)));
        }
        Ok(all)
    }

    /// Takes back the order that was not carried out.
    pub fn end(self, stage: &mut Stage) -> Result<Reached> {
        stage.aim = None;
        for (_, steps, _) in &self.marks {
            steps.crash_nowhere().map_err(said)?;
        }
        self.reached()
    }
}
