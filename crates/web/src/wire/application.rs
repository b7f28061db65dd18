//! An application with everything that was recorded of it, on the wire.

use domain::text::Replacement;
use ra::form::{ApplicantDetails, Certified, Request};
use ra::record::{Check, Stage};
use ra::window::Application;
use serde::Serialize;
use utoipa::ToSchema;

use crate::operation::text;

/// An application as it stands.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApplicationBody {
    /// Its id.
    pub id: String,
    /// The CA it is made to.
    pub ca: String,
    /// The municipality of the window.
    pub municipality: String,
    /// The number of the window.
    pub window: u8,
    /// What is applied for.
    pub kind: text::ApplicationKind,
    /// received, verified, approved, issued, completed, refused or withdrawn.
    pub state: text::ApplicationState,
    /// The date of the application.
    pub date: String,
    /// The resident's code.
    pub resident: String,
    /// The family name, as recorded.
    pub family_name: String,
    /// The given name, as recorded.
    pub given_name: String,
    /// The reading of the name.
    pub reading: String,
    /// The alias of a foreign resident.
    pub alias: Option<String>,
    /// The address, as recorded.
    pub address: String,
    /// The date of birth.
    pub birth_date: String,
    /// The gender: 1 male, 2 female, 3 unknown.
    pub gender: String,
    /// Who stands at the window: resident or agent.
    pub applicant: text::Applicant,
    /// The agent's name.
    pub agent_name: Option<String>,
    /// The agent's address.
    pub agent_address: Option<String>,
    /// Why a certificate is to end.
    pub cause: Option<text::Cause>,
    /// The card the applicant brought, or the one that was made.
    pub card: Option<String>,
    /// The serial of the certificate that was issued.
    pub serial: Option<String>,
    /// What is certified of the attributes.
    pub certified: Option<CertifiedBody>,
    /// Every state it entered.
    pub stages: Vec<StageBody>,
    /// Every step of the identity check.
    pub checks: Vec<CheckBody>,
    /// Why it was doubted or refused.
    pub doubts: Vec<String>,
    /// The serials that a revocation or release is about.
    pub targets: Vec<String>,
    /// The text of the receipt, once it is carried out.
    pub receipt: Option<String>,
}

/// The attributes as they are certified, and what was replaced to make them so.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CertifiedBody {
    /// The name.
    pub name: String,
    /// One digit a character: 1 where it is a substitute.
    pub name_flags: String,
    /// The address.
    pub address: String,
    /// One digit a character: 1 where it is a substitute.
    pub address_flags: String,
    /// What was replaced in the name.
    pub name_replacements: Vec<ReplacementBody>,
    /// What was replaced in the address.
    pub address_replacements: Vec<ReplacementBody>,
}

/// One replaced character.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReplacementBody {
    /// The position in characters, from 0.
    pub index: usize,
    /// The character of the record.
    pub original: String,
    /// What stands in for it.
    pub substitute: String,
    /// The rule that offered it; absent where the resident chose freely.
    pub rule: Option<String>,
}

/// A state that was entered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StageBody {
    /// The state.
    pub state: text::ApplicationState,
    /// Who took it there.
    pub by: String,
    /// When.
    pub at: String,
}

/// One step of the identity check.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckBody {
    /// Which step.
    pub evidence: text::Evidence,
    /// What was seen, or the system's finding.
    pub document: String,
    /// Its number.
    pub number: String,
    /// What else is worth knowing.
    pub note: String,
    /// Who checked.
    pub by: String,
    /// When.
    pub at: String,
}

/// Applications of a municipality, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApplicationPage {
    /// The applications.
    pub applications: Vec<ApplicationBody>,
    /// Where the next page begins (`after`); absent on the last. A page may be empty and not be the last.
    pub next: Option<String>,
}

impl From<Application> for ApplicationBody {
    fn from(application: Application) -> Self {
        let record = application.record;
        let form = record.form;
        let applicant = form.applicant.role().into();
        let (agent_name, agent_address) = match form.applicant {
            ApplicantDetails::Resident => (None, None),
            ApplicantDetails::Agent { name, address } => (Some(name), Some(address)),
        };
        let (cause, brought) = match form.request {
            Request::Revocation(cause) => (Some(cause.into()), None),
            Request::IssueOnCard(card) | Request::Renewal(card) => (None, Some(card)),
            Request::IssueWithCard | Request::HoldRelease => (None, None),
        };
        let card = record.issued.as_ref().map(|issued| issued.card.clone()).or(brought);
        Self {
            id: application.id.to_string(),
            ca: application.ca.to_string(),
            municipality: application.municipality.to_string(),
            window: form.window,
            kind: application.kind.into(),
            state: application.state.into(),
            date: form.date.to_string(),
            resident: application.resident.to_string(),
            family_name: form.family_name,
            given_name: form.given_name,
            reading: form.reading,
            alias: form.alias,
            address: form.address,
            birth_date: form.birth_date.to_string(),
            gender: form.gender.code().to_string(),
            applicant,
            agent_name,
            agent_address,
            cause,
            card: card.map(|card| card.to_string()),
            serial: record.issued.map(|issued| issued.serial.to_string()),
            certified: form.certified.map(CertifiedBody::from),
            stages: record.stages.into_iter().map(StageBody::from).collect(),
            checks: record.checks.into_iter().map(CheckBody::from).collect(),
            doubts: record.doubts,
            targets: record.targets.iter().map(ToString::to_string).collect(),
            receipt: record.receipt,
        }
    }
}

impl From<Certified> for CertifiedBody {
    fn from(certified: Certified) -> Self {
        let bodies = |all: Vec<Replacement>| all.into_iter().map(ReplacementBody::from).collect();
        Self {
            name: certified.attributes.name,
            name_flags: certified.attributes.name_flags,
            address: certified.attributes.address,
            address_flags: certified.attributes.address_flags,
            name_replacements: bodies(certified.name_replacements),
            address_replacements: bodies(certified.address_replacements),
        }
    }
}

impl From<Replacement> for ReplacementBody {
    fn from(replacement: Replacement) -> Self {
        Self {
            index: replacement.index,
            original: replacement.original,
            substitute: replacement.substitute.to_string(),
            rule: replacement.rule.map(|rule| rule.name().to_owned()),
        }
    }
}

impl From<Stage> for StageBody {
    fn from(stage: Stage) -> Self {
        let Stage { state, by, at } = stage;
        Self { state: state.into(), by: by.to_string(), at: at.to_string() }
    }
}

impl From<Check> for CheckBody {
    fn from(check: Check) -> Self {
        Self {
            evidence: check.evidence.into(),
            document: check.document,
            number: check.number,
            note: check.note,
            by: check.by.to_string(),
            at: check.at.to_string(),
        }
    }
}
