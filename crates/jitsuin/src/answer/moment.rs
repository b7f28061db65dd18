//! Moments as people in Japan read them, beside UTC as logs and other tools have them.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Japan keeps UTC+9 the year round, and has since before there were computers.
const JAPAN: Offset = Offset::constant(9);

/// A moment to the second, as one word: Japanese time, and UTC beside it, with its day where that is the
/// one before: `2026-12-01T03:40:05+09:00(11-30T18:40:05Z)`.
pub(crate) fn in_japan(at: Timestamp) -> String {
    let here = JAPAN.to_datetime(at);
    let there = Offset::UTC.to_datetime(at);
    let day = match here.date() == there.date() {
        true => "",
        false => "%m-%dT",
    };
    let here = at.to_zoned(TimeZone::fixed(JAPAN)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    let there = at.to_zoned(TimeZone::UTC).strftime(&format!("{day}%H:%M:%SZ")).to_string();
    format!("{here}({there})")
}

/// A moment of the API's as people read it (RFC 3339, in UTC); nothing for any other text.
pub(super) fn in_japanese_time(text: &str) -> Option<String> {
    // `2026-11-30T10:40:05Z` and longer, so that no sentence is parsed.
    let is_like_one = (20..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with('Z')
        && text.as_bytes()[10] == b'T';
    is_like_one.then(|| text.parse().ok())?.map(in_japan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_japanese_time_beside_utc() {
        for (utc, expected) in [
            ("2026-11-30T10:40:05Z", "2026-11-30T19:40:05+09:00(10:40:05Z)"),
            ("2026-11-30T10:40:05.123456Z", "2026-11-30T19:40:05+09:00(10:40:05Z)"),
            ("2026-11-30T18:40:05Z", "2026-12-01T03:40:05+09:00(11-30T18:40:05Z)"),
            ("2026-12-31T15:00:00Z", "2027-01-01T00:00:00+09:00(12-31T15:00:00Z)"),
        ] {
            assert_eq!(in_japanese_time(utc).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_no_moment_stays_as_it_is() {
        for text in ["", "2026-11-30", "2026-11-30T10:40:05+09:00", "20 rows of a long sentence Z"]
        {
            assert_eq!(in_japanese_time(text), None, "{text}");
        }
    }
}
