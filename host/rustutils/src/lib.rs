// SPDX-License-Identifier: Apache-2.0
//! What AOSP's `librustutils` is on a phone, as far as we use it, for a machine without Android's C library: system
//! properties, set by asking init as that library asks it.

pub mod system_properties;
