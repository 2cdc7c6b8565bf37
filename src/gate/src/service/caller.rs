// SPDX-License-Identifier: Apache-2.0
//! Who calls, by the kernel's word and never by an argument's.

#[cfg(not(target_os = "android"))]
#[path = "caller_host.rs"]
mod side;

pub use side::Identities;

use super::facade::UserId;
use binder::ThreadState;

/// Uids per Android user. `android.os.UserHandle.PER_USER_RANGE`.
const PER_USER_RANGE: u32 = 100_000;

/// Whoever makes the call that this thread handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its uid.
    pub uid: u32,
    /// The Android user that it runs as.
    pub user: UserId,
    /// Whether it is our settings app.
    pub settings: bool,
}

/// Who calls. The pid says nothing: it is 0 in oneway calls, and is reused.
pub fn identify(identities: &Identities) -> Caller {
    let uid = ThreadState::get_calling_uid();
    of_uid(uid, identities.is_settings(uid))
}

fn of_uid(uid: u32, settings: bool) -> Caller {
    // Cannot truncate: u32::MAX / 100000 is 42949.
    Caller { uid, user: (uid / PER_USER_RANGE) as UserId, settings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_part_of_the_uid() {
        assert_eq!(of_uid(0, false).user, 0);
        assert_eq!(of_uid(99_999, false).user, 0);
        assert_eq!(of_uid(100_000, false).user, 1);
        assert_eq!(of_uid(1_010_123, true), Caller { uid: 1_010_123, user: 10, settings: true });
        assert_eq!(of_uid(u32::MAX, false).user, 42_949);
    }
}
