// SPDX-License-Identifier: Apache-2.0
//! Named steps: the places between two things that are durable or can be seen from outside, where a crash
//! must not break a promise (P6). `step!("gate.outbox.accepted")` marks one; the part before the first dot is
//! the program.
//!
//! **What ships has none of it.** Only a build with debug assertions that is not for Android knows the words
//! below; in every other build [`reached`] is empty, and so is the environment of an uplink.
//! `what_ships_knows_no_steps` looks. There is no list of steps but the source.
//!
//! Where they exist they do nothing unless `CLOUDMESSAGING_STEPS` names a file. Then each step reached is
//! appended to it as a line `PID NAME`, and a line `crash NAME N`, which somebody appends from outside, ends the
//! process that is the N-th to reach that step from there on: by abort(3), which runs nothing of ours any more.
//! All processes that share the file count together, so that what is started again is not ended again.
//!
//! A test that plays a program on a thread of its own sees the steps of that thread by [`watch`].

/// Marks a step: see [`step`](mod@crate::step).
#[macro_export]
macro_rules! step {
    ($name:literal) => {
        $crate::step::reached($name)
    };
}

/// This step was reached. Does not return if it was ordered so. To be called by [`step!`](crate::step!), so
/// that a search of the source finds all.
#[inline(always)]
pub fn reached(_name: &'static str) {
    #[cfg(all(debug_assertions, not(target_os = "android")))]
    known::reached(_name);
}

/// Lets a program that is started with an empty environment reach steps, too.
#[inline(always)]
pub fn pass_on(_to: &mut std::process::Command) {
    #[cfg(all(debug_assertions, not(target_os = "android")))]
    known::pass_on(_to);
}

/// From here on `watcher` is called at each step that this thread reaches, and may unwind from there as a crash
/// would end it.
pub fn watch(_watcher: Option<fn(&'static str)>) {
    #[cfg(all(debug_assertions, not(target_os = "android")))]
    known::WATCHER.set(_watcher);
}

#[cfg(all(debug_assertions, not(target_os = "android")))]
mod known {
    use std::cell::Cell;
    use std::fs::{File, OpenOptions};
    use std::io::{Read as _, Write as _};
    use std::process::Command;
    use std::sync::{Mutex, OnceLock, PoisonError};

    const FILE: &str = "CLOUDMESSAGING_STEPS";

    thread_local! {
        pub(super) static WATCHER: Cell<Option<fn(&'static str)>> = const { Cell::new(None) };
    }

    struct Steps {
        written: File,
        // With a position of its own: a sandbox may allow read and write, and neither open nor seek.
        read: File,
        rest: Vec<u8>,
        order: Option<Order>,
    }

    struct Order {
        name: String,
        left: u32,
    }

    pub(super) fn pass_on(to: &mut Command) {
        if let Some(file) = std::env::var_os(FILE) {
            to.env(FILE, file);
        }
    }

    pub(super) fn reached(name: &'static str) {
        if let Some(watcher) = WATCHER.get() {
            watcher(name);
        }
        // Opened at the first step, which is to be reached before a program gives up opening files.
        static STEPS: OnceLock<Option<Mutex<Steps>>> = OnceLock::new();
        if let Some(steps) = STEPS.get_or_init(Steps::open) {
            steps.lock().unwrap_or_else(PoisonError::into_inner).reached(name);
        }
    }

    impl Steps {
        fn open() -> Option<Mutex<Self>> {
            let file = std::env::var_os(FILE)?;
            let written = OpenOptions::new().append(true).open(&file).ok()?;
            let read = File::open(&file).ok()?;
            Some(Mutex::new(Self { written, read, rest: Vec::new(), order: None }))
        }

        fn reached(&mut self, name: &str) {
            let own = format!("{} {name}", std::process::id());
            // One write, so that lines of several processes do not mix.
            let _ = self.written.write_all(format!("{own}\n").as_bytes());
            let mut piece = [0; 4096];
            // Not `read_to_end`, which asks for the file's size first.
            while let Ok(count @ 1..) = self.read.read(&mut piece) {
                self.rest.extend(&piece[..count]);
            }
            while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                self.line(String::from_utf8_lossy(&line).trim_end(), &own);
            }
        }

        fn line(&mut self, line: &str, own: &str) {
            if let Some(order) = line.strip_prefix("crash ") {
                self.order = order.split_once(' ').and_then(|(name, left)| {
                    Some(Order { name: name.to_owned(), left: left.parse().ok()? })
                });
                return;
            }
            let Some(order) = &mut self.order else { return };
            if line.split_once(' ').is_some_and(|(_, name)| name == order.name) {
                order.left = order.left.saturating_sub(1);
                if order.left == 0 {
                    self.order = None;
                    if line == own {
                        std::process::abort();
                    }
                }
            }
        }
    }
}
