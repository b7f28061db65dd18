//! Invents residents: the same ones from the same seed, in the proportions of a real town.
//!
//! Nobody here exists. In every thousand, fixed places hold what chance would make too rare to
//! test with: a birthday on Feb 29, two people who differ only in their addresses, a very long
//! name, a very long address.

mod address;
mod birth;
mod name;
mod random;

use domain::id::{InvalidId, MunicipalityCode, ResidentCode};
use domain::municipality::{self, Municipality};
use domain::resident::Resident;
use jiff::civil::Date;

use self::random::Random;

/// What to invent.
#[derive(Debug, Clone)]
pub(crate) struct Parameters {
    /// The seed; the same parameters give the same residents on every machine.
    pub(crate) seed: u64,
    /// How many residents.
    pub(crate) count: usize,
    /// Where they live, in turn.
    pub(crate) municipalities: Vec<MunicipalityCode>,
    /// The day on which they are to be alive, from 1921 on.
    pub(crate) today: Date,
}

/// Why no residents can be invented; the caller's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SyntheticError {
    /// There is nowhere to live.
    #[error("no municipality is given")]
    NoMunicipality,
    /// A municipality that is not in the list.
    #[error("there is no municipality {0}")]
    UnknownMunicipality(MunicipalityCode),
    /// More residents than Japan has, for whom names and codes would not suffice.
    #[error("at most {MAX_COUNT} residents can be invented")]
    TooMany,
    /// A day before the first births.
    #[error("today must lie after 1920")]
    TooEarly,
    /// A code that its own type refuses.
    #[error(transparent)]
    Code(#[from] InvalidId),
}

/// The most residents that can be invented: about the population of Japan.
pub(crate) const MAX_COUNT: usize = 130_000_000;

/// Invents residents. The resident at a place depends only on the seed, the place, the
/// municipalities and the day, so a longer list begins with the shorter one.
///
/// # Errors
/// See [`SyntheticError`].
pub(crate) fn residents(parameters: &Parameters) -> Result<Vec<Resident>, SyntheticError> {
    if parameters.count > MAX_COUNT {
        return Err(SyntheticError::TooMany);
    }
    if parameters.today.year() <= birth::FIRST_YEAR {
        return Err(SyntheticError::TooEarly);
    }
    let find = |code: &MunicipalityCode| {
        municipality::find(*code).ok_or(SyntheticError::UnknownMunicipality(*code))
    };
    let homes: Vec<_> = parameters.municipalities.iter().map(find).collect::<Result<_, _>>()?;
    if homes.is_empty() {
        return Err(SyntheticError::NoMunicipality);
    }
    (0..parameters.count as u64).map(|index| resident(parameters, &homes, index)).collect()
}

/// The place in every thousand of a birthday on Feb 29.
const LEAP_DAY: u64 = 7;
/// The place of the first of two people who differ only in their addresses.
const FIRST_TWIN: u64 = 11;
/// The place of the second.
const SECOND_TWIN: u64 = 12;
/// The place of a very long name.
const LONG_NAME: u64 = 23;
/// The place of a very long address.
const LONG_ADDRESS: u64 = 31;

fn resident(
    parameters: &Parameters,
    homes: &[&Municipality],
    index: u64,
) -> Result<Resident, SyntheticError> {
    let place = index % 1000;
    let home = homes[index as usize % homes.len()];
    let person_index = if place == SECOND_TWIN { index - 1 } else { index };
    let mut random = Random::of_resident(parameters.seed, person_index);
    let birth_date = match place {
        LEAP_DAY => birth::leap_day(&mut random, parameters.today),
        _ => birth::date_of_birth(&mut random, parameters.today),
    };
    let gender = birth::gender(&mut random, birth_date, parameters.today);
    let name = match place {
        LONG_NAME => name::long(gender),
        FIRST_TWIN | SECOND_TWIN => name::japanese(&mut random, birth_date, gender),
        _ => name::any(&mut random, birth_date, gender),
    };
    let mut random = Random::of_resident(!parameters.seed, index);
    let address = match place {
        LONG_ADDRESS => address::long(&mut random, home),
        _ => address::ordinary(&mut random, home),
    };
    Ok(Resident {
        code: code(parameters.seed, index)?,
        municipality: home.code,
        family_name: name.family,
        given_name: name.given,
        reading: name.reading,
        alias: name.alias,
        address,
        birth_date,
        gender,
        is_foreign: name.is_foreign,
    })
}

/// The code at a place: ten digits scattered without repetition, then the check digit.
fn code(seed: u64, index: u64) -> Result<ResidentCode, InvalidId> {
    const CODES: u64 = 10_000_000_000;
    // The step is coprime to the number of codes, so no code comes twice before all have come.
    const STEP: u64 = 6_180_339_887;
    let start = Random::of_resident(seed, u64::MAX).below(CODES);
    let scattered = u128::from(start) + u128::from(index) * u128::from(STEP);
    let digits = format!("{:010}", scattered % u128::from(CODES));
    format!("{digits}{}", check_digit(&digits)).parse()
}

/// The check digit of a resident's code: weights 2 to 7 from the right, then 2 to 5, modulus 11.
///
/// An assumption that the weights are those published for the individual number (個人番号).
fn check_digit(ten_digits: &str) -> u32 {
    let digits = ten_digits.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
    match sum % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    }
}

#[cfg(test)]
mod tests;
