// SPDX-License-Identifier: Apache-2.0
//! Which network is used, on a phone: the one that the gate's report named and no other (P4: roaming is
//! decided before a byte leaves, never found out afterwards).

#![allow(unsafe_code)]

use nix::errno::Errno;
use nix::libc::c_int;

extern "C" {
    /// `<android/multinetwork.h>`, in libandroid_net; the handle is `android.net.Network`'s.
    fn android_setprocnetwork(network: u64) -> c_int;
}

/// Binds every socket and every name query of this process, from its creation, to the network with this
/// handle. When that network goes, its sockets fail; they do not move to another. To be called before
/// the first socket and the first thread.
///
/// For the whole process and not for each socket (`android_setsocknetwork`), because a name query is a transmission
/// too, and because a socket that somebody adds one day is bound without being thought of. The C library asks netd, by a
/// UDP socket that SELinux lets send nothing.
pub fn keep_to(network: u64) -> Result<(), Errno> {
    // 0 is NETWORK_UNSPECIFIED and would mean whatever is the default network at the time.
    if network == 0 {
        return Err(Errno::EINVAL);
    }
    // SAFETY: takes a number, keeps no pointer, and sets errno if it answers -1.
    Errno::result(unsafe { android_setprocnetwork(network) }).map(drop)
}
