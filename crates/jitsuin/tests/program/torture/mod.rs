//! Work under kills: clients of every kind work over the API while the server is killed again and
//! again; what was acknowledged is held against everything that answers.

mod ceremonies;
mod compare;
mod ends;
mod facts;
mod holders;
mod lives;
mod moments;
mod outlived;
mod residents;
mod staff;
mod stories;
mod verifier;
mod world;
mod worst_day;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use testkit::softhsm::SoftHsm;

use crate::demo::{copy_populated, copy_populated_on_a_token};
use crate::installation::Installation;

/// Who kills so often comes to every moment.
const MANY: u64 = 1000;

/// How often the server is killed, and what is drawn.
struct Settings {
    seed: u64,
    kills: u64,
    /// After so long no more is begun, so that a short form stays short on a slow machine.
    limit: Duration,
    /// Whether somebody said how long it is to last: then it ends, whatever was tried until then.
    is_limited: bool,
    /// How long a life works at most, in milliseconds: a quick machine does as much in less.
    life: u64,
    /// Whether the keys are in a token.
    has_token: bool,
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
            is_limited: std::env::var_os("JITSUIN_TORTURE_SECONDS").is_some(),
            life: number("JITSUIN_TORTURE_LIFE", 2500),
            has_token: std::env::var_os("JITSUIN_TORTURE_HSM").is_some(),
        }
    }

    /// Runs `body`, the whole of a test, and hands it how to make an installation as the demo does. Where
    /// its keys are in a token, that is done in a process of its own, whose children find the token.
    fn with_installations(&self, test: &str, body: impl FnOnce(&dyn Fn() -> Installation)) {
        if !self.has_token {
            return body(&|| Installation::made_by(copy_populated));
        }
        SoftHsm::in_child(test, |tokens| {
            let copy = |place: &Path| copy_populated_on_a_token(place, tokens);
            body(&|| {
                let installation = Installation::made_by(copy);
                let keys = installation.path().join("data/keys");
                assert!(!keys.exists(), "the keys are in the token");
                installation
            });
        });
    }

    /// Whether so many kills are asked for that every moment is come to.
    fn are_many(&self) -> bool {
        self.kills >= MANY
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = if self.has_token { " --hsm softhsm" } else { "" };
        let Self { kills, seed, life, .. } = self;
        write!(f, "torture --kills {kills} --seed {seed} --life {life}{token}")
    }
}
