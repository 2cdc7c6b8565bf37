// SPDX-License-Identifier: Apache-2.0
//! Names of exceptions and of transport errors, and how a `Result` becomes one.

use crate::{Result, Status};
use std::fmt::Debug;

/// The exceptions of Binder, under libbinder_rs's names.
pub struct ExceptionCode;

impl ExceptionCode {
    /// No exception.
    pub const NONE: rsbinder::ExceptionCode = rsbinder::ExceptionCode::None;
    /// The caller may not do that.
    pub const SECURITY: rsbinder::ExceptionCode = rsbinder::ExceptionCode::Security;
    /// An argument makes no sense.
    pub const ILLEGAL_ARGUMENT: rsbinder::ExceptionCode = rsbinder::ExceptionCode::IllegalArgument;
    /// Not now.
    pub const ILLEGAL_STATE: rsbinder::ExceptionCode = rsbinder::ExceptionCode::IllegalState;
    /// A code that the interface defines: `Status::service_specific_error`.
    pub const SERVICE_SPECIFIC: rsbinder::ExceptionCode = rsbinder::ExceptionCode::ServiceSpecific;
    /// The call did not get through: `Status::transaction_error`.
    pub const TRANSACTION_FAILED: rsbinder::ExceptionCode =
        rsbinder::ExceptionCode::TransactionFailed;
}

/// The transport errors of Binder that are told apart, under libbinder_rs's names.
pub struct StatusCode;

impl StatusCode {
    /// No service of that name.
    pub const NAME_NOT_FOUND: rsbinder::StatusCode = rsbinder::StatusCode::NameNotFound;
    /// The other side is gone.
    pub const DEAD_OBJECT: rsbinder::StatusCode = rsbinder::StatusCode::DeadObject;
    /// The call failed on its way or in the other process.
    pub const FAILED_TRANSACTION: rsbinder::StatusCode = rsbinder::StatusCode::FailedTransaction;
    /// The handler failed in a way it did not expect.
    pub const UNKNOWN_ERROR: rsbinder::StatusCode = rsbinder::StatusCode::Unknown;
}

/// How a `Result` becomes what a call returns.
pub trait IntoBinderResult<T, E> {
    /// An error becomes that exception, with the error's `Debug` as message.
    fn or_binder_exception(self, exception: rsbinder::ExceptionCode) -> Result<T>
    where
        E: Debug;

    /// An error becomes that exception, with the message that `op` makes of it.
    fn or_binder_exception_with<M: AsRef<str>>(
        self,
        exception: rsbinder::ExceptionCode,
        op: impl FnOnce(E) -> M,
    ) -> Result<T>;

    /// An error becomes that service-specific code, with the error's `Debug` as message.
    fn or_service_specific_exception(self, code: i32) -> Result<T>
    where
        E: Debug;

    /// An error becomes that service-specific code, with the message that `op` makes of it.
    fn or_service_specific_exception_with<M: AsRef<str>>(
        self,
        code: i32,
        op: impl FnOnce(E) -> M,
    ) -> Result<T>;
}

impl<T, E> IntoBinderResult<T, E> for std::result::Result<T, E> {
    fn or_binder_exception(self, exception: rsbinder::ExceptionCode) -> Result<T>
    where
        E: Debug,
    {
        self.or_binder_exception_with(exception, |error| format!("{error:?}"))
    }

    fn or_binder_exception_with<M: AsRef<str>>(
        self,
        exception: rsbinder::ExceptionCode,
        op: impl FnOnce(E) -> M,
    ) -> Result<T> {
        self.map_err(|error| Status::from((exception, op(error).as_ref())))
    }

    fn or_service_specific_exception(self, code: i32) -> Result<T>
    where
        E: Debug,
    {
        self.or_service_specific_exception_with(code, |error| format!("{error:?}"))
    }

    fn or_service_specific_exception_with<M: AsRef<str>>(
        self,
        code: i32,
        op: impl FnOnce(E) -> M,
    ) -> Result<T> {
        self.map_err(|error| {
            Status::new_service_specific_error(code, Some(op(error).as_ref().to_owned()))
        })
    }
}
