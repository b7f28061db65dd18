//! What an installation makes to be tried out with: emulated cards, invented residents.

use card::{CardNumber, SignatureKeys};
use domain::id::{CardId, MunicipalityCode};

use crate::problem::Problem;

/// Makes what no CA and no window makes, in the installation's directory.
pub trait Workshop: Send + Sync {
    /// Makes a blank emulated card of this number, whose keys come from the card master key; one that there is
    /// stays as it is.
    ///
    /// # Errors
    /// 422 where cards come to readers; 503 while that key sleeps; why the card could not be kept.
    fn make_card(&self, keys: SignatureKeys, number: CardNumber) -> Result<CardId, Problem>;

    /// Fills an empty embedded register with invented residents.
    ///
    /// # Errors
    /// A refusal where it has residents; why it could not be filled.
    fn generate_residents(&self, invented: &Invented<'_>) -> Result<(), Problem>;
}

/// Residents who are to be invented.
#[derive(Debug, Clone, Copy)]
pub struct Invented<'a> {
    /// How many.
    pub count: usize,
    /// Where they live.
    pub municipalities: &'a [MunicipalityCode],
    /// The same seed gives the same residents.
    pub seed: u64,
}
