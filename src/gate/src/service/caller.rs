// SPDX-License-Identifier: Apache-2.0
//! Who calls, by the kernel's word and never by an argument's. Over the kernel driver, on a phone and in a VM, the word
//! is a security context (`caller_context.rs`); over a host's sockets a uid (`caller_host.rs`).

#[path = "caller_context.rs"]
mod context;
#[cfg(not(target_os = "android"))]
#[path = "caller_host.rs"]
mod host;

pub use context::Contexts;
#[cfg(not(target_os = "android"))]
pub use host::Uids;

use super::facade::UserId;
use binder::ThreadState;

/// Uids per Android user. `android.os.UserHandle.PER_USER_RANGE`.
const PER_USER_RANGE: u32 = 100_000;

/// What a caller is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Our settings app.
    Settings,
    /// Any other app: what it may do depends on its uid.
    Other,
    /// The kernel did not say who it is: it may do nothing.
    Unknown,
}

/// How callers are told apart.
pub trait Identities: Send + Sync {
    /// What the caller is whose call this thread handles, and who runs as `uid`.
    fn identity(&self, uid: u32) -> Identity;
}

/// Whoever makes the call that this thread handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its uid.
    pub uid: u32,
    /// The Android user that it runs as.
    pub user: UserId,
    /// What it is.
    pub identity: Identity,
}

/// Who calls. The pid says nothing: it is 0 in oneway calls, and is reused.
pub fn identify(identities: &dyn Identities) -> Caller {
    let uid = ThreadState::get_calling_uid();
    of_uid(uid, identities.identity(uid))
}

fn of_uid(uid: u32, identity: Identity) -> Caller {
    // Cannot truncate: u32::MAX / 100000 is 42949.
    Caller { uid, user: (uid / PER_USER_RANGE) as UserId, identity }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_part_of_the_uid() {
        let user = |uid| of_uid(uid, Identity::Other).user;
        assert_eq!(user(0), 0);
        assert_eq!(user(99_999), 0);
        assert_eq!(user(100_000), 1);
        assert_eq!(user(1_010_123), 10);
        assert_eq!(user(u32::MAX), 42_949);
    }
}
