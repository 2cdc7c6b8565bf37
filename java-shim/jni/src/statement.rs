// SPDX-License-Identifier: Apache-2.0
//! What a ledger says, for Java: a page of entries in words, and what left on each day. Read in the same pass that
//! verifies it, and given to nobody unless it passes: what the page shows is what was verified.

use cloudmessaging_ledger::leaf::LeafRef;
use cloudmessaging_ledger::statement::{bytes, event_name, host, message_hash, revealed, summary};
use cloudmessaging_ledger::totals::{Total, Totals};
use cloudmessaging_preview::Classes;
use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};
use jni::objects::{JObject, JValue};
use jni::sys::{jint, jlong};
use jni::JNIEnv;

use crate::array::array;
use crate::border::Failure;
use crate::ledger::Question;

/// Most entries of a page: as many as of the service's.
const PAGE_MAX: u64 = 200;

/// Most that a midnight can be away from that of UTC, in minutes: a day.
const OFFSET_MAX: u32 = 1440;

const MINUTE_MS: i64 = 60_000;

const ENTRY: &str = "android/system/cloudmessaging/settings/LedgerStatement$Entry";
const TOTAL: &str = "android/system/cloudmessaging/settings/LedgerStatement$Total";

/// Which part of it is wanted.
pub struct Part {
    /// Only entries at a lower position; -1 for all.
    pub before: jlong,
    /// So many of them at most, the newest.
    pub limit: jint,
    /// Where days begin.
    pub offset_minutes: jint,
}

/// Reads the export of a question.
pub fn read<'l>(
    env: &mut JNIEnv<'l>,
    question: Question,
    part: &Part,
) -> Result<JObject<'l>, Failure> {
    let wrong = |what: &str| Failure::Argument(what.to_owned());
    let limit = u64::try_from(part.limit).ok().filter(|limit| *limit <= PAGE_MAX);
    let limit = limit.ok_or_else(|| wrong("limit is not 0 to 200"))?;
    if part.offset_minutes.unsigned_abs() > OFFSET_MAX {
        return Err(wrong("offsetMinutes is not -1440 to 1440"));
    }
    let end = match part.before {
        -1 => question.size(),
        before => u64::try_from(before).map_err(|_| wrong("before is negative"))?,
    };
    let end = end.min(question.size());
    let begin = end.saturating_sub(limit);
    let mut totals = Totals::new(i64::from(part.offset_minutes) * MINUTE_MS);
    let mut entries = Vec::new();
    let ledger = question.verify(env, |position, leaf| {
        let entry = entry(&leaf);
        totals.add(&entry);
        if (begin..end).contains(&position) {
            entries.push((position, entry));
        }
    })?;
    entries.reverse();
    let entries = array(env, ENTRY, &entries, |env, (position, entry)| row(env, *position, entry))?;
    let totals = array(env, TOTAL, &rows(&totals), total)?;
    let arguments = [JValue::Object(&ledger), JValue::Object(&entries), JValue::Object(&totals)];
    let class = "android/system/cloudmessaging/settings/LedgerStatement";
    let signature =
        format!("(Landroid/system/cloudmessaging/settings/VerifiedLedger;[L{ENTRY};[L{TOTAL};)V");
    Ok(env.new_object(class, signature, &arguments)?)
}

/// One without content, and one that is none, is empty. Of classes, those that are known: of the others there could be
/// any number.
fn entry(leaf: &LeafRef<'_>) -> Entry {
    // Whether its bytes are fields the verifier sees; a field of an unexpected kind it lets be.
    let mut entry = leaf.entry().ok().flatten().unwrap_or_default();
    let known = |class: &i32| Classes::ALL.iter().any(|known| *known as i32 == *class);
    match &mut entry.event {
        Some(Event::Connect(connect)) => connect.revealed.retain(known),
        Some(Event::Intent(intent)) => intent.revealed.retain(known),
        _ => {}
    }
    entry
}

/// A day, in all or of one class.
struct Row {
    day: i64,
    class: jint,
    total: Total,
}

/// In all, then by class, day after day.
fn rows(totals: &Totals) -> Vec<Row> {
    let mut rows = Vec::new();
    for (day, of_day) in totals.days() {
        rows.push(Row { day, class: 0, total: of_day.all });
        let classes = of_day.classes.iter();
        rows.extend(classes.map(|(class, total)| Row { day, class: *class, total: *total }));
    }
    rows
}

fn row<'l>(env: &mut JNIEnv<'l>, position: u64, entry: &Entry) -> Result<JObject<'l>, Failure> {
    let event = env.new_string(event_name(entry))?;
    let summary = env.new_string(summary(entry))?;
    let revealed = revealed(entry);
    let classes = env.new_int_array(jint::try_from(revealed.len()).unwrap_or(0))?;
    env.set_int_array_region(&classes, 0, revealed)?;
    let host = env.new_string(host(entry))?;
    let message = env.new_string(hex::encode(message_hash(entry)))?;
    let arguments = [
        JValue::Long(jlong::try_from(position).unwrap_or(jlong::MAX)),
        JValue::Long(entry.wall_ms),
        JValue::Object(&event),
        JValue::Object(&summary),
        JValue::Object(&classes),
        JValue::Long(bytes(entry).into()),
        JValue::Object(&host),
        JValue::Object(&message),
    ];
    let signature =
        "(JJLjava/lang/String;Ljava/lang/String;[IJLjava/lang/String;Ljava/lang/String;)V";
    Ok(env.new_object(ENTRY, signature, &arguments)?)
}

fn total<'l>(env: &mut JNIEnv<'l>, row: &Row) -> Result<JObject<'l>, Failure> {
    let number = |number: u64| JValue::Long(jlong::try_from(number).unwrap_or(jlong::MAX));
    let arguments = [
        JValue::Long(row.day),
        JValue::Int(row.class),
        number(row.total.count),
        number(row.total.connections),
        number(row.total.bytes),
    ];
    Ok(env.new_object(TOTAL, "(JIJJJ)V", &arguments)?)
}
