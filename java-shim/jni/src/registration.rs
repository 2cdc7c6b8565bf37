// SPDX-License-Identifier: Apache-2.0
//! What a registration would hold, for Java.

use cloudmessaging_preview::{Classes, Identity};
use jni::objects::{JByteArray, JIntArray, JObject, JString, JValue};
use jni::sys::jint;
use jni::JNIEnv;

use crate::argument;
use crate::array::array;
use crate::border::Failure;

/// Largest plaintext in bytes: the largest that could be sealed.
const PLAINTEXT_MAX: usize = 64 * 1024;

/// What Java keeps of a field.
const FIELD: &str = "android/system/cloudmessaging/settings/RegistrationPlaintext$Field";

/// Number, IMSI and IMEI.
type Identities<'a, 'l> = [&'a JString<'l>; 3];

/// The plaintext of a registration.
pub fn preview<'l>(
    env: &mut JNIEnv<'l>,
    identities: Identities<'_, 'l>,
    classes: &JIntArray<'l>,
    now_ms: i64,
) -> Result<JByteArray<'l>, Failure> {
    let (identity, allowed) = (identity(env, identities)?, allowed(env, classes)?);
    let plaintext = cloudmessaging_preview::preview(&identity, allowed, now_ms);
    let plaintext = plaintext.map_err(|error| Failure::Argument(error.to_string()))?;
    Ok(env.byte_array_from_slice(&plaintext)?)
}

/// Whether it is the preview of these identities and classes.
pub fn is_preview_of<'l>(
    env: &mut JNIEnv<'l>,
    plaintext: &JByteArray<'l>,
    identities: Identities<'_, 'l>,
    classes: &JIntArray<'l>,
) -> Result<bool, Failure> {
    let (identity, allowed) = (identity(env, identities)?, allowed(env, classes)?);
    let plaintext = argument::bytes(env, plaintext, "plaintext")?;
    Ok(plaintext.len() <= PLAINTEXT_MAX
        && cloudmessaging_preview::is_preview_of(&plaintext, &identity, allowed))
}

/// Its fields, in order.
pub fn fields<'l>(
    env: &mut JNIEnv<'l>,
    plaintext: &JByteArray<'l>,
) -> Result<JObject<'l>, Failure> {
    let plaintext = argument::bytes(env, plaintext, "plaintext")?;
    let fields = Some(&plaintext).filter(|plaintext| plaintext.len() <= PLAINTEXT_MAX);
    let fields = fields.and_then(|plaintext| cloudmessaging_preview::fields(plaintext));
    let fields = fields.ok_or_else(|| {
        let fault = "plaintext is no registration, or one with more in it than is known here";
        Failure::Argument(fault.into())
    })?;
    array(env, FIELD, &fields, |env, field| {
        let (name, value) =
            (env.new_string(field.name)?, env.new_string(&*field.shown(&plaintext))?);
        // Within the plaintext.
        let number = |number: usize| JValue::Int(jint::try_from(number).unwrap_or(jint::MAX));
        let arguments = [
            JValue::Object(&name),
            JValue::Int(field.class as jint),
            JValue::Object(&value),
            JValue::Bool(field.made_on_grant.into()),
            number(field.offset),
            number(field.length),
        ];
        Ok(env.new_object(FIELD, "(Ljava/lang/String;ILjava/lang/String;ZII)V", &arguments)?)
    })
}

fn identity(env: &mut JNIEnv<'_>, of: Identities<'_, '_>) -> Result<Identity, Failure> {
    let [number, imsi, imei] = of;
    let number = argument::text(env, number, "number")?;
    let imsi = argument::text(env, imsi, "imsi")?;
    let imei = argument::text(env, imei, "imei")?;
    Identity::new(number.to_string(), imsi.to_string(), imei.to_string())
        .map_err(|error| Failure::Argument(error.to_string()))
}

fn allowed(env: &mut JNIEnv<'_>, classes: &JIntArray<'_>) -> Result<Classes, Failure> {
    let numbers = argument::numbers(env, classes, "allowedClasses")?;
    Classes::distinct(&numbers)
        .map_err(|error| Failure::Argument(format!("allowedClasses: {error}")))
}
