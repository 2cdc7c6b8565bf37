// SPDX-License-Identifier: Apache-2.0
//! Brokers that misbehave at each point of the exchange: the gate stays up and small, the owner can turn off, and
//! each message has one outcome (P3, P6).

use cloudmessaging_testbed::{proc, until, Bed, Phone, Result};
use peers::certificates::Wrong;
use peers::Point::*;
use peers::{bed, held, outcomes, phone, reachable, Hostile, How, Misdeed, Role, LONG};

/// All ways but [`How::Swallow`], which is for what has a point of its own.
const WAYS: [How; 3] = [How::Close, How::Garbage, How::Silence];

/// More than a gate or an uplink may grow by, in bytes.
const GROWN: u64 = 16 * 1024 * 1024;

/// Whose broker misbehaves.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Sender,
    Recipient,
}

/// Two phones, and a hostile broker that either can be sent to.
struct Pair {
    anna: Phone,
    ben: Phone,
    hostile: Hostile,
}

impl Pair {
    fn start(bed: &Bed, number: usize) -> Result<Self> {
        let anna = reachable(bed, &format!("anna{number}"), &format!("+1555010{number}"))?;
        let ben = reachable(bed, &format!("ben{number}"), &format!("+1555011{number}"))?;
        let hostile =
            Hostile::start(&bed.pki(), bed.broker_address()).expect("a port to listen on");
        Ok(Self { anna, ben, hostile })
    }

    fn whose(&self, whose: Whose) -> &Phone {
        match whose {
            Whose::Sender => &self.anna,
            Whose::Recipient => &self.ben,
        }
    }

    /// Sends a message past the misdeed; once the broker is well again it arrives, once.
    fn survives(&self, bed: &Bed, whose: Whose, misdeed: Misdeed, hits: usize) -> Result<()> {
        let phone = self.whose(whose);
        let case = format!("{whose:?}: {misdeed:?}");
        self.hostile.misbehave(Some(misdeed));
        phone.relay().redirect(self.hostile.address());
        let sent = self.anna.send(self.ben.number(), &case, &["--sms-deadline", "900"])?;
        assert_eq!(sent.code, 0, "{case}: {}", sent.output);
        let hit = until(LONG, || Ok((self.hostile.hits() >= hits).then_some(())))?;
        hit.ok_or_else(|| phone.waited(&case, LONG))?;
        assert_eq!(self.hostile.believed(), 0, "{case}");
        self.hostile.misbehave(None);
        phone.relay().redirect(bed.broker_address());
        let id = &sent.json["id"];
        let ended = until(LONG, || Ok(outcomes(&self.anna, id)?.pop()))?;
        let ended = ended.ok_or_else(|| self.anna.waited(&format!("the end of {case}"), LONG))?;
        assert_eq!(ended["delivered"], true, "{case}: {ended}");
        assert_eq!(outcomes(&self.anna, id)?.len(), 1, "{case}");
        assert_eq!(held(&self.ben, &case)?, 1, "{case}");
        Ok(())
    }

    /// Bytes that the gates and uplinks hold for themselves.
    fn memory(&self) -> u64 {
        let gates = [&self.anna, &self.ben].map(|phone| phone.gate());
        let uplinks = [&self.anna, &self.ben].map(|phone| phone.uplinks()).concat();
        gates.iter().chain(&uplinks).filter_map(|pid| proc::anonymous(*pid).ok()).sum()
    }
}

/// Each misdeed, whose broker does it, and how often it has to have done it.
fn misdeeds() -> Vec<(Whose, Misdeed, usize)> {
    let mut all = Vec::new();
    for how in WAYS {
        // Before CONNECT nobody knows which of the two connections it is.
        for point in [Accept, Tls] {
            all.push((Whose::Sender, Misdeed::At(point, how, Role::Post), 2));
        }
        for point in [Connect, Connack, Subscribe, Suback, Publish, Puback] {
            all.push((Whose::Sender, Misdeed::At(point, how, Role::Post), 1));
        }
        // The receipt.
        all.push((Whose::Sender, Misdeed::At(Inbound, how, Role::Inbox), 1));
        all.push((Whose::Sender, Misdeed::At(InboundAck, how, Role::Inbox), 1));
        for point in [Connect, Connack, Subscribe, Suback, Inbound, InboundAck] {
            all.push((Whose::Recipient, Misdeed::At(point, how, Role::Inbox), 1));
        }
    }
    for (whose, point, role) in [
        (Whose::Sender, Publish, Role::Post),
        (Whose::Sender, Puback, Role::Post),
        (Whose::Recipient, Inbound, Role::Inbox),
        (Whose::Recipient, InboundAck, Role::Inbox),
        (Whose::Sender, Inbound, Role::Inbox),
    ] {
        all.push((whose, Misdeed::At(point, How::Swallow, role), 1));
    }
    for wrong in [Wrong::Authority, Wrong::Name, Wrong::Expired] {
        all.push((Whose::Sender, Misdeed::Certificate(wrong), 2));
    }
    all.push((Whose::Sender, Misdeed::OldTls, 2));
    all
}

#[test]
fn a_message_survives_a_broker_that_fails_at_any_point() -> Result<()> {
    const PAIRS: usize = 4;
    let bed = &bed()?;
    let misdeeds = &misdeeds();
    std::thread::scope(|scope| {
        let pairs: Vec<_> = (0..PAIRS)
            .map(|number| {
                scope.spawn(move || {
                    let pair = Pair::start(bed, number)?;
                    let (gates, before) = ([pair.anna.gate(), pair.ben.gate()], pair.memory());
                    for (whose, misdeed, hits) in misdeeds.iter().skip(number).step_by(PAIRS) {
                        pair.survives(bed, *whose, *misdeed, *hits)?;
                    }
                    let grown = pair.memory().saturating_sub(before);
                    assert!(grown < GROWN, "grown by {grown} bytes");
                    assert!(gates.iter().all(|gate| proc::exists(*gate)), "a gate ended");
                    Ok(())
                })
            })
            .collect();
        pairs.into_iter().try_for_each(|pair| pair.join().expect("a claim failed"))
    })
}

/// P3: whatever the broker does, off is off when `withdraw` returns.
#[test]
fn withdraw_returns_whatever_the_broker_does() -> Result<()> {
    let bed = &bed()?;
    std::thread::scope(|scope| {
        let phones: Vec<_> = WAYS
            .into_iter()
            .enumerate()
            .map(|(number, how)| {
                scope.spawn(move || {
                    let phone = phone(bed, &format!("anna{number}"), &format!("+1555010{number}"))?;
                    let hostile = Hostile::start(&bed.pki(), bed.broker_address()).expect("a port");
                    phone.relay().redirect(hostile.address());
                    // While it registers: the answer is the message that comes in.
                    for point in
                        [Accept, Tls, Connect, Connack, Subscribe, Suback, Publish, Puback, Inbound]
                    {
                        let misdeed = Misdeed::At(point, how, Role::Post);
                        turn_off_during(&phone, &hostile, misdeed)?;
                    }
                    for wrong in [Wrong::Authority, Wrong::Name, Wrong::Expired] {
                        turn_off_during(&phone, &hostile, Misdeed::Certificate(wrong))?;
                    }
                    turn_off_during(&phone, &hostile, Misdeed::OldTls)
                })
            })
            .collect();
        phones.into_iter().try_for_each(|phone| phone.join().expect("a claim failed"))
    })
}

fn turn_off_during(phone: &Phone, hostile: &Hostile, misdeed: Misdeed) -> Result<()> {
    hostile.misbehave(Some(misdeed));
    phone.grant(&[])?;
    let hit = until(LONG, || Ok((hostile.hits() > 0).then_some(())))?;
    hit.ok_or_else(|| phone.waited(&format!("{misdeed:?}"), LONG))?;
    let withdrawn = phone.cmctl(&["consent", "withdraw"])?;
    assert_eq!(phone.uplinks(), [0; 0], "{misdeed:?}");
    assert_eq!(withdrawn["durable"], true, "{misdeed:?}");
    let closed = until(LONG, || Ok((phone.relay().open() == 0).then_some(())))?;
    closed.ok_or_else(|| phone.waited(&format!("its connections to end at {misdeed:?}"), LONG))
}

/// P6: what was not delivered at its deadline is the app's to send as an SMS, and does not arrive afterwards;
/// what was delivered is not, though the broker never acknowledged it.
#[test]
fn a_broker_that_never_answers_leaves_each_message_one_outcome() -> Result<()> {
    let bed = &bed()?;
    let cases = [
        // Nobody ever had it.
        (Whose::Sender, Misdeed::At(Publish, How::Silence, Role::Post), false),
        (Whose::Sender, Misdeed::At(Publish, How::Swallow, Role::Post), false),
        // The broker has it, and the recipient asks it in vain.
        (Whose::Recipient, Misdeed::At(Inbound, How::Silence, Role::Inbox), false),
        // The recipient has it.
        (Whose::Sender, Misdeed::At(Puback, How::Swallow, Role::Post), true),
    ];
    std::thread::scope(|scope| {
        let pairs: Vec<_> = cases
            .into_iter()
            .enumerate()
            .map(|(number, case)| {
                scope.spawn(move || ends_once(&Pair::start(bed, number)?, bed, case))
            })
            .collect();
        pairs.into_iter().try_for_each(|pair| pair.join().expect("a claim failed"))
    })
}

fn ends_once(pair: &Pair, bed: &Bed, case: (Whose, Misdeed, bool)) -> Result<()> {
    let (whose, misdeed, delivered) = case;
    let phone = pair.whose(whose);
    let (anna, ben) = (&pair.anna, &pair.ben);
    pair.hostile.misbehave(Some(misdeed));
    phone.relay().redirect(pair.hostile.address());
    let sent = anna.send(ben.number(), "late", &["--sms-deadline", "25"])?;
    assert_eq!(sent.code, 0, "{case:?}: {}", sent.output);
    let id = &sent.json["id"];
    let ended = until(LONG, || Ok(outcomes(anna, id)?.pop()))?;
    let ended = ended.ok_or_else(|| anna.waited(&format!("the end of {case:?}"), LONG))?;
    assert_eq!(ended["delivered"], delivered, "{case:?}: {ended}");
    assert!(pair.hostile.hits() > 0, "{case:?}");
    // The broker is well again. What is sent now arrives, and would not overtake what was sent before.
    pair.hostile.misbehave(None);
    phone.relay().redirect(bed.broker_address());
    let next = anna.send(ben.number(), "next", &["--sms-deadline", "900", "--wait", "120"])?;
    assert_eq!(next.code, 0, "{case:?}: {}", next.output);
    assert_eq!(held(ben, "next")?, 1, "{case:?}");
    assert_eq!(held(ben, "late")?, usize::from(delivered), "{case:?}");
    assert_eq!(outcomes(anna, id)?, [ended], "{case:?}");
    Ok(())
}
