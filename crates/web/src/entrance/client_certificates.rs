//! Client certificates of people: what they must be to be registered, and whether they still hold.
//!
//! A certificate opens no more than its issuer would have it open: one of this installation's CAs is
//! looked up, and one of another issuer on that issuer's list ([`foreign_issuers`]), where the operator
//! has named one.

use std::sync::Arc;

use domain::certificate::CertificateState;
use domain::rule;
use domain::rule::Rule;
use domain::staff::MAX_TOKEN_DAYS;
use jiff::Timestamp;
use ra::Issued;
use store::reads::{ReadAuthorities, ReadCertificates};
use x509::extension::KeyUsage;
use x509::public_key::SpkiInfo;
use x509::read::Certificate;
use x509::{key_check, oid, pem};

use super::door::unproven;
use super::foreign_issuers::{self, ForeignIssuer, Wanted};
use super::resting::{Own, Resting};
use crate::acts::after_days;
use crate::problem::Problem;

/// The field of a registration.
const FIELD: &str = "certificate_pem";

/// How client certificates stand, ours by what was issued and others by their issuers' lists.
pub(crate) struct ClientCertificates {
    authorities: Arc<dyn ReadAuthorities>,
    certificates: Arc<dyn ReadCertificates>,
    foreign_issuers: Arc<[ForeignIssuer]>,
}

impl ClientCertificates {
    pub(crate) fn new(
        authorities: Arc<dyn ReadAuthorities>,
        certificates: Arc<dyn ReadCertificates>,
        foreign_issuers: Arc<[ForeignIssuer]>,
    ) -> Self {
        Self { authorities, certificates, foreign_issuers }
    }

    /// Refuses a client certificate that is not in force any more, whoever it was registered for.
    pub(crate) fn expect_in_force(
        &self,
        der: Arc<[u8]>,
        now: Timestamp,
    ) -> Result<Resting, Problem> {
        let certificate =
            Certificate::parse(&der).map_err(|_| unproven("the certificate is unreadable"))?;
        match self.standing_of(&certificate, &der, now)? {
            Ok(ours) => Ok(Resting { der, ours }),
            Err(rule) => Err(unproven(rule!("the certificate lets nobody in: {}", rule.as_part()))),
        }
    }

    /// Refuses a client certificate that was revoked or held since it was shown. One may end meanwhile, or
    /// be revoked because another took its place: neither says that what was made with it was not made
    /// by its owner.
    pub(crate) fn expect_not_revoked(
        &self,
        der: Arc<[u8]>,
        now: Timestamp,
    ) -> Result<Resting, Problem> {
        let certificate =
            Certificate::parse(&der).map_err(|_| unproven("the certificate is unreadable"))?;
        let ours = self.unrevoked(&certificate, &der, now, Wanted::NotRevoked)?;
        Ok(Resting { ours: ours.map_err(unproven)?, der })
    }

    /// The certificate of a registration, and until when it may let its owner in: it is `proven` by
    /// this connection's handshake, in force, an end entity's for authentication, and as strong as
    /// keys are that a CA of ours would certify.
    pub(crate) fn expect_fit(
        &self,
        text: &str,
        proven: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(Vec<u8>, Timestamp), Problem> {
        let refused = |rule: Rule| Problem::refused(FIELD, rule);
        let none = |error: &dyn std::fmt::Display| {
            refused(Rule::from("it is no certificate").telling(error))
        };
        let der = pem::decode(pem::CERTIFICATE, text).map_err(|error| none(&error))?;
        let certificate = Certificate::parse(&der).map_err(|error| none(&error))?;
        expect_for_authentication(&certificate).map_err(refused)?;
        if proven != Some(&der) {
            let rule = "show it in the TLS handshake of this very connection, which proves its key";
            return Err(refused(rule.into()));
        }
        self.standing_of(&certificate, &der, now)?.map_err(refused)?;
        let longest = after_days(now, MAX_TOKEN_DAYS)?;
        let ends = certificate.tbs.validity.not_after.min(longest);
        Ok((der, ends))
    }

    /// Whether a certificate is in force by all that can be known of it here; the rule if not.
    fn standing_of(
        &self,
        certificate: &Certificate,
        der: &[u8],
        now: Timestamp,
    ) -> Result<Result<Option<Own>, Rule>, Problem> {
        let validity = &certificate.tbs.validity;
        if now < validity.not_before || validity.not_after < now {
            return Ok(Err("it is not in force now".into()));
        }
        if let Some(oid) = certificate.tbs.not_understood() {
            let rule = Rule::from("a critical extension of it is not understood here");
            return Ok(Err(rule.telling(oid)));
        }
        self.unrevoked(certificate, der, now, Wanted::InForce)
    }

    /// Whether a certificate is neither revoked nor held by all that can be known of it here; the rule if
    /// it is.
    fn unrevoked(
        &self,
        certificate: &Certificate,
        der: &[u8],
        now: Timestamp,
        wanted: Wanted,
    ) -> Result<Result<Option<Own>, Rule>, Problem> {
        let issued = Issued::look_up(&*self.authorities, &*self.certificates, certificate, der)?;
        Ok(match issued {
            Issued::Here(row) => {
                stands(row.state, wanted).map(|()| Some((row.intent.ca.clone(), row.intent.serial)))
            }
            Issued::Altered => Err("it bears our CA's name and is not its certificate".into()),
            Issued::Elsewhere => {
                let issuers = &self.foreign_issuers;
                foreign_issuers::expect_unlisted(issuers, certificate, der, now, wanted)
                    .map(|()| None)
            }
        })
    }
}

/// Whether a certificate of ours in this state is what is wanted.
fn stands(state: CertificateState, wanted: Wanted) -> Result<(), Rule> {
    match state {
        CertificateState::Good => Ok(()),
        CertificateState::Revoked { reason, .. } if wanted.forgives(Some(reason.code())) => Ok(()),
        CertificateState::Revoked { .. } => Err("it is revoked".into()),
        CertificateState::Held { .. } => Err("it is on hold".into()),
        CertificateState::Undelivered { .. } | CertificateState::Intended => {
            Err("it is not delivered".into())
        }
    }
}

fn expect_for_authentication(certificate: &Certificate) -> Result<(), Rule> {
    let tbs = &certificate.tbs;
    let said = |error: x509::Error| Rule::from("it cannot be read").telling(error);
    if tbs.basic_constraints().map_err(said)?.is_some_and(|found| found.ca) {
        return Err("it is a CA's".into());
    }
    if tbs.key_usage().map_err(said)?.is_some_and(|u| !u.contains(KeyUsage::DIGITAL_SIGNATURE)) {
        return Err("its keyUsage does not permit digitalSignature".into());
    }
    let purposes = tbs.extended_key_usage().map_err(said)?;
    if !purposes.is_empty() && !purposes.contains(&oid::CLIENT_AUTH) {
        return Err("its extKeyUsage does not permit clientAuth".into());
    }
    let key = SpkiInfo::parse(&tbs.subject_public_key_info).map_err(said)?;
    key_check::expect_strong(&key).map_err(Rule::from)
}
