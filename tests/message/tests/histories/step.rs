// SPDX-License-Identifier: Apache-2.0
//! What can happen, in words, and how likely it is.

use std::fmt;

use proptest::prelude::*;
use sim::Fault;

/// One thing that an app, an owner or the world does. Phones are 0 and 1.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Send { from: usize, deadline_s: i64 },
    Again { from: usize, which: usize },
    Acknowledge { phone: usize },
    Wait { ms: i64 },
    Clock { phone: usize, wrong_by_ms: i64 },
    Die { phone: usize, moments: u32, clocks: bool, quick: bool },
    KillUplink { phone: usize },
    BrokerForgets { bundles: bool },
    Registrar { up: bool },
    Network { phone: usize, connected: bool },
    Unlock { phone: usize, unlocked: bool },
    Withdraw { phone: usize },
    Grant { phone: usize },
    Fault { after: u32, fault: Fault },
}

/// A history: what happens, one after the other.
pub fn history() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 4..40)
}

fn step() -> impl Strategy<Value = Step> {
    let phone = 0..2_usize;
    prop_oneof![
        8 => (phone.clone(), 20..120_i64)
            .prop_map(|(from, deadline_s)| Step::Send { from, deadline_s }),
        1 => (phone.clone(), 0..8_usize).prop_map(|(from, which)| Step::Again { from, which }),
        2 => phone.clone().prop_map(|phone| Step::Acknowledge { phone }),
        8 => prop_oneof![0..200_i64, 200..5000_i64, 5000..60_000_i64]
            .prop_map(|ms| Step::Wait { ms }),
        2 => (phone.clone(), prop_oneof![Just(0), -9000..9000_i64, -3_600_000..3_600_000_i64])
            .prop_map(|(phone, wrong_by_ms)| Step::Clock { phone, wrong_by_ms }),
        3 => (phone.clone(), prop_oneof![1..12_u32, 1..200_u32], any::<bool>())
            .prop_map(|(phone, moments, quick)| Step::Die { phone, moments, clocks: true, quick }),
        4 => (phone.clone(), prop_oneof![1..6_u32, 1..20_u32], any::<bool>())
            .prop_map(|(phone, moments, quick)| Step::Die { phone, moments, clocks: false, quick }),
        1 => phone.clone().prop_map(|phone| Step::KillUplink { phone }),
        1 => proptest::bool::weighted(0.2).prop_map(|bundles| Step::BrokerForgets { bundles }),
        1 => any::<bool>().prop_map(|up| Step::Registrar { up }),
        2 => (phone.clone(), proptest::bool::weighted(0.6))
            .prop_map(|(phone, connected)| Step::Network { phone, connected }),
        1 => (phone.clone(), proptest::bool::weighted(0.7))
            .prop_map(|(phone, unlocked)| Step::Unlock { phone, unlocked }),
        1 => phone.clone().prop_map(|phone| Step::Withdraw { phone }),
        2 => phone.prop_map(|phone| Step::Grant { phone }),
        6 => (0..4_u32, fault()).prop_map(|(after, fault)| Step::Fault { after, fault }),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        2 => Just(Fault::Lose),
        2 => Just(Fault::Repeat),
        4 => prop_oneof![0..3000_i64, 0..90_000_i64].prop_map(Fault::Late),
        1 => (0..90_000_i64).prop_map(Fault::LateAndFresh),
        1 => prop_oneof![Just(0x80), Just(0x87), Just(0x97)].prop_map(Fault::Refuse),
        2 => Just(Fault::NoAck),
        1 => Just(Fault::NotTaken),
    ]
}

/// A step a line.
pub fn in_words(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("  {step}\n")).collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = |phone: &usize| ["Alice", "Bob"][*phone];
        match self {
            Self::Send { from, deadline_s } => {
                write!(f, "{} sends, with {deadline_s} s until SMS", who(from))
            }
            Self::Again { from, which } => {
                write!(f, "{} sends message {which} from the last one again", who(from))
            }
            Self::Acknowledge { phone } => write!(f, "{}'s app acknowledges all", who(phone)),
            Self::Wait { ms } => write!(f, "{ms} ms pass"),
            Self::Clock { phone, wrong_by_ms } => {
                write!(f, "{}'s clock is wrong by {wrong_by_ms} ms", who(phone))
            }
            Self::Die { phone, moments, clocks, quick } => {
                let clocks = if *clocks { "" } else { ", readings of its clock left aside" };
                let uplink = if *quick { ", after its uplink has sent all" } else { "" };
                write!(f, "{}'s gate dies {moments} moments from here{clocks}{uplink}", who(phone))
            }
            Self::KillUplink { phone } => write!(f, "{}'s uplink dies", who(phone)),
            Self::BrokerForgets { bundles: false } => write!(f, "the broker loses its sessions"),
            Self::BrokerForgets { bundles: true } => write!(f, "the broker loses all it has"),
            Self::Registrar { up: true } => write!(f, "the registrar runs"),
            Self::Registrar { up: false } => write!(f, "the registrar stops"),
            Self::Network { phone, connected: true } => write!(f, "{} has a network", who(phone)),
            Self::Network { phone, connected: false } => write!(f, "{} has none", who(phone)),
            Self::Unlock { phone, unlocked: true } => write!(f, "{} unlocks", who(phone)),
            Self::Unlock { phone, unlocked: false } => {
                write!(f, "{}'s phone is locked", who(phone))
            }
            Self::Withdraw { phone } => write!(f, "{} turns off", who(phone)),
            Self::Grant { phone } => write!(f, "{} turns on", who(phone)),
            Self::Fault { after, fault } => {
                write!(f, "the broker lets {after} publishes pass, and of the next: {fault:?}")
            }
        }
    }
}
