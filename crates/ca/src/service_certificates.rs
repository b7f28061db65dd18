//! Certificates of servers and responders: the rules around the six steps (L13).

use std::sync::Arc;

use domain::act::Act;
use domain::certificate::CertificateEvent;
use domain::journal::EventKind;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use domain::policy::SubjectRule;
use domain::rule;
use domain::rule::Rule;
use x509::general_name::GeneralName;
use x509::key_check::{self, WeakKeys};
use x509::name::Name;
use x509::public_key::SpkiInfo;

use crate::adoption::PolicyInEffect;
use crate::certificates::Certificates;
use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::generations::Generations;
use crate::hands::Hands;
use crate::issuance::{CERTIFIED_ONCE, Issuance, Issued, Order, no_key, profile, years};
use crate::ledger::Ledger;
use crate::partition::partition_of;
use crate::request::ServiceRequest;

/// A TLS server has a handful of names; more is a mistake.
const MAXIMUM_NAMES: usize = 100;

/// The certificates of servers and responders. It holds a request against the policy; the six steps sign.
pub struct ServiceCertificates {
    policy: Arc<PolicyInEffect>,
    ledger: Ledger,
    certificates: Certificates,
    generations: Arc<Generations>,
    issuance: Arc<Issuance>,
    weak_keys: Arc<WeakKeys>,
}

impl ServiceCertificates {
    pub(crate) fn new(hands: &Hands, issuance: &Arc<Issuance>) -> Self {
        Self {
            policy: hands.policy.clone(),
            ledger: hands.ledger.clone(),
            certificates: hands.certificates.clone(),
            generations: hands.generations.clone(),
            issuance: issuance.clone(),
            weak_keys: hands.weak_keys.clone(),
        }
    }

    /// Issues a certificate to a server or responder; it is in force at once (A 4.3.1.2).
    ///
    /// # Errors
    /// [`Error::Refused`] by the rules of the policy, journaled.
    pub fn issue(&self, act: &Act, request: &ServiceRequest) -> Result<Issued> {
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
        let result = self.order(act, request).and_then(|order| {
            self.issuance.issue(act, order, signer, CertificateEvent::IssueInForce)
        });
        self.ledger.recording(act, EventKind::CertificateIntended, request.kind, result)
    }

    /// What is to be issued, if policy and key allow it.
    pub(crate) fn order(&self, act: &Act, request: &ServiceRequest) -> Result<Order> {
        let profile = profile(&self.policy, request.kind)?;
        let SubjectRule::Service { base } = &profile.subject else {
            return Err(Error::refused(
                "kind",
                rule!("{} is not issued to a service", request.kind),
            ));
        };
        let key = SpkiInfo::parse(&request.spki).map_err(no_key)?;
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
