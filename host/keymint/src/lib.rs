// SPDX-License-Identifier: Apache-2.0
//! KeyMint's types, as far as the gate names them, in the module layout of AOSP's
//! `android.hardware.security.keymint-V*-rust`. See `host/keystore2`, which generates them.

/// As AOSP's aidl names it.
pub mod aidl {
    #[allow(missing_docs)]
    pub mod android {
        pub mod hardware {
            pub mod security {
                pub mod keymint {
                    pub use android_system_keystore2::keymint::*;
                }
            }
        }
    }
}
