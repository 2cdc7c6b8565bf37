// SPDX-License-Identifier: Apache-2.0
//! The Merkle tree of RFC 6962, section 2.1, over blinded entries: its hashes, and the frontier, which is all
//! that has to be remembered to append.

use ring::digest;

/// A SHA-256 hash: of a leaf, a node or the whole tree.
pub type Hash = [u8; 32];

/// The hash of a leaf: of 0x00, what blinds the entry, and the entry.
pub fn leaf_hash(blinding: &[u8], entry: &[u8]) -> Hash {
    hash(&[&[0], blinding, entry])
}

/// The hash of a node: of 0x01 and its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // In one piece: most of what a tree costs are its nodes.
    let mut node = [1; 65];
    node[1..33].copy_from_slice(left);
    node[33..].copy_from_slice(right);
    into(digest::digest(&digest::SHA256, &node))
}

/// The root of a tree without leaves.
pub fn empty_root() -> Hash {
    hash(&[])
}

/// SHA-256 of these, one after the other.
pub(crate) fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    into(context.finish())
}

fn into(digest: digest::Digest) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// The right edge of a tree: the roots of the largest whole subtrees that its leaves make up, from left to
/// right. One hash for each bit that is set in the number of leaves, so 20 at most for a million of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        // Each bit that the addition carries over joins two subtrees of one size.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                root = node_hash(&left, &root);
            }
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let from_the_right = self.roots.iter().rev().copied();
        from_the_right.reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}
