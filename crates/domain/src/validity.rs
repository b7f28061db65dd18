//! How long a certificate lasts: civil dates of Asia/Tokyo, birthdays, calendar months (P4).

use jiff::civil::{Date, DateTime, Time, time};
use jiff::tz::{self, TimeZone};
use jiff::{Span, Timestamp, ToSpan};

/// The offset of Japan Standard Time, which has known no daylight saving since 1951.
const JAPAN: TimeZone = TimeZone::fixed(tz::offset(9));

/// The last second of a civil day; it belongs to the period (RFC 5280 4.1.2.5).
const LAST_SECOND: Time = time(23, 59, 59, 0);

/// A validity period; both ends belong to it (RFC 5280 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// `notBefore`, whole seconds.
    pub not_before: Timestamp,
    /// `notAfter`, whole seconds.
    pub not_after: Timestamp,
}

/// A date that the calendar cannot reach, such as a birthday in the year 10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the date is out of the calendar's range")]
pub struct OutOfRange;

impl From<jiff::Error> for OutOfRange {
    fn from(_: jiff::Error) -> Self {
        Self
    }
}

/// The civil date in Japan at `at`.
pub fn civil_date(at: Timestamp) -> Date {
    civil_time(at).date()
}

/// The civil date and time in Japan at `at`.
pub fn civil_time(at: Timestamp) -> DateTime {
    at.to_zoned(JAPAN).datetime()
}

/// The last second of `date` in Japan.
///
/// # Errors
/// [`OutOfRange`] at the edge of the calendar.
pub fn end_of(date: Date) -> Result<Timestamp, OutOfRange> {
    Ok(date.to_datetime(LAST_SECOND).to_zoned(JAPAN)?.timestamp())
}

/// `at` without its fraction of a second, as certificates carry it.
pub fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The period from `at` for `years` years, the first day counted in (Civil Code 140, 143).
///
/// It ends with the day before the corresponding day; where that day does not exist, as for
/// 29 February, with the last day of the month.
///
/// # Errors
/// [`OutOfRange`] at the edge of the calendar.
pub fn for_years(at: Timestamp, years: u8) -> Result<Period, OutOfRange> {
    let first = civil_date(at);
    let last = before_corresponding_day(first, i32::from(years).years())?;
    Ok(Period { not_before: whole_second(at), not_after: end_of(last)? })
}

/// The last day of a period of `span` whose first day, counted in, is `first` (Civil Code 143(2)).
fn before_corresponding_day(first: Date, span: Span) -> Result<Date, OutOfRange> {
    let corresponding = first.checked_add(span)?;
    if corresponding.day() == first.day() {
        Ok(corresponding.yesterday()?)
    } else {
        Ok(corresponding)
    }
}

/// The day on which somebody born on `birth` has a birthday in `year`.
///
/// Who was born on 29 February has it on 28 February in common years.
fn birthday(birth: Date, year: i16) -> Result<Date, OutOfRange> {
    let first = Date::new(year, birth.month(), 1)?;
    Ok(Date::new(year, birth.month(), birth.day().min(first.days_in_month()))?)
}

/// The `count`th birthday after `day`; a birthday on `day` itself does not count.
///
/// # Errors
/// [`OutOfRange`] at the edge of the calendar.
pub fn nth_birthday_after(day: Date, birth: Date, count: u8) -> Result<Date, OutOfRange> {
    let passed = birthday(birth, day.year())? <= day;
    birthday(birth, day.year() + i16::from(count) - i16::from(!passed))
}

/// The period from `at` to the end of the `count`th birthday or of the card, whichever is earlier
/// (A 6.3.2.2).
/// ```
/// use jiff::Timestamp;
/// use jiff::civil::date;
/// use jitsuin_domain::validity::to_birthday;
///
/// let issued: Timestamp = "2026-11-22T03:00:00Z".parse()?;
/// let period = to_birthday(issued, date(1980, 1, 2), 5, None)?;
/// // The last second of the day in Japan belongs to it.
/// assert_eq!(period.not_after, "2031-01-02T23:59:59+09:00".parse::<Timestamp>()?);
/// let shorter = to_birthday(issued, date(1980, 1, 2), 5, Some(date(2030, 3, 31)))?;
/// assert_eq!(shorter.not_after, "2030-03-31T23:59:59+09:00".parse::<Timestamp>()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`OutOfRange`] at the edge of the calendar.
pub fn to_birthday(
    at: Timestamp,
    birth: Date,
    count: u8,
    card_expiry: Option<Date>,
) -> Result<Period, OutOfRange> {
    let deciding = nth_birthday_after(civil_date(at), birth, count)?;
    let last = card_expiry.map_or(deciding, |expiry| expiry.min(deciding));
    Ok(Period { not_before: whole_second(at), not_after: end_of(last)? })
}

/// The period of a link certificate: from the making of the old or the new key to the end of the
/// old root, to the second (A 7.1(3), S 7-1-4).
///
/// # Errors
/// [`OutOfRange`] if the old root ended before.
pub fn for_link(made: Timestamp, old_root_ends: Timestamp) -> Result<Period, OutOfRange> {
    let period = Period { not_before: whole_second(made), not_after: whole_second(old_root_ends) };
    if period.not_before <= period.not_after { Ok(period) } else { Err(OutOfRange) }
}

/// The last moment by which a CA key made at `made` is to be renewed (A 5.6, 6.3.2.1, S 4-13).
///
/// # Errors
/// [`OutOfRange`] at the edge of the calendar.
pub fn renewal_due(made: Timestamp, years: u8) -> Result<Timestamp, OutOfRange> {
    Ok(for_years(made, years)?.not_after)
}

/// `months` calendar months before the civil day of `at` in Japan, at its first moment.
///
/// # Errors
/// [`OutOfRange`] at the edge of the calendar.
pub fn months_before(at: Timestamp, months: u8) -> Result<Timestamp, OutOfRange> {
    let day = civil_date(at).checked_sub(i32::from(months).months())?;
    Ok(day.to_zoned(JAPAN)?.timestamp())
}

/// Whether less than `months` calendar months are left until the end of `not_after`'s day
/// (A 6.3.2.2: 三月未満; Civil Code 143).
pub fn less_than_months_left(at: Timestamp, not_after: Timestamp, months: u8) -> bool {
    let today = civil_date(at);
    let expiry = civil_date(not_after);
    today <= expiry
        && today.checked_add(i32::from(months).months()).is_ok_and(|later| later > expiry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn p4_self_signed_ends_at_145959z_of_the_day_before_the_tenth_year() {
        let period = for_years(at("2026-11-22T03:04:05.6Z"), 10).expect("in range");
        assert_eq!(period.not_before, at("2026-11-22T03:04:05Z"));
        assert_eq!(period.not_after, at("2036-11-21T14:59:59Z"));
    }

    #[test]
    fn p4_the_day_changes_at_midnight_in_japan() {
        let before = for_years(at("2026-11-22T14:59:59Z"), 3).expect("in range");
        let after = for_years(at("2026-11-22T15:00:00Z"), 3).expect("in range");
        assert_eq!(before.not_after, at("2029-11-21T14:59:59Z"));
        assert_eq!(after.not_after, at("2029-11-22T14:59:59Z"));
    }

    #[test]
    fn p4_three_years_from_29_february_end_on_28_february() {
        let period = for_years(at("2028-02-29T00:00:00Z"), 3).expect("in range");
        assert_eq!(period.not_after, at("2031-02-28T14:59:59Z"));
    }

    #[test]
    fn p4_birthdays_count_from_the_day_after_issue() {
        let cases = [
            // issue day, birth, count, deciding birthday
            (date(2026, 11, 22), date(1980, 11, 22), 5, date(2031, 11, 22)),
            (date(2026, 11, 22), date(1980, 11, 23), 5, date(2030, 11, 23)),
            (date(2026, 11, 22), date(1980, 11, 21), 5, date(2031, 11, 21)),
            (date(2026, 11, 22), date(1980, 11, 23), 6, date(2031, 11, 23)),
            (date(2026, 2, 27), date(2000, 2, 29), 5, date(2030, 2, 28)),
            (date(2026, 2, 28), date(2000, 2, 29), 5, date(2031, 2, 28)),
            (date(2023, 3, 1), date(2000, 2, 29), 5, date(2028, 2, 29)),
        ];
        for (day, birth, count, expected) in cases {
            assert_eq!(
                nth_birthday_after(day, birth, count),
                Ok(expected),
                "{day} {birth} {count}"
            );
        }
    }

    #[test]
    fn p4_links_last_from_the_making_of_a_key_to_the_end_of_the_old_root() {
        let (made, ends) = (at("2026-11-22T03:04:05.6Z"), at("2036-11-21T14:59:59Z"));
        let period = for_link(made, ends).expect("in order");
        assert_eq!(period.not_before, at("2026-11-22T03:04:05Z"));
        assert_eq!(period.not_after, ends);
        assert_eq!(for_link(at("2036-11-21T15:00:00Z"), ends), Err(OutOfRange));
    }

    #[test]
    fn k6_a_key_of_four_years_is_due_at_the_end_of_its_last_day() {
        let due = renewal_due(at("2026-11-22T03:00:00Z"), 4).expect("in range");
        assert_eq!(due, at("2030-11-21T14:59:59Z"));
        assert_eq!(months_before(due, 6).expect("in range"), at("2030-05-20T15:00:00Z"));
    }

    #[test]
    fn p4_the_card_ends_the_certificate_when_it_ends_first() {
        let issue = at("2026-11-22T03:00:00Z");
        let capped =
            to_birthday(issue, date(1980, 1, 1), 5, Some(date(2028, 4, 30))).expect("in range");
        assert_eq!(capped.not_after, at("2028-04-30T14:59:59Z"));
        let free =
            to_birthday(issue, date(1980, 1, 1), 5, Some(date(2036, 1, 1))).expect("in range");
        assert_eq!(free.not_after, at("2031-01-01T14:59:59Z"));
    }

    #[test]
    fn p4_renewal_window_is_less_than_three_calendar_months() {
        let expiry = end_of(date(2026, 12, 10)).expect("in range");
        assert!(!less_than_months_left(at("2026-09-10T03:00:00Z"), expiry, 3));
        assert!(less_than_months_left(at("2026-09-11T03:00:00Z"), expiry, 3));
        assert!(less_than_months_left(at("2026-12-10T03:00:00Z"), expiry, 3));
        assert!(!less_than_months_left(at("2026-12-11T03:00:00Z"), expiry, 3));
    }

    proptest! {
        #[test]
        fn p4_the_deciding_birthday_lies_between_four_and_five_years_ahead(
            issue_day in 0i32..40_000, birth_day in 0i32..55_000, count in 1u8..=10,
        ) {
            let issue = date(2000, 1, 1).checked_add(issue_day.days()).expect("in range");
            let birth = date(1920, 1, 1).checked_add(birth_day.days()).expect("in range");
            let deciding = nth_birthday_after(issue, birth, count).expect("in range");
            prop_assert!(deciding > issue.checked_add((i32::from(count) - 1).years()).expect("in range").yesterday().expect("in range"));
            prop_assert!(deciding <= issue.checked_add(i32::from(count).years()).expect("in range"));
        }

        #[test]
        fn p4_no_certificate_lasts_a_second_longer_than_its_years(second in 0i64..4_000_000_000, years in 1u8..=10) {
            let start = Timestamp::from_second(second).expect("in range");
            let period = for_years(start, years).expect("in range");
            let limit = civil_date(start).checked_add(i32::from(years).years()).expect("in range");
            prop_assert!(civil_date(period.not_after) <= limit);
            prop_assert_eq!(period.not_after.to_zoned(JAPAN).time(), LAST_SECOND);
        }
    }
}
