// SPDX-License-Identifier: Apache-2.0
//! How our settings app is known over a host's sockets: by the uids given when the service was started.

use super::{Identities, Identity};

/// Whoever runs as one of these is our settings app.
#[derive(Clone, Debug)]
pub struct Uids(pub Vec<u32>);

impl Identities for Uids {
    fn identity(&self, uid: u32) -> Identity {
        match self.0.contains(&uid) {
            true => Identity::Settings,
            false => Identity::Other,
        }
    }
}
