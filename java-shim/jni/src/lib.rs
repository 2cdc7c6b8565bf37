// SPDX-License-Identifier: Apache-2.0
//! What the settings page need not take anybody's word for, as a library for Java: whether an export of the ledger is
//! what the phone signed (P5), and what a registration would hold (P4). The page runs in a process that cannot reach a
//! network, and this library in it: no gate, no Binder, no TLS.
//!
//! The checks are those of `cloudmessaging_ledger` and `cloudmessaging_preview`, which cmctl and the gate use as well.
//! Here is only the border. Java's side of it is in `java/`: `VerifiedLedger`, `LedgerStatement` and `RegistrationPlaintext` for the page,
//! and behind them `Native`, which declares the functions below.
//!
//! Trusts nothing that comes over the border: null, garbage, a closed descriptor and strings that are no text become Java
//! exceptions (`border`), and so does a panic, which never leaves this library. That is so as cargo builds it: what Soong
//! builds for a phone ends the process at a panic (docs/vendoring.md). Takes no descriptor over and moves none of its
//! positions (`descriptor`). Keeps nothing between calls, so any number of threads may call at once. Personal data are
//! wiped here when a call ends, and are in no exception; the copies that Java has are Java's, and so are those that
//! the crate `jni` makes on the way there.
//!
//! Looks up by name the classes of `java/` that it makes: an app that is shrunk has to keep them.

mod argument;
mod array;
mod border;
mod descriptor;
mod entry;
mod ledger;
mod on;
mod page;
mod refused;
mod registration;
mod statement;

use jni::objects::{JByteArray, JClass, JIntArray, JLongArray, JObject, JString};
use jni::sys::{jboolean, jint, jlong};
use jni::JNIEnv;

/// `Native.verify`: holds an export against its signature, and a key and an older checkpoint if they are not null.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_settings_Native_verify<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    export: jint,
    key: JString<'l>,
    older: JString<'l>,
) -> JObject<'l> {
    border::call(&mut env, JObject::default, |env| ledger::verify(env, export, &key, &older))
}

/// `Native.read`: the same, and a part of what it says.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_settings_Native_read<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    export: jint,
    key: JString<'l>,
    older: JString<'l>,
    before: jlong,
    limit: jint,
    midnights: JLongArray<'l>,
) -> JObject<'l> {
    border::call(&mut env, JObject::default, |env| {
        let part = statement::Part { before, limit, midnights: &midnights };
        let question = ledger::Question::new(env, export, &key, &older)?;
        statement::read(env, question, &part)
    })
}

/// `Native.preview`: the plaintext of a registration.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_settings_Native_preview<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    number: JString<'l>,
    imsi: JString<'l>,
    imei: JString<'l>,
    classes: JIntArray<'l>,
    now_ms: jlong,
) -> JByteArray<'l> {
    border::call(&mut env, JByteArray::default, |env| {
        registration::preview(env, [&number, &imsi, &imei], &classes, now_ms)
    })
}

/// `Native.isPreviewOf`: whether a plaintext is the preview of these identities and classes.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_settings_Native_isPreviewOf<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    plaintext: JByteArray<'l>,
    number: JString<'l>,
    imsi: JString<'l>,
    imei: JString<'l>,
    classes: JIntArray<'l>,
) -> jboolean {
    border::call(&mut env, Default::default, |env| {
        registration::is_preview_of(env, &plaintext, [&number, &imsi, &imei], &classes)
            .map(jboolean::from)
    })
}

/// `Native.fields`: takes the plaintext of a registration apart.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_settings_Native_fields<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    plaintext: JByteArray<'l>,
) -> JObject<'l> {
    border::call(&mut env, JObject::default, |env| registration::fields(env, &plaintext))
}

/// `Panicking.panic`, of the tests alone.
#[cfg(feature = "panic")]
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_settings_Panicking_panic<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    text: JString<'l>,
) -> jint {
    border::call(
        &mut env,
        || 7,
        |env| {
            let text = argument::text(env, &text, "text")?;
            match text.is_empty() {
                true => Ok(5),
                false => panic!("{}", *text),
            }
        },
    )
}
