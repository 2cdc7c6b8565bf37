// SPDX-License-Identifier: Apache-2.0
//! How messages ended, until the app has acknowledged that it knows.

use super::MessageId;

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The recipient's gate holds it.
    Delivered,
    /// The app is to send it as an SMS.
    UseSms(SmsReason),
}

/// Why a message is to be sent as an SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmsReason {
    /// The recipient does not use cloud messaging.
    NotRegistered,
    /// The gate, the registrar or the broker refused it.
    Refused,
    /// Turned off before it was sent.
    Off,
    /// No network until the deadline.
    NoNetwork,
    /// No receipt until the deadline.
    Expired,
    /// The recipient's key that it was sealed to is gone.
    PrekeyGone,
    /// The recipient's inbox is full.
    Full,
}

/// The one outcome of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Rises with each outcome.
    pub cursor: i64,
    /// Which message.
    pub id: MessageId,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub at_ms: i64,
}
