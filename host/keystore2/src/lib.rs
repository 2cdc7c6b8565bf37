// SPDX-License-Identifier: Apache-2.0
//! Keystore's interface, as far as the gate names it, in the module layout of AOSP's
//! `android.system.keystore2-V*-rust`; `host/keymint` has the layout of KeyMint's.
//!
//! Names, numbers and types are Android's, so that the code that calls a phone's Keystore compiles here and is run
//! against a Keystore of the tests. Methods and fields that we do not name are left out: **the parcels are not
//! Android's**, and no other process is talked to by this.

// Named in Android's documentation.
#[allow(missing_docs, clippy::all)]
mod generated {
    rsbinder::include_aidl!("aidl");
}

/// What `host/keymint` gives its own name.
#[doc(hidden)]
pub use generated::android::hardware::security::keymint;

/// As AOSP's aidl names it.
pub mod aidl {
    #[allow(missing_docs)]
    pub mod android {
        pub mod system {
            pub mod keystore2 {
                pub use crate::generated::android::system::keystore2::*;
            }
        }
    }
}
