//! Who holds a share of a secret.

use std::fmt;
use std::str::FromStr;

use domain::id::{ActorId, InvalidId};

/// A person who holds one share of a secret: a member of the staff, by the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustodianId(ActorId);

impl CustodianId {
    /// The identity as it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The person, as the journal names them.
    pub fn actor(&self) -> &ActorId {
        &self.0
    }
}

impl From<ActorId> for CustodianId {
    fn from(actor: ActorId) -> Self {
        Self(actor)
    }
}

impl FromStr for CustodianId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.parse().map(Self).map_err(|error: InvalidId| InvalidId { kind: "custodian", ..error })
    }
}

impl domain::rule::Closed for CustodianId {
    fn words(&self) -> domain::rule::Rule {
        self.0.words()
    }
}

impl fmt::Display for CustodianId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
