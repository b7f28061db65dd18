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
