//! UTCTime and GeneralizedTime as RFC 5280 4.1.2.5 wants them, to and from the wire.

use der::{AnyRef, Tag, Tagged};
use jiff::{Timestamp, civil, tz::Offset};

use crate::der_writer::tag;
use crate::error::Error;

/// A time on the wire: header and up to fifteen digits, without allocation.
#[derive(Debug, Clone, Copy)]
pub struct EncodedTime {
    octets: [u8; 17],
    length: usize,
}

impl EncodedTime {
    /// The whole element.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

/// UTCTime for the years 1950 to 2049, else GeneralizedTime (RFC 5280 4.1.2.5).
///
/// A fraction of a second is cut off, as the format has none.
pub fn encode(at: Timestamp) -> EncodedTime {
    let at = Offset::UTC.to_datetime(at);
    if !(1950..=2049).contains(&at.year()) {
        return generalized(at);
    }
    let mut octets = [0; 17];
    octets[..2].copy_from_slice(&[tag::UTC_TIME, 13]);
    write_two_digits(&mut octets[2..4], at.year().rem_euclid(100) as u8);
    write_month_to_second(&mut octets[4..15], at);
    EncodedTime { octets, length: 15 }
}

/// How long [`encode`] makes a time, found without its date.
pub(crate) fn encoded_length(at: Timestamp) -> usize {
    // From 1950-01-01T00:00:00Z to the second before 2050 (RFC 5280 4.1.2.5).
    const UTC_TIME_SECONDS: std::ops::Range<i64> = -631_152_000..2_524_608_000;
    // Before 1970, where `as_second` rounds up, a date still rounds down.
    let second = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
    if UTC_TIME_SECONDS.contains(&second) { 15 } else { 17 }
}

/// GeneralizedTime whatever the year (RFC 6960 4.2.2.1, RFC 5280 4.1.2.5.2).
pub fn encode_generalized(at: Timestamp) -> EncodedTime {
    generalized(Offset::UTC.to_datetime(at))
}

fn generalized(at: civil::DateTime) -> EncodedTime {
    let mut octets = [0; 17];
    octets[..2].copy_from_slice(&[tag::GENERALIZED_TIME, 15]);
    let year = at.year().clamp(0, 9999);
    write_two_digits(&mut octets[2..4], (year / 100) as u8);
    write_two_digits(&mut octets[4..6], (year % 100) as u8);
    write_month_to_second(&mut octets[6..17], at);
    EncodedTime { octets, length: 17 }
}

/// Writes `MMDDhhmmssZ` into eleven octets.
fn write_month_to_second(octets: &mut [u8], at: civil::DateTime) {
    let fields = [at.month(), at.day(), at.hour(), at.minute(), at.second()];
    for (chunk, value) in octets.chunks_exact_mut(2).zip(fields) {
        write_two_digits(chunk, value as u8);
    }
    octets[10] = b'Z';
}

fn write_two_digits(octets: &mut [u8], value: u8) {
    octets[0] = b'0' + value / 10;
    octets[1] = b'0' + value % 10;
}

/// Reads a UTCTime or GeneralizedTime that keeps to RFC 5280: seconds present, `Z`, no fraction.
///
/// # Errors
/// [`Error::Malformed`] for another type, another form or a date that does not exist.
pub fn decode(element: AnyRef<'_>) -> Result<Timestamp, Error> {
    let bytes = element.value();
    let refuse = |rule: &str| Error::malformed("time", rule);
    let digits = match element.tag() {
        Tag::UtcTime if bytes.len() == 13 => &bytes[..12],
        Tag::GeneralizedTime if bytes.len() == 15 => &bytes[..14],
        Tag::UtcTime | Tag::GeneralizedTime => return Err(refuse("wrong number of characters")),
        _ => return Err(refuse("neither UTCTime nor GeneralizedTime")),
    };
    if bytes.last() != Some(&b'Z') || !digits.iter().all(u8::is_ascii_digit) {
        return Err(refuse("not digits followed by Z"));
    }
    // A CRL has a date for every entry, so nothing is allocated here.
    let mut pairs = [0; 7];
    for (pair, two) in pairs.iter_mut().zip(digits.chunks_exact(2)) {
        *pair = i16::from(two[0] - b'0') * 10 + i16::from(two[1] - b'0');
    }
    civil_from_pairs(&pairs[..digits.len() / 2])
        .and_then(|at| Offset::UTC.to_timestamp(at).ok())
        .ok_or_else(|| refuse("no such date or time of day"))
}

fn civil_from_pairs(pairs: &[i16]) -> Option<civil::DateTime> {
    let (year, rest) = match pairs {
        // Two digits stand for 1950 to 2049 (RFC 5280 4.1.2.5.1).
        [short, rest @ ..] if rest.len() == 5 => {
            (short + if *short < 50 { 2000 } else { 1900 }, rest)
        }
        [century, short, rest @ ..] => (century * 100 + short, rest),
        _ => return None,
    };
    let &[month, day, hour, minute, second] = rest else { return None };
    let small = |value: i16| i8::try_from(value).ok();
    civil::DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(at: &str) -> String {
        let at: Timestamp = at.parse().expect("a time");
        let bytes = encode(at).as_bytes().to_vec();
        assert_eq!(encoded_length(at), bytes.len());
        let element = AnyRef::try_from(bytes.as_slice()).expect("an element");
        assert_eq!(decode(element).expect("re-read").as_second(), at.as_second());
        format!("{:02x} {}", bytes[0], String::from_utf8_lossy(&bytes[2..]))
    }

    #[test]
    fn p9_the_form_changes_at_the_end_of_2049() {
        assert_eq!(encoded("2049-12-31T23:59:59Z"), "17 491231235959Z");
        assert_eq!(encoded("2050-01-01T00:00:00Z"), "18 20500101000000Z");
        assert_eq!(encoded("1950-01-01T00:00:00Z"), "17 500101000000Z");
        assert_eq!(encoded("1949-12-31T23:59:59Z"), "18 19491231235959Z");
        assert_eq!(encoded("2026-11-22T14:59:59.999Z"), "17 261122145959Z");
        let before: Timestamp = "1949-12-31T23:59:59.5Z".parse().expect("a time");
        assert_eq!(encoded_length(before), encode(before).as_bytes().len());
    }

    #[test]
    fn times_out_of_form_are_refused() {
        for (tag, text) in [
            (Tag::UtcTime, "2611221459Z"),
            (Tag::UtcTime, "261122145959+"),
            (Tag::UtcTime, "260230000000Z"),
            (Tag::UtcTime, "26112214595 Z"),
            (Tag::GeneralizedTime, "20261122145959.5Z"),
            (Tag::GeneralizedTime, "20261122246060Z"),
            (Tag::Utf8String, "261122145959Z"),
        ] {
            let element = AnyRef::new(tag, text.as_bytes()).expect("an element");
            assert!(decode(element).is_err(), "{text}");
        }
    }
}
