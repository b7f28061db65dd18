//! The tree and its proofs against an implementation of somebody else.

use std::collections::HashMap;

use ct_merkle::RootHash;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use crate::Result;
use crate::journal::{
    Edge, Hash, InvalidProof, consistency_proof, inclusion_proof, leaf_hash, verify_consistency,
    verify_inclusion,
};

/// Our tree with its stored nodes, and theirs, over the same entries.
struct Trees {
    edge: Edge,
    nodes: HashMap<(u8, u64), Hash>,
    theirs: MemoryBackedTree<Sha256, Vec<u8>>,
}

impl Trees {
    fn new(size: u64) -> Self {
        let (edge, nodes, theirs) = (Edge::default(), HashMap::new(), MemoryBackedTree::new());
        let mut trees = Self { edge, nodes, theirs };
        (0..size).for_each(|number| trees.push(number));
        trees
    }

    fn push(&mut self, number: u64) {
        let body = entry(number);
        self.nodes.insert((0, number), leaf_hash(&body));
        self.edge.append(leaf_hash(&body), |n| {
            self.nodes.insert((n.level, n.place), n.hash);
        });
        self.theirs.push(body);
    }

    fn node(&self, level: u8, place: u64) -> Result<Option<Hash>> {
        Ok(self.nodes.get(&(level, place)).copied())
    }

    fn root_at(&self, size: u64) -> Hash {
        Edge::load(size, |level, place| self.node(level, place)).expect("stored nodes").root()
    }
}

fn entry(number: u64) -> Vec<u8> {
    format!("entry {number}").into_bytes()
}

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn e2_roots_are_the_oracles_at_every_size(size in 1_u64..300) {
        let trees = Trees::new(size);
        let theirs = trees.theirs.root();
        prop_assert_eq!(&trees.edge.root()[..], &theirs.as_bytes()[..]);
        prop_assert_eq!(trees.root_at(size), trees.edge.root());
    }

    #[test]
    fn e2_inclusion_proofs_are_the_oracles(size in 1_u64..300, pick in any::<prop::sample::Index>()) {
        let (trees, place) = (Trees::new(size), pick.index(size as usize) as u64);
        let proof = inclusion_proof(place, size, |l, p| trees.node(l, p)).expect("stored nodes");
        let theirs = trees.theirs.prove_inclusion(place as usize);
        prop_assert_eq!(bytes(&proof), theirs.as_bytes());
        let (leaf, root) = (leaf_hash(&entry(place)), trees.edge.root());
        prop_assert_eq!(verify_inclusion(&leaf, place, size, &root, &proof), Ok(()));
        let other = leaf_hash(b"another entry");
        prop_assert_eq!(verify_inclusion(&other, place, size, &root, &proof), Err(InvalidProof));
        prop_assert_eq!(verify_inclusion(&leaf, size, size, &root, &proof), Err(InvalidProof));
        for drop_at in 0..proof.len() {
            let mut short = proof.clone();
            short.remove(drop_at);
            prop_assert_eq!(verify_inclusion(&leaf, place, size, &root, &short), Err(InvalidProof));
        }
        let long = [proof, vec![root]].concat();
        prop_assert_eq!(verify_inclusion(&leaf, place, size, &root, &long), Err(InvalidProof));
    }

    #[test]
    fn e2_consistency_proofs_are_the_oracles(new in 2_u64..300, pick in any::<prop::sample::Index>()) {
        let (trees, old) = (Trees::new(new), pick.index(new as usize - 1) as u64 + 1);
        let proof = consistency_proof(old, new, |l, p| trees.node(l, p)).expect("stored nodes");
        let theirs = trees.theirs.prove_consistency((new - old) as usize);
        prop_assert_eq!(bytes(&proof), theirs.as_bytes());
        let (old_root, new_root) = (trees.root_at(old), trees.edge.root());
        let their_old = RootHash::<Sha256>::new(old_root.into(), old);
        prop_assert!(trees.theirs.root().verify_consistency(&their_old, &theirs).is_ok());
        let verify = |old_root: &Hash, new_root: &Hash, proof: &[Hash]| {
            verify_consistency((old, old_root), (new, new_root), proof)
        };
        prop_assert_eq!(verify(&old_root, &new_root, &proof), Ok(()));
        prop_assert_eq!(verify(&[0; 32], &new_root, &proof), Err(InvalidProof));
        prop_assert_eq!(verify(&old_root, &[0; 32], &proof), Err(InvalidProof));
        for drop_at in 0..proof.len() {
            let mut short = proof.clone();
            short.remove(drop_at);
            prop_assert_eq!(verify(&old_root, &new_root, &short), Err(InvalidProof));
        }
    }
}

#[test]
fn e2_the_edges_of_consistency() {
    let root = Trees::new(5).edge.root();
    let verify = |old, new, proof: &[Hash]| verify_consistency((old, &root), (new, &root), proof);
    assert_eq!(verify(5, 5, &[]), Ok(()));
    assert_eq!(verify(5, 5, &[root]), Err(InvalidProof));
    assert_eq!(verify(6, 5, &[]), Err(InvalidProof));
    assert_eq!(verify(0, 5, &[]), Ok(()));
    assert_eq!(verify_consistency((5, &[0; 32]), (5, &root), &[]), Err(InvalidProof));
    assert_eq!(inclusion_proof(5, 5, |_, _| Ok(None)).expect("no node is read"), [[0; 32]; 0]);
}

#[test]
fn e2_the_hash_of_no_entries_is_that_of_nothing() {
    // RFC 9162 2.1.1: the hash of an empty list is the hash of an empty string.
    let root = super::super::hex::encode(&Edge::default().root());
    assert_eq!(root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
