//! A store whose list query loses the first certificate, as a wrong setting once did (Boulder #6438).

use std::sync::Arc;

use domain::crl_series::Partition;
use domain::id::*;
use domain::service_request::RequestState;
use jiff::Timestamp;
use store::*;

/// Forgets one certificate of every list; everything else is the real store.
pub(super) struct Forgetful(pub(super) Arc<Sqlite>);

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

impl Store for Forgetful {
    fn with_revoked(
        &self,
        series: &SeriesKey,
        undelivered: bool,
        expires_from: Timestamp,
        read: &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
    ) -> Result<()> {
        self.0.with_revoked(series, undelivered, expires_from, &mut |view| read(&Lossy(view)))
    }

    fn commit(&self, unit: Unit) -> Result<Sequence> {
        self.0.commit(unit)
    }

    fn service_request(&self, id: &ServiceRequestId) -> Result<Option<ServiceRequestRow>> {
        self.0.service_request(id)
    }

    fn service_requests(
        &self,
        ca: &CaId,
        state: Option<RequestState>,
        limit: usize,
    ) -> Result<Vec<ServiceRequestRow>> {
        self.0.service_requests(ca, state, limit)
    }

    fn cas(&self) -> Result<Vec<CaRow>> {
        self.0.cas()
    }

    fn authorities(&self, ca: &CaId) -> Result<Vec<AuthorityRow>> {
        self.0.authorities(ca)
    }

    fn certificate(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>> {
        self.0.certificate(ca, serial)
    }

    fn status(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<StatusRow>> {
        self.0.status(ca, serial)
    }

    fn certificates_of(&self, ca: &CaId, holder: &ResidentCode) -> Result<Vec<CertificateRow>> {
        self.0.certificates_of(ca, holder)
    }

    fn certificates_for(&self, application: &ApplicationId) -> Result<Vec<CertificateRow>> {
        self.0.certificates_for(application)
    }

    fn certificates(
        &self,
        ca: &CaId,
        after: Option<Sequence>,
        limit: usize,
    ) -> Result<Vec<CertificateRow>> {
        self.0.certificates(ca, after, limit)
    }

    fn open_intents(&self) -> Result<Vec<IntentRow>> {
        self.0.open_intents()
    }

    fn key_was_certified(&self, spki_sha256: &[u8; 32]) -> Result<bool> {
        self.0.key_was_certified(spki_sha256)
    }

    fn certificate_for_key(&self, spki_sha256: &[u8; 32]) -> Result<Option<CertificateRow>> {
        self.0.certificate_for_key(spki_sha256)
    }

    fn subject_is_taken(&self, ca: &CaId, subject: &[u8]) -> Result<bool> {
        self.0.subject_is_taken(ca, subject)
    }

    fn partitions(&self, ca: &CaId, generation: u32) -> Result<Vec<Partition>> {
        self.0.partitions(ca, generation)
    }

    fn series(&self, ca: &CaId) -> Result<Vec<SeriesRow>> {
        self.0.series(ca)
    }

    fn crl(&self, key: &CrlKey) -> Result<Option<CrlRow>> {
        self.0.crl(key)
    }

    fn crl_content(&self, key: &CrlKey) -> Result<Option<Vec<u8>>> {
        self.0.crl_content(key)
    }

    fn crl_numbers(&self, series: &SeriesKey) -> Result<Vec<u64>> {
        self.0.crl_numbers(series)
    }

    fn compromises(&self, ca: &CaId) -> Result<Vec<CompromiseRow>> {
        self.0.compromises(ca)
    }

    fn notices(&self, ca: &CaId) -> Result<Vec<NoticeRow>> {
        self.0.notices(ca)
    }

    fn unrevoked(
        &self,
        ca: &CaId,
        generation: u32,
        from: Sequence,
        limit: usize,
    ) -> Result<Vec<(Sequence, StatusRow)>> {
        self.0.unrevoked(ca, generation, from, limit)
    }

    fn application(&self, id: &ApplicationId) -> Result<Option<ApplicationRow>> {
        self.0.application(id)
    }

    fn applications(
        &self,
        municipality: &MunicipalityCode,
        limit: usize,
    ) -> Result<Vec<ApplicationRow>> {
        self.0.applications(municipality, limit)
    }

    fn operation(&self, id: &OperationId) -> Result<Option<Vec<u8>>> {
        self.0.operation(id)
    }

    fn card(&self, id: &CardId) -> Result<Option<CardRow>> {
        self.0.card(id)
    }

    fn cards_of(&self, holder: &ResidentCode) -> Result<Vec<CardRow>> {
        self.0.cards_of(holder)
    }

    fn register_cursor(&self) -> Result<u64> {
        self.0.register_cursor()
    }

    fn verifiers(&self) -> Result<Vec<VerifierRow>> {
        self.0.verifiers()
    }

    fn verifier(&self, id: &VerifierId) -> Result<Option<VerifierRow>> {
        self.0.verifier(id)
    }

    fn people(&self) -> Result<Vec<PersonRow>> {
        self.0.people()
    }

    fn person(&self, id: &ActorId) -> Result<Option<PersonRow>> {
        self.0.person(id)
    }

    fn credential(&self, sha256: &[u8; 32]) -> Result<Option<CredentialRow>> {
        self.0.credential(sha256)
    }

    fn credentials_of(&self, person: &ActorId) -> Result<Vec<CredentialRow>> {
        self.0.credentials_of(person)
    }

    fn password(&self, person: &ActorId) -> Result<Option<PasswordRow>> {
        self.0.password(person)
    }

    fn ceremony(
        &self,
        id: &domain::ceremony::CeremonyId,
    ) -> Result<Option<(CeremonyRow, Sequence)>> {
        self.0.ceremony(id)
    }

    fn last_sequence(&self) -> Result<Option<Sequence>> {
        self.0.last_sequence()
    }

    fn journal(&self, from: Sequence, limit: usize) -> Result<Vec<(Sequence, Vec<u8>)>> {
        self.0.journal(from, limit)
    }

    fn journal_personal(&self, sequence: Sequence) -> Result<Option<String>> {
        self.0.journal_personal(sequence)
    }
}
