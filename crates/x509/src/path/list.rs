//! A revocation list held against a certificate of a path (RFC 5280 6.3.3).

use const_oid::ObjectIdentifier;
use jiff::Timestamp;

use super::Path;
use super::fault::Fault;
use crate::crl::Crl;
use crate::extension::KeyUsage;
use crate::oid;
use crate::public_key::SpkiInfo;
use crate::read::{Certificate, DistributionPoint};

/// What a list says of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Nothing: it is not revoked.
    Absent,
    /// It is revoked or held, with the reason's code if one is stated.
    Listed(Option<u8>),
}

/// What is understood of a list, so that it may be critical.
const UNDERSTOOD: [ObjectIdentifier; 3] =
    [oid::ISSUING_DISTRIBUTION_POINT, oid::CRL_NUMBER, oid::AUTHORITY_KEY_IDENTIFIER];

/// Looks up the certificate at `index` of a path in a list that is signed with the same key as the
/// certificate; lists of other keys, delta and indirect lists are refused.
///
/// # Errors
/// [`Fault`] if the list is not about this certificate, or cannot be believed at `at`.
pub fn look_up(path: &Path, index: usize, list: &Crl<'_>, at: Timestamp) -> Result<Listing, Fault> {
    let target = path.certificates.get(index).ok_or_else(|| Fault {
        certificate: format!("certificate {index} of the path"),
        rule: "there is none".to_owned(),
    })?;
    check_issuer(path, index, target, list)?;
    check_time(target, list, at)?;
    check_scope(target, list)?;
    for entry in list.entries() {
        let entry = entry.map_err(Fault::unreadable(target))?;
        if entry.serial == target.tbs.serial {
            return Ok(Listing::Listed(entry.code));
        }
    }
    Ok(Listing::Absent)
}

/// The list is by the same name and the same key, and the key may sign lists.
fn check_issuer(
    path: &Path,
    index: usize,
    target: &Certificate,
    list: &Crl<'_>,
) -> Result<(), Fault> {
    let unreadable = Fault::unreadable(target);
    let refused = |rule: &str| Err(Fault::new(target, rule));
    if list.issuer != target.tbs.issuer {
        return refused("the list is another issuer's (RFC 5280 6.3.3(b))");
    }
    let spki = path.issuer_key(index);
    let own = SpkiInfo::parse(spki).map_err(&unreadable)?.key_identifier();
    let named = list.authority_key_identifier().map_err(&unreadable)?;
    if named.is_some_and(|identifier| identifier.key_identifier != own) {
        return refused("the list is of another generation of the issuer's key");
    }
    if let Some(issuer) = path.certificates.get(index + 1) {
        let usage = issuer.tbs.key_usage().map_err(&unreadable)?;
        if !usage.is_some_and(|usage| usage.contains(KeyUsage::CRL_SIGN)) {
            return refused("its issuer's keyUsage does not permit cRLSign (RFC 5280 6.3.3(f))");
        }
    }
    list.verify(spki).map_err(&unreadable)
}

fn check_time(target: &Certificate, list: &Crl<'_>, at: Timestamp) -> Result<(), Fault> {
    let ends = list.next_update.unwrap_or(Timestamp::MIN);
    if list.this_update <= at && at <= ends {
        return Ok(());
    }
    let rule = format!("the list is for {} to {ends}, not for {at}", list.this_update);
    Err(Fault::new(target, rule))
}

/// The list's distribution point is the certificate's, and it is for its kind (RFC 5280 5.2.5).
fn check_scope(target: &Certificate, list: &Crl<'_>) -> Result<(), Fault> {
    let unreadable = Fault::unreadable(target);
    let refused = |rule: &str| Err(Fault::new(target, rule));
    let unknown = |e: &&crate::read::ReceivedExtension| e.critical && !UNDERSTOOD.contains(&e.oid);
    if list.extensions.iter().any(|extension| unknown(&extension)) {
        return refused("the list has a critical extension that is not understood here");
    }
    let Some(scope) = list.issuing_distribution_point().map_err(&unreadable)? else {
        return Ok(());
    };
    let is_authority =
        target.tbs.basic_constraints().map_err(&unreadable)?.is_some_and(|found| found.ca);
    if scope.restricted_otherwise
        || (scope.only_user_certificates && is_authority)
        || (scope.only_ca_certificates && !is_authority)
    {
        return refused("the list is for certificates of another kind");
    }
    let points = target.tbs.crl_distribution_points().map_err(&unreadable)?;
    let named = |point: &DistributionPoint| match point {
        DistributionPoint::DirectoryName(name) => scope.names.contains(name),
        DistributionPoint::Uri(_) => false,
    };
    if scope.names.is_empty() || points.iter().any(named) {
        return Ok(());
    }
    refused("the list is of another distribution point (RFC 5280 6.3.3(b)(2))")
}
