//! The desk where every operation of the system stands once, and the REST API over it: no rules.
//!
//! The command line calls the [`desk`] directly and the [`api`] calls it over HTTP; both answer
//! with the shapes in [`wire`]. What is allowed is decided by `ra` and `ca`; what stands here is
//! who may knock at which door ([`desk::permission`]) and in which words the answer goes out.
//!
//! # Architecture invariant
//! No answer leaves before its journal entry is on disk. Nothing but [`access`] knows how somebody
//! proves who they are, and nothing but the injected clock tells the time.

pub mod access;
pub mod api;
pub mod desk;
mod problem;
mod random;
pub mod server;
pub mod tls;
mod webauthn;
pub mod wire;

pub use problem::{Fault, Problem};
