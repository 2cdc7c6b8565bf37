// SPDX-License-Identifier: Apache-2.0
//! `cmctl preview`: what a registration would reveal, before anybody agreed to it.
use crate::answer::{Answer, Failure};
use crate::cli::PreviewArguments;
use crate::connect::{answered, Gate};
use crate::output::{Lean, Table};
use crate::sim::identities;
use crate::words::{allowed, class_word, Words};
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    DataClass::DataClass, PreviewField::PreviewField, RegistrationPreview::RegistrationPreview,
};
use serde_json::{json, Value};

/// Asks for the preview and shows it.
pub fn preview(gate: &Gate, asked: &PreviewArguments) -> Result<Answer, Failure> {
    let sims = identities(&asked.sims)?;
    let classes = allowed(&asked.classes.allow, &asked.classes.forbid);
    let previews = answered(gate.consent()?.preview(&sims, &classes))?;
    let text = previews.iter().map(as_text).collect::<Vec<_>>().join("\n\n");
    Ok(Answer::done(
        json!({"registrations": previews.iter().map(as_json).collect::<Vec<_>>()}),
        text,
    ))
}

fn as_json(preview: &RegistrationPreview) -> Value {
    json!({
        "subscriptionId": preview.subscriptionId,
        "plaintext": hex::encode(&preview.plaintext),
        "fields": preview.fields.iter().map(|field| json!({
            "name": field.name,
            "dataClass": field.dataClass.name(),
            "value": field.value,
            "madeOnGrant": field.madeOnGrant,
            "offset": field.offset,
            "length": field.length,
        })).collect::<Vec<_>>(),
    })
}

fn as_text(preview: &RegistrationPreview) -> String {
    let mut table = Table::new(&[
        ("AT", Lean::Right),
        ("BYTES", Lean::Right),
        ("FIELD", Lean::Left),
        ("CLASS", Lean::Left),
        ("VALUE", Lean::Left),
    ]);
    for field in &preview.fields {
        let class = match field.dataClass {
            DataClass::UNSPECIFIED => "-".to_owned(),
            class => class_word(class),
        };
        table.row(vec![
            field.offset.to_string(),
            field.length.to_string(),
            field.name.clone(),
            class,
            value(field),
        ]);
    }
    format!(
        "SIM {}: the registrar would be told this, {} bytes, sealed to its key. Nothing was sent.\n\n{}",
        preview.subscriptionId,
        preview.plaintext.len(),
        table.text()
    )
}

fn value(field: &PreviewField) -> String {
    if field.madeOnGrant {
        "(made when you turn on)".into()
    } else if field.value.is_empty() {
        "(empty)".into()
    } else {
        field.value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_made_on_grant_is_not_shown_as_zeros() {
        let preview = RegistrationPreview {
            subscriptionId: 1,
            fields: vec![
                PreviewField {
                    name: "registration.number".into(),
                    dataClass: DataClass::PHONE_NUMBER,
                    value: "+15550100".into(),
                    offset: 2,
                    length: 9,
                    ..Default::default()
                },
                PreviewField {
                    name: "request_id".into(),
                    madeOnGrant: true,
                    offset: 13,
                    length: 8,
                    ..Default::default()
                },
            ],
            plaintext: vec![0; 21],
        };
        let text = as_text(&preview);
        assert!(text.contains("21 bytes"), "{text}");
        assert!(text.contains("registration.number  phone-number  +15550100"), "{text}");
        assert!(text.contains("(made when you turn on)"), "{text}");
        assert_eq!(as_json(&preview)["plaintext"], "00".repeat(21));
    }
}
