//! Fresh ids for operations and incidents, and fresh secrets for people.

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::problem::Problem;
use crate::wire::SecretText;

/// Sixteen random octets in hexadecimal behind `prefix`, or `None` without randomness.
pub(crate) fn id(prefix: &str) -> Option<String> {
    let mut octets = [0; 16];
    rand::fill(&mut octets).ok()?;
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    Some(format!("{prefix}-{digits}"))
}

/// A secret of 120 bits that people can type: 24 of 32 characters, without those they mix up.
pub(crate) fn secret() -> Result<SecretText, Problem> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut octets = Zeroizing::new([0; 24]);
    rand::fill(octets.as_mut()).map_err(|_| Problem::broke(&"no randomness"))?;
    let text = octets.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)]));
    Ok(SecretText::new(text.collect::<String>()))
}
