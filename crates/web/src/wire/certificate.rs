//! Certificates, their ends and holds, on the wire.

use domain::certificate::CertificateState;
use domain::identity::{Requester, RevocationCause};
use domain::resident::{BasicFour, Gender};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use store::CertificateRow;
use utoipa::ToSchema;
use x509::fingerprint::sha256_colon_hex;
use x509::name::Name;
use x509::pem;

use crate::problem::{Problem, parse_id};

/// A certificate with its state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CertificateBody {
    /// The issuing CA.
    pub ca: String,
    /// The generation of the key that signed it.
    pub generation: u32,
    /// The serial, 32 hexadecimal digits.
    pub serial: String,
    /// What it is for.
    pub kind: String,
    /// intended, undelivered, good, held or revoked. Expiry follows from `not_after`.
    pub state: String,
    /// Since when it is undelivered, held or revoked.
    pub since: Option<String>,
    /// Why it was revoked (RFC 5280 5.3.1).
    pub reason: Option<String>,
    /// The list that tells of its revocation.
    pub partition: String,
    /// The subject (RFC 4514).
    pub subject: String,
    /// The first second of its validity.
    pub not_before: String,
    /// The last second of its validity.
    pub not_after: String,
    /// The holder's resident code.
    pub holder: Option<String>,
    /// The application it comes from.
    pub application: Option<String>,
    /// SHA-256 of the certificate, as OpenSSL prints it; absent before it is signed.
    pub sha256: Option<String>,
    /// The certificate; absent in pages and before it is signed.
    pub certificate_pem: Option<String>,
}

/// Certificates in order of issue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CertificatePage {
    /// The certificates.
    pub certificates: Vec<CertificateBody>,
    /// Where the next page begins (`after`); absent on the last.
    pub next: Option<u64>,
}

/// A revocation by a row of the policy's table.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevocationBody {
    /// The event, as the table names it.
    pub cause: String,
    /// Who asks: holder, agent, mayor or authority.
    pub requester: String,
    /// The second person, a registered operator, where the table wants one: they have approved this
    /// under the operation's id.
    #[serde(default)]
    pub approver: Option<String>,
}

/// What a revocation came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationOutcomeBody {
    /// The CA.
    pub ca: String,
    /// The certificate.
    pub serial: String,
    /// Its state now.
    pub state: String,
    /// Since when.
    pub since: Option<String>,
    /// Why (RFC 5280 5.3.1).
    pub reason: Option<String>,
    /// Whether it was so before.
    pub no_op: bool,
}

/// A caller who asks for a hold, by the four basic attributes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldBody {
    /// The name, family and given name joined by an ideographic space.
    pub name: String,
    /// The date of birth, YYYY-MM-DD.
    pub birth_date: String,
    /// male, female or unknown; or 1, 2, 3.
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

impl CertificateBody {
    /// The body of a row, with the certificate itself if `whole`.
    ///
    /// # Errors
    /// The row's name cannot be read back, which is ours.
    pub fn of(row: &CertificateRow, whole: bool) -> Result<Self, Problem> {
        let intent = &row.intent;
        let (state, since, reason) = state_words(row.state);
        let pem =
            row.der.as_deref().filter(|_| whole).map(|der| pem::encode(pem::CERTIFICATE, der));
        let subject = Name::parse(&intent.subject).map_err(|error| Problem::broke(&error))?;
        Ok(Self {
            ca: intent.ca.to_string(),
            generation: intent.generation,
            serial: intent.serial.to_string(),
            kind: intent.kind.to_string(),
            state,
            since,
            reason,
            partition: intent.partition.to_string(),
            subject: subject.to_string(),
            not_before: intent.not_before.to_string(),
            not_after: intent.not_after.to_string(),
            holder: intent.holder.as_ref().map(ToString::to_string),
            application: intent.application.as_ref().map(ToString::to_string),
            sha256: row.der.as_deref().map(sha256_colon_hex),
            certificate_pem: pem.transpose().map_err(|error| Problem::broke(&error))?,
        })
    }
}

/// A state as name, beginning and reason.
pub(crate) fn state_words(state: CertificateState) -> (String, Option<String>, Option<String>) {
    let (since, reason) = match state {
        CertificateState::Intended | CertificateState::Good => (None, None),
        CertificateState::Undelivered { since } | CertificateState::Held { since } => {
            (Some(since), None)
        }
        CertificateState::Revoked { at, reason } => (Some(at), Some(reason.to_string())),
    };
    (state.name().to_string(), since.map(|at| at.to_string()), reason)
}

impl TryFrom<&RevocationBody> for ca::RevocationOrder {
    type Error = Problem;

    fn try_from(body: &RevocationBody) -> Result<Self, Problem> {
        let cause = RevocationCause::from_name(&body.cause)
            .ok_or_else(|| Problem::refused("cause", "the table of no policy has such a row"))?;
        let requester = Requester::from_name(&body.requester).ok_or_else(|| {
            Problem::refused("requester", "it must be holder, agent, mayor or authority")
        })?;
        let approver = body.approver.as_deref().map(|id| parse_id("approver", id)).transpose()?;
        Ok(Self { cause, requester, approver })
    }
}

impl TryFrom<HoldBody> for BasicFour {
    type Error = Problem;

    fn try_from(body: HoldBody) -> Result<Self, Problem> {
        let birth_date: Date = body
            .birth_date
            .parse()
            .map_err(|_| Problem::refused("birth_date", "it must be a day, YYYY-MM-DD"))?;
        let gender = gender(&body.gender)
            .ok_or_else(|| Problem::refused("gender", "it must be male, female or unknown"))?;
        Ok(Self { name: body.name, address: body.address, birth_date, gender })
    }
}

fn gender(text: &str) -> Option<Gender> {
    match text {
        "male" | "1" => Some(Gender::Male),
        "female" | "2" => Some(Gender::Female),
        "unknown" | "3" => Some(Gender::Unknown),
        _ => None,
    }
}
