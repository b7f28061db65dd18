//! From the name and address of a form to the attributes that a certificate carries (P7, P8).

use domain::era;
use domain::text::{
    self, Choices, Substituted, SubstitutionError, TextError, check_address, check_name, substitute,
};

use super::error::{FormError, Problem, fail};
use super::{Certified, Form, ReceivedForm};
use crate::authority::CertifiedAttributes;

/// The longest list of chosen substitutes: every character of a text of 200 and its position.
const MAX_CHOICES_CHARACTERS: usize = 1200;

/// The attributes to be certified: none where the profile has none or nothing is issued.
pub(super) fn certified(
    form: &Form,
    received: &ReceivedForm,
    is_carried: bool,
) -> Result<Option<Certified>, FormError> {
    if !(is_carried && form.kind().issues()) {
        let rule = "no certificate that carries the attributes is issued (S 4-1-2)";
        super::field::left_open("name_substitutes", &received.name_substitutes, rule)?;
        super::field::left_open("address_substitutes", &received.address_substitutes, rule)?;
        return Ok(None);
    }
    let recorded = text::joined_name(&form.family_name, &form.given_name);
    let recorded = text::name_with_alias(&recorded, form.alias.as_deref());
    let name = replaced("name", &recorded, "name_substitutes", &received.name_substitutes)?;
    check_name(&name.text).map_err(|error| misfit("name", error))?;
    let chosen = &received.address_substitutes;
    let address = replaced("address", &form.address, "address_substitutes", chosen)?;
    check_address(&address.text).map_err(|error| misfit("address", error))?;
    Ok(Some(Certified {
        attributes: CertifiedAttributes {
            name: name.text,
            name_flags: name.flags,
            date_of_birth: era::certified(form.birth_date),
            gender: form.gender.code(),
            address: address.text,
            address_flags: address.flags,
        },
        name_replacements: name.replacements,
        address_replacements: address.replacements,
    }))
}

fn replaced(
    field: &'static str,
    recorded: &str,
    choices_field: &'static str,
    chosen: &str,
) -> Result<Substituted, FormError> {
    let choices = choices(choices_field, chosen)?;
    substitute(recorded, &choices).map_err(|error| match error {
        SubstitutionError::ChoiceMissing(offences) => fail(field, Problem::Repertoire(offences)),
        SubstitutionError::NotReplaceable { .. } => fail(field, Problem::Substitute(error)),
        _ => fail(choices_field, Problem::Substitute(error)),
    })
}

/// Reads `position:character` pairs, separated by spaces.
fn choices(field: &'static str, text: &str) -> Result<Choices, FormError> {
    let found = text.chars().count();
    if found > MAX_CHOICES_CHARACTERS {
        return Err(fail(field, Problem::TooLong { limit: MAX_CHOICES_CHARACTERS, found }));
    }
    let expected = "position:character pairs, separated by spaces, each position once";
    let wrong = || fail(field, Problem::WrongForm { expected });
    let mut choices = Choices::new();
    for pair in text.split(' ').filter(|pair| !pair.is_empty()) {
        let (position, substitute) = pair.split_once(':').ok_or_else(wrong)?;
        let is_number = !position.is_empty() && position.bytes().all(|b| b.is_ascii_digit());
        let position = is_number.then(|| position.parse().ok()).flatten().ok_or_else(wrong)?;
        let mut characters = substitute.chars();
        let (Some(character), None) = (characters.next(), characters.next()) else {
            return Err(wrong());
        };
        if choices.insert(position, character).is_some() {
            return Err(wrong());
        }
    }
    Ok(choices)
}

fn misfit(field: &'static str, error: TextError) -> FormError {
    fail(
        field,
        match error {
            TextError::Empty(_) => Problem::Empty,
            TextError::SpaceAtEdge(_) => Problem::SpaceAtEdge,
            TextError::TooLong { limit, found, .. } => Problem::TooLong { limit, found },
            TextError::NoPrefecture => {
                Problem::WrongForm { expected: "an address that begins with a prefecture" }
            }
            TextError::Characters { offences, .. } => Problem::Repertoire(offences),
        },
    )
}
