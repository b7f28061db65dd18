//! The coats in which a CMS message travels: none, PEM, or the base64 of S/MIME.

use super::{CmsError, MAX_LENGTH};
use crate::pem;

/// The labels of CMS in PEM: RFC 7468 9, and what older tools write.
const LABELS: [&str; 2] = ["CMS", "PKCS7"];

/// Characters of a line of base64 (RFC 7468 2).
const LINE: usize = 64;

/// The first octet of a SEQUENCE, with which every message begins and no text does that is meant
/// here: a message in base64 begins with `M`.
const SEQUENCE: u8 = 0x30;

/// The DER (or BER) of a message that came as DER, as PEM, as an S/MIME entity
/// (`application/pkcs7-mime`, base64) or as bare base64.
///
/// # Errors
/// [`CmsError::TooLarge`], [`CmsError::Armor`].
pub fn unarmored(message: &[u8]) -> Result<Vec<u8>, CmsError> {
    if message.len() > MAX_LENGTH {
        return Err(CmsError::TooLarge { length: message.len() });
    }
    if message.first() == Some(&SEQUENCE) {
        return Ok(message.to_vec());
    }
    let text = std::str::from_utf8(message).map_err(|_| CmsError::Armor)?;
    if text.contains("-----BEGIN ") {
        return LABELS
            .into_iter()
            .find_map(|label| pem::decode(label, text).ok())
            .ok_or(CmsError::Armor);
    }
    from_base64(body_of_entity(text))
}

/// What follows the head of a MIME entity (RFC 2045 3); the whole text if there is no head.
fn body_of_entity(text: &str) -> &str {
    let has_head = text.lines().next().is_some_and(|line| line.contains(':'));
    let end = text.find("\r\n\r\n").map(|at| at + 4).or_else(|| text.find("\n\n").map(|at| at + 2));
    match end {
        Some(end) if has_head => &text[end..],
        _ => text,
    }
}

fn from_base64(text: &str) -> Result<Vec<u8>, CmsError> {
    let packed: Vec<u8> = text.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
    if packed.is_empty() || !packed.is_ascii() {
        return Err(CmsError::Armor);
    }
    // One reader of base64 is enough: the one behind PEM.
    let lines: Vec<_> = packed.chunks(LINE).map(String::from_utf8_lossy).collect();
    let block = format!("-----BEGIN CMS-----\n{}\n-----END CMS-----\n", lines.join("\n"));
    pem::decode(LABELS[0], &block).map_err(|_| CmsError::Armor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l7_every_coat_comes_off_and_rubbish_is_refused() {
        let der = [0x30, 3, 2, 1, 5];
        let entity =
            "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime\r\n\r\nMAMC\r\nAQU=\r\n";
        let pem = "-----BEGIN PKCS7-----\nMAMCAQU=\n-----END PKCS7-----\n";
        for coat in [entity, &entity.replace("\r\n", "\n"), pem, "MAMCAQU=", "MAMC\nAQU=\n"] {
            assert_eq!(unarmored(coat.as_bytes()).expect(coat), der, "{coat}");
        }
        assert_eq!(unarmored(&der).expect("DER"), der);
        for rubbish in ["", "\n", "!!", "a: b\n\n", "-----BEGIN X-----\nAA==\n-----END X-----\n"] {
            assert!(matches!(unarmored(rubbish.as_bytes()), Err(CmsError::Armor)), "{rubbish}");
        }
        assert!(matches!(unarmored(&[0xff]), Err(CmsError::Armor)));
        let long = vec![b'M'; MAX_LENGTH + 1];
        assert!(matches!(unarmored(&long), Err(CmsError::TooLarge { .. })));
    }
}
