// SPDX-License-Identifier: Apache-2.0
//! Where a private key stood, nothing of it stands after it was dropped.

use std::mem::MaybeUninit;

use cloudmessaging_seal::{IdentityKey, PrekeyPair, RoutingKey, SecretKey};

/// Drops `value` where it stands and says whether `secret` can still be found there.
fn remains<T>(value: T, secret: &[u8; 32]) -> bool {
    let mut slot = Box::new(MaybeUninit::new(value));
    let stands = |slot: &MaybeUninit<T>| {
        // SAFETY: the slot is allocated and as large as T, every byte of it was written when it was filled
        // (the types tested are byte arrays and integers without padding between them), and dropping them
        // writes bytes without giving the slot back.
        let bytes: Vec<u8> = (0..size_of::<T>())
            .map(|i| unsafe { std::ptr::read_volatile(slot.as_ptr().cast::<u8>().add(i)) })
            .collect();
        bytes.windows(secret.len()).any(|window| window == secret)
    };
    assert!(stands(&slot), "the test looks in the wrong place");
    // SAFETY: it was made from a value above and is dropped this once.
    unsafe { slot.assume_init_drop() };
    stands(&slot)
}

#[test]
fn nothing_remains_of_a_secret_key() {
    assert!(!remains(SecretKey::from_bytes([0xa5; 32]), &[0xa5; 32]));
}

#[test]
fn nothing_remains_of_an_identity_key() {
    let key = IdentityKey::generate().unwrap();
    let seed = key.to_pkcs8()[16..48].try_into().unwrap();
    assert!(!remains(key, &seed));
}

#[test]
fn nothing_remains_of_a_routing_key() {
    assert!(!remains(RoutingKey::new(1, [0xa5; 32]), &[0xa5; 32]));
}

#[test]
fn nothing_remains_of_a_prekey() {
    let pair = PrekeyPair::generate(0).unwrap();
    let secret = *pair.secret.as_bytes();
    assert!(!remains(pair, &secret));
}

#[test]
fn the_search_finds_what_is_not_wiped() {
    assert!(remains([0xa5_u8; 32], &[0xa5; 32]));
}
