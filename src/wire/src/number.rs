// SPDX-License-Identifier: Apache-2.0
//! How a phone number is spelled.

/// Whether this is `+`, a country code that does not begin with zero, and at most 15 digits in all (ITU-T
/// E.164, 6.1; it names no least length).
pub fn is_e164(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else { return false };
    (2..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit())
}
