//! The version is v3, because there are extensions.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "version", clause: "RFC 5280 4.1.2.1", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    ensure(draft.tbs.version == 2, || format!("version is {}, v3 is 2", draft.tbs.version))
}
