// SPDX-License-Identifier: Apache-2.0
//! Arrays of objects for Java.

use jni::objects::JObject;
use jni::sys::jint;
use jni::JNIEnv;

use crate::border::Failure;

/// What is made for one object at most, itself included.
const REFERENCES: i32 = 16;

/// An array of objects of this class, one made of each.
pub fn array<'l, T>(
    env: &mut JNIEnv<'l>,
    class: &str,
    of: &[T],
    make: impl for<'f> Fn(&mut JNIEnv<'f>, &T) -> Result<JObject<'f>, Failure>,
) -> Result<JObject<'l>, Failure> {
    let length = jint::try_from(of.len())
        .map_err(|_| Failure::Argument("there are more than an array can hold".into()))?;
    let array = env.new_object_array(length, class, JObject::null())?;
    for (at, from) in (0..length).zip(of) {
        // What is made for one of them is let go of with it.
        env.with_local_frame(REFERENCES, |env| {
            let object = make(env, from)?;
            Ok::<_, Failure>(env.set_object_array_element(&array, at, object)?)
        })?;
    }
    Ok(array.into())
}
