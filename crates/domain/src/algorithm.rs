//! The closed sets of key and signature algorithms that a policy may choose from (P5).

use std::fmt;

/// A kind of key pair with its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyAlgorithm {
    /// RSA of 1024 bits: only for the users of the prefectural CA (S 6-1-2-3), refused elsewhere.
    Rsa1024,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
    /// ECDSA on P-256.
    EcP256,
    /// ECDSA on P-384.
    EcP384,
    /// Ed25519, for journal checkpoints only; no certificate is issued for it.
    Ed25519,
}

impl KeyAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 7] = [
        Self::Rsa1024,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcP256,
        Self::EcP384,
        Self::Ed25519,
    ];

    /// The name used in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa1024 => "rsa-1024",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::EcP256 => "ec-p256",
            Self::EcP384 => "ec-p384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The algorithm with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

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
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A signature algorithm for certificates, CRLs and OCSP responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureAlgorithm {
    /// sha256WithRSAEncryption, PKCS#1 v1.5.
    RsaSha256,
    /// sha384WithRSAEncryption, PKCS#1 v1.5.
    RsaSha384,
    /// ecdsa-with-SHA256.
    EcdsaSha256,
    /// ecdsa-with-SHA384.
    EcdsaSha384,
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] =
        [Self::RsaSha256, Self::RsaSha384, Self::EcdsaSha256, Self::EcdsaSha384];

    /// The name of the algorithm's object identifier, as used in policy files.
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "sha256WithRSAEncryption",
            Self::RsaSha384 => "sha384WithRSAEncryption",
            Self::EcdsaSha256 => "ecdsa-with-SHA256",
            Self::EcdsaSha384 => "ecdsa-with-SHA384",
        }
    }

    /// The algorithm with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    /// Whether a key of `key` can make this signature.
    pub fn fits(self, key: KeyAlgorithm) -> bool {
        match self {
            Self::RsaSha256 | Self::RsaSha384 => key.rsa_modulus_bits().is_some(),
            Self::EcdsaSha256 => key == KeyAlgorithm::EcP256,
            Self::EcdsaSha384 => key == KeyAlgorithm::EcP384,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
