//! Simulated clock, scratch database and foreign programs, for tests only.

mod clock;
mod program;
mod scratch;

pub use clock::{Clock, act, clerk};
pub use program::{Output, run};
pub use scratch::{Scratch, open};
