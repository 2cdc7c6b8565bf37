// SPDX-License-Identifier: Apache-2.0
//! Android's shared preferences as XML text: `<map>` with one element for each entry, named by its type, its key in the
//! attribute `name`, its value in `value` or, of a string, inside.
//!
//! As much of XML as Android writes there. What else XML has (document types, entities of one's own, processing
//! instructions, CDATA) is not understood, and so can neither grow nor name other files.

use super::value::Value;

/// The deepest nesting: a set of strings in the map.
const DEEPEST: usize = 3;

/// The value of this key; `None` if the text is not well formed to its end.
pub(super) fn find(text: &str, key: &str) -> Option<Value> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(declared) = rest.strip_prefix("<?xml ") {
        rest = declared.split_once("?>")?.1;
    }
    let mut open: Vec<&str> = Vec::new();
    let (mut found, mut ended) = (Value::Missing, false);
    // Inside the string that is looked for.
    let mut inside: Option<String> = None;
    loop {
        let (text, tag) = match rest.split_once('<') {
            Some((text, tag)) => (text, tag),
            None => {
                let whole = rest.trim().is_empty() && open.is_empty() && ended;
                return whole.then_some(found);
            }
        };
        let in_text = open.last() == Some(&"string");
        match (&mut inside, in_text) {
            (Some(value), _) => value.push_str(&unescaped(text)?),
            (None, true) => drop(unescaped(text)?),
            (None, false) if !text.trim().is_empty() => return None,
            (None, false) => {}
        }
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        if let Some(closing) = tag.strip_prefix('/') {
            let (name, after) = closing.split_once('>')?;
            if open.pop()? != name.trim_end() {
                return None;
            }
            if let Some(value) = inside.take() {
                found = once(found, Value::Is(value))?;
            }
            ended = open.is_empty();
            rest = after;
            continue;
        }
        let element = Element::parse(tag)?;
        // One root, nothing behind it, and nothing inside a string.
        if ended || in_text || open.len() >= DEEPEST || open.is_empty() != (element.name == "map") {
            return None;
        }
        let wanted = open.len() == 1 && element.attribute("name") == Some(key);
        match (wanted, element.name) {
            (true, "boolean" | "int" | "long" | "float") => {
                let value = element.attribute("value")?.to_owned();
                found = once(found, Value::Is(value))?;
            }
            (true, "string") if element.is_empty => {
                found = once(found, Value::Is(String::new()))?;
            }
            (true, "string") => inside = Some(String::new()),
            (true, _) => return None,
            (false, _) => {}
        }
        match element.is_empty {
            true => ended = open.is_empty(),
            false => open.push(element.name),
        }
        rest = element.after;
    }
}

/// A key that is there twice means nothing.
fn once(found: Value, value: Value) -> Option<Value> {
    (found == Value::Missing).then_some(value)
}

/// A tag that opens an element.
struct Element<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, String)>,
    /// `<name/>`
    is_empty: bool,
    after: &'a str,
}

impl<'a> Element<'a> {
    fn parse(tag: &'a str) -> Option<Self> {
        let end = tag.find(|c: char| !c.is_ascii_lowercase() && c != '-')?;
        let (name, mut rest) = tag.split_at(end);
        let mut attributes: Vec<(&str, String)> = Vec::new();
        loop {
            let trimmed = rest.trim_start();
            if let Some(after) = trimmed.strip_prefix("/>") {
                return (!name.is_empty()).then_some(Self {
                    name,
                    attributes,
                    is_empty: true,
                    after,
                });
            }
            if let Some(after) = trimmed.strip_prefix('>') {
                return (!name.is_empty()).then_some(Self {
                    name,
                    attributes,
                    is_empty: false,
                    after,
                });
            }
            // A blank before each, and no more of them than an entry has.
            if trimmed.len() == rest.len() || attributes.len() == 4 {
                return None;
            }
            let (attribute, quoted) = trimmed.split_once('=')?;
            let quote = quoted.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
            let (value, after) = quoted[1..].split_once(quote)?;
            let is_name = attribute.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            if !is_name
                || value.contains('<')
                || attributes.iter().any(|(earlier, _)| *earlier == attribute)
            {
                return None;
            }
            attributes.push((attribute, unescaped(value)?));
            rest = after;
        }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// Text without XML's own five entities and numbers of characters; `None` if there is another.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        let (name, after) = entity.split_once(';')?;
        out.push_str(before);
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            number => {
                let number = number.strip_prefix('#')?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        });
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}
