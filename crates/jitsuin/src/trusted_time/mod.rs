//! Trusted time (A 6.8): whether the clock may be believed, and nothing signed while it may not.
//!
//! Two looks at the clock are compared with the machine's monotonic clock, which nobody can set: a
//! jump stops signing at once. Where a time source is configured it is asked as well, and has the
//! last word: signing goes on when it agrees again. Without one, signing goes on when the clock
//! comes back, or when an operator who has seen to the clock starts the program anew.

mod config;
mod recorded;
mod sntp;
mod source;
mod state;
mod trusted;
mod watch;

pub(crate) use config::TimeConfig;
pub(crate) use sntp::SntpClient;
pub(crate) use source::TimeSource;
pub(crate) use state::ClockState;
pub(crate) use trusted::TrustedClock;
pub(crate) use watch::{ClockWatch, Monotonic, monotonic, run};

#[cfg(test)]
mod tests;
