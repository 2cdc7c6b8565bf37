// SPDX-License-Identifier: Apache-2.0
//! What a ledger says, for Java: a page of entries, what left on each day, what was refused, and when it was on. Read in
//! the same pass that verifies it, and given to nobody unless it passes: what the page shows is what was verified.

use cloudmessaging_ledger::totals::{Total, Totals};
use jni::objects::{JLongArray, JObject, JValue};
use jni::sys::{jboolean, jint, jlong};
use jni::JNIEnv;

use crate::argument;
use crate::array::array;
use crate::border::Failure;
use crate::entry::{self, Row};
use crate::ledger::Question;
use crate::on::OnDays;
use crate::page::Page;
use crate::refused::{self, Refused};

/// Most entries of a page: as many as of the service's.
const PAGE_MAX: u64 = 200;

const STATEMENT: &str = "android/system/cloudmessaging/settings/LedgerStatement";
const TOTAL: &str = "android/system/cloudmessaging/settings/LedgerStatement$Total";

/// Which part of it is wanted.
pub struct Part<'a, 'l> {
    /// Only entries at a lower position; -1 for all.
    pub before: jlong,
    /// So many of them at most, the newest.
    pub limit: jint,
    /// Where days begin, and the last one ends.
    pub midnights: &'a JLongArray<'l>,
}

/// Reads the export of a question.
pub fn read<'l>(
    env: &mut JNIEnv<'l>,
    question: Question,
    part: &Part<'_, 'l>,
) -> Result<JObject<'l>, Failure> {
    let wrong = |what: &str| Failure::Argument(what.to_owned());
    let limit = u64::try_from(part.limit).ok().filter(|limit| *limit <= PAGE_MAX);
    let limit = limit.ok_or_else(|| wrong("limit is not 0 to 200"))?;
    let midnights = argument::ascending(env, part.midnights, "midnights")?;
    let end = match part.before {
        -1 => question.size(),
        before => u64::try_from(before).map_err(|_| wrong("before is negative"))?,
    };
    let end = end.min(question.size());
    let mut page = Page::new(end.saturating_sub(limit)..end);
    let mut totals = Totals::between(midnights.clone());
    let mut refused = Refused::default();
    let mut on = OnDays::new(midnights);
    let ledger = question.verify(env, |position, leaf| {
        let row = Row::new(position, &leaf);
        totals.add(row.entry());
        if totals.day(row.entry().wall_ms).is_some() {
            refused.add(row.entry());
        }
        on.add(row.entry());
        page.see(position, row);
    })?;
    let entries = array(env, entry::CLASS, &page.rows(), entry::object)?;
    let totals = array(env, TOTAL, &rows(&totals), total)?;
    let refused = array(env, refused::CLASS, &refused.reasons(), refused::object)?;
    let on: Vec<jboolean> = on.days().into_iter().map(jboolean::from).collect();
    let days = env.new_boolean_array(jint::try_from(on.len()).unwrap_or(0))?;
    env.set_boolean_array_region(&days, 0, &on)?;
    let arguments = [
        JValue::Object(&ledger),
        JValue::Object(&entries),
        JValue::Object(&totals),
        JValue::Object(&refused),
        JValue::Object(&days),
    ];
    let ledger = "Landroid/system/cloudmessaging/settings/VerifiedLedger;";
    let signature = format!("({ledger}[L{};[L{TOTAL};[L{};[Z)V", entry::CLASS, refused::CLASS);
    Ok(env.new_object(STATEMENT, signature, &arguments)?)
}

/// A day, in all or of one class.
struct OfDay {
    day: i64,
    class: jint,
    total: Total,
}

/// In all, then by class, day after day.
fn rows(totals: &Totals) -> Vec<OfDay> {
    let mut rows = Vec::new();
    for (day, of_day) in totals.days() {
        rows.push(OfDay { day, class: 0, total: of_day.all });
        let classes = of_day.classes.iter();
        rows.extend(classes.map(|(class, total)| OfDay { day, class: *class, total: *total }));
    }
    rows
}

fn total<'l>(env: &mut JNIEnv<'l>, row: &OfDay) -> Result<JObject<'l>, Failure> {
    let number = |number: u64| JValue::Long(jlong::try_from(number).unwrap_or(jlong::MAX));
    let arguments = [
        // A place among the midnights, of which there are few.
        JValue::Int(jint::try_from(row.day).unwrap_or(jint::MAX)),
        JValue::Int(row.class),
        number(row.total.count),
        number(row.total.connections),
        number(row.total.bytes),
    ];
    Ok(env.new_object(TOTAL, "(IIJJJ)V", &arguments)?)
}
