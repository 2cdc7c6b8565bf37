// SPDX-License-Identifier: Apache-2.0
//! How every call from Java ends: with its result, or with one exception pending. No panic passes.

use std::cell::Cell;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::sync::Once;

use cloudmessaging_ledger::tampered::Tampered;
use jni::errors::Error;
use jni::objects::{JThrowable, JValue};
use jni::sys::jlong;
use jni::JNIEnv;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An argument is not what it has to be: `IllegalArgumentException`. Says which, and never what it was.
    #[error("{0}")]
    Argument(String),
    /// A descriptor could not be read, or not by this version: `IOException`.
    #[error("{0}")]
    Unreadable(String),
    /// A ledger is not what was signed: `TamperedLedgerException`.
    #[error(transparent)]
    Tampered(Tampered),
    /// Java refused, most likely with an exception of its own.
    #[error("the virtual machine refused: {0}")]
    Java(#[from] Error),
}

/// Runs the body of a call. If it fails or panics, an exception is pending, and what is returned is nothing, which
/// Java never sees.
pub fn call<'l, T>(
    env: &mut JNIEnv<'l>,
    nothing: impl Fn() -> T,
    body: impl FnOnce(&mut JNIEnv<'l>) -> Result<T, Failure>,
) -> T {
    note_where_panics_are();
    // What a panic leaves half done is forgotten with the call.
    let threw = match catch_unwind(AssertUnwindSafe(|| body(env))) {
        Ok(Ok(result)) => return result,
        Ok(Err(failure)) => catch_unwind(AssertUnwindSafe(|| failed(env, &failure))),
        Err(_) => catch_unwind(AssertUnwindSafe(|| panicked(env))),
    };
    // Where not even an exception could be made, there is nothing left to say.
    drop(threw);
    nothing()
}

fn failed(env: &mut JNIEnv<'_>, failure: &Failure) -> Result<(), Error> {
    let class = match failure {
        Failure::Tampered(found) => return tampered(env, found),
        Failure::Argument(_) => "java/lang/IllegalArgumentException",
        Failure::Unreadable(_) => "java/io/IOException",
        Failure::Java(_) => "java/lang/RuntimeException",
    };
    throw(env, class, &failure.to_string())
}

fn tampered(env: &mut JNIEnv<'_>, found: &Tampered) -> Result<(), Error> {
    let (name, message) = (env.new_string(found.name())?, env.new_string(found.to_string())?);
    let position = |at: u64| jlong::try_from(at).unwrap_or(jlong::MAX);
    let (from, to) = found.at().map_or((-1, -1), |at| (position(*at.start()), position(*at.end())));
    let arguments =
        [JValue::Object(&name), JValue::Object(&message), JValue::Long(from), JValue::Long(to)];
    let class = "android/system/cloudmessaging/settings/TamperedLedgerException";
    let made = env.new_object(class, "(Ljava/lang/String;Ljava/lang/String;JJ)V", &arguments)?;
    env.throw(JThrowable::from(made))
}

fn panicked(env: &mut JNIEnv<'_>) -> Result<(), Error> {
    // Not what the panic said: that may hold what it stumbled over.
    let at =
        PANICKED_AT.take().map_or_else(String::new, |(file, line)| format!(" ({file}:{line})"));
    throw(env, "java/lang/RuntimeException", &format!("the native library failed{at}"))
}

/// Java's own exception, where one is pending, says more than ours; and nothing else may be asked of Java then.
fn throw(env: &mut JNIEnv<'_>, class: &str, message: &str) -> Result<(), Error> {
    match env.exception_check()? {
        true => Ok(()),
        false => env.throw_new(class, message),
    }
}

thread_local! {
    /// Where this thread panicked last: source file and line.
    static PANICKED_AT: Cell<Option<(String, u32)>> = const { Cell::new(None) };
}

/// In place of a hook that would print what a panic says.
fn note_where_panics_are() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_hook(Box::new(|panic| {
            let at = panic.location().map(|at| (at.file().to_owned(), at.line()));
            PANICKED_AT.set(at);
        }));
    });
}
