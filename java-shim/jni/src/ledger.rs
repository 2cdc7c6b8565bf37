// SPDX-License-Identifier: Apache-2.0
//! The verifier of the ledger, for Java. What it says is what `cmctl ledger verify` says.

use std::io::BufReader;

use cloudmessaging_ledger::checkpoint::{mended, CheckpointError, LedgerKey};
use cloudmessaging_ledger::export::ExportError;
use cloudmessaging_ledger::leaf::LeafRef;
use cloudmessaging_ledger::span::Span;
use cloudmessaging_ledger::tampered::Tampered;
use cloudmessaging_ledger::verify::{Unverified, Verified};
use jni::objects::{JObject, JString, JValue};
use jni::sys::{jint, jlong};
use jni::JNIEnv;

use crate::argument;
use crate::border::Failure;
use crate::descriptor::Descriptor;

/// How much is read at once, in bytes: all the memory that an export takes, but for one entry.
const BUFFER: usize = 64 * 1024;

/// What is asked of an export.
pub struct Question {
    export: Unverified<BufReader<Descriptor>>,
    older: Option<String>,
}

impl Question {
    /// Opens the export behind a descriptor; key and older checkpoint may be null.
    pub fn new(
        env: &mut JNIEnv<'_>,
        export: jint,
        key: &JString<'_>,
        older: &JString<'_>,
    ) -> Result<Self, Failure> {
        let key = argument::optional_text(env, key, "key")?;
        let key = key.map(|key| LedgerKey::parse(&key)).transpose();
        let key = key.map_err(|error| Failure::Argument(format!("key: {error}")))?;
        let older = argument::optional_text(env, older, "older")?.map(|older| mended(&older));
        let unreadable = |error| failure(Tampered::Export(ExportError::Io(error)));
        let from = Descriptor::duplicate(export).map_err(unreadable)?;
        let from = BufReader::with_capacity(BUFFER, from);
        Ok(Self { export: Unverified::open(from, key.as_ref()).map_err(failure)?, older })
    }

    /// How many entries it says that it has.
    pub fn size(&self) -> u64 {
        self.export.head().checkpoint.size
    }

    /// Verifies it. `show` is given each leaf: none of it is to be believed unless this returns without a failure.
    pub fn verify<'l>(
        self,
        env: &mut JNIEnv<'l>,
        mut show: impl FnMut(u64, LeafRef<'_>),
    ) -> Result<JObject<'l>, Failure> {
        let mut span = Span::default();
        let verified = self.export.verify(self.older.as_deref(), |position, leaf| {
            span.see(&leaf);
            show(position, leaf);
        });
        verified_ledger(env, &verified.map_err(failure)?, span.ends())
    }
}

/// Verifies, and no more.
pub fn verify<'l>(
    env: &mut JNIEnv<'l>,
    export: jint,
    key: &JString<'l>,
    older: &JString<'l>,
) -> Result<JObject<'l>, Failure> {
    Question::new(env, export, key, older)?.verify(env, |_, _| {})
}

/// That a file cannot be read, or not by this version, is no verdict on it; nor is a wrong question.
fn failure(found: Tampered) -> Failure {
    match found {
        Tampered::Export(ExportError::Io(_) | ExportError::Version(_)) => {
            Failure::Unreadable(found.to_string())
        }
        Tampered::Older(CheckpointError::Malformed(why)) => {
            Failure::Argument(format!("older: this is no checkpoint: {why}"))
        }
        found => Failure::Tampered(found),
    }
}

fn verified_ledger<'l>(
    env: &mut JNIEnv<'l>,
    verified: &Verified,
    ends: Option<(i64, i64)>,
) -> Result<JObject<'l>, Failure> {
    let head = &verified.head;
    let number = |number: u64| JValue::Long(jlong::try_from(number).unwrap_or(jlong::MAX));
    let origin = env.new_string(&head.checkpoint.origin)?;
    let root = env.new_string(hex::encode(head.checkpoint.root))?;
    let key = env.new_string(head.key.to_string())?;
    let note = env.new_string(&head.note)?;
    let (first, last) = ends.unwrap_or_default();
    let arguments = [
        JValue::Object(&origin),
        JValue::Object(&key),
        JValue::Object(&note),
        number(head.checkpoint.size),
        JValue::Object(&root),
        number(verified.erased),
        JValue::Bool(ends.is_some().into()),
        JValue::Long(first),
        JValue::Long(last),
    ];
    let class = "android/system/cloudmessaging/settings/VerifiedLedger";
    let signature =
        "(Ljava/lang/String;Ljava/lang/String;Ljava/lang/String;JLjava/lang/String;JZJJ)V";
    Ok(env.new_object(class, signature, &arguments)?)
}
