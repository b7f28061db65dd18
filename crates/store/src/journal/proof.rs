//! Inclusion and consistency proofs (RFC 9162 2.1.3, 2.1.4), and their verification.

use super::merkle::{Hash, node_hash, range};
use crate::Result;

/// A proof that does not prove what it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not lead to the root")]
pub struct InvalidProof;

/// The hashes that lead from leaf `place` to the root of the first `size` leaves; none when
/// there is no such leaf.
///
/// # Errors
/// Those of `node`, and [`crate::Error::Corrupt`] for a node that is not there.
pub fn inclusion_proof(
    place: u64,
    size: u64,
    node: impl Fn(u8, u64) -> Result<Option<Hash>>,
) -> Result<Vec<Hash>> {
    let (mut low, mut high, mut proof) = (0, size, Vec::new());
    while place < size && high - low > 1 {
        let middle = low + split(high - low);
        if place < middle {
            proof.push(range(middle, high, &node)?);
            high = middle;
        } else {
            proof.push(range(low, middle, &node)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show that the tree of `new` leaves begins with that of `old`.
///
/// # Errors
/// Those of `node`, and [`crate::Error::Corrupt`] for a node that is not there.
pub fn consistency_proof(
    old: u64,
    new: u64,
    node: impl Fn(u8, u64) -> Result<Option<Hash>>,
) -> Result<Vec<Hash>> {
    let (mut low, mut high, mut proof) = (0, new, Vec::new());
    if old == 0 || old >= new {
        return Ok(proof);
    }
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(range(middle, high, &node)?);
            high = middle;
        } else {
            proof.push(range(low, middle, &node)?);
            low = middle;
        }
    }
    // The old root itself, which the verifier has, is left out.
    if low != 0 {
        proof.push(range(low, high, &node)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below `leaves` (at least 2).
fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// Checks an inclusion proof (RFC 9162 2.1.3.2).
///
/// # Errors
/// [`InvalidProof`]
pub fn verify_inclusion(
    leaf: &Hash,
    place: u64,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> std::result::Result<(), InvalidProof> {
    if place >= size {
        return Err(InvalidProof);
    }
    let (mut path, mut last, mut hash) = (place, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(InvalidProof);
        }
        if path % 2 == 1 || path == last {
            hash = node_hash(sibling, &hash);
            while path % 2 == 0 && path != 0 {
                (path, last) = (path / 2, last / 2);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (path, last) = (path / 2, last / 2);
    }
    if last == 0 && hash == *root { Ok(()) } else { Err(InvalidProof) }
}

/// Checks a consistency proof (RFC 9162 2.1.4.2).
///
/// # Errors
/// [`InvalidProof`]
pub fn verify_consistency(
    old: (u64, &Hash),
    new: (u64, &Hash),
    proof: &[Hash],
) -> std::result::Result<(), InvalidProof> {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    let sound = |sound: bool| if sound { Ok(()) } else { Err(InvalidProof) };
    if old_size == 0 || old_size >= new_size {
        // Every tree begins with the empty one, and with itself.
        let same = old_size == 0 || (old_size == new_size && old_root == new_root);
        return sound(same && proof.is_empty());
    }
    let (mut path, mut last) = (old_size - 1, new_size - 1);
    while path % 2 == 1 {
        (path, last) = (path / 2, last / 2);
    }
    let mut siblings = proof.iter();
    let start = if old_size.is_power_of_two() { Some(old_root) } else { siblings.next() };
    let start = *start.ok_or(InvalidProof)?;
    let (mut old_hash, mut new_hash) = (start, start);
    for sibling in siblings {
        if last == 0 {
            return Err(InvalidProof);
        }
        if path % 2 == 1 || path == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while path % 2 == 0 && path != 0 {
                (path, last) = (path / 2, last / 2);
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (path, last) = (path / 2, last / 2);
    }
    sound(last == 0 && old_hash == *old_root && new_hash == *new_root)
}
