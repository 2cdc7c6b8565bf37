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
mod mutate;
mod people;
mod plain;
mod proof;
// Soong builds no registrar, so a phone has no target for it.
#[cfg(not(target_os = "android"))]
mod request;
mod sealed;
mod segment;

use mutate::Shape;

/// A target.
pub struct Target {
    /// Its name, and that of its folders.
    pub name: &'static str,
    run: fn(&[u8]) -> bool,
    seeds: fn() -> Vec<Seed>,
    /// What an input is, and how many bytes before that say how to read it.
    shape: (Shape, usize),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target::new("leaf", leaf::run, leaf::seeds, (Shape::Messages, 0)),
    Target::new("segment", segment::run, segment::seeds, (Shape::Messages, 2)),
    Target::new("export", export::run, export::seeds, (Shape::Messages, 1)),
    Target::new("proof", proof::run, proof::seeds, (Shape::Text, 1)),
    Target::new("consent", consent::run, consent::seeds, (Shape::Message, 1)),
    Target::new("frame", frame::run, frame::seeds, (Shape::Message, 1)),
    Target::new("sealed", sealed::run, sealed::seeds, (Shape::Message, 1)),
    #[cfg(not(target_os = "android"))]
    Target::new("request", request::run, request::seeds, (Shape::Message, 1)),
];

impl Target {
    const fn new(
        name: &'static str,
        run: fn(&[u8]) -> bool,
        seeds: fn() -> Vec<Seed>,
        shape: (Shape, usize),
    ) -> Self {
        Self { name, run, seeds, shape }
    }

    /// The target of this name.
    pub fn named(name: &str) -> &'static Self {
        TARGETS.iter().find(|target| target.name == name).expect("a target")
    }

    /// Reads an input, and says whether the reader took it. Panics if it finds something wrong with the reader.
    pub fn run(&self, data: &[u8]) -> bool {
        memory::bounded(|| (self.run)(data))
    }

    /// A mutation of an input, if it is of this target's shape.
    pub fn mutated(&self, data: &[u8], seed: u32) -> Option<Vec<u8>> {
        mutate::mutated(self.shape.0, self.shape.1, data, seed)
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

/// A target as libFuzzer has it: `fuzz_target!`, and a `fuzz_mutator!` that every other time changes messages and not bytes.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            $crate::Target::named($name).run(data);
        });

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
            let mutated = (seed % 2 == 0)
                .then(|| $crate::Target::named($name).mutated(&data[..size], seed))
                .flatten();
            match mutated.filter(|mutated| mutated.len() <= most) {
                Some(mutated) => {
                    data[..mutated.len()].copy_from_slice(&mutated);
                    mutated.len()
                }
                None => libfuzzer_sys::fuzzer_mutate(data, size, most),
            }
        });
    };
}
