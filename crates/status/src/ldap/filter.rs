//! Whether an entry fits a filter, in the three-valued logic of RFC 4511 section 4.5.1.7.

use bytes::Bytes;
use jiff::SignedDuration;
use jiff::civil::DateTime;

use super::attribute::AttributeDescription;
use super::directory::{Attribute, Entry, Values};
use super::dn::{self, Dn};
use super::extensible;
use super::message::{Assertion, Filter, SubstringPattern};
use super::schema::{self, Matching};

/// The value of a filter for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// The entry fits.
    True,
    /// It does not.
    False,
    /// It cannot be told, or the caller may not be told.
    Undefined,
}

impl Truth {
    pub(super) fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Undefined => Self::Undefined,
        }
    }
}

/// Evaluates `filter` for `entry`. What the entry withholds is Undefined whether it is there or not.
pub fn evaluate(filter: &Filter, entry: &Entry) -> Truth {
    match filter {
        Filter::And(all) => decide(all, entry, Truth::False),
        Filter::Or(any) => decide(any, entry, Truth::True),
        Filter::Not(inner) => evaluate(inner, entry).negated(),
        Filter::Present(attribute) => present(attribute, entry),
        Filter::Equality(claim) => equality(claim, entry),
        Filter::GreaterOrEqual(claim) => ordered(claim, entry, |value, bound| value >= bound),
        Filter::LessOrEqual(claim) => ordered(claim, entry, |value, bound| value <= bound),
        Filter::Substrings(pattern) => substrings(pattern, entry),
        Filter::Extensible(claim) => extensible::evaluate(claim, entry),
        Filter::Undefined => Truth::Undefined,
    }
}

/// Evaluates until one item is `decisive`; else Undefined if any item was, else the opposite.
fn decide(items: &[Filter], entry: &Entry, decisive: Truth) -> Truth {
    let mut outcome = decisive.negated();
    for item in items {
        match evaluate(item, entry) {
            truth if truth == decisive => return decisive,
            Truth::Undefined => outcome = Truth::Undefined,
            _ => {}
        }
    }
    outcome
}

fn present(attribute: &AttributeDescription, entry: &Entry) -> Truth {
    if attribute.attribute_type().is_none() || entry.withholds(attribute) {
        return Truth::Undefined;
    }
    Truth::of(entry.readable().any(|held| held.description.is_asked_by(attribute)))
}

fn equality(claim: &Assertion, entry: &Entry) -> Truth {
    let Some(matching) = rule_of(&claim.attribute, entry) else {
        return Truth::Undefined;
    };
    let Some(wanted) = matching.prepare(&claim.value) else {
        return Truth::Undefined;
    };
    Truth::of(prepared_values(&claim.attribute, entry, matching).any(|value| value == wanted))
}

fn ordered(claim: &Assertion, entry: &Entry, holds: impl Fn(&str, &str) -> bool) -> Truth {
    // Only generalizedTime has an ordering rule among the types served.
    let Some(Matching::GeneralizedTime) = rule_of(&claim.attribute, entry) else {
        return Truth::Undefined;
    };
    let Some(bound) = Matching::GeneralizedTime.prepare(&claim.value) else {
        return Truth::Undefined;
    };
    let mut values = prepared_values(&claim.attribute, entry, Matching::GeneralizedTime);
    Truth::of(values.any(|value| holds(&value, &bound)))
}

fn substrings(pattern: &SubstringPattern, entry: &Entry) -> Truth {
    let Some(Matching::CaseIgnore) = rule_of(&pattern.attribute, entry) else {
        return Truth::Undefined;
    };
    let Some(pieces) = Pieces::prepare(pattern) else {
        return Truth::Undefined;
    };
    let mut values = prepared_values(&pattern.attribute, entry, Matching::CaseIgnore);
    Truth::of(values.any(|value| pieces.fit(&value)))
}

/// How the attribute is compared; `None` when it is unknown, withheld or has no rule.
fn rule_of(attribute: &AttributeDescription, entry: &Entry) -> Option<Matching> {
    let matching = attribute.attribute_type()?.matching;
    (matching != Matching::None && !entry.withholds(attribute)).then_some(matching)
}

fn prepared_values<'a>(
    attribute: &'a AttributeDescription,
    entry: &'a Entry,
    matching: Matching,
) -> impl Iterator<Item = String> + 'a {
    let held = entry.readable().filter(|held| held.description.is_asked_by(attribute));
    held.flat_map(values_at_hand).filter_map(move |value| matching.prepare(value))
}

/// Attributes with a rule are short texts and always at hand; others are not asked for here.
pub(super) fn values_at_hand(attribute: &Attribute) -> &[Bytes] {
    match &attribute.values {
        Values::Here(values) => values,
        Values::Later(_) => &[],
    }
}

impl Matching {
    /// The form of a value in which equal values are equal texts; `None` when it breaks the syntax.
    pub(super) fn prepare(self, value: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(value).ok()?;
        match self {
            Self::CaseIgnore => Some(dn::fold(text)),
            Self::ObjectIdentifier => Some(canonical_oid(text)),
            Self::DistinguishedName => text.parse().ok().map(|name: Dn| name.comparison_key()),
            Self::GeneralizedTime => generalized_time(text),
            Self::Integer => text.parse::<i64>().ok().map(|number| number.to_string()),
            Self::None => None,
        }
    }
}

/// The OID of a class or attribute type given by name.
fn canonical_oid(text: &str) -> String {
    let class = schema::object_class(text).map(|class| class.oid);
    let oid = class.or_else(|| schema::attribute_type(text).map(|attribute| attribute.oid));
    oid.map_or_else(|| text.to_lowercase(), str::to_owned)
}

/// `YYYYMMDDHH[MM[SS]]`, a fraction of the last of these, and `Z` or an offset (RFC 4517 3.3.13): the same
/// moment in UTC, to the nanosecond, in digits that sort as the moments do.
fn generalized_time(text: &str) -> Option<String> {
    let zone = text.find(['Z', '+', '-'])?;
    let (time, zone) = text.split_at(zone);
    let (digits, fraction) = match time.split_once(['.', ',']) {
        Some((digits, fraction)) => (digits, Some(fraction)),
        None => (time, None),
    };
    let two = |at: usize| number(digits.get(at..at + 2)?);
    let whole = match digits.len() {
        10 => 3_600,
        12 => 60,
        14 => 1,
        _ => return None,
    };
    let minute = if digits.len() > 10 { two(10)? } else { 0 };
    // A leap second is the last one of its minute here, where none is ever asked for.
    let second = if digits.len() > 12 { two(12)?.min(59) } else { 0 };
    let year = number(digits.get(..4)?)?;
    let at = DateTime::new(
        year,
        two(4)?.try_into().ok()?,
        two(6)?.try_into().ok()?,
        two(8)?.try_into().ok()?,
        minute.try_into().ok()?,
        second.try_into().ok()?,
        0,
    );
    let part = SignedDuration::from_nanos(fraction.map_or(Some(0), nanoseconds)?) * whole;
    let utc = at.ok()?.checked_add(part).ok()?.checked_sub(offset(zone)?).ok()?;
    Some(utc.strftime("%Y%m%d%H%M%S%9f").to_string())
}

/// `Z`, or hours and perhaps minutes ahead of UTC or behind it.
fn offset(zone: &str) -> Option<SignedDuration> {
    if zone == "Z" {
        return Some(SignedDuration::ZERO);
    }
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = match digits.len() {
        2 => (number(digits)?, 0),
        4 => (number(&digits[..2])?, number(&digits[2..])?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = SignedDuration::from_mins(i64::from(hours) * 60 + i64::from(minutes));
    Some(if sign == "-" { -ahead } else { ahead })
}

/// A fraction of one, in billionths.
fn nanoseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|d| d.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

fn number(digits: &str) -> Option<i16> {
    digits.bytes().all(|d| d.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The pieces of a pattern, prepared for comparison.
pub(super) struct Pieces {
    first: String,
    middle: Vec<String>,
    last: String,
}

impl Pieces {
    pub(super) fn prepare(pattern: &SubstringPattern) -> Option<Self> {
        let piece = |value: &Bytes| std::str::from_utf8(value).ok().map(fold_piece);
        let edge = |value: &Option<Bytes>| value.as_ref().map_or(Some(String::new()), piece);
        Some(Self {
            first: edge(&pattern.first)?.trim_start().to_owned(),
            middle: pattern.middle.iter().map(piece).collect::<Option<_>>()?,
            last: edge(&pattern.last)?.trim_end().to_owned(),
        })
    }

    pub(super) fn fit(&self, value: &str) -> bool {
        let Some(mut rest) = value.strip_prefix(self.first.as_str()) else {
            return false;
        };
        for piece in &self.middle {
            match rest.find(piece.as_str()) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(self.last.as_str())
    }
}

/// Like `fold`, but a space at an end of a piece stands for a space within the value.
fn fold_piece(piece: &str) -> String {
    let folded = dn::fold(piece);
    let before = if piece.starts_with(char::is_whitespace) { " " } else { "" };
    let after = if piece.ends_with(char::is_whitespace) && !folded.is_empty() { " " } else { "" };
    format!("{before}{folded}{after}")
}
