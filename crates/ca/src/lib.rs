//! The certification authority: issuance in six steps, revocation, the CRL cycle.
//!
//! A [`CertificationAuthority`] is a policy over a store and a key store. It is set up once, or in a
//! [`ceremony`], and opened from then on. Whom it trusts to ask stands outside: `ra` for residents,
//! [`service_request`] for the staff.
//!
//! It is made of parts, and each reaches what its fields name and no more:
//!
//! | part | does |
//! |---|---|
//! | [`Generations`] | tells the key generations: which signs when, which ended |
//! | [`UserCertificates`], [`ServiceCertificates`] | certify residents, servers and responders by the six steps |
//! | [`Possessions`] | ask cards to prove their keys |
//! | [`LifeCycle`] | delivers, holds, releases and revokes |
//! | [`ListSeries`], [`Lists`] | tell which lists are due; build, gate and publish them |
//! | [`ServiceRequests`] | take the staff's requests from hand to hand |
//! | [`Recovery`] | settles what a cut left |
//! | [`FirstKey`], [`Responders`], [`Rehearsals`], [`KeyRenewals`] | make a key and what belongs to it |
//! | [`Compromises`], [`Destructions`] | end a key |
//!
//! ```
//! use std::sync::Arc;
//!
//! use jitsuin_ca::{CertificationAuthority, ListOutcome};
//! use keys::{KeyStore, MemoryKeyStore};
//! use testkit::{Clock, Scratch, act};
//!
//! let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
//! let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyStore::new());
//! let policy = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/jpki-auth.toml"));
//! let set_up = || CertificationAuthority::set_up(&act(&clock), policy, scratch.store.clone(), keys.clone());
//! let authority = set_up()?;
//! let again = set_up()?;
//! assert_eq!(again.generations().all().len(), 1, "every part is made once");
//!
//! // Every list is due, and holds nothing yet.
//! let due = authority.list_series().due(clock.now())?;
//! for outcome in authority.lists().publish_all(&act(&clock), &due) {
//!     assert!(matches!(outcome, ListOutcome::Published(_)), "{outcome:?}");
//! }
//! assert!(authority.list_series().due(clock.now())?.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Architecture invariant
//! Nothing in here reads a clock, knows a window or answers the world. Every act comes with who,
//! when and under which operation id; every change is one unit of the store with its entry.

mod adoption;
mod authority;
mod backup;
pub mod card_master;
pub mod ceremony;
mod certificates;
mod compromise;
mod custody;
mod destruction;
mod error;
mod first_key;
mod generation;
mod generations;
mod hands;
mod issuance;
mod key_ends;
mod ledger;
mod life;
mod lists;
mod making;
mod nonces;
mod observer;
mod partition;
mod possession;
mod public_keys;
mod random;
mod recovery;
mod renewal;
mod request;
mod request_record;
mod responder;
mod sequence;
mod service_certificates;
mod service_requests;
mod user_certificates;

pub use adoption::Adoption;
pub use authority::CertificationAuthority;
pub use backup::{NotedBackup, note_backup, noted_backup};
pub use compromise::{CompromisePlan, Compromises};
pub use custody::{Custody, Dealing, Quorum, Standing, Terms};
pub use destruction::{Destruction, Destructions};
pub use error::{Error, Result};
pub use first_key::FirstKey;
pub use generation::Generation;
pub use generations::Generations;
pub use issuance::Issued;
pub use key_ends::while_kept;
pub use life::{Changed, LifeCycle, RevocationOrder};
pub use lists::{
    CLOCK_SAID_RIGHT, Difference, LateList, ListOutcome, ListSeries, Lists, clock_said_right,
};
pub use making::{MakeKey, find_or_generate};
pub use observer::IssuanceStep;
pub use partition::{distribution_point, partition_of};
pub use possession::Possessions;
pub use recovery::{Recovery, Settled};
pub use renewal::{
    Finding, KeyRenewals, Links, Rehearsal, Rehearsals, RehearsedPath, Renewal, Renewed, Trust,
    Weight,
};
pub use request::{
    CertifiedAttributes, IssuedToUser, KeySource, Possession, ServiceRequest, UserRequest,
};
pub use responder::{Responder, Responders};
pub use service_certificates::ServiceCertificates;
pub use service_requests::{ServiceRequests, certification, service_request};
pub use user_certificates::UserCertificates;
