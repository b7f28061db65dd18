//! Step 2: from an order and the policy to the octets that will be signed.

use domain::algorithm::SignatureAlgorithm;
use domain::certificate::CertificateKind;
use domain::crl_series::Partition;
use domain::id::{ApplicationId, ResidentCode, SerialNumber};
use domain::policy::{ExtensionRule, KeyUsageBit, ListPoint, NamesSource, Policy, Profile};
use domain::rule;
use domain::rule::Rule;
use domain::validity::Period;
use jiff::Timestamp;
use store::IntentRow;
use x509::certificate::{CertificateTemplate, Validity};
use x509::extension::{
    AuthorityKeyIdentifier, Extension, ExtensionValue, KeyUsage, PolicyInformation,
};
use x509::general_name::GeneralName;
use x509::name::Name;
use x509::public_key::SpkiInfo;
use x509::read::TbsCertificate;

use crate::error::{Error, Result};
use crate::generation::Generation;
use crate::partition::distribution_point;

/// The version of the program that drafts: another may draft other octets by the same policy.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// One certificate to be issued, with everything the profile leaves open.
#[derive(Debug)]
pub(crate) struct Order {
    pub kind: CertificateKind,
    pub partition: Partition,
    pub subject: Name,
    pub key: SpkiInfo,
    pub period: Period,
    /// The names for subjectAltName that come from the request or the resident.
    pub names: Vec<GeneralName>,
    pub holder: Option<ResidentCode>,
    pub application: Option<ApplicationId>,
}

/// A drafted certificate.
pub(crate) struct Draft {
    pub order: Order,
    pub template: CertificateTemplate,
    pub tbs: Vec<u8>,
    pub generation: u32,
    /// What the key that will sign signs with.
    pub signature: SignatureAlgorithm,
    /// The key identifier of the key that will sign.
    pub signer_key_id: [u8; 20],
    /// The last second of the root of that key.
    pub signer_ends: Timestamp,
}

impl Draft {
    pub(super) fn new(
        policy: &Policy,
        serial: SerialNumber,
        order: Order,
        signer: &Generation,
    ) -> Result<Self> {
        let profile = profile(policy, order.kind)?;
        let source = Source { policy, order: &order, signer, serial };
        let extensions = profile
            .extensions
            .iter()
            .map(|extension| {
                let value = source.value(&extension.rule)?;
                Ok(Extension { critical: extension.critical, value })
            })
            .collect::<Result<Vec<_>>>()?;
        let template = CertificateTemplate {
            serial,
            signature: signer.signature,
            issuer: signer.name.clone(),
            validity: Validity {
                not_before: order.period.not_before,
                not_after: order.period.not_after,
            },
            subject: order.subject.clone(),
            subject_public_key_info: order.key.as_der().to_vec(),
            extensions,
        };
        let tbs = template.to_tbs()?;
        let signer_key_id = signer.key.key_identifier();
        let (generation, signature) = (signer.number, signer.signature);
        let signer_ends = signer.ends;
        Ok(Self { generation, signature, order, template, tbs, signer_key_id, signer_ends })
    }
}

impl Order {
    /// The order, if what it leads to ends with the signer's root at the latest: after that nobody lists
    /// it or answers for it (A 6.3.2, S 6-3-1-2). A responder's certificate ends with the root, because
    /// somebody has to answer until then; the period of any other is what the clause says it is, or there
    /// is none.
    ///
    /// # Errors
    /// [`Error::Refused`] for a period beyond the root's.
    pub(crate) fn within(mut self, signer: &Generation) -> Result<Self> {
        let ends = self.period.not_after;
        match self.kind {
            _ if ends <= signer.ends => {}
            CertificateKind::OcspResponder => self.period.not_after = signer.ends,
            kind => {
                let root = signer.ends;
                let rule = rule!(
                    "a certificate of kind {} would last until {}, and the root of the key that \
                     signs it ends at {}: renew the key first (A 5.6, 6.3.2, S 6-3-1-2)",
                    kind,
                    ends,
                    root
                );
                return Err(Error::refused("validity", rule));
            }
        }
        Ok(self)
    }

    /// The order that led to an intent, from what its TBS leaves to an order and nothing else: names,
    /// key and period. Everything else a draft of it takes from the policy.
    ///
    /// # Errors
    /// [`Error::Encoding`] for a TBS that cannot be read.
    pub(crate) fn of_intent(row: &IntentRow) -> Result<Self> {
        let tbs = TbsCertificate::parse(&row.tbs)?;
        Ok(Self {
            kind: row.kind,
            partition: row.partition,
            names: tbs.subject_alt_names()?,
            key: SpkiInfo::parse(&tbs.subject_public_key_info)?,
            period: Period {
                not_before: tbs.validity.not_before,
                not_after: tbs.validity.not_after,
            },
            subject: tbs.subject,
            holder: row.holder.clone(),
            application: row.application.clone(),
        })
    }
}

/// The profile of a kind.
///
/// # Errors
/// [`Error::Refused`] when the policy has none: such certificates are not issued.
pub(crate) fn profile(policy: &Policy, kind: CertificateKind) -> Result<&Profile> {
    let none =
        || Error::refused("kind", rule!("the policy of {} has no profile {}", policy.ca, kind));
    policy.profiles.get(&kind).ok_or_else(none)
}

/// Octets that are no public key.
pub(crate) fn no_key(error: x509::Error) -> Error {
    Error::refused("public key", Rule::from("it is none").telling(error))
}

/// Where the values of extensions come from.
struct Source<'a> {
    policy: &'a Policy,
    order: &'a Order,
    signer: &'a Generation,
    serial: SerialNumber,
}

impl Source<'_> {
    fn value(&self, rule: &ExtensionRule) -> Result<ExtensionValue> {
        Ok(match rule {
            ExtensionRule::KeyUsage(bits) => ExtensionValue::KeyUsage(key_usage(bits)),
            ExtensionRule::ExtendedKeyUsage(purposes) => {
                ExtensionValue::ExtendedKeyUsage(purposes.iter().map(oid).collect::<Result<_>>()?)
            }
            ExtensionRule::CertificatePolicies { policy, cps } => {
                let cps_uri = cps.then(|| self.policy.cps.uri.clone());
                ExtensionValue::CertificatePolicies(vec![PolicyInformation {
                    policy: oid(policy)?,
                    cps_uri,
                }])
            }
            ExtensionRule::SubjectAltName(source) => {
                ExtensionValue::SubjectAltName(self.names(*source)?)
            }
            ExtensionRule::IssuerAltName => {
                ExtensionValue::IssuerAltName(vec![self.issuer_alternative()?])
            }
            ExtensionRule::BasicConstraintsAuthority => {
                ExtensionValue::BasicConstraints { ca: true, path_length: None }
            }
            ExtensionRule::CrlDistributionPoints(point) => {
                ExtensionValue::CrlDistributionPoints(vec![self.list_point(*point)?])
            }
            ExtensionRule::AuthorityInfoAccess => ExtensionValue::AuthorityInfoAccess {
                ocsp_uris: vec![self.policy.ocsp.uri.clone()],
            },
            ExtensionRule::AuthorityKeyIdentifier { issuer_and_serial } => {
                self.authority_key_identifier(*issuer_and_serial)
            }
            ExtensionRule::SubjectKeyIdentifier => {
                ExtensionValue::SubjectKeyIdentifier(self.order.key.key_identifier().to_vec())
            }
            ExtensionRule::OcspNoCheck => ExtensionValue::OcspNoCheck,
        })
    }

    fn names(&self, source: NamesSource) -> Result<Vec<GeneralName>> {
        match source {
            NamesSource::IssuerAlternative => Ok(vec![self.issuer_alternative()?]),
            NamesSource::BasicAttributes | NamesSource::Requested
                if self.order.names.is_empty() =>
            {
                Err(Error::refused(
                    "subjectAltName",
                    "the profile needs names, and none were given (RFC 5280 4.2.1.6)",
                ))
            }
            NamesSource::BasicAttributes | NamesSource::Requested => Ok(self.order.names.clone()),
        }
    }

    fn issuer_alternative(&self) -> Result<GeneralName> {
        Ok(GeneralName::DirectoryName(Name::write(&self.policy.issuer.alternative_name)?))
    }

    fn list_point(&self, point: ListPoint) -> Result<Name> {
        match point {
            ListPoint::Issuer => Ok(self.signer.name.clone()),
            ListPoint::Partition => {
                Ok(Name::write(&distribution_point(self.policy, self.order.partition)?)?)
            }
        }
    }

    fn authority_key_identifier(&self, issuer_and_serial: bool) -> ExtensionValue {
        // A certificate that its own key signs has itself for an issuer certificate.
        let serial = if self.order.kind == CertificateKind::SelfSigned {
            self.serial
        } else {
            self.signer.self_signed
        };
        ExtensionValue::AuthorityKeyIdentifier(AuthorityKeyIdentifier {
            key_identifier: self.signer.key.key_identifier().to_vec(),
            issuer_and_serial: issuer_and_serial
                .then(|| (self.signer.name.clone(), serial.to_integer())),
        })
    }
}

fn oid(oid: &domain::policy::ObjectIdentifier) -> Result<x509::oid::ObjectIdentifier> {
    x509::oid::ObjectIdentifier::new(oid.as_str())
        .map_err(|_| Error::refused("policy", rule!("{} cannot be encoded", oid)))
}

fn key_usage(bits: &[KeyUsageBit]) -> KeyUsage {
    bits.iter().fold(KeyUsage::default(), |usage, bit| {
        usage.and(match bit {
            KeyUsageBit::DigitalSignature => KeyUsage::DIGITAL_SIGNATURE,
            KeyUsageBit::NonRepudiation => KeyUsage::NON_REPUDIATION,
            KeyUsageBit::KeyEncipherment => KeyUsage::KEY_ENCIPHERMENT,
            KeyUsageBit::KeyCertSign => KeyUsage::KEY_CERT_SIGN,
            KeyUsageBit::CrlSign => KeyUsage::CRL_SIGN,
        })
    })
}
