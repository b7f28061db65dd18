//! Why certificates end and who may ask for it: causes, requesters, and the reasons that lists give (RFC 5280
//! 5.3.1), as far as the two CPS know them.

use crate::named::named;

named! {
    /// Who may ask for a revocation (A 4.9.2, S 4-4-1-2).
    Requester {
        /// The holder.
        Holder = "holder",
        /// The holder's agent.
        Agent = "agent",
        /// The mayor, by a record in the resident register.
        Mayor = "mayor",
        /// The body that runs the CA.
        Authority = "authority",
    }
}

named! {
    /// The events that end a certificate.
    RevocationCause {
        /// The holder stops using the service.
        UseEnded = "use-ended",
        /// The holder's key leaked, was lost or was damaged.
        KeyCompromised = "key-compromised",
        /// The card cannot be used, or was abolished.
        CardUnusable = "card-unusable",
        /// The resident's record was removed: death, departure.
        RecordRemoved = "record-removed",
        /// One of the four attributes changed.
        AttributesChanged = "attributes-changed",
        /// Moved out, and not moved in within 30 days of the planned day.
        NotMovedIn = "not-moved-in",
        /// What was recorded is wrong or missing.
        RecordingError = "recording-error",
        /// Two certificates were issued; the newer one goes.
        DoubleIssue = "double-issue",
        /// A newer certificate took its place.
        Renewed = "renewed",
        /// The CA's key is compromised.
        CaKeyCompromised = "ca-key-compromised",
        /// Destroyed before it was delivered.
        DestroyedBeforeDelivery = "destroyed-before-delivery",
    }
}

named! {
    /// Why a certificate was revoked for good (A 4.9.9, S 4-4-4-2).
    ///
    /// Hold is not among them: a held certificate is in another state, from which it can return.
    RevocationReason {
        /// 0: destroyed before delivery (交付前に破棄した).
        Unspecified = "unspecified",
        /// 1: the holder's private key is compromised.
        KeyCompromise = "keyCompromise",
        /// 2: the CA's private key is compromised.
        CaCompromise = "cACompromise",
        /// 3: what the certificate says has changed.
        AffiliationChanged = "affiliationChanged",
        /// 4: the certificate was renewed.
        Superseded = "superseded",
        /// 5: the certificate is no longer needed.
        CessationOfOperation = "cessationOfOperation",
    }
}

/// The CRLReason code of a held certificate (RFC 5280 5.3.1).
pub const CERTIFICATE_HOLD_CODE: u8 = 6;

impl RevocationReason {
    /// The CRLReason code (RFC 5280 5.3.1).
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Whether it says nothing against what was done with the certificate: another took its place.
    pub fn spares_what_was_done(self) -> bool {
        self == Self::Superseded
    }

    /// The reason with this CRLReason code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}
