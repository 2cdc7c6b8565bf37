// SPDX-License-Identifier: Apache-2.0
//! Every bound at its limit and beyond it, over the socket.

use super::super::bounds::REPLY_BYTES;
use super::fake::EXPORT;
use super::matrix::{grant, message, user};
use super::stage::{sim, Clients, Stage, SECRETS};
use aidl::DataClass::DataClass;
use aidl::ErrorCode::ErrorCode;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging as aidl;
use binder::{ExceptionCode, ParcelFileDescriptor};
use cloudmessaging_ledger::filter::EVENT_NAMES;
use std::io::Read;
use std::os::unix::net::UnixStream;

type Call = Box<dyn Fn(&Clients) -> binder::Result<()>>;

/// An argument, whether it is within bounds, and the call that carries it.
struct Case(&'static str, Option<ErrorCode>, Call);

const OK: Option<ErrorCode> = None;
const INVALID: Option<ErrorCode> = Some(ErrorCode::INVALID_ARGUMENT);
const LARGE: Option<ErrorCode> = Some(ErrorCode::TOO_LARGE);

fn check(cases: Vec<Case>) {
    let stage = Stage::admitting();
    let to = stage.clients();
    for Case(at, want, call) in cases {
        stage.fake.take_asked();
        let result = call(&to);
        let asked = stage.fake.take_asked();
        match (want, result) {
            (None, Ok(())) => assert_eq!(asked.len(), 1, "{at}"),
            (Some(code), Err(status)) => {
                assert_eq!(status.exception_code(), ExceptionCode::SERVICE_SPECIFIC, "{at}");
                assert_eq!(status.service_specific_error(), code.0, "{at}: {status}");
                assert_eq!(asked, [], "{at}: the module saw what is out of bounds");
                let said = status.message().unwrap_or_default();
                let argument = at.split(' ').next().unwrap();
                assert!(said.starts_with(argument), "{at}: {said}");
                assert!(!SECRETS.iter().any(|secret| said.contains(secret)), "{at}: {said}");
            }
            (want, got) => panic!("{at}: wanted {want:?}, got {got:?}"),
        }
    }
}

fn case(
    at: &'static str,
    want: Option<ErrorCode>,
    call: impl Fn(&Clients) -> binder::Result<()> + 'static,
) -> Case {
    Case(at, want, Box::new(call))
}

#[test]
fn a_grant_is_bounded() {
    let with = |at, want, change: fn(&mut aidl::Grant::Grant)| {
        case(at, want, move |to: &Clients| {
            let mut grant = grant();
            change(&mut grant);
            to.consent.grant(&grant)
        })
    };
    check(vec![
        with("grant as it is", OK, |_| ()),
        with("grant.disclosureSha256 short", INVALID, |g| g.disclosureSha256.truncate(31)),
        with("grant.disclosureSha256 long", LARGE, |g| g.disclosureSha256.push(0)),
        with("grant.disclosureSha256 none", INVALID, |g| g.disclosureSha256.clear()),
        with("grant.locale of 35", OK, |g| g.locale = "a".repeat(35)),
        with("grant.locale of 36", LARGE, |g| g.locale = "a".repeat(36)),
        with("grant.locale none", INVALID, |g| g.locale.clear()),
        with("grant.locale wrong", INVALID, |g| g.locale = "en/GB".into()),
        with("grant.allowedClasses all", OK, |g| g.allowedClasses = classes(1..=10)),
        with("grant.allowedClasses none", OK, |g| g.allowedClasses.clear()),
        with("grant.allowedClasses 11", LARGE, |g| g.allowedClasses = classes(1..=11)),
        with("grant.allowedClasses unknown", INVALID, |g| g.allowedClasses = classes(10..=11)),
        with("grant.allowedClasses unspecified", INVALID, |g| g.allowedClasses = classes(0..=0)),
        with("grant.allowedClasses negative", INVALID, |g| g.allowedClasses = classes(-1..=-1)),
        with("grant.allowedClasses twice", INVALID, |g| {
            g.allowedClasses = [classes(1..=3), classes(2..=2)].concat();
        }),
        with("grant.sims 8", OK, |g| g.sims = (0..8).map(sim).collect()),
        with("grant.sims 9", LARGE, |g| g.sims = (0..9).map(sim).collect()),
        with("grant.sims none", INVALID, |g| g.sims.clear()),
        with("grant.sims twice", INVALID, |g| g.sims = vec![sim(1), sim(1)]),
        with("grant.method unspecified", INVALID, |g| g.method = Default::default()),
        with("grant.method unknown", INVALID, |g| g.method.0 = 3),
    ]);
}

fn events() -> Vec<String> {
    EVENT_NAMES.map(String::from).to_vec()
}

fn classes(numbers: std::ops::RangeInclusive<i32>) -> Vec<DataClass> {
    numbers.map(DataClass).collect()
}

#[test]
fn identities_are_bounded_wherever_they_come_in() {
    let with = |at, want, change: fn(&mut aidl::SimIdentity::SimIdentity)| {
        let changed = move || {
            let mut sim = sim(1);
            change(&mut sim);
            [sim]
        };
        [
            case(at, want, move |to: &Clients| to.platform.reportIdentities(0, &changed())),
            case(at, want, move |to: &Clients| to.consent.preview(&changed(), &[]).map(drop)),
        ]
    };
    let mut cases: Vec<_> = [
        with("sims as they are", OK, |_| ()),
        with("sims subscription", INVALID, |s| s.subscriptionId = -1),
        with("sims number of 15 digits", OK, |s| s.number = "+155501990155501".into()),
        with("sims number of 16 digits", INVALID, |s| s.number = "+1555019901555012".into()),
        with("sims number without plus", INVALID, |s| s.number = "15550199".into()),
        with("sims number none", INVALID, |s| s.number.clear()),
        with("sims imsi none", OK, |s| s.imsi.clear()),
        with("sims imsi of 6", OK, |s| s.imsi = "123456".into()),
        with("sims imsi of 5", INVALID, |s| s.imsi = "12345".into()),
        with("sims imsi of 16", INVALID, |s| s.imsi.push('1')),
        with("sims imsi wrong", INVALID, |s| s.imsi = "00101000000000x".into()),
        with("sims imei none", OK, |s| s.imei.clear()),
        with("sims imei of 14", OK, |s| s.imei = "1".repeat(14)),
        with("sims imei of 13", INVALID, |s| s.imei = "1".repeat(13)),
        with("sims imei of 16", OK, |s| s.imei.push('1')),
        with("sims imei of 17", INVALID, |s| s.imei.push_str("12")),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sims = |count| (0..count).map(sim).collect::<Vec<_>>();
    cases.extend([
        case("sims none", OK, |to| to.platform.reportIdentities(0, &[])),
        case("sims none", INVALID, |to| to.consent.preview(&[], &[]).map(drop)),
        case("sims 8", OK, move |to| to.platform.reportIdentities(0, &sims(8))),
        case("sims 9", LARGE, move |to| to.platform.reportIdentities(0, &sims(9))),
        case("sims 8", OK, move |to| to.consent.preview(&sims(8), &[]).map(drop)),
        case("sims 9", LARGE, move |to| to.consent.preview(&sims(9), &[]).map(drop)),
        case("user negative", INVALID, |to| to.platform.reportIdentities(-1, &[])),
        case("allowedClasses 11", LARGE, |to| {
            to.consent.preview(&[sim(1)], &classes(0..=10)).map(drop)
        }),
    ]);
    check(cases);
}

#[test]
fn a_message_is_bounded() {
    let with = |at, want, change: fn(&mut aidl::OutgoingMessage::OutgoingMessage)| {
        case(at, want, move |to: &Clients| {
            let mut message = message();
            change(&mut message);
            to.messaging.send(&message).map(drop)
        })
    };
    check(vec![
        with("message as it is", OK, |_| ()),
        with("message.id short", INVALID, |m| m.id.truncate(15)),
        with("message.id long", LARGE, |m| m.id.push(0)),
        with("message.subscriptionId", INVALID, |m| m.subscriptionId = -1),
        with("message.recipient wrong", INVALID, |m| m.recipient = "+1555 0199".into()),
        with("message.recipient huge", INVALID, |m| m.recipient = "+15550199".repeat(9000)),
        with("message.body of 60000", OK, |m| m.body = "x".repeat(60_000)),
        with("message.body of 60001", LARGE, |m| m.body = "x".repeat(60_001)),
        with("message.body in bytes", LARGE, |m| m.body = "\u{20ac}".repeat(20_001)),
        with("message.body none", INVALID, |m| m.body.clear()),
        with("message.smsDeadlineMillis", INVALID, |m| m.smsDeadlineMillis = -1),
    ]);
}

#[test]
fn cursors_pages_and_texts_are_bounded() {
    let body = |bytes| "x".repeat(bytes);
    check(vec![
        case("limit 1", OK, |to| to.messaging.outcomes(0, 1).map(drop)),
        case("limit 100", OK, |to| to.messaging.outcomes(0, 100).map(drop)),
        case("limit 101", LARGE, |to| to.messaging.outcomes(0, 101).map(drop)),
        case("limit 0", INVALID, |to| to.messaging.outcomes(0, 0).map(drop)),
        case("limit -1", INVALID, |to| to.messaging.outcomes(0, -1).map(drop)),
        case("cursor -1", INVALID, |to| to.messaging.outcomes(-1, 1).map(drop)),
        case("cursor -1", INVALID, |to| to.messaging.acknowledgeOutcomes(-1)),
        case("limit 100", OK, |to| to.messaging.inbound(0, 100).map(drop)),
        case("limit 101", LARGE, |to| to.messaging.inbound(0, 101).map(drop)),
        case("limit 0", INVALID, |to| to.messaging.inbound(0, 0).map(drop)),
        case("cursor -1", INVALID, |to| to.messaging.inbound(-1, 1).map(drop)),
        case("cursor 0", OK, |to| to.messaging.acknowledgeInbound(0)),
        case("cursor -1", INVALID, |to| to.messaging.acknowledgeInbound(-1)),
        case("atMillis -1", INVALID, |to| to.messaging.acknowledgeKeyChanges(-1)),
        case("limit 200", OK, |to| to.consent.ledger(0, 200, &[], &[]).map(drop)),
        case("limit 201", LARGE, |to| to.consent.ledger(0, 201, &[], &[]).map(drop)),
        case("limit 0", INVALID, |to| to.consent.ledger(0, 0, &[], &[]).map(drop)),
        case("events all", OK, |to| to.consent.ledger(-1, 1, &events(), &[]).map(drop)),
        case("events 19", LARGE, |to| {
            let events = [events(), events()].concat();
            to.consent.ledger(-1, 1, &events[..19], &[]).map(drop)
        }),
        case("events unknown", INVALID, |to| {
            to.consent.ledger(-1, 1, &["CODE4242".into()], &[]).map(drop)
        }),
        case("classes all", OK, |to| to.consent.ledger(-1, 1, &[], &classes(1..=10)).map(drop)),
        case("classes unknown", INVALID, |to| {
            to.consent.ledger(-1, 1, &[], &classes(10..=11)).map(drop)
        }),
        case("fromDay a year", OK, |to| to.consent.ledgerTotals(-100, 265, 1440).map(drop)),
        case("toDay a year and a day", LARGE, |to| to.consent.ledgerTotals(0, 366, 0).map(drop)),
        case("toDay all days", LARGE, |to| {
            to.consent.ledgerTotals(i32::MIN, i32::MAX, 0).map(drop)
        }),
        case("toDay before", INVALID, |to| to.consent.ledgerTotals(1, 0, 0).map(drop)),
        case("offsetMinutes large", INVALID, |to| to.consent.ledgerTotals(0, 0, 1441).map(drop)),
        case("offsetMinutes small", INVALID, |to| to.consent.ledgerTotals(0, 0, -1441).map(drop)),
        case("to a pipe", OK, |to| {
            let (mut read, write) = ParcelFileDescriptor::pipe().unwrap();
            assert_eq!(to.consent.exportLedger(&write)?, 1);
            drop(write);
            // It is closed on the other side too when the call is over.
            let mut export = Vec::new();
            read.read_to_end(&mut export).unwrap();
            assert_eq!(export, EXPORT);
            Ok(())
        }),
        case("to be read", INVALID, |to| {
            let (read, _write) = ParcelFileDescriptor::pipe().unwrap();
            to.consent.exportLedger(&read).map(drop)
        }),
        case("to a socket", INVALID, |to| {
            let (socket, _other) = UnixStream::pair().unwrap();
            to.consent.exportLedger(&ParcelFileDescriptor::new(socket)).map(drop)
        }),
        case("before -1", OK, |to| to.consent.ledger(-1, 1, &[], &[]).map(drop)),
        case("before -2", INVALID, |to| to.consent.ledger(-2, 1, &[], &[]).map(drop)),
        case("locale none", OK, |to| to.consent.disclosure("").map(drop)),
        case("locale of 35", OK, |to| to.consent.disclosure(&"a".repeat(35)).map(drop)),
        case("locale of 36", LARGE, |to| to.consent.disclosure(&"a".repeat(36)).map(drop)),
        case("locale wrong", INVALID, |to| to.consent.disclosure("en_GB").map(drop)),
        case("dataClass 10", OK, |to| to.consent.setClassAllowed(DataClass(10), true)),
        case("dataClass 11", INVALID, |to| to.consent.setClassAllowed(DataClass(11), true)),
        case("dataClass 0", INVALID, |to| to.consent.setClassAllowed(DataClass(0), true)),
        case("code of 7", INVALID, |to| to.consent.submitCode(1, "CODE424")),
        case("code of 9", LARGE, |to| to.messaging.submitCode(1, "CODE42424")),
        case("code wrong", INVALID, |to| to.messaging.submitCode(1, "CODE-242")),
        case("subscriptionId -1", INVALID, |to| to.messaging.submitCode(-1, "CODE4242")),
        case("subscriptionId -1", INVALID, |to| to.consent.requestCode(-1)),
        case("peer wrong", INVALID, |to| to.messaging.fingerprint(1, "5550199").map(drop)),
        case("subscriptionId -1", INVALID, |to| {
            to.messaging.fingerprint(-1, "+15550199").map(drop)
        }),
        case("sender of 64", OK, |to| to.messaging.checkSms(1, &"s".repeat(64), "", 0).map(drop)),
        case("sender of 65", LARGE, |to| {
            to.messaging.checkSms(1, &"s".repeat(65), "", 0).map(drop)
        }),
        case("body of 60000", OK, move |to| {
            to.messaging.checkSms(1, "s", &body(60_000), 0).map(drop)
        }),
        case("body of 60001", LARGE, move |to| {
            to.messaging.checkSms(1, "s", &body(60_001), 0).map(drop)
        }),
        case("subscriptionId -1", INVALID, |to| to.messaging.checkSms(-1, "", "", 0).map(drop)),
        case("receivedAtMillis", INVALID, |to| to.messaging.checkSms(1, "", "", -1).map(drop)),
    ]);
}

#[test]
fn reports_are_bounded() {
    let users = |count| (0..count).map(user).collect::<Vec<_>>();
    let one = |change: fn(&mut aidl::UserReport::UserReport)| {
        let mut report = user(3);
        change(&mut report);
        vec![report]
    };
    check(vec![
        case("users 64", OK, move |to| to.platform.reportUsers(&users(64))),
        case("users 65", LARGE, move |to| to.platform.reportUsers(&users(65))),
        case("users none", INVALID, |to| to.platform.reportUsers(&[])),
        case("users twice", INVALID, |to| to.platform.reportUsers(&[user(1), user(1)])),
        case("users.user", INVALID, move |to| to.platform.reportUsers(&one(|r| r.user = -1))),
        case("users.serial", INVALID, move |to| to.platform.reportUsers(&one(|r| r.serial = -1))),
        case("users.defaultSmsUid", INVALID, move |to| {
            to.platform.reportUsers(&one(|r| r.defaultSmsUid = -2))
        }),
        case("key of 32", OK, |to| to.platform.provideStorageKey(0, &[1; 32])),
        case("key of 31", INVALID, |to| to.platform.provideStorageKey(0, &[1; 31])),
        case("key of 33", LARGE, |to| to.platform.provideStorageKey(0, &[1; 33])),
        case("user -1", INVALID, |to| to.platform.provideStorageKey(-1, &[1; 32])),
        case("user -1", INVALID, |to| to.platform.wantsIdentities(-1).map(drop)),
    ]);
}

#[test]
fn settings_of_an_earlier_service_are_bounded() {
    let setting = |key: &str, value: &str| aidl::LegacySetting::LegacySetting {
        table: "secure".into(),
        key: key.into(),
        value: Some(value.into()),
    };
    let said = |settings: Vec<aidl::LegacySetting::LegacySetting>| {
        move |to: &Clients| to.platform.reportLegacy(0, &settings)
    };
    let many = |count: usize| (0..count).map(|n| setting(&n.to_string(), "1")).collect::<Vec<_>>();
    let elsewhere =
        aidl::LegacySetting::LegacySetting { table: "Secure".into(), ..setting("a", "") };
    // A character beyond the first 65536 is two of Java's.
    let wide = "\u{1f4f1}".repeat(128);
    check(vec![
        case("settings none", OK, said(vec![])),
        case("settings 32", OK, said(many(32))),
        case("settings 33", LARGE, said(many(33))),
        case("settings twice", INVALID, said(vec![setting("a", "1"), setting("a", "2")])),
        case("settings.table", INVALID, said(vec![elsewhere])),
        case("settings.key 128", OK, said(vec![setting(&"k".repeat(128), "1")])),
        case("settings.key 129", LARGE, said(vec![setting(&"k".repeat(129), "1")])),
        case("settings.value 256", OK, said(vec![setting("a", &wide)])),
        case("settings.value 257", LARGE, said(vec![setting("a", &format!("{wide}x"))])),
        case("user -1", INVALID, |to| to.platform.wantsLegacy(-1).map(drop)),
        case("user -1", INVALID, |to| to.platform.reportLegacy(-1, &[])),
        case("locale", INVALID, |to| to.consent.legacy("en_GB").map(drop)),
        case("locale 36", LARGE, |to| to.consent.legacy(&"a".repeat(36)).map(drop)),
    ]);
}

#[test]
fn a_page_fits_in_one_reply_and_is_never_empty() {
    let stage = Stage::admitting();
    let to = stage.clients();
    for (bytes, want) in [(1, 100), (1000, 100), (10_000, 20), (60_000, 3)] {
        *stage.fake.body_bytes.lock().unwrap() = bytes;
        let page = to.messaging.inbound(0, 100).unwrap();
        assert_eq!(page.len(), want, "bodies of {bytes} bytes");
        assert_eq!(page[0].cursor, 1, "the oldest comes first");
        assert!(page.iter().map(|m| 2 * m.body.len()).sum::<usize>() <= REPLY_BYTES);
    }
    *stage.fake.body_bytes.lock().unwrap() = 300_000;
    assert_eq!(to.messaging.inbound(0, 100).unwrap().len(), 1);
}

#[test]
fn a_receipt_that_is_too_long_is_our_failure() {
    let stage = Stage::admitting();
    let to = stage.clients();
    *stage.fake.receipt_bytes.lock().unwrap() = 64 * 1024;
    assert_eq!(to.consent.receipt().unwrap().len(), 64 * 1024);
    *stage.fake.receipt_bytes.lock().unwrap() = 64 * 1024 + 1;
    let status = to.consent.receipt().unwrap_err();
    assert_eq!(status.service_specific_error(), ErrorCode::INTERNAL.0);
}
