// SPDX-License-Identifier: Apache-2.0
//! The way to the gate, and what its errors mean. `host.rs` and `android.rs` are the two sides' difference.
#[cfg(target_os = "android")]
mod android;
#[cfg(not(target_os = "android"))]
mod host;
mod registered;

#[cfg(target_os = "android")]
pub use android::Gate;
#[cfg(not(target_os = "android"))]
pub use host::Gate;

#[cfg(target_os = "android")]
use android::message;
#[cfg(not(target_os = "android"))]
use host::message;

use crate::answer::Failure;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::ErrorCode::ErrorCode;
use binder::{ExceptionCode, Status};

/// The names under which the interfaces are served, on both sides.
mod name {
    pub const CONSENT: &str = "android.system.cloudmessaging.ICloudMessagingConsent";
    pub const PLATFORM: &str = "android.system.cloudmessaging.ICloudMessagingPlatform";
    pub const MESSAGING: &str = "android.system.cloudmessaging.ICloudMessaging";
}

/// What the gate answered, or the failure that its error means.
pub fn answered<T>(result: binder::Result<T>) -> Result<T, Failure> {
    result.map_err(|status| failure(&status))
}

fn failure(status: &Status) -> Failure {
    let exception = status.exception_code();
    if exception == ExceptionCode::SERVICE_SPECIFIC {
        Failure::Service {
            code: ErrorCode(status.service_specific_error()),
            message: message(status),
        }
    } else if exception == ExceptionCode::SECURITY {
        Failure::NotAllowed
    } else if exception == ExceptionCode::TRANSACTION_FAILED {
        Failure::Unreachable { at: None, why: format!("the call broke off: {status}") }
    } else {
        Failure::Other(format!("the service failed: {status}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Exit;
    use binder::IntoBinderResult;

    #[test]
    fn the_service_s_errors_keep_their_code_and_their_words() {
        let status = Err::<(), _>(()).or_service_specific_exception_with(8, |()| "SIM 1");
        let failure = failure(&status.unwrap_err());
        assert_eq!(
            failure.to_string(),
            "SIM_IN_USE: the SIM takes part under another user of this phone (SIM 1)"
        );
        assert_eq!(failure.exit(), Exit::Failed);
    }

    #[test]
    fn a_caller_that_may_not_ask_is_told_only_that() {
        let status = Err::<(), _>(())
            .or_binder_exception_with(ExceptionCode::SECURITY, |()| "not the default SMS app");
        assert_eq!(failure(&status.unwrap_err()).to_string(), "this user id may not ask that");
    }
}
