// SPDX-License-Identifier: Apache-2.0
//! Mutations that know what a protobuf message is: fields that come, go, change places or are there twice, numbers at their
//! edges, lengths that are one off. libFuzzer's own change bytes, and mostly leave something that does not parse.

use prost::encoding::{decode_varint, encode_varint};

/// What an input consists of, behind the bytes that say how to read it.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Text.
    Text,
    /// A message.
    Message,
    /// Messages one behind the other, each after its length.
    Messages,
}

/// Numbers that follow from a seed (Steele, Lea and Flood's SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below this, which is not 0.
    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }
}

/// One mutation of this input. Nothing if it has not this shape; then libFuzzer's own are as good.
pub(crate) fn mutated(shape: Shape, prefix: usize, data: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut random = Random(seed.into());
    let (how, bytes) = data.split_at_checked(prefix)?;
    let bytes = match shape {
        Shape::Text => return None,
        Shape::Message => message(bytes, &mut random)?,
        Shape::Messages => messages(bytes, &mut random)?,
    };
    Some([how, &bytes].concat())
}

#[derive(Clone)]
enum Value {
    Number(u64),
    Fixed(Vec<u8>),
    Bytes(Vec<u8>),
}

/// A field's number and what it holds.
#[derive(Clone)]
struct Field(u32, Value);

fn fields(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = u32::try_from(decode_varint(&mut bytes).ok()?).ok()?;
        let value = match tag & 7 {
            0 => Value::Number(decode_varint(&mut bytes).ok()?),
            1 => Value::Fixed(take(&mut bytes, 8)?),
            2 => {
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                Value::Bytes(take(&mut bytes, length)?)
            }
            5 => Value::Fixed(take(&mut bytes, 4)?),
            _ => return None,
        };
        fields.push(Field(tag >> 3, value));
    }
    Some(fields)
}

fn take(bytes: &mut &[u8], count: usize) -> Option<Vec<u8>> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken.to_vec())
}

fn encode(fields: &[Field]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Field(number, value) in fields {
        let (kind, length) = match value {
            Value::Number(_) => (0, None),
            Value::Fixed(fixed) => (if fixed.len() == 8 { 1 } else { 5 }, None),
            Value::Bytes(held) => (2, Some(held.len() as u64)),
        };
        encode_varint(u64::from(*number) << 3 | kind, &mut bytes);
        if let Some(length) = length {
            encode_varint(length, &mut bytes);
        }
        match value {
            Value::Number(number) => encode_varint(*number, &mut bytes),
            Value::Fixed(held) | Value::Bytes(held) => bytes.extend_from_slice(held),
        }
    }
    bytes
}

fn message(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut all = fields(bytes).filter(|fields| !fields.is_empty())?;
    let at = random.below(all.len());
    match random.below(8) {
        0 => drop(all.remove(at)),
        1 => all.insert(at, all[at].clone()),
        2 => {
            let other = random.below(all.len());
            all.swap(at, other);
        }
        3 => all.insert(at, Field(1 + random.below(30) as u32, Value::Number(random.next() % 300))),
        _ => match &mut all[at].1 {
            Value::Number(number) => *number = edge(*number, random),
            Value::Fixed(held) => held.reverse(),
            Value::Bytes(held) => *held = inner(held, random),
        },
    }
    Some(encode(&all))
}

/// Bytes, which may be a message themselves.
fn inner(held: &[u8], random: &mut Random) -> Vec<u8> {
    if random.below(4) > 0 {
        if let Some(mutated) = message(held, random) {
            return mutated;
        }
    }
    let mut held = held.to_vec();
    match random.below(5) {
        0 => drop(held.pop()),
        1 => held.push(random.next() as u8),
        2 => held.clear(),
        3 => held = held.repeat(2),
        _ if held.is_empty() => held = vec![0; 32],
        _ => {
            let at = random.below(held.len());
            held[at] ^= 1 << random.below(8);
        }
    }
    held
}

/// Where arithmetic goes wrong.
fn edge(number: u64, random: &mut Random) -> u64 {
    const EDGES: [u64; 10] = [
        0,
        1,
        127,
        128,
        i32::MAX as u64,
        u32::MAX as u64,
        i64::MAX as u64,
        i64::MIN as u64,
        i32::MIN as u64,
        u64::MAX,
    ];
    match random.below(6) {
        0 => number.wrapping_add(1),
        1 => number.wrapping_sub(1),
        2 => random.next() >> random.below(64),
        _ => EDGES[random.below(EDGES.len())],
    }
}

fn messages(mut bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
        all.push(take(&mut bytes, length)?);
    }
    let at = random.below(all.len().max(1));
    all.get(at)?;
    match random.below(10) {
        0 => drop(all.remove(at)),
        1 => all.insert(at, all[at].clone()),
        2 => {
            let other = random.below(all.len());
            all.swap(at, other);
        }
        // All but its first field: as the ledger erases content.
        3 => {
            all[at] = fields(&all[at]).map(|mut fields| {
                fields.truncate(1);
                encode(&fields)
            })?
        }
        _ => all[at] = message(&all[at], random)?,
    }
    let mut out = Vec::new();
    for message in all {
        encode_varint(message.len() as u64, &mut out);
        out.extend(message);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_is_encoded_as_it_was() {
        let whole = ledger::Book::small().body();
        let body = &whole[crate::plain::bodies(&whole).remove(0)];
        assert_eq!(encode(&fields(body).unwrap()), body);
        assert!(fields(&body[1..]).is_none());
    }

    #[test]
    fn most_mutations_are_other_messages() {
        let body = ledger::Book::small().body();
        let mutations: std::collections::BTreeSet<_> =
            (0..1000).filter_map(|seed| mutated(Shape::Messages, 0, &body, seed)).collect();
        assert!(mutations.len() > 300, "{}", mutations.len());
        for mutation in mutations {
            assert!(mutated(Shape::Messages, 0, &mutation, 1).is_some());
        }
    }
}
