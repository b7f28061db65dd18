//! Passkeys (W3C Web Authentication, Level 3): what an authenticator says, read and verified.
//!
//! Only what we ask for is understood: ES256 keys, no attestation, a user who was verified. A key's
//! maker is nothing that we would act on, so its attestation is not asked for (WebAuthn 7.1, step
//! 22: "none"). The key in the authenticator data is CTAP2 canonical CBOR, of which an ES256 key
//! has exactly one form; so no CBOR reader is needed.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use x509::digest::sha256;

/// Octets of the longest credential id (WebAuthn 4, credential ID).
const MAX_ID: usize = 1023;

/// Octets of client data that are read: challenge and origin take 200.
const MAX_CLIENT_DATA: usize = 4096;

/// Octets of authenticator data that are read, with extensions that nobody asked for.
const MAX_AUTHENTICATOR_DATA: usize = 4096;

/// User present, user verified, attested credential data included (WebAuthn 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;

/// An ES256 key in CTAP2 canonical CBOR, but for its coordinates (RFC 9053 7.1.1): kty EC2, alg
/// ES256, crv P-256, then x and y of 32 octets each.
const KEY_HEAD: &[u8] = &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const KEY_MIDDLE: &[u8] = &[0x22, 0x58, 0x20];

/// SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480).
const SPKI_HEAD: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// What was asked of the authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A new passkey.
    Create,
    /// A passkey that is known.
    Get,
}

/// What an answer must fit.
pub(crate) struct Expected<'a> {
    /// What was asked.
    pub(crate) ceremony: Ceremony,
    /// The challenge that was given out.
    pub(crate) challenge: &'a [u8],
    /// The host to which passkeys belong (relying party id).
    pub(crate) host: &'a str,
}

/// A passkey as its authenticator made it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NewPasskey {
    /// Its id.
    pub(crate) id: Vec<u8>,
    /// The SubjectPublicKeyInfo, DER.
    pub(crate) spki: Vec<u8>,
    /// The counter.
    pub(crate) counter: u32,
}

#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
}

/// Reads a new passkey.
///
/// # Errors
/// The rule that the answer breaks.
pub(crate) fn created(
    expected: &Expected<'_>,
    client_data: &[u8],
    authenticator_data: &[u8],
) -> Result<NewPasskey, &'static str> {
    check_client_data(expected, client_data)?;
    let (counter, rest) = check_authenticator_data(expected, authenticator_data)?;
    if authenticator_data[32] & ATTESTED == 0 {
        return Err("it has no new passkey");
    }
    // The AAGUID of 16 octets names the maker, which nothing is decided by.
    let (_, rest) = rest.split_at_checked(16).ok_or(SHORT)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if !(1..=MAX_ID).contains(&length) {
        return Err("the passkey's id has 1 to 1023 octets");
    }
    let (id, rest) = rest.split_at_checked(length).ok_or(SHORT)?;
    let spki = es256_key(rest).ok_or("its key is none for ES256")?;
    Ok(NewPasskey { id: id.to_vec(), spki, counter })
}

/// Verifies that a known passkey answered, and tells its counter.
///
/// # Errors
/// The rule that the answer breaks.
pub(crate) fn answered(
    expected: &Expected<'_>,
    client_data: &[u8],
    authenticator_data: &[u8],
    signature: &[u8],
    spki: &[u8],
) -> Result<u32, &'static str> {
    check_client_data(expected, client_data)?;
    let (counter, _) = check_authenticator_data(expected, authenticator_data)?;
    let point = spki.strip_prefix(SPKI_HEAD).ok_or("its key is none for ES256")?;
    let signed = [authenticator_data, &sha256(client_data)].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
        .verify(&signed, signature)
        .map_err(|_| "its signature does not verify")?;
    Ok(counter)
}

const SHORT: &str = "the authenticator data breaks off";

/// The client data (WebAuthn 7.1 steps 5 to 11, 7.2 steps 10 to 14).
fn check_client_data(expected: &Expected<'_>, client_data: &[u8]) -> Result<(), &'static str> {
    if client_data.len() > MAX_CLIENT_DATA {
        return Err("the client data is too long");
    }
    let data: ClientData =
        serde_json::from_slice(client_data).map_err(|_| "the client data cannot be read")?;
    let kind = match expected.ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    if data.kind != kind {
        return Err("it answers another question");
    }
    if data.challenge != Base64UrlUnpadded::encode_string(expected.challenge) {
        return Err("it answers another challenge");
    }
    // All ports of a host are one relying party, as they are to the authenticator.
    let origin = data.origin.strip_prefix("https://").unwrap_or_default();
    if data.cross_origin || origin.split(':').next() != Some(expected.host) {
        return Err("it was asked for by another site");
    }
    Ok(())
}

/// The authenticator data up to the counter (WebAuthn 6.1): the counter, and what follows.
fn check_authenticator_data<'a>(
    expected: &Expected<'_>,
    data: &'a [u8],
) -> Result<(u32, &'a [u8]), &'static str> {
    if data.len() > MAX_AUTHENTICATOR_DATA {
        return Err("the authenticator data is too long");
    }
    let (host, rest) = data.split_first_chunk::<32>().ok_or(SHORT)?;
    let (flags, rest) = rest.split_first().ok_or(SHORT)?;
    let (counter, rest) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
    if *host != sha256(expected.host.as_bytes()) {
        return Err("it is for another site");
    }
    if flags & PRESENT == 0 || flags & VERIFIED == 0 {
        return Err("the authenticator did not verify its user");
    }
    Ok((u32::from_be_bytes(*counter), rest))
}

/// The SubjectPublicKeyInfo of the key at the beginning of `cose`.
fn es256_key(cose: &[u8]) -> Option<Vec<u8>> {
    let (x, rest) = cose.strip_prefix(KEY_HEAD)?.split_first_chunk::<32>()?;
    let (y, _) = rest.strip_prefix(KEY_MIDDLE)?.split_first_chunk::<32>()?;
    Some([SPKI_HEAD, &[0x04], x, y].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "ca.example";

    fn expected(ceremony: Ceremony) -> Expected<'static> {
        Expected { ceremony, challenge: b"0123456789abcdef", host: HOST }
    }

    fn client_data(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","more":1}}"#)
            .into_bytes()
    }

    fn good() -> Vec<u8> {
        client_data("webauthn.create", "MDEyMzQ1Njc4OWFiY2RlZg", "https://ca.example:8440")
    }

    fn authenticator_data() -> Vec<u8> {
        let id = [&[0; 16][..], &[0, 3], b"abc"].concat();
        let key = [KEY_HEAD, &[1; 32], KEY_MIDDLE, &[2; 32]].concat();
        [&sha256(HOST.as_bytes())[..], &[0x45], &7_u32.to_be_bytes(), &id, &key].concat()
    }

    #[test]
    fn w3_a_new_passkey_is_read() {
        let read = created(&expected(Ceremony::Create), &good(), &authenticator_data());
        let spki = [SPKI_HEAD, &[4], &[1; 32], &[2; 32]].concat();
        assert_eq!(read, Ok(NewPasskey { id: b"abc".to_vec(), spki, counter: 7 }));
    }

    #[test]
    fn w3_client_data_for_something_else_is_refused() {
        let (create, challenge) = ("webauthn.create", "MDEyMzQ1Njc4OWFiY2RlZg");
        for wrong in [
            client_data("webauthn.get", challenge, "https://ca.example"),
            client_data(create, "AAAA", "https://ca.example"),
            client_data(create, challenge, "http://ca.example"),
            client_data(create, challenge, "https://evil.example"),
            client_data(create, challenge, "https://ca.example.evil"),
            b"{}".to_vec(),
            vec![b' '; MAX_CLIENT_DATA + 1],
        ] {
            let read = created(&expected(Ceremony::Create), &wrong, &authenticator_data());
            assert!(read.is_err(), "{}", String::from_utf8_lossy(&wrong));
        }
    }

    #[test]
    fn w3_authenticator_data_cut_or_for_something_else_is_refused() {
        let whole = authenticator_data();
        let read = |data: &[u8]| created(&expected(Ceremony::Create), &good(), data);
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        // Another site, a user who was not there, one who was not verified, no key, another key.
        for (place, octet) in [(0, !whole[0]), (32, 0x44), (32, 0x41), (32, 0x05), (62, 0x27)] {
            let mut wrong = whole.clone();
            wrong[place] = octet;
            assert!(read(&wrong).is_err(), "{place}");
        }
    }
}
