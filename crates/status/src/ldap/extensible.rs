//! Extensible filters: a matching rule by name, over one attribute, all that have it, or the names too
//! (RFC 4511 4.5.1.7.7).

use bytes::Bytes;

use super::attribute::AttributeDescription;
use super::directory::Entry;
use super::dn::NameValue;
use super::filter::{Pieces, Truth, values_at_hand};
use super::message::{Extensible, SubstringPattern};
use super::schema::{self, Matching};

/// How a rule compares a prepared value with what is asserted.
enum Test {
    /// They are equal.
    Equal(String),
    /// The value is earlier (RFC 4517 4.2.17).
    Earlier(String),
    /// The pieces stand in the value in this order (RFC 4517 4.2.13).
    Pieces(Pieces),
}

impl Test {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Equal(wanted) => value == wanted,
            Self::Earlier(bound) => value < bound.as_str(),
            Self::Pieces(pieces) => pieces.fit(value),
        }
    }
}

/// Evaluates an extensible filter for `entry`.
pub(super) fn evaluate(claim: &Extensible, entry: &Entry) -> Truth {
    let own = match &claim.attribute {
        None => None,
        Some(attribute) => match attribute.attribute_type() {
            Some(known) if !entry.withholds(attribute) => Some(known.matching),
            _ => return Truth::Undefined,
        },
    };
    let read = match (&claim.rule, own) {
        (Some(rule), _) => by_rule(rule, &claim.value),
        (None, Some(matching)) => equal(matching, &claim.value),
        (None, None) => None,
    };
    match read {
        Some((matching, test)) if own.is_none_or(|own| own == matching) => {
            let named = claim.of_names && fits_a_name(claim, entry, matching, &test);
            Truth::of(named || fits_a_value(claim, entry, matching, &test))
        }
        // An unknown rule, one that the attribute does not have, or a value outside its syntax.
        _ => Truth::Undefined,
    }
}

fn equal(matching: Matching, value: &Bytes) -> Option<(Matching, Test)> {
    Some((matching, Test::Equal(matching.prepare(value)?)))
}

/// The test of a rule, by name or object identifier; those that the subschema tells of.
fn by_rule(rule: &str, value: &Bytes) -> Option<(Matching, Test)> {
    let named = |(oid, name, _): &&(&str, &'static str, &str)| {
        *oid == rule || name.eq_ignore_ascii_case(rule)
    };
    let (_, name, _) = schema::MATCHING_RULES.iter().find(named)?;
    match *name {
        "objectIdentifierMatch" => equal(Matching::ObjectIdentifier, value),
        "distinguishedNameMatch" => equal(Matching::DistinguishedName, value),
        "caseIgnoreMatch" => equal(Matching::CaseIgnore, value),
        "integerMatch" => equal(Matching::Integer, value),
        "generalizedTimeMatch" => equal(Matching::GeneralizedTime, value),
        "generalizedTimeOrderingMatch" => {
            let bound = Matching::GeneralizedTime.prepare(value)?;
            Some((Matching::GeneralizedTime, Test::Earlier(bound)))
        }
        "caseIgnoreSubstringsMatch" => {
            let pieces = Pieces::prepare(&substring_assertion(value)?)?;
            Some((Matching::CaseIgnore, Test::Pieces(pieces)))
        }
        _ => None,
    }
}

fn fits_a_value(claim: &Extensible, entry: &Entry, matching: Matching, test: &Test) -> bool {
    let asked = entry.readable().filter(|held| match &claim.attribute {
        Some(attribute) => held.description.is_asked_by(attribute),
        None => held.description.attribute_type().is_some_and(|own| own.matching == matching),
    });
    let mut values = asked.flat_map(values_at_hand);
    values.any(|value| matching.prepare(value).is_some_and(|value| test.holds(&value)))
}

fn fits_a_name(claim: &Extensible, entry: &Entry, matching: Matching, test: &Test) -> bool {
    let mut parts = entry.dn.rdns().iter().flat_map(|rdn| rdn.attributes());
    parts.any(|part| {
        let NameValue::Text(text) = &part.value else { return false };
        let Some(kind) = AttributeDescription::parse(&part.kind) else { return false };
        let is_asked = match &claim.attribute {
            Some(attribute) => kind.is_asked_by(attribute),
            None => kind.attribute_type().is_some_and(|own| own.matching == matching),
        };
        is_asked && matching.prepare(text.as_bytes()).is_some_and(|value| test.holds(&value))
    })
}

/// `initial*any*final` with `\2A` for an asterisk and `\5C` for a backslash in a piece (RFC 4517 3.3.30).
fn substring_assertion(value: &Bytes) -> Option<SubstringPattern> {
    let text = std::str::from_utf8(value).ok()?;
    let pieces: Vec<&str> = text.split('*').collect();
    let [first, middle @ .., last] = pieces.as_slice() else { return None };
    let edge = |piece: &str| match piece {
        "" => Some(None),
        piece => unescaped(piece).map(Some),
    };
    Some(SubstringPattern {
        attribute: AttributeDescription::parse("cn")?,
        first: edge(first)?,
        middle: middle.iter().map(|piece| unescaped(piece)).collect::<Option<_>>()?,
        last: edge(last)?,
    })
}

/// A piece of which the escapes are undone; `None` for an empty piece and for any other escape.
fn unescaped(piece: &str) -> Option<Bytes> {
    let (mut plain, mut rest) = (String::new(), piece);
    while let Some((before, after)) = rest.split_once('\\') {
        let code = after.get(..2)?;
        plain.push_str(before);
        plain.push(match code.to_ascii_uppercase().as_str() {
            "2A" => '*',
            "5C" => '\\',
            _ => return None,
        });
        rest = &after[2..];
    }
    plain.push_str(rest);
    (!plain.is_empty()).then(|| Bytes::from(plain))
}
