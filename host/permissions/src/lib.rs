// SPDX-License-Identifier: Apache-2.0
//! `android.os.IPermissionController`, what the service `permission` of a phone's system server answers, in the
//! module layout of AOSP's `android_os_permissions_aidl-rust`. rsbinder generates it from the same AIDL.

/// As AOSP's aidl names it.
pub mod aidl {
    #[allow(missing_docs)]
    pub mod android {
        pub mod os {
            #[allow(non_snake_case)]
            pub mod IPermissionController {
                pub use rsbinder::permission_controller::{
                    BnPermissionController, IPermissionController,
                };
            }
        }
    }
}
