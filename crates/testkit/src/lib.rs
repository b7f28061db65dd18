//! Simulated clock, scratch database, foreign programs, a token and figures, for tests and benchmarks only.
//!
//! ```
//! use domain::journal::EventKind;
//! use jiff::SignedDuration;
//! use store::reads::ReadJournal;
//! use store::{Entry, Store, Unit};
//! use jitsuin_testkit::{Clock, Scratch, act, open, seal};
//!
//! let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
//! clock.advance(SignedDuration::from_hours(24));
//! let entry = Entry::new(EventKind::CaCreated, &act(&clock));
//! let place = scratch.store.commit(Unit::new(entry)).expect("committed");
//! seal(&*scratch.store);
//! // A second process sees what the first committed, and when.
//! let journal = open(scratch.path()).journal(place, 1).expect("a journal");
//! assert!(String::from_utf8_lossy(&journal[0].1).contains("2026-11-23"));
//! ```

mod clock;
mod figure;
mod hooked;
mod openssl_ca;
mod policy;
mod program;
mod scratch;
mod seal;
pub mod softhsm;

pub use clock::{Clock, act, clerk};
pub use figure::{Aim, Figure, Rounds, median};
pub use hooked::HookedStore;
pub use openssl_ca::OpensslCa;
pub use policy::adopt_policy;
pub use program::{Output, run, run_long, run_with};
pub use scratch::{Scratch, open};
pub use seal::seal;
