//! Private keys that never leave: in a PKCS#11 token or an encrypted directory, behind one trait.
//!
//! [`KeyStore`] is the contract, in five parts by who may: [`Sign`], [`Administer`], [`UserKeys`],
//! [`CardMasters`], [`MakeCardMasters`]. Who signs with one key is given a [`SigningKey`], which reaches no other. Three backends
//! keep it: [`token::Pkcs11KeyStore`] in a hardware module (K1), [`EmbeddedKeyStore`], a directory of sealed files for a first look and small
//! installations, and [`MemoryKeyStore`], its twin for tests. One `contract` suite runs over all.
//!
//! [`GuardedKeyStore`] stands before a store that no one opens alone: it sleeps until a quorum of
//! custodians ([`quorum`]) activates it, and asks before it signs (K2, E9).
//!
//! ```
//! use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
//! use jitsuin_keys::{Administer, KeyError, MemoryKeyStore, Sign};
//!
//! let keys = MemoryKeyStore::new();
//! let label = "ca-1".parse()?;
//! let public = keys.generate(&label, KeyAlgorithm::EcP256)?;
//! assert_eq!(keys.public_key(&label)?, public);
//! keys.sign(&label, SignatureAlgorithm::EcdsaSha256, b"to be signed")?;
//! keys.destroy(&label)?;
//! assert!(matches!(keys.public_key(&label), Err(KeyError::UnknownLabel(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Two of three custodians, one after the other, open what neither opens alone:
//!
//! ```
//! use jiff::{SignedDuration, Timestamp};
//! use jitsuin_keys::quorum::{CustodianId, CustodySet, Gathering, Passphrase, Progress};
//!
//! let now = Timestamp::UNIX_EPOCH;
//! let known_to = |id: &str| -> Result<_, Box<dyn std::error::Error>> {
//!     let passphrase = format!("known to {id} and nobody else");
//!     Ok((id.parse::<CustodianId>()?, Passphrase::new(passphrase.as_bytes())?))
//! };
//! let custodians = [known_to("custodian-1")?, known_to("custodian-2")?, known_to("custodian-3")?];
//! let (set, secret) = CustodySet::establish(2, &custodians, now)?;
//! let mut gathering = Gathering::new(&set, SignedDuration::from_mins(10))?;
//! let [(first, one), _, (third, three)] = &custodians;
//! assert!(matches!(gathering.contribute(first, one, now)?, Progress::Waiting { .. }));
//! let Progress::Complete(opened) = gathering.contribute(third, three, now)? else {
//!     panic!("two are enough")
//! };
//! assert_eq!(*opened.user_pin()?, *secret.user_pin()?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Architecture invariant
//! No function of this crate returns a private key in clear. Wrapped (RFC 5649), a user's key leaves
//! once to its card and is deleted here, and a CA's key leaves once, to its backup, when it is made.
//! Of a card master key, only the keys of single cards leave.

mod backup;
mod card_master;
#[cfg(any(test, feature = "contract"))]
#[doc(hidden)]
pub mod contract;
mod embedded;
mod error;
mod expected;
mod guarded;
mod held;
mod hex;
mod label;
pub mod machine;
mod memory;
mod pair;
mod proof;
pub mod quorum;
mod seal;
mod store;
pub mod token;
mod wrap;

pub use backup::{BackupKey, KeyBackup};
pub use card_master::backup::CardMasterBackup;
pub use card_master::{CardKeyPurpose, CardMasterCheck, DerivedKey};
pub use embedded::EmbeddedKeyStore;
pub use error::{CorruptFile, KeyError};
pub use expected::{ExpectedKey, ExpectedKeys};
pub use guarded::{
    Activation, AlwaysPermitted, Clock, EmbeddedOpener, GuardedKeyStore, Opener, SigningGate,
};
pub use label::KeyLabel;
pub use memory::MemoryKeyStore;
pub use seal::MasterKey;
pub use store::{
    Administer, CardMasters, KeyStore, MakeCardMasters, PublicKey, Sign, SigningKey, UserKeys,
};
pub use wrap::{TransportKey, WrappedPrivateKey};
