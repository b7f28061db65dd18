//! The windows and people: applications, identity checks, the register link.
//!
//! # Architecture invariant
//! Nothing here reads a clock, makes a certificate or holds a CA's key: what is needed of a CA
//! stands in [`authority::Authority`]. Every act comes with who, when and under which operation
//! id; every change is one unit of the store with its journal entry.

pub mod authority;
mod error;
pub mod form;
pub mod holder;
mod issued;
pub mod readers;
pub mod record;
pub mod register;
pub mod window;

pub use error::{Result, WindowError};
pub use issued::Issued;
pub use window::Window;
