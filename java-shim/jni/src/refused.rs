// SPDX-License-Identifier: Apache-2.0
//! What was refused, by its reason: how often, and when last.

use std::collections::BTreeMap;

use cloudmessaging_wire::proto::ledger::{entry::Event, Entry};
use jni::objects::{JObject, JValue};
use jni::sys::jlong;
use jni::JNIEnv;

use crate::border::Failure;
use crate::entry::count;

/// Its class in Java.
pub const CLASS: &str = "android/system/cloudmessaging/settings/LedgerStatement$Refused";

/// More reasons than there are. A ledger that names any number of them must not fill the memory: what is above is counted as of
/// the reason "".
const REASONS_MAX: usize = 64;

/// Of one reason.
#[derive(Clone, Copy, Default)]
pub struct Count {
    count: u64,
    last_ms: i64,
}

/// By reason.
#[derive(Default)]
pub struct Refused(BTreeMap<String, Count>);

impl Refused {
    /// One more entry; those that refuse nothing are passed over.
    pub fn add(&mut self, entry: &Entry) {
        let Some(Event::Refusals(refusals)) = &entry.event else { return };
        let full = self.0.len() >= REASONS_MAX && !self.0.contains_key(&refusals.reason);
        let reason = if full { "" } else { &refusals.reason };
        let of = self.0.entry(reason.to_owned()).or_default();
        of.count = of.count.saturating_add(count(entry));
        of.last_ms = of.last_ms.max(entry.wall_ms);
    }

    /// All reasons there were.
    pub fn reasons(self) -> Vec<(String, Count)> {
        self.0.into_iter().collect()
    }
}

/// For Java.
pub fn object<'l>(
    env: &mut JNIEnv<'l>,
    (reason, of): &(String, Count),
) -> Result<JObject<'l>, Failure> {
    let reason = env.new_string(reason)?;
    let arguments = [
        JValue::Object(&reason),
        JValue::Long(jlong::try_from(of.count).unwrap_or(jlong::MAX)),
        JValue::Long(of.last_ms),
    ];
    Ok(env.new_object(CLASS, "(Ljava/lang/String;JJ)V", &arguments)?)
}
