//! The two slots of a card as both sides name them: which keys they take, and what lies beside a key.

use domain::algorithm::KeyAlgorithm;

domain::named! {
    /// The two applications of the card.
    CardSlot {
        /// User authentication (利用者証明用; CPS A).
        Authentication = "authentication",
        /// Signature (署名用; CPS S).
        Signature = "signature",
    }
}

impl CardSlot {
    /// How many wrong tries block its secret (C3).
    pub fn tries(self) -> u8 {
        match self {
            Self::Authentication => 3,
            Self::Signature => 5,
        }
    }

    pub(crate) fn secret_name(self) -> &'static str {
        match self {
            Self::Authentication => "authentication PIN",
            Self::Signature => "signature password",
        }
    }

    pub(crate) fn secret_rule(self) -> &'static str {
        match self {
            Self::Authentication => "4 digits",
            Self::Signature => "6 to 16 of the characters A-Z and 0-9",
        }
    }
}

domain::named! {
    /// Which keys a card takes into its signature slot; it is made so.
    #[derive(Default)]
    SignatureKeys {
        /// RSA-1024, as S 6-1-2-3 has it, and RSA-2048.
        #[default]
        Any = "any",
        /// RSA-2048 alone, as today's application and its clients have it.
        Rsa2048 = "today",
    }
}

impl SignatureKeys {
    /// What a slot of such a card takes.
    pub fn taken(self, slot: CardSlot) -> &'static [KeyAlgorithm] {
        match (slot, self) {
            (CardSlot::Signature, Self::Any) => &[KeyAlgorithm::Rsa1024, KeyAlgorithm::Rsa2048],
            (CardSlot::Signature, Self::Rsa2048) | (CardSlot::Authentication, _) => {
                &[KeyAlgorithm::Rsa2048]
            }
        }
    }

    /// The octet that stands for it.
    pub(crate) fn octet(self) -> u8 {
        match self {
            Self::Any => 0x01,
            Self::Rsa2048 => 0x02,
        }
    }

    /// What an octet stands for.
    pub(crate) fn of(octet: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|keys| keys.octet() == octet)
    }
}

/// The certificates beside a key, in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    /// The holder's certificate.
    pub holder: Vec<u8>,
    /// The certificate of the CA that issued it.
    pub ca: Vec<u8>,
}
