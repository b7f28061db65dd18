//! The name of a key.

use std::fmt;
use std::str::FromStr;

use domain::id::InvalidId;
use domain::rule::{Closed, OfTheInstallation, Rule};

/// A key's name in a store, for example `jpki-auth-1`: 1 to 64 ASCII letters, digits and hyphens.
///
/// It is a file name in the embedded store and CKA_LABEL in a token, so nothing else may be in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyLabel(String);

impl KeyLabel {
    /// The label as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A label is chosen by the program when it makes the key.
impl Closed for KeyLabel {
    fn words(&self) -> Rule {
        OfTheInstallation(&self.0).into()
    }
}

impl FromStr for KeyLabel {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let refuse =
            |rule| InvalidId { kind: "key label", text: text.chars().take(64).collect(), rule };
        // Tokens commonly keep at least 64 bytes of label; file systems keep 255.
        if text.is_empty() || text.len() > 64 {
            return Err(refuse("1 to 64 characters"));
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(refuse("ASCII letters, digits and hyphens only"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for KeyLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_leave_the_directory() {
        for text in ["", "..", "a/b", "a.key", "a b", "鍵", &"a".repeat(65)] {
            assert!(text.parse::<KeyLabel>().is_err(), "{text:?}");
        }
        assert!("jpki-auth-1".parse::<KeyLabel>().is_ok());
    }
}
