// SPDX-License-Identifier: Apache-2.0
//! What can go wrong around the programs. What goes wrong inside them is the suites' to judge.
use std::fmt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the testbed cannot go on.
#[derive(Error)]
pub enum Error {
    /// A file or directory.
    #[error("{what} {path}: {source}")]
    File {
        /// What was attempted.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A socket of the relay, a thread.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// `cargo build` did not build the programs.
    #[error("the programs were not built: {0}")]
    Build(String),
    /// A program did not start, ended early, or did not become ready.
    #[error("{program}: {why}\n{log}")]
    Program {
        /// Which.
        program: String,
        /// What happened.
        why: String,
        /// The last lines of its log.
        log: String,
    },
    /// `cmctl` gave another answer than the one needed.
    #[error("cmctl {verb}: exit code {code}\n{output}")]
    Cmctl {
        /// Its verb; arguments may be personal data.
        verb: String,
        /// Its exit code; -1 if it was killed.
        code: i32,
        /// What it printed.
        output: String,
    },
    /// Something that was waited for did not happen.
    #[error("waited {seconds} s in vain for {what}\n{log}")]
    Waited {
        /// For what.
        what: String,
        /// How long.
        seconds: u64,
        /// The last lines of the log of whoever should have done it.
        log: String,
    },
}

// A test that ends in an error prints its Debug: a log in it should have its lines.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// For `map_err` on a file operation.
    pub fn file<'a>(
        what: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Error + 'a {
        move |source| Error::File { what, path: path.to_owned(), source }
    }

    /// For `map_err` on anything else.
    pub fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        move |source| Error::Io { what, source }
    }
}
