// SPDX-License-Identifier: Apache-2.0
//! The rule: when something may pass. Pure functions of terms and facts; the first that does not hold
//! refuses.

use super::{Closed, Facts, Network, Refusal, Terms};

/// Whether anything of this SIM (of any, if `None`) may be taken for sending.
pub(super) fn admission<'t>(
    terms: &'t Result<Terms, Closed>,
    facts: &Facts,
    sim: Option<i32>,
) -> Result<&'t Terms, Refusal> {
    let terms = terms.as_ref().map_err(|why| Refusal::Closed(*why))?;
    if !facts.committed || !facts.exists {
        return Err(Refusal::NotYetReported);
    }
    if let Some(policy) = facts.policy {
        return Err(Refusal::Policy(policy));
    }
    if !facts.unlocked {
        return Err(Refusal::NotUnlocked);
    }
    if let Some(sim) = sim {
        if !terms.sims.contains(&sim) {
            return Err(Refusal::SimNotNamed);
        }
        if !facts.sims.contains(&sim) {
            return Err(Refusal::SimChanged);
        }
    } else if !terms.sims.iter().any(|sim| facts.sims.contains(sim)) {
        return Err(Refusal::SimChanged);
    }
    Ok(terms)
}

/// Whether a connection may exist, and over which network.
pub(super) fn connection<'f>(
    terms: &Result<Terms, Closed>,
    facts: &'f Facts,
) -> Result<&'f Network, Refusal> {
    let terms = admission(terms, facts, None)?;
    let network = facts.network.as_ref().ok_or(Refusal::NotYetReported)?;
    if !network.connected {
        return Err(Refusal::NoNetwork);
    }
    if network.roaming && !terms.while_roaming {
        return Err(Refusal::Roaming);
    }
    if network.data_saver && !terms.with_data_saver {
        return Err(Refusal::DataSaver);
    }
    if network.battery_saver && !terms.with_battery_saver {
        return Err(Refusal::BatterySaver);
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclose::Classes;
    use crate::gate::Policy;

    fn terms() -> Terms {
        Terms {
            record_id: [0; 16],
            classes: Classes::NONE,
            sims: vec![1, 2],
            while_roaming: false,
            with_data_saver: false,
            with_battery_saver: false,
        }
    }

    fn facts() -> Facts {
        let network = Network { connected: true, ..Network::default() };
        let (exists, unlocked, committed) = (true, true, true);
        Facts { committed, exists, unlocked, policy: None, sims: vec![1], network: Some(network) }
    }

    fn with(change: impl FnOnce(&mut Facts)) -> Facts {
        let mut facts = facts();
        change(&mut facts);
        facts
    }

    #[test]
    fn nothing_passes_until_it_was_reported() {
        let reported = |f: &Facts| admission(&Ok(terms()), f, Some(1)).map(|_| ());
        assert_eq!(reported(&facts()), Ok(()));
        assert_eq!(reported(&Facts::default()), Err(Refusal::NotYetReported));
        assert_eq!(reported(&with(|f| f.exists = false)), Err(Refusal::NotYetReported));
        assert_eq!(reported(&with(|f| f.committed = false)), Err(Refusal::NotYetReported));
        let no_network = with(|f| f.network = None);
        assert_eq!(connection(&Ok(terms()), &no_network), Err(Refusal::NotYetReported));
    }

    #[test]
    fn without_consent_the_answer_is_off_whatever_else_holds() {
        for why in [Closed::Off, Closed::OutdatedDisclosure] {
            for facts in [facts(), Facts::default()] {
                assert_eq!(admission(&Err(why), &facts, None), Err(Refusal::Closed(why)));
                assert_eq!(connection(&Err(why), &facts), Err(Refusal::Closed(why)));
            }
        }
    }

    #[test]
    fn each_fact_alone_refuses() {
        let policy = Policy::SmsForbidden;
        let check = |change: fn(&mut Facts), want: Refusal| {
            assert_eq!(connection(&Ok(terms()), &with(change)), Err(want));
        };
        check(|f| f.policy = Some(Policy::SmsForbidden), Refusal::Policy(policy));
        check(|f| f.unlocked = false, Refusal::NotUnlocked);
        check(|f| f.sims.clear(), Refusal::SimChanged);
        check(|f| f.sims = vec![9], Refusal::SimChanged);
        check(|f| f.network = Some(Network::default()), Refusal::NoNetwork);
        let network = |f: &mut Facts, change: fn(&mut Network)| change(f.network.as_mut().unwrap());
        let check = |change: fn(&mut Network), want: Refusal| {
            assert_eq!(connection(&Ok(terms()), &with(|f| network(f, change))), Err(want));
        };
        check(|n| n.roaming = true, Refusal::Roaming);
        check(|n| n.data_saver = true, Refusal::DataSaver);
        check(|n| n.battery_saver = true, Refusal::BatterySaver);
    }

    #[test]
    fn the_owner_can_allow_roaming_and_savers_each_by_itself() {
        let all = with(|f| {
            let network = f.network.as_mut().unwrap();
            (network.roaming, network.data_saver, network.battery_saver) = (true, true, true);
        });
        let mut terms = terms();
        terms.while_roaming = true;
        assert_eq!(connection(&Ok(terms.clone()), &all), Err(Refusal::DataSaver));
        terms.with_data_saver = true;
        assert_eq!(connection(&Ok(terms.clone()), &all), Err(Refusal::BatterySaver));
        terms.with_battery_saver = true;
        assert!(connection(&Ok(terms), &all).is_ok());
    }

    #[test]
    fn a_sim_that_is_not_named_or_not_the_same_sends_nothing() {
        let of = |sim| admission(&Ok(terms()), &facts(), Some(sim)).map(|_| ());
        assert_eq!(of(1), Ok(()));
        assert_eq!(of(2), Err(Refusal::SimChanged), "named, but not in the phone");
        assert_eq!(of(3), Err(Refusal::SimNotNamed));
    }
}
