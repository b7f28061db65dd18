//! Sample certificates and lists of a rehearsal, by the profiles of the policy.

use std::io::Read;

use domain::certificate::CertificateKind;
use domain::crl_series::Partition;
use domain::id::SerialNumber;
use domain::municipality;
use domain::name::{Attribute, AttributeKind};
use domain::policy::{ExtensionRule, NamesSource, Profile, SubjectRule, ValidityRule};
use domain::rule;
use domain::validity::{self, Period};
use jiff::Timestamp;
use store::{RevokedSnapshot, SeriesKey, StatusRow, Tally};
use x509::general_name::GeneralName;
use x509::name::Name;
use x509::read::Certificate;

use super::model::Model;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::issuance::{Order, subject_of_user, years};
use crate::lists::{lint_list, list_template, write_list};
use crate::partition::partition_of;
use crate::request::CertifiedAttributes;
use crate::user_certificates::attribute_names;

/// A certificate of one generation.
pub(super) struct Sample {
    pub(super) kind: CertificateKind,
    pub(super) generation: u32,
    pub(super) certificate: Certificate,
}

/// A list of one generation.
pub(super) struct SampleList {
    pub(super) generation: u32,
    pub(super) partition: Partition,
    pub(super) der: Vec<u8>,
}

/// What is issued just before the move by the old key, and at the move by the new one.
pub(super) fn certificates(model: &Model<'_>, issues_from: Timestamp) -> Result<Vec<Sample>> {
    let before = issues_from - jiff::SignedDuration::from_secs(1);
    let mut samples = Vec::new();
    for (generation, at) in [(&model.old, before), (&model.new, issues_from)] {
        for kind in
            [CertificateKind::User, CertificateKind::TlsServer, CertificateKind::OcspResponder]
        {
            if let Some(profile) = model.policy.profiles.get(&kind) {
                let order = order(model, kind, profile, at)?;
                let certificate = model.certify(order, generation)?;
                samples.push(Sample { kind, generation: generation.number, certificate });
            }
        }
    }
    Ok(samples)
}

/// The lists that relying parties find: of every partition that a sample or a link belongs to, one
/// by each generation under the same name.
pub(super) fn lists(model: &Model<'_>, at: Timestamp) -> Result<Vec<SampleList>> {
    let mut partitions = vec![Partition::Other, Partition::ArlSelfSigned, Partition::ArlLink];
    partitions.extend(municipality(model).map(Partition::Municipality));
    let mut lists = Vec::new();
    for generation in model.generations() {
        for partition in &partitions {
            let der = list(model, generation, *partition, at)?;
            lists.push(SampleList { generation: generation.number, partition: *partition, der });
        }
    }
    Ok(lists)
}

/// The last second of the longest user certificate that is issued at `at`, where there are users.
pub(super) fn longest_user(model: &Model<'_>, at: Timestamp) -> Result<Option<Timestamp>> {
    let profile = model.policy.profiles.get(&CertificateKind::User);
    Ok(profile.map(|profile| user_period(profile.validity, at)).transpose()?.map(|p| p.not_after))
}

fn order(
    model: &Model<'_>,
    kind: CertificateKind,
    profile: &Profile,
    at: Timestamp,
) -> Result<Order> {
    let rules = &model.policy.keys;
    let (algorithm, place, period) = match kind {
        CertificateKind::User => {
            let algorithm = rules.user.as_ref().map_or(rules.other.algorithm, |u| u.algorithm);
            (algorithm, municipality(model), user_period(profile.validity, at)?)
        }
        _ => (rules.other.algorithm, None, years(profile.validity, at)?),
    };
    let subject = match (&profile.subject, place) {
        (SubjectRule::Service { base }, _) => {
            base.below([Attribute::new(AttributeKind::CommonName, "Rehearsal")])
        }
        (rule, Some(place)) => subject_of_user(model.sequence, rule, at, place, 0)?,
        _ => return Err(Error::refused("profile", rule!("nobody is named by that of {}", kind))),
    };
    Ok(Order {
        kind,
        partition: partition_of(kind, place)?,
        subject: Name::write(&subject)?,
        key: model.sample_key(algorithm)?,
        period,
        names: names(profile),
        holder: None,
        application: None,
    })
}

/// The longest period that the rule gives: to a holder whose birthday was on the day of issue.
fn user_period(rule: ValidityRule, at: Timestamp) -> Result<Period> {
    match rule {
        ValidityRule::Birthdays { renewed_count, .. } => {
            let birth = validity::civil_date(at);
            Ok(validity::to_birthday(at, birth, renewed_count, None)?)
        }
        other => years(other, at),
    }
}

fn names(profile: &Profile) -> Vec<GeneralName> {
    let source = profile.extensions.iter().find_map(|extension| match extension.rule {
        ExtensionRule::SubjectAltName(source) => Some(source),
        _ => None,
    });
    match source {
        Some(NamesSource::BasicAttributes) => attribute_names(&CertifiedAttributes {
            name: "試験\u{3000}太郎".to_owned(),
            name_flags: "00000".to_owned(),
            date_of_birth: "320000101".to_owned(),
            gender: '3',
            address: "試験".to_owned(),
            address_flags: "00".to_owned(),
        }),
        Some(NamesSource::Requested) => vec![GeneralName::Dns("rehearsal.example".to_owned())],
        Some(NamesSource::IssuerAlternative) | None => Vec::new(),
    }
}

/// A municipality that the CA serves, where it has users.
fn municipality(model: &Model<'_>) -> Option<domain::id::MunicipalityCode> {
    let policy = model.policy;
    policy.profiles.contains_key(&CertificateKind::User).then_some(())?;
    municipality::all().map(|one| one.code).find(|code| policy.serves(*code))
}

fn list(
    model: &Model<'_>,
    generation: &Generation,
    partition: Partition,
    at: Timestamp,
) -> Result<Vec<u8>> {
    let policy = model.policy;
    let series = SeriesKey { ca: policy.id().clone(), generation: generation.number, partition };
    let template = list_template(policy, at, &series, 1, generation)?;
    lint_list(policy, &template, &series, generation)?;
    let (mut file, _) = write_list(&model.keys, &template, generation, &Nothing)?;
    let mut der = Vec::new();
    file.read_to_end(&mut der)?;
    Ok(der)
}

/// A view of a database in which nothing is revoked.
struct Nothing;

impl RevokedSnapshot for Nothing {
    fn as_of(&self) -> store::Sequence {
        0
    }

    fn for_each(&self, _: &mut dyn FnMut(StatusRow)) -> store::Result<u64> {
        Ok(0)
    }

    fn tally(&self) -> store::Result<Tally> {
        Ok(Tally::default())
    }

    fn status(&self, _: &SerialNumber) -> store::Result<Option<StatusRow>> {
        Ok(None)
    }
}
