//! What the second reader can find wrong with a list.

use std::fmt;

use domain::crl_series::Partition;
use domain::id::SerialNumber;
use domain::rule;
use domain::rule::{Closed, Rule};

/// At most so many differences are reported of one list; the first ones tell enough.
pub(super) const REPORTED: usize = 20;

/// What the second reader found wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The list cannot be read, or its signature is not the CA's.
    Unreadable(String),
    /// A field is not what it must be.
    Field {
        /// Which.
        field: &'static str,
        /// What stands there and what should.
        found: String,
    },
    /// The database has a listed certificate that the list lacks.
    Missing(SerialNumber),
    /// The list has an entry that the database does not.
    Surplus(String),
    /// An entry says something else than the database.
    Entry(SerialNumber),
    /// The list before named a certificate as revoked for good; it has not expired since, and the
    /// database has it otherwise or not at all (RFC 5280 3.3).
    Vanished(SerialNumber),
    /// The counts do not add up.
    Partition {
        /// The partition.
        partition: Partition,
        /// What the list or database has.
        found: String,
    },
}

/// What stands where, the operators are told.
impl Closed for Difference {
    fn words(&self) -> Rule {
        match self {
            Self::Unreadable(_) => Rule::from("the list cannot be believed").told_as(self),
            Self::Field { field, .. } => rule!("{} is not what it must be", *field).told_as(self),
            Self::Missing(serial) => {
                rule!("serial {} is revoked or held but not listed", *serial)
            }
            Self::Surplus(_) => {
                Rule::from("a serial is listed but not revoked or held").told_as(self)
            }
            Self::Entry(serial) => {
                rule!("the entry of serial {} differs from the database", *serial)
            }
            Self::Vanished(serial) => {
                rule!("serial {} was revoked on the list before, and is not on this one", *serial)
            }
            Self::Partition { partition, .. } => {
                rule!("partition {}: the counts do not add up", *partition).told_as(self)
            }
        }
    }
}

impl Difference {
    /// Whether the list is as the database is, and the database cannot be right: what was revoked for
    /// good is so no more.
    pub(super) fn doubts_the_database(&self) -> bool {
        matches!(self, Self::Vanished(_))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "the list cannot be believed: {reason}"),
            Self::Field { field, found } => write!(f, "{field}: {found}"),
            Self::Missing(serial) => write!(f, "serial {serial} is revoked or held but not listed"),
            Self::Surplus(serial) => write!(f, "serial {serial} is listed but not revoked or held"),
            Self::Entry(serial) => {
                write!(f, "the entry of serial {serial} differs from the database")
            }
            Self::Vanished(serial) => {
                write!(f, "serial {serial} was revoked on the list before, and is not on this one")
            }
            Self::Partition { partition, found } => write!(f, "partition {partition}: {found}"),
        }
    }
}

/// Adds what was found, as long as it is told.
pub(super) fn report(found: &mut Vec<Difference>, difference: Difference) {
    if found.len() < REPORTED {
        found.push(difference);
    }
}
