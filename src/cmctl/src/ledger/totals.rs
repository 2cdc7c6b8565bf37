// SPDX-License-Identifier: Apache-2.0
//! `cmctl ledger totals`: what left on each day.
use super::arguments::TotalsArguments;
use crate::answer::{Answer, Failure};
use crate::connect::{answered, Gate};
use crate::output::{Lean, Table};
use crate::time::{day_text, now_ms};
use crate::words::{class_word, Words};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    DataClass::DataClass, ICloudMessagingConsent::MAX_LEDGER_DAYS, LedgerTotal::LedgerTotal,
};
use cloudmessaging_ledger::totals::DAYS_MAX;
use serde_json::{json, Value};
use std::ops::RangeInclusive;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Asks for the days and shows them, oldest first.
pub fn totals(gate: &Gate, asked: &TotalsArguments) -> Result<Answer, Failure> {
    let today = i32::try_from(now_ms().div_euclid(DAY_MS)).unwrap_or(i32::MAX);
    let days = days(asked, today)?;
    let consent = gate.consent()?;
    let totals = each(&days, |from, to| answered(consent.ledgerTotals(from, to, 0)))?;
    Ok(Answer::done(as_json(&days, &totals), as_text(&days, &totals)))
}

fn days(asked: &TotalsArguments, today: i32) -> Result<RangeInclusive<i32>, Failure> {
    let to = asked.to.unwrap_or(today);
    let from = asked.from.unwrap_or((to - 30).max(0));
    if from > to {
        let (from, to) = (day_text(from), day_text(to));
        return Err(Failure::Usage(format!("the first day, {from}, is after the last, {to}")));
    }
    if to.abs_diff(from) as usize >= DAYS_MAX {
        return Err(Failure::Usage(format!("that is more than {DAYS_MAX} days")));
    }
    Ok(from..=to)
}

/// The service takes no more days in one call than it says.
fn each(
    days: &RangeInclusive<i32>,
    mut ask: impl FnMut(i32, i32) -> Result<Vec<LedgerTotal>, Failure>,
) -> Result<Vec<LedgerTotal>, Failure> {
    let mut all = Vec::new();
    for from in days.clone().step_by(MAX_LEDGER_DAYS as usize) {
        all.extend(ask(from, (from + MAX_LEDGER_DAYS - 1).min(*days.end()))?);
    }
    Ok(all)
}

fn as_json(days: &RangeInclusive<i32>, totals: &[LedgerTotal]) -> Value {
    let of_day = |all: &LedgerTotal| {
        let classes = totals.iter().filter(|of| of.day == all.day && of.dataClass != all.dataClass);
        let class = |of: &LedgerTotal| {
            json!({
                "class": of.dataClass.name(),
                "count": of.count,
                "connections": of.connections,
                "bytes": of.bytes,
            })
        };
        json!({
            "day": day_text(all.day),
            "count": all.count,
            "connections": all.connections,
            "bytes": all.bytes,
            "classes": classes.map(class).collect::<Vec<_>>(),
        })
    };
    let all = totals.iter().filter(|of| of.dataClass == DataClass::UNSPECIFIED);
    json!({
        "from": day_text(*days.start()),
        "to": day_text(*days.end()),
        "days": all.map(of_day).collect::<Vec<_>>(),
    })
}

fn as_text(days: &RangeInclusive<i32>, totals: &[LedgerTotal]) -> String {
    let span = format!("{} to {}", day_text(*days.start()), day_text(*days.end()));
    if totals.is_empty() {
        return format!("Nothing left this phone, {span} (UTC).");
    }
    let mut table = Table::new(&[
        ("DAY (UTC)", Lean::Left),
        ("REVEALED", Lean::Left),
        ("TIMES", Lean::Right),
        ("CONNECTIONS", Lean::Right),
        ("BYTES", Lean::Right),
    ]);
    let (mut times, mut connections, mut bytes) = (0, 0, 0);
    for of in totals {
        let all = of.dataClass == DataClass::UNSPECIFIED;
        if all {
            times += of.count;
            connections += of.connections;
            bytes += of.bytes;
        }
        table.row(vec![
            if all { day_text(of.day) } else { String::new() },
            if all { "in all".into() } else { class_word(of.dataClass) },
            of.count.to_string(),
            if of.connections == 0 { "-".into() } else { of.connections.to_string() },
            if of.bytes == 0 { "-".into() } else { of.bytes.to_string() },
        ]);
    }
    format!(
        "{}\n\n{span}: {times} times, {connections} of them a connection, {bytes} bytes. \
         What revealed two classes counts in both.",
        table.text()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(day: i32, class: DataClass, count: i64, bytes: i64) -> LedgerTotal {
        let connections = i64::from(bytes == 0 || class == DataClass::UNSPECIFIED && count > 1);
        LedgerTotal { day, dataClass: class, count, connections, bytes }
    }

    fn two_days() -> Vec<LedgerTotal> {
        vec![
            total(20_000, DataClass::UNSPECIFIED, 3, 1312),
            total(20_000, DataClass::MESSAGE_CONTENT, 2, 1312),
            total(20_000, DataClass::NETWORK_ADDRESS, 1, 0),
            total(20_001, DataClass::UNSPECIFIED, 1, 100),
        ]
    }

    #[test]
    fn each_day_has_its_classes_below_it() {
        let text = as_text(&(19_999..=20_001), &two_days());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "DAY (UTC)   REVEALED         TIMES  CONNECTIONS  BYTES");
        assert_eq!(lines[1], "2024-10-04  in all               3            1   1312");
        assert_eq!(lines[2], "            message-content      2            -   1312");
        assert_eq!(lines[3], "            network-address      1            1      -");
        assert_eq!(lines[4], "2024-10-05  in all               1            -    100");
        assert!(lines[6]
            .starts_with("2024-10-03 to 2024-10-05: 4 times, 1 of them a connection, 1412 bytes."));
        assert_eq!(
            as_text(&(0..=1), &[]),
            "Nothing left this phone, 1970-01-01 to 1970-01-02 (UTC)."
        );
    }

    #[test]
    fn a_program_finds_each_class_within_its_day() {
        let json = as_json(&(19_999..=20_001), &two_days());
        assert_eq!((&json["from"], &json["to"]), (&json!("2024-10-03"), &json!("2024-10-05")));
        assert_eq!(json["days"].as_array().unwrap().len(), 2);
        let class =
            json!({"class": "MESSAGE_CONTENT", "count": 2, "connections": 0, "bytes": 1312});
        assert_eq!(json["days"][0]["classes"][0], class);
        assert_eq!(json["days"][1]["classes"], json!([]));
    }

    #[test]
    fn a_long_time_is_asked_for_in_pieces_and_a_wrong_one_not_at_all() {
        let mut asked = Vec::new();
        each(&(100..=900), |from, to| {
            asked.push((from, to));
            Ok(vec![])
        })
        .unwrap();
        assert_eq!(asked, [(100, 465), (466, 831), (832, 900)]);
        let days = |from, to| days(&TotalsArguments { from, to }, 20_000);
        assert_eq!(days(None, None).unwrap(), 19_970..=20_000);
        assert_eq!(days(None, Some(5)).unwrap(), 0..=5);
        assert_eq!(days(Some(0), Some(DAYS_MAX as i32 - 1)).unwrap().count(), DAYS_MAX);
        let backwards = days(Some(6), Some(5)).unwrap_err();
        assert!(backwards.to_string().contains("1970-01-07"), "{backwards}");
        assert!(days(Some(0), None).is_err());
    }
}
