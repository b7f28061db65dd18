//! Fresh ids for operations and incidents.

use aws_lc_rs::rand;

/// Sixteen random octets in hexadecimal behind `prefix`, or `None` without randomness.
pub(crate) fn id(prefix: &str) -> Option<String> {
    let mut octets = [0; 16];
    rand::fill(&mut octets).ok()?;
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    Some(format!("{prefix}-{digits}"))
}
