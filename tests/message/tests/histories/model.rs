// SPDX-License-Identifier: Apache-2.0
//! P6 as two Messaging apps can hold it against their phones: each message ends in exactly one outcome; *delivered* only
//! if the other phone has it; *use SMS* only if the other phone takes it no more; and an SMS that went out beside a
//! message that arrived is recognised as that message, once.
//!
//! It knows nothing of how that is done. It is told what the apps ask and see, in the order in which that is true, and
//! objects.

use std::collections::BTreeMap;

use crate::tally::Tally;

/// A message id.
pub type Id = [u8; 16];

/// Orders what happens; rises.
pub type Order = u64;

/// What an outcome says of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The recipient has it.
    Delivered,
    /// It never left.
    Never,
    /// The recipient has answered that it does not have it and will not take it: true whatever the clocks are.
    TakenBack,
    /// The recipient has other keys by now: it may have it, and cannot take it any more, whatever the clocks are.
    NoMore,
    /// No answer came until the deadline: it may have it, and takes it no more if the clocks agree.
    Deadline,
}

/// An outcome as the app reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub cursor: i64,
    pub id: Id,
    pub word: Word,
}

/// One message, from the first time that its app asked for it to be sent.
#[derive(Default)]
struct Message {
    from: usize,
    body: String,
    /// `send` has returned.
    accepted: bool,
    /// `send` was called and the gate died in it.
    unsure: bool,
    /// While it was on its way, the clocks differed by more than 10 s.
    clocks_apart: bool,
    outcome: Option<(Order, Outcome)>,
    held: Option<(Order, i64)>,
    /// How often its SMS was recognised; and whether the gate died while it was asked.
    recognised: u32,
    perhaps_recognised: bool,
    /// One from the same phone that was asked for later has arrived before it.
    overtaken: bool,
}

/// What is known of all messages.
#[derive(Default)]
pub struct Model {
    messages: BTreeMap<Id, Message>,
    /// By phone: the last cursors that its app acknowledged.
    acknowledged: [(i64, i64); 2],
}

/// What is wrong.
pub type Objection = String;

macro_rules! must {
    ($holds:expr, $($objection:tt)*) => {
        if !$holds {
            return Err(format!($($objection)*));
        }
    };
}

impl Model {
    /// The app asks for a message to be sent, for the first time or again.
    pub fn asked(&mut self, id: Id, from: usize, body: &str) {
        let message = self.messages.entry(id).or_default();
        (message.from, message.body) = (from, body.to_owned());
    }

    /// What it was told: taken, refused, or nothing, as the gate died.
    pub fn answered(&mut self, id: Id, taken: Option<bool>) {
        let message = self.messages.entry(id).or_default();
        match taken {
            Some(true) => message.accepted = true,
            Some(false) => {}
            None => message.unsure = true,
        }
    }

    /// Whether its app has acknowledged the outcome of a message.
    pub fn is_acknowledged(&self, id: &Id) -> bool {
        let outcome = |m: &Message| m.outcome.as_ref().map(|(_, o)| (m.from, o.cursor));
        let ended = self.messages.get(id).and_then(outcome);
        ended.is_some_and(|(from, cursor)| cursor <= self.acknowledged[from].0)
    }

    /// Whether a message ended as delivered.
    pub fn is_delivered(&self, id: &Id) -> bool {
        let outcome = self.messages.get(id).and_then(|message| message.outcome.as_ref());
        outcome.is_some_and(|(_, outcome)| outcome.word == Word::Delivered)
    }

    /// The clocks differ by more than 10 s.
    pub fn clocks_apart(&mut self) {
        let on_their_way = self.messages.values_mut().filter(|message| message.held.is_none());
        on_their_way.for_each(|message| message.clocks_apart = true);
    }

    /// All outcomes that an app reads and has not acknowledged, as they were at `order`. Gives those that are new.
    pub fn outcomes(
        &mut self,
        phone: usize,
        outcomes: &[Outcome],
        order: Order,
    ) -> Result<Vec<Outcome>, Objection> {
        let rising = outcomes.windows(2).all(|pair| pair[0].cursor < pair[1].cursor);
        must!(rising, "the cursors of outcomes do not rise");
        for (id, message) in self.messages.iter().filter(|(_, m)| m.from == phone) {
            let Some((_, known)) = &message.outcome else { continue };
            let kept = known.cursor <= self.acknowledged[phone].0 || outcomes.contains(known);
            must!(kept, "{} has lost its outcome, or it has changed", name(id));
        }
        let mut new = Vec::new();
        for outcome in outcomes {
            let name = name(&outcome.id);
            let message = self.messages.get_mut(&outcome.id).filter(|m| m.from == phone);
            let Some(message) = message else { return Err(format!("{name} was never sent")) };
            must!(message.accepted || message.unsure, "{name} was refused and has an outcome");
            match &message.outcome {
                Some((_, known)) => must!(known == outcome, "{name} has another outcome"),
                None => {
                    let hidden = outcome.cursor <= self.acknowledged[phone].0;
                    must!(!hidden, "the outcome of {name} hides behind the app's cursor");
                    message.outcome = Some((order, outcome.clone()));
                    new.push(outcome.clone());
                }
            }
            let never = matches!(outcome.word, Word::Never | Word::TakenBack);
            must!(!never || message.held.is_none(), "{name} is not to arrive and has arrived");
        }
        Ok(new)
    }

    /// Whether each message of a phone that is said to be delivered is. To be asked when the other one has shown its
    /// inbox as it is now.
    pub fn delivered(&self, phone: usize) -> Result<(), Objection> {
        for (id, message) in self.messages.iter().filter(|(_, m)| m.from == phone) {
            let Some((_, outcome)) = &message.outcome else { continue };
            let nobody = outcome.word == Word::Delivered && message.held.is_none();
            must!(!nobody, "{} is delivered to nobody", name(id));
        }
        Ok(())
    }

    /// All messages (cursor, id, body) that an app reads and has not acknowledged, as they were at `order`. Gives how
    /// many are new.
    pub fn inbound(
        &mut self,
        phone: usize,
        inbound: &[(i64, Id, String)],
        order: Order,
    ) -> Result<usize, Objection> {
        for (id, message) in self.messages.iter().filter(|(_, m)| m.from != phone) {
            let Some((_, cursor)) = message.held else { continue };
            let kept = cursor <= self.acknowledged[phone].1
                || inbound.iter().any(|(at, of, _)| *at == cursor && of == id);
            must!(kept, "{} was in the inbox and is not any more", name(id));
        }
        let mut new = 0;
        for (cursor, id, body) in inbound {
            let name = name(id);
            let mut later = self.messages.range(*id..).skip(1).filter(|(_, m)| m.from != phone);
            let overtaken = later.any(|(_, message)| message.held.is_some());
            let message = self.messages.get_mut(id).filter(|m| m.from != phone);
            let Some(message) = message else { return Err(format!("{name} was never sent")) };
            must!(message.body == *body, "{name} has another body");
            must!(message.accepted || message.unsure, "{name} was refused and has arrived");
            if let Some((_, known)) = message.held {
                must!(known == *cursor, "{name} has arrived twice");
                continue;
            }
            let hidden = *cursor <= self.acknowledged[phone].1;
            must!(!hidden, "{name} hides behind the app's cursor");
            message.held = Some((order, *cursor));
            message.overtaken = overtaken;
            new += 1;
            let Some((ended, outcome)) = &message.outcome else { continue };
            let late = *ended < order;
            match outcome.word {
                Word::Delivered => must!(!late, "{name} was delivered before it arrived"),
                Word::Never | Word::TakenBack => {
                    return Err(format!("{name} is not to arrive and has arrived"));
                }
                Word::NoMore => must!(!late, "{name} was for other keys and has arrived"),
                // The one exception of P6, and it is the clocks', not the gates'.
                Word::Deadline => must!(
                    !late || message.clocks_apart,
                    "{name} has arrived after the app was to use SMS"
                ),
            }
        }
        Ok(new)
    }

    /// The app has acknowledged outcomes and messages up to these cursors.
    pub fn acknowledged(&mut self, phone: usize, outcomes: Option<i64>, inbound: Option<i64>) {
        let (known_outcomes, known_inbound) = &mut self.acknowledged[phone];
        *known_outcomes = outcomes.unwrap_or(*known_outcomes).max(*known_outcomes);
        *known_inbound = inbound.unwrap_or(*known_inbound).max(*known_inbound);
    }

    /// The SMS of a message has arrived, and the app asks what it is: `found`, or nothing if the gate died.
    pub fn checked(&mut self, id: Id, found: Option<Option<Id>>) -> Result<(), Objection> {
        let Some(message) = self.messages.get_mut(&id) else { return Ok(()) };
        match found {
            None => message.perhaps_recognised = true,
            Some(None) => {}
            Some(Some(other)) => {
                must!(other == id, "the SMS of {} is taken for {}", name(&id), name(&other));
                must!(message.held.is_some(), "the SMS of {} is taken for nothing", name(&id));
                message.recognised += 1;
            }
        }
        Ok(())
    }

    /// How many messages ended as what.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for message in self.messages.values() {
            let word = message.outcome.as_ref().map(|(_, outcome)| outcome.word);
            tally.add(match (word, message.held) {
                (Some(Word::Delivered), _) => "messages delivered",
                (Some(_), Some(_)) => {
                    "messages that arrived and went as SMS too, which was recognised"
                }
                (Some(Word::Never), None) => "messages as SMS, as they had never left",
                (Some(Word::TakenBack), None) => "messages as SMS, taken back in time",
                (Some(_), None) => "messages as SMS, as there was no answer",
                (None, _) => "messages not taken",
            });
            if message.overtaken {
                tally.add("messages overtaken by a later one");
            }
            if message.clocks_apart {
                tally.add("messages under way while the clocks were more than 10 s apart");
            }
        }
        tally
    }

    /// Every deadline has passed, and every SMS was looked at.
    pub fn over(&self) -> Result<(), Objection> {
        for (id, message) in &self.messages {
            let name = name(id);
            let Some((_, outcome)) = &message.outcome else {
                must!(!message.accepted, "{name} was taken and has no outcome");
                must!(message.held.is_none(), "{name} has arrived and has no outcome");
                continue;
            };
            let twice = message.held.is_some() && outcome.word != Word::Delivered;
            let right = message.recognised == u32::from(twice)
                || (twice && message.recognised == 0 && message.perhaps_recognised);
            must!(right, "the SMS of {name} was recognised {} times", message.recognised);
        }
        Ok(())
    }
}

/// How a message is called in what is printed.
pub fn name(id: &Id) -> String {
    format!("message {}", id[0])
}
