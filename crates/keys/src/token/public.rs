//! Public keys between two forms: the attributes of a token and the DER of SubjectPublicKeyInfo.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Sequence};
use domain::algorithm::KeyAlgorithm;
use spki::{AlgorithmIdentifier, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use super::connection::Fault;
use super::objects::Access;
use crate::store::PublicKey;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The public exponent of every RSA key made here, 65537.
const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

/// RSAPublicKey (RFC 8017 A.1.1).
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// Ecdsa-Sig-Value (RFC 3279 2.2.3).
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// The attributes from which a token generates a key of this algorithm.
pub(super) fn parameters(algorithm: KeyAlgorithm) -> Vec<Attribute> {
    match (algorithm.rsa_modulus_bits(), curve_of(algorithm)) {
        (Some(bits), _) => vec![
            Attribute::ModulusBits((bits as u64).into()),
            Attribute::PublicExponent(PUBLIC_EXPONENT.to_vec()),
        ],
        (None, curve) => vec![Attribute::EcParams(curve.to_der().unwrap_or_default())],
    }
}

/// CKA_KEY_TYPE of an algorithm.
pub(super) fn key_type(algorithm: KeyAlgorithm) -> KeyType {
    match algorithm {
        KeyAlgorithm::EcP256 | KeyAlgorithm::EcP384 => KeyType::EC,
        KeyAlgorithm::Ed25519 => KeyType::EC_EDWARDS,
        _ => KeyType::RSA,
    }
}

/// Reads a public key from its object.
pub(super) fn read(access: &Access<'_>, object: ObjectHandle) -> Result<PublicKey, Fault> {
    let asked = [
        AttributeType::Modulus,
        AttributeType::PublicExponent,
        AttributeType::EcParams,
        AttributeType::EcPoint,
    ];
    let attributes = access.session.get_attributes(object, &asked)?;
    from_attributes(&attributes)
        .ok_or_else(|| access.refuse("it holds a public key of a kind that is not ours").into())
}

/// The attributes of a public key, or `None` if it is none of ours.
pub(super) fn to_attributes(key: &PublicKey) -> Option<Vec<Attribute>> {
    let info = SubjectPublicKeyInfoRef::from_der(&key.spki_der).ok()?;
    let octets = info.subject_public_key.as_bytes()?;
    let mut attributes = vec![
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(key_type(key.algorithm)),
    ];
    if key.algorithm.rsa_modulus_bits().is_some() {
        let rsa = RsaPublicKey::from_der(octets).ok()?;
        attributes.push(Attribute::Modulus(rsa.modulus.as_bytes().to_vec()));
        attributes.push(Attribute::PublicExponent(rsa.public_exponent.as_bytes().to_vec()));
    } else {
        attributes.extend(parameters(key.algorithm));
        attributes.push(Attribute::EcPoint(OctetStringRef::new(octets).ok()?.to_der().ok()?));
    }
    // What the attributes say must be all that the document says.
    (from_attributes(&attributes)? == *key).then_some(attributes)
}

/// The DER of an ECDSA signature that a token gives as two numbers of equal length.
pub(super) fn ecdsa_signature(raw: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(raw.len() / 2)?;
    if r.is_empty() || r.len() != s.len() {
        return None;
    }
    let signature = EcdsaSignature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? };
    signature.to_der().ok()
}

fn from_attributes(attributes: &[Attribute]) -> Option<PublicKey> {
    let (mut modulus, mut exponent, mut curve, mut point) = (None, None, None, None);
    for attribute in attributes {
        match attribute {
            Attribute::Modulus(octets) => modulus = Some(octets),
            Attribute::PublicExponent(octets) => exponent = Some(octets),
            Attribute::EcParams(octets) => curve = Some(octets),
            Attribute::EcPoint(octets) => point = Some(octets),
            _ => {}
        }
    }
    match (modulus, exponent, curve, point) {
        (Some(modulus), Some(exponent), ..) if !modulus.is_empty() => rsa(modulus, exponent),
        (_, _, Some(curve), Some(point)) => elliptic(curve, point),
        _ => None,
    }
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
    let (modulus, public_exponent) = (UintRef::new(modulus).ok()?, UintRef::new(exponent).ok()?);
    let bits = modulus.as_bytes().len() * 8;
    let algorithm = KeyAlgorithm::ALL.into_iter().find(|a| a.rsa_modulus_bits() == Some(bits))?;
    let key = RsaPublicKey { modulus, public_exponent }.to_der().ok()?;
    spki(algorithm, RSA_ENCRYPTION, Some(AnyRef::NULL), &key)
}

/// Tokens write the point as an OCTET STRING (PKCS#11 2.40, 2.3.3), older ones as it is.
fn elliptic(curve: &[u8], point: &[u8]) -> Option<PublicKey> {
    let algorithm = algorithm_of(curve)?;
    let wrapped = <&OctetStringRef>::from_der(point).map(OctetStringRef::as_bytes);
    let point = match wrapped {
        Ok(inside) if inside.len() == point_length(algorithm) => inside,
        _ if point.len() == point_length(algorithm) => point,
        _ => return None,
    };
    match algorithm {
        KeyAlgorithm::Ed25519 => spki(algorithm, ED25519, None, point),
        _ => spki(algorithm, EC_PUBLIC_KEY, Some(AnyRef::from(&curve_of(algorithm))), point),
    }
}

fn algorithm_of(curve: &[u8]) -> Option<KeyAlgorithm> {
    let curve = ObjectIdentifier::from_der(curve).ok()?;
    let known = [KeyAlgorithm::EcP256, KeyAlgorithm::EcP384, KeyAlgorithm::Ed25519];
    known.into_iter().find(|algorithm| curve_of(*algorithm) == curve)
}

/// The curve of an algorithm that is not RSA.
fn curve_of(algorithm: KeyAlgorithm) -> ObjectIdentifier {
    match algorithm {
        KeyAlgorithm::EcP384 => P384,
        KeyAlgorithm::Ed25519 => ED25519,
        _ => P256,
    }
}

/// An uncompressed point is two coordinates and an octet; a point of Ed25519 is one coordinate.
fn point_length(algorithm: KeyAlgorithm) -> usize {
    match algorithm {
        KeyAlgorithm::EcP384 => 97,
        KeyAlgorithm::Ed25519 => 32,
        _ => 65,
    }
}

fn spki(
    algorithm: KeyAlgorithm,
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    key: &[u8],
) -> Option<PublicKey> {
    let info = SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(key).ok()?,
    };
    Some(PublicKey { algorithm, spki_der: info.to_der().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::KeyPair;

    #[test]
    fn k1_public_keys_of_a_token_are_those_of_the_provider() {
        for algorithm in KeyAlgorithm::ALL {
            if algorithm == KeyAlgorithm::Rsa1024 {
                continue;
            }
            let pair = KeyPair::generate(algorithm).expect("a key pair");
            let attributes = to_attributes(pair.public_key()).expect("attributes");
            assert_eq!(from_attributes(&attributes).as_ref(), Some(pair.public_key()));
        }
    }

    #[test]
    fn k1_a_point_without_its_octet_string_is_read_too() {
        let pair = KeyPair::generate(KeyAlgorithm::EcP256).expect("a key pair");
        let mut attributes = to_attributes(pair.public_key()).expect("attributes");
        for attribute in &mut attributes {
            if let Attribute::EcPoint(point) = attribute {
                *point = point.split_off(2);
            }
        }
        assert_eq!(from_attributes(&attributes).as_ref(), Some(pair.public_key()));
    }

    #[test]
    fn k4_a_document_that_is_no_public_key_of_its_algorithm_has_no_attributes() {
        let pair = KeyPair::generate(KeyAlgorithm::EcP256).expect("a key pair");
        let whole = pair.public_key().clone();
        let named = PublicKey { algorithm: KeyAlgorithm::EcP384, ..whole.clone() };
        let as_rsa = PublicKey { algorithm: KeyAlgorithm::Rsa2048, ..whole.clone() };
        let cut = PublicKey { spki_der: whole.spki_der[1..].to_vec(), ..whole.clone() };
        let empty = PublicKey { spki_der: Vec::new(), ..whole };
        for key in [named, as_rsa, cut, empty] {
            assert!(to_attributes(&key).is_none(), "{key:?}");
        }
    }

    #[test]
    fn k1_raw_signatures_become_ecdsa_sig_values() {
        // High bits get a leading zero, leading zeros go (X.690 8.3.2).
        let der = ecdsa_signature(&[0x80, 0x01, 0x00, 0x7f]);
        assert_eq!(der.as_deref(), Some(&[0x30, 8, 2, 3, 0, 0x80, 1, 2, 1, 0x7f][..]));
        for odd in [&b""[..], b"\x01", b"\x01\x02\x03"] {
            assert_eq!(ecdsa_signature(odd), None);
        }
    }
}
