//! PEM, the textual form of DER (RFC 7468).

use der::pem::{LineEnding, decode_vec, encode_string};

use crate::error::Error;

/// The label of a certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// The label of a CRL.
pub const CRL: &str = "X509 CRL";
/// The label of a PKCS#10 request.
pub const CERTIFICATE_REQUEST: &str = "CERTIFICATE REQUEST";
/// The label of a SubjectPublicKeyInfo.
pub const PUBLIC_KEY: &str = "PUBLIC KEY";

// 4 MiB hold any chain or partition a person would paste; CRLs of that size travel as DER.
const MAX_TEXT_LENGTH: usize = 4 << 20;

/// `der` as PEM with `label`, lines of 64 characters ended by a line feed.
///
/// # Errors
/// [`Error::Draft`] if `label` is not one RFC 7468 allows.
pub fn encode(label: &str, der: &[u8]) -> Result<String, Error> {
    encode_string(label, LineEnding::LF, der).map_err(|e| Error::draft("PEM", e))
}

/// The DER of the first PEM block in `text`, which must bear `label`.
/// ```
/// use jitsuin_x509::pem;
///
/// let text = pem::encode(pem::CERTIFICATE, &[0x30, 0x00])?;
/// assert_eq!(text, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
/// assert_eq!(pem::decode(pem::CERTIFICATE, &text)?, [0x30, 0x00]);
/// assert!(pem::decode(pem::CRL, &text).is_err());
/// # Ok::<(), jitsuin_x509::Error>(())
/// ```
///
/// # Errors
/// [`Error::Malformed`] if there is none, or it has another label; [`Error::TooLarge`] over 4 MiB.
pub fn decode(label: &str, text: &str) -> Result<Vec<u8>, Error> {
    crate::der_reader::bounded("PEM text", text.as_bytes(), MAX_TEXT_LENGTH)?;
    decode_block(label, split_block(text)?.0)
}

/// The DER of every PEM block in `text`, each of which must bear `label`.
///
/// # Errors
/// As of [`decode`].
pub fn decode_all(label: &str, text: &str) -> Result<Vec<Vec<u8>>, Error> {
    crate::der_reader::bounded("PEM text", text.as_bytes(), MAX_TEXT_LENGTH)?;
    let (first, mut rest) = split_block(text)?;
    let mut all = vec![decode_block(label, first)?];
    while rest.contains(BEGIN) {
        let (next, after) = split_block(rest)?;
        all.push(decode_block(label, next)?);
        rest = after;
    }
    Ok(all)
}

const BEGIN: &str = "-----BEGIN ";

fn decode_block(label: &str, block: &str) -> Result<Vec<u8>, Error> {
    let (found, der) = decode_vec(block.as_bytes()).map_err(|e| Error::malformed("PEM", e))?;
    if found != label {
        return Err(Error::malformed("PEM", format!("a {found:?} where a {label:?} belongs")));
    }
    Ok(der)
}

/// The text from the first BEGIN line to its END line, since openssl writes prose before it; and what
/// follows.
fn split_block(text: &str) -> Result<(&str, &str), Error> {
    let missing = || Error::malformed("PEM", "no BEGIN and END line");
    let start = text.find(BEGIN).ok_or_else(missing)?;
    let end = text[start..].find("-----END ").ok_or_else(missing)? + start;
    let rest = text[end..].find('\n').map_or(text.len(), |line| end + line + 1);
    Ok((&text[start..rest], &text[rest..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v4_pem_survives_prose_and_refuses_another_label() {
        let der = [0x30, 3, 2, 1, 5];
        let text = encode(CERTIFICATE, &der).expect("a label");
        let with_prose = format!("Certificate:\n  Data:\n{text}{text}");
        assert_eq!(decode(CERTIFICATE, &with_prose).expect("a block"), der);
        assert!(decode(CRL, &text).is_err());
        assert!(decode(CERTIFICATE, "-----BEGIN CERTIFICATE-----\n!!").is_err());
        assert!(decode(CERTIFICATE, "").is_err());
        assert_eq!(decode_all(CERTIFICATE, &with_prose).expect("two blocks"), [der, der]);
        let list = encode(CRL, &der).expect("a label");
        for broken in [format!("{text}{list}"), format!("{text}{BEGIN}"), String::new()] {
            assert!(decode_all(CERTIFICATE, &broken).is_err(), "{broken}");
        }
    }
}
