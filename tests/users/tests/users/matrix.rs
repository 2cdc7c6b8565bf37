// SPDX-License-Identifier: Apache-2.0
//! Every method of the three interfaces, called by a second user while the first one is on, has sent and has received:
//! nothing of the first one's is in what it answers, and nothing of it has changed afterwards.

use std::fmt::Debug;

use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use binder::ParcelFileDescriptor;
use cloudmessaging_gate::service::access::{Interface, TABLE};
use cloudmessaging_testbed::{until, Phone, Result};
use users::{is_root, number, phone, report, report_both, sim, Apps, Told, FIRST, LONG, SECOND};

const TO_FIRST: &str = "Are you coming on Sunday?";
const FROM_FIRST: &str = "Yes, at three.";
const TO_SECOND: &str = "The parcel is here.";
/// Of the message that the first user sends.
const ID: [u8; 16] = [0xa5; 16];

/// What is asked, and how its answer, or the refusal, is printed.
struct Call<'a> {
    apps: &'a Apps,
    friend: &'a str,
}

/// Everything that an answer holds.
fn shown<T: Debug>(answer: binder::Result<T>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(status) => format!("{:?} {}", status.exception_code(), status.service_specific_error()),
    }
}

/// Bytes as they stand in an answer.
fn bytes(bytes: &[u8]) -> String {
    format!("{bytes:?}").trim_matches(['[', ']']).to_owned()
}

impl Call<'_> {
    /// One row of the table. `None`: there is no such row here.
    fn make(&self, interface: Interface, method: &str, told: &Told) -> Option<String> {
        let (consent, platform, messaging) =
            (self.apps.consent(), self.apps.platform(), self.apps.messaging());
        let own = sim(SECOND).subscriptionId;
        let others = sim(FIRST).subscriptionId;
        let today = i32::try_from(now_ms() / 86_400_000).unwrap();
        Some(match (interface, method) {
            (Interface::Consent, "state") => shown(consent.state()),
            (Interface::Consent, "disclosure") => shown(consent.disclosure("en")),
            // Of the first one's SIM: in use, and no word about by whom.
            (Interface::Consent, "grant") => {
                let refused = consent.grant(&self.apps.grant_of(vec![sim(FIRST)])).unwrap_err();
                let code = aidl::ErrorCode::ErrorCode::SIM_IN_USE.0;
                assert_eq!(refused.service_specific_error(), code, "{refused}");
                shown::<()>(Err(refused))
            }
            (Interface::Consent, "submitCode") => shown(consent.submitCode(others, "ABCD2345")),
            (Interface::Consent, "requestCode") => shown(consent.requestCode(others)),
            (Interface::Consent, "withdraw") => shown(consent.withdraw(true)),
            (Interface::Consent, "setClassAllowed") => {
                let class = aidl::DataClass::DataClass::DELIVERY_RECEIPT;
                shown(consent.setClassAllowed(class, false))
            }
            (Interface::Consent, "receipt") => shown(consent.receipt()),
            (Interface::Consent, "preview") => {
                let classes = self.apps.grant_of(Vec::new()).allowedClasses;
                shown(consent.preview(&[sim(SECOND)], &classes))
            }
            (Interface::Consent, "ledger") => shown(consent.ledger(-1, 200, &[], &[])),
            (Interface::Consent, "ledgerTotals") => {
                shown(consent.ledgerTotals(today - 1, today, 0))
            }
            (Interface::Consent, "ledgerCheckpoint") => shown(consent.ledgerCheckpoint()),
            (Interface::Consent, "exportLedger") => self.export(),
            (Interface::Consent, "eraseLedger") => shown(consent.eraseLedger()),
            (Interface::Consent, "legacy") => shown(consent.legacy("en")),
            (Interface::Consent, "legacyTold") => shown(consent.legacyTold()),
            (Interface::Consent, "addListener") => shown(consent.addListener(&told.listener())),
            (Interface::Consent, "removeListener") => {
                shown(consent.removeListener(&told.listener()))
            }
            (Interface::Platform, "reportUsers") => shown(platform.reportUsers(&[report(SECOND)])),
            (Interface::Platform, "reportIdentities") => {
                shown(platform.reportIdentities(FIRST, &[sim(SECOND)]))
            }
            (Interface::Platform, "reportNetwork") => {
                shown(platform.reportNetwork(&Default::default()))
            }
            (Interface::Platform, "provideStorageKey") => {
                shown(platform.provideStorageKey(FIRST, &[9; 32]))
            }
            (Interface::Platform, "wantsIdentities") => shown(platform.wantsIdentities(FIRST)),
            (Interface::Platform, "wantsLegacy") => shown(platform.wantsLegacy(FIRST)),
            (Interface::Platform, "reportLegacy") => shown(platform.reportLegacy(FIRST, &[])),
            (Interface::Platform, "addListener") => shown(platform.addListener(&told.listener())),
            (Interface::Messaging, "state") => shown(messaging.state()),
            // By the first one's id and SIM.
            (Interface::Messaging, "send") => {
                shown(messaging.send(&self.message(others, FROM_FIRST)))
            }
            (Interface::Messaging, "outcomes") => shown(messaging.outcomes(0, 100)),
            (Interface::Messaging, "acknowledgeOutcomes") => {
                shown(messaging.acknowledgeOutcomes(i64::MAX))
            }
            (Interface::Messaging, "inbound") => shown(messaging.inbound(0, 100)),
            (Interface::Messaging, "acknowledgeInbound") => {
                shown(messaging.acknowledgeInbound(i64::MAX))
            }
            (Interface::Messaging, "checkSms") => {
                let now = now_ms();
                let found = messaging.checkSms(own, self.friend, TO_FIRST, now);
                assert!(found.as_ref().is_ok_and(Vec::is_empty), "{found:?}");
                shown(found)
            }
            (Interface::Messaging, "submitCode") => shown(messaging.submitCode(others, "ABCD2345")),
            (Interface::Messaging, "keyChanged") => shown(messaging.keyChanged()),
            (Interface::Messaging, "acknowledgeKeyChanges") => {
                shown(messaging.acknowledgeKeyChanges(i64::MAX))
            }
            (Interface::Messaging, "fingerprint") => {
                shown(messaging.fingerprint(others, self.friend))
            }
            (Interface::Messaging, "setCallback") => {
                shown(messaging.setCallback(Some(&told.callback())))
            }
            _ => return None,
        })
    }

    fn message(&self, subscription: i32, body: &str) -> aidl::OutgoingMessage::OutgoingMessage {
        aidl::OutgoingMessage::OutgoingMessage {
            id: ID.to_vec(),
            subscriptionId: subscription,
            recipient: self.friend.into(),
            body: body.into(),
            smsDeadlineMillis: now_ms() + 600_000,
        }
    }

    fn export(&self) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        let to = ParcelFileDescriptor::new(std::os::fd::OwnedFd::from(file.reopen().unwrap()));
        let entries = shown(self.apps.consent().exportLedger(&to));
        // Bytes as the secrets are printed, and as text.
        let export = std::fs::read(file.path()).unwrap();
        format!("{entries} {} {}", bytes(&export), String::from_utf8_lossy(&export))
    }
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

/// All that the first user's apps see of what is theirs, but for what changes by itself.
#[derive(Debug, PartialEq)]
struct Own {
    on: bool,
    receipt: String,
    classes: String,
    sims: Vec<i32>,
    outcomes: String,
    inbound: String,
    key_changes: String,
    key: String,
}

fn own(first: &Apps) -> Own {
    let (consent, messaging) = (first.consent(), first.messaging());
    let state = consent.state().unwrap();
    Own {
        on: state.on,
        receipt: consent.receipt().unwrap(),
        classes: format!("{:?}", state.allowedClasses),
        sims: messaging.state().unwrap().subscriptionIds,
        outcomes: shown(messaging.outcomes(0, 100)),
        inbound: shown(messaging.inbound(0, 100)),
        key_changes: shown(messaging.keyChanged()),
        key: consent.ledgerCheckpoint().unwrap().key,
    }
}

/// Entries of the ledger that were there are still there, and say what they said.
fn kept(first: &Apps, before: &[aidl::LedgerEntry::LedgerEntry]) -> bool {
    let now = first.consent().ledger(-1, 200, &[], &[]).unwrap();
    before.iter().all(|was| {
        now.iter()
            .any(|is| is.position == was.position && is.entry == was.entry && !is.entry.is_empty())
    })
}

/// What identifies the first user, their messages and their consent, as it would stand in an answer.
fn secrets(first: &Apps, friend: &str) -> Vec<String> {
    let sim = sim(FIRST);
    let mut secrets =
        [sim.number, sim.imsi, sim.imei, friend.into(), TO_FIRST.into(), FROM_FIRST.into()]
            .into_iter()
            .flat_map(|text: String| [bytes(text.as_bytes()), text])
            .collect::<Vec<_>>();
    secrets.push(bytes(&ID));
    let receipt: serde_json::Value =
        serde_json::from_str(&first.consent().receipt().unwrap()).unwrap();
    // In a receipt as text, in the ledger as bytes.
    let record = receipt["record_id"].as_str().expect("a record id").to_owned();
    let digit = |at: usize| u8::from_str_radix(&record[at..at + 2], 16).unwrap();
    secrets.push(bytes(&(0..record.len()).step_by(2).map(digit).collect::<Vec<_>>()));
    secrets.push(record);
    let inbound = first.messaging().inbound(0, 100).unwrap();
    secrets.extend(inbound.iter().map(|message| bytes(&message.id)));
    secrets.push(first.consent().ledgerCheckpoint().unwrap().key);
    // Each entry of the ledger is blinded, so none is like another one by chance.
    let ledger = first.consent().ledger(-1, 200, &[], &[]).unwrap();
    secrets.extend(ledger.iter().map(|entry| bytes(&entry.entry)));
    secrets
}

/// The first user's message is delivered, and each has one message from the friend.
fn exchange(first: &Apps, second: &Apps, friend: &Phone) -> Result<()> {
    let call = Call { apps: first, friend: friend.number() };
    first.messaging().send(&call.message(sim(FIRST).subscriptionId, FROM_FIRST)).unwrap();
    friend.received(FROM_FIRST, LONG)?;
    for (apps, text) in [(first, TO_FIRST), (second, TO_SECOND)] {
        friend.send(number(apps.user), text, &[])?;
        let came = until(LONG, || {
            let inbound = apps.messaging().inbound(0, 100).unwrap();
            Ok(inbound.iter().any(|message| message.body == text).then_some(()))
        })?;
        assert!(came.is_some(), "the message to user {}", apps.user);
    }
    let ended = until(LONG, || Ok(first.messaging().outcomes(0, 100).unwrap().pop()))?;
    assert!(ended.is_some_and(|outcome| outcome.delivered && outcome.id == ID));
    Ok(())
}

#[test]
fn of_one_user_another_sees_nothing_and_changes_nothing() -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let (bed, phone) = phone()?;
    let (first, second) = (Apps::of(FIRST, &phone), Apps::of(SECOND, &phone));
    report_both(&first);
    first.turn_on(&first, &bed)?;
    second.turn_on(&first, &bed)?;
    let friend = bed.phone("ben", "+15550101")?;
    friend.report()?;
    friend.grant(&[])?;
    friend.reachable(LONG)?;
    exchange(&first, &second, &friend)?;

    let (before, secrets) = (own(&first), secrets(&first, friend.number()));
    assert!(before.on && secrets.len() > 12, "{secrets:?}");
    let ledger = first.consent().ledger(-1, 200, &[], &[]).unwrap();
    let call = Call { apps: &second, friend: friend.number() };
    let theirs = [friend.number().to_owned(), bytes(friend.number().as_bytes())];
    let told = Told::default();
    // The withdrawal last of those that change something: the others are to meet somebody who is on.
    let mut rows = TABLE;
    rows.sort_by_key(|(_, method, _)| ["withdraw", "eraseLedger"].contains(method));
    for (interface, method, _) in rows {
        let answer = call.make(interface, method, &told);
        let answer = answer.unwrap_or_else(|| panic!("{interface:?}.{method} is not tried"));
        println!("{interface:?}.{method}: {}", answer.chars().take(100).collect::<String>());
        // The friend is the second one's too.
        for secret in secrets.iter().filter(|secret| !theirs.contains(*secret)) {
            assert!(!answer.contains(secret.as_str()), "{interface:?}.{method} tells {secret}");
        }
        if interface == Interface::Platform {
            assert!(answer.starts_with("Security"), "{method}: {answer}");
        }
        assert_eq!(own(&first), before, "after {interface:?}.{method}");
        assert!(kept(&first, &ledger), "the ledger after {interface:?}.{method}");
    }

    // Hints: of the first one's next message the second one's callback hears nothing.
    let (hints, others) = (Told::default(), told.count());
    first.messaging().setCallback(Some(&hints.callback())).unwrap();
    friend.send(number(FIRST), "One more.", &[])?;
    let heard = until(LONG, || Ok((hints.count() > 0).then_some(())))?;
    assert!(heard.is_some());
    assert_eq!(told.count(), others);
    Ok(())
}
