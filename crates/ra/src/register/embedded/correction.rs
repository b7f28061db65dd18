//! A correction of a record.

use domain::resident::Gender;
use jiff::civil::Date;

/// New values for a record; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correction {
    /// The family name, or the whole name where it is recorded in one piece.
    pub family_name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The alias: `Some(None)` removes it.
    pub alias: Option<Option<String>>,
    /// The address, within the same municipality.
    pub address: Option<String>,
    /// The date of birth.
    pub birth_date: Option<Date>,
    /// The gender.
    pub gender: Option<Gender>,
}
