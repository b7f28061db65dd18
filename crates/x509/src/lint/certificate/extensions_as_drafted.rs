//! The extensions are the profile's, in its order and criticality.

use jiff::civil::date;

use super::super::{Lint, same};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "extensions_as_drafted",
    clause: "A 7.1, S 7-1",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let extensions = draft.model.extensions().into_iter().flatten();
    let found: Vec<_> =
        extensions.map(|extension| (extension.extn_id, extension.critical)).collect();
    same("the list of extensions", &found, &draft.expectation.extensions)
}
