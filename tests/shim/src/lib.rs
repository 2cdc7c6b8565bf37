// SPDX-License-Identifier: Apache-2.0
//! Carries parcels between a Java virtual machine and a service on a Unix socket, so that the Java code of a phone is
//! tested with the real cloudmessagingd. Its other half is `HostBinder.java`.
//!
//! It knows no interface and no method. What is translated is listed in `TranslationsTest.translations`, and there is no
//! more: the header of a call, binders and descriptors, which the kernel's driver writes in one way and the socket in
//! another (`words`). Every other byte passes as it is.
//!
//! For tests only: it trusts the Java code that calls it.

mod local;
mod pack;
mod words;

use jni::objects::{GlobalRef, JClass, JObject, JObjectArray, JString};
use jni::sys::{jboolean, jint, jlong};
use jni::{JNIEnv, JavaVM};
use rsbinder::rpc::{FileDescriptorTransportMode, RpcClientConfig, RpcSession};
use rsbinder::{SIBinder, StatusCode};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Above the slowest method: a withdrawal that erases takes over 2 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Only from this version on does a frame say where its binders and descriptors are.
const WIRE_VERSION: u32 = 2;

/// Why something did not pass. Java gets an IOException.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("Java: {0}")]
    Java(#[from] jni::errors::Error),
    #[error("the transport: {0}")]
    Transport(StatusCode),
    #[error("wire version {WIRE_VERSION} is needed, and the service speaks {0:?}")]
    Version(Option<u32>),
    #[error("there is no binder {0}")]
    Unknown(jlong),
    #[error("nothing was connected yet")]
    NotConnected,
}

impl From<StatusCode> for Error {
    fn from(status: StatusCode) -> Self {
        Self::Transport(status)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What Java holds a number of, for as long as the process lives.
#[derive(Default)]
struct Known {
    binders: Vec<SIBinder>,
    sessions: Vec<RpcSession>,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { binders: Vec::new(), sessions: Vec::new() });
/// The machine, and the class: threads that Java did not start cannot find it by name.
static JAVA: OnceLock<(JavaVM, GlobalRef)> = OnceLock::new();

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number by which Java knows the binder; the same one each time.
pub(crate) fn number(binder: SIBinder) -> jlong {
    let binders = &mut known().binders;
    let at = binders.iter().position(|one| *one == binder).unwrap_or_else(|| {
        binders.push(binder);
        binders.len() - 1
    });
    at as jlong
}

/// The binder of that number.
pub(crate) fn binder(number: jlong) -> Result<SIBinder> {
    let at = usize::try_from(number).map_err(|_| Error::Unknown(number))?;
    known().binders.get(at).cloned().ok_or(Error::Unknown(number))
}

/// The machine and the class, once something was connected.
pub(crate) fn java() -> Result<&'static (JavaVM, GlobalRef)> {
    JAVA.get().ok_or(Error::NotConnected)
}

fn or_throw<T: Default>(env: &mut JNIEnv, result: Result<T>) -> T {
    result.unwrap_or_else(|error| {
        // If this fails too, an exception is on its way already.
        let _ = env.throw_new("java/io/IOException", error.to_string());
        T::default()
    })
}

/// `HostBinder.connect`: the number of what is served there under that name. `passing`: descriptors, too.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_shim_HostBinder_connect<'l>(
    mut env: JNIEnv<'l>,
    class: JClass<'l>,
    path: JString<'l>,
    name: JString<'l>,
    passing: jboolean,
) -> jlong {
    let connected = connect(&mut env, class, &path, &name, passing != 0);
    or_throw(&mut env, connected)
}

fn connect(
    env: &mut JNIEnv,
    class: JClass,
    path: &JString,
    name: &JString,
    passing: bool,
) -> Result<jlong> {
    if JAVA.get().is_none() {
        let made = (env.get_java_vm()?, env.new_global_ref(class)?);
        // Another thread may have been first, with the same.
        let _ = JAVA.set(made);
    }
    let path: String = env.get_string(path)?.into();
    let name: String = env.get_string(name)?.into();
    let mode = match passing {
        true => FileDescriptorTransportMode::Unix,
        false => FileDescriptorTransportMode::None,
    };
    let config = RpcClientConfig::unix(Path::new(&path), WIRE_VERSION)
        .fd_mode(mode)
        .incoming_connections(1)
        .timeout(ANSWER_WITHIN);
    let session = RpcSession::setup_client_android13plus_with_config(config)?;
    if session.wire_protocol_version() != Some(WIRE_VERSION) {
        return Err(Error::Version(session.wire_protocol_version()));
    }
    let served = number(session.get_service(&name)?);
    known().sessions.push(session);
    Ok(served)
}

/// `HostBinder.export`: a number for a binder that Java serves.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_shim_HostBinder_export<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    object: JObject<'l>,
    descriptor: JString<'l>,
) -> jlong {
    let exported = local::JavaBinder::new(&mut env, &object, &descriptor)
        .and_then(|one| Ok(number(SIBinder::new(Arc::new(one))?)));
    or_throw(&mut env, exported)
}

/// `HostBinder.call`: one transaction. The parcel that goes begins with the interface's name.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_shim_HostBinder_call<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    to: jlong,
    code: jint,
    parcel: JObjectArray<'l>,
    flags: jint,
) -> JObjectArray<'l> {
    let answer = call(&mut env, to, code, &parcel, flags);
    match answer {
        Ok(answer) => answer,
        Err(error) => {
            or_throw::<()>(&mut env, Err(error));
            JObject::null().into()
        }
    }
}

fn call<'l>(
    env: &mut JNIEnv<'l>,
    to: jlong,
    code: jint,
    parcel: &JObjectArray<'l>,
    flags: jint,
) -> Result<JObjectArray<'l>> {
    let to = binder(to)?;
    let answer = pack::unpack(env, parcel)?.and_then(|sent| {
        let proxy = to.as_remote().ok_or(StatusCode::BadType)?;
        // Without a header of its own: the one that Java wrote is in the words.
        let mut request = proxy.prepare_transact(false)?;
        words::write(&mut request, &sent)?;
        match proxy.submit_transact(code as u32, &request, flags as u32)? {
            Some(mut reply) => words::read(&mut reply),
            None => Ok(words::Words::default()),
        }
    });
    pack::pack(env, answer)
}

/// `HostBinder.link`: has `HostBinder.onDeath` called when the binder dies. Gives back a status.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_shim_HostBinder_link<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    of: jlong,
) -> jint {
    let status = binder(of).map(|binder| {
        let recipient = Arc::new(local::Death(of));
        let linked = binder.link_to_death_arc(&recipient);
        // The binder holds it weakly, and Java never unlinks here.
        std::mem::forget(recipient);
        linked.map_or_else(i32::from, |()| 0)
    });
    or_throw(&mut env, status)
}

/// `HostBinder.number`: of a Java FileDescriptor.
#[no_mangle]
pub extern "system" fn Java_android_system_cloudmessaging_shim_HostBinder_number<'l>(
    mut env: JNIEnv<'l>,
    _: JClass<'l>,
    descriptor: JObject<'l>,
) -> jint {
    let number = env.get_field(descriptor, "fd", "I").and_then(|value| value.i());
    or_throw(&mut env, number.map_err(Error::from))
}
