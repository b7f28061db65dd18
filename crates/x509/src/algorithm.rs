//! Signature algorithms on the wire: identifier, digest, length.

use aws_lc_rs::digest;
use const_oid::ObjectIdentifier;
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use crate::der_reader::Fields;
use crate::der_writer::DerWriter;
use crate::error::Error;
use crate::oid;

/// The object identifier of `algorithm`.
pub fn oid_of(algorithm: SignatureAlgorithm) -> ObjectIdentifier {
    match algorithm {
        SignatureAlgorithm::RsaSha256 => oid::SHA256_WITH_RSA,
        SignatureAlgorithm::RsaSha384 => oid::SHA384_WITH_RSA,
        SignatureAlgorithm::EcdsaSha256 => oid::ECDSA_WITH_SHA256,
        SignatureAlgorithm::EcdsaSha384 => oid::ECDSA_WITH_SHA384,
    }
}

/// The AlgorithmIdentifier of `algorithm`: NULL parameters for RSA, none for ECDSA
/// (RFC 4055 5, RFC 5758 3.2).
pub fn identifier(algorithm: SignatureAlgorithm) -> Vec<u8> {
    let mut writer = DerWriter::with_capacity(16);
    writer.sequence(|w| {
        w.oid(oid_of(algorithm));
        if is_rsa(algorithm) {
            w.null();
        }
    });
    writer.into_bytes()
}

/// Reads an AlgorithmIdentifier of a signature.
///
/// Absent parameters pass for RSA, as RFC 4055 5 wants them accepted.
///
/// # Errors
/// [`Error::Malformed`], or [`Error::UnsupportedAlgorithm`] outside the closed set of the domain.
pub fn parse(der: &[u8]) -> Result<SignatureAlgorithm, Error> {
    const WHAT: &str = "signature algorithm";
    let mut fields = Fields::of_sequence(WHAT, der)?;
    let oid = fields.oid()?;
    let parameters = if fields.is_finished() { None } else { Some(fields.any()?) };
    fields.finish()?;
    let algorithm = SignatureAlgorithm::ALL
        .into_iter()
        .find(|a| oid_of(*a) == oid)
        .ok_or(Error::UnsupportedAlgorithm { what: WHAT, oid })?;
    match parameters {
        None => Ok(algorithm),
        Some(null) if is_rsa(algorithm) && null.is_null() => Ok(algorithm),
        Some(_) => Err(Error::malformed(WHAT, "parameters that the algorithm does not have")),
    }
}

/// The digest that `algorithm` signs.
pub fn digest_of(algorithm: SignatureAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::EcdsaSha256 => &digest::SHA256,
        SignatureAlgorithm::RsaSha384 | SignatureAlgorithm::EcdsaSha384 => &digest::SHA384,
    }
}

/// The length of a signature by `key` in octets, where it is fixed: RSA. ECDSA varies by a few.
pub fn signature_length(key: KeyAlgorithm) -> Option<usize> {
    key.rsa_modulus_bits().map(|bits| bits / 8)
}

/// Joins what was signed with its signature: a certificate, CRL or BasicOCSPResponse without
/// certificates (RFC 5280 4.1.1, 5.1.1).
pub fn assemble(tbs: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let mut writer = DerWriter::with_capacity(tbs.len() + signature.len() + 64);
    writer.sequence(|w| {
        w.raw(tbs);
        w.raw(&identifier(algorithm));
        w.bit_string(signature);
    });
    writer.into_bytes()
}

fn is_rsa(algorithm: SignatureAlgorithm) -> bool {
    matches!(algorithm, SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::RsaSha384)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der_writer::tag;

    #[test]
    fn p5_every_signature_algorithm_survives_the_wire() {
        for algorithm in SignatureAlgorithm::ALL {
            assert_eq!(parse(&identifier(algorithm)).expect("ours"), algorithm);
            assert_eq!(identifier(algorithm).ends_with(&[tag::NULL, 0]), is_rsa(algorithm));
        }
    }

    #[test]
    fn p5_sha1_and_misplaced_parameters_are_refused() {
        let with = |oid: ObjectIdentifier, null: bool| {
            let mut w = DerWriter::new();
            w.sequence(|w| {
                w.oid(oid);
                if null {
                    w.null();
                }
            });
            parse(&w.into_bytes())
        };
        let sha1_with_rsa = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5");
        assert!(matches!(with(sha1_with_rsa, true), Err(Error::UnsupportedAlgorithm { .. })));
        assert!(matches!(with(oid::ECDSA_WITH_SHA256, true), Err(Error::Malformed { .. })));
        assert!(with(oid::SHA256_WITH_RSA, false).is_ok());
    }
}
