// SPDX-License-Identifier: Apache-2.0
//! What this process may ask of the kernel from now on (P2, P4): on a host by Landlock and seccomp, in
//! `host/sandbox`; on a phone by its SELinux domain, which it has been in since exec.

use crate::end::End;
use crate::settings::Settings;

/// Gives up, for good, all that the event loop does not need. Before the first thread and the first socket, and
/// after the last file that may be opened here. Answers whether the kernel could hold only a part of it.
#[cfg(not(target_os = "android"))]
pub fn enter(settings: &Settings) -> Result<bool, End> {
    use cloudmessaging_sandbox::Places;
    let places = cloudmessaging_sandbox::enter(settings.port)
        .map_err(|error| End::Unconfined(error.to_string()))?;
    Ok(places != Places::Held)
}

/// SELinux did it.
#[cfg(target_os = "android")]
pub fn enter(_settings: &Settings) -> Result<bool, End> {
    Ok(false)
}
