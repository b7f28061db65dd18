//! Private keys that never leave: an embedded encrypted store, later PKCS#11, behind one trait.
//!
//! [`KeyStore`] is the contract. Two backends keep it: [`EmbeddedKeyStore`], a directory of sealed
//! files for a first look and small installations (K1), and [`MemoryKeyStore`], its twin for tests.
//! A PKCS#11 token joins here as a third, behind the same trait and under the same `contract` suite.
//!
//! [`GuardedKeyStore`] stands before a store that no one opens alone: it sleeps until a quorum of
//! custodians ([`quorum`]) activates it, and asks before it signs (K2, E9).
//!
//! # Architecture invariant
//! No function of this crate returns a private key in clear. The one key that leaves leaves wrapped
//! to a card (RFC 5649), and is never stored here.

mod backup;
#[cfg(any(test, feature = "contract"))]
#[doc(hidden)]
pub mod contract;
mod embedded;
mod error;
mod guarded;
mod held;
mod hex;
mod label;
mod memory;
mod pair;
mod proof;
pub mod quorum;
mod seal;
mod store;
mod wrap;

pub use backup::{BackupKey, KeyBackup};
pub use embedded::EmbeddedKeyStore;
pub use error::{CorruptFile, KeyError};
pub use guarded::{
    Activation, AlwaysPermitted, Clock, EmbeddedOpener, GuardedKeyStore, Opener, SigningGate,
};
pub use label::KeyLabel;
pub use memory::MemoryKeyStore;
pub use seal::MasterKey;
pub use store::{KeyStore, PublicKey};
pub use wrap::{TransportKey, WrappedPrivateKey};
