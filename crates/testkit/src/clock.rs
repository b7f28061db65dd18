//! A clock that stands still until a test moves it, and acts that happen at its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use domain::act::{Act, Actor};
use jiff::{SignedDuration, Timestamp};

/// A clock under the test's control.
#[derive(Debug, Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A clock that shows `time` (RFC 3339).
    pub fn at(time: &str) -> Self {
        let time: Timestamp = time.parse().expect("an RFC 3339 time");
        Self(Arc::new(AtomicI64::new(time.as_second())))
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).expect("a time in range")
    }

    /// Moves it on.
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

/// An act of the staff at the clock's time, under an operation id of its own.
pub fn act(clock: &Clock) -> Act {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let operation = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    Act {
        actor: Actor::Staff("tester".parse().expect("an actor id")),
        at: clock.now(),
        operation: operation.parse().expect("an operation id"),
        standing: None,
        second: None,
        present: Default::default(),
    }
}

/// An act of a clerk at a window of `municipality`.
pub fn clerk(clock: &Clock, municipality: &str) -> Act {
    let actor = Actor::WindowClerk {
        id: "clerk".parse().expect("an actor id"),
        municipality: municipality.parse().expect("a municipality code"),
    };
    Act { actor, ..act(clock) }
}
