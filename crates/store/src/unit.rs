//! A unit of work: journal entries, and the changes they tell of.

use std::io::Read;
use std::sync::Arc;

use domain::act::{self, Act, Actor, Standing};
use domain::application::ApplicationState;
use domain::certificate::CertificateState;
use domain::compromise::CompromiseState;
use domain::crl_series::SeriesState;
use domain::id::{
    ActorId, ApplicationId, CaId, CardId, OperationId, ResidentCode, SerialNumber, ServiceRequestId,
};
use domain::journal::{EventKind, Outcome};
use domain::rule::{Closed, Rule};
use domain::service_request::RequestState;
use jiff::Timestamp;

use crate::people::{CredentialRow, PasswordRow, PersonRow};
use crate::rows::{
    ApplicationRow, AuthorityRow, CaRow, CardRow, CeremonyRow, CompromiseRow, CrlRow,
    GenerationPlan, HolderRequestRow, IntentRow, NoticeRow, SeriesKey, ServiceRequestRow,
    VerifierRow,
};

/// What one commit carries. There is no unit without an entry.
///
/// Whoever acts in a unit must still stand where they stood when they were let in: every entry carries
/// what the right to it rests on, and the commit holds it against the registry as it is then.
#[derive(Debug)]
pub struct Unit {
    pub(crate) entries: Vec<Entry>,
    pub(crate) changes: Vec<Change>,
    pub(crate) required: Vec<Arc<Standing>>,
    pub(crate) unnoted: Vec<OperationId>,
    /// The key generations, by CA and number, under which no intent may be open.
    pub(crate) unclaimed: Vec<(CaId, u32)>,
}

impl Unit {
    /// A unit that records `entry` and changes nothing yet.
    pub fn new(entry: Entry) -> Self {
        Self {
            entries: vec![entry],
            changes: Vec::new(),
            required: Vec::new(),
            unnoted: Vec::new(),
            unclaimed: Vec::new(),
        }
    }

    /// Whether it erases what must not be found in any file any more.
    pub(crate) fn erases(&self) -> bool {
        let erases = |change: &Change| {
            matches!(change, Change::ForgetResident(_) | Change::DropApplication { .. })
        };
        self.changes.iter().any(erases)
    }

    /// Whether it can be written a second time, where the first came to nothing: a content that is read as
    /// it is written is gone by then.
    pub(crate) fn can_be_written_again(&self) -> bool {
        !self.changes.iter().any(|change| matches!(change, Change::AddCrl { .. }))
    }

    /// Requires that further people stand where they stood, beside those who act.
    #[must_use]
    pub fn requiring(mut self, standing: Standing) -> Self {
        self.required.push(Arc::new(standing));
        self
    }

    /// Requires that nothing is recorded under this operation at the commit.
    #[must_use]
    pub fn unless_noted(mut self, operation: OperationId) -> Self {
        self.unnoted.push(operation);
        self
    }

    /// Requires that at the commit no intent is open under this key generation: each is the right to one
    /// signature by the key.
    #[must_use]
    pub fn unless_intended(mut self, ca: &CaId, generation: u32) -> Self {
        self.unclaimed.push((ca.clone(), generation));
        self
    }

    /// Adds a change.
    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Its entries, for what stands before a store and has them tell something else.
    pub fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    /// Adds a further entry.
    #[must_use]
    pub fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }
}

/// One journal entry, before it has its place in the sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What happened.
    pub kind: EventKind,
    /// When, by the clock of the operation.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The operation it belongs to.
    pub operation: OperationId,
    /// How it ended.
    pub outcome: Outcome,
    /// The CA concerned, if one is.
    pub ca: Option<CaId>,
    /// What it happened to: a serial number, an application, a series, never a person.
    pub subject: Option<String>,
    /// Further facts, in the order given; never personal data, and so only what [`Entry::detail`] takes.
    pub(crate) details: Vec<(&'static str, String)>,
    /// Personal data, encrypted under a key of its subject's own.
    pub personal: Option<Personal>,
    /// What the right to it rests on; it is no part of what is written.
    pub standing: Option<Arc<Standing>>,
    /// What the right of whoever approved it rests on.
    pub second: Option<Arc<Standing>>,
    /// What the rights of further people rest on who are present.
    pub present: Arc<[Standing]>,
}

/// Personal data in an entry; erasing it is destroying its subject's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    /// Whose data it is.
    pub resident: ResidentCode,
    /// The data.
    pub text: String,
}

impl Entry {
    /// An entry about something that `act` did.
    pub fn new(kind: EventKind, act: &Act) -> Self {
        Self {
            kind,
            at: act.at,
            actor: act.actor.clone(),
            operation: act.operation.clone(),
            outcome: Outcome::Done,
            ca: None,
            subject: None,
            details: Vec::new(),
            personal: None,
            standing: act.standing.clone(),
            second: act.second.clone(),
            present: act.present.clone(),
        }
    }

    /// Everybody on whose right it rests.
    pub(crate) fn standings(&self) -> impl Iterator<Item = &Standing> {
        act::everybody(&self.standing, &self.second, &self.present)
    }

    /// Names the CA concerned.
    #[must_use]
    pub fn ca(mut self, ca: &CaId) -> Self {
        self.ca = Some(ca.clone());
        self
    }

    /// Names what it happened to, in words that are [`Closed`]: what was typed is none.
    ///
    /// ```compile_fail
    /// fn told(entry: jitsuin_store::Entry, typed: String) -> jitsuin_store::Entry {
    ///     entry.subject(typed)
    /// }
    /// ```
    ///
    /// ```
    /// fn told(entry: jitsuin_store::Entry, event: u64) -> jitsuin_store::Entry {
    ///     entry.subject(event)
    /// }
    /// ```
    #[must_use]
    pub fn subject(mut self, subject: impl Closed) -> Self {
        self.subject = Some(Rule::of(&subject).closed().to_owned());
        self
    }

    /// Adds a fact. What was typed is none: it is not [`Closed`], and belongs to [`Entry::personal`].
    ///
    /// ```compile_fail
    /// fn told(entry: jitsuin_store::Entry, typed: String) -> jitsuin_store::Entry {
    ///     entry.detail("name", typed)
    /// }
    /// ```
    ///
    /// ```compile_fail
    /// fn told(entry: jitsuin_store::Entry, typed: &str) -> jitsuin_store::Entry {
    ///     entry.detail("name", typed)
    /// }
    /// ```
    ///
    /// ```
    /// fn told(entry: jitsuin_store::Entry, rows: usize) -> jitsuin_store::Entry {
    ///     entry.detail("rows", rows)
    /// }
    /// ```
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Closed) -> Self {
        self.details.push((name, Rule::of(&value).closed().to_owned()));
        self
    }

    /// The same without the facts of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.details.retain(|(known, _)| *known != name);
        self
    }

    /// Adds personal data.
    #[must_use]
    pub fn personal(mut self, resident: &ResidentCode, text: impl Into<String>) -> Self {
        self.personal = Some(Personal { resident: resident.clone(), text: text.into() });
        self
    }

    /// Says that it was refused, and by which rule.
    #[must_use]
    pub fn refused(mut self, rule: impl Into<Rule>) -> Self {
        self.outcome = Outcome::Refused { rule: rule.into().untold() };
        self
    }

    /// Says that nothing was left to do.
    #[must_use]
    pub fn no_op(mut self) -> Self {
        self.outcome = Outcome::NoOp;
        self
    }
}

/// One change of state. Whoever builds it has decided; the store checks that the state the
/// decision rested on is still there, and applies.
pub enum Change {
    /// A new CA.
    AddCa(CaRow),
    /// The policy file that is in effect from now on, by its SHA-256; `from` must still be in effect.
    AdoptPolicy {
        /// The CA.
        ca: CaId,
        /// The one before.
        from: [u8; 32],
        /// The new one.
        to: [u8; 32],
    },
    /// A key generation that is being made, at most one at a time of a CA; put again, it may only
    /// gain its key.
    PutGenerationPlan(Box<GenerationPlan>),
    /// A new key generation of a CA; a plan of it ends.
    AddAuthority(AuthorityRow),
    /// Step 4 of issuance. Serial and (but for CA keys) public key must be new for ever. Several
    /// in one unit need as many entries of kind `CertificateIntended`, in the same order.
    AddIntent(Box<IntentRow>),
    /// Step 6 of issuance: the intent becomes a certificate.
    CompleteIntent {
        /// The issuing CA.
        ca: CaId,
        /// The serial of the intent.
        serial: SerialNumber,
        /// The signed certificate.
        der: Vec<u8>,
        /// The state it enters.
        to: CertificateState,
    },
    /// A transition of a certificate.
    SetCertificate {
        /// The issuing CA.
        ca: CaId,
        /// The serial.
        serial: SerialNumber,
        /// The state the decision rested on.
        from: CertificateState,
        /// The state it enters.
        to: CertificateState,
    },
    /// A new application.
    AddApplication(Box<ApplicationRow>),
    /// A transition of an application, with its record as it is from now on.
    SetApplication {
        /// Which.
        id: ApplicationId,
        /// The state the decision rested on.
        from: ApplicationState,
        /// The state it enters.
        to: ApplicationState,
        /// The stored shape of the whole record.
        record: Vec<u8>,
    },
    /// A new request for a certificate that is no resident's, or for its end.
    AddServiceRequest(ServiceRequestRow),
    /// A step of a service request, with its record as it is from now on.
    SetServiceRequest {
        /// Which.
        id: ServiceRequestId,
        /// The state the decision rested on.
        from: RequestState,
        /// The state it enters.
        to: RequestState,
        /// The stored shape of the whole record.
        record: Vec<u8>,
    },
    /// A list that was built and signed, not yet published. Its number must be the next; it takes
    /// its series to built, from whatever state. A [`Change::SetSeries`] to built after it in the
    /// same unit may state from where.
    AddCrl {
        /// What is known of it.
        row: CrlRow,
        /// The CertificateList, streamed.
        content: Box<dyn Read + Send>,
    },
    /// A transition of a list series.
    SetSeries {
        /// Which.
        series: SeriesKey,
        /// The state the decision rested on.
        from: SeriesState,
        /// The state it enters.
        to: SeriesState,
        /// The number that is published from now on, when `to` is published.
        published: Option<u64>,
    },
    /// A card as it is from now on.
    PutCard(CardRow),
    /// A session with a card is granted. Its counter must be greater than those of all sessions
    /// with the card before; else the unit is stale.
    GrantCardSession {
        /// The card, whether the office knows it yet or not.
        card: CardId,
        /// The card's sequence counter, of 24 bits.
        sequence: u32,
    },
    /// The register's events up to this one are applied.
    SetRegisterCursor {
        /// The cursor the decision rested on.
        from: u64,
        /// The cursor from now on.
        to: u64,
    },
    /// A CA's key counts as compromised from now on: an intent under it is refused.
    DeclareCompromise(CompromiseRow),
    /// What follows a compromise has come further.
    AdvanceCompromise {
        /// The state the decision rested on, and the place up to which all was revoked then.
        from: (CompromiseState, u64),
        /// The procedure as it is from now on.
        row: CompromiseRow,
    },
    /// A notice to everybody; the same one twice is one.
    AddNotice(NoticeRow),
    /// A verifier, new or changed.
    PutVerifier(Box<VerifierRow>),
    /// A new person. Their id must be new for ever.
    AddPerson(Box<PersonRow>),
    /// A change of a person.
    SetPerson {
        /// The person the decision rested on.
        from: Box<PersonRow>,
        /// The person from now on, under the same id.
        to: Box<PersonRow>,
    },
    /// A new credential of a person. Its digest must be new.
    AddCredential(Box<CredentialRow>),
    /// The end of the credential with this SHA-256, which must be there.
    DropCredential([u8; 32]),
    /// The end of everything that lets a person in, the password too.
    DropCredentials(ActorId),
    /// A person's password with its wrong attempts.
    SetPassword {
        /// The one the decision rested on; none if there was none.
        from: Option<Box<PasswordRow>>,
        /// The one from now on.
        to: Box<PasswordRow>,
    },
    /// A new request of a holder. Its id and its nonce must be new for ever.
    AddHolderRequest(Box<HolderRequestRow>),
    /// The receipt of a holder's request that is not carried out yet.
    CompleteHolderRequest {
        /// The request.
        id: ApplicationId,
        /// The receipt, in the shape of whoever gives it.
        receipt: Vec<u8>,
    },
    /// The answer to give when the operation is repeated. The id must be new.
    RecordOperation {
        /// The operation.
        id: OperationId,
        /// Its answer, in the caller's own stored shape.
        answer: Vec<u8>,
    },
    /// A ceremony, new (revision 1) or as it is from now on; the revision must be the next one,
    /// and the script stays the first one's.
    PutCeremony(Box<CeremonyRow>),
    /// Ends the record of an application whose time to be kept is over (A 5.5.2, S 4-12-2).
    DropApplication {
        /// Which.
        id: ApplicationId,
        /// The state the decision rested on.
        from: ApplicationState,
    },
    /// Destroys the key of a resident's personal data in the journal, and takes their code out of what stays:
    /// a certificate has no holder any more, a card and what was sent from home are
    /// [nobody's](ResidentCode::nobody).
    ForgetResident(ResidentCode),
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AddCa(_) => "AddCa",
            Self::AdoptPolicy { .. } => "AdoptPolicy",
            Self::AddAuthority(_) => "AddAuthority",
            Self::AddIntent(_) => "AddIntent",
            Self::CompleteIntent { .. } => "CompleteIntent",
            Self::SetCertificate { .. } => "SetCertificate",
            Self::AddApplication(_) => "AddApplication",
            Self::SetApplication { .. } => "SetApplication",
            Self::AddServiceRequest(_) => "AddServiceRequest",
            Self::SetServiceRequest { .. } => "SetServiceRequest",
            Self::AddCrl { .. } => "AddCrl",
            Self::SetSeries { .. } => "SetSeries",
            Self::PutCard(_) => "PutCard",
            Self::GrantCardSession { .. } => "GrantCardSession",
            Self::SetRegisterCursor { .. } => "SetRegisterCursor",
            Self::DeclareCompromise(_) => "DeclareCompromise",
            Self::AdvanceCompromise { .. } => "AdvanceCompromise",
            Self::AddNotice(_) => "AddNotice",
            Self::PutVerifier(_) => "PutVerifier",
            Self::AddPerson(_) => "AddPerson",
            Self::SetPerson { .. } => "SetPerson",
            Self::AddCredential(_) => "AddCredential",
            Self::DropCredential(_) => "DropCredential",
            Self::DropCredentials(_) => "DropCredentials",
            Self::SetPassword { .. } => "SetPassword",
            Self::AddHolderRequest(_) => "AddHolderRequest",
            Self::CompleteHolderRequest { .. } => "CompleteHolderRequest",
            Self::RecordOperation { .. } => "RecordOperation",
            Self::PutCeremony(_) => "PutCeremony",
            Self::PutGenerationPlan(_) => "PutGenerationPlan",
            Self::DropApplication { .. } => "DropApplication",
            Self::ForgetResident(_) => "ForgetResident",
        })
    }
}
