//! The one database: state and journal in the same transaction.
//!
//! Everything that changes is a [`Unit`]: changes that were decided elsewhere, and the journal
//! entries that tell of them. A unit commits whole and durable, or not at all, and cannot exist
//! without an entry. The database's sequence, never a clock, orders what happened. A row is evidence,
//! not authority: it proves itself when it is read, and what it says is held against the journal.
//!
//! # Architecture invariant
//! No SQL, no row and no connection leaves this crate; nothing in here decides what is allowed.
//! PostgreSQL joins as a second implementation of [`Store`] under the same contract suite.

mod along;
pub mod append;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod doubt;
mod heard;
pub mod journal;
mod named_file;
mod pages;
mod people;
mod room_on_disk;
mod rows;
pub mod segments;
mod sqlite;
mod standing;
mod state;
mod unit;

pub use along::Along;
pub use doubt::{Doubt, Doubted, Extent};
pub use heard::{HeardRequest, HeardRequests, Opened};
pub use pages::{CertificateFilter, LOOKED_AT, Page};
pub use people::{CredentialRow, PasskeyRow, PasswordRow, PersonRow, ProposalRow};
pub use room_on_disk::RoomOnDisk;
pub use rows::{
    ApplicationRow, AuthorityRow, CaRow, CardRow, CeremonyRow, CertificateRow, CompromiseRow,
    CrlKey, CrlRow, GenerationPlan, HolderRequestRow, IntentRow, NoticeRow, PlannedKey, SeriesKey,
    SeriesRow, ServiceRequestRow, StatusRow, Statuses, Tally, VerifierRow,
};
pub use sqlite::{
    MOST_READERS, OpenFile, OpenFiles, Options, ProofExtent, Sqlite, StateProof, StateReport,
    outside,
};
pub use standing::expect_standing;
pub use state::StateKey;
pub use unit::{Change, Entry, Personal, Unit};

use domain::application::ApplicationState;
use domain::ceremony::CeremonyId;
use domain::crl_series::Partition;
use domain::id::{
    ActorId, ApplicationId, CaId, CardId, OperationId, ResidentCode, SerialNumber,
    ServiceRequestId, VerifierId,
};
use domain::journal::EventKind;
use domain::rule;
use domain::rule::{Closed, Rule};
use domain::service_request::RequestState;
use domain::staff::Role;

use crate::journal::SealedEntry;

/// The position of a journal entry: dense, from 0, in the order of commits.
pub type Sequence = u64;

/// Whose fault a failed unit or read is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The unit was decided on a state that is no longer there; read again and decide again.
    #[error("{what} changed meanwhile: expected {expected}, found {found}")]
    Stale {
        /// What was to change, for example `certificate jpki-auth/0a…`.
        what: String,
        /// The state the decision rested on.
        expected: String,
        /// The state in the database.
        found: String,
    },
    /// A key, serial number or id that may exist once exists already.
    #[error("{what} exists already")]
    Duplicate {
        /// What exists, in words that say which rule it is.
        what: String,
    },
    /// A unit named something that does not exist.
    #[error("{what} does not exist")]
    Missing {
        /// What was named.
        what: String,
    },
    /// What is stored cannot be read back as it was written.
    #[error("stored {what} is corrupt: {reason}")]
    Corrupt {
        /// Which row or file.
        what: String,
        /// Why it cannot be.
        reason: String,
    },
    /// Whoever acts stood elsewhere by the time of the commit: suspended, with other roles, or without
    /// what had let them in. Nothing was done, and the journal has the attempt.
    #[error("the right of {person} to act ended before it took effect")]
    StandingEnded {
        /// Who.
        person: ActorId,
    },
    /// The registry must keep so many active people of a role, and would not.
    #[error("of those who are {role} at least {least} must stay active: {rule}")]
    TooFew {
        /// The role.
        role: Role,
        /// How many there must be.
        least: u32,
        /// Why, with the clause.
        rule: &'static str,
    },
    /// Something was found for which the database must not be believed: nothing is done on it until
    /// people have set it right and the program is started again.
    #[error("the database is in doubt, and nothing is done on it: {finding}")]
    Doubted {
        /// The first thing that was found.
        finding: String,
    },
    /// A unit would begin what was stopped: nothing new is issued under a compromised key.
    #[error("stopped: {what} (A 5.7.3, S 4-14-2)")]
    Stopped {
        /// What was stopped, and why.
        what: String,
    },
    /// The database cannot take the unit now: disk full, locked, gone. Nothing was committed.
    #[error("the database refused: {0}")]
    Unavailable(String),
}

/// Which row it was, the caller alone is told.
impl Closed for Error {
    fn words(&self) -> Rule {
        let rule = Rule::from(match self {
            Self::Stale { .. } => "the state changed meanwhile",
            Self::Duplicate { .. } => "it exists already",
            Self::Missing { .. } => "it does not exist",
            Self::Corrupt { .. } => "what is stored is corrupt",
            Self::Doubted { .. } => "the database is in doubt, and nothing is done on it",
            Self::Stopped { .. } => "it was stopped (A 5.7.3, S 4-14-2)",
            Self::Unavailable(_) => "the database refused",
            Self::StandingEnded { person } => {
                return rule!("the right of {} to act ended before it took effect", *person);
            }
            Self::TooFew { role, least, rule } => {
                return rule!(
                    "of those who are {} at least {} must stay active: {}",
                    *role,
                    *least,
                    *rule
                );
            }
        });
        rule.told_as(self)
    }
}

/// The kinds of entry that can be looked up without reading the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// [`domain::journal::EventKind::CheckpointPlaces`].
    CheckpointPlaces,
    /// [`domain::journal::EventKind::StartAccepted`].
    StartAccepted,
    /// [`domain::journal::EventKind::ClockChecked`].
    ClockChecked,
    /// [`domain::journal::EventKind::SystemStarted`].
    SystemStarted,
    /// [`domain::journal::EventKind::QuerySegmentSealed`].
    QuerySegments,
}

impl Remembered {
    /// The kind as entries have it.
    #[must_use]
    pub fn kind(self) -> EventKind {
        match self {
            Self::CheckpointPlaces => EventKind::CheckpointPlaces,
            Self::StartAccepted => EventKind::StartAccepted,
            Self::ClockChecked => EventKind::ClockChecked,
            Self::SystemStarted => EventKind::SystemStarted,
            Self::QuerySegments => EventKind::QuerySegmentSealed,
        }
    }
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// A consistent view of what a revocation list must hold, readable any number of times.
pub trait RevokedSnapshot {
    /// The last journal entry this view includes.
    fn as_of(&self) -> Sequence;

    /// Calls `each` for every listed certificate in ascending order of serial number; how many it
    /// passed over because they had expired.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Corrupt`]; what `each` saw until then is no list.
    fn for_each(&self, each: &mut dyn FnMut(StatusRow)) -> Result<u64>;

    /// How many certificates of the partition stand in each state that a list holds, expired or
    /// not: counted as they entered and left it, apart from what [`RevokedSnapshot::for_each`] reads.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Corrupt`].
    fn tally(&self) -> Result<Tally>;

    /// What the database says of a certificate of the same CA, by its key.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Corrupt`].
    fn status(&self, serial: &SerialNumber) -> Result<Option<StatusRow>>;
}

/// The database. Calls block; an implementation is free to commit many callers' units together.
///
/// Contract: when [`Store::commit`] returns, the unit is on stable storage and every later read by
/// anyone sees it. Reads see committed state only.
pub trait Store: Send + Sync {
    /// Commits a unit and returns the sequence of its first journal entry.
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Duplicate`] and [`Error::Missing`] name the change that did not
    /// fit; nothing of the unit is left behind. Journal refused is unit refused (fails closed).
    fn commit(&self, unit: Unit) -> Result<Sequence>;

    /// Every CA, in the order of its id.
    fn cas(&self) -> Result<Vec<CaRow>>;

    /// The key generations of a CA, oldest first.
    fn authorities(&self, ca: &CaId) -> Result<Vec<AuthorityRow>>;

    /// The generation of a CA that is being made, if one is.
    fn generation_plan(&self, ca: &CaId) -> Result<Option<GenerationPlan>>;

    /// The certificates that a CA issued, or intended, to its own name (DER): self-signed and link
    /// certificates in any state, oldest first.
    fn self_issued(&self, ca: &CaId, name: &[u8]) -> Result<Vec<CertificateRow>>;

    /// A certificate, or an intent that was never completed.
    fn certificate(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>>;

    /// What OCSP needs to know of certificates of a CA, by their keys, all as of one entry. None that
    /// lists name is good: what lists are built from knows of a revocation that somebody took back in its
    /// row alone.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the two disagree; everything is in doubt then.
    fn statuses(&self, ca: &CaId, serials: &[SerialNumber]) -> Result<Statuses>;

    /// The same of one certificate.
    ///
    /// # Errors
    /// As [`Store::statuses`].
    fn status(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        let found = self.statuses(ca, std::slice::from_ref(serial))?;
        Ok(found.rows.into_iter().next().flatten())
    }

    /// A holder's certificates of one CA, newest first.
    fn certificates_of(&self, ca: &CaId, holder: &ResidentCode) -> Result<Vec<CertificateRow>>;

    /// The certificates issued for an application; more than one only after a discarded intent.
    fn certificates_for(&self, application: &ApplicationId) -> Result<Vec<CertificateRow>>;

    /// Certificates of one CA in order of issue, for lists on screens: at most `limit` after `after`.
    fn certificates(
        &self,
        ca: &CaId,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>>;

    /// Those certificates of one CA that are wanted, in order of issue: at most `limit` after `after`.
    fn certificate_page(
        &self,
        ca: &CaId,
        wanted: &CertificateFilter<'_>,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Page<CertificateRow, Sequence>>;

    /// What was found for which the database must not be believed. Whoever finds more raises it here.
    fn doubt(&self) -> &Doubt;

    /// Proves the state: that every row is as this program wrote it, and that all of them together
    /// are what the journal's entries tell of. What is found is in doubt from then on.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: nothing is proven then, nor in doubt.
    fn prove(&self, proof: &mut StateProof, extent: ProofExtent) -> Result<StateReport>;

    /// Intents without their issue: serials that may have been signed.
    fn open_intents(&self) -> Result<Vec<CertificateRow>>;

    /// Whether this key (SHA-256 of its SubjectPublicKeyInfo) was ever certified or intended to be.
    fn key_was_certified(&self, spki_sha256: &[u8; 32]) -> Result<bool>;

    /// The newest certificate of a CA, responder or server for this key.
    fn certificate_for_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRow>>;

    /// Whether this subject (DER) names a certificate of the CA already (A 3.1.5, S 3-1-4).
    fn subject_is_taken(&self, ca: &CaId, subject: &[u8]) -> Result<bool>;

    /// Runs `read` over a consistent view of the certificates a list must hold: revoked, held and
    /// (with `undelivered`) not yet delivered, that expire at `expires_from` or later. They are those
    /// of the partition by every generation of the CA's key: the generations share one name, and so
    /// a list by any of them is taken to be complete for it (RFC 5280 5, 6.3.3).
    fn with_revoked(
        &self,
        series: &SeriesKey,
        undelivered: bool,
        expires_from: jiff::Timestamp,
        read: &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
    ) -> Result<()>;

    /// The partitions in which a key generation ever certified or intended to.
    fn partitions(&self, ca: &CaId, generation: u32) -> Result<Vec<Partition>>;

    /// Every list series of a CA.
    fn series(&self, ca: &CaId) -> Result<Vec<SeriesRow>>;

    /// One list series, if it ever had a list.
    fn series_row(&self, key: &SeriesKey) -> Result<Option<SeriesRow>>;

    /// The highest number of the lists of a partition that were built, whatever key of the CA signed
    /// them; 0 before the first. The next list of the partition, by whichever key, has the next number:
    /// the CA's name and the partition's point are one issuer and one scope, for which numbers increase
    /// (RFC 5280 5.2.3).
    fn last_crl_number(&self, ca: &CaId, partition: Partition) -> Result<u64>;

    /// A list that was built, whether published or not, without its content.
    fn crl(&self, key: &CrlKey) -> Result<Option<CrlRow>>;

    /// The content of a list, which has the SHA-256 of its row.
    fn crl_content(&self, key: &CrlKey) -> Result<Option<Vec<u8>>>;

    /// The n-th piece of a list's content, from 0, for whoever reads it as a stream and holds the
    /// SHA-256 of all of it against the row's.
    fn crl_piece(&self, key: &CrlKey, number: u64) -> Result<Option<Vec<u8>>>;

    /// How many certificates of each partition of a CA stand in each state that a list holds.
    fn tallies(&self, ca: &CaId) -> Result<Vec<(Partition, Tally)>>;

    /// The numbers of the lists of a series that were ever published, ascending. A list that the
    /// gate withheld stays in the database as evidence and is not among them.
    fn crl_numbers(&self, series: &SeriesKey) -> Result<Vec<u64>>;

    /// The keys of a CA that count as compromised, oldest first.
    fn compromises(&self, ca: &CaId) -> Result<Vec<CompromiseRow>>;

    /// The notices of a CA to everybody, oldest first.
    fn notices(&self, ca: &CaId) -> Result<Vec<NoticeRow>>;

    /// What a key generation signed, or may have signed, and is not revoked, in order of issue:
    /// at most `limit` with their places, from the place `from` on.
    fn unrevoked(
        &self,
        ca: &CaId,
        generation: u32,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, StatusRow)>>;

    /// An application.
    fn application(&self, id: &ApplicationId) -> Result<Option<ApplicationRow>>;

    /// Applications of a municipality, in one state or in all, newest first: at most `limit` after the one
    /// of the id `after`; none where the municipality has no such one.
    fn applications(
        &self,
        municipality: &domain::id::MunicipalityCode,
        state: Option<ApplicationState>,
        after: Option<&ApplicationId>,
        limit: usize,
    ) -> Result<Page<ApplicationRow, ApplicationId>>;

    /// Every application about a resident, oldest first. It reads the table from end to end.
    fn applications_of(&self, resident: &ResidentCode) -> Result<Vec<ApplicationRow>>;

    /// A service request.
    fn service_request(&self, id: &ServiceRequestId) -> Result<Option<ServiceRequestRow>>;

    /// Service requests of a CA, in one state or in all, newest first: at most `limit` after the one of the
    /// id `after`; none where the CA has no such one.
    fn service_requests(
        &self,
        ca: &CaId,
        state: Option<RequestState>,
        after: Option<&ServiceRequestId>,
        limit: usize,
    ) -> Result<Vec<ServiceRequestRow>>;

    /// A request that a holder sent online.
    fn holder_request(&self, id: &ApplicationId) -> Result<Option<HolderRequestRow>>;

    /// Whether a holder's request with this nonce was taken in.
    fn holder_nonce_was_used(&self, nonce: &[u8; 32]) -> Result<bool>;

    /// The holders' requests that were taken in and are not carried out, oldest first, at most
    /// `limit`.
    fn open_holder_requests(&self, limit: usize) -> Result<Vec<HolderRequestRow>>;

    /// The stored answer of an operation that was carried out before under this id.
    fn operation(&self, id: &OperationId) -> Result<Option<Vec<u8>>>;

    /// What the office knows of a card.
    fn card(&self, id: &CardId) -> Result<Option<CardRow>>;

    /// A resident's cards.
    fn cards_of(&self, holder: &ResidentCode) -> Result<Vec<CardRow>>;

    /// How far the events of the resident register were applied.
    fn register_cursor(&self) -> Result<u64>;

    /// The number of the last event of the resident register that was applied, which may lie beyond the
    /// cursor; by the operations of [`SystemOperation::RegisterEvent`](domain::id::SystemOperation).
    fn last_register_event(&self) -> Result<Option<u64>>;

    /// Every verifier.
    fn verifiers(&self) -> Result<Vec<VerifierRow>>;

    /// A verifier.
    fn verifier(&self, id: &VerifierId) -> Result<Option<VerifierRow>>;

    /// Everybody in the registry, in the order of their ids.
    fn people(&self) -> Result<Vec<PersonRow>>;

    /// A person of the registry.
    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>>;

    /// The credential with this SHA-256, expired or not.
    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>>;

    /// A person's credentials but for the password, oldest first.
    fn credentials_of(&self, person: &ActorId) -> Result<Vec<CredentialRow>>;

    /// A person's password.
    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>>;

    /// Ceremonies that began and neither were completed nor given up, by id.
    fn unfinished_ceremonies(&self) -> Result<Vec<CeremonyRow>>;

    /// A ceremony as it was put last, with the first journal entry of that change.
    fn ceremony(&self, id: &CeremonyId) -> Result<Option<(CeremonyRow, Sequence)>>;

    /// The sequence of the last committed entry, if there is any.
    fn last_sequence(&self) -> Result<Option<Sequence>>;

    /// When the last entry was made that has a part under the resident's present key.
    fn last_personal(&self, resident: &ResidentCode) -> Result<Option<jiff::Timestamp>>;

    /// Encoded journal entries from `from` on, at most `limit`, in order.
    fn journal(&self, from: Sequence, limit: usize) -> Result<Vec<(Sequence, Vec<u8>)>>;

    /// Encoded entries of a kind that is looked up ([`Remembered`]), from `from` on, at most `limit`, in
    /// order.
    fn journal_of(
        &self,
        kind: Remembered,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, Vec<u8>)>>;

    /// The last entry of a kind that is looked up.
    fn last_of(&self, kind: Remembered) -> Result<Option<(Sequence, Vec<u8>)>>;

    /// An entry that a checkpoint covers; none where there is no such entry, or none covers it yet.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for an entry that this program did not write, or that is not in the tree
    /// of the last checkpoint. Whether that one is signed by the audit key is what the sealer proves
    /// each time before it goes on.
    fn sealed_entry(&self, sequence: Sequence) -> Result<Option<SealedEntry>>;

    /// The personal part of an entry, unless its subject's key was destroyed.
    fn journal_personal(&self, sequence: Sequence) -> Result<Option<String>>;
}
