//! Simulated clock, scratch database, foreign programs, a token and figures, for tests and benchmarks only.

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
