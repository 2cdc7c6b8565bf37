// SPDX-License-Identifier: Apache-2.0
//! Why the uplink ends. It has no log: its exit code is all that it says, and the gate reads that.

use nix::errno::Errno;

/// Why the uplink ends, each with its own exit code. There is no way on from any of them: the gate starts
/// a new uplink if one is wanted.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// The gate closed its end of the socketpair, or died.
    #[error("the gate is gone")]
    GateGone,
    /// Not called with the gate's process id as the only argument.
    #[error("usage: cloudmessaging_uplink GATE_PID, with the gate at descriptor 3")]
    Usage,
    /// The parent is not the gate: it died before the uplink could ask to die with it.
    #[error("the parent is not the gate")]
    Orphan,
    /// A step that seals the process off failed.
    #[error("{step}: {errno}")]
    Unsealed {
        /// The system call.
        step: &'static str,
        /// What it answered.
        errno: Errno,
    },
    /// The kernel did not confine this process, and without that it does not go on.
    #[error("sandbox: {0}")]
    Unconfined(String),
    /// A descriptor beside 0, 1, 2 and the socketpair was inherited.
    #[error("descriptor {0} was inherited")]
    Inherited(i32),
    /// Descriptor 3 is not open, or no socket that keeps frames apart.
    #[error("descriptor 3 is not a SOCK_SEQPACKET socket")]
    NoSocketpair,
    /// A frame does not parse, is not one that may come now, or is too large.
    #[error("a frame from the gate is not one")]
    Frame,
    /// `Configure` names no host, no authority, or a certificate or key that cannot be used.
    #[error("the configuration cannot be used: {0}")]
    Configuration(&'static str),
    /// The reported network cannot be used.
    #[error("network: {0}")]
    Network(Errno),
    /// A system call that does not fail failed.
    #[error("{step}: {errno}")]
    System {
        /// The system call.
        step: &'static str,
        /// What it answered.
        errno: Errno,
    },
}

impl End {
    /// What the process exits with: 0 if the gate is gone, which is the ordinary end; 101 is a panic.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::GateGone => 0,
            Self::Usage => 2,
            Self::Orphan => 3,
            Self::Unsealed { .. } => 4,
            Self::Inherited(_) => 5,
            Self::NoSocketpair => 6,
            Self::Frame => 7,
            Self::Configuration(_) => 8,
            Self::Network(_) => 9,
            Self::System { .. } => 10,
            Self::Unconfined(_) => 11,
        }
    }
}
