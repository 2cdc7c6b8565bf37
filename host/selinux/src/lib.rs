// SPDX-License-Identifier: Apache-2.0
//! What libselinux does on a phone, for the stand-ins of init and servicemanager in a virtual machine: which label a
//! file, a service or a property has ([`contexts`]), and what the kernel says about labels ([`kernel`]).
//!
//! Nothing here decides anything: the label comes from a contexts file, the verdict from the loaded policy.

pub mod contexts;
pub mod kernel;
pub mod launch;

mod call;

pub use contexts::{FileContexts, PropertyContexts, ServiceContexts};

/// Why there is no label, or no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A contexts file is not what it should be.
    #[error("{file}, line {line}: {why}")]
    Contexts {
        /// Which file.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// The kernel would not.
    #[error("cannot {what}: {source}")]
    Kernel {
        /// What was attempted, on what.
        what: String,
        /// What it said.
        source: std::io::Error,
    },
    /// The loaded policy has no such class or permission.
    #[error("the policy that is loaded has no {0}")]
    Unknown(String),
}

impl Error {
    fn kernel(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Kernel { what, source }
    }
}
