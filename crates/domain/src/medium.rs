//! The identity of a medium that backups lie on: what tells it from another that lay in the same place.

use std::fmt;
use std::str::FromStr;

use crate::id::InvalidId;
use crate::rule::{Closed, Hex, Rule};

/// What stands before the digits, so that no identity is taken for the path of a directory.
const PREFIX: &str = "medium:";

/// A medium (媒体; A 6.2.4.1, S 6-2-1-4), by the 128 random bits that were written onto it when it was first used.
/// ```
/// use jitsuin_domain::medium::MediumId;
///
/// let medium = MediumId::from_octets([0x4c; 16]);
/// assert_eq!(medium.to_string(), "medium:4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c");
/// assert_eq!(medium.to_string().parse(), Ok(medium));
/// for other in ["/media/a", "medium:4c", "4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c", &format!("{medium}0")] {
///     assert!(other.parse::<MediumId>().is_err());
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediumId([u8; 16]);

impl MediumId {
    /// The identity of these random octets.
    pub fn from_octets(octets: [u8; 16]) -> Self {
        Self(octets)
    }

    /// The octets.
    pub fn octets(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for MediumId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", Hex(&self.0))
    }
}

impl FromStr for MediumId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let refuse = || InvalidId::new("medium", text, "medium: and 32 hexadecimal digits");
        let digits = text.strip_prefix(PREFIX).filter(|digits| digits.len() == 32);
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
        value.map(|value| Self(value.to_be_bytes())).ok_or_else(refuse)
    }
}

impl Closed for MediumId {
    fn words(&self) -> Rule {
        Rule::leaf(self)
    }
}
