//! The emulated card: the chip with its life, the application on it, the cabinet where cards are kept,
//! and the virtual reader that shows one to programs nobody here wrote.
//!
//! # Architecture invariant
//! It knows of its other side only what crosses the reader: nothing here is of [`crate::terminal`], and
//! nothing there is of here (`cargo xtask layering`).

mod application;
mod cabinet;
mod card;
mod chip;
mod guarded_secret;
mod loading;
mod sealed;
mod slot;
mod stored;
pub mod vpcd;

pub use application::Emulator;
pub use cabinet::{Cabinet, CabinetError, InsertedCard};
pub use card::Card;
pub use sealed::VaultKey;
