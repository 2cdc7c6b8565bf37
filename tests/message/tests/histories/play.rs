// SPDX-License-Identifier: Apache-2.0
//! Plays a history on a world, and tells the model what the two apps see after each event.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    self as aidl, SmsReason::SmsReason,
};
use cloudmessaging_gate::service::facade::{OutgoingMessage, Personal};
use sim::{Fault, World, SIM};

use crate::model::{Id, Model, Objection, Order, Outcome, Word};
use crate::step::Step;
use crate::tally::Tally;

/// From when clocks count as apart, ms.
const APART_MS: u64 = 10_000;
/// How long an SMS takes, ms.
const SMS_MS: i64 = 2000;

/// How often phones that are not connected are waited for, 10 s each, or another message is tried.
const WELL_AGAIN_ROUNDS: u32 = 60;

/// An SMS that an app has sent in the place of a message.
struct Sms {
    id: Id,
    to: usize,
    arrives_ms: i64,
}

struct Play {
    world: World,
    model: Model,
    order: Order,
    /// By phone: since when its apps could not ask, until they have asked again.
    silent: [Option<Order>; 2],
    /// By phone: whether its owner has it on; `None`: the gate died when it was told.
    on: [Option<bool>; 2],
    sent: Vec<OutgoingMessage>,
    senders: Vec<usize>,
    sms: Vec<Sms>,
    unrecognised: Vec<Sms>,
    objection: Option<Objection>,
}

/// Plays a history to its end. What has happened in it.
pub fn play(steps: &[Step]) -> Result<Tally, Objection> {
    let mut play = Play {
        world: World::connected(&["+15550100", "+15550101"]),
        model: Model::default(),
        order: 0,
        silent: [None; 2],
        on: [Some(true); 2],
        sent: Vec::new(),
        senders: Vec::new(),
        sms: Vec::new(),
        unrecognised: Vec::new(),
        objection: None,
    };
    for step in steps {
        play.step(*step);
        play.pass(1);
        if let Some(objection) = play.objection {
            return Err(objection);
        }
    }
    play.finish();
    match play.objection {
        Some(objection) => Err(objection),
        None => play.model.over().map(|()| play.tally()),
    }
}

impl Play {
    fn step(&mut self, step: Step) {
        let world = &mut self.world;
        match step {
            Step::Send { from, deadline_s } => {
                let n = u8::try_from(self.sent.len() + 1).unwrap_or(u8::MAX);
                let message = OutgoingMessage {
                    id: [n; 16],
                    subscription: SIM,
                    recipient: world.phones[1 - from].number.clone(),
                    body: Personal::new(body(&[n; 16])),
                    sms_deadline_millis: world.phones[from].wall_ms() + deadline_s * 1000,
                };
                self.senders.push(from);
                self.sent.push(message.clone());
                self.send(from, message);
            }
            Step::Again { from, which } => {
                let own =
                    self.sent.iter().zip(&self.senders).filter(|(_, sender)| **sender == from);
                let message = own.map(|(message, _)| message).rev().nth(which).cloned();
                // An app that has acknowledged an outcome does not ask again.
                let message = message.filter(|m| !self.model.is_acknowledged(&m.id));
                message.into_iter().for_each(|message| self.send(from, message));
            }
            Step::Acknowledge { phone } => self.acknowledge(phone),
            Step::Wait { ms } => self.pass(ms),
            Step::Clock { phone, wrong_by_ms } => {
                world.phones[phone].set_clock_wrong_by(wrong_by_ms);
            }
            Step::Die { phone, moments, clocks, quick } => {
                let phone = &mut world.phones[phone];
                phone.uplinks_are_quick = quick;
                match clocks {
                    true => phone.fuse.set(moments),
                    false => phone.fuse.set_but_for_clocks(moments),
                }
            }
            Step::KillUplink { phone } => world.kill_uplink(phone),
            Step::BrokerForgets { bundles } => {
                world.crash_broker();
                if bundles {
                    world.registrar.shelf.clear();
                }
            }
            Step::Registrar { up } => world.set_registrar(up),
            Step::Network { phone, connected } => world.phones[phone].set_network(connected),
            Step::Unlock { phone, unlocked } => world.phones[phone].set_unlocked(unlocked),
            Step::Withdraw { phone } => {
                if world.phones[phone].is_up() {
                    self.on[phone] = world.phones[phone].withdraw().map(|()| false);
                }
            }
            Step::Grant { phone } => {
                match world.phones[phone].is_up().then(|| world.phones[phone].grant()) {
                    // Refused while the user is locked: as it was.
                    None | Some(Some(Err(_))) => {}
                    Some(Some(Ok(()))) => self.on[phone] = Some(true),
                    Some(None) => self.on[phone] = None,
                }
            }
            Step::Fault { after, fault } => {
                // Late by nothing: passed on as it is.
                (0..after).for_each(|_| world.broker.add_fault(Fault::Late(0)));
                world.broker.add_fault(fault);
            }
        }
    }

    fn send(&mut self, from: usize, message: OutgoingMessage) {
        let id = message.id;
        self.model.asked(id, from, message.body.as_str());
        self.clocks();
        if self.world.phones[from].is_up() {
            let answer = self.world.phones[from].send(message);
            self.model.answered(id, answer.map(|answer| answer == Ok(None)));
        } else {
            self.model.answered(id, Some(false));
        }
    }

    /// Both apps' cursors move to the newest that they have read.
    fn acknowledge(&mut self, phone: usize) {
        self.look();
        if !self.world.phones[phone].answers() {
            return;
        }
        let gate = &mut self.world.phones[phone];
        let outcomes = gate.outcomes(0).and_then(|all| all.last().map(|last| last.cursor));
        let inbound = gate.inbound(0).and_then(|all| all.last().map(|last| last.cursor));
        // Known to the model first: whether the gate dies before or after it has forgotten them, the app has them.
        if self.objection.is_none() {
            self.model.acknowledged(phone, outcomes, inbound);
        }
        let gate = &mut self.world.phones[phone];
        outcomes.and_then(|cursor| gate.acknowledge_outcomes(cursor));
        inbound.and_then(|cursor| gate.acknowledge_inbound(cursor));
    }

    fn pass(&mut self, ms: i64) {
        let end = self.world.now() + ms;
        loop {
            let more = self.world.advance(end);
            self.look();
            if !more || self.objection.is_some() {
                return;
            }
        }
    }

    fn clocks(&mut self) {
        let [alice, bob] = [0, 1].map(|n| self.world.phones[n].clock_wrong_by());
        if alice.abs_diff(bob) > APART_MS {
            self.model.clocks_apart();
        }
    }

    /// What the apps and the owners see now.
    fn look(&mut self) {
        if self.objection.is_none() {
            self.order += 1;
            self.clocks();
            self.objection = self.observe().err();
        }
    }

    fn observe(&mut self) -> Result<(), Objection> {
        for phone in 0..2 {
            let played = &mut self.world.phones[phone];
            if !played.answers() {
                self.silent[phone].get_or_insert(self.order);
            } else if self.on[phone].is_none() || self.silent[phone].is_some() {
                let on = played.is_on();
                let known = self.on[phone].filter(|known| on.is_some_and(|on| on != *known));
                if let Some(known) = known {
                    return Err(format!(
                        "phone {phone} was turned on ({known}), and is not so now"
                    ));
                }
                self.on[phone] = self.on[phone].or(on);
            }
            if self.on[phone] == Some(false) && self.world.uplink_runs(phone) {
                return Err(format!("an uplink runs for phone {phone}, which is off"));
            }
        }
        // An app asks when it is told to, and when it could not for a while.
        let asks = [0, 1].map(|n| {
            let hinted = self.world.phones[n].take_hints();
            hinted.inbound || hinted.outcomes || self.silent[n].is_some()
        });
        self.ask(asks)?;
        self.receive_sms()
    }

    /// The apps read what is there; gives how much of that is new.
    fn ask(&mut self, asks: [bool; 2]) -> Result<usize, Objection> {
        let mut new = 0;
        let mut read = [false; 2];
        for phone in (0..2).filter(|n| asks[*n]) {
            if !self.world.phones[phone].answers() {
                continue;
            }
            // A gate that died has held what it holds since then at the latest.
            let order = self.silent[phone].unwrap_or(self.order);
            let Some(inbound) = self.world.phones[phone].inbound(0) else { continue };
            let inbound = inbound.iter().map(|m| (m.cursor, m.id, m.body.as_str().to_owned()));
            new += self.model.inbound(phone, &inbound.collect::<Vec<_>>(), order)?;
            read[phone] = true;
        }
        for phone in (0..2).filter(|n| read[*n]) {
            let Some(outcomes) = self.world.phones[phone].outcomes(0) else { continue };
            self.silent[phone] = None;
            let outcomes: Vec<_> = outcomes.iter().map(|o| self.outcome(o)).collect();
            let outcomes = self.model.outcomes(phone, &outcomes, self.order)?;
            new += outcomes.len();
            for outcome in outcomes.iter().filter(|outcome| outcome.word != Word::Delivered) {
                let arrives_ms = self.world.now() + SMS_MS;
                self.sms.push(Sms { id: outcome.id, to: 1 - phone, arrives_ms });
            }
        }
        // What a silent phone has will be seen.
        for phone in (0..2).filter(|n| self.silent[1 - n].is_none()) {
            self.model.delivered(phone)?;
        }
        Ok(new)
    }

    fn outcome(&self, outcome: &aidl::Outcome::Outcome) -> Outcome {
        let id: Id = outcome.id.as_slice().try_into().expect("an id");
        let deadline_ms = self.sent.iter().find(|m| m.id == id).map(|m| m.sms_deadline_millis);
        let early = deadline_ms.is_some_and(|deadline_ms| outcome.atMillis < deadline_ms);
        let word = match outcome.reason {
            SmsReason::NONE => Word::Delivered,
            // Before the deadline nothing but the recipient's word makes a message that is out end so.
            SmsReason::EXPIRED if early => Word::TakenBack,
            SmsReason::EXPIRED => Word::Deadline,
            SmsReason::FULL => Word::TakenBack,
            SmsReason::PREKEY_GONE => Word::NoMore,
            _ => Word::Never,
        };
        Outcome { cursor: outcome.cursor, id, word }
    }

    /// The apps ask about each SMS that has arrived, once they can.
    fn receive_sms(&mut self) -> Result<(), Objection> {
        let now = self.world.now();
        let (here, later) = std::mem::take(&mut self.sms)
            .into_iter()
            .partition(|sms| sms.arrives_ms <= now && self.world.phones[sms.to].answers());
        self.sms = later;
        for sms in here {
            if !self.check(&sms)? {
                self.unrecognised.push(sms);
            }
        }
        Ok(())
    }

    fn check(&mut self, sms: &Sms) -> Result<bool, Objection> {
        let sender = self.world.phones[1 - sms.to].number.clone();
        let body = body(&sms.id);
        let found = self.world.phones[sms.to].check_sms(&sender, &body);
        self.model.checked(sms.id, found)?;
        Ok(found.is_some_and(|found| found.is_some()))
    }

    /// All is well again, and every deadline passes.
    fn finish(&mut self) {
        self.world.broker.heal();
        self.world.set_registrar(true);
        for phone in &mut self.world.phones {
            phone.fuse.set(0);
            phone.set_clock_wrong_by(0);
            phone.set_network(true);
            phone.set_unlocked(true);
        }
        let last = self.sent.iter().map(|message| message.sms_deadline_millis).max();
        let left = last.map_or(0, |last| last - self.world.now()).max(0);
        self.pass(left + 100_000);
        match self.ask([true; 2]) {
            Ok(0) => {}
            Ok(_) => self.object("an app was not told that there is something".to_owned()),
            Err(objection) => self.object(objection),
        }
        // What is durable is there after one more death.
        for phone in 0..2 {
            self.world.phones[phone].crash();
            self.look();
        }
        self.pass(10_000);
        for sms in std::mem::take(&mut self.unrecognised) {
            // It came before the message did, or the gate died when it was asked.
            if let Err(objection) = self.check(&sms) {
                self.object(objection);
            }
        }
        self.write_once_more();
    }

    /// Whatever has happened, phones that are on and a world that is well carry messages again.
    fn write_once_more(&mut self) {
        if self.objection.is_some() {
            return;
        }
        for phone in 0..2 {
            // Also who was on: a registration that the broker has lost, or passed on after a later one, is mended by a
            // renewal within a day, or by the owner as here.
            if !matches!(self.world.phones[phone].grant(), Some(Ok(()))) {
                self.object(format!("phone {phone} cannot be turned on"));
            }
            self.on[phone] = Some(true);
        }
        for _ in 0..WELL_AGAIN_ROUNDS {
            self.pass(10_000);
            if !(0..2).all(|phone| self.world.phones[phone].is_connected()) {
                continue;
            }
            let ids = [0, 1].map(|from| {
                self.step(Step::Send { from, deadline_s: 60 });
                self.sent.last().map(|message| message.id).unwrap_or_default()
            });
            for _ in 0..7 {
                self.pass(10_000);
                if self.objection.is_some() || ids.iter().all(|id| self.model.is_delivered(id)) {
                    return;
                }
            }
            // One that was sealed to keys of before the other turned on again: taking it back has shown the new ones.
        }
        self.object("at the end messages are still not delivered".to_owned());
    }

    fn object(&mut self, objection: Objection) {
        self.objection.get_or_insert(objection);
    }

    fn tally(&self) -> Tally {
        let mut tally = self.model.tally();
        for phone in &self.world.phones {
            for (moment, times) in phone.fuse.deaths() {
                tally.add_all(&format!("deaths: {moment}"), times.into());
            }
        }
        tally
    }
}

fn body(id: &Id) -> String {
    format!("the body of {}", id[0])
}
