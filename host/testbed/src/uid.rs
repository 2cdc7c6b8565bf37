// SPDX-License-Identifier: Apache-2.0
//! Callers that run as somebody else.

/// Gives this thread another uid: who connects is whom the kernel says its thread is. Panics if that fails: only root can.
pub fn become_uid(uid: u32) {
    if uid == nix::unistd::geteuid().as_raw() {
        return;
    }
    // SAFETY: the bare system call, not libc's wrapper, changes this thread alone; its arguments are numbers.
    let changed = unsafe { nix::libc::syscall(nix::libc::SYS_setresuid, uid, uid, uid) };
    assert_eq!(changed, 0, "only root can take another uid");
}
