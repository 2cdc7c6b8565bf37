// SPDX-License-Identifier: Apache-2.0
//! What must not happen must not compile (P3, P4). The very source of `src/gate/src/gate` and `disclose`, as
//! a crate of its own: the programs in `tests/ui` use it from outside, as the rest of the gate would.

#[allow(dead_code)]
#[path = "../../../src/gate/src/disclose/mod.rs"]
pub mod disclose;
#[allow(dead_code)]
#[path = "../../../src/gate/src/gate/mod.rs"]
pub mod gate;
#[path = "../../../src/gate/src/sync.rs"]
pub mod sync;

/// Stands for `seal/`, which alone may turn a payload into something sealed.
pub fn seal(payload: disclose::Payload<'_>) -> disclose::Sealed<'_> {
    let sealed = payload.seal_with(|_| Ok::<_, std::convert::Infallible>((Vec::new(), 0)));
    match sealed {
        Ok(sealed) => sealed,
        Err(never) => match never {},
    }
}

/// A body, which the service would make of an argument.
pub fn body() -> disclose::Body {
    disclose::Body(zeroize::Zeroizing::new(String::from("hello")))
}

/// A certificate, which the gate keeps with its keys.
pub fn certificate() -> disclose::PhoneNumber {
    disclose::PhoneNumber(zeroize::Zeroizing::new(Vec::new()))
}
