//! Simulated clock, scratch database, foreign programs and figures, for tests and benchmarks only.

mod clock;
mod figure;
mod program;
mod scratch;

pub use clock::{Clock, act, clerk};
pub use figure::{Aim, Figure, Rounds, median};
pub use program::{Output, run};
pub use scratch::{Scratch, open};
