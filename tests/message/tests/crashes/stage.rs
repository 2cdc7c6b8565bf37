// SPDX-License-Identifier: Apache-2.0
//! Two phones, a broker and a registrar, each started again when it ended: what init, our app and whoever runs the
//! servers do. And the two Messaging apps, which try again until they are answered.
use crate::account::{Account, Id};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, OutgoingMessage::OutgoingMessage, Refusal::Refusal,
};
use binder::host::{connect, Connection};
use cloudmessaging_testbed::{Bed, Broker, Mark, Phone, Programs, Setup, Steps};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What a step of the test comes to: a promise that did not hold, or a bed that broke, in words.
pub type Result<T> = std::result::Result<T, String>;

/// How long anything may take on a busy machine that should happen at once.
pub const SOON: Duration = Duration::from_secs(120);
/// The same where a code was lost: a phone has none sent again before 30 s, and later the second time.
const CODE_SOON: Duration = Duration::from_secs(240);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(30);

/// Where a step is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Sender,
    Recipient,
    Registrar,
    Broker,
}

/// The bed of one thread.
pub struct Stage {
    pub bed: Bed,
    anna: Phone,
    ben: Phone,
    /// In the place of Anna, for a story about somebody new.
    newcomer: Option<Phone>,
    /// Has the number of the newcomer from some moment on.
    heir: Option<Phone>,
    newcomers: u32,
    /// The broker is to be killed when this is reached.
    pub(crate) aim: Option<Aim>,
    pub account: Account,
}

/// A moment at which a program that knows no steps is killed.
pub struct Aim {
    pub steps: Steps,
    pub since: Mark,
    pub step: String,
    pub nth: u32,
    pub hit: bool,
}

/// A message of the sender's app.
pub struct Written {
    pub id: Id,
    pub body: String,
    pub deadline_ms: i64,
}

impl Stage {
    /// Both phones on and reachable.
    pub fn set(programs: &Programs, broker: Broker) -> Result<Self> {
        let persistent = broker == Broker::Mosquitto;
        let setup =
            Setup { broker, receipt_delay_max_ms: 100, log: "info", steps: true, persistent };
        let bed = Bed::start(programs, setup).map_err(said)?;
        let (anna, ben) = (phone(&bed, "anna", 100)?, phone(&bed, "ben", 101)?);
        let mut stage = Self {
            bed,
            anna,
            ben,
            newcomer: None,
            heir: None,
            newcomers: 0,
            aim: None,
            account: Account::default(),
        };
        for side in [Side::Sender, Side::Recipient] {
            stage.turn_on(side)?;
        }
        Ok(stage)
    }

    /// From here on somebody new sends.
    pub fn enter_newcomer(&mut self) -> Result<()> {
        self.newcomers += 1;
        let (name, number) = (format!("newcomer{}", self.newcomers), 200 + self.newcomers);
        self.newcomer = Some(phone(&self.bed, &name, number)?);
        Ok(())
    }

    /// Somebody else has the newcomer's number now, turns it on and proves the number.
    pub fn enter_heir(&mut self) -> Result<()> {
        let number = self.phone(Side::Sender).number().to_owned();
        let name = format!("heir{}", self.newcomers);
        let heir = self.bed.phone(&name, &number).map_err(said)?;
        heir.report().map_err(said)?;
        heir.grant(&[]).map_err(said)?;
        let heir = &*self.heir.insert(heir);
        let begun = Instant::now();
        // Borrowed apart, so that servers that crash meanwhile are started again.
        let (bed, sender) = (&mut self.bed, self.newcomer.as_mut().unwrap_or(&mut self.anna));
        loop {
            bed.revive().map_err(said)?;
            revive(sender)?;
            match heir.reachable(Duration::from_secs(1)) {
                Ok(()) => return Ok(()),
                Err(why) if begun.elapsed() > CODE_SOON => return Err(said(why)),
                Err(_) => {}
            }
        }
    }

    /// From here on Anna sends again.
    pub fn dismiss_newcomer(&mut self) {
        (self.newcomer, self.heir) = (None, None);
    }

    /// The phone of that side.
    pub fn phone(&mut self, side: Side) -> &mut Phone {
        match side {
            Side::Recipient => &mut self.ben,
            _ => self.newcomer.as_mut().unwrap_or(&mut self.anna),
        }
    }

    /// The steps that are reached on that side.
    pub fn steps(&mut self, side: Side) -> Result<Steps> {
        let name = match side {
            Side::Registrar => "registrar".to_owned(),
            Side::Broker => "broker".to_owned(),
            _ => self.phone(side).name().to_owned(),
        };
        self.bed.steps(&name).map_err(said)
    }

    /// Starts again whatever ended by itself. What crashes again while it starts is started once more.
    pub fn tend(&mut self) -> Result<()> {
        if let Some(aim) = self.aim.as_mut().filter(|aim| !aim.hit) {
            let reached = aim.steps.reached(aim.since).map_err(said)?;
            if reached.get(&aim.step).is_some_and(|times| *times >= aim.nth) {
                aim.hit = true;
                self.bed.restart_broker().map_err(said)?;
            }
        }
        self.bed.revive().map_err(said)?;
        [Side::Sender, Side::Recipient].into_iter().try_for_each(|side| revive(self.phone(side)))
    }

    /// Starts a gate anew.
    pub fn restart(&mut self, side: Side) -> Result<()> {
        restart(self.phone(side))
    }

    /// The owner turns it on, and again if that was cut short; then waits until messages can arrive.
    pub fn turn_on(&mut self, side: Side) -> Result<()> {
        self.again(|stage| {
            if stage.phone(side).status().map_err(said)?["on"] != true {
                stage.phone(side).grant(&[]).map_err(said)?;
            }
            Ok(())
        })?;
        self.reachable(side)
    }

    /// The owner turns it off and has the registration erased, and does so until told that it is off.
    pub fn turn_off(&mut self, side: Side) -> Result<()> {
        self.again(|stage| {
            let off = stage.phone(side).cmctl(&["consent", "withdraw", "--erase"]);
            match off.map_err(said)?["durable"] == true {
                true => Ok(()),
                false => Err("off, and not durable".to_owned()),
            }
        })?;
        self.is_off(side)
    }

    /// It is off, and stays so.
    pub fn is_off(&mut self, side: Side) -> Result<()> {
        let status = self.again(|stage| stage.phone(side).status().map_err(said))?;
        match status["on"] == false && self.phone(side).uplinks().is_empty() {
            true => Ok(()),
            false => Err("IT IS ON AGAIN".to_owned()),
        }
    }

    /// Waits until the phone knows that its number is another's.
    pub fn moved(&mut self, side: Side) -> Result<()> {
        self.again(|stage| {
            let status = stage.phone(side).status().map_err(said)?;
            match status["sims"][0]["registration"] == "MOVED" {
                true => Ok(()),
                false => Err(format!("the phone does not know that its number moved: {status}")),
            }
        })
    }

    /// Waits until messages can arrive.
    pub fn reachable(&mut self, side: Side) -> Result<()> {
        self.again_within(CODE_SOON, |stage| {
            stage.phone(side).reachable(Duration::from_secs(1)).map_err(said)
        })
    }

    /// Tries until it is done, and starts again meanwhile whatever ended.
    pub fn again<T>(&mut self, attempt: impl FnMut(&mut Self) -> Result<T>) -> Result<T> {
        self.again_within(SOON, attempt)
    }

    fn again_within<T>(
        &mut self,
        within: Duration,
        mut attempt: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let begun = Instant::now();
        loop {
            self.tend()?;
            match attempt(self) {
                Ok(done) => return Ok(done),
                Err(why) if begun.elapsed() > within => return Err(why),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Looks after everything for a while.
    pub fn wait_until(&mut self, ms: i64) -> Result<()> {
        while now_ms() < ms {
            self.tend()?;
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// A new message whose SMS deadline is so far ahead.
    pub fn write(&self, ahead: Duration) -> Written {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&now_ms().to_be_bytes());
        id[8..].copy_from_slice(&number.to_be_bytes());
        let deadline_ms = now_ms() + i64::try_from(ahead.as_millis()).unwrap_or(0);
        Written { id, body: format!("message {number}"), deadline_ms }
    }

    /// The sender's app calls `send` until it returns: after a crash with the same id.
    pub fn hand_over(&mut self, message: &Written) -> Result<()> {
        self.again(|stage| stage.offer(message))
    }

    /// The sender's app calls `send`.
    pub fn offer(&mut self, message: &Written) -> Result<()> {
        let recipient = self.ben.number().to_owned();
        let refusal = app(self.phone(Side::Sender))?.send(&OutgoingMessage {
            id: message.id.to_vec(),
            subscriptionId: 1,
            recipient,
            body: message.body.clone(),
            smsDeadlineMillis: message.deadline_ms,
        });
        match refusal.map_err(|status| format!("send: {status}"))? {
            Refusal::NONE => Ok(()),
            other => Err(format!("send was refused: {}", other.0)),
        }
    }

    /// Both apps read what there is.
    pub fn look(&mut self) -> Result<()> {
        let outcomes = app(self.phone(Side::Sender))
            .and_then(|app| app.outcomes(0, 100).map_err(|status| format!("outcomes: {status}")));
        // A gate that is down says nothing, which is no contradiction.
        if let Ok(outcomes) = outcomes {
            self.account.outcomes(&outcomes)?;
        }
        let inbound = app(&self.ben)
            .and_then(|app| app.inbound(0, 100).map_err(|status| format!("inbound: {status}")));
        if let Ok(inbound) = inbound {
            self.account.inbound(&inbound)?;
        }
        Ok(())
    }

    /// Both apps acknowledge what they have read.
    pub fn acknowledge(&mut self) -> Result<()> {
        self.again(|stage| {
            let app = app(stage.phone(Side::Sender))?;
            let page = app.outcomes(0, 100).map_err(|status| format!("outcomes: {status}"))?;
            let Some(last) = page.last().map(|outcome| outcome.cursor) else { return Ok(()) };
            app.acknowledgeOutcomes(last).map_err(|status| format!("acknowledge: {status}"))
        })?;
        let read = self.again(|stage| {
            let app = app(&stage.ben)?;
            let page = app.inbound(0, 100).map_err(|status| format!("inbound: {status}"))?;
            let Some(last) = page.last().map(|message| message.cursor) else { return Ok(None) };
            app.acknowledgeInbound(last).map_err(|status| format!("acknowledge: {status}"))?;
            Ok(Some(last))
        })?;
        if let Some(read) = read {
            self.account.acknowledged(read);
        }
        Ok(())
    }

    /// Whether the recipient's app would know an SMS with that text for the message it has.
    pub fn sms_is_recognised(&mut self, message: &Written) -> Result<bool> {
        let sender = self.phone(Side::Sender).number().to_owned();
        self.again(|stage| {
            let known = app(&stage.ben)?.checkSms(1, &sender, &message.body, now_ms());
            Ok(known.map_err(|status| format!("checkSms: {status}"))? == message.id)
        })
    }

    /// What the gates said last, and what was reached of each phone.
    pub fn logs(&mut self) -> String {
        let mut logs = String::new();
        for side in [Side::Sender, Side::Recipient] {
            let said = self.phone(side).log_tail();
            let steps = self.bed.directory().join("steps").join(self.phone(side).name());
            let steps = std::fs::read_to_string(steps).unwrap_or_default();
            let last: Vec<_> = steps.lines().rev().take(30).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join(", ");
            logs += &format!("--- {side:?}\n{said}\n{last}\n");
        }
        logs
    }
}

/// Starts a gate again that ended by itself.
fn revive(phone: &mut Phone) -> Result<()> {
    match phone.revive() {
        Ok(_) => Ok(()),
        Err(why) => restart(phone).map_err(|again| format!("{why}; then {again}")),
    }
}

/// What crashes again while it starts is started once more.
fn restart(phone: &mut Phone) -> Result<()> {
    let mut last = String::new();
    for _ in 0..3 {
        match phone.restart() {
            Ok(()) => return Ok(()),
            Err(why) => last = why.to_string(),
        }
    }
    Err(last)
}

fn phone(bed: &Bed, name: &str, number: u32) -> Result<Phone> {
    // The range that is kept free for fiction is too small for all newcomers; the bed reaches nobody.
    let phone = bed.phone(name, &format!("+1555{number:07}")).map_err(said)?;
    phone.report().map_err(said)?;
    Ok(phone)
}

fn app(phone: &Phone) -> Result<Connection<dyn ICloudMessaging>> {
    const NAME: &str = "android.system.cloudmessaging.ICloudMessaging";
    connect(&phone.run().join("messaging.sock"), NAME, false).map_err(|error| error.to_string())
}

/// An error of the testbed, in words.
pub fn said(error: cloudmessaging_testbed::Error) -> String {
    error.to_string()
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
