//! What is drawn at random: ids of operations, tokens, passwords.

use anyhow::Result;
use domain::id::OperationId;

/// A new operation id, for acts that nobody will repeat by hand.
pub(crate) fn new_operation() -> Result<OperationId> {
    Ok(format!("op-{}", random_text(20)?).parse()?)
}

/// `length` random letters and digits, for ids, tokens and passwords.
pub(crate) fn random_text(length: usize) -> Result<String> {
    // 32 characters, so that every octet maps evenly; without those that people mix up.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut octets = vec![0; length];
    aws_lc_rs::rand::fill(&mut octets)
        .map_err(|_| anyhow::anyhow!("the random generator failed"))?;
    Ok(octets.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)])).collect())
}
