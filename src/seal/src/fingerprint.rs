// SPDX-License-Identifier: Apache-2.0
//! What two owners compare to know that no registrar stands between them.

use ring::digest;

/// 60 digits in 12 groups of 5, the same for both sides whichever names itself first.
///
/// SHA-512 over a context string and both identity keys, the lesser first; each group is 5 bytes of it,
/// big-endian, modulo 100,000. To make two conversations show the same digits, somebody in the middle has
/// to find a collision of 199 bits, about 2^99 tries.
pub fn fingerprint(a: &[u8; 32], b: &[u8; 32]) -> String {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    let mut context = digest::Context::new(&digest::SHA512);
    context.update(b"cm/1 fingerprint\0");
    context.update(first);
    context.update(second);
    let hash = context.finish();
    let groups: Vec<String> = hash.as_ref()[..60]
        .chunks_exact(5)
        .map(|bytes| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)) % 100_000)
        .map(|group| format!("{group:05}"))
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> ([u8; 32], [u8; 32]) {
        (std::array::from_fn(|i| i as u8), std::array::from_fn(|i| 32 + i as u8))
    }

    #[test]
    fn both_sides_see_these_digits() {
        // Python: h = hashlib.sha512(b"cm/1 fingerprint\0" + a + b).digest(), then for i in range(12)
        // "%05d" % (int.from_bytes(h[i*5:i*5+5], "big") % 100000)
        let (a, b) = keys();
        let digits = "12396 47475 10298 04014 72423 02526 29804 89421 08132 77380 29378 58636";
        assert_eq!(fingerprint(&a, &b), digits);
        assert_eq!(fingerprint(&b, &a), digits);
    }

    #[test]
    fn every_bit_of_either_key_changes_them() {
        let (a, b) = keys();
        let digits = fingerprint(&a, &b);
        for bit in 0..256 {
            let flip = |mut key: [u8; 32]| {
                key[bit / 8] ^= 1 << (bit % 8);
                key
            };
            assert_ne!(fingerprint(&flip(a), &b), digits);
            assert_ne!(fingerprint(&a, &flip(b)), digits);
        }
    }
}
