// SPDX-License-Identifier: Apache-2.0
//! The two system calls that nix has no safe form of.

use nix::libc;
use std::ffi::{CStr, CString};
use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const ATTRIBUTE: &CStr = c"security.selinux";

/// Longest label that is read.
const LABEL_MAX: usize = 4096;

/// Sets the label of a file; of a symbolic link itself.
pub fn set_label(path: &Path, label: &str) -> Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let label = CString::new(label)?;
    let value = label.as_bytes_with_nul();
    // SAFETY: both names end in a NUL; `value` is valid for the length that is given, and only read.
    let done = unsafe {
        libc::lsetxattr(path.as_ptr(), ATTRIBUTE.as_ptr(), value.as_ptr().cast(), value.len(), 0)
    };
    if done == 0 {
        return Ok(());
    }
    Err(Error::last_os_error())
}

/// The label that the process at the other end of a Unix socket had when it connected.
pub fn peer_label(socket: BorrowedFd<'_>) -> Result<String> {
    let mut label = vec![0_u8; LABEL_MAX];
    let mut length = LABEL_MAX as libc::socklen_t;
    // SAFETY: the kernel writes at most `length` bytes into `label`, which has as many, and the length it wrote
    // into `length`; both outlive the call.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERSEC,
            label.as_mut_ptr().cast(),
            &mut length,
        )
    };
    if done != 0 {
        return Err(Error::last_os_error());
    }
    label.truncate(length as usize);
    while label.last() == Some(&0) {
        label.pop();
    }
    String::from_utf8(label).map_err(|_| Error::new(ErrorKind::InvalidData, "a label is no text"))
}
