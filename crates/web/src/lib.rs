//! The desk where every operation of the system stands once, the REST API and the holders' page over
//! it: no rules.
//!
//! Each operation is a value ([`operation`]), done by [`Desk::ask`](desk::Desk::ask) for whom its
//! [`Entrance`](desk::Entrance) let in. The command line asks directly, the [`api`] over HTTP, and the page of
//! [`holder`] for those who have cards. What is allowed is decided by `ra` and `ca`; what stands here is who
//! may knock at which door ([`desk::permission`]) and in which words the answer goes out ([`wire`]).
//! ```
//! use domain::staff::Role;
//! use jitsuin_web::desk::permission::Operation;
//!
//! // The description of the API and the table of who may do what are read off the same list.
//! let document = jitsuin_web::api::openapi();
//! for operation in Operation::ALL.iter().filter(|operation| operation.is_in_api()) {
//!     assert!(document.contains(&format!("\"operationId\": \"{}\"", operation.name())));
//! }
//! let hold = Operation::ALL.iter().find(|one| one.name() == "hold_certificates").expect("a row");
//! assert!(hold.is_open_to(Role::CallCentreAgent) && !hold.is_open_to(Role::InternalAuditor));
//! ```
//!
//! # Architecture invariant
//! No answer leaves before its journal entry is on disk. Nothing but [`access`] knows how somebody
//! proves who they are, and nothing but the injected clock tells the time.

pub mod access;
mod acts;
pub mod api;
pub mod client;
pub mod desk;
pub mod entrance;
pub mod hashing;
pub mod holder;
mod kept;
mod ledger;
pub mod local;
pub mod operation;
mod origin;
pub mod peer;
mod problem;
mod random;
pub mod server;
pub mod tls;
mod turns;
mod webauthn;
pub mod wire;

/// What [`api`] and [`holder`] hand to [`server`].
pub use axum::Router;
pub use origin::Hosts;
pub use problem::{Fault, Problem};
