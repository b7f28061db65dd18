//! Which list a certificate belongs to, and how the list's distribution point is named (V2).

use domain::certificate::CertificateKind;
use domain::crl_series::Partition;
use domain::id::MunicipalityCode;
use domain::municipality;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use domain::policy::Policy;

use crate::error::{Error, Result};

/// The list that tells of a certificate's revocation, fixed at issue.
///
/// # Errors
/// [`Error::Refused`] for a user certificate without a municipality.
pub fn partition_of(
    kind: CertificateKind,
    municipality: Option<MunicipalityCode>,
) -> Result<Partition> {
    Ok(match (kind, municipality) {
        (CertificateKind::User, Some(code)) => Partition::Municipality(code),
        (CertificateKind::User, None) => {
            return Err(Error::refused(
                "municipality",
                "a user certificate belongs to one (S 4-4-4-4)",
            ));
        }
        (CertificateKind::SelfSigned, _) => Partition::ArlSelfSigned,
        (CertificateKind::LinkOldWithNew | CertificateKind::LinkNewWithOld, _) => {
            Partition::ArlLink
        }
        (CertificateKind::Cross, _) => Partition::ArlCross,
        _ => Partition::Other,
    })
}

/// The name of a partition's distribution point: in certificates, in the list's IDP, in LDAP.
///
/// # Errors
/// [`Error::Unknown`] for a municipality that is not in the list.
pub fn distribution_point(policy: &Policy, partition: Partition) -> Result<DistinguishedName> {
    let issuer = &policy.issuer.name;
    let common_name = |text: &str| Attribute::new(AttributeKind::CommonName, text);
    Ok(match partition {
        Partition::Municipality(code) => {
            let municipality = municipality::find(code)
                .ok_or_else(|| Error::Unknown { field: "municipality", value: code.to_string() })?;
            let prefecture = municipality.prefecture_romanised();
            let point = format!("{} CRLDP", municipality.romanised);
            policy.lists.base.below([
                Attribute::new(AttributeKind::OrganizationalUnit, prefecture),
                common_name(&point),
            ])
        }
        Partition::Other => policy.lists.base.below([common_name("Other CRLDP")]),
        Partition::ArlSelfSigned => issuer.clone(),
        Partition::ArlLink => issuer.below([common_name("Link ARLDP")]),
        Partition::ArlCross => issuer.below([common_name("Cross ARLDP")]),
    })
}
