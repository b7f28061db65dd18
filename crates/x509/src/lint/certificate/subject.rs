//! The subject is the one that was drafted, octet by octet; a CA has one.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "subject", clause: "RFC 5280 4.1.2.6", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let (found, wanted) = (&draft.tbs.subject, &draft.expectation.subject);
    ensure(found == wanted, || format!("subject is {found}, the draft wants {wanted}"))?;
    let ca = draft.tbs.basic_constraints().map_err(|e| e.to_string())?.is_some_and(|c| c.ca);
    ensure(!(ca && found.is_empty()), || "a CA without subject".to_owned())
}
