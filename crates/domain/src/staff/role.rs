//! The closed set of roles.

use crate::named::named;

named! {
    /// A role of a person or, for the last, of a program (A 5.2.1, S 5-2-1).
    Role {
        /// Runs the CA, orders important work and confirms its result (認証局管理責任者).
        CaManager = "ca-manager",
        /// Holds a share of what opens the CA's keys and keeps their backups (秘密鍵管理者).
        KeyCustodian = "key-custodian",
        /// Takes requests for other certificates in (受付担当者).
        IntakeClerk = "intake-clerk",
        /// Examines them (審査担当者).
        Examiner = "examiner",
        /// Approves what was examined (審査承認者).
        Approver = "approver",
        /// Uses the CA's keys, runs the system, registers the staff (上級操作員).
        SeniorOperator = "senior-operator",
        /// Configures the repository (リポジトリ操作員, S only).
        RepositoryOperator = "repository-operator",
        /// Operates and maintains (一般操作員).
        GeneralOperator = "general-operator",
        /// Inspects the logs, and deletes what was inspected (内部監査者).
        InternalAuditor = "internal-auditor",
        /// Serves residents at a municipality's window (窓口職員).
        WindowClerk = "window-clerk",
        /// Supervises a municipality's window (窓口責任者).
        WindowSupervisor = "window-supervisor",
        /// Takes holds by phone (コールセンター担当者).
        CallCentreAgent = "call-centre-agent",
        /// Asks for the status of certificates (利用者証明検証者, 署名検証者).
        Verifier = "verifier",
    }
}

impl Role {
    /// The role in words, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::CaManager => "the CA manager",
            Self::KeyCustodian => "a key custodian",
            Self::IntakeClerk => "an intake clerk",
            Self::Examiner => "an examiner",
            Self::Approver => "an approver",
            Self::SeniorOperator => "a senior operator",
            Self::RepositoryOperator => "a repository operator",
            Self::GeneralOperator => "a general operator",
            Self::InternalAuditor => "an internal auditor",
            Self::WindowClerk => "a clerk at a municipality's window",
            Self::WindowSupervisor => "a supervisor of a municipality's window",
            Self::CallCentreAgent => "an agent of the call centre",
            Self::Verifier => "a registered verifier",
        }
    }

    /// Whether the role belongs to a municipality, and needs to say which (A 5.2.1.2).
    pub fn is_municipal(self) -> bool {
        matches!(self, Self::WindowClerk | Self::WindowSupervisor)
    }

    /// The clause that describes the role.
    pub fn clause(self) -> &'static str {
        match self {
            Self::CaManager => "A 5.2.1.1(1), S 5-2-1-1(1)",
            Self::KeyCustodian => "A 5.2.1.1(2), S 5-2-1-1(2)",
            Self::IntakeClerk => "A 5.2.1.1(3), S 5-2-1-1(3)",
            Self::Examiner => "A 5.2.1.1(4), S 5-2-1-1(4)",
            Self::Approver => "A 5.2.1.1(5), S 5-2-1-1(5)",
            Self::SeniorOperator => "A 5.2.1.1(6), S 5-2-1-1(6)",
            Self::RepositoryOperator => "S 5-2-1-1(7)",
            Self::GeneralOperator => "A 5.2.1.1(7), S 5-2-1-1(8)",
            Self::InternalAuditor => "A 5.2.1.1(8), S 5-2-1-1(9)",
            Self::WindowClerk | Self::WindowSupervisor => "A 5.2.1.2, S 5-2-1-2",
            Self::CallCentreAgent => "A 4.9.15①",
            Self::Verifier => "A 1.3.4.1, S 1-3-1(9)",
        }
    }
}
