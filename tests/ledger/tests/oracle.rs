// SPDX-License-Identifier: Apache-2.0
//! Roots and proofs are those of another implementation of RFC 6962 (crate ct-merkle), and of the vectors that the
//! Certificate Transparency projects share; and a proof that was changed proves nothing.

use cloudmessaging_ledger::proof::{verify_consistency, verify_inclusion, Outline};
use cloudmessaging_ledger::tree::{empty_root, leaf_hash, Frontier, Hash};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ledger::full;
use proptest::prelude::*;
use sha2::Sha256;

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

/// What is hashed into a leaf: blinding and entry.
fn content(index: u64) -> Vec<u8> {
    [&[7; 16], &index.to_be_bytes()[..]].concat()
}

fn leaf(index: u64) -> Hash {
    leaf_hash(&[7; 16], &index.to_be_bytes())
}

/// Both trees, one leaf after the other; `at` is called after each of these sizes.
fn grow(sizes: impl IntoIterator<Item = u64>, mut at: impl FnMut(&Frontier, &Oracle)) {
    let (mut ours, mut theirs) = (Frontier::default(), Oracle::new());
    for size in sizes {
        while ours.size() < size {
            theirs.push(content(ours.size()));
            ours.push(leaf(ours.size()));
        }
        at(&ours, &theirs);
    }
}

fn oracle_of(size: u64) -> Oracle {
    let mut oracle = Oracle::new();
    (0..size).for_each(|index| oracle.push(content(index)));
    oracle
}

fn root(oracle: &Oracle) -> Hash {
    (*oracle.root().as_bytes()).into()
}

fn root_of(size: u64) -> Hash {
    let mut tree = Frontier::default();
    (0..size).for_each(|index| tree.push(leaf(index)));
    tree.root()
}

fn hashes(proof: &[u8]) -> Vec<Hash> {
    proof.chunks_exact(32).map(|hash| hash.try_into().unwrap()).collect()
}

fn outlined(mut outline: Outline, size: u64) -> Vec<Hash> {
    (0..size).for_each(|index| outline.leaf(index, leaf(index)));
    outline.finish().unwrap()
}

fn inclusion(index: u64, size: u64) -> Vec<Hash> {
    outlined(Outline::inclusion(index, size).unwrap(), size)
}

fn consistency(old: u64, new: u64) -> Vec<Hash> {
    outlined(Outline::consistency(old, new).unwrap(), new)
}

#[test]
fn roots_are_the_oracles_for_every_size_to_1000_and_many_to_100_000() {
    let powers = (10..17).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]);
    let others = (1..50).map(|n| n * 1_999);
    let mut sizes: Vec<u64> = (1..=1_000).chain(powers).chain(others).chain([100_000]).collect();
    sizes.sort_unstable();
    grow(sizes, |ours, theirs| assert_eq!(ours.root(), root(theirs), "{}", ours.size()));
    assert_eq!(Frontier::default().root(), root(&Oracle::new()));
}

#[test]
fn every_proof_of_a_small_tree_is_the_oracles_and_passes() {
    let sizes = 1..=if full() { 130 } else { 70 };
    grow(sizes, |ours, theirs| {
        let (size, root) = (ours.size(), ours.root());
        for index in 0..size {
            let proof = inclusion(index, size);
            assert_eq!(proof, hashes(theirs.prove_inclusion(index as usize).as_bytes()));
            assert_eq!(verify_inclusion(&leaf(index), index, size, &proof, &root), Ok(()));
        }
        for old in 1..=size {
            let proof = consistency(old, size);
            let expected = theirs.prove_consistency((size - old) as usize);
            assert_eq!(proof, hashes(expected.as_bytes()), "{old} {size}");
            let old = (old, &root_of(old));
            assert_eq!(verify_consistency(old, (size, &root), &proof), Ok(()));
        }
        assert_eq!(verify_consistency((0, &empty_root()), (size, &root), &[]), Ok(()));
    });
}

#[test]
fn proofs_of_a_large_tree_are_the_oracles_and_pass() {
    let size = if full() { 100_000 } else { 20_011 };
    let (oracle, root) = (oracle_of(size), root_of(size));
    let step = size / if full() { 200 } else { 20 };
    for index in (0..size).step_by(step as usize).chain([1, size - 1]) {
        let proof = inclusion(index, size);
        assert_eq!(proof, hashes(oracle.prove_inclusion(index as usize).as_bytes()), "{index}");
        assert_eq!(verify_inclusion(&leaf(index), index, size, &proof, &root), Ok(()));
        let old = index + 1;
        let proof = consistency(old, size);
        let expected = oracle.prove_consistency((size - old) as usize);
        assert_eq!(proof, hashes(expected.as_bytes()), "{old}");
        assert_eq!(verify_consistency((old, &root_of(old)), (size, &root), &proof), Ok(()));
    }
}

/// Each single bit of each proof, and each proof with a hash more, less, or in another place.
fn mangled(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        for bit in 0..256 {
            let mut changed = proof.to_vec();
            changed[at][bit / 8] ^= 1 << (bit % 8);
            all.push(changed);
        }
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut longer = proof.to_vec();
        longer.insert(at, proof[at]);
        all.push(longer);
        let mut swapped = proof.to_vec();
        swapped.swap(at, 0);
        all.extend((at > 0).then_some(swapped));
    }
    all.push([proof, &[[0; 32]]].concat());
    all
}

#[test]
fn no_inclusion_proof_passes_with_a_bit_an_index_or_a_size_changed() {
    let roots: Vec<_> = (0..48).map(root_of).collect();
    for size in [1, 2, 3, 7, 8, 11, 21] {
        let root = root_of(size);
        for index in 0..size {
            let (leaf_at, proof) = (leaf(index), inclusion(index, size));
            let passes = |leaf: &Hash, index, size, proof: &[Hash], root: &Hash| {
                verify_inclusion(leaf, index, size, proof, root).is_ok()
            };
            assert!(passes(&leaf_at, index, size, &proof, &root));
            for changed in mangled(&proof) {
                assert!(!passes(&leaf_at, index, size, &changed, &root), "{index} of {size}");
            }
            for bit in 0..256 {
                let (mut other, mut other_root) = (leaf_at, root);
                other[bit / 8] ^= 1 << (bit % 8);
                other_root[bit / 8] ^= 1 << (bit % 8);
                assert!(!passes(&other, index, size, &proof, &root));
                assert!(!passes(&leaf_at, index, size, &proof, &other_root));
            }
            for other in (0..size + 3).chain([u64::MAX]).filter(|other| *other != index) {
                assert!(!passes(&leaf_at, other, size, &proof, &root), "{other} for {index}");
            }
            // With the root of this size, some other sizes give the leaf the same path (RFC 6962 has it so): what
            // tells sizes apart is the checkpoint, which is signed over both. No other size's own root passes.
            for (other, root) in
                roots.iter().enumerate().filter(|(other, _)| *other != size as usize)
            {
                assert!(!passes(&leaf_at, index, other as u64, &proof, root), "{index}: {other}");
            }
        }
    }
}

#[test]
fn no_consistency_proof_passes_with_a_bit_or_a_size_changed() {
    for new in [1, 2, 5, 8, 13, 33] {
        let new_root = root_of(new);
        for old in 1..=new {
            let (old_root, proof) = (root_of(old), consistency(old, new));
            let passes = |old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]| {
                verify_consistency(old, new, proof).is_ok()
            };
            assert!(passes((old, &old_root), (new, &new_root), &proof));
            for changed in mangled(&proof) {
                assert!(!passes((old, &old_root), (new, &new_root), &changed), "{old} {new}");
            }
            for other in (1..2 * new).filter(|other| *other != old) {
                let root = root_of(other);
                assert!(
                    !passes((other, &root), (new, &new_root), &proof)
                        || other == new && proof.is_empty()
                );
            }
            for other in (old..2 * new).filter(|other| *other != new && *other != old) {
                assert!(
                    !passes((old, &old_root), (other, &root_of(other)), &proof),
                    "{old} {other}"
                );
            }
            for bit in 0..256 {
                let mut other = old_root;
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(!passes((old, &other), (new, &new_root), &proof));
                let mut other = new_root;
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(!passes((old, &old_root), (new, &other), &proof));
            }
        }
    }
}

proptest! {
    #[test]
    fn no_number_and_no_proof_stops_the_verifiers(
        a in any::<u64>(), b in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..70), seed in any::<[u8; 32]>(),
    ) {
        prop_assert!(verify_inclusion(&seed, a, b, &proof, &seed).is_err() || (b == 1 && proof.is_empty()));
        let other = leaf(0);
        let _ = verify_consistency((a, &seed), (b, &other), &proof);
        let _ = verify_consistency((a, &seed), (a, &seed), &proof);
        let _ = (Outline::inclusion(a, b), Outline::consistency(a, b));
    }
}

/// The eight leaves and the roots that Certificate Transparency's implementations test with.
mod shared {
    use super::*;

    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
    const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
    const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
    const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
    const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
    const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

    fn hash(text: &str) -> Hash {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    fn leaf(index: u64) -> Hash {
        leaf_hash(&[], &hex::decode(LEAVES[index as usize]).unwrap())
    }

    fn proof(mut outline: Outline, size: u64) -> Vec<String> {
        (0..size).for_each(|index| outline.leaf(index, leaf(index)));
        outline.finish().unwrap().iter().map(hex::encode).collect()
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut tree = Frontier::default();
        for (size, root) in ROOTS.iter().enumerate() {
            assert_eq!(hex::encode(tree.root()), *root, "{size}");
            if size < LEAVES.len() {
                tree.push(leaf(size as u64));
            }
        }
    }

    #[test]
    fn inclusion_proofs_are_those_of_certificate_transparency() {
        let known: [(u64, u64, &[&str]); 7] = [
            (0, 1, &[]),
            (0, 2, &[A]),
            (1, 2, &[ROOTS[1]]),
            (2, 3, &[ROOTS[2]]),
            (1, 5, &[ROOTS[1], B, D]),
            (0, 8, &[A, B, C]),
            (5, 8, &[D, E, ROOTS[4]]),
        ];
        for (index, size, expected) in known {
            assert_eq!(proof(Outline::inclusion(index, size).unwrap(), size), expected);
            let expected: Vec<_> = expected.iter().map(|text| hash(text)).collect();
            let root = hash(ROOTS[size as usize]);
            assert_eq!(verify_inclusion(&leaf(index), index, size, &expected, &root), Ok(()));
        }
    }

    #[test]
    fn consistency_proofs_are_those_of_certificate_transparency() {
        let known: [(u64, u64, &[&str]); 5] = [
            (1, 1, &[]),
            (1, 8, &[A, B, C]),
            (2, 5, &[B, D]),
            (2, 8, &[B, C]),
            (6, 8, &[F, E, ROOTS[4]]),
        ];
        for (old, new, expected) in known {
            assert_eq!(proof(Outline::consistency(old, new).unwrap(), new), expected);
            let expected: Vec<_> = expected.iter().map(|text| hash(text)).collect();
            let (of_old, of_new) = (hash(ROOTS[old as usize]), hash(ROOTS[new as usize]));
            assert_eq!(verify_consistency((old, &of_old), (new, &of_new), &expected), Ok(()));
        }
    }
}
