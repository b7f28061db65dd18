//! What a window checks before it believes somebody: evidence, and who brings it (L5).

use crate::named::named;

named! {
    /// Who stands at the window.
    Applicant {
        /// The resident.
        Resident = "resident",
        /// An agent with a power of attorney (代理人).
        Agent = "agent",
    }
}

named! {
    /// One step of an identity check.
    Evidence {
        /// The four attributes agree with the resident register (existence, 実在性).
        RegisterMatch = "register-match",
        /// The resident's document with a photograph (identity, 本人性).
        PhotoDocument = "photo-document",
        /// The agent's document with a photograph.
        AgentPhotoDocument = "agent-photo-document",
        /// The power of attorney, signed and sealed by the resident (委任状).
        PowerOfAttorney = "power-of-attorney",
        /// The certificate of the seal on the power of attorney (印鑑登録証明書; S 3-1-10).
        SealCertificate = "seal-certificate",
        /// The resident's answer to the written inquiry (照会回答書).
        InquiryAnswer = "inquiry-answer",
        /// The documents the mayor finds suitable.
        SuitableDocument = "suitable-document",
    }
}

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
