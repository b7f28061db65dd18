//! Holds by phone, on the wire.

use domain::named::UnknownName;
use domain::resident::BasicFour;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// Holds the certificates of the one resident who answers to the four attributes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HoldBody)]
pub struct HoldCertificates {
    /// The name, family and given name joined by an ideographic space.
    pub name: String,
    /// The date of birth, YYYY-MM-DD.
    pub birth_date: String,
    /// male, female or unknown; 1, 2 or 3; 男, 女 or 不明.
    pub gender: String,
    /// The address, prefecture first.
    pub address: String,
}

/// What a hold by phone came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HoldOutcomeBody {
    /// What is on hold now.
    pub held: Vec<CertificateIdBody>,
    /// Where the caller has a certificate that may not be held.
    pub refused: Vec<RefusedHoldBody>,
}

/// A certificate, by its CA and serial.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CertificateIdBody {
    /// The CA.
    pub ca: String,
    /// The serial.
    pub serial: String,
}

/// A CA that does not hold, and by which rule.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefusedHoldBody {
    /// The CA.
    pub ca: String,
    /// The rule.
    pub rule: String,
}

impl TryFrom<HoldCertificates> for BasicFour {
    type Error = Problem;

    fn try_from(body: HoldCertificates) -> Result<Self, Problem> {
        let birth_date: Date = body
            .birth_date
            .parse()
            .map_err(|_| Problem::refused("birth_date", "it must be a day, YYYY-MM-DD"))?;
        let gender = body.gender.parse();
        let gender = gender.map_err(|error: UnknownName| Problem::refused("gender", error))?;
        Ok(Self { name: body.name, address: body.address, birth_date, gender })
    }
}
