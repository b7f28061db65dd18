//! Residents and the link to their register, on the wire.

use domain::resident::Resident;
use ra::window::RegisterRun;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CertificateIdBody;

/// A resident as the register records them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ResidentBody {
    /// The resident's code.
    pub code: String,
    /// The municipality that keeps the record.
    pub municipality: String,
    /// The family name.
    pub family_name: String,
    /// The given name.
    pub given_name: String,
    /// The reading of the name.
    pub reading: String,
    /// The alias of a foreign resident.
    pub alias: Option<String>,
    /// The address.
    pub address: String,
    /// The date of birth.
    pub birth_date: String,
    /// The gender: 1 male, 2 female, 3 unknown.
    pub gender: String,
    /// Whether this is a foreign resident.
    pub is_foreign: bool,
}

/// A new address within the same municipality.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressBody {
    /// The address, prefecture first.
    pub address: String,
}

/// A notice of moving out.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveOutBody {
    /// The planned day, YYYY-MM-DD.
    pub planned: String,
}

/// That the embedded register carried out a command.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegisterCommandBody {
    /// The resident's code.
    pub code: String,
    /// What was recorded: death, address or move-out.
    pub recorded: String,
}

/// The second person who disposes of a person's records.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasurePermitBody {
    /// Who approves: another senior operator.
    pub approver: String,
}

/// What was disposed of, and what the law keeps.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForgottenBody {
    /// The applications whose records are gone.
    pub applications: Vec<String>,
    /// The certificates, which stay as they were issued.
    pub certificates_kept: Vec<CertificateIdBody>,
}

impl From<ra::window::Forgotten> for ForgottenBody {
    fn from(forgotten: ra::window::Forgotten) -> Self {
        let kept = forgotten.certificates.iter();
        Self {
            applications: forgotten.applications.iter().map(ToString::to_string).collect(),
            certificates_kept: kept
                .map(|(ca, serial)| CertificateIdBody {
                    ca: ca.to_string(),
                    serial: serial.to_string(),
                })
                .collect(),
        }
    }
}

/// What a run over the register's events came to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegisterRunBody {
    /// How many events were applied.
    pub applied: usize,
    /// The certificates that were revoked.
    pub revoked: Vec<CertificateIdBody>,
    /// Move-outs whose thirty days are not over.
    pub open: usize,
    /// Events that a CA refused to follow; the next run tries them again.
    pub failed: Vec<EventFailureBody>,
    /// The last event up to which all are applied.
    pub cursor: u64,
}

/// An event that a CA refused to follow.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EventFailureBody {
    /// The event's number.
    pub event: u64,
    /// The rule.
    pub rule: String,
}

impl From<Resident> for ResidentBody {
    fn from(resident: Resident) -> Self {
        Self {
            code: resident.code.to_string(),
            municipality: resident.municipality.to_string(),
            family_name: resident.family_name,
            given_name: resident.given_name,
            reading: resident.reading,
            alias: resident.alias,
            address: resident.address,
            birth_date: resident.birth_date.to_string(),
            gender: resident.gender.code().to_string(),
            is_foreign: resident.is_foreign,
        }
    }
}

impl From<RegisterRun> for RegisterRunBody {
    fn from(run: RegisterRun) -> Self {
        let revoked = run.revoked.iter();
        let failed = run.failed.into_iter();
        Self {
            applied: run.applied,
            revoked: revoked
                .map(|(ca, serial)| CertificateIdBody {
                    ca: ca.to_string(),
                    serial: serial.to_string(),
                })
                .collect(),
            open: run.open,
            failed: failed
                .map(|(event, rule)| EventFailureBody { event, rule: rule.closed().to_owned() })
                .collect(),
            cursor: run.cursor,
        }
    }
}
