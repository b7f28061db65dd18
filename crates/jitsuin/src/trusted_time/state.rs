//! What is known of the clock.

use std::fmt;

use domain::rule;
use domain::rule::{Closed, Plain, Rule};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Whether the clock may be believed, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockState {
    /// Nothing speaks against it: signing is permitted.
    Trusted,
    /// It went another way than the monotonic clock did.
    Jumped {
        /// How far, forward when positive.
        by: SignedDuration,
    },
    /// The time source says otherwise.
    Drifted {
        /// What has to be added to the clock to agree with the source.
        offset: SignedDuration,
    },
    /// The source has not answered since the program started.
    Unconfirmed,
    /// The source has not answered for longer than it may.
    Silent {
        /// How long it may be silent.
        holdover: SignedDuration,
    },
}

impl ClockState {
    /// Whether signing is permitted.
    pub(crate) fn is_trusted(self) -> bool {
        self == Self::Trusted
    }

    /// The name of the state, for journal and report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Jumped { .. } => "jumped",
            Self::Drifted { .. } => "drifted",
            Self::Unconfirmed => "unconfirmed",
            Self::Silent { .. } => "silent",
        }
    }

    /// Why nothing is signed, or nothing when it is.
    pub(crate) fn rule(self) -> Option<Rule> {
        match self {
            Self::Trusted => None,
            Self::Jumped { by } => {
                let way = if by.is_negative() { "back" } else { "forward" };
                let far = Seconds(by);
                Some(rule!("the clock jumped {} by {} s against the monotonic clock", way, far))
            }
            Self::Drifted { offset } => {
                let way = if offset.is_negative() { "ahead of" } else { "behind" };
                Some(rule!("the clock is {} s {} the time source", Seconds(offset), way))
            }
            Self::Unconfirmed => Some("the time source has not answered yet".into()),
            Self::Silent { holdover } => {
                let hours = holdover.as_hours();
                Some(rule!("the time source has not answered for more than {} h", hours))
            }
        }
    }
}

/// What `check` and health say of the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClockReport {
    /// The name of the state.
    pub(crate) state: &'static str,
    /// Why nothing is signed.
    pub(crate) rule: Option<String>,
    /// Whether a source is asked at all.
    pub(crate) has_source: bool,
    /// What the source last had the clock off by, in milliseconds; positive when it was behind.
    pub(crate) offset_ms: Option<i64>,
    /// When the source last answered, by the clock.
    pub(crate) answered_at: Option<String>,
    /// Why the source's last answer could not be used.
    pub(crate) failure: Option<String>,
}

impl ClockReport {
    /// The report of a state and the source's last answers.
    pub(super) fn new(
        state: ClockState,
        has_source: bool,
        answer: Option<(Timestamp, SignedDuration)>,
        failure: Option<String>,
    ) -> Self {
        let in_milliseconds = |offset: SignedDuration| {
            i64::try_from(offset.as_millis()).unwrap_or(if offset.is_negative() {
                i64::MIN
            } else {
                i64::MAX
            })
        };
        Self {
            state: state.name(),
            rule: state.rule().map(|rule| rule.told()),
            has_source,
            offset_ms: answer.map(|(_, offset)| in_milliseconds(offset)),
            answered_at: answer.map(|(at, _)| at.to_string()),
            failure,
        }
    }
}

/// A length of time without its sign, in seconds with three decimals.
#[derive(Clone, Copy)]
struct Seconds(SignedDuration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.unsigned_abs();
        write!(f, "{}.{:03}", length.as_secs(), length.subsec_millis())
    }
}

impl Closed for Seconds {
    fn words(&self) -> Rule {
        Plain(*self).words()
    }
}
