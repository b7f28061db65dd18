//! A medium as a step tells of it.

use domain::id::InvalidId;
use domain::medium::MediumId;

/// A medium, and where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediumFact {
    /// Its identity.
    pub id: MediumId,
    /// The directory, as the files on it are named.
    pub place: String,
}

impl MediumFact {
    /// The medium that an entry tells of.
    ///
    /// # Errors
    /// [`InvalidId`] for what names none.
    pub fn read(told: &str) -> Result<Self, InvalidId> {
        let (id, place) = told.split_once(' ').unwrap_or((told, ""));
        Ok(Self { id: id.parse()?, place: place.to_owned() })
    }
}
