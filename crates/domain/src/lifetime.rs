//! When the end of a lifetime is warned of: by one rule for certificates and for what lets people in.

use jiff::{SignedDuration, Timestamp};

/// Days before the end at which it is warned of, each time anew: custodians are not at hand every day,
/// and people are away for a fortnight. No clause gives them.
pub const WARNED_BEFORE_DAYS: [i64; 3] = [30, 14, 7];

/// By how much a clock is set back at most that is right: what was made just before has begun all the same.
const ADJUSTED: SignedDuration = SignedDuration::from_mins(1);

/// How near the end of a lifetime is, from the first warning on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// It comes within so many days, one of [`WARNED_BEFORE_DAYS`]. The fewer, the later in order.
    Within(std::cmp::Reverse<i64>),
    /// It has come.
    Ended,
}

/// So many years the records of a person are kept after the last of them (S 4-12-1-2, 4-12-2-2). A 5.5.2
/// names no number; the longer one holds for both.
pub const RECORDS_KEPT_YEARS: i64 = 13;

/// How near `ends` is at `now`; nothing, while it is too far away to be told of.
/// ```
/// use jiff::{SignedDuration, Timestamp};
/// use jitsuin_domain::lifetime::{Nearness, nearness};
///
/// let ends: Timestamp = "2027-03-31T14:59:59Z".parse()?;
/// let before = |days: i64| nearness(ends - SignedDuration::from_hours(24 * days), ends);
/// assert_eq!(before(31), None);
/// assert_eq!(before(10), Some(Nearness::Within(std::cmp::Reverse(14))));
/// assert_eq!(before(-1), Some(Nearness::Ended));
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn nearness(now: Timestamp, ends: Timestamp) -> Option<Nearness> {
    if ends < now {
        return Some(Nearness::Ended);
    }
    let left = ends.duration_since(now);
    let within = |days: &&i64| left <= SignedDuration::from_hours(24 * **days);
    let nearest = WARNED_BEFORE_DAYS.iter().filter(within).min();
    nearest.map(|days| Nearness::Within(std::cmp::Reverse(*days)))
}

/// Whether what is good from `begins` to `ends` is to be renewed at `now`: with the first warning, and
/// while it has not begun, as after a clock that was ahead.
pub fn is_due(now: Timestamp, begins: Timestamp, ends: Timestamp) -> bool {
    begins.duration_since(now) > ADJUSTED || nearness(now, ends).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w3_an_end_is_told_of_in_steps_from_thirty_days_on() {
        let end = Timestamp::UNIX_EPOCH;
        let told = |days: i64, seconds: i64| {
            let before = SignedDuration::from_hours(24 * days) + SignedDuration::from_secs(seconds);
            nearness(end - before, end)
        };
        let within = |days| Some(Nearness::Within(std::cmp::Reverse(days)));
        assert_eq!(told(30, 1), None);
        for (days, step) in [(30, 30), (15, 30), (14, 14), (8, 14), (7, 7), (0, 7)] {
            assert_eq!(told(days, 0), within(step), "{days}");
        }
        assert_eq!(told(0, -1), Some(Nearness::Ended));
        assert!(is_due(end, end + SignedDuration::from_secs(61), Timestamp::MAX), "not begun");
        assert!(!is_due(end, end + SignedDuration::from_secs(60), Timestamp::MAX), "just begun");
        let steps = [within(30), within(14), within(7), Some(Nearness::Ended)];
        assert!(steps.is_sorted(), "later is more urgent");
    }
}
