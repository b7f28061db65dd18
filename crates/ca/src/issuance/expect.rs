//! Step 3: the draft's octets are read again and held against what policy and order want.

use domain::certificate::CertificateKind;
use domain::policy::{ExtensionRule, Policy};
use x509::lint::{Expectation, lint_certificate};
use x509::name::Name;
use x509::oid;

use super::draft::{Draft, profile};
use crate::error::{Error, Result};

/// Checks a draft.
///
/// # Errors
/// [`Error::Nonconforming`] with every finding: such bytes are never signed.
pub(super) fn check(policy: &Policy, draft: &Draft) -> Result<()> {
    let expectation = expectation(policy, draft)?;
    lint_certificate(&draft.tbs, &expectation).map_err(|findings| {
        Error::Nonconforming(findings.iter().map(ToString::to_string).collect())
    })
}

/// What the certificate must say, from the policy and the order, not from the template's bytes.
fn expectation(policy: &Policy, draft: &Draft) -> Result<Expectation> {
    let profile = profile(policy, draft.order.kind)?;
    let self_signed = draft.order.kind == CertificateKind::SelfSigned;
    Ok(Expectation {
        serial: draft.template.serial,
        signature: draft.signature,
        issuer: Name::write(&policy.issuer.name)?,
        validity: draft.template.validity,
        subject: draft.order.subject.clone(),
        subject_public_key_info: draft.order.key.as_der().to_vec(),
        extensions: profile.extensions.iter().map(|e| (oid_of(&e.rule), e.critical)).collect(),
        issuer_ends: draft.signer_ends,
        authority_key_identifier: (!self_signed).then(|| draft.signer_key_id.to_vec()),
    })
}

fn oid_of(rule: &ExtensionRule) -> oid::ObjectIdentifier {
    match rule {
        ExtensionRule::KeyUsage(_) => oid::KEY_USAGE,
        ExtensionRule::ExtendedKeyUsage(_) => oid::EXTENDED_KEY_USAGE,
        ExtensionRule::CertificatePolicies { .. } => oid::CERTIFICATE_POLICIES,
        ExtensionRule::SubjectAltName(_) => oid::SUBJECT_ALT_NAME,
        ExtensionRule::IssuerAltName => oid::ISSUER_ALT_NAME,
        ExtensionRule::BasicConstraintsAuthority => oid::BASIC_CONSTRAINTS,
        ExtensionRule::CrlDistributionPoints(_) => oid::CRL_DISTRIBUTION_POINTS,
        ExtensionRule::AuthorityInfoAccess => oid::AUTHORITY_INFO_ACCESS,
        ExtensionRule::AuthorityKeyIdentifier { .. } => oid::AUTHORITY_KEY_IDENTIFIER,
        ExtensionRule::SubjectKeyIdentifier => oid::SUBJECT_KEY_IDENTIFIER,
        ExtensionRule::OcspNoCheck => oid::OCSP_NO_CHECK,
    }
}
