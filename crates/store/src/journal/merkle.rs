//! The Merkle tree of RFC 9162 2.1.1, grown at its right edge.

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::{Error, Result};

/// A SHA-256 hash of the tree.
pub type Hash = [u8; 32];

/// The root of a complete subtree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// It covers 2^`level` leaves.
    pub level: u8,
    /// Its number on its level, from the left, from 0.
    pub place: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The leaf hash of an entry: SHA-256(0x00 ‖ entry).
pub fn leaf_hash(entry: &[u8]) -> Hash {
    hash(&[&[0], entry])
}

/// The hash of an interior node: SHA-256(0x01 ‖ left ‖ right).
pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The roots of the largest complete subtrees, left to right: all that appending needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edge {
    size: u64,
    peaks: Vec<Hash>,
}

impl Edge {
    /// The edge of the tree of the first `size` leaves, from its stored nodes.
    ///
    /// # Errors
    /// Those of `node`, and [`Error::Corrupt`] for a node that is not there.
    pub fn load(size: u64, node: impl Fn(u8, u64) -> Result<Option<Hash>>) -> Result<Self> {
        Ok(Self { size, peaks: peaks(0, size, &node)? })
    }

    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf and tells of the interior nodes it completes, lowest first.
    pub fn append(&mut self, leaf: Hash, mut completed: impl FnMut(Node)) {
        let (mut hash, mut level, mut place) = (leaf, 0, self.size);
        while place % 2 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node_hash(&left, &hash);
            level += 1;
            place /= 2;
            completed(Node { level, place, hash });
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The Merkle tree hash; of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        fold(&self.peaks)
    }
}

/// The hash of the leaves from `low` to before `high`; `low` is a multiple of the smallest
/// power of two that holds them.
pub(super) fn range(
    low: u64,
    high: u64,
    node: &impl Fn(u8, u64) -> Result<Option<Hash>>,
) -> Result<Hash> {
    Ok(fold(&peaks(low, high, node)?))
}

fn peaks(
    mut low: u64,
    high: u64,
    node: &impl Fn(u8, u64) -> Result<Option<Hash>>,
) -> Result<Vec<Hash>> {
    let mut peaks = Vec::new();
    while low < high {
        let level = (high - low).ilog2() as u8;
        let place = low >> level;
        let missing = || Error::Corrupt {
            what: "tree".into(),
            reason: format!("node {place} of level {level} is missing"),
        };
        peaks.push(node(level, place)?.ok_or_else(missing)?);
        low += 1 << level;
    }
    Ok(peaks)
}

fn fold(peaks: &[Hash]) -> Hash {
    let mut right_to_left = peaks.iter().rev();
    match right_to_left.next() {
        Some(last) => right_to_left.fold(*last, |right, left| node_hash(left, &right)),
        None => hash_of_nothing(),
    }
}

fn hash_of_nothing() -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, &[]).as_ref());
    hash
}
