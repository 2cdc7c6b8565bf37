// SPDX-License-Identifier: Apache-2.0
//! What can be told of a user at any moment: what the owner's page shows, what the Messaging app may know.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;

use super::{Registration, SimLink, User};
use crate::consent::{Agreed, Disclosures, OffReason, Parties};
use crate::gate::Policy;
use crate::message::{Ending, Outcome, SmsReason};
use crate::service::words;
use crate::sync::lock;

impl User {
    pub(super) fn consent_state(&self) -> aidl::ConsentState::ConsentState {
        let refusal = self.gate.connects().err();
        let uplink_running = self.gate.running();
        let view = lock(&self.view);
        let record = view.record.as_ref();
        let conditions = record.map(|record| record.conditions());
        let policy = view.report.as_ref().and_then(|report| report.policy);
        let off_reason = match record {
            Some(_) => aidl::OffReason::OffReason::NONE,
            None => words::off_reason(view.off),
        };
        aidl::ConsentState::ConsentState {
            on: record.is_some(),
            offReason: off_reason,
            durable: view.durable,
            refusal: refusal.map_or(aidl::Refusal::Refusal::NONE, words::refusal),
            policy: policy.map_or(aidl::Policy::Policy::NONE, words::policy),
            sims: record.map(|_| view.links.iter().map(sim_state).collect()).unwrap_or_default(),
            allowedClasses: record.map(|r| words::classes(r.classes())).unwrap_or_default(),
            whileRoaming: conditions.is_some_and(|c| c.while_roaming),
            withDataSaver: conditions.is_some_and(|c| c.with_data_saver),
            withBatterySaver: conditions.is_some_and(|c| c.with_battery_saver),
            grantedAtMillis: record.map_or(0, |r| r.granted().wall_ms),
            // A disclosure's version is a small number that the build sets.
            disclosureVersion: record.map_or(0, |r| r.disclosure_version() as i32),
            uplinkRunning: uplink_running,
            leaseUntilMillis: if record.is_some() { 0 } else { view.lease_until_ms },
        }
    }

    /// Whether the registration of a SIM waits for a code.
    pub(super) fn waits_for_code(&self, subscription: i32) -> bool {
        lock(&self.view).links.iter().any(|link| {
            link.subscription == subscription && link.registration == Registration::CodeNeeded
        })
    }

    pub(super) fn service_state(&self) -> aidl::ServiceState::ServiceState {
        let refusal = self.gate.admits(None).err();
        let view = lock(&self.view);
        let registered = view.links.iter().filter(|link| link.lease_until_ms != 0);
        aidl::ServiceState::ServiceState {
            on: view.record.is_some(),
            refusal: refusal.map_or(aidl::Refusal::Refusal::NONE, words::refusal),
            subscriptionIds: registered.map(|link| link.subscription).collect(),
        }
    }
}

impl User {
    /// What was agreed to, if what is disclosed has widened since.
    pub(super) fn outdated(&self) -> Option<Agreed> {
        let view = lock(&self.view);
        let outdated = view.record.is_none() && view.off == OffReason::OutdatedDisclosure;
        view.agreed.clone().filter(|_| outdated)
    }
}

/// What is shown before anybody is asked; with what is new in it, for who agreed to less.
pub(super) fn disclosure(
    disclosures: &Disclosures,
    locale: &str,
    agreed: Option<Agreed>,
) -> aidl::Disclosure::Disclosure {
    let (shown, parties) = (disclosures.lookup(locale), disclosures.parties());
    let changed = |before: fn(&Parties) -> &String, now: &String| {
        let before = agreed.as_ref().map(|agreed| before(&agreed.parties));
        before.filter(|before| *before != now).cloned().unwrap_or_default()
    };
    let since = agreed.as_ref().map(|agreed| agreed.disclosure_version);
    aidl::Disclosure::Disclosure {
        // A small number that the build sets.
        version: shown.version() as i32,
        locale: shown.locale().to_owned(),
        text: shown.text().to_owned(),
        sha256: shown.sha256().to_vec(),
        news: since
            .into_iter()
            .flat_map(|since| shown.news_since(since))
            .map(String::from)
            .collect(),
        controller: parties.controller.clone(),
        controllerBefore: changed(|before| &before.controller, &parties.controller),
        broker: parties.broker.clone(),
        brokerBefore: changed(|before| &before.broker, &parties.broker),
        registrarChanged: agreed
            .is_some_and(|agreed| parties.is_another_registrar(&agreed.parties)),
    }
}

fn sim_state(link: &SimLink) -> aidl::SimState::SimState {
    use aidl::Registration::Registration as Word;
    aidl::SimState::SimState {
        subscriptionId: link.subscription,
        registration: match link.registration {
            Registration::None => Word::NONE,
            Registration::Asked => Word::ASKED,
            Registration::CodeNeeded => Word::CODE_NEEDED,
            Registration::Done => Word::DONE,
            Registration::Refused => Word::REFUSED,
            Registration::Moved => Word::MOVED,
        },
        leaseUntilMillis: link.lease_until_ms,
        connected: link.connected,
        codeWasWrong: link.code_was_wrong,
        codeUntilMillis: link.code_until_ms,
    }
}

pub(super) fn outcome(outcome: &Outcome) -> aidl::Outcome::Outcome {
    use aidl::SmsReason::SmsReason as Word;
    let reason = match outcome.ending {
        Ending::Delivered => Word::NONE,
        Ending::UseSms(SmsReason::NotRegistered) => Word::NOT_REGISTERED,
        Ending::UseSms(SmsReason::Refused) => Word::REFUSED,
        Ending::UseSms(SmsReason::Off) => Word::OFF,
        Ending::UseSms(SmsReason::NoNetwork) => Word::NO_NETWORK,
        Ending::UseSms(SmsReason::Expired) => Word::EXPIRED,
        Ending::UseSms(SmsReason::PrekeyGone) => Word::PREKEY_GONE,
        Ending::UseSms(SmsReason::Full) => Word::FULL,
    };
    aidl::Outcome::Outcome {
        cursor: outcome.cursor,
        id: outcome.id.to_vec(),
        delivered: outcome.ending == Ending::Delivered,
        reason,
        atMillis: outcome.at_ms,
    }
}

/// What forbids, in the words that the ledger holds.
pub(super) fn policy_name(policy: Policy) -> &'static str {
    match policy {
        Policy::SmsForbidden => "DISALLOW_SMS",
        Policy::Organisation => "ORGANISATION",
        Policy::Build => "BUILD",
    }
}
