// SPDX-License-Identifier: Apache-2.0
//! How our settings app is known on a host: by the uids given when the service was started. On a phone it is
//! known by its permission and its security context.

/// What the identity of a caller is told by.
#[derive(Clone, Debug)]
pub struct Identities {
    settings: Vec<u32>,
}

impl Identities {
    /// Whoever runs as one of these is our settings app.
    pub fn new(settings: &[u32]) -> Self {
        Self { settings: settings.to_vec() }
    }

    /// Whether that uid is our settings app's.
    pub fn is_settings(&self, uid: u32) -> bool {
        self.settings.contains(&uid)
    }
}
