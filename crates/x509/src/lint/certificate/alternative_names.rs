//! Alternative names are neither an empty list nor empty in themselves.

use crate::general_name::GeneralName;
use crate::oid;
use jiff::civil::date;

use super::super::{Lint, ensure};
use super::draft::CertificateDraft;

pub(super) const LINT: Lint<CertificateDraft> = Lint {
    name: "alternative_names",
    clause: "RFC 5280 4.2.1.6, 4.2.1.7",
    effective: date(2008, 5, 1),
    check,
};

fn check(draft: &CertificateDraft) -> Result<(), String> {
    let tbs = &draft.tbs;
    let subject = tbs.subject_alt_names().map_err(|e| e.to_string())?;
    let issuer = tbs.issuer_alt_names().map_err(|e| e.to_string())?;
    for (oid, names) in [(oid::SUBJECT_ALT_NAME, &subject), (oid::ISSUER_ALT_NAME, &issuer)] {
        let present = tbs.extension(oid).is_some();
        ensure(!present || !names.is_empty(), || "an empty list of alternative names".to_owned())?;
        names.iter().try_for_each(check_name)?;
    }
    Ok(())
}

fn check_name(name: &GeneralName) -> Result<(), String> {
    match name {
        // A space is no domain name (RFC 5280 4.2.1.6), and a label ends at 63 octets (RFC 1035).
        GeneralName::Dns(text) => {
            ensure(text.split('.').all(is_label), || format!("dNSName {text:?}"))
        }
        GeneralName::Uri(text) => {
            ensure(text.contains(':'), || format!("URI {text:?} is relative"))
        }
        GeneralName::Rfc822(text) => ensure(text.contains('@'), || format!("rfc822Name {text:?}")),
        GeneralName::DirectoryName(name) => {
            ensure(!name.is_empty(), || "an empty directoryName".to_owned())
        }
        GeneralName::OtherName { .. } | GeneralName::IpAddress(_) => Ok(()),
        GeneralName::Other { number, .. } => Err(format!("a name of kind [{number}]")),
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'*';
    (1..=63).contains(&label.len()) && label.bytes().all(allowed)
}
