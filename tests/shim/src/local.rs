// SPDX-License-Identifier: Apache-2.0
//! What the service calls: binders that Java serves, and who wants to know of a death.

use crate::pack::{pack, unpack, Outcome};
use crate::{java, words, Result};
use jni::objects::{GlobalRef, JClass, JObject, JString, JValue};
use jni::sys::jlong;
use jni::JNIEnv;
use rsbinder::{
    DeathRecipient, IBinder, Parcel, SIBinder, StatusCode, Transactable, TransactionCode, WIBinder,
};
use std::any::Any;
use std::mem::ManuallyDrop;
use std::sync::Weak;

type Status = std::result::Result<(), StatusCode>;

/// An `android.os.Binder`, as an object that rsbinder serves.
pub(crate) struct JavaBinder {
    object: GlobalRef,
    descriptor: String,
}

impl JavaBinder {
    pub(crate) fn new(env: &mut JNIEnv, object: &JObject, descriptor: &JString) -> Result<Self> {
        let descriptor = env.get_string(descriptor)?.into();
        Ok(Self { object: env.new_global_ref(object)?, descriptor })
    }

    /// Has Java take the call, on a thread of rsbinder's, as a thread of Binder's pool would.
    fn call(&self, code: TransactionCode, parcel: &mut Parcel) -> Result<Outcome> {
        let request = words::read(parcel);
        let (machine, class) = java()?;
        let mut env = machine.attach_current_thread_as_daemon()?;
        let class: &JClass = class.as_obj().into();
        let answer = env.with_local_frame_returning_local(16, |env| -> Result<JObject> {
            let packed = pack(env, request)?;
            let arguments =
                [JValue::Object(&self.object), JValue::Int(code as i32), JValue::Object(&packed)];
            let signature = "(Landroid/os/IBinder;I[Ljava/lang/Object;)[Ljava/lang/Object;";
            Ok(env.call_static_method(class, "onCall", signature, &arguments)?.l()?)
        })?;
        unpack(&mut env, &answer.into())
    }
}

impl IBinder for JavaBinder {
    fn link_to_death(&self, _: Weak<dyn DeathRecipient>) -> Status {
        Err(StatusCode::InvalidOperation)
    }

    fn unlink_to_death(&self, _: Weak<dyn DeathRecipient>) -> Status {
        Err(StatusCode::InvalidOperation)
    }

    fn ping_binder(&self) -> Status {
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_transactable(&self) -> Option<&dyn Transactable> {
        None
    }

    fn descriptor(&self) -> &str {
        &self.descriptor
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn rpc_transact(
        &self,
        code: TransactionCode,
        reader: &mut Parcel,
        reply: &mut Parcel,
    ) -> Status {
        let answer = self.call(code, reader).map_err(|_| StatusCode::FailedTransaction)?;
        words::write(reply, &answer?)
    }

    fn inc_strong(&self, _: &SIBinder) -> Status {
        Ok(())
    }

    fn attempt_inc_strong(&self) -> bool {
        true
    }

    fn dec_strong(&self, _: Option<ManuallyDrop<SIBinder>>) -> Status {
        Ok(())
    }

    fn inc_weak(&self, _: &WIBinder) -> Status {
        Ok(())
    }

    fn dec_weak(&self) -> Status {
        Ok(())
    }
}

/// Tells Java that the binder of that number died.
pub(crate) struct Death(pub jlong);

impl Death {
    fn tell(&self) -> Result<()> {
        let (machine, class) = java()?;
        let mut env = machine.attach_current_thread_as_daemon()?;
        let class: &JClass = class.as_obj().into();
        env.call_static_method(class, "onDeath", "(J)V", &[JValue::Long(self.0)])?;
        Ok(())
    }
}

impl DeathRecipient for Death {
    fn binder_died(&self, _: &WIBinder) {
        // Java's exceptions are printed by Java.
        let _ = self.tell();
    }
}
