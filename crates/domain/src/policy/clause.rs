//! Where an entry of a policy is written down.

use std::fmt;

/// The clause of a CPS (`A 6.3.2.2`, `S 4-4-5`) or fact that an entry follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause(pub(super) String);

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
