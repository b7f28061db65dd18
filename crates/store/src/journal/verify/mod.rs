//! Verification by an outsider: is this the journal that was sealed, and if not, where not?

mod database;
mod examiner;
mod lines;
mod nodes;
mod order;

use std::fmt;

pub use self::database::verify_database;
pub use self::lines::verify_export;
use crate::Sequence;

/// How many findings a report lists; the first tells where to look, the thousandth nothing new.
const MAX_FINDINGS: usize = 100;

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many entries were read.
    pub entries: u64,
    /// How many of them a signed checkpoint covers.
    pub sealed: u64,
    /// How many checkpoints were compared, valid in signature and root.
    pub checkpoints: u64,
    /// How many checkpoints the file itself has.
    pub own: u64,
    /// How many of those are known to a place outside too: with the others, whoever has the file and
    /// the audit key could have made them anew.
    pub witnessed: u64,
    /// The sizes of the others, at most a hundred.
    pub alone: Vec<u64>,
    /// The greatest size of a checkpoint from outside that the journal reaches and fits.
    pub witnessed_until: u64,
    /// What is wrong, in order; at most a hundred.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The file or database cannot be read as a journal at this point.
    Unreadable {
        /// Where: a line, or a row.
        place: String,
        /// Why.
        reason: String,
    },
    /// A body was changed.
    Body {
        /// The entry.
        entry: Sequence,
    },
    /// Entries are not there.
    Missing {
        /// The first of them.
        first: Sequence,
        /// The last of them.
        last: Sequence,
    },
    /// Two entries stand in each other's place.
    Swapped {
        /// The smaller sequence.
        first: Sequence,
        /// The greater one.
        second: Sequence,
    },
    /// An entry stands in the place of another, which is nowhere.
    Misplaced {
        /// The place.
        place: Sequence,
        /// The entry that stands there.
        entry: Sequence,
    },
    /// An entry is there twice.
    Doubled {
        /// The entry.
        entry: Sequence,
    },
    /// An entry stands between two that follow each other.
    Inserted {
        /// The entry before it; none at the start.
        after: Option<Sequence>,
    },
    /// Entries were changed together with their leaf hashes.
    Changed {
        /// The first of the entries among which the change is.
        first: Sequence,
        /// The last of them.
        last: Sequence,
    },
    /// A stored interior node is wrong, while the entries below it are right.
    Node {
        /// Its level.
        level: u8,
        /// Its place on the level.
        place: u64,
    },
    /// The entries do not give the root that was signed.
    Root {
        /// The checkpoint's size.
        size: u64,
        /// The greatest size below it whose root is right, or 0.
        right_until: u64,
    },
    /// A checkpoint's signature is not valid under the key.
    Signature {
        /// The checkpoint's size.
        size: u64,
    },
}

impl Finding {
    /// The first place whose leaf may no longer be in the tree where it was, when the order of
    /// the entries is disturbed from there on.
    fn disturbs_order_from(&self) -> Option<Sequence> {
        match self {
            Self::Missing { first, .. } | Self::Swapped { first, .. } => Some(*first),
            Self::Misplaced { place, .. } => Some(*place),
            Self::Doubled { entry } => Some(*entry),
            Self::Inserted { after } => Some(after.map_or(0, |after| after + 1)),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { place, reason } => write!(f, "{place}: {reason}"),
            Self::Body { entry } => write!(f, "entry {entry}: body does not match its leaf hash"),
            Self::Missing { first, last } if first == last => write!(f, "entry {first} missing"),
            Self::Missing { first, last } => write!(f, "entries {first} to {last} missing"),
            Self::Swapped { first, second } => write!(f, "entries {first} and {second} swapped"),
            Self::Misplaced { place, entry } => {
                write!(f, "entry {entry} stands in the place of entry {place}")
            }
            Self::Doubled { entry } => write!(f, "entry {entry} is there twice"),
            Self::Inserted { after: Some(after) } => {
                write!(f, "entry inserted after entry {after}")
            }
            Self::Inserted { after: None } => f.write_str("entry inserted before entry 0"),
            Self::Changed { first, last } if first + 1 == *last => {
                write!(f, "entry {first} or {last} does not match the tree")
            }
            Self::Changed { first, last } => {
                write!(f, "one of entries {first} to {last} does not match the tree")
            }
            Self::Node { level, place } => {
                write!(f, "node {place} of level {level} does not match the entries below it")
            }
            Self::Root { size, right_until } => write!(
                f,
                "tree of checkpoint size {size} does not match; it is right until size {right_until}"
            ),
            Self::Signature { size } => write!(f, "checkpoint of size {size}: signature invalid"),
        }
    }
}
