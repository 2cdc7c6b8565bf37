// SPDX-License-Identifier: Apache-2.0
//! Entries as the gate writes them: of the same sizes, with nothing in them that is anybody's.

use cloudmessaging_ledger::checkpoint::Checkpoint;
use cloudmessaging_wire::proto::consent::{CaptureMethod, DataClass};
use cloudmessaging_wire::proto::ledger::{
    entry::Event, Boot, Connect, Ending, Entry, Grant, Intent, Outcome, Purpose, Refusals, Role,
};
use ring::digest::{digest, SHA256};

use crate::sixteen;

/// The nonce of the intent at a position.
pub fn nonce(position: u64) -> [u8; 16] {
    sixteen("nonce", position)
}

/// The entry at a position: first a start and a consent, then connections, messages and what became of them.
pub fn entry(position: u64, before: &Checkpoint) -> Entry {
    let event = match position {
        0 => Event::Boot(Boot { build_fingerprint: "example/phone:16/1:user".into() }),
        1 => Event::Grant(grant()),
        _ => match position % 5 {
            2 => Event::Connect(connect()),
            3 | 4 => Event::Intent(intent(position, before)),
            0 => Event::Outcome(Outcome {
                message_hash: thirty_two("message", position - 1),
                ending: Ending::Delivered.into(),
                reason: String::new(),
            }),
            _ => Event::Refusals(Refusals {
                caller_uid: 10_123,
                reason: "OFF".into(),
                count: 7,
                window_ms: 60_000,
            }),
        },
    };
    let ms = i64::try_from(position).expect("few entries") * 60_000;
    Entry {
        schema_version: 1,
        wall_ms: 1_790_000_000_000 + ms,
        boot_ms: 5_000 + ms,
        group: 0,
        position,
        event: Some(event),
    }
}

fn grant() -> Grant {
    Grant {
        record_id: sixteen("consent", 0).into(),
        disclosure_version: 3,
        disclosure_sha256: thirty_two("disclosure", 3),
        allowed_classes: (1..=8).collect(),
        locale: "en".into(),
        method: CaptureMethod::SettingsPage.into(),
        sims: 1,
    }
}

fn connect() -> Connect {
    Connect {
        record_id: sixteen("consent", 0).into(),
        host: "broker.example".into(),
        port: 8883,
        network: "wifi".into(),
        role: Role::Post.into(),
        revealed: vec![DataClass::NetworkAddress.into()],
    }
}

fn intent(position: u64, before: &Checkpoint) -> Intent {
    Intent {
        record_id: sixteen("consent", 0).into(),
        purpose: Purpose::Message.into(),
        host: "broker.example".into(),
        revealed: [1, 3, 6, 8].into(),
        plaintext_size: 512,
        ciphertext_size: 1104,
        ciphertext_sha256: thirty_two("ciphertext", position),
        reader_hash: thirty_two("reader", position % 7),
        checkpoint_nonce: nonce(position).into(),
        message_hash: thirty_two("message", position),
        checkpoint_size: before.size,
    }
}

fn thirty_two(label: &str, number: u64) -> Vec<u8> {
    digest(&SHA256, format!("{label} {number}").as_bytes()).as_ref().into()
}
