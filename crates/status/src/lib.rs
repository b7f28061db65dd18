//! Answers to the world: OCSP, LDAP and the web repository.
//!
//! # Architecture invariant
//! Nothing in here changes what it tells of. It reads by [`store::Published`], which commits nothing, and signs
//! by a [`keys::SigningKey`] for each delegate, which signs with that key and does nothing else. What it
//! writes goes through two hands of its own, [`query_log::QueryLog`] and [`ocsp::RequestMemory`].

mod askers;
pub mod crowd;
pub mod directory;
pub mod html;
pub mod http;
pub mod known;
pub mod ldap;
pub mod ocsp;
pub mod query_log;
pub mod room;
pub mod subscriber;
pub mod verifier_auth;
