//! What makes stored state provable: an authenticator for every row, a digest over every table, and
//! in each journal entry the authenticators of the rows that its unit changed.
//!
//! A row that somebody else than this program wrote does not fit its authenticator. A row that was
//! put back to an older form, or deleted, fits, but not the digest of its table; and what entries not
//! long ago replaced is known, so that such a row is not even believed once. The digests are what the journal's entries add up to, whose tree is signed and kept elsewhere too (ADR 0028).

mod changes;
mod digest;
mod key;
mod replaced;

pub(crate) use self::changes::{Change, Changes};
pub(crate) use self::digest::{STORED, TableDigest};
pub use self::key::StateKey;
pub(crate) use self::key::{Authenticator, same};
pub(crate) use self::replaced::Replaced;
