//! The checks of single fields; each gives one error that names the field and the rule.

use std::str::FromStr;

use domain::era::Era;
use domain::resident::Gender;
use domain::text::{self, FreeText, InvalidFreeText};
use jiff::civil::Date;

use super::error::{FormError, Problem, fail};

/// The longest name or address of a person on a form, in characters, as of certified ones.
pub const MAX_PERSON_CHARACTERS: usize = text::NAME_MAX_CHARACTERS;

/// The longest reading: kana are about twice as many as the characters they read.
pub const MAX_READING_CHARACTERS: usize = 2 * MAX_PERSON_CHARACTERS;

/// A text that any person or document may have ([`FreeText`]), of at most `limit` characters.
pub(crate) fn plain_text(
    field: &'static str,
    value: &str,
    limit: usize,
) -> Result<String, FormError> {
    let problem = |error| match error {
        InvalidFreeText::Empty => Problem::Empty,
        InvalidFreeText::TooLong { limit, found } => Problem::TooLong { limit, found },
        InvalidFreeText::Unseen { index } => Problem::ControlCharacter { index },
        InvalidFreeText::SpaceAtEdge => Problem::SpaceAtEdge,
    };
    let text = FreeText::line(value, limit).map_err(|error| fail(field, problem(error)))?;
    Ok(text.into_string())
}

/// A field that may be left open.
pub(super) fn optional<T>(
    value: &str,
    read: impl FnOnce(&str) -> Result<T, FormError>,
) -> Result<Option<T>, FormError> {
    if value.is_empty() { Ok(None) } else { read(value).map(Some) }
}

/// A field that must be left open, because of `rule`.
pub(super) fn left_open(
    field: &'static str,
    value: &str,
    rule: &'static str,
) -> Result<(), FormError> {
    if value.is_empty() { Ok(()) } else { Err(fail(field, Problem::Unwanted(rule))) }
}

/// One of a closed set of names.
pub(super) fn known<T>(
    field: &'static str,
    value: &str,
    find: impl FnOnce(&str) -> Option<T>,
) -> Result<T, FormError> {
    expect_filled(field, value)?;
    find(value).ok_or_else(|| fail(field, Problem::Unknown))
}

/// Something that is written in one way, which `expected` describes.
pub(super) fn written<T: FromStr>(
    field: &'static str,
    value: &str,
    expected: &'static str,
) -> Result<T, FormError> {
    expect_filled(field, value)?;
    value.parse().map_err(|_| fail(field, Problem::WrongForm { expected }))
}

/// The number of a window, two digits at most.
pub(super) fn window(field: &'static str, value: &str) -> Result<u8, FormError> {
    expect_filled(field, value)?;
    let is_number = value.len() <= 2 && value.bytes().all(|b| b.is_ascii_digit());
    let number = is_number.then(|| value.parse().ok()).flatten();
    number.ok_or_else(|| fail(field, Problem::WrongForm { expected: "a number from 0 to 99" }))
}

/// A day of the calendar from Meiji on that is `today` or earlier.
pub(super) fn past_date(field: &'static str, value: &str, today: Date) -> Result<Date, FormError> {
    expect_filled(field, value)?;
    let expected = "a date, YYYY-MM-DD";
    let digits = date_digits(value).ok_or_else(|| fail(field, Problem::WrongForm { expected }))?;
    let (year, month, day) = digits;
    let date = Date::new(year, month, day).map_err(|_| fail(field, Problem::NoSuchDate))?;
    if date > today {
        return Err(fail(field, Problem::InFuture));
    }
    Era::of(date).map(|_| date).ok_or_else(|| fail(field, Problem::TooEarly))
}

/// A gender, by its certified code, its word or its name.
pub(super) fn gender(field: &'static str, value: &str) -> Result<Gender, FormError> {
    known(field, value, |text| text.parse().ok())
}

/// The reading of a name: kana with their marks, and spaces.
pub(super) fn reading(field: &'static str, value: &str) -> Result<String, FormError> {
    let reading = plain_text(field, value, MAX_READING_CHARACTERS)?;
    let is_kana = |c: char| {
        matches!(c, '\u{3041}'..='\u{3096}' | '\u{309D}' | '\u{309E}' | '\u{30A1}'..='\u{30FE}')
            || matches!(c, ' ' | '\u{3000}')
    };
    if reading.chars().all(is_kana) {
        Ok(reading)
    } else {
        Err(fail(field, Problem::WrongForm { expected: "hiragana or katakana" }))
    }
}

fn expect_filled(field: &'static str, value: &str) -> Result<(), FormError> {
    // No field of a closed form is longer; what is, need not be looked at further.
    const LIMIT: usize = 100;
    if value.trim().is_empty() {
        return Err(fail(field, Problem::Empty));
    }
    let found = value.chars().count();
    if found > LIMIT {
        return Err(fail(field, Problem::TooLong { limit: LIMIT, found }));
    }
    match text::unseen(value, false) {
        Some(index) => Err(fail(field, Problem::ControlCharacter { index })),
        None => Ok(()),
    }
}

/// Year, month and day of `YYYY-MM-DD`.
fn date_digits(text: &str) -> Option<(i16, i8, i8)> {
    let has_form = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let part = |range| text.get(range).filter(|_| has_form);
    Some((part(0..4)?.parse().ok()?, part(5..7)?.parse().ok()?, part(8..10)?.parse().ok()?))
}
