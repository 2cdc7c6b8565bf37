// SPDX-License-Identifier: Apache-2.0
//! What Java passes, as Rust has it. What is wrong with one is said by the name that it has in Java.

use jni::objects::{JByteArray, JIntArray, JLongArray, JString};
use jni::JNIEnv;
use zeroize::Zeroizing;

use crate::border::Failure;

/// Longest array of numbers: more than there are of anything that is listed here.
const NUMBERS_MAX: usize = 64;

/// Most instants: one for each midnight of a year.
const INSTANTS_MAX: usize = 367;

fn wrong(name: &str, fault: &str) -> Failure {
    Failure::Argument(format!("{name} {fault}"))
}

/// A text that has to be there.
pub fn text(
    env: &mut JNIEnv<'_>,
    text: &JString<'_>,
    name: &str,
) -> Result<Zeroizing<String>, Failure> {
    optional_text(env, text, name)?.ok_or_else(|| wrong(name, "is null"))
}

/// A text that may be null.
pub fn optional_text(
    env: &mut JNIEnv<'_>,
    text: &JString<'_>,
    name: &str,
) -> Result<Option<Zeroizing<String>>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    let text = Zeroizing::new(String::from(env.get_string(text)?));
    // It stands for half a surrogate pair, and no text that is good for anything here holds it.
    if text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(wrong(name, "is no text"));
    }
    Ok(Some(text))
}

/// Bytes.
pub fn bytes(
    env: &mut JNIEnv<'_>,
    bytes: &JByteArray<'_>,
    name: &str,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if bytes.is_null() {
        return Err(wrong(name, "is null"));
    }
    Ok(Zeroizing::new(env.convert_byte_array(bytes)?))
}

/// Numbers, a few.
pub fn numbers(
    env: &mut JNIEnv<'_>,
    numbers: &JIntArray<'_>,
    name: &str,
) -> Result<Vec<i32>, Failure> {
    if numbers.is_null() {
        return Err(wrong(name, "is null"));
    }
    let length = usize::try_from(env.get_array_length(numbers)?).unwrap_or(usize::MAX);
    if length > NUMBERS_MAX {
        return Err(wrong(name, "is too long"));
    }
    let mut copy = vec![0; length];
    env.get_int_array_region(numbers, 0, &mut copy)?;
    Ok(copy)
}

/// Instants, none before the one before it: where a whole date was left out, two are the same.
pub fn ascending(
    env: &mut JNIEnv<'_>,
    instants: &JLongArray<'_>,
    name: &str,
) -> Result<Vec<i64>, Failure> {
    if instants.is_null() {
        return Err(wrong(name, "is null"));
    }
    let length = usize::try_from(env.get_array_length(instants)?).unwrap_or(usize::MAX);
    if length > INSTANTS_MAX {
        return Err(wrong(name, "is too long"));
    }
    let mut copy = vec![0; length];
    env.get_long_array_region(instants, 0, &mut copy)?;
    match copy.windows(2).all(|pair| pair[0] <= pair[1]) {
        true => Ok(copy),
        false => Err(wrong(name, "does not ascend")),
    }
}
