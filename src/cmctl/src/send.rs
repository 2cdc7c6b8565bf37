// SPDX-License-Identifier: Apache-2.0
//! `cmctl send`.
use crate::answer::{Answer, Exit, Failure};
use crate::cli::SendArguments;
use crate::connect::{answered, Gate};
use crate::outcomes;
use crate::time::{now_ms, utc};
use crate::words::Words;
use android_system_cloudmessaging::aidl::android::system::cloudmessaging::{
    ICloudMessaging::ICloudMessaging, Outcome::Outcome, OutgoingMessage::OutgoingMessage,
    Refusal::Refusal,
};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::json;
use std::io::Read;
use std::time::{Duration, Instant};

/// Hands the message over and, if asked to, waits for its end.
pub fn send(gate: &Gate, asked: &SendArguments) -> Result<Answer, Failure> {
    let id = match &asked.id {
        Some(text) => id_from(text)?,
        None => random_id()?,
    };
    let deadline = now_ms() + i64::from(asked.sms_deadline) * 1000;
    let message = OutgoingMessage {
        id: id.to_vec(),
        subscriptionId: asked.sim,
        recipient: asked.to.clone(),
        body: body(&asked.body)?,
        smsDeadlineMillis: deadline,
    };
    let messaging = gate.messaging()?;
    let begun = Instant::now();
    let refusal = answered(messaging.send(&message))?;
    let shown = hex::encode(id);
    if refusal != Refusal::NONE {
        return Ok(Answer::ended(
            json!({"id": shown, "accepted": false, "refusal": refusal.name()}),
            format!(
                "Refused: {} ({}). Nothing was stored, nothing was sent.",
                refusal.says(),
                refusal.name()
            ),
            Exit::Refused,
        ));
    }
    let Some(seconds) = asked.wait else {
        return Ok(Answer::done(
            json!({"id": shown, "accepted": true, "refusal": "NONE", "smsDeadlineMillis": deadline}),
            format!(
                "Accepted, id {shown}. How it ends is in `cmctl outcomes`, at the latest at {}.",
                utc(deadline)
            ),
        ));
    };
    let outcome = wait_for(&*messaging, &id, Duration::from_secs(seconds.into()))?;
    Ok(ended(&shown, outcome.as_ref(), begun.elapsed()))
}

fn ended(id: &str, outcome: Option<&Outcome>, after: Duration) -> Answer {
    let (text, exit) = match outcome {
        Some(outcome) if outcome.delivered => {
            (format!("Delivered after {} ms, id {id}.", after.as_millis()), Exit::Done)
        }
        Some(outcome) => (
            format!(
                "Not delivered: {} ({}). Send it as an SMS. Id {id}.",
                outcome.reason.says(),
                outcome.reason.name()
            ),
            Exit::NotDelivered,
        ),
        None => (
            format!("Still under way, id {id}. How it ends is in `cmctl outcomes`."),
            Exit::NotDelivered,
        ),
    };
    let json = json!({
        "id": id,
        "accepted": true,
        "refusal": "NONE",
        "outcome": outcome.map(outcomes::as_json),
        "waitedMillis": u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
    });
    Answer::ended(json, text, exit)
}

/// Asks again and again: the callback that would tell is the Messaging app's, and there is only one.
fn wait_for(
    messaging: &dyn ICloudMessaging,
    id: &[u8],
    at_most: Duration,
) -> Result<Option<Outcome>, Failure> {
    let begun = Instant::now();
    let mut cursor = 0;
    loop {
        let page = answered(messaging.outcomes(cursor, 100))?;
        if let Some(last) = page.last() {
            cursor = last.cursor;
        }
        let full = page.len() == 100;
        if let Some(outcome) = page.into_iter().find(|outcome| outcome.id == id) {
            return Ok(Some(outcome));
        }
        let waited = begun.elapsed();
        if waited >= at_most {
            return Ok(None);
        }
        if !full {
            // Short while a person could notice, then easy on the battery.
            let pause = if waited < Duration::from_secs(3) { 10 } else { 250 };
            std::thread::sleep(Duration::from_millis(pause).min(at_most - waited));
        }
    }
}

fn random_id() -> Result<[u8; 16], Failure> {
    let mut id = [0; 16];
    SystemRandom::new()
        .fill(&mut id)
        .map_err(|_| Failure::Other("the system gave no random bytes".into()))?;
    Ok(id)
}

fn id_from(text: &str) -> Result<[u8; 16], Failure> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id)
        .map_err(|_| Failure::Usage("--id takes 32 hexadecimal digits".into()))?;
    Ok(id)
}

fn body(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::File { path: "-".into(), why: error.to_string() })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use android_system_cloudmessaging::aidl::android::system::cloudmessaging::SmsReason::SmsReason;

    #[test]
    fn an_id_is_16_bytes_of_hex() {
        assert_eq!(id_from(&"0f".repeat(16)).unwrap(), [0x0f; 16]);
        for wrong in ["", "0f", "zz"] {
            assert_eq!(id_from(wrong).unwrap_err().exit(), Exit::Usage);
        }
        assert_ne!(random_id().unwrap(), random_id().unwrap());
    }

    #[test]
    fn the_exit_code_tells_delivered_from_everything_else() {
        let delivered = Outcome { delivered: true, ..Default::default() };
        let answer = ended("00", Some(&delivered), Duration::from_millis(12));
        assert_eq!(
            (answer.exit, answer.text.as_str()),
            (Exit::Done, "Delivered after 12 ms, id 00.")
        );
        let sms = Outcome { reason: SmsReason::NOT_REGISTERED, ..Default::default() };
        let answer = ended("00", Some(&sms), Duration::ZERO);
        assert_eq!(answer.exit, Exit::NotDelivered);
        assert!(answer.text.contains("NOT_REGISTERED"), "{}", answer.text);
        let answer = ended("00", None, Duration::ZERO);
        assert_eq!(answer.exit, Exit::NotDelivered);
        assert!(answer.json["outcome"].is_null());
    }
}
