//! Dates of birth as certified, dates and times as shown: by the eras of the Japanese calendar.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::validity::civil_time;

/// An era of the modern Japanese calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Era {
    /// 明治, from 1868-01-25.
    Meiji,
    /// 大正, from 1912-07-30.
    Taisho,
    /// 昭和, from 1926-12-25.
    Showa,
    /// 平成, from 1989-01-08.
    Heisei,
    /// 令和, from 2019-05-01.
    Reiwa,
}

impl Era {
    /// Every era, the earliest first.
    pub const ALL: [Self; 5] = [Self::Meiji, Self::Taisho, Self::Showa, Self::Heisei, Self::Reiwa];

    /// The era that `date` belongs to, or `None` before Meiji.
    pub fn of(date: Date) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|era| era.first_day() <= date)
    }

    /// The first day of the era.
    ///
    /// Meiji was proclaimed on 1868-10-23 and dated back to the first day of that lunar year,
    /// 1868-01-25. The edicts for Taisho and Showa renamed the day of accession itself, so that
    /// day belongs to the new era; Heisei and Reiwa began the day after by cabinet order.
    pub fn first_day(self) -> Date {
        match self {
            Self::Meiji => date(1868, 1, 25),
            Self::Taisho => date(1912, 7, 30),
            Self::Showa => date(1926, 12, 25),
            Self::Heisei => date(1989, 1, 8),
            Self::Reiwa => date(2019, 5, 1),
        }
    }

    /// The digit that leads a certified date of birth.
    pub fn digit(self) -> char {
        match self {
            Self::Meiji => '1',
            Self::Taisho => '2',
            Self::Showa => '3',
            Self::Heisei => '4',
            Self::Reiwa => '5',
        }
    }

    /// The name, in Japanese.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meiji => "明治",
            Self::Taisho => "大正",
            Self::Showa => "昭和",
            Self::Heisei => "平成",
            Self::Reiwa => "令和",
        }
    }
}

/// The certified form of a date of birth: era digit, then YYYYMMDD of the Gregorian calendar.
///
/// The digit is `0` for a day before Meiji, whose era the table does not know.
/// ```
/// use jiff::civil::date;
/// use jitsuin_domain::era::{InvalidBirthDate, JapaneseDate, certified, parse_certified};
///
/// // The era of Showa ended with 7 January 1989.
/// assert_eq!(certified(date(1989, 1, 7)), "319890107");
/// assert_eq!(parse_certified("419890108"), Ok(date(1989, 1, 8)));
/// assert_eq!(parse_certified("319890108"), Err(InvalidBirthDate::WrongEra));
/// assert_eq!(JapaneseDate(date(1989, 1, 8)).to_string(), "平成元年1月8日");
/// ```
pub fn certified(date: Date) -> String {
    let digit = Era::of(date).map_or('0', Era::digit);
    format!("{digit}{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// Why a text is not a certified date of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBirthDate {
    /// Not nine digits.
    #[error("a date of birth is an era digit and YYYYMMDD")]
    Form,
    /// A day that the calendar does not have.
    #[error("the date does not exist")]
    NoSuchDay,
    /// An era digit other than the day's own.
    #[error("the date does not lie in that era")]
    WrongEra,
}

/// Reads a certified date of birth; a digit `0` leaves the era open.
///
/// # Errors
/// When the form, the day or the era is wrong.
pub fn parse_certified(text: &str) -> Result<Date, InvalidBirthDate> {
    if text.len() != 9 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidBirthDate::Form);
    }
    let number = |range| text.get(range).and_then(|t: &str| t.parse().ok());
    let (year, month, day) = (number(1..5), number(5..7), number(7..9));
    let date = year
        .zip(month.zip(day))
        .and_then(|(year, (month, day))| Date::new(year, month as i8, day as i8).ok())
        .ok_or(InvalidBirthDate::NoSuchDay)?;
    if text.starts_with('0') || certified(date) == text {
        Ok(date)
    } else {
        Err(InvalidBirthDate::WrongEra)
    }
}

/// A date as screens and forms show it, for example 昭和55年1月2日; years before Meiji as 西暦.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JapaneseDate(pub Date);

impl fmt::Display for JapaneseDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0;
        match Era::of(date).map(|era| (era.name(), date.year() - era.first_day().year() + 1)) {
            Some((name, 1)) => write!(f, "{name}元年")?,
            Some((name, year)) => write!(f, "{name}{year}年")?,
            None => write!(f, "西暦{}年", date.year())?,
        }
        write!(f, "{}月{}日", date.month(), date.day())
    }
}

/// A time in Japan to the minute, as pages and papers show it: 令和8年11月22日15時04分.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JapaneseMinute(pub Timestamp);

impl fmt::Display for JapaneseMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = civil_time(self.0);
        write!(f, "{}{}時{:02}分", JapaneseDate(local.date()), local.hour(), local.minute())
    }
}

/// A time in Japan to the second, where the second is what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JapaneseSecond(pub Timestamp);

impl fmt::Display for JapaneseSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:02}秒", JapaneseMinute(self.0), civil_time(self.0).second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(date(1868, 1, 24), "018680124", "西暦1868年1月24日")]
    #[case(date(1868, 1, 25), "118680125", "明治元年1月25日")]
    #[case(date(1912, 7, 29), "119120729", "明治45年7月29日")]
    #[case(date(1912, 7, 30), "219120730", "大正元年7月30日")]
    #[case(date(1926, 12, 24), "219261224", "大正15年12月24日")]
    #[case(date(1926, 12, 25), "319261225", "昭和元年12月25日")]
    #[case(date(1980, 1, 2), "319800102", "昭和55年1月2日")]
    #[case(date(1989, 1, 7), "319890107", "昭和64年1月7日")]
    #[case(date(1989, 1, 8), "419890108", "平成元年1月8日")]
    #[case(date(2019, 4, 30), "420190430", "平成31年4月30日")]
    #[case(date(2019, 5, 1), "520190501", "令和元年5月1日")]
    #[case(date(2024, 2, 29), "520240229", "令和6年2月29日")]
    fn p7_dates_of_birth_by_era(
        #[case] day: Date,
        #[case] certified_form: &str,
        #[case] shown: &str,
    ) {
        assert_eq!(certified(day), certified_form);
        assert_eq!(JapaneseDate(day).to_string(), shown);
        assert_eq!(parse_certified(certified_form), Ok(day));
    }

    #[rstest]
    #[case("", InvalidBirthDate::Form)]
    #[case("31980010", InvalidBirthDate::Form)]
    #[case("３19800102", InvalidBirthDate::Form)]
    #[case("31980o102", InvalidBirthDate::Form)]
    #[case("319800230", InvalidBirthDate::NoSuchDay)]
    #[case("319810229", InvalidBirthDate::NoSuchDay)]
    #[case("000000000", InvalidBirthDate::NoSuchDay)]
    #[case("419800102", InvalidBirthDate::WrongEra)]
    #[case("919800102", InvalidBirthDate::WrongEra)]
    fn p7_wrong_dates_of_birth_are_refused(#[case] text: &str, #[case] error: InvalidBirthDate) {
        assert_eq!(parse_certified(text), Err(error));
    }

    #[test]
    fn times_are_shown_as_they_are_in_japan() {
        let at: Timestamp = "2026-11-22T15:04:05.9Z".parse().expect("a time");
        assert_eq!(JapaneseMinute(at).to_string(), "令和8年11月23日0時04分");
        assert_eq!(JapaneseSecond(at).to_string(), "令和8年11月23日0時04分05秒");
    }
}
