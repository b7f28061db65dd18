//! What somebody with the disk may do to a database, and whether it is found: every table and every
//! column, as the schema has them, and every file beside it.

mod beside;
mod chance;
mod change;
mod files;
mod great;
mod harmless;
mod populate;
mod running;
mod stopped;

use std::fmt;

pub(crate) use chance::Chance;

/// How long the suite works, and what it draws.
struct Settings {
    seed: u64,
    /// How often each change is tried, each time in another place; 0 is the short form, which tries
    /// one of the two changes of each column.
    rounds: u64,
}

impl Settings {
    /// From the environment, which `cargo xtask tamper` sets.
    fn read() -> Self {
        let number = |name: &str, otherwise| match std::env::var(name) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number")),
            Err(_) => otherwise,
        };
        Self { seed: number("JITSUIN_TAMPER_SEED", 1), rounds: number("JITSUIN_TAMPER_ROUNDS", 0) }
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tamper --rounds {} --seed {}", self.rounds, self.seed)
    }
}
