//! Names are PrintableString or UTF8String; the country is two printable letters.

use der::{Tag, Tagged};
use jiff::civil::date;
use x509_cert::name::Name;

use crate::oid;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "name_strings",
    clause: "RFC 5280 4.1.2.4, appendix A.1",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    [draft.model.issuer(), draft.model.subject()].into_iter().try_for_each(check_name)
}

fn check_name(name: &Name) -> Result<(), String> {
    name.iter().try_for_each(|attribute| {
        let (tag, octets) = (attribute.value.tag(), attribute.value.value());
        ensure(matches!(tag, Tag::PrintableString | Tag::Utf8String), || {
            format!("{tag} in a name")
        })?;
        ensure(!octets.is_empty(), || format!("an empty {}", attribute.oid))?;
        let country = attribute.oid == oid::COUNTRY;
        let two_letters = octets.len() == 2 && octets.iter().all(u8::is_ascii_uppercase);
        ensure(!country || tag == Tag::PrintableString && two_letters, || {
            "a country that is not two printable letters".to_owned()
        })
    })
}
