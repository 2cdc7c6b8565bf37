// SPDX-License-Identifier: Apache-2.0
//! The interfaces in `aidl/`, generated for a host, in the module layout that AOSP's aidl gives them:
//! `aidl::android::system::cloudmessaging::Grant::Grant`.
//!
//! **Never format one of these types.** `aidl` derives `Debug` for every parcelable, on a phone as here, so
//! `{:?}` of a grant prints phone numbers. We could redact it here but not there, and a host on which a leak
//! cannot be seen is worse than none: so it stays, the gate turns parcelables into its own redacting types at the
//! border, and a test keeps `{:?}` out of the code that sees a parcelable before that.

// Documented in the .aidl files; rsbinder-aidl carries no comments over.
#[allow(missing_docs, clippy::all)]
mod generated {
    rsbinder::include_aidl!("aidl");
}

/// As AOSP's aidl names it.
pub mod aidl {
    #[allow(missing_docs)]
    pub mod android {
        pub mod system {
            #[allow(non_snake_case)]
            pub mod cloudmessaging {
                use crate::generated::android::system::cloudmessaging as generated;

                pub use generated::{
                    CaptureMethod, ConsentState, DataClass, Disclosure, Erasure, ErrorCode, Grant,
                    InboundMessage, KeyChange, LedgerCheckpoint, LedgerEntry, LedgerTotal, Legacy,
                    LegacySetting, NetworkReport, OffReason, Outcome, OutgoingMessage, Policy,
                    PreviewField, Refusal, Registration, RegistrationPreview, ServiceState,
                    SimIdentity, SimState, SmsReason, UserReport, Withdrawal,
                };

                /// An interface, with a `new_binder` that takes libbinder_rs's `BinderFeatures`.
                macro_rules! interface {
                    ($name:ident, $native:ident) => {
                        pub mod $name {
                            pub use super::generated::$name::*;

                            /// Serves the interface. Shadows the generated type of this name.
                            pub struct $native;

                            impl $native {
                                /// A binder that `service` stands behind.
                                pub fn new_binder<T: $name + Send + Sync + 'static>(
                                    service: T,
                                    features: binder::BinderFeatures,
                                ) -> binder::Strong<dyn $name> {
                                    super::generated::$name::$native::new_binder_with_features(
                                        service,
                                        features.into(),
                                    )
                                }
                            }
                        }
                    };
                }

                interface!(ICloudMessaging, BnCloudMessaging);
                interface!(ICloudMessagingCallback, BnCloudMessagingCallback);
                interface!(ICloudMessagingConsent, BnCloudMessagingConsent);
                interface!(ICloudMessagingListener, BnCloudMessagingListener);
                interface!(ICloudMessagingPlatform, BnCloudMessagingPlatform);
            }
        }
    }
}

/// The transaction code of the one call that brings a descriptor, `ICloudMessagingConsent.exportLedger`: a host's
/// transport lets it bring one, and no other.
pub const DESCRIPTOR_CALL: u32 = {
    use generated::android::system::cloudmessaging::ICloudMessagingConsent::transactions;
    transactions::r#exportLedger
};
