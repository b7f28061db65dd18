//! No extension comes twice.

use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> =
    Lint { name: "extensions_unique", clause: "RFC 5280 4.2", effective: date(2008, 5, 1), check };

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let extensions = draft.model.extensions().map_or(&[][..], Vec::as_slice);
    extensions.iter().enumerate().try_for_each(|(index, extension)| {
        let oid = extension.extn_id;
        let repeated = extensions[..index].iter().any(|earlier| earlier.extn_id == oid);
        ensure(!repeated, || format!("extension {oid} comes twice"))
    })
}
