//! Which operation is open to whom, proven how: one table, printed for review.
//!
//! What a clerk may do to which application, and who is a second person, `ra` and `ca` decide;
//! this table keeps the roles apart before that (A 5.2.1, A 5.2.3.1, A 5.2.4.1; S 5-2).

use domain::journal::EventKind;
use domain::rule;
use domain::rule::{Rule, Several};
use domain::staff::Role;

use crate::entrance::principal::{Principal, Proof};

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
    /// An answer that is made while it is sent, for as long as somebody takes it.
    Stream,
    /// A password to be hashed.
    Password,
}

/// Declares the operations with event kind, strength, pace, parties and commands.
macro_rules! operations {
    (@party Everybody) => { Party::Everybody };
    (@party System) => { Party::System };
    (@party CertificateHolder) => { Party::CertificateHolder };
    (@party $role:ident) => { Party::Holder(Role::$role) };
    ($($(#[$meta:meta])* $variant:ident = $name:literal, $kind:ident, $strength:ident,
        $pace:ident, [$($party:ident),+] $(, by [$($command:literal),+])?;)+) => {
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

            /// The commands that ask for it, in the words of the command line; an option of others, if it
            /// begins with a hyphen.
            pub fn commands(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($($command),+)?],)+ }
            }
        }
    };
}

operations! {
    /// Takes an application in.
    ReceiveApplication = "receive_application", ApplicationReceived, Any, Work,
        [WindowClerk, WindowSupervisor], by ["apply receive"];
    /// Records the identity check.
    VerifyApplication = "verify_application", ApplicationVerified, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["apply verify"];
    /// Approves as the second person.
    ApproveApplication = "approve_application", ApplicationApproved, Strong, Work,
        [WindowSupervisor], by ["apply approve"];
    /// Has the certificate issued onto the card.
    IssueApplication = "issue_application", ApplicationIssued, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["apply issue"];
    /// Delivers the card.
    DeliverApplication = "deliver_application", ApplicationCompleted, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["apply deliver"];
    /// Carries out a revocation or release.
    CompleteApplication = "complete_application", ApplicationCompleted, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["apply complete"];
    /// Destroys what was never delivered.
    DiscardApplication = "discard_application", ApplicationWithdrawn, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["apply discard"];
    /// Refuses an application.
    RefuseApplication = "refuse_application", ApplicationRefused, Any, Work,
        [WindowClerk, WindowSupervisor], by ["apply refuse"];
    /// Notes that the applicant withdrew.
    WithdrawApplication = "withdraw_application", ApplicationWithdrawn, Any, Work,
        [WindowClerk, WindowSupervisor], by ["apply withdraw"];
    /// Shows an application.
    ShowApplication = "show_application", RecordsRead, Any, Work,
        [WindowClerk, WindowSupervisor], by ["apply show"];
    /// Lists the applications of the clerk's municipality.
    ListApplications = "list_applications", RecordsRead, Any, Page,
        [WindowClerk, WindowSupervisor], by ["apply list"];
    /// Holds by phone (A 4.9.13).
    HoldCertificates = "hold_certificates", CertificateHeld, Any, Work,
        [CallCentreAgent], by ["hold"];
    /// Reads the card on a reader.
    ReadCard = "read_card", RecordsRead, Any, Work,
        [WindowClerk, WindowSupervisor], by ["card read"];
    /// Changes a card's secret by its holder.
    ChangeCardSecret = "change_card_secret", CardChanged, Any, Work,
        [WindowClerk, WindowSupervisor], by ["card change-secret"];
    /// Sets a card's secret anew and unlocks it.
    ResetCardSecret = "reset_card_secret", CardChanged, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["card reset-secret"];
    /// Deletes what is in a slot of a card.
    EraseCard = "erase_card", CardChanged, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["card erase"];
    /// Holds a card against the office and the CAs.
    ReconcileCard = "reconcile_card", CardChanged, Strong, Work,
        [WindowClerk, WindowSupervisor], by ["card reconcile"];
    /// Revokes by a row of the policy's table.
    RevokeCertificate = "revoke_certificate", CertificateRevoked, Strong, Work,
        [SeniorOperator, System], by ["revoke"];
    /// Shows a certificate.
    ShowCertificate = "show_certificate", RecordsRead, Any, Work,
        [CaManager, SeniorOperator, GeneralOperator, InternalAuditor, System], by ["cert show"];
    /// Lists certificates in order of issue.
    ListCertificates = "list_certificates", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, GeneralOperator, InternalAuditor, System], by ["cert list"];
    /// Shows where the custodians' work stands.
    ShowKeys = "show_keys", RecordsRead, Any, Work,
        [CaManager, KeyCustodian, SeniorOperator, GeneralOperator, InternalAuditor, System], by ["key status"];
    /// Brings a share of the CAs' keys (A 6.2.8.1, S 6-2-1-7).
    ActivateKeys = "activate_keys", CustodianPresent, Strong, Work,
        [KeyCustodian];
    /// Asks that the CAs' keys sleep (A 6.2.9.1, S 6-2-1-8).
    DeactivateKeys = "deactivate_keys", KeysDeactivated, Strong, Work,
        [KeyCustodian];
    /// Rehearses the renewal of a CA's key.
    RehearseRenewal = "rehearse_renewal", RecordsRead, Any, Long,
        [CaManager, SeniorOperator, System], by ["key renew"];
    /// Shows what the compromise of a key would mean.
    PlanCompromise = "plan_compromise", RecordsRead, Any, Long,
        [CaManager, SeniorOperator, System], by ["key compromise"];
    /// Declares a key compromised and carries out what follows (A 5.7.3, S 4-14-2).
    CompromiseKey = "compromise_key", KeyCompromised, Strong, Work,
        [CaManager, SeniorOperator], by ["key compromise"];
    /// Approves, as the second person, an operation to which one has the right oneself (A 5.2.2,
    /// S 5-2-2).
    ApproveOperation = "approve_operation", OperationApproved, Strong, Work,
        [CaManager, SeniorOperator, InternalAuditor], by ["--approves"];
    /// Adopts a changed policy with another senior operator, at the console while nothing runs
    /// (A 5.2.1.1(6), A 5.2.2, S 5-2-1-1(6)).
    AdoptPolicy = "adopt_policy", PolicyAdopted, Strong, Work,
        [SeniorOperator], by ["policy adopt"];
    /// Takes a request for another certificate, or for its end, in (A 5.2.1.1(3)).
    ReceiveServiceRequest = "receive_service_request", ServiceRequestChanged, Strong, Work,
        [IntakeClerk], by ["request receive"];
    /// Records the examination of such a request (A 5.2.1.1(4)).
    ExamineServiceRequest = "examine_service_request", ServiceRequestChanged, Strong, Work,
        [Examiner], by ["request examine"];
    /// Approves the examination (A 5.2.1.1(5)).
    ApproveServiceRequest = "approve_service_request", ServiceRequestChanged, Strong, Work,
        [Approver], by ["request approve"];
    /// Releases a request for the CA's key (A 5.2.1.1(6)).
    ReleaseServiceRequest = "release_service_request", ServiceRequestChanged, Strong, Work,
        [SeniorOperator], by ["request release"];
    /// Issues what another senior operator released (A 5.2.2).
    IssueServiceRequest = "issue_service_request", ServiceRequestChanged, Strong, Work,
        [SeniorOperator], by ["request issue"];
    /// Revokes what another senior operator released (A 5.2.2).
    RevokeServiceRequest = "revoke_service_request", ServiceRequestChanged, Strong, Work,
        [SeniorOperator], by ["request revoke"];
    /// Refuses a request.
    RefuseServiceRequest = "refuse_service_request", ServiceRequestChanged, Strong, Work,
        [Examiner, Approver, SeniorOperator], by ["request refuse"];
    /// Notes that the applicant withdrew.
    WithdrawServiceRequest = "withdraw_service_request", ServiceRequestChanged, Strong, Work,
        [IntakeClerk], by ["request withdraw"];
    /// Shows a request.
    ShowServiceRequest = "show_service_request", RecordsRead, Any, Work,
        [CaManager, IntakeClerk, Examiner, Approver, SeniorOperator, InternalAuditor], by ["request show"];
    /// Lists requests.
    ListServiceRequests = "list_service_requests", RecordsRead, Any, Page,
        [CaManager, IntakeClerk, Examiner, Approver, SeniorOperator, InternalAuditor], by ["request list"];
    /// Shows how the API is asked.
    ShowDescription = "show_openapi", RecordsRead, Any, Work,
        [Everybody, System];
    /// Lists the CAs.
    ListAuthorities = "list_authorities", RecordsRead, Any, Work,
        [Everybody, System], by ["ca list"];
    /// Shows a CA.
    ShowAuthority = "show_authority", RecordsRead, Any, Work,
        [Everybody, System], by ["ca show"];
    /// Shows a policy.
    ShowPolicy = "show_policy", RecordsRead, Any, Work,
        [Everybody, System];
    /// Lists the revocation list series of a CA.
    ListSeries = "list_series", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, RepositoryOperator, GeneralOperator, InternalAuditor,
        System], by ["crl list"];
    /// Hands a revocation list out.
    FetchList = "fetch_list", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, RepositoryOperator, GeneralOperator, InternalAuditor,
        System], by ["crl show"];
    /// Publishes the lists that are due.
    PublishDueLists = "publish_due_lists", CrlPublished, Strong, Work,
        [SeniorOperator, RepositoryOperator, System], by ["crl publish"];
    /// Publishes every list of a CA.
    PublishAllLists = "publish_all_lists", CrlPublished, Strong, Work,
        [SeniorOperator, RepositoryOperator, System], by ["crl publish"];
    /// Shows a resident.
    ShowResident = "show_resident", RecordsRead, Any, Work,
        [WindowClerk, WindowSupervisor, SeniorOperator, GeneralOperator,
        System], by ["register show"];
    /// Records a death in the embedded register.
    RecordDeath = "record_death", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System], by ["register died"];
    /// Records a change of address in the embedded register.
    RecordAddress = "record_address", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System], by ["register moved"];
    /// Records a notice of moving out in the embedded register.
    RecordMoveOut = "record_move_out", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System], by ["register moved-out"];
    /// Disposes of a person's records and of the key to their data, once the law lets go, with another
    /// senior operator (A 5.5.2, S 4-12-1-2, S 5-2-2).
    EraseResident = "erase_resident", PersonalDataErased, Strong, Work,
        [SeniorOperator], by ["register erase"];
    /// Carries out what the register's events ask of the CAs.
    ApplyRegisterEvents = "apply_register_events", RegisterEvent, Strong, Work,
        [SeniorOperator, GeneralOperator, System], by ["register apply"];
    /// Reads the journal (E3: the internal auditor alone).
    ReadJournal = "read_journal", RecordsRead, Any, Page,
        [InternalAuditor];
    /// Hands the whole journal out, as evidence that anybody verifies (E2, E3).
    ExportJournal = "export_journal", RecordsRead, Any, Stream,
        [InternalAuditor], by ["audit export"];
    /// Accepts what a start refuses, at the installation's own console: the custodians, whom the program
    /// lets in by their shares, or two people with an internal auditor (A 5.4, S 4-11-5).
    AcceptStart = "accept_start", StartAccepted, Strong, Work,
        [CaManager, SeniorOperator, InternalAuditor, System], by ["audit accept"];
    /// Checks that everything agrees with everything else.
    CheckConsistency = "check_consistency", RecordsRead, Any, Long,
        [CaManager, SeniorOperator, GeneralOperator, InternalAuditor, System], by ["check"];
    /// Shows how far a ceremony came.
    ShowCeremony = "show_ceremony", RecordsRead, Strong, Work,
        [CaManager, SeniorOperator, InternalAuditor], by ["ceremony show"];
    /// Gives an interrupted ceremony up; its minutes are drawn up where it was held.
    AbandonCeremony = "abandon_ceremony", CeremonyCompleted, Strong, Work,
        [CaManager], by ["ceremony abandon"];
    /// Carries a ceremony out, beside the custodians, who prove themselves by their shares (A 5.2.2,
    /// S 5-2-1(6)).
    HoldCeremony = "hold_ceremony", CeremonyStarted, Any, Long,
        [SeniorOperator], by ["ceremony run"];
    /// Confirms that one is present at a ceremony, as a witness or as an operator.
    AttendCeremony = "attend_ceremony", CeremonyAttended, Any, Work,
        [CaManager, KeyCustodian, IntakeClerk, Examiner, Approver, SeniorOperator, RepositoryOperator,
        GeneralOperator, InternalAuditor, WindowClerk, WindowSupervisor, CallCentreAgent], by ["ceremony attend"];
    /// Finds the certificates whose key is on a list of weak keys.
    FindWeakKeys = "find_weak_keys", RecordsRead, Any, Long,
        [CaManager, SeniorOperator, GeneralOperator, InternalAuditor, System], by ["key weak"];
    /// Shows how far an operation of one's own has come that is at work.
    ShowProgress = "show_progress", RecordsRead, Any, Work,
        [Everybody, System];
    /// Makes a blank emulated card.
    MakeCard = "make_card", CardChanged, Strong, Work,
        [WindowClerk, WindowSupervisor, SeniorOperator], by ["card make"];
    /// Fills an empty embedded register with invented residents.
    GenerateResidents = "generate_residents", RegisterEvent, Strong, Long,
        [SeniorOperator, GeneralOperator, System], by ["register generate"];
    /// Lists the registry of people.
    ListPeople = "list_people", RecordsRead, Any, Page,
        [CaManager, SeniorOperator, InternalAuditor, System], by ["staff list"];
    /// Shows a person and what lets them in.
    ShowPerson = "show_person", RecordsRead, Any, Work,
        [CaManager, SeniorOperator, InternalAuditor, System], by ["staff show"];
    /// Proposes a new person (A 5.2.4.1③).
    ProposePerson = "propose_person", StaffChanged, Strong, Work,
        [SeniorOperator], by ["staff propose"];
    /// Proposes a change of a person.
    ProposeChange = "propose_change", StaffChanged, Strong, Work,
        [SeniorOperator], by ["staff roles", "staff enrol", "staff reinstate", "staff remove"];
    /// Confirms what was proposed (A 5.2.4.1②).
    ConfirmProposal = "confirm_proposal", StaffChanged, Strong, Work,
        [CaManager], by ["staff confirm"];
    /// Refuses what was proposed.
    RefuseProposal = "refuse_proposal", StaffChanged, Strong, Work,
        [CaManager], by ["staff refuse"];
    /// Keeps a person from acting, at once.
    SuspendPerson = "suspend_person", StaffChanged, Strong, Work,
        [CaManager, SeniorOperator], by ["staff suspend"];
    /// Sets one's own password.
    SetPassword = "set_password", CredentialChanged, AnyAtAll, Password,
        [Everybody], by ["staff password"];
    /// Registers a client certificate of one's own.
    RegisterCertificate = "register_certificate", CredentialChanged, StrongOrEnrolment, Work,
        [Everybody];
    /// Gives a challenge for a passkey of one's own.
    BeginPasskey = "begin_passkey", CredentialChanged, StrongOrEnrolment, Work, [Everybody];
    /// Registers a passkey of one's own.
    RegisterPasskey = "register_passkey", CredentialChanged, StrongOrEnrolment, Work, [Everybody];
    /// Makes a token of one's own.
    MakeToken = "make_token", CredentialChanged, StrongOrEnrolment, Work,
        [Everybody], by ["staff token"];
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
        [System], by ["init"];
    /// Lets a person in office in again, borne by the custodians' quorum.
    RecoverPerson = "recover_person", StaffChanged, Strong, Work,
        [System], by ["staff recover"];
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

    /// Whether only the command line has it: it is for a program that does not start, or for a room where
    /// people come together.
    pub fn is_command_alone(self) -> bool {
        matches!(self, Self::AcceptStart | Self::AdoptPolicy | Self::HoldCeremony)
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
