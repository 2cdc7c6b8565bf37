// SPDX-License-Identifier: Apache-2.0
//! The one place where errors become what a caller sees: a code of ErrorCode.aidl and a sentence.
//!
//! What a sentence can hold is fixed when it is compiled (`&'static str` and limits), so no argument's value and
//! no personal datum can get into one.

use android_system_cloudmessaging::aidl::android::system::cloudmessaging::ErrorCode::ErrorCode;
use binder::{ExceptionCode, IntoBinderResult, Status};

/// Why a call failed. Each is one code of ErrorCode.aidl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// An argument is malformed or out of range.
    #[error("{argument}: {fault}")]
    InvalidArgument {
        /// Its name in the AIDL.
        argument: &'static str,
        /// What is wrong with it, never what it is.
        fault: &'static str,
    },
    /// An argument is over its limit.
    #[error("{argument}: at most {limit} {unit}")]
    TooLarge {
        /// Its name in the AIDL.
        argument: &'static str,
        /// The documented limit.
        limit: usize,
        /// What it is counted in.
        unit: &'static str,
    },
    /// The hash names no disclosure that is shipped.
    #[error("this build ships no disclosure with that hash")]
    UnknownDisclosure,
    /// Storage failed.
    #[error("storage failed")]
    Storage,
    /// The ledger could not be written.
    #[error("the ledger could not be written")]
    Ledger,
    /// Cloud messaging is off for the user.
    #[error("cloud messaging is off")]
    Off,
    /// No registration waits for a code.
    #[error("no code is expected for this SIM")]
    NoCodeExpected,
    /// Another user's consent names the SIM.
    #[error("the SIM takes part under another user")]
    SimInUse,
    /// There is no such thing.
    #[error("{what} was not found")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// A documented maximum is reached.
    #[error("at most {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The documented limit.
        limit: usize,
    },
    /// A policy forbids turning on.
    #[error("a policy forbids it")]
    Forbidden,
    /// Users were not reported, or the user is locked.
    #[error("not reported yet, or not unlocked")]
    NotReady,
    /// The id was used for a different message.
    #[error("the id was used for a different message")]
    IdReused,
    /// The service failed in a way it did not expect.
    #[error("the service failed")]
    Internal,
    /// A descriptor did not take what was to be written to it.
    #[error("it could not be written to where it was wanted")]
    Unwritable,
}

impl ServiceError {
    /// What it is in the ledger, if it refuses something that was asked for as it should be: the name of its code.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self::UnknownDisclosure => Some("UNKNOWN_DISCLOSURE"),
            Self::Ledger => Some("LEDGER"),
            Self::Off => Some("OFF"),
            Self::SimInUse => Some("SIM_IN_USE"),
            Self::Forbidden => Some("FORBIDDEN"),
            Self::NotReady => Some("NOT_READY"),
            Self::TooMany { .. } => Some("TOO_MANY"),
            Self::InvalidArgument { .. }
            | Self::TooLarge { .. }
            | Self::Storage
            | Self::NoCodeExpected
            | Self::NotFound { .. }
            | Self::IdReused
            | Self::Internal
            | Self::Unwritable => None,
        }
    }

    /// Its code.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::InvalidArgument { .. } => ErrorCode::INVALID_ARGUMENT,
            Self::TooLarge { .. } => ErrorCode::TOO_LARGE,
            Self::UnknownDisclosure => ErrorCode::UNKNOWN_DISCLOSURE,
            Self::Storage => ErrorCode::STORAGE,
            Self::Ledger => ErrorCode::LEDGER,
            Self::Off => ErrorCode::OFF,
            Self::NoCodeExpected => ErrorCode::NO_CODE_EXPECTED,
            Self::SimInUse => ErrorCode::SIM_IN_USE,
            Self::NotFound { .. } => ErrorCode::NOT_FOUND,
            Self::TooMany { .. } => ErrorCode::TOO_MANY,
            Self::Forbidden => ErrorCode::FORBIDDEN,
            Self::NotReady => ErrorCode::NOT_READY,
            Self::IdReused => ErrorCode::ID_REUSED,
            Self::Internal => ErrorCode::INTERNAL,
            Self::Unwritable => ErrorCode::UNWRITABLE,
        }
    }
}

/// What the caller gets.
pub fn answer<T>(result: Result<T, ServiceError>) -> binder::Result<T> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => Err(error)
            .or_service_specific_exception_with(error.code().0, |error: ServiceError| {
                error.to_string()
            }),
    }
}

/// What a caller gets that a method is not for: nothing to learn from.
pub fn denied() -> Status {
    Status::from(ExceptionCode::SECURITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_a_code_of_its_own_and_every_code_is_used() {
        let errors = [
            ServiceError::InvalidArgument { argument: "a", fault: "b" },
            ServiceError::TooLarge { argument: "a", limit: 1, unit: "bytes" },
            ServiceError::UnknownDisclosure,
            ServiceError::Storage,
            ServiceError::Ledger,
            ServiceError::Off,
            ServiceError::NoCodeExpected,
            ServiceError::SimInUse,
            ServiceError::NotFound { what: "a" },
            ServiceError::TooMany { what: "a", limit: 1 },
            ServiceError::Forbidden,
            ServiceError::NotReady,
            ServiceError::IdReused,
            ServiceError::Internal,
            ServiceError::Unwritable,
        ];
        let mut codes: Vec<_> = errors.iter().map(|error| error.code().0).collect();
        codes.push(ErrorCode::NONE.0);
        codes.sort_unstable();
        let all: Vec<_> = ErrorCode::enum_values().iter().map(|code| code.0).collect();
        assert_eq!(codes, all);
    }

    #[test]
    fn an_error_carries_its_code_and_its_sentence() {
        let error = ServiceError::TooLarge { argument: "body", limit: 60_000, unit: "bytes" };
        let status = answer::<()>(Err(error)).unwrap_err();
        assert_eq!(status.exception_code(), ExceptionCode::SERVICE_SPECIFIC);
        assert_eq!(status.service_specific_error(), ErrorCode::TOO_LARGE.0);
        assert_eq!(status.message(), Some("body: at most 60000 bytes"));
    }

    #[test]
    fn a_denied_caller_is_told_nothing() {
        assert_eq!(denied().exception_code(), ExceptionCode::SECURITY);
        assert_eq!(denied().message(), None);
    }
}
