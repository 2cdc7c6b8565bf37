// SPDX-License-Identifier: Apache-2.0
//! What reads what somebody else wrote, each held against inputs of every kind: a function for each target, which takes
//! any bytes and fails when a promise of the reader does not hold. Not to panic is the least of it.
//!
//! `fuzz_targets` hands these functions to libFuzzer, as cargo-fuzz has it; the suite `fuzz` runs them. `corpus` holds what
//! libFuzzer begins with: real values, made by [`Target::seeds`], and what it found worth keeping. `crashes` holds each
//! input that once failed. `cargo test -p fuzz` plays both back, without libFuzzer.
//!
//! No fuzzer finds a hash, a code or a signature. So most targets read an input twice: as it is, and as it would be
//! from somebody who has the key, with those made right.

mod consent;
mod export;
mod folder;
mod frame;
mod leaf;
mod memory;
mod people;
mod plain;
mod proof;
// Soong builds no registrar, so a phone has no target for it.
#[cfg(not(target_os = "android"))]
mod request;
mod sealed;
mod segment;

/// A target.
pub struct Target {
    /// Its name, and that of its folders.
    pub name: &'static str,
    run: fn(&[u8]) -> bool,
    seeds: fn() -> Vec<Seed>,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "leaf", run: leaf::run, seeds: leaf::seeds },
    Target { name: "segment", run: segment::run, seeds: segment::seeds },
    Target { name: "export", run: export::run, seeds: export::seeds },
    Target { name: "proof", run: proof::run, seeds: proof::seeds },
    Target { name: "consent", run: consent::run, seeds: consent::seeds },
    Target { name: "frame", run: frame::run, seeds: frame::seeds },
    Target { name: "sealed", run: sealed::run, seeds: sealed::seeds },
    #[cfg(not(target_os = "android"))]
    Target { name: "request", run: request::run, seeds: request::seeds },
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> &'static Self {
        TARGETS.iter().find(|target| target.name == name).expect("a target")
    }

    /// Reads an input, and says whether the reader took it. Panics if it finds something wrong with the reader.
    pub fn run(&self, data: &[u8]) -> bool {
        memory::bounded(|| (self.run)(data))
    }

    /// Real values, from which mutations begin.
    pub fn seeds(&self) -> Vec<Seed> {
        (self.seeds)()
    }
}

/// A real value.
pub struct Seed {
    /// Of its file in the corpus.
    pub name: &'static str,
    /// The input.
    pub bytes: Vec<u8>,
    /// Whether the reader takes it.
    pub taken: bool,
    /// It holds randomness, and is another each time that it is made.
    pub random: bool,
}

impl Seed {
    /// One that is taken.
    fn new(name: &'static str, bytes: Vec<u8>) -> Self {
        Self { name, bytes, taken: true, random: false }
    }

    /// One with something wrong in it.
    fn wrong(name: &'static str, bytes: Vec<u8>) -> Self {
        Self { taken: false, ..Self::new(name, bytes) }
    }
}

/// The target of this name, as libFuzzer calls it.
pub fn run(name: &str, data: &[u8]) {
    Target::named(name).run(data);
}
