// SPDX-License-Identifier: Apache-2.0
//! A permit: one transmission, of what was allowed, written down first, to one process (P3, P4, P5).

use cloudmessaging_wire::proto::ledger::{Purpose, Role};
use cloudmessaging_wire::proto::uplink::{
    to_uplink::Frame, Connect, Disconnect, Publish, Stored, ToUplink,
};
use cloudmessaging_wire::{frame, step, topic};
use zeroize::{Zeroize as _, Zeroizing};

use super::{HandOver, Network, Refusal, Terms, Uplink};
use crate::disclose::{
    Classes, Datum, Disclosed, Disclosure, NetworkAddress, RecipientRoutingId, RoutingId, Sealed,
};
use crate::sync::Arc;

/// What has to be written down before anything leaves. `Ok` means durable.
pub trait Ledger {
    /// One attempt to connect.
    fn connect(&self, entry: &ConnectEntry<'_>) -> Result<(), Refusal>;
    /// One ciphertext.
    fn intent(&self, entry: &IntentEntry<'_>) -> Result<(), Refusal>;
}

/// What the ledger learns of a connection.
pub struct ConnectEntry<'a> {
    /// The consent it happens under.
    pub record_id: [u8; 16],
    /// The network, in words.
    pub network: &'a str,
    /// Inbox or post.
    pub role: Role,
    /// What connecting reveals.
    pub revealed: Classes,
}

/// What the ledger learns of a transmission.
pub struct IntentEntry<'a> {
    /// The consent it happens under.
    pub record_id: [u8; 16],
    /// What for.
    pub purpose: Purpose,
    /// What was put into it: remembered by the permit, not declared.
    pub revealed: Classes,
    /// Bytes before padding and encryption.
    pub plaintext_size: usize,
    /// What goes out.
    pub ciphertext: &'a [u8],
    /// Who can read it: the registrar's key id or a routing id; hashed by the ledger.
    pub reader: &'a [u8],
    /// The message it belongs to, if any; hashed by the ledger.
    pub message_id: Option<&'a [u8]>,
    /// What opens the checkpoint hash inside a message, if there is one.
    pub checkpoint: Option<CheckpointOpening>,
}

/// What opens the checkpoint hash that a message brings to its recipient: it stays in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointOpening {
    /// Hashed before the checkpoint.
    pub nonce: [u8; 16],
    /// How many entries the checkpoint is over.
    pub size: u64,
}

/// Where a sealed payload goes, and how it is known afterwards.
pub struct Publication<'a> {
    /// The connection it goes out on.
    pub connection: u32,
    /// Repeated by the uplink when the broker acknowledged it.
    pub token: u64,
    /// MQTT topic without a routing id of somebody.
    pub topic: Topic<'a>,
    /// MQTT message expiry, s.
    pub expiry_s: u32,
    /// Hashed into the ledger.
    pub message_id: Option<&'a [u8]>,
    /// Into the ledger.
    pub checkpoint: Option<CheckpointOpening>,
}

/// Where to: a topic itself can reveal something.
pub enum Topic<'a> {
    /// `cm/1/registrar`; the registrar's HPKE key id.
    Registrar(&'a [u8]),
    /// Somebody's inbox.
    Inbox(&'a RecipientRoutingId),
}

/// The right to one transmission. Cannot be made outside the gate, nor copied; is bound to the life of one
/// uplink process, and its brand `'p` to what is disclosed and sealed under it.
pub struct Permit<'p, U: Uplink> {
    uplink: Arc<U>,
    purpose: Purpose,
    record_id: [u8; 16],
    network: Network,
    disclosure: Disclosure<'p>,
}

impl<'p, U: Uplink> Permit<'p, U> {
    pub(super) fn new(uplink: Arc<U>, purpose: Purpose, terms: &Terms, network: Network) -> Self {
        let disclosure = Disclosure::new(terms.classes);
        Self { uplink, purpose, record_id: terms.record_id, network, disclosure }
    }

    /// Discloses a datum under this permit.
    pub fn disclose<T: Datum>(&mut self, datum: T) -> Result<Disclosed<'p, T>, Refusal> {
        self.disclosure.disclose(datum)
    }

    /// The disclosure itself, for what is also previewed.
    pub fn disclosure(&mut self) -> &mut Disclosure<'p> {
        &mut self.disclosure
    }

    /// Writes the connection down, then asks the uplink to make it. `inbox` is the routing id whose inbox
    /// it reads; a post connection has none and reads the answers to its own client id.
    pub fn connect(
        mut self,
        connect: Connect,
        inbox: Option<RoutingId>,
        ledger: &impl Ledger,
    ) -> Result<(), Refusal> {
        self.disclose(NetworkAddress(()))?;
        let (role, subscribe) = match inbox {
            Some(routing_id) => {
                let topic = topic::inbox(&routing_id.0);
                self.disclose(routing_id)?;
                (Role::Inbox, topic)
            }
            None => (Role::Post, topic::replies(&connect.client_id)),
        };
        let connect = Connect { subscribe: vec![subscribe], ..connect };
        let network = self.network.describe();
        ledger.connect(&ConnectEntry {
            record_id: self.record_id,
            network: &network,
            role,
            revealed: self.disclosure.revealed(),
        })?;
        step!("gate.connect.written_down");
        self.hand_over(Frame::Connect(connect))
    }

    /// Writes the transmission down, then hands it to the uplink.
    pub fn transmit(
        mut self,
        sealed: Sealed<'p>,
        to: Publication<'_>,
        ledger: &impl Ledger,
    ) -> Result<(), Refusal> {
        let (address, reader): (String, &[u8]) = match to.topic {
            Topic::Registrar(key_id) => (topic::REGISTRAR.into(), key_id),
            Topic::Inbox(routing_id) => {
                self.disclose(routing_id.clone())?;
                (topic::inbox(&routing_id.0), &routing_id.0)
            }
        };
        ledger.intent(&IntentEntry {
            record_id: self.record_id,
            purpose: self.purpose,
            revealed: self.disclosure.revealed(),
            plaintext_size: sealed.plaintext_size(),
            ciphertext: sealed.ciphertext(),
            reader,
            message_id: to.message_id,
            checkpoint: to.checkpoint,
        })?;
        step!("gate.intent.written_down");
        let (connection, token, expiry_s) = (to.connection, to.token, to.expiry_s);
        let payload = sealed.into_ciphertext();
        self.hand_over(Frame::Publish(Publish {
            connection,
            token,
            topic: address,
            payload,
            expiry_s,
        }))
    }

    /// Lets the broker know that a message is held, or refused for good: an acknowledgement on a
    /// connection that is in the ledger.
    pub fn acknowledge(self, connection: u32, token: u64) -> Result<(), Refusal> {
        self.hand_over(Frame::Stored(Stored { connection, token }))
    }

    /// Ends a connection.
    pub fn disconnect(self, connection: u32) -> Result<(), Refusal> {
        self.hand_over(Frame::Disconnect(Disconnect { connection }))
    }

    fn hand_over(self, frame: Frame) -> Result<(), Refusal> {
        let mut message = ToUplink { frame: Some(frame) };
        let frame = frame::encode(&message);
        if let Some(Frame::Connect(connect)) = &mut message.frame {
            connect.client_key.zeroize();
        }
        let frame = Zeroizing::new(frame.map_err(|_| Refusal::Busy)?);
        match self.uplink.hand_over(&frame) {
            Ok(()) => {
                step!("gate.frame.handed_over");
                Ok(())
            }
            Err(HandOver::Full | HandOver::Gone) => Err(Refusal::Busy),
        }
    }
}
