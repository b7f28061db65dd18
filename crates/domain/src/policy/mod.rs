//! What a CA permits, as data: one policy per CA and effective date, every entry with its clause.
//!
//! A policy is read from TOML into [`file`] shapes and becomes a [`Policy`] by [`Policy::from_toml`];
//! data chooses and parameterises the closed enums here, there are no expressions.

mod check;
mod clause;
mod error;
mod file;
mod oid;
mod profile;
mod read;
mod show;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;

pub use clause::Clause;
pub use error::PolicyError;
pub use oid::ObjectIdentifier;
pub use profile::{
    Extension, ExtensionRule, KeyUsageBit, ListPoint, NamesSource, Profile, SubjectRule,
    ValidityRule,
};

use crate::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use crate::application::ApplicationKind;
use crate::certificate::CertificateKind;
use crate::id::{CaId, MunicipalityCode};
use crate::identity::{Applicant, Evidence};
use crate::name::DistinguishedName;
use crate::named::named;
use crate::revocation::{Requester, RevocationCause, RevocationReason};

/// A valid policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The CA it belongs to.
    pub ca: CaId,
    /// What the CA is called, in Japanese.
    pub title: String,
    /// Where its CPS is published.
    pub cps: Cps,
    /// The day from which it holds.
    pub effective_from: Date,
    /// Whether the CA is a test CA, which alone may use the test policy OIDs.
    pub test: bool,
    /// How the CA is named.
    pub issuer: Issuer,
    /// The prefecture (two digits) whose municipalities it serves; all when absent.
    pub prefecture: Option<String>,
    /// Keys and signatures.
    pub keys: KeyRules,
    /// Who opens the CA's keys.
    pub custodians: CustodianRules,
    /// What can be applied for.
    pub applications: ApplicationRules,
    /// What a window checks, by who stands there.
    pub identity: Vec<IdentityRule>,
    /// Holds, where there are any.
    pub hold: Option<HoldRule>,
    /// Which event revokes with which reason, and who may ask.
    pub revocations: Vec<RevocationRule>,
    /// Revocation lists.
    pub lists: ListRules,
    /// Status answers.
    pub ocsp: OcspRules,
    /// What certificates look like, by kind.
    pub profiles: BTreeMap<CertificateKind, Profile>,
}

/// The CPS a policy puts into data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cps {
    /// Its title.
    pub title: String,
    /// Where it is published; the CPS qualifier of certificates.
    pub uri: String,
    /// Laws it rests on, as title and address.
    pub laws: Vec<(String, String)>,
}

/// How the CA is named; every key generation has the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The issuer field.
    pub name: DistinguishedName,
    /// The Japanese name in subjectAltName and issuerAltName.
    pub alternative_name: DistinguishedName,
    /// Where this is ruled.
    pub clause: Clause,
}

/// Keys and signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRules {
    /// The CA's own keys.
    pub ca: KeyRule,
    /// What the CA signs with.
    pub signature: SignatureAlgorithm,
    /// The residents' keys and who makes them, where the CA has users.
    pub user: Option<UserKeyRule>,
    /// Keys of servers and responders.
    pub other: KeyRule,
    /// Years after which the CA's key is renewed.
    pub ca_renewal_years: u8,
}

/// One kind of key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRule {
    /// The algorithm.
    pub algorithm: KeyAlgorithm,
    /// Where this is ruled.
    pub clause: Clause,
}

/// The residents' keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserKeyRule {
    /// The algorithm.
    pub algorithm: KeyAlgorithm,
    /// What is made instead for a card that takes no key of `algorithm`, the first one it takes.
    pub instead: Vec<KeyAlgorithm>,
    /// Who makes them.
    pub made_by: KeyMaker,
    /// How many are made ahead of need; none where the holders make them.
    pub pool: u16,
    /// Where this is ruled.
    pub clause: Clause,
}

impl UserKeyRule {
    /// Every algorithm that may be certified, the rule's own first.
    pub fn permitted(&self) -> impl Iterator<Item = KeyAlgorithm> + '_ {
        [self.algorithm].into_iter().chain(self.instead.iter().copied())
    }

    /// The algorithm for a card that takes keys of these, if it takes any that is permitted.
    pub fn for_card(&self, taken: &[KeyAlgorithm]) -> Option<KeyAlgorithm> {
        self.permitted().find(|algorithm| taken.contains(algorithm))
    }
}

/// Who makes a resident's key pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMaker {
    /// The CA, wrapped to the card (A 6.1.1.2).
    Authority,
    /// The holder, on the municipality's generator; only the public key travels (S 6-1-2-1).
    Holder,
}

/// How many custodians open the CA's keys, and for how long (A 6.2.2.1, S 6-2-1-2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustodianRules {
    /// How many must come together; at least two, because no one alone may.
    pub threshold: u8,
    /// How many there are.
    pub number: u8,
    /// Minutes within which they must come together.
    pub window_minutes: u16,
    /// Hours for which the keys then stay open.
    pub active_hours: u16,
    /// Where this is ruled.
    pub clause: Clause,
}

/// What can be applied for at a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRules {
    /// The kinds that are taken.
    pub kinds: Vec<ApplicationKind>,
    /// Whether a second person approves what a clerk verified.
    pub second_approval: bool,
    /// What the world is told of a certificate that was issued but not delivered.
    pub undelivered: Undelivered,
    /// Where this is ruled.
    pub clause: Clause,
}

/// What OCSP and CRL say until delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undelivered {
    /// certificateHold.
    Hold,
    /// Nothing: the CPS knows no hold, and delivery follows at the same window.
    Good,
}

/// What a window checks before it believes an applicant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRule {
    /// Who stands at the window.
    pub applicant: Applicant,
    /// The evidence, all of it needed.
    pub evidence: Vec<Evidence>,
    /// Where this is ruled.
    pub clause: Clause,
}

/// That a certificate may be held, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRule {
    /// Who may ask for the hold and for its release.
    pub requested_by: Vec<Requester>,
    /// Where this is ruled.
    pub clause: Clause,
}

named! {
    /// Whose certificates a row of the revocation table is about.
    Subjects {
        /// Residents' certificates (利用者証明用電子証明書, 電子証明書).
        Users = "users",
        /// The CA's own, its responders and servers (その他の証明書; A 4.9.1.2).
        Others = "others",
    }
}

/// One row of the revocation table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationRule {
    /// Whose certificates it is about.
    pub subjects: Subjects,
    /// The event.
    pub cause: RevocationCause,
    /// The reason it leaves in lists and answers.
    pub reason: RevocationReason,
    /// Who may ask.
    pub requested_by: Vec<Requester>,
    /// Whether a second person must approve.
    pub second_approval: bool,
    /// Whether the holder may also ask online, signed with the signature certificate.
    pub online: bool,
    /// Where this is ruled.
    pub clause: Clause,
}

/// Revocation lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRules {
    /// Hours from `thisUpdate` to `nextUpdate`.
    pub validity_hours: u16,
    /// Hours from one issue to the next.
    pub period_hours: u16,
    /// The name above the distribution points of the municipalities.
    pub base: DistinguishedName,
    /// Where this is ruled.
    pub clause: Clause,
}

/// Status answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRules {
    /// The address in authorityInfoAccess.
    pub uri: String,
    /// Whether a user certificate's status is only for registered verifiers.
    pub verifiers_only: bool,
    /// Where this is ruled.
    pub clause: Clause,
}

impl Policy {
    /// Whether the CA serves this municipality.
    pub fn serves(&self, municipality: MunicipalityCode) -> bool {
        self.prefecture.as_deref().is_none_or(|prefecture| prefecture == municipality.prefecture())
    }

    /// The row of the revocation table for residents' certificates and `cause`, if there is one.
    pub fn revocation(&self, cause: RevocationCause) -> Option<&RevocationRule> {
        self.revocation_of(CertificateKind::User, cause)
    }

    /// The row of the revocation table for a kind of certificate and `cause`, if there is one.
    pub fn revocation_of(
        &self,
        kind: CertificateKind,
        cause: RevocationCause,
    ) -> Option<&RevocationRule> {
        self.rows_of(kind).find(|rule| rule.cause == cause)
    }

    /// The causes that the table has for a kind of certificate, in its order.
    pub fn causes_of(&self, kind: CertificateKind) -> Vec<RevocationCause> {
        self.rows_of(kind).map(|rule| rule.cause).collect()
    }

    fn rows_of(&self, kind: CertificateKind) -> impl Iterator<Item = &RevocationRule> {
        let subjects = match kind {
            CertificateKind::User => Subjects::Users,
            _ => Subjects::Others,
        };
        self.revocations.iter().filter(move |rule| rule.subjects == subjects)
    }

    /// Whether residents' certificates are for signatures: nonRepudiation in their profile (S 7-1-1).
    pub fn certifies_signatures(&self) -> bool {
        let signs = |extension: &Extension| {
            let bits = match &extension.rule {
                ExtensionRule::KeyUsage(bits) => bits.as_slice(),
                _ => &[],
            };
            bits.contains(&KeyUsageBit::NonRepudiation)
        };
        let profile = self.profiles.get(&CertificateKind::User);
        profile.is_some_and(|profile| profile.extensions.iter().any(signs))
    }

    /// What must be checked of `applicant`.
    pub fn evidence(&self, applicant: Applicant) -> Option<&IdentityRule> {
        self.identity.iter().find(|rule| rule.applicant == applicant)
    }
}

impl KeyMaker {
    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Holder => "holder",
        }
    }
}

impl Undelivered {
    /// The name in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Good => "good",
        }
    }
}
