// SPDX-License-Identifier: Apache-2.0
//! The ledger as it is checked elsewhere: a million entries verified, beside hashing the same bytes; and one proof out
//! of them.
use crate::quantiles::shown;
use crate::table::Table;
use ::ledger::{entry, sixteen, Key, ORIGIN};
use cloudmessaging_ledger::checkpoint::{Checkpoint, LedgerKey, Signer};
use cloudmessaging_ledger::export::Head;
use cloudmessaging_ledger::leaf::{encode, Leaves};
use cloudmessaging_ledger::prove::prove;
use cloudmessaging_ledger::tree::Frontier;
use cloudmessaging_ledger::verify::verify;
use prost::Message;
use ring::digest::{digest, SHA256};
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many entries.
const ENTRIES: u64 = 1_000_000;

/// How often each is measured; the middle one counts.
const ROUNDS: usize = 5;

/// Verifying beside hashing, the size of entries, and one proof.
pub fn checked(table: &mut Table) -> Result<(), Box<dyn Error>> {
    let export = Export::make()?;
    let bytes = export.body.len() as u64;
    let hashing = middle(|| {
        black_box(digest(&SHA256, black_box(&export.body)));
    });
    let tree = middle(|| {
        black_box(digest_as_a_tree(&export.leaves));
    });
    let mut passed = Ok(());
    let verifying = middle(|| {
        if let Err(why) = verify(export.read(), Some(&export.key), None, |_, _| {}) {
            passed = Err(why);
        }
    });
    passed?;
    let each = |took: Duration| format!("{:.0} entries/s", ENTRIES as f64 / took.as_secs_f64());
    let ratio = verifying.as_secs_f64() / tree.as_secs_f64();
    let rate = bytes as f64 / hashing.as_secs_f64() / 1e6;
    table.figure(
        "SHA-256 of an export of a million entries, in one piece",
        format!("{} ({rate:.0} MB/s)", each(hashing)),
    );
    table.figure("SHA-256 of its leaves and nodes, one by one", each(tree));
    table.target(
        "verify it",
        format!("{}, {ratio:.2} x", each(verifying)),
        "within 2 x of the leaves and nodes",
        ratio <= 2.0,
    );
    let all = bytes / ENTRIES;
    table.target(
        "an entry of the ledger, in the mean",
        format!("{all} B"),
        "below 200 B",
        all < 200,
    );
    table.figure(
        "the intent of a message: entry, and with blinding and hash",
        format!("{} B, {} B", export.intent.0, export.intent.1),
    );
    let mut proof = None;
    let took = middle(|| proof = Some(prove(export.read(), Some(&export.key), 654_321)));
    let Some(proof) = proof else { return Ok(()) };
    let proof = proof?;
    table.figure("prove one entry of a million", shown(took));
    let size = proof.hashes.len() * 32;
    table.target("its proof", format!("{size} B"), "below 1 KB", size < 1000);
    table.figure(
        "the same as text, with entry and checkpoint",
        format!("{} B", proof.write().len()),
    );
    Ok(())
}

struct Export {
    key: LedgerKey,
    head: Vec<u8>,
    body: Vec<u8>,
    /// What is hashed into each leaf.
    leaves: Vec<u8>,
    /// Sizes of an entry and of its leaf.
    intent: (usize, usize),
}

impl Export {
    fn make() -> Result<Self, Box<dyn Error>> {
        let signer = Key::new(1);
        let (mut body, mut tree, mut intent) = (Vec::new(), Frontier::default(), (0, 0));
        let no_root = Checkpoint { origin: ORIGIN.into(), size: 0, root: [0; 32] };
        for position in 0..ENTRIES {
            let content = entry(position, &Checkpoint { size: position, ..no_root.clone() });
            let content = content.encode_to_vec();
            let size = content.len();
            let (leaf, hash) = encode(&sixteen("blinding", position), content);
            if position == ENTRIES / 5 * 4 + 3 {
                intent = (size, leaf.len());
            }
            tree.push(hash);
            body.extend(leaf);
        }
        let checkpoint = Checkpoint { origin: ORIGIN.into(), size: ENTRIES, root: tree.root() };
        let key = LedgerKey::new(ORIGIN, signer.public_key()?).ok_or("no name of a log")?;
        let head = Head::encode(&key, checkpoint.sign(&signer)?);
        Ok(Self { key, head, leaves: contents(&body), body, intent })
    }

    fn read(&self) -> impl std::io::BufRead + '_ {
        use std::io::Read;
        self.head.chain(&self.body[..])
    }
}

/// What the hash of each leaf is made of, length first: four bytes.
fn contents(body: &[u8]) -> Vec<u8> {
    let (mut contents, mut leaves) = (Vec::new(), Leaves::new(body));
    while let Ok(Some(leaf)) = leaves.read() {
        let content = [&[0], &leaf[36..52], &leaf[55..]].concat();
        contents.extend((content.len() as u32).to_le_bytes());
        contents.extend(content);
    }
    contents
}

/// The least that any verifier has to hash: each leaf, and each node once.
fn digest_as_a_tree(mut leaves: &[u8]) -> [u8; 32] {
    let mut node = [1; 65];
    while let Some((length, rest)) = leaves.split_first_chunk() {
        let (leaf, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        node[1..33].copy_from_slice(digest(&SHA256, leaf).as_ref());
        let parent = digest(&SHA256, &node);
        node[33..].copy_from_slice(parent.as_ref());
        leaves = rest;
    }
    std::array::from_fn(|at| node[33 + at])
}

fn middle(mut measured: impl FnMut()) -> Duration {
    let mut took: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            measured();
            begin.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[ROUNDS / 2]
}
