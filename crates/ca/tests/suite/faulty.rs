//! A store with faults: its list query loses the first certificate, as a wrong setting once did
//! (Boulder #6438), or its commits end with the power.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use domain::crl_series::Partition;
use domain::id::*;
use domain::service_request::RequestState;
use jiff::Timestamp;
use store::*;

/// The real store but for one fault.
pub(super) struct Faulty {
    store: Arc<Sqlite>,
    fault: Fault,
}

enum Fault {
    /// Forgets one certificate of every list.
    Forgetful,
    /// Cuts the power at the commit at which `left` is used up; it is lost or just unanswered.
    Cutting { left: Arc<AtomicI32>, lost: bool },
}

impl Faulty {
    pub(super) fn forgetful(store: Arc<Sqlite>) -> Self {
        Self { store, fault: Fault::Forgetful }
    }

    pub(super) fn cutting(store: Arc<Sqlite>, left: Arc<AtomicI32>, lost: bool) -> Self {
        Self { store, fault: Fault::Cutting { left, lost } }
    }
}

struct Lossy<'a>(&'a dyn RevokedSnapshot);

impl RevokedSnapshot for Lossy<'_> {
    fn as_of(&self) -> Sequence {
        self.0.as_of()
    }

    fn for_each(&self, each: &mut dyn FnMut(StatusRow)) -> Result<()> {
        let mut first = true;
        self.0.for_each(&mut |row| {
            if !std::mem::take(&mut first) {
                each(row);
            }
        })
    }

    fn count_by_partition(&self) -> Result<Vec<(Partition, u64)>> {
        self.0.count_by_partition()
    }
}

impl Store for Faulty {
    fn with_revoked(
        &self,
        series: &SeriesKey,
        undelivered: bool,
        expires_from: Timestamp,
        read: &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
    ) -> Result<()> {
        match self.fault {
            Fault::Forgetful => {
                self.store
                    .with_revoked(series, undelivered, expires_from, &mut |view| read(&Lossy(view)))
            }
            Fault::Cutting { .. } => {
                self.store.with_revoked(series, undelivered, expires_from, read)
            }
        }
    }

    fn commit(&self, unit: Unit) -> Result<Sequence> {
        let Fault::Cutting { left, lost } = &self.fault else {
            return self.store.commit(unit);
        };
        let number = left.fetch_sub(1, Ordering::Relaxed);
        let off = || Error::Unavailable("cut off".to_owned());
        match (number, lost) {
            (2.., _) => self.store.commit(unit),
            (1, false) => self.store.commit(unit).and_then(|_| Err(off())),
            _ => Err(off()),
        }
    }

    fn service_request(&self, id: &ServiceRequestId) -> Result<Option<ServiceRequestRow>> {
        self.store.service_request(id)
    }

    fn service_requests(
        &self,
        ca: &CaId,
        state: Option<RequestState>,
        limit: usize,
    ) -> Result<Vec<ServiceRequestRow>> {
        self.store.service_requests(ca, state, limit)
    }

    fn holder_request(&self, id: &ApplicationId) -> Result<Option<HolderRequestRow>> {
        self.store.holder_request(id)
    }

    fn holder_nonce_was_used(&self, nonce: &[u8; 32]) -> Result<bool> {
        self.store.holder_nonce_was_used(nonce)
    }

    fn open_holder_requests(&self, limit: usize) -> Result<Vec<HolderRequestRow>> {
        self.store.open_holder_requests(limit)
    }

    fn cas(&self) -> Result<Vec<CaRow>> {
        self.store.cas()
    }

    fn authorities(&self, ca: &CaId) -> Result<Vec<AuthorityRow>> {
        self.store.authorities(ca)
    }

    fn certificate(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>> {
        self.store.certificate(ca, serial)
    }

    fn status(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        self.store.status(ca, serial)
    }

    fn certificates_of(&self, ca: &CaId, holder: &ResidentCode) -> Result<Vec<CertificateRow>> {
        self.store.certificates_of(ca, holder)
    }

    fn certificates_for(&self, application: &ApplicationId) -> Result<Vec<CertificateRow>> {
        self.store.certificates_for(application)
    }

    fn certificates(
        &self,
        ca: &CaId,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>> {
        self.store.certificates(ca, after, limit)
    }

    fn open_intents(&self) -> Result<Vec<IntentRow>> {
        self.store.open_intents()
    }

    fn key_was_certified(&self, spki_sha256: &[u8; 32]) -> Result<bool> {
        self.store.key_was_certified(spki_sha256)
    }

    fn certificate_for_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRow>> {
        self.store.certificate_for_key(spki_sha256)
    }

    fn subject_is_taken(&self, ca: &CaId, subject: &[u8]) -> Result<bool> {
        self.store.subject_is_taken(ca, subject)
    }

    fn partitions(&self, ca: &CaId, generation: u32) -> Result<Vec<Partition>> {
        self.store.partitions(ca, generation)
    }

    fn generation_plan(&self, ca: &CaId) -> Result<Option<GenerationPlan>> {
        self.store.generation_plan(ca)
    }

    fn self_issued(&self, ca: &CaId, name: &[u8]) -> Result<Vec<CertificateRow>> {
        self.store.self_issued(ca, name)
    }

    fn series_row(&self, key: &SeriesKey) -> Result<Option<SeriesRow>> {
        self.store.series_row(key)
    }

    fn series(&self, ca: &CaId) -> Result<Vec<SeriesRow>> {
        self.store.series(ca)
    }

    fn crl(&self, key: &CrlKey) -> Result<Option<CrlRow>> {
        self.store.crl(key)
    }

    fn crl_content(&self, key: &CrlKey) -> Result<Option<Vec<u8>>> {
        self.store.crl_content(key)
    }

    fn crl_numbers(&self, series: &SeriesKey) -> Result<Vec<u64>> {
        self.store.crl_numbers(series)
    }

    fn compromises(&self, ca: &CaId) -> Result<Vec<CompromiseRow>> {
        self.store.compromises(ca)
    }

    fn notices(&self, ca: &CaId) -> Result<Vec<NoticeRow>> {
        self.store.notices(ca)
    }

    fn unrevoked(
        &self,
        ca: &CaId,
        generation: u32,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, StatusRow)>> {
        self.store.unrevoked(ca, generation, from, limit)
    }

    fn application(&self, id: &ApplicationId) -> Result<Option<ApplicationRow>> {
        self.store.application(id)
    }

    fn applications(
        &self,
        municipality: &MunicipalityCode,
        limit: usize,
    ) -> Result<Vec<ApplicationRow>> {
        self.store.applications(municipality, limit)
    }

    fn operation(&self, id: &OperationId) -> Result<Option<Vec<u8>>> {
        self.store.operation(id)
    }

    fn card(&self, id: &CardId) -> Result<Option<CardRow>> {
        self.store.card(id)
    }

    fn cards_of(&self, holder: &ResidentCode) -> Result<Vec<CardRow>> {
        self.store.cards_of(holder)
    }

    fn register_cursor(&self) -> Result<u64> {
        self.store.register_cursor()
    }

    fn verifiers(&self) -> Result<Vec<VerifierRow>> {
        self.store.verifiers()
    }

    fn verifier(&self, id: &VerifierId) -> Result<Option<VerifierRow>> {
        self.store.verifier(id)
    }

    fn people(&self) -> Result<Vec<PersonRow>> {
        self.store.people()
    }

    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>> {
        self.store.person(id)
    }

    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>> {
        self.store.credential(sha256)
    }

    fn credentials_of(&self, person: &ActorId) -> Result<Vec<CredentialRow>> {
        self.store.credentials_of(person)
    }

    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>> {
        self.store.password(person)
    }

    fn ceremony(
        &self,
        id: &domain::ceremony::CeremonyId,
    ) -> Result<Option<(CeremonyRow, Sequence)>> {
        self.store.ceremony(id)
    }

    fn last_sequence(&self) -> Result<Option<Sequence>> {
        self.store.last_sequence()
    }

    fn journal(&self, from: Sequence, limit: usize) -> Result<Vec<(Sequence, Vec<u8>)>> {
        self.store.journal(from, limit)
    }

    fn journal_personal(&self, sequence: Sequence) -> Result<Option<String>> {
        self.store.journal_personal(sequence)
    }
}
