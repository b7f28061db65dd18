//! The store on SQLite: WAL, every commit flushed, one writer thread, readers beside it.

mod apply;
mod begin;
mod fault;
mod gate;
mod inspect;
mod ledger;
mod map;
mod migrate;
mod place;
mod pool;
mod prove;
mod read;
mod seen;
mod sums;
mod table;
#[cfg(test)]
mod tests;
mod torture;
mod writer;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::application::ApplicationState;
use domain::ceremony::CeremonyId;
use domain::crl_series::Partition;
use domain::id::{
    ActorId, ApplicationId, CaId, CardId, MunicipalityCode, OperationId, ResidentCode,
    SerialNumber, ServiceRequestId, VerifierId,
};
use domain::service_request::RequestState;
use domain::staff::Floor;
use jiff::Timestamp;

use self::gate::Failing;
pub(crate) use self::inspect::ReadOnlyJournal;
pub use self::place::{OpenFile, OpenFiles};
pub use self::pool::MOST_READERS;
use self::pool::Pool;
pub use self::prove::{ProofExtent, StateProof, StateReport};
use self::seen::Seen;
pub use self::torture::outside;
use self::writer::{Sealing, Writer};
use crate::journal::{
    Checkpoint, Hash, KeyRing, Leaf, Node, PersonalDataKey, SealableJournal, SealedEntry,
};
use crate::pages::{CertificateFilter, Page};
use crate::people::{CredentialRow, PasswordRow, PersonRow};
use crate::rows::{
    ApplicationRow, AuthorityRow, CaRow, CardRow, CeremonyRow, CertificateRow, CompromiseRow,
    CrlKey, CrlRow, GenerationPlan, HolderRequestRow, NoticeRow, SeriesKey, SeriesRow,
    ServiceRequestRow, StatusRow, Statuses, Tally, VerifierRow,
};
use crate::state::{Replaced, StateKey};
use crate::unit::Unit;
use crate::{Doubt, Error, Remembered, Result, RevokedSnapshot, Sequence, Store};

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) personal_data_key: PersonalDataKey,
    pub(crate) state_key: StateKey,
    pub(crate) floor: Vec<Floor>,
    pub(crate) readers: usize,
    pub(crate) max_unsealed: Option<Duration>,
    pub(crate) max_pages: Option<u32>,
}

impl Options {
    /// The usual way, with the master key of the personal data in the journal and the key under which
    /// rows prove themselves; neither is ever in the database.
    pub fn new(personal_data_key: PersonalDataKey, state_key: StateKey) -> Self {
        Self {
            personal_data_key,
            state_key,
            floor: Vec::new(),
            // Four resting readers serve the cores of a usual server; more are opened when needed.
            readers: 4,
            max_unsealed: None,
            max_pages: None,
        }
    }

    /// Keeps so many active people of these roles in the registry: decided in the commit that would
    /// take one away, whoever else is at it.
    #[must_use]
    pub fn keeping(mut self, floor: impl IntoIterator<Item = Floor>) -> Self {
        self.floor.extend(floor);
        self
    }

    /// How many idle read connections are kept.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// Refuses commits when the oldest unsealed journal entry waits longer than this for its
    /// checkpoint. Without a limit, and so without a sealer, nothing is refused.
    #[must_use]
    pub fn max_unsealed(mut self, limit: Duration) -> Self {
        self.max_unsealed = Some(limit);
        self
    }

    /// Bounds the file, in pages of 4096 bytes: a quota, and a full disk to test with.
    #[must_use]
    pub fn max_pages(mut self, pages: u32) -> Self {
        self.max_pages = Some(pages);
        self
    }
}

/// The store in one SQLite file.
pub struct Sqlite {
    pool: Pool,
    ring: KeyRing,
    writer: Writer,
    doubt: Doubt,
    sealing: Failing,
    failing: Mutex<Option<String>>,
}

impl Sqlite {
    /// Opens the database at `path`, creates it when there is none, and brings its schema up
    /// to date.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the file cannot be opened, belongs to a newer program
    /// or was made under another personal data key; [`crate::Error::Corrupt`] when its state digest
    /// is not this program's, or not of the journal beside it.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let path = path.as_ref();
        let doubt = Doubt::default();
        let ring = KeyRing::new(options.personal_data_key.clone());
        let key = options.state_key.clone();
        let (replaced, seen) = (Replaced::default(), Seen::default());
        let (readers, sealing) = (options.readers, Failing::default());
        let (told, known) = (sealing.clone(), (replaced.clone(), seen.clone()));
        let writer = Writer::start(path, options, replaced, seen, doubt.clone(), told)?;
        let pool = Pool::new(path, &writer.place, readers, key, known, doubt.clone());
        Ok(Self { pool, ring, writer, doubt, sealing, failing: Mutex::default() })
    }

    /// Keeps how far everything was proven whole, if `proof` found nothing: the next start verifies
    /// what came after. Whoever lacks the state key cannot make such a position, and to put an older
    /// one back only has the next start read more.
    ///
    /// # Errors
    /// [`crate::Error::Doubted`] when something was found meanwhile; [`crate::Error::Unavailable`].
    pub fn keep_proven(&self, proof: &StateProof) -> Result<()> {
        match proof.whole() {
            Some(digests) => self.writer.keep_proven(digests.clone()),
            None => Ok(()),
        }
    }

    /// Keeps so many active people of a role from here on, as [`Options::keeping`] does from the
    /// opening: for a number that the database itself tells.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the writer has stopped.
    pub fn keep(&self, floor: Floor) -> Result<()> {
        self.writer.keep(floor)
    }
}

impl Sqlite {
    /// The files that are open, which whoever else has the same database open has open as well.
    pub fn open_files(&self) -> &OpenFiles {
        &self.writer.place
    }

    /// The last entry that this process committed or read, by its place and hash.
    pub fn last_seen(&self) -> Option<(Sequence, Hash)> {
        self.pool.last_seen()
    }

    /// Whether this entry, which some process has seen, is there.
    ///
    /// # Errors
    /// [`Error`]; it is not known then.
    pub fn has_entry(&self, (place, hash): (Sequence, Hash)) -> Result<bool> {
        self.pool.read(|view| Ok(seen::at(view.connection, place)? == Some(hash)))
    }

    /// Why the last commit failed, if the database could not take it.
    pub fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite")
    }
}

impl Store for Sqlite {
    fn commit(&self, unit: Unit) -> Result<Sequence> {
        let outcome = self.writer.commit(unit);
        let failing = match &outcome {
            Err(Error::Unavailable(told)) => Some(told.clone()),
            _ => None,
        };
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = failing;
        outcome
    }

    fn doubt(&self) -> &Doubt {
        &self.doubt
    }

    fn prove(&self, proof: &mut StateProof, extent: ProofExtent) -> Result<StateReport> {
        let gone = self.writer.place.gone(&self.doubt);
        let mut report = self.pool.read(|view| prove::prove(view, proof, extent))?;
        let other = self.pool.read(|view| apply::journal::other_ring(view.connection, &self.ring));
        if let Some(told) = other? {
            self.doubt.raise(told);
            report.findings.push(told.to_owned());
        }
        report.findings.extend(gone);
        Ok(report)
    }

    fn cas(&self) -> Result<Vec<CaRow>> {
        self.pool.read(read::authority::cas)
    }

    fn authorities(&self, ca: &CaId) -> Result<Vec<AuthorityRow>> {
        self.pool.read(|c| read::authority::authorities(c, ca))
    }

    fn certificate(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>> {
        self.pool.read(|c| read::certificate::one(c, ca, serial))
    }

    fn statuses(&self, ca: &CaId, serials: &[SerialNumber]) -> Result<Statuses> {
        self.doubt.permit_answers()?;
        self.pool.read_as_of(|view, as_of| {
            let rows = serials.iter().map(|serial| read::certificate::status(view, ca, serial));
            Ok(Statuses { as_of, rows: rows.collect::<Result<_>>()? })
        })
    }

    fn certificates_of(&self, ca: &CaId, holder: &ResidentCode) -> Result<Vec<CertificateRow>> {
        self.pool.read(|c| read::certificate::of_holder(c, ca, holder))
    }

    fn certificates_for(&self, application: &ApplicationId) -> Result<Vec<CertificateRow>> {
        self.pool.read(|c| read::certificate::for_application(c, application))
    }

    fn certificates(
        &self,
        ca: &CaId,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>> {
        self.pool.read(|c| read::certificate::page(c, ca, after, limit))
    }

    fn certificate_page(
        &self,
        ca: &CaId,
        wanted: &CertificateFilter<'_>,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Page<CertificateRow, Sequence>> {
        self.pool.read(|c| read::certificate::wanted(c, ca, wanted, after, limit))
    }

    fn open_intents(&self) -> Result<Vec<CertificateRow>> {
        self.pool.read(read::certificate::open_intents)
    }

    fn key_was_certified(&self, spki_sha256: &[u8; 32]) -> Result<bool> {
        self.pool.read(|c| read::certificate::key_was_certified(c, spki_sha256))
    }

    fn certificate_for_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRow>> {
        self.pool.read(|c| read::certificate::for_key(c, spki_sha256))
    }

    fn subject_is_taken(&self, ca: &CaId, subject: &[u8]) -> Result<bool> {
        self.pool.read(|c| read::certificate::subject_is_taken(c, ca, subject))
    }

    fn with_revoked(
        &self,
        series: &SeriesKey,
        undelivered: bool,
        expires_from: Timestamp,
        read: &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
    ) -> Result<()> {
        self.pool.read_as_of(|view, last| {
            let as_of = last.unwrap_or(0);
            read(&read::revoked::Snapshot { view, as_of, series, undelivered, expires_from })
        })
    }

    fn partitions(&self, ca: &CaId, generation: u32) -> Result<Vec<Partition>> {
        self.pool.read(|c| read::certificate::partitions(c, ca, generation))
    }

    fn generation_plan(&self, ca: &CaId) -> Result<Option<GenerationPlan>> {
        self.pool.read(|c| read::authority::plan(c, ca))
    }

    fn self_issued(&self, ca: &CaId, name: &[u8]) -> Result<Vec<CertificateRow>> {
        self.pool.read(|c| read::certificate::self_issued(c, ca, name))
    }

    fn series_row(&self, key: &SeriesKey) -> Result<Option<SeriesRow>> {
        self.pool.read(|c| read::crl::series_row(c, key))
    }

    fn series(&self, ca: &CaId) -> Result<Vec<SeriesRow>> {
        self.pool.read(|c| read::crl::series(c, ca))
    }

    fn last_crl_number(&self, ca: &CaId, partition: Partition) -> Result<u64> {
        self.pool.read(|c| read::crl::last_number(c, ca, partition))
    }

    fn crl(&self, key: &CrlKey) -> Result<Option<CrlRow>> {
        self.pool.read(|c| read::crl::one(c, key))
    }

    fn crl_content(&self, key: &CrlKey) -> Result<Option<Vec<u8>>> {
        self.pool.read(|c| read::crl::content(c, key))
    }

    fn crl_piece(&self, key: &CrlKey, number: u64) -> Result<Option<Vec<u8>>> {
        self.pool.read(|c| read::crl::piece(c, key, number))
    }

    fn tallies(&self, ca: &CaId) -> Result<Vec<(Partition, Tally)>> {
        self.pool.read(|c| read::revoked::tallies(c, ca))
    }

    fn crl_numbers(&self, series: &SeriesKey) -> Result<Vec<u64>> {
        self.pool.read(|c| read::crl::numbers(c, series))
    }

    fn compromises(&self, ca: &CaId) -> Result<Vec<CompromiseRow>> {
        self.pool.read(|c| read::compromise::compromises(c, ca))
    }

    fn notices(&self, ca: &CaId) -> Result<Vec<NoticeRow>> {
        self.pool.read(|c| read::compromise::notices(c, ca))
    }

    fn unrevoked(
        &self,
        ca: &CaId,
        generation: u32,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, StatusRow)>> {
        self.pool.read(|c| read::compromise::unrevoked(c, ca, generation, from, limit))
    }

    fn application(&self, id: &ApplicationId) -> Result<Option<ApplicationRow>> {
        self.pool.read(|c| read::window::application(c, id))
    }

    fn applications(
        &self,
        municipality: &MunicipalityCode,
        state: Option<ApplicationState>,
        after: Option<&ApplicationId>,
        limit: usize,
    ) -> Result<Page<ApplicationRow, ApplicationId>> {
        self.pool.read(|c| read::window::applications(c, municipality, state, after, limit))
    }

    fn applications_of(&self, resident: &ResidentCode) -> Result<Vec<ApplicationRow>> {
        self.pool.read(|c| read::window::applications_of(c, resident))
    }

    fn service_request(&self, id: &ServiceRequestId) -> Result<Option<ServiceRequestRow>> {
        self.pool.read(|c| read::request::one(c, id))
    }

    fn service_requests(
        &self,
        ca: &CaId,
        state: Option<RequestState>,
        after: Option<&ServiceRequestId>,
        limit: usize,
    ) -> Result<Vec<ServiceRequestRow>> {
        self.pool.read(|c| read::request::of_ca(c, ca, state, after, limit))
    }

    fn holder_request(&self, id: &ApplicationId) -> Result<Option<HolderRequestRow>> {
        self.pool.read(|c| read::holder::one(c, id))
    }

    fn holder_nonce_was_used(&self, nonce: &[u8; 32]) -> Result<bool> {
        self.pool.read(|c| read::holder::nonce_was_used(c, nonce))
    }

    fn open_holder_requests(&self, limit: usize) -> Result<Vec<HolderRequestRow>> {
        self.pool.read(|c| read::holder::open(c, limit))
    }

    fn operation(&self, id: &OperationId) -> Result<Option<Vec<u8>>> {
        self.pool.read(|c| read::window::operation(c, id))
    }

    fn card(&self, id: &CardId) -> Result<Option<CardRow>> {
        self.pool.read(|c| read::window::card(c, id))
    }

    fn cards_of(&self, holder: &ResidentCode) -> Result<Vec<CardRow>> {
        self.pool.read(|c| read::window::cards_of(c, holder))
    }

    fn register_cursor(&self) -> Result<u64> {
        self.pool.read(read::window::register_cursor)
    }

    fn last_register_event(&self) -> Result<Option<u64>> {
        self.pool.read(read::window::last_register_event)
    }

    fn verifiers(&self) -> Result<Vec<VerifierRow>> {
        self.pool.read_as_of(|view, _| read::access::verifiers(view))
    }

    fn verifier(&self, id: &VerifierId) -> Result<Option<VerifierRow>> {
        self.pool.read_as_of(|view, _| read::access::verifier(view, id))
    }

    fn people(&self) -> Result<Vec<PersonRow>> {
        self.pool.read(read::people::people)
    }

    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>> {
        self.pool.read(|c| read::people::person(c, id))
    }

    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>> {
        self.pool.read(|c| read::people::credential(c, sha256))
    }

    fn credentials_of(&self, person: &ActorId) -> Result<Vec<CredentialRow>> {
        self.pool.read(|c| read::people::credentials_of(c, person))
    }

    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>> {
        self.pool.read(|c| read::people::password(c, person))
    }

    fn unfinished_ceremonies(&self) -> Result<Vec<CeremonyRow>> {
        self.pool.read(read::ceremony::unfinished)
    }

    fn ceremony(&self, id: &CeremonyId) -> Result<Option<(CeremonyRow, Sequence)>> {
        self.pool.read(|c| read::ceremony::one(c, id))
    }

    fn last_personal(&self, resident: &ResidentCode) -> Result<Option<Timestamp>> {
        self.pool.read(|view| read::journal::last_personal(view.connection, resident))
    }

    fn last_sequence(&self) -> Result<Option<Sequence>> {
        self.pool.last_sequence()
    }

    fn journal(&self, from: Sequence, limit: usize) -> Result<Vec<(Sequence, Vec<u8>)>> {
        let leaves = self.pool.read(|c| read::journal::own_leaves(c, from, limit))?;
        Ok(leaves.into_iter().map(|leaf| (leaf.sequence, leaf.body)).collect())
    }

    fn journal_of(
        &self,
        kind: Remembered,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, Vec<u8>)>> {
        let leaves = self.pool.read(|c| read::journal::own_leaves_of(c, kind, from, limit))?;
        Ok(leaves.into_iter().map(|leaf| (leaf.sequence, leaf.body)).collect())
    }

    fn last_of(&self, kind: Remembered) -> Result<Option<(Sequence, Vec<u8>)>> {
        let leaf = self.pool.read(|c| read::journal::own_last_of(c, kind))?;
        Ok(leaf.map(|leaf| (leaf.sequence, leaf.body)))
    }

    fn sealed_entry(&self, sequence: Sequence) -> Result<Option<SealedEntry>> {
        self.pool.read(|view| {
            let checkpoint = read::journal::last_checkpoint(view.connection)?;
            let Some(checkpoint) = checkpoint.filter(|last| sequence < last.size) else {
                return Ok(None);
            };
            let Some(leaf) = read::journal::own_leaves(view, sequence, 1)?.pop() else {
                return Ok(None);
            };
            let node = |level, place| read::journal::node(view.connection, level, place);
            (leaf.sequence == sequence)
                .then(|| SealedEntry::of(&leaf, &checkpoint, node))
                .transpose()
        })
    }

    fn journal_personal(&self, sequence: Sequence) -> Result<Option<String>> {
        self.pool.read(|c| read::journal::personal(c, &self.ring, sequence))
    }
}

impl SealableJournal for Sqlite {
    fn doubts(&self) -> &Doubt {
        &self.doubt
    }

    fn leaves(&self, from: Sequence, limit: usize) -> Result<Vec<Leaf>> {
        self.pool.read(|c| read::journal::own_leaves(c, from, limit))
    }

    fn node(&self, level: u8, place: u64) -> Result<Option<Hash>> {
        self.pool.read(|c| read::journal::node(c.connection, level, place))
    }

    fn checkpoints(&self, after_size: u64, limit: usize) -> Result<Vec<Checkpoint>> {
        self.pool.read(|c| read::journal::checkpoints(c.connection, after_size, limit))
    }

    fn last_checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.pool.read(|c| read::journal::last_checkpoint(c.connection))
    }

    fn note_failing_place(&self, failure: Option<&str>) {
        self.sealing.note(failure);
    }

    fn store_seal(&self, nodes: Vec<Node>, checkpoint: Checkpoint, at: Timestamp) -> Result<()> {
        self.writer.seal(Sealing { nodes, checkpoint, at })
    }
}
