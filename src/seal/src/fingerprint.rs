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
