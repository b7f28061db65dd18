//! The business of a citizen PKI as pure functions: terms, policy, life cycles.
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
pub mod municipality;
pub mod name;
pub mod named;
pub mod policy;
pub mod reason;
pub mod resident;
pub mod rule;
pub mod service_request;
pub mod staff;
pub mod text;
pub mod validity;
