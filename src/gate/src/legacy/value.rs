// SPDX-License-Identifier: Apache-2.0
//! One value out of a file that somebody else wrote. The whole file has to be what its format says: of a part that
//! happens to be readable, nobody knows what it would have meant.

use cloudmessaging_config::legacy::Format;

use super::preferences;

/// What there is of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The file holds it.
    Is(String),
    /// The file is as it has to be, and does not hold it.
    Missing,
    /// The file is not what it has to be, or the value is there twice, or is none that a list can name.
    Unclear,
}

/// Takes the value out.
pub(super) fn find(format: &Format, bytes: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(bytes) else { return Value::Unclear };
    match format {
        Format::Preferences(key) => preferences::find(text, key).unwrap_or(Value::Unclear),
        Format::Properties(key) => properties(text, key).unwrap_or(Value::Unclear),
        Format::Json(key) => json(text, key),
        Format::Text if text.trim().is_empty() => Value::Missing,
        Format::Text => Value::Is(text.trim().to_owned()),
    }
}

/// Lines `key=value`, empty ones, and comments (`#`, `!`). What `java.util.Properties` has more, escapes and lines that
/// go on, is not understood.
fn properties(text: &str, key: &str) -> Option<Value> {
    let mut found = Value::Missing;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let (name, value) = line.split_once('=')?;
        if line.contains(|c: char| c == '\\' || c.is_control()) {
            return None;
        }
        if name.trim() == key {
            if found != Value::Missing {
                return None;
            }
            found = Value::Is(value.trim().to_owned());
        }
    }
    Some(found)
}

/// The value under a name, or under names with dots between.
fn json(text: &str, key: &str) -> Value {
    let Ok(whole) = serde_json::from_str::<serde_json::Value>(text) else { return Value::Unclear };
    let mut value = &whole;
    for name in key.split('.') {
        let Some(members) = value.as_object() else { return Value::Unclear };
        match members.get(name) {
            Some(member) => value = member,
            None => return Value::Missing,
        }
    }
    match value {
        serde_json::Value::Bool(value) => Value::Is(value.to_string()),
        serde_json::Value::Number(value) => Value::Is(value.to_string()),
        serde_json::Value::String(value) => Value::Is(value.clone()),
        serde_json::Value::Null => Value::Missing,
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => Value::Unclear,
    }
}
