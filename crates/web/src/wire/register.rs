//! Residents and the link to their register, on the wire.

use domain::resident::{BasicAttribute, Resident};
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

/// What was disposed of, and what stays of the person, with the reason.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ForgottenBody {
    /// The applications whose records are gone.
    pub applications: Vec<String>,
    /// The certificates, which stay as they were issued.
    pub certificates_kept: Vec<KeptCertificateBody>,
    /// What else stays.
    pub stays: Vec<StaysBody>,
}

/// A certificate that stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeptCertificateBody {
    /// The CA.
    pub ca: String,
    /// The serial, hexadecimal.
    pub serial: String,
    /// Which of the holder's data it bears, in clear: the four attributes, or none.
    pub bears: Vec<String>,
    /// Why it stays, with the clause.
    pub why: String,
}

/// Something that stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StaysBody {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Why certificates stay as they were issued.
const CERTIFICATES_STAY: &str = "lists and answers name it by its serial, what was signed with it is \
     verified by it, and certificates are kept (S 4-12-2-2, A 5.5.1)";

impl ForgottenBody {
    /// The same on the wire: `bears` says which attributes a CA's certificates bear, and the register is
    /// the embedded one or not.
    pub fn of(
        forgotten: &ra::window::Forgotten,
        bears: impl Fn(&domain::id::CaId) -> &'static [BasicAttribute],
        is_embedded: bool,
    ) -> Self {
        let kept = forgotten.certificates.iter().map(|(ca, serial)| KeptCertificateBody {
            ca: ca.to_string(),
            serial: serial.to_string(),
            bears: bears(ca).iter().map(ToString::to_string).collect(),
            why: CERTIFICATES_STAY.to_owned(),
        });
        let register = match is_embedded {
            true => {
                "the embedded register's files: who was registered and every event, with names and \
                 addresses in clear"
            }
            false => "what the resident register has of the person",
        };
        let stays = [
            (register, "a register is a house of its own; who keeps it disposes of its records"),
            (
                "entries of the journal",
                "they name nobody; their parts about the person are unreadable",
            ),
            ("the office's record of a card", "it has the card's number and no data of its holder"),
            ("requests that the holder signed and sent", "they stay with the certificates"),
            ("backups and exports from before", "they are disposed of in their turn"),
        ];
        let stays =
            stays.map(|(what, why)| StaysBody { what: what.to_owned(), why: why.to_owned() });
        Self {
            applications: forgotten.applications.iter().map(ToString::to_string).collect(),
            certificates_kept: kept.collect(),
            stays: stays.to_vec(),
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
