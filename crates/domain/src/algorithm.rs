//! The closed sets of key and signature algorithms that a policy may choose from (P5).

use crate::named::named;

named! {
    /// A kind of key pair with its size.
    KeyAlgorithm {
        /// RSA of 1024 bits: only for the users of the prefectural CA (S 6-1-2-3), refused elsewhere.
        Rsa1024 = "rsa-1024",
        /// RSA of 2048 bits.
        Rsa2048 = "rsa-2048",
        /// RSA of 3072 bits.
        Rsa3072 = "rsa-3072",
        /// RSA of 4096 bits.
        Rsa4096 = "rsa-4096",
        /// ECDSA on P-256.
        EcP256 = "ec-p256",
        /// ECDSA on P-384.
        EcP384 = "ec-p384",
        /// Ed25519, for journal checkpoints only; no certificate is issued for it.
        Ed25519 = "ed25519",
    }
}

impl KeyAlgorithm {
    /// The length of the RSA modulus in bits, if this is RSA.
    pub fn rsa_modulus_bits(self) -> Option<usize> {
        match self {
            Self::Rsa1024 => Some(1024),
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            Self::EcP256 | Self::EcP384 | Self::Ed25519 => None,
        }
    }

    /// The signature that a responder or a card makes with such a key, where no policy chooses.
    /// None for Ed25519, which signs no certificates, lists or answers.
    pub fn own_signature(self) -> Option<SignatureAlgorithm> {
        match self {
            Self::Rsa1024 | Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                Some(SignatureAlgorithm::RsaSha256)
            }
            Self::EcP256 => Some(SignatureAlgorithm::EcdsaSha256),
            Self::EcP384 => Some(SignatureAlgorithm::EcdsaSha384),
            Self::Ed25519 => None,
        }
    }
}

named! {
    /// A signature algorithm for certificates, CRLs and OCSP responses.
    SignatureAlgorithm {
        /// sha256WithRSAEncryption, PKCS#1 v1.5.
        RsaSha256 = "sha256WithRSAEncryption",
        /// sha384WithRSAEncryption, PKCS#1 v1.5.
        RsaSha384 = "sha384WithRSAEncryption",
        /// ecdsa-with-SHA256.
        EcdsaSha256 = "ecdsa-with-SHA256",
        /// ecdsa-with-SHA384.
        EcdsaSha384 = "ecdsa-with-SHA384",
    }
}

impl SignatureAlgorithm {
    /// Whether a key of `key` can make this signature.
    pub fn fits(self, key: KeyAlgorithm) -> bool {
        match self {
            Self::RsaSha256 | Self::RsaSha384 => key.rsa_modulus_bits().is_some(),
            Self::EcdsaSha256 => key == KeyAlgorithm::EcP256,
            Self::EcdsaSha384 => key == KeyAlgorithm::EcP384,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_what_a_key_signs_with_of_itself_fits_it() {
        for key in KeyAlgorithm::ALL {
            let own = key.own_signature();
            assert_eq!(own.is_none(), key == KeyAlgorithm::Ed25519);
            assert!(own.is_none_or(|signature| signature.fits(key)), "{key}");
        }
    }
}
