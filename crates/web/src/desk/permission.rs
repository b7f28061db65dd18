//! Which operation is open to whom: one table, printed for review.
//!
//! What a clerk may do to which application, and who is a second person, `ra` and `ca` decide;
//! this table keeps the roles apart before that.

use domain::act::Actor;
use domain::journal::EventKind;

/// The kinds of people and programs at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A clerk at a municipality's window.
    Clerk,
    /// An agent of the call centre.
    CallCentre,
    /// A member of the CA's staff.
    Staff,
    /// The program itself.
    System,
}

/// Declares the operations with event kind and roles.
macro_rules! operations {
    ($($(#[$meta:meta])* $variant:ident = $name:literal, $kind:ident, [$($role:ident),+];)+) => {
        /// Every operation, by the name it has in the API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation { $($(#[$meta])* $variant,)+ }

        impl Operation {
            /// Every operation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name, which is the operation id in the OpenAPI document.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Under which kind a refusal is journaled.
            pub fn kind(self) -> EventKind {
                match self { $(Self::$variant => EventKind::$kind,)+ }
            }

            /// To whom it is open.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Self::$variant => &[$(Role::$role,)+],)+ }
            }
        }
    };
}

operations! {
    /// Takes an application in.
    ReceiveApplication = "receive_application", ApplicationReceived, [Clerk];
    /// Records the identity check.
    VerifyApplication = "verify_application", ApplicationVerified, [Clerk];
    /// Approves as the second person.
    ApproveApplication = "approve_application", ApplicationApproved, [Clerk];
    /// Has the certificate issued onto the card.
    IssueApplication = "issue_application", ApplicationIssued, [Clerk];
    /// Delivers the card.
    DeliverApplication = "deliver_application", ApplicationCompleted, [Clerk];
    /// Carries out a revocation or release.
    CompleteApplication = "complete_application", ApplicationCompleted, [Clerk];
    /// Destroys what was never delivered.
    DiscardApplication = "discard_application", ApplicationWithdrawn, [Clerk];
    /// Refuses an application.
    RefuseApplication = "refuse_application", ApplicationRefused, [Clerk];
    /// Notes that the applicant withdrew.
    WithdrawApplication = "withdraw_application", ApplicationWithdrawn, [Clerk];
    /// Shows an application.
    ShowApplication = "show_application", RecordsRead, [Clerk];
    /// Lists the applications of the clerk's municipality.
    ListApplications = "list_applications", RecordsRead, [Clerk];
    /// Holds by phone (A 4.9.13).
    HoldCertificates = "hold_certificates", CertificateHeld, [CallCentre];
    /// Revokes by a row of the policy's table.
    RevokeCertificate = "revoke_certificate", CertificateRevoked, [Staff, System];
    /// Shows a certificate.
    ShowCertificate = "show_certificate", RecordsRead, [Staff, System];
    /// Lists certificates in order of issue.
    ListCertificates = "list_certificates", RecordsRead, [Staff, System];
    /// Issues a certificate to a server.
    IssueServiceCertificate = "issue_service_certificate", CertificateIntended, [Staff, System];
    /// Lists the CAs.
    ListAuthorities = "list_authorities", RecordsRead, [Clerk, CallCentre, Staff, System];
    /// Shows a CA.
    ShowAuthority = "show_authority", RecordsRead, [Clerk, CallCentre, Staff, System];
    /// Shows a policy.
    ShowPolicy = "show_policy", RecordsRead, [Clerk, CallCentre, Staff, System];
    /// Lists the revocation list series of a CA.
    ListSeries = "list_series", RecordsRead, [Staff, System];
    /// Hands a revocation list out.
    FetchList = "fetch_list", RecordsRead, [Staff, System];
    /// Publishes the lists that are due.
    PublishDueLists = "publish_due_lists", CrlPublished, [Staff, System];
    /// Publishes every list of a CA.
    PublishAllLists = "publish_all_lists", CrlPublished, [Staff, System];
    /// Shows a resident.
    ShowResident = "show_resident", RecordsRead, [Clerk, Staff, System];
    /// Records a death in the embedded register.
    RecordDeath = "record_death", RegisterEvent, [Staff, System];
    /// Records a change of address in the embedded register.
    RecordAddress = "record_address", RegisterEvent, [Staff, System];
    /// Records a notice of moving out in the embedded register.
    RecordMoveOut = "record_move_out", RegisterEvent, [Staff, System];
    /// Carries out what the register's events ask of the CAs.
    ApplyRegisterEvents = "apply_register_events", RegisterEvent, [Staff, System];
    /// Reads the journal.
    ReadJournal = "read_journal", RecordsRead, [Staff, System];
    /// Checks that everything agrees with everything else.
    CheckConsistency = "check_consistency", RecordsRead, [Staff, System];
}

impl Role {
    /// The role of an actor; nobody else is served at the desk.
    pub fn of(actor: &Actor) -> Option<Self> {
        match actor {
            Actor::WindowClerk { .. } => Some(Self::Clerk),
            Actor::CallCentreAgent(_) => Some(Self::CallCentre),
            Actor::Staff(_) => Some(Self::Staff),
            Actor::System(_) => Some(Self::System),
            Actor::Verifier(_) | Actor::Anonymous => None,
        }
    }

    /// The role in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clerk => "a clerk at a municipality's window",
            Self::CallCentre => "an agent of the call centre",
            Self::Staff => "the CA's staff",
            Self::System => "the system",
        }
    }
}

impl Operation {
    /// Whether the table lets this actor pass.
    pub fn permits(self, actor: &Actor) -> bool {
        Role::of(actor).is_some_and(|role| self.roles().contains(&role))
    }

    /// The row of the table as a rule.
    pub fn rule(self) -> String {
        let roles: Vec<_> = self.roles().iter().map(|role| role.name()).collect();
        format!("{} is open to {}", self.name(), roles.join(", "))
    }
}

/// The whole table, one operation a line, for review.
pub fn table() -> String {
    let lines = Operation::ALL.iter().map(|operation| operation.rule() + "\n");
    lines.collect()
}
