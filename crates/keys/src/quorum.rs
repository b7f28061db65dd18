//! Custodians: one secret that exists only as sealed shares, and how M of N people bring it back (K2).
//!
//! A store of keys opens with what is derived from a [`QuorumSecret`]. [`CustodySet`] is the public
//! record of its shares, each sealed to one custodian by a passphrase; a [`Gathering`] takes the
//! passphrases of different custodians within a window of time and gives the secret back for as long
//! as the caller keeps it (A 6.2.2, 6.2.8; S 6-2-1-2).
//!
//! # Architecture invariant
//! The secret is written nowhere. There is no clock here: time comes in and must advance.

mod custodian;
mod custody;
mod error;
mod gathering;
mod passphrase;
mod record;
mod roster;
mod secret;
mod shares;

#[cfg(test)]
mod tests;

pub use custodian::CustodianId;
pub(crate) use custody::{Cost, random, sealing_key};
pub use custody::{CustodySet, MAXIMUM_CUSTODIANS};
pub use error::QuorumError;
pub use gathering::{Gathering, Progress, WRONG_PASSPHRASES};
pub use passphrase::{MINIMUM_PASSPHRASE_LENGTH, Passphrase};
pub use secret::QuorumSecret;
