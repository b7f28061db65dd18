//! How a subject is named, by the rule of its profile (P6).

use domain::id::MunicipalityCode;
use domain::municipality;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use domain::policy::SubjectRule;
use domain::validity::civil_time;
use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::random;
use crate::sequence::SubjectSequence;

/// A resident's subject.
pub(crate) fn of_user(
    sequence: &SubjectSequence,
    rule: &SubjectRule,
    at: Timestamp,
    municipality: MunicipalityCode,
    window: u8,
) -> Result<DistinguishedName> {
    let country = Attribute::new(AttributeKind::Country, "JP");
    match rule {
        SubjectRule::RandomAndMunicipality { random, suffix } => {
            let common_name =
                format!("{}{municipality}{suffix}", random::letters_and_digits(*random)?);
            Ok(DistinguishedName(vec![
                country,
                Attribute::new(AttributeKind::CommonName, common_name),
            ]))
        }
        SubjectRule::PlaceAndSequence => {
            place_and_sequence(sequence, country, at, municipality, window)
        }
        SubjectRule::Issuer | SubjectRule::Service { .. } => {
            Err(Error::refused("profile", "the profile of users names no resident"))
        }
    }
}

/// `C=JP, L=` prefecture, `L=` municipality, `CN=` civil time, sequence, window.
fn place_and_sequence(
    sequence: &SubjectSequence,
    country: Attribute,
    at: Timestamp,
    code: MunicipalityCode,
    window: u8,
) -> Result<DistinguishedName> {
    let place = municipality::find(code)
        .ok_or_else(|| Error::Unknown { field: "municipality", value: code.to_string() })?;
    let time = civil_time(at).strftime("%Y%m%d%H%M%S").to_string();
    // Six digits keep two issues of one second apart; the database refuses the same name twice.
    let number = sequence.next() % 1_000_000;
    Ok(DistinguishedName(vec![
        country,
        Attribute::new(AttributeKind::Locality, place.prefecture_romanised()),
        Attribute::new(AttributeKind::Locality, place.romanised.as_str()),
        Attribute::new(AttributeKind::CommonName, format!("{time}{number:06}{code}{window:02}")),
    ]))
}
