//! Work under kills: clients of every kind work over the API while the server is killed again and
//! again; what was acknowledged is held against everything that answers.

mod ceremonies;
mod compare;
mod facts;
mod holders;
mod lives;
mod moments;
mod residents;
mod staff;
mod stories;
mod verifier;
mod world;
mod worst_day;

use std::fmt;
use std::time::Duration;

/// How often the server is killed, and what is drawn.
struct Settings {
    seed: u64,
    kills: u64,
    /// After so long no more is begun, so that a short form stays short on a slow machine.
    limit: Duration,
}

impl Settings {
    /// From the environment, which `cargo xtask torture` sets.
    fn read() -> Self {
        let number = |name: &str, otherwise| match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number")),
            Err(_) => otherwise,
        };
        // Whoever says how often it is to be killed waits for it.
        let otherwise =
            if std::env::var_os("JITSUIN_TORTURE_KILLS").is_some() { 86_400 } else { 110 };
        let seconds = number("JITSUIN_TORTURE_SECONDS", otherwise);
        Self {
            seed: number("JITSUIN_TORTURE_SEED", 1),
            kills: number("JITSUIN_TORTURE_KILLS", 50),
            limit: Duration::from_secs(seconds),
        }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "torture --kills {} --seed {}", self.kills, self.seed)
    }
}
