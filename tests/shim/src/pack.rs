// SPDX-License-Identifier: Apache-2.0
//! A parcel on its way over JNI, in either direction: `Object[] {int[] {status}, byte[], int[] offsets, long[] objects}`.
//! An object is the number of a binder, from 0 on, or -1 less the number of a descriptor.

use crate::words::{Object, Words};
use crate::Result;
use jni::objects::{JByteArray, JIntArray, JLongArray, JObject, JObjectArray};
use jni::JNIEnv;
use rsbinder::StatusCode;

/// What became of a transaction: a parcel, or the status that it failed with.
pub(crate) type Outcome = std::result::Result<Words, StatusCode>;

/// To Java.
pub(crate) fn pack<'l>(env: &mut JNIEnv<'l>, outcome: Outcome) -> Result<JObjectArray<'l>> {
    let (status, words) = match outcome {
        Ok(words) => (0, words),
        Err(status) => (i32::from(status), Words::default()),
    };
    let (offsets, objects): (Vec<i32>, Vec<i64>) = words
        .objects
        .iter()
        .map(|(at, object)| match object {
            Object::Binder(number) => (*at as i32, *number),
            Object::Descriptor(number) => (*at as i32, -1 - i64::from(*number)),
        })
        .unzip();
    let packed = env.new_object_array(4, "java/lang/Object", JObject::null())?;
    let part = env.new_int_array(1)?;
    env.set_int_array_region(&part, 0, &[status])?;
    env.set_object_array_element(&packed, 0, part)?;
    let part = env.byte_array_from_slice(&words.bytes)?;
    env.set_object_array_element(&packed, 1, part)?;
    let part = env.new_int_array(offsets.len() as i32)?;
    env.set_int_array_region(&part, 0, &offsets)?;
    env.set_object_array_element(&packed, 2, part)?;
    let part = env.new_long_array(objects.len() as i32)?;
    env.set_long_array_region(&part, 0, &objects)?;
    env.set_object_array_element(&packed, 3, part)?;
    Ok(packed)
}

/// From Java.
pub(crate) fn unpack(env: &mut JNIEnv, packed: &JObjectArray) -> Result<Outcome> {
    let part: JIntArray = env.get_object_array_element(packed, 0)?.into();
    let mut status = [0];
    env.get_int_array_region(&part, 0, &mut status)?;
    if status != [0] {
        return Ok(Err(status[0].into()));
    }
    let part: JByteArray = env.get_object_array_element(packed, 1)?.into();
    let bytes = env.convert_byte_array(part)?;
    let part: JIntArray = env.get_object_array_element(packed, 2)?.into();
    let mut offsets = vec![0; env.get_array_length(&part)? as usize];
    env.get_int_array_region(&part, 0, &mut offsets)?;
    let part: JLongArray = env.get_object_array_element(packed, 3)?.into();
    let mut objects = vec![0; offsets.len()];
    env.get_long_array_region(&part, 0, &mut objects)?;
    let objects = offsets.into_iter().zip(objects).map(|(at, object)| {
        let object = match object {
            number @ 0.. => Object::Binder(number),
            descriptor => Object::Descriptor((-1 - descriptor) as i32),
        };
        (at as usize, object)
    });
    Ok(Ok(Words { bytes, objects: objects.collect() }))
}
