// SPDX-License-Identifier: Apache-2.0
//! Having init start whatever has an interface.

use std::io::{Error, Read, Result, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const PROPERTIES: &str = "/dev/socket/property_service";

/// How long init may take to fork.
const WITHIN: Duration = Duration::from_secs(5);

/// `PROP_MSG_SETPROP2`: a name and a value follow, each behind its length; a number comes back, 0 for done.
const SET: u32 = 0x0002_0001;

/// Asks init. When this returns, the service was started, or there is none; it need not be registered yet.
pub fn interface(name: &str) -> Result<()> {
    let mut init = UnixStream::connect(PROPERTIES)?;
    init.set_read_timeout(Some(WITHIN))?;
    let mut message = SET.to_ne_bytes().to_vec();
    for text in ["ctl.interface_start", &format!("aidl/{name}")] {
        // Neither is longer than a name of a service may be.
        message.extend((text.len() as u32).to_ne_bytes());
        message.extend(text.as_bytes());
    }
    init.write_all(&message)?;
    let mut answer = [0; 4];
    init.read_exact(&mut answer)?;
    match u32::from_ne_bytes(answer) {
        0 => Ok(()),
        other => Err(Error::other(format!("init says {other:#x}"))),
    }
}
