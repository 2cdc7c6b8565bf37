// SPDX-License-Identifier: Apache-2.0
//! The code that proves a number: what the registrar sends to it by SMS, and recognises without having
//! kept anything. So a code that one instance sent is accepted by every other, and after a restart.
//!
//! A code is an HMAC over the number, the identity key that asked and a window of ten minutes, 40 bits of it.
//! It is worth nothing to another identity key. That of the current and that of the last window are accepted,
//! so a code lives 10 to 20 minutes.
//!
//! **The bound on a guess.** Two codes are right at any time, so one try is right with 2 in 2^40. With the
//! limits as they are by default ([`crate::limit`]), at most 10 tries for one number pass in a window and
//! 20 in any ten minutes: less than 4 in 10^11 that one number is taken by a guess within ten minutes, whoever
//! tries with however many identity keys. For all numbers together at most 12000 tries pass in any ten
//! minutes: 2.2 in 10^8. A restart forgets what was counted, so each one within the ten minutes adds half as
//! much. (With more instances than a limit allows tries, each instance still allows one.)

use cloudmessaging_seal::{Number, RoutingKey};
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

/// Length of a window in milliseconds.
const WINDOW_MS: i64 = 600_000;

/// Characters of a code.
pub const LENGTH: usize = 8;

/// Crockford's base 32: no I, L, O, which are read as 1, 1, 0, and no U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What codes are made with.
///
/// Derived from the routing key by HKDF, so that all instances with one key file have the same one, and key
/// files of before need no change. Rotating the routing key ends the codes that are under way.
pub struct CodeKey(hmac::Key);

impl CodeKey {
    /// The key that goes with a routing key.
    pub fn derive(routing: &RoutingKey) -> CodeKey {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"cm/1 registrar");
        let secret = salt.extract(routing.as_bytes());
        let okm = secret.expand(&[b"code by SMS"], hmac::HMAC_SHA256);
        // 32 bytes, and HKDF-SHA256 gives up to 8160 (RFC 5869, section 2.3).
        CodeKey(hmac::Key::from(okm.expect("32 bytes are no more than HKDF gives")))
    }

    /// The code to send to a number that this identity key asked for, as its owner types it.
    pub fn code(&self, number: &Number, identity_key: &[u8; 32], now_ms: i64) -> Zeroizing<String> {
        let bits = self.bits(number, identity_key, window(now_ms));
        let digit = |n: usize| char::from(DIGITS[(bits >> (35 - 5 * n)) as usize & 31]);
        Zeroizing::new((0..LENGTH).map(digit).collect())
    }

    /// Whether this is a code that was sent to the number for this identity key, in this window or the
    /// last. Takes as long whatever was typed of the right shape.
    pub fn accepts(
        &self,
        number: &Number,
        identity_key: &[u8; 32],
        typed: &str,
        now_ms: i64,
    ) -> bool {
        let Some(typed) = parse(typed) else { return false };
        let now = window(now_ms);
        let right = |window| self.bits(number, identity_key, window) ^ typed == 0;
        right(now) | right(now.saturating_sub(1))
    }

    fn bits(&self, number: &Number, identity_key: &[u8; 32], window: i64) -> u64 {
        let mut context = hmac::Context::with_key(&self.0);
        let number = number.as_str().as_bytes();
        // A number is at most 16 bytes; its length keeps it apart from what follows.
        context.update(&[number.len() as u8]);
        context.update(number);
        context.update(identity_key);
        context.update(&window.to_be_bytes());
        let tag = context.sign();
        tag.as_ref()[..5].iter().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
    }
}

/// Until when a code that is made now is accepted, ms since the Unix epoch.
pub fn valid_until_ms(now_ms: i64) -> i64 {
    window(now_ms).saturating_add(2).saturating_mul(WINDOW_MS)
}

fn window(now_ms: i64) -> i64 {
    now_ms.div_euclid(WINDOW_MS)
}

/// The bits of what somebody typed: in any case, with O for 0 and I or L for 1.
fn parse(typed: &str) -> Option<u64> {
    if typed.len() != LENGTH {
        return None;
    }
    typed.bytes().try_fold(0, |bits, byte| {
        let digit = match byte.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        };
        let value = DIGITS.iter().position(|known| *known == digit)?;
        Some(bits << 5 | value as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn key() -> CodeKey {
        CodeKey::derive(&RoutingKey::new(1, [7; 32]))
    }

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn it_is_forty_bits_of_hmac_sha256_in_crockfords_base_32() {
        // Python: prk = hmac(b"cm/1 registrar", b"\x07" * 32); k = hmac(prk, b"code by SMS\x01")
        // hmac(k, bytes([9]) + b"+15550100" + b"\x05" * 32 + struct.pack(">q", 3000000))[:5]
        assert_eq!(*key().code(&number("+15550100"), &[5; 32], NOW), "8Y5FBHKW");
    }

    #[test]
    fn a_code_is_accepted_in_its_window_and_the_next_and_no_longer() {
        let (key, number) = (key(), number("+15550100"));
        let code = key.code(&number, &[5; 32], NOW);
        let accepted = |now_ms| key.accepts(&number, &[5; 32], &code, now_ms);
        assert!(!accepted(NOW - 1));
        assert!(accepted(NOW) && accepted(NOW + WINDOW_MS) && accepted(NOW + 2 * WINDOW_MS - 1));
        assert!(!accepted(NOW + 2 * WINDOW_MS));
        assert_eq!(valid_until_ms(NOW), NOW + 2 * WINDOW_MS);
        assert_eq!(valid_until_ms(NOW + WINDOW_MS - 1), NOW + 2 * WINDOW_MS);
    }

    #[test]
    fn a_code_is_worth_nothing_to_another_identity_key_number_or_registrar() {
        let (key, number) = (key(), number("+15550100"));
        let code = key.code(&number, &[5; 32], NOW);
        assert!(!key.accepts(&number, &[6; 32], &code, NOW));
        assert!(!key.accepts(&Number::parse("+15550101").unwrap(), &[5; 32], &code, NOW));
        let other = CodeKey::derive(&RoutingKey::new(1, [8; 32]));
        assert!(!other.accepts(&number, &[5; 32], &code, NOW));
    }

    #[test]
    fn any_other_code_is_wrong() {
        let (key, number) = (key(), number("+15550100"));
        let code = key.code(&number, &[5; 32], NOW);
        for at in 0..LENGTH {
            for digit in DIGITS {
                let mut typed = code.as_bytes().to_vec();
                let same = typed[at] == *digit;
                typed[at] = *digit;
                let typed = String::from_utf8(typed).unwrap();
                assert_eq!(key.accepts(&number, &[5; 32], &typed, NOW), same, "{typed}");
            }
        }
        for wrong in ["", "0", &code[..7], &format!("{}0", *code), "UUUUUUUU", "éééé", "--------"]
        {
            assert!(!key.accepts(&number, &[5; 32], wrong, NOW), "{wrong}");
        }
    }

    #[test]
    fn case_does_not_matter_and_letters_that_look_like_digits_are_forgiven() {
        assert_eq!(parse("abcdefgh"), parse("ABCDEFGH"));
        assert_eq!(parse("oO0iIlL1"), parse("00011111"));
        assert_eq!(parse("ZZZZZZZZ"), Some((1 << 40) - 1));
        assert_eq!(parse("00000000"), Some(0));
        assert_eq!(parse("0000000U"), None);
    }
}
