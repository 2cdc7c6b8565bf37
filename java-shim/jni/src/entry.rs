// SPDX-License-Identifier: Apache-2.0
//! One entry for Java: what is in it, in names and numbers. The words are the page's, in its owner's language.

use cloudmessaging_ledger::leaf::LeafRef;
use cloudmessaging_ledger::statement::{bytes, event_name, host, message_hash};
use cloudmessaging_preview::Classes;
use cloudmessaging_wire::proto::ledger::{entry::Event, Ending, Entry};
use jni::objects::{JObject, JValue};
use jni::sys::{jint, jlong};
use jni::JNIEnv;

use crate::border::Failure;

/// Its class in Java.
pub const CLASS: &str = "android/system/cloudmessaging/settings/LedgerStatement$Entry";

const SIGNATURE: &str =
    "(JJLjava/lang/String;I[IJLjava/lang/String;Ljava/lang/String;Ljava/lang/String;JZIJ)V";

/// How a message ended.
#[derive(Clone)]
pub struct Ended {
    ending: Ending,
    reason: String,
    wall_ms: i64,
}

impl Ended {
    /// What an outcome says.
    pub fn of(entry: &Entry) -> Option<Self> {
        match &entry.event {
            Some(Event::Outcome(outcome)) => Some(Self {
                ending: outcome.ending(),
                reason: outcome.reason.clone(),
                wall_ms: entry.wall_ms,
            }),
            _ => None,
        }
    }
}

/// An entry, where it stands.
pub struct Row {
    position: u64,
    event: &'static str,
    entry: Entry,
    /// Of an outcome its own; of a message's intent, that of the message, once it is known.
    pub ended: Option<Ended>,
}

impl Row {
    /// Of a leaf. Of classes, those that are known: of the others there could be any number.
    pub fn new(position: u64, leaf: &LeafRef<'_>) -> Self {
        // Whether its bytes are fields the verifier sees; a field of an unexpected kind it lets be. Then there is content,
        // and nothing of it can be told.
        let mut entry = leaf.entry().ok().flatten().unwrap_or_default();
        let event = match (leaf.content, event_name(&entry)) {
            (None, _) => "erased",
            (Some(_), "erased") => "unknown",
            (Some(_), name) => name,
        };
        if let Some(classes) = classes_mut(&mut entry) {
            classes.retain(|class| Classes::ALL.iter().any(|known| *known as i32 == *class));
        }
        let ended = Ended::of(&entry);
        Self { position, event, entry, ended }
    }

    /// What it holds.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }
}

fn classes_mut(entry: &mut Entry) -> Option<&mut Vec<i32>> {
    match &mut entry.event {
        Some(Event::Connect(event)) => Some(&mut event.revealed),
        Some(Event::Intent(event)) => Some(&mut event.revealed),
        Some(Event::Grant(event)) => Some(&mut event.allowed_classes),
        _ => None,
    }
}

/// What it revealed; of a grant, what may be.
fn classes(entry: &Entry) -> &[i32] {
    match &entry.event {
        Some(Event::Connect(event)) => &event.revealed,
        Some(Event::Intent(event)) => &event.revealed,
        Some(Event::Grant(event)) => &event.allowed_classes,
        _ => &[],
    }
}

/// The one number of it that says of which kind it is.
fn kind(entry: &Entry) -> i32 {
    match &entry.event {
        Some(Event::Connect(event)) => event.role,
        Some(Event::Intent(event)) => event.purpose,
        Some(Event::Erasure(event)) => event.stage,
        Some(Event::ClassChange(event)) => event.data_class,
        _ => 0,
    }
}

fn reason(row: &Row) -> &str {
    match &row.entry.event {
        Some(Event::FoundOn(event) | Event::FoundOff(event)) => &event.reason,
        Some(Event::PolicyChange(event)) => &event.reason,
        Some(Event::Refusals(event)) => &event.reason,
        Some(Event::Refused(event)) => &event.reason,
        _ => row.ended.as_ref().map_or("", |ended| &ended.reason),
    }
}

/// How many of what it counts.
pub fn count(entry: &Entry) -> u64 {
    match &entry.event {
        Some(Event::Refusals(event)) => event.count.into(),
        Some(Event::Refused(event)) => event.count.into(),
        Some(Event::TailCut(event)) => event.bytes,
        Some(Event::HistoryErased(event)) => event.before,
        _ => 0,
    }
}

/// Its one answer of yes or no.
fn flag(entry: &Entry) -> bool {
    match &entry.event {
        Some(Event::Withdraw(event)) => event.durable,
        Some(Event::ClassChange(event)) => event.allowed,
        Some(Event::HistoryErased(event)) => event.asked,
        _ => false,
    }
}

/// A host is ASCII. What else a damaged configuration may hold could turn the line around in which it is shown.
fn shown(host: &str) -> String {
    host.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// For Java.
pub fn object<'l>(env: &mut JNIEnv<'l>, row: &Row) -> Result<JObject<'l>, Failure> {
    let entry = &row.entry;
    let event = env.new_string(row.event)?;
    let classes = classes(entry);
    let numbers = env.new_int_array(jint::try_from(classes.len()).unwrap_or(0))?;
    env.set_int_array_region(&numbers, 0, classes)?;
    let host = env.new_string(shown(host(entry)))?;
    let message = env.new_string(hex::encode(message_hash(entry)))?;
    let reason = env.new_string(reason(row))?;
    let number = |number: u64| JValue::Long(jlong::try_from(number).unwrap_or(jlong::MAX));
    let arguments = [
        number(row.position),
        JValue::Long(entry.wall_ms),
        JValue::Object(&event),
        JValue::Int(kind(entry)),
        JValue::Object(&numbers),
        JValue::Long(bytes(entry).into()),
        JValue::Object(&host),
        JValue::Object(&message),
        JValue::Object(&reason),
        number(count(entry)),
        JValue::Bool(flag(entry).into()),
        JValue::Int(row.ended.as_ref().map_or(0, |ended| ended.ending.into())),
        JValue::Long(row.ended.as_ref().map_or(0, |ended| ended.wall_ms)),
    ];
    Ok(env.new_object(CLASS, SIGNATURE, &arguments)?)
}
