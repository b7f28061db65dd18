//! Certificates that are not for residents: the CA's own, its responder, its servers (L13).

use domain::act::Act;
use domain::certificate::{CertificateEvent, CertificateKind};
use domain::journal::EventKind;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use domain::policy::{SubjectRule, ValidityRule};
use domain::rule;
use domain::rule::Rule;
use domain::validity::{self, Period};
use jiff::Timestamp;
use x509::general_name::GeneralName;
use x509::key_check;
use x509::name::Name;
use x509::public_key::SpkiInfo;

use super::Issued;
use super::draft::{Order, profile};
use super::steps::CERTIFIED_ONCE;
use crate::authority::CertificationAuthority;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::partition::partition_of;
use crate::request::ServiceRequest;

/// A TLS server has a handful of names; more is a mistake.
const MAXIMUM_NAMES: usize = 100;

impl CertificationAuthority {
    /// Issues a certificate to a server or responder; it is in force at once (A 4.3.1.2).
    ///
    /// # Errors
    /// [`Error::Refused`] by the rules of the policy, journaled.
    pub fn issue_to_service(&self, act: &Act, request: &ServiceRequest) -> Result<Issued> {
        let signer = self.generations.current_at(act.at)?;
        self.issue_with(act, request, &signer)
    }

    /// The same by the key of a certain generation.
    pub(crate) fn issue_with(
        &self,
        act: &Act,
        request: &ServiceRequest,
        signer: &Generation,
    ) -> Result<Issued> {
        let result = self
            .service_order(act, request)
            .and_then(|order| self.issue(act, order, signer, CertificateEvent::IssueInForce));
        self.ledger.recording(act, EventKind::CertificateIntended, &request.common_name, result)
    }

    /// What is to be issued, if policy and key allow it.
    pub(crate) fn service_order(&self, act: &Act, request: &ServiceRequest) -> Result<Order> {
        let profile = profile(&self.policy, request.kind)?;
        let SubjectRule::Service { base } = &profile.subject else {
            return Err(Error::refused(
                "kind",
                rule!("{} is not issued to a service", request.kind),
            ));
        };
        let key = SpkiInfo::parse(&request.spki).map_err(super::user::no_key)?;
        key_check::check(&key, self.policy.keys.other.algorithm, &*self.weak_keys)
            .map_err(|refused| Error::refused("public key", refused))?;
        if self.certificates.key_was_certified(&key.spki_sha256())? {
            return Err(Error::refused("public key", CERTIFIED_ONCE));
        }
        Ok(Order {
            kind: request.kind,
            partition: partition_of(request.kind, None)?,
            subject: Name::write(&below(base, &request.common_name)?)?,
            key,
            period: years(profile.validity, act.at)?,
            names: requested_names(request)?,
            holder: None,
            application: None,
        })
    }

    /// The period of a certificate to the CA's own name: `links` has, for a link, when the key was
    /// made that it is for, and when the old root ends.
    pub(crate) fn own_period(
        &self,
        kind: CertificateKind,
        at: Timestamp,
        link: Option<(Timestamp, Timestamp)>,
    ) -> Result<Period> {
        match (profile(&self.policy, kind)?.validity, link) {
            (ValidityRule::OldWithNew | ValidityRule::NewWithOld, Some((made, ends))) => {
                Ok(validity::for_link(made, ends)?)
            }
            (rule, _) => years(rule, at),
        }
    }
}

pub(crate) fn years(rule: ValidityRule, at: Timestamp) -> Result<Period> {
    match rule {
        ValidityRule::Years { years } => Ok(validity::for_years(at, years)?),
        ValidityRule::Birthdays { .. } => {
            Err(Error::refused("profile", "only residents have birthdays"))
        }
        ValidityRule::OldWithNew | ValidityRule::NewWithOld => {
            Err(Error::refused("profile", "only links last as links do"))
        }
    }
}

/// The requested common name below the name of the service.
fn below(base: &DistinguishedName, common_name: &str) -> Result<DistinguishedName> {
    let length = common_name.chars().count();
    // RFC 5280 appendix A.1: ub-common-name is 64.
    if length == 0 || length > 64 || common_name.chars().any(char::is_control) {
        return Err(Error::refused(
            "common_name",
            "1 to 64 characters, none of them a control character",
        ));
    }
    Ok(base.below([Attribute::new(AttributeKind::CommonName, common_name)]))
}

fn requested_names(request: &ServiceRequest) -> Result<Vec<GeneralName>> {
    let dns = request.dns_names.iter().map(|name| dns_name(name));
    let addresses = request.addresses.iter().map(|address| Ok(GeneralName::IpAddress(*address)));
    let names = dns.chain(addresses).collect::<Result<Vec<_>>>()?;
    if names.len() > MAXIMUM_NAMES {
        return Err(Error::refused("subjectAltName", rule!("at most {} names", MAXIMUM_NAMES)));
    }
    Ok(names)
}

/// A host name of letters, digits and hyphens (RFC 1034 3.5, RFC 5280 4.2.1.6), no wildcard.
fn dns_name(name: &str) -> Result<GeneralName> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(GeneralName::Dns(name.to_owned()))
    } else {
        Err(Error::refused(
            "dns_names",
            Rule::from("one is no host name (RFC 1034 3.5)").telling(name),
        ))
    }
}
