//! The application form: as a clerk typed it, and as it is once every field was checked (L4).

mod attributes;
mod error;
mod field;

use domain::application::ApplicationKind;
use domain::id::{CaId, CardId, MunicipalityCode, ResidentCode};
use domain::identity::Applicant;
use domain::municipality;
use domain::policy::{ExtensionRule, NamesSource, Policy};
use domain::resident::Gender;
use domain::revocation::{Requester, RevocationCause};
use domain::rule;
use domain::rule::Rule;
use domain::text::Replacement;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::authority::CertifiedAttributes;

pub use error::{FormError, Problem};
pub(crate) use field::plain_text;
pub use field::{MAX_PERSON_CHARACTERS, MAX_READING_CHARACTERS};

use self::error::fail;

/// The form as it was typed; an empty text is a field left open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReceivedForm {
    /// What is applied for, by [`ApplicationKind::name`].
    pub kind: String,
    /// The CA, by its id.
    pub ca: String,
    /// The municipality of the window: 5 digits, or 6 with the check digit.
    pub municipality: String,
    /// The number of the window, 0 to 99.
    pub window: String,
    /// The date of the application, YYYY-MM-DD.
    pub date: String,
    /// The resident's code, 11 digits.
    pub resident: String,
    /// The family name, or the whole name where it is recorded in one piece.
    pub family_name: String,
    /// The given name.
    pub given_name: String,
    /// The reading of the name, in kana.
    pub reading: String,
    /// The alias of a foreign resident.
    pub alias: String,
    /// The address, prefecture first.
    pub address: String,
    /// The date of birth, YYYY-MM-DD.
    pub birth_date: String,
    /// The gender: 1, 2 or 3; 男, 女 or 不明; male, female or unknown.
    pub gender: String,
    /// Substitutes chosen for the name: `position:character`, separated by spaces, positions from 0
    /// in family name, joint, given name, joint and alias in brackets.
    pub name_substitutes: String,
    /// Substitutes chosen for the address, likewise.
    pub address_substitutes: String,
    /// Who stands at the window, by [`Applicant::name`]; the resident when left open.
    pub applicant: String,
    /// The agent's name.
    pub agent_name: String,
    /// The agent's address.
    pub agent_address: String,
    /// Why a certificate is to end, by [`RevocationCause::name`].
    pub cause: String,
    /// The number of the card the applicant brought.
    pub card: String,
}

/// A form of which every field was checked against the policy of its CA.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The CA.
    pub ca: CaId,
    /// What is asked.
    pub request: Request,
    /// The municipality of the window.
    pub municipality: MunicipalityCode,
    /// The number of the window.
    pub window: u8,
    /// The date of the application.
    pub date: Date,
    /// The resident.
    pub resident: ResidentCode,
    /// The family name, as recorded.
    pub family_name: String,
    /// The given name, as recorded.
    pub given_name: String,
    /// The reading of the name.
    pub reading: String,
    /// The alias.
    pub alias: Option<String>,
    /// The address, as recorded.
    pub address: String,
    /// The date of birth.
    pub birth_date: Date,
    /// The gender.
    pub gender: Gender,
    /// Who stands at the window.
    pub applicant: ApplicantDetails,
    /// The attributes to be certified, where the CA's profile carries them and one is to be issued.
    pub certified: Option<Certified>,
}

/// What is asked, with what that needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// A certificate with a new card (A 4.3.1.1(1)).
    IssueWithCard,
    /// A certificate on the card the applicant holds (A 4.3.1.1(2), S 4-1-1).
    IssueOnCard(CardId),
    /// A new key and certificate on the card the applicant holds (A 4.7, S 3-2).
    Renewal(CardId),
    /// The end of the certificate (A 4.9.3.1, S 4-4-2).
    Revocation(RevocationCause),
    /// The release of a hold (A 4.9.15).
    HoldRelease,
}

/// Who stands at the window (A 4.1.2.1(4), S 4-1-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicantDetails {
    /// The resident.
    Resident,
    /// An agent.
    Agent {
        /// The agent's name.
        name: String,
        /// The agent's address.
        address: String,
    },
}

/// The attributes to be certified, and what was replaced to make them so (P8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The attributes with their flags.
    pub attributes: CertifiedAttributes,
    /// Each replaced character of the name.
    pub name_replacements: Vec<Replacement>,
    /// Each replaced character of the address.
    pub address_replacements: Vec<Replacement>,
}

impl Form {
    /// Checks every field of `received` on the civil day `today`; `policy_of` knows the CAs.
    ///
    /// # Errors
    /// The first field that breaks a rule, with the rule.
    pub fn parse<'p>(
        received: &ReceivedForm,
        today: Date,
        policy_of: &dyn Fn(&CaId) -> Option<&'p Policy>,
    ) -> Result<Self, FormError> {
        let kind = field::known("kind", &received.kind, ApplicationKind::from_name)?;
        let ca = field::known("ca", &received.ca, |text| text.parse::<CaId>().ok())?;
        let policy = policy_of(&ca).ok_or_else(|| fail("ca", Problem::Unknown))?;
        if !policy.applications.kinds.contains(&kind) {
            let rule = rule!("{} does not take it ({})", ca, policy.applications.clause);
            return Err(fail("kind", Problem::NotAllowed(rule)));
        }
        let applicant = applicant(received)?;
        let form = Self {
            request: request(received, kind, &applicant, policy)?,
            municipality: municipality(received, policy)?,
            window: field::window("window", &received.window)?,
            date: field::past_date("date", &received.date, today)?,
            resident: field::written("resident", &received.resident, "exactly 11 digits")?,
            family_name: plain_text("family_name", &received.family_name, MAX_PERSON_CHARACTERS)?,
            given_name: field::optional(&received.given_name, |text| {
                plain_text("given_name", text, MAX_PERSON_CHARACTERS)
            })?
            .unwrap_or_default(),
            reading: field::reading("reading", &received.reading)?,
            alias: field::optional(&received.alias, |text| {
                plain_text("alias", text, MAX_PERSON_CHARACTERS)
            })?,
            address: plain_text("address", &received.address, MAX_PERSON_CHARACTERS)?,
            birth_date: field::past_date("birth_date", &received.birth_date, today)?,
            gender: field::gender("gender", &received.gender)?,
            applicant,
            certified: None,
            ca,
        };
        let certified = attributes::certified(&form, received, carries_attributes(policy))?;
        Ok(Self { certified, ..form })
    }

    /// What is applied for.
    pub fn kind(&self) -> ApplicationKind {
        match self.request {
            Request::IssueWithCard => ApplicationKind::IssueWithCard,
            Request::IssueOnCard(_) => ApplicationKind::IssueOnCard,
            Request::Renewal(_) => ApplicationKind::Renewal,
            Request::Revocation(_) => ApplicationKind::Revocation,
            Request::HoldRelease => ApplicationKind::HoldRelease,
        }
    }
}

impl ApplicantDetails {
    /// Who it is, as policies name it.
    pub fn role(&self) -> Applicant {
        match self {
            Self::Resident => Applicant::Resident,
            Self::Agent { .. } => Applicant::Agent,
        }
    }

    /// As whom they ask for a revocation.
    pub fn requester(&self) -> Requester {
        match self {
            Self::Resident => Requester::Holder,
            Self::Agent { .. } => Requester::Agent,
        }
    }
}

/// Whether user certificates of this policy carry the four basic attributes (S 3-1-2).
pub(crate) fn carries_attributes(policy: &Policy) -> bool {
    let carries = ExtensionRule::SubjectAltName(NamesSource::BasicAttributes);
    let profile = policy.profiles.get(&domain::certificate::CertificateKind::User);
    profile.is_some_and(|profile| profile.extensions.iter().any(|e| e.rule == carries))
}

fn applicant(received: &ReceivedForm) -> Result<ApplicantDetails, FormError> {
    let role = field::optional(&received.applicant, |text| {
        field::known("applicant", text, Applicant::from_name)
    })?;
    match role.unwrap_or(Applicant::Resident) {
        Applicant::Agent => Ok(ApplicantDetails::Agent {
            name: plain_text("agent_name", &received.agent_name, MAX_PERSON_CHARACTERS)?,
            address: plain_text("agent_address", &received.agent_address, MAX_PERSON_CHARACTERS)?,
        }),
        Applicant::Resident => {
            let rule = "only for an agent (A 4.1.2.1(4), S 4-1-2)";
            field::left_open("agent_name", &received.agent_name, rule)?;
            field::left_open("agent_address", &received.agent_address, rule)?;
            Ok(ApplicantDetails::Resident)
        }
    }
}

fn request(
    received: &ReceivedForm,
    kind: ApplicationKind,
    applicant: &ApplicantDetails,
    policy: &Policy,
) -> Result<Request, FormError> {
    if kind != ApplicationKind::Revocation {
        field::left_open("cause", &received.cause, "only for a revocation")?;
    }
    if !matches!(kind, ApplicationKind::IssueOnCard | ApplicationKind::Renewal) {
        field::left_open("card", &received.card, "only for an issue or renewal on a card")?;
    }
    let card =
        || field::written("card", &received.card, "1 to 64 ASCII letters, digits and hyphens");
    Ok(match kind {
        ApplicationKind::IssueWithCard => Request::IssueWithCard,
        ApplicationKind::IssueOnCard => Request::IssueOnCard(card()?),
        ApplicationKind::Renewal => Request::Renewal(card()?),
        ApplicationKind::Revocation => Request::Revocation(cause(received, applicant, policy)?),
        ApplicationKind::HoldRelease => Request::HoldRelease,
    })
}

/// What a holder asks for who gives a cause at a window, as the receipt says it; nothing for a cause of the
/// table that belongs to others (A 4.9.2.1, S 4-4-2-1).
pub(crate) fn asked_at_the_window(cause: RevocationCause) -> Option<&'static str> {
    match cause {
        RevocationCause::UseEnded => Some("サービスの利用の取りやめによる失効"),
        RevocationCause::KeyCompromised => Some("秘密鍵の漏えい、滅失又は毀損の届出による失効"),
        RevocationCause::CardUnusable => {
            Some("個人番号カードが使用できなくなった旨の届出による失効")
        }
        RevocationCause::RecordRemoved
        | RevocationCause::AttributesChanged
        | RevocationCause::NotMovedIn
        | RevocationCause::RecordingError
        | RevocationCause::DoubleIssue
        | RevocationCause::Renewed
        | RevocationCause::CaKeyCompromised
        | RevocationCause::DestroyedBeforeDelivery => None,
    }
}

fn cause(
    received: &ReceivedForm,
    applicant: &ApplicantDetails,
    policy: &Policy,
) -> Result<RevocationCause, FormError> {
    let cause = field::known("cause", &received.cause, RevocationCause::from_name)?;
    let refuse = |rule: Rule| Err(fail("cause", Problem::NotAllowed(rule)));
    if asked_at_the_window(cause).is_none() {
        return refuse("nobody applies for it at a window (A 4.9.2.1, S 4-4-2-1)".into());
    }
    let Some(rule) = policy.revocation(cause) else {
        return refuse(rule!("the CPS of {} does not know it", policy.ca));
    };
    if !rule.requested_by.contains(&applicant.requester()) {
        return refuse(rule!("the {} may not ask for it ({})", applicant.role(), rule.clause));
    }
    Ok(cause)
}

fn municipality(received: &ReceivedForm, policy: &Policy) -> Result<MunicipalityCode, FormError> {
    let expected = "5 digits, or 6 with the check digit";
    let code = field::written("municipality", &received.municipality, expected)?;
    let known = municipality::find(code).ok_or_else(|| fail("municipality", Problem::Unknown))?;
    if !policy.serves(known.code) {
        let rule = rule!("it lies outside the territory of {}", policy.ca);
        return Err(fail("municipality", Problem::NotAllowed(rule)));
    }
    Ok(known.code)
}
