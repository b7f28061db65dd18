//! Which operation is open to whom, proven how: one table, printed for review.
//!
//! What a clerk may do to which application, and who is a second person, `ra` and `ca` decide;
//! this table keeps the roles apart before that (A 5.2.1, A 5.2.3.1, A 5.2.4.1; S 5-2).

use domain::journal::EventKind;
use domain::rule;
use domain::rule::{Rule, Several};
use domain::staff::Role;

use super::principal::{Principal, Proof};

/// To whom an operation is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Whoever holds this role.
    Holder(Role),
    /// Everybody in the registry.
    Everybody,
    /// The program itself.
    System,
    /// The holder of a user certificate, at home.
    CertificateHolder,
}

/// How somebody must have proven who they are (A 5.1.2.2, S 5-1-2-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// By a client certificate, a passkey or a console token.
    Strong,
    /// By a password too.
    Any,
    /// As strong, or by the one-time secret of their enrolment: it makes a credential.
    StrongOrEnrolment,
    /// By anything, an expired password and an enrolment secret too: it sets the password.
    AnyAtAll,
}

/// What an operation takes, and so at which places it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A window's operation, a hold, a revocation: what people wait for.
    Work,
    /// A page of a list: some megabytes, for milliseconds.
    Page,
    /// Seconds or minutes of a core.
    Long,
    /// A password to be hashed.
    Password,
}

/// Declares the operations with event kind, strength, pace and parties.
macro_rules! operations {
    (@party Everybody) => { Party::Everybody };
    (@party System) => { Party::System };
    (@party CertificateHolder) => { Party::CertificateHolder };
    (@party $role:ident) => { Party::Holder(Role::$role) };
    ($($(#[$meta:meta])* $variant:ident = $name:literal, $kind:ident, $strength:ident,
        $pace:ident, [$($party:ident),+];)+) => {
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

            /// How one must have proven who one is.
            pub fn strength(self) -> Strength {
                match self { $(Self::$variant => Strength::$strength,)+ }
            }

            /// What it takes.
            pub fn pace(self) -> Pace {
                match self { $(Self::$variant => Pace::$pace,)+ }
            }

            /// To whom it is open.
            pub fn parties(self) -> &'static [Party] {
                match self { $(Self::$variant => &[$(operations!(@party $party)),+],)+ }
            }
        }
    };
}

operations! {
    /// Takes an application in.
    ReceiveApplication = "receive_application", ApplicationReceived, Any, Work,
        [WindowClerk, WindowSupervisor];
    /// Records the identity check.
    VerifyApplication = "verify_application", ApplicationVerified, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Approves as the second person.
    ApproveApplication = "approve_application", ApplicationApproved, Strong, Work,
        [WindowSupervisor];
    /// Has the certificate issued onto the card.
    IssueApplication = "issue_application", ApplicationIssued, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Delivers the card.
    DeliverApplication = "deliver_application", ApplicationCompleted, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Carries out a revocation or release.
    CompleteApplication = "complete_application", ApplicationCompleted, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Destroys what was never delivered.
    DiscardApplication = "discard_application", ApplicationWithdrawn, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Refuses an application.
    RefuseApplication = "refuse_application", ApplicationRefused, Any, Work,
        [WindowClerk, WindowSupervisor];
    /// Notes that the applicant withdrew.
    WithdrawApplication = "withdraw_application", ApplicationWithdrawn, Any, Work,
        [WindowClerk, WindowSupervisor];
    /// Shows an application.
    ShowApplication = "show_application", RecordsRead, Any, Work,
        [WindowClerk, WindowSupervisor];
    /// Lists the applications of the clerk's municipality.
    ListApplications = "list_applications", RecordsRead, Any, Page,
        [WindowClerk, WindowSupervisor];
    /// Holds by phone (A 4.9.13).
    HoldCertificates = "hold_certificates", CertificateHeld, Any, Work,
        [CallCentreAgent];
    /// Reads the card on a reader.
    ReadCard = "read_card", RecordsRead, Any, Work,
        [WindowClerk, WindowSupervisor];
    /// Changes a card's secret by its holder.
    ChangeCardSecret = "change_card_secret", CardChanged, Any, Work,
        [WindowClerk, WindowSupervisor];
    /// Sets a card's secret anew and unlocks it.
    ResetCardSecret = "reset_card_secret", CardChanged, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Deletes what is in a slot of a card.
    EraseCard = "erase_card", CardChanged, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Holds a card against the office and the CAs.
    ReconcileCard = "reconcile_card", CardChanged, Strong, Work,
        [WindowClerk, WindowSupervisor];
    /// Revokes by a row of the policy's table.
    RevokeCertificate = "revoke_certificate", CertificateRevoked, Strong, Work,
        [SeniorOperator, System];
    /// Shows a certificate.
    ShowCertificate = "show_certificate", RecordsRead, Any, Work,
        [CaManager, SeniorOperator, GeneralOperator, InternalAuditor, System];
    /// Lists certificates in order of issue.
    ListCertificates = "list_certificates", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, GeneralOperator, InternalAuditor, System];
    /// Shows where the custodians' work stands.
    ShowKeys = "show_keys", RecordsRead, Any, Work,
        [CaManager, KeyCustodian, SeniorOperator, GeneralOperator, InternalAuditor, System];
    /// Brings a share of the CAs' keys (A 6.2.8.1, S 6-2-1-7).
    ActivateKeys = "activate_keys", CustodianPresent, Strong, Work,
        [KeyCustodian];
    /// Asks that the CAs' keys sleep (A 6.2.9.1, S 6-2-1-8).
    DeactivateKeys = "deactivate_keys", KeysDeactivated, Strong, Work,
        [KeyCustodian];
    /// Rehearses the renewal of a CA's key.
    RehearseRenewal = "rehearse_renewal", RecordsRead, Any, Long,
        [CaManager, SeniorOperator, System];
    /// Shows what the compromise of a key would mean.
    PlanCompromise = "plan_compromise", RecordsRead, Any, Long,
        [CaManager, SeniorOperator, System];
    /// Declares a key compromised and carries out what follows (A 5.7.3, S 4-14-2).
    CompromiseKey = "compromise_key", KeyCompromised, Strong, Work,
        [CaManager, SeniorOperator];
    /// Approves, as the second person, an operation to which one has the right oneself (A 5.2.2,
    /// S 5-2-2).
    ApproveOperation = "approve_operation", OperationApproved, Strong, Work,
        [CaManager, SeniorOperator, InternalAuditor];
    /// Adopts a changed policy with another senior operator, at the console while nothing runs
    /// (A 5.2.1.1(6), A 5.2.2, S 5-2-1-1(6)).
    AdoptPolicy = "adopt_policy", PolicyAdopted, Strong, Work,
        [SeniorOperator];
    /// Takes a request for another certificate, or for its end, in (A 5.2.1.1(3)).
    ReceiveServiceRequest = "receive_service_request", ServiceRequestChanged, Strong, Work,
        [IntakeClerk];
    /// Records the examination of such a request (A 5.2.1.1(4)).
    ExamineServiceRequest = "examine_service_request", ServiceRequestChanged, Strong, Work,
        [Examiner];
    /// Approves the examination (A 5.2.1.1(5)).
    ApproveServiceRequest = "approve_service_request", ServiceRequestChanged, Strong, Work,
        [Approver];
    /// Releases a request for the CA's key (A 5.2.1.1(6)).
    ReleaseServiceRequest = "release_service_request", ServiceRequestChanged, Strong, Work,
        [SeniorOperator];
    /// Issues what another senior operator released (A 5.2.2).
    IssueServiceRequest = "issue_service_request", ServiceRequestChanged, Strong, Work,
        [SeniorOperator];
    /// Revokes what another senior operator released (A 5.2.2).
    RevokeServiceRequest = "revoke_service_request", ServiceRequestChanged, Strong, Work,
        [SeniorOperator];
    /// Refuses a request.
    RefuseServiceRequest = "refuse_service_request", ServiceRequestChanged, Strong, Work,
        [Examiner, Approver, SeniorOperator];
    /// Notes that the applicant withdrew.
    WithdrawServiceRequest = "withdraw_service_request", ServiceRequestChanged, Strong, Work,
        [IntakeClerk];
    /// Shows a request.
    ShowServiceRequest = "show_service_request", RecordsRead, Any, Work,
        [CaManager, IntakeClerk, Examiner, Approver, SeniorOperator, InternalAuditor];
    /// Lists requests.
    ListServiceRequests = "list_service_requests", RecordsRead, Any, Page,
        [CaManager, IntakeClerk, Examiner, Approver, SeniorOperator, InternalAuditor];
    /// Shows how the API is asked.
    ShowDescription = "show_openapi", RecordsRead, Any, Work,
        [Everybody, System];
    /// Lists the CAs.
    ListAuthorities = "list_authorities", RecordsRead, Any, Work,
        [Everybody, System];
    /// Shows a CA.
    ShowAuthority = "show_authority", RecordsRead, Any, Work,
        [Everybody, System];
    /// Shows a policy.
    ShowPolicy = "show_policy", RecordsRead, Any, Work,
        [Everybody, System];
    /// Lists the revocation list series of a CA.
    ListSeries = "list_series", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, RepositoryOperator, GeneralOperator, InternalAuditor,
        System];
    /// Hands a revocation list out.
    FetchList = "fetch_list", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, RepositoryOperator, GeneralOperator, InternalAuditor,
        System];
    /// Publishes the lists that are due.
    PublishDueLists = "publish_due_lists", CrlPublished, Strong, Work,
        [SeniorOperator, RepositoryOperator, System];
    /// Publishes every list of a CA.
    PublishAllLists = "publish_all_lists", CrlPublished, Strong, Work,
        [SeniorOperator, RepositoryOperator, System];
    /// Shows a resident.
    ShowResident = "show_resident", RecordsRead, Any, Work,
        [WindowClerk, WindowSupervisor, SeniorOperator, GeneralOperator,
        System];
    /// Records a death in the embedded register.
    RecordDeath = "record_death", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System];
    /// Records a change of address in the embedded register.
    RecordAddress = "record_address", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System];
    /// Records a notice of moving out in the embedded register.
    RecordMoveOut = "record_move_out", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System];
    /// Disposes of a person's records and of the key to their data, once the law lets go, with another
    /// senior operator (A 5.5.2, S 4-12-1-2, S 5-2-2).
    EraseResident = "erase_resident", PersonalDataErased, Strong, Work,
        [SeniorOperator];
    /// Carries out what the register's events ask of the CAs.
    ApplyRegisterEvents = "apply_register_events", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System];
    /// Reads the journal (E3: the internal auditor alone).
    ReadJournal = "read_journal", RecordsRead, Any, Page,
        [InternalAuditor];
    /// Accepts what a start refuses, at the installation's own console: the custodians, whom the program
    /// lets in by their shares, or two people with an internal auditor (A 5.4, S 4-11-5).
    AcceptStart = "accept_start", StartAccepted, Strong, Work,
        [CaManager, SeniorOperator, InternalAuditor, System];
    /// Checks that everything agrees with everything else.
    CheckConsistency = "check_consistency", RecordsRead, Any, Long,
        [CaManager, SeniorOperator, GeneralOperator, InternalAuditor, System];
    /// Lists the registry of people.
    ListPeople = "list_people", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, InternalAuditor, System];
    /// Shows a person and what lets them in.
    ShowPerson = "show_person", RecordsRead, Any, Work,
        [CaManager, SeniorOperator, InternalAuditor, System];
    /// Proposes a new person (A 5.2.4.1③).
    ProposePerson = "propose_person", StaffChanged, Strong, Work,
        [SeniorOperator];
    /// Proposes a change of a person.
    ProposeChange = "propose_change", StaffChanged, Strong, Work,
        [SeniorOperator];
    /// Confirms what was proposed (A 5.2.4.1②).
    ConfirmProposal = "confirm_proposal", StaffChanged, Strong, Work,
        [CaManager];
    /// Refuses what was proposed.
    RefuseProposal = "refuse_proposal", StaffChanged, Strong, Work,
        [CaManager];
    /// Keeps a person from acting, at once.
    SuspendPerson = "suspend_person", StaffChanged, Strong, Work,
        [CaManager, SeniorOperator];
    /// Sets one's own password.
    SetPassword = "set_password", CredentialChanged, AnyAtAll, Password,
        [Everybody];
    /// Registers a client certificate of one's own.
    RegisterCertificate = "register_certificate", CredentialChanged, StrongOrEnrolment, Work,
        [Everybody];
    /// Gives a challenge for a passkey of one's own.
    BeginPasskey = "begin_passkey", CredentialChanged, StrongOrEnrolment, Work, [Everybody];
    /// Registers a passkey of one's own.
    RegisterPasskey = "register_passkey", CredentialChanged, StrongOrEnrolment, Work, [Everybody];
    /// Makes a token of one's own.
    MakeToken = "make_token", CredentialChanged, StrongOrEnrolment, Work,
        [Everybody];
    /// Ends the session.
    EndSession = "end_session", LoggedIn, AnyAtAll, Work,
        [Everybody];
    /// Shows a holder how their own certificates stand (W9).
    ShowOwnCertificates = "show_own_certificates", RecordsRead, Strong, Work,
        [CertificateHolder];
    /// Takes a holder's signed request for revocation in, and carries it out (L7).
    RequestRevocation = "request_revocation", ApplicationRefused, Strong, Work,
        [CertificateHolder];
    /// Registers the first two people of an installation.
    RegisterFirstPeople = "register_first_people", StaffChanged, Strong, Work,
        [System];
    /// Lets a person in office in again, borne by the custodians' quorum.
    RecoverPerson = "recover_person", StaffChanged, Strong, Work,
        [System];
}

impl Party {
    /// Who that is, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Holder(role) => role.words(),
            Self::Everybody => "everybody in the registry",
            Self::System => "the system",
            Self::CertificateHolder => "the holder of a certificate",
        }
    }

    fn includes(self, principal: &Principal) -> bool {
        match self {
            Self::Holder(role) => principal.roles().contains(&role),
            Self::Everybody => principal.registered().is_some(),
            Self::System => principal.is_program(),
            Self::CertificateHolder => principal.is_certificate_holder(),
        }
    }
}

impl Strength {
    /// The name of the strength in the printed table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strong => "strong",
            Self::Any => "any",
            Self::StrongOrEnrolment => "strong or enrolment",
            Self::AnyAtAll => "any, expired or enrolment",
        }
    }

    /// Whether this proof will do.
    pub fn is_met_by(self, proof: Proof) -> bool {
        match (self, proof) {
            (_, Proof::Strong) | (Self::AnyAtAll, _) => true,
            (strength, Proof::Weak) => strength == Self::Any,
            (strength, Proof::Enrolment(_)) => strength == Self::StrongOrEnrolment,
            (_, Proof::ExpiredPassword) => false,
        }
    }

    fn rule(self, proof: Proof) -> &'static str {
        match (self, proof) {
            (_, Proof::ExpiredPassword) => {
                "the password has expired; until it is changed nothing else is open"
            }
            (_, Proof::Enrolment(_)) => {
                "with an enrolment secret nothing is open but making a credential"
            }
            _ => "it needs a client certificate, a passkey or a console token",
        }
    }
}

impl Operation {
    /// Whether a role opens it, whoever else it is open to.
    pub fn is_open_to(self, role: Role) -> bool {
        let opens =
            |party: &Party| matches!(party, Party::Everybody) || *party == Party::Holder(role);
        self.parties().iter().any(opens)
    }

    /// Whether the API has it: what is the program's alone is no address, what is the holders' is on
    /// their page, and what is for a program that does not run is a command.
    pub fn is_in_api(self) -> bool {
        self.parties() != [Party::System] && !self.is_for_holders() && !self.is_command_alone()
    }

    /// Whether only the command line has it, because it is for a program that does not start.
    pub fn is_command_alone(self) -> bool {
        matches!(self, Self::AcceptStart | Self::AdoptPolicy)
    }

    /// Whether it is on the holders' page.
    pub fn is_for_holders(self) -> bool {
        self.parties() == [Party::CertificateHolder]
    }

    /// Whether the table lets this principal pass.
    pub fn permits(self, principal: &Principal) -> bool {
        self.refusal(principal).is_none()
    }

    /// The rule that keeps this principal out, if one does.
    pub fn refusal(self, principal: &Principal) -> Option<Rule> {
        if !self.parties().iter().any(|party| party.includes(principal)) {
            return Some(self.rule());
        }
        let (strength, proof) = (self.strength(), principal.proof());
        let weak = !strength.is_met_by(proof);
        weak.then(|| rule!("{}: {}", self.name(), strength.rule(proof)))
    }

    /// The row of the table as a rule.
    pub fn rule(self) -> Rule {
        let parties: Vec<_> = self.parties().iter().map(|party| party.words()).collect();
        rule!("{} is open to {}", self.name(), Several(parties))
    }
}
