//! The business of a citizen PKI as pure functions: terms, policy, life cycles.
//!
//! Begin with [`policy`]: what a CA permits, read from one file of the directory `policy`, with the clause of the
//! practice statement beside each entry. Then the lives, each a [table of transitions](transition::TransitionTable) that is printed for review:
//! [`certificate`], [`application`], [`service_request`], [`crl_series`], [`staff`]. What a certificate says comes from
//! [`validity`], [`text`] and [`era`]; who does what to it, and under which id, is an [`act::Act`].
//!
//! ```
//! use jiff::Timestamp;
//! use jitsuin_domain::certificate::{CertificateEvent, CertificateState};
//! use jitsuin_domain::revocation::RevocationCause;
//! use jitsuin_domain::policy::Policy;
//!
//! let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/jpki-auth.toml"))?;
//! let policy = Policy::from_toml(&text)?;
//! let rule = policy.revocation(RevocationCause::UseEnded).expect("the policy has this cause");
//! assert_eq!(rule.reason.code(), 5); // cessationOfOperation
//!
//! let now: Timestamp = "2026-11-22T03:00:00Z".parse()?;
//! let held = CertificateState::Good.after(CertificateEvent::Hold, now)?;
//! let revoked = held.after(CertificateEvent::Revoke(rule.reason), now)?;
//! let refused = revoked.after(CertificateEvent::Release, now).unwrap_err();
//! assert_eq!(refused.rule, "a revocation is never undone (A 4.9.5, S 4-4-2-4)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Architecture invariant
//! No I/O, no clock, no randomness, no async and no wire format live here. Time comes in as a
//! parameter; bytes on the wire belong to `x509`; rows belong to `store`.

pub mod act;
pub mod algorithm;
pub mod application;
pub mod ceremony;
pub mod certificate;
pub mod compromise;
pub mod crl_series;
pub mod era;
pub mod hexadecimal;
pub mod hindrance;
pub mod id;
pub mod identity;
pub mod journal;
pub mod lifetime;
pub mod medium;
pub mod municipality;
pub mod name;
pub mod named;
pub mod policy;
pub mod resident;
pub mod revocation;
pub mod rule;
pub mod service_request;
pub mod staff;
pub mod text;
pub mod transition;
pub mod validity;
