//! Revocation reasons (RFC 5280 5.3.1), as far as the two CPS know them.

use std::fmt;

/// Why a certificate was revoked for good (A 4.9.9, S 4-4-4-2).
///
/// Hold is not among them: a held certificate is in another state, from which it can return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationReason {
    /// 0: destroyed before delivery (交付前に破棄した).
    Unspecified,
    /// 1: the holder's private key is compromised.
    KeyCompromise,
    /// 2: the CA's private key is compromised.
    CaCompromise,
    /// 3: what the certificate says has changed.
    AffiliationChanged,
    /// 4: the certificate was renewed.
    Superseded,
    /// 5: the certificate is no longer needed.
    CessationOfOperation,
}

/// The CRLReason code of a held certificate (RFC 5280 5.3.1).
pub const CERTIFICATE_HOLD_CODE: u8 = 6;

impl RevocationReason {
    /// Every reason, in the order of its code.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
    ];

    /// The CRLReason code (RFC 5280 5.3.1).
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The reason with this CRLReason code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The name of the code in RFC 5280.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::CaCompromise => "cACompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
        }
    }

    /// The reason with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
