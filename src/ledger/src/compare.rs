// SPDX-License-Identifier: Apache-2.0
//! Opens a hash that the recipient of a message received inside it: finds, in the sender's export, the intents whose
//! nonce makes it out of what the ledger was when the message was built.
//!
//! So two people find out together whether the sender's phone has rewritten its history since: the recipient's hash
//! says what the ledger was, and nobody could have changed it since.

use std::collections::VecDeque;
use std::io::BufRead;

use cloudmessaging_wire::proto::ledger::{entry::Event, Entry, Intent};

use crate::checkpoint::{Checkpoint, LedgerKey};
use crate::leaf::LeafRef;
use crate::tampered::Tampered;
use crate::tree::{Frontier, Hash};
use crate::verify::{Unverified, Verified};

/// How far back of its intent a checkpoint may lie, in entries. The gate takes it right before it appends the intent;
/// only what other threads append meanwhile comes between.
pub const REACH: usize = 1024;

/// An intent that the hash belongs to.
#[derive(Clone, PartialEq)]
pub struct Opened {
    /// Where the intent stands.
    pub position: u64,
    /// The intent.
    pub entry: Entry,
    /// What the hash is of, with the nonce of the intent.
    pub checkpoint: Checkpoint,
}

/// What came of it.
#[derive(Clone, PartialEq)]
pub struct Compared {
    /// The ledger, which passed.
    pub verified: Verified,
    /// The first intent that the hash belongs to, if there is one.
    pub opened: Option<Opened>,
    /// Further intents that it belongs to: the message was handed over more than once.
    pub more: u64,
    /// Intents of messages that say of a checkpoint farther back than [`REACH`]: these were not compared.
    pub out_of_reach: u64,
}

/// Looks for the intent that this hash belongs to. The export is verified on the way.
pub fn compare(
    from: impl BufRead,
    expected: Option<&LedgerKey>,
    wanted: &Hash,
) -> Result<Compared, Tampered> {
    let export = Unverified::open(from, expected)?;
    let origin = export.head().checkpoint.origin.clone();
    let (mut opened, mut more, mut out_of_reach) = (None, 0, 0);
    let mut past = VecDeque::from([Frontier::default()]);
    let verified = export.verify(None, |position, leaf| {
        if let Some((entry, intent)) = intent_of_message(&leaf) {
            let size = intent.checkpoint_size;
            match past.iter().rev().find(|tree| tree.size() == size) {
                None => out_of_reach += 1,
                Some(tree) => {
                    let root = tree.root();
                    let checkpoint = Checkpoint { origin: origin.clone(), size, root };
                    let found = checkpoint.salted_hash(&intent.checkpoint_nonce) == *wanted;
                    match &opened {
                        _ if !found => {}
                        None => opened = Some(Opened { position, entry, checkpoint }),
                        Some(_) => more += 1,
                    }
                }
            }
        }
        if past.len() > REACH {
            past.pop_front();
        }
        let mut tree = past.back().cloned().unwrap_or_default();
        tree.push(*leaf.hash);
        past.push_back(tree);
    })?;
    Ok(Compared { verified, opened, more, out_of_reach })
}

fn intent_of_message(leaf: &LeafRef<'_>) -> Option<(Entry, Intent)> {
    let entry = leaf.entry().ok()??;
    match &entry.event {
        Some(Event::Intent(intent)) if !intent.checkpoint_nonce.is_empty() => {
            let intent = intent.clone();
            Some((entry, intent))
        }
        _ => None,
    }
}
