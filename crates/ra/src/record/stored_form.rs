//! The stored shape of a form.

use domain::application::ApplicationKind;
use domain::resident::Gender;
use domain::revocation::RevocationCause;
use domain::text::{Replacement, Rule};
use serde::{Deserialize, Serialize};

use super::text::{named, read, unreadable};
use crate::authority::CertifiedAttributes;
use crate::error::Result;
use crate::form::{ApplicantDetails, Certified, Form, Request};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredForm {
    ca: String,
    kind: String,
    card: Option<String>,
    cause: Option<String>,
    municipality: String,
    window: u8,
    date: String,
    resident: String,
    family_name: String,
    given_name: String,
    reading: String,
    alias: Option<String>,
    address: String,
    birth_date: String,
    gender: char,
    agent: Option<StoredAgent>,
    certified: Option<StoredCertified>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAgent {
    name: String,
    address: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredCertified {
    name: String,
    name_flags: String,
    date_of_birth: String,
    gender: char,
    address: String,
    address_flags: String,
    name_replacements: Vec<StoredReplacement>,
    address_replacements: Vec<StoredReplacement>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredReplacement {
    index: usize,
    original: String,
    substitute: char,
    /// Absent where the resident chose freely.
    rule: Option<String>,
}

/// The form as text, for the personal part of a journal entry.
pub(crate) fn form_text(form: &Form) -> Result<String> {
    serde_json::to_string(&StoredForm::from(form)).map_err(unreadable)
}

impl From<&Form> for StoredForm {
    fn from(form: &Form) -> Self {
        let (card, cause) = match &form.request {
            Request::IssueOnCard(card) | Request::Renewal(card) => (Some(card.to_string()), None),
            Request::Revocation(cause) => (None, Some(cause.name().to_owned())),
            Request::IssueWithCard | Request::HoldRelease => (None, None),
        };
        let agent = match &form.applicant {
            ApplicantDetails::Resident => None,
            ApplicantDetails::Agent { name, address } => {
                Some(StoredAgent { name: name.clone(), address: address.clone() })
            }
        };
        Self {
            ca: form.ca.to_string(),
            kind: form.kind().name().to_owned(),
            card,
            cause,
            municipality: form.municipality.to_string(),
            window: form.window,
            date: form.date.to_string(),
            resident: form.resident.to_string(),
            family_name: form.family_name.clone(),
            given_name: form.given_name.clone(),
            reading: form.reading.clone(),
            alias: form.alias.clone(),
            address: form.address.clone(),
            birth_date: form.birth_date.to_string(),
            gender: form.gender.code(),
            agent,
            certified: form.certified.as_ref().map(store_certified),
        }
    }
}

impl StoredForm {
    pub(super) fn restore(self) -> Result<Form> {
        let request = self.request()?;
        let applicant = match self.agent {
            None => ApplicantDetails::Resident,
            Some(agent) => ApplicantDetails::Agent { name: agent.name, address: agent.address },
        };
        Ok(Form {
            ca: read(&self.ca)?,
            request,
            municipality: read(&self.municipality)?,
            window: self.window,
            date: read(&self.date)?,
            resident: read(&self.resident)?,
            family_name: self.family_name,
            given_name: self.given_name,
            reading: self.reading,
            alias: self.alias,
            address: self.address,
            birth_date: read(&self.birth_date)?,
            gender: named(&self.gender.to_string(), |_| Gender::from_code(self.gender))?,
            applicant,
            certified: self.certified.map(restore_certified).transpose()?,
        })
    }

    fn request(&self) -> Result<Request> {
        let card = || read(self.card.as_deref().unwrap_or_default());
        Ok(match named(&self.kind, ApplicationKind::from_name)? {
            ApplicationKind::IssueWithCard => Request::IssueWithCard,
            ApplicationKind::IssueOnCard => Request::IssueOnCard(card()?),
            ApplicationKind::Renewal => Request::Renewal(card()?),
            ApplicationKind::HoldRelease => Request::HoldRelease,
            ApplicationKind::Revocation => {
                let cause = self.cause.as_deref().unwrap_or_default();
                Request::Revocation(named(cause, RevocationCause::from_name)?)
            }
        })
    }
}

fn store_certified(certified: &Certified) -> StoredCertified {
    let attributes = &certified.attributes;
    StoredCertified {
        name: attributes.name.clone(),
        name_flags: attributes.name_flags.clone(),
        date_of_birth: attributes.date_of_birth.clone(),
        gender: attributes.gender,
        address: attributes.address.clone(),
        address_flags: attributes.address_flags.clone(),
        name_replacements: certified.name_replacements.iter().map(store_replacement).collect(),
        address_replacements: certified
            .address_replacements
            .iter()
            .map(store_replacement)
            .collect(),
    }
}

fn restore_certified(stored: StoredCertified) -> Result<Certified> {
    let restore = |replacements: Vec<_>| {
        replacements.into_iter().map(restore_replacement).collect::<Result<_>>()
    };
    Ok(Certified {
        attributes: CertifiedAttributes {
            name: stored.name,
            name_flags: stored.name_flags,
            date_of_birth: stored.date_of_birth,
            gender: stored.gender,
            address: stored.address,
            address_flags: stored.address_flags,
        },
        name_replacements: restore(stored.name_replacements)?,
        address_replacements: restore(stored.address_replacements)?,
    })
}

fn store_replacement(replacement: &Replacement) -> StoredReplacement {
    StoredReplacement {
        index: replacement.index,
        original: replacement.original.clone(),
        substitute: replacement.substitute,
        rule: replacement.rule.map(|rule| rule.name().to_owned()),
    }
}

fn restore_replacement(stored: StoredReplacement) -> Result<Replacement> {
    Ok(Replacement {
        index: stored.index,
        original: stored.original,
        substitute: stored.substitute,
        rule: stored.rule.map(|name| named(&name, rule_named)).transpose()?,
    })
}

fn rule_named(name: &str) -> Option<Rule> {
    use Rule::{Mj1, Mj2, Mj4, Mj8, Nta, SameCell, WithoutSelector};
    [WithoutSelector, SameCell, Nta, Mj1, Mj2, Mj4, Mj8].into_iter().find(|r| r.name() == name)
}
