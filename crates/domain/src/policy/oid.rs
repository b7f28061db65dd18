//! Object identifiers as policy files write them.

use std::fmt;
use std::str::FromStr;

/// An object identifier in dotted form, with valid arcs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectIdentifier(String);

/// The arc under which the prefectural CPS puts its test policies (S 1-2).
const TEST_ARC: &str = "1.2.392.200149.8.5.1.0.";

/// anyPolicy (RFC 5280 4.2.1.4).
const ANY_POLICY: &str = "2.5.29.32.0";

impl ObjectIdentifier {
    /// The dotted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only a test CA may use it (S 1-2).
    pub fn is_test_policy(&self) -> bool {
        self.0.starts_with(TEST_ARC)
    }

    /// Whether it is anyPolicy, which is nobody's own (RFC 5280 4.2.1.4).
    pub fn is_any_policy(&self) -> bool {
        self.0 == ANY_POLICY
    }
}

impl FromStr for ObjectIdentifier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // X.660: the root arc is 0, 1 or 2; 128 characters are far more than any policy OID.
        let rule = "an object identifier in dotted form, without leading zeros";
        let arcs: Vec<&str> = text.split('.').collect();
        let canonical =
            |arc: &&str| arc.parse::<u32>().is_ok_and(|value| value.to_string() == **arc);
        let rooted = matches!(arcs.first(), Some(&("0" | "1" | "2")));
        if text.len() > 128 || arcs.len() < 3 || !rooted || !arcs.iter().all(canonical) {
            return Err(rule);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ObjectIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
