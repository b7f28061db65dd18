//! The reads, each in a view of its own.

use domain::application::ApplicationState;
use domain::ceremony::CeremonyId;
use domain::crl_series::Partition;
use domain::id::{
    ActorId, ApplicationId, CaId, CardId, MunicipalityCode, OperationId, ResidentCode,
    SerialNumber, ServiceRequestId, VerifierId,
};
use domain::service_request::RequestState;
use jiff::Timestamp;

use super::{Sqlite, read};
use crate::journal::SealedEntry;
use crate::reads::{
    ReadAccess, ReadAuthorities, ReadCertificates, ReadGenerations, ReadHead, ReadJournal,
    ReadLists, ReadPeople, ReadProceedings, ReadRevoked, ReadStatuses, ReadVerifiers, ReadWindows,
    Remembered, RevokedSnapshot,
};
use crate::{
    ApplicationRow, AuthorityRow, CaRow, CardRow, CeremonyRow, CertificateFilter, CertificateRow,
    CompromiseRow, CredentialRow, CrlKey, CrlRow, Doubt, GenerationPlan, HolderRequestRow,
    IssuedBefore, NoticeRow, Page, PasswordRow, PersonRow, Result, Sequence, SeriesKey, SeriesRow,
    ServiceRequestRow, StatusRow, Statuses, Tally, VerifierAccess, VerifierRow,
};

impl ReadHead for Sqlite {
    fn last_sequence(&self) -> Result<Option<Sequence>> {
        self.pool.last_sequence()
    }

    fn doubt(&self) -> &Doubt {
        &self.doubt
    }
}

impl ReadAuthorities for Sqlite {
    fn cas(&self) -> Result<Vec<CaRow>> {
        self.pool.read(read::authority::cas)
    }

    fn authorities(&self, ca: &CaId) -> Result<Vec<AuthorityRow>> {
        self.pool.read(|c| read::authority::authorities(c, ca))
    }

    fn self_issued(&self, ca: &CaId, name: &[u8]) -> Result<Vec<CertificateRow>> {
        self.pool.read(|c| read::certificate::self_issued(c, ca, name))
    }

    fn notices(&self, ca: &CaId) -> Result<Vec<NoticeRow>> {
        self.pool.read(|c| read::compromise::notices(c, ca))
    }
}

impl ReadStatuses for Sqlite {
    fn statuses(&self, ca: &CaId, serials: &[SerialNumber]) -> Result<Statuses> {
        self.doubt.permit_answers()?;
        self.pool.read_as_of(|view, as_of| {
            let rows = serials.iter().map(|serial| read::certificate::status(view, ca, serial));
            Ok(Statuses { as_of, rows: rows.collect::<Result<_>>()? })
        })
    }
}

impl ReadLists for Sqlite {
    fn series(&self, ca: &CaId) -> Result<Vec<SeriesRow>> {
        self.pool.read(|c| read::crl::series(c, ca))
    }

    fn series_row(&self, key: &SeriesKey) -> Result<Option<SeriesRow>> {
        self.pool.read(|c| read::crl::series_row(c, key))
    }

    fn crl_numbers(&self, series: &SeriesKey) -> Result<Vec<u64>> {
        self.pool.read(|c| read::crl::numbers(c, series))
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
}

impl ReadAccess for Sqlite {
    fn accesses(&self) -> Result<Vec<VerifierAccess>> {
        Ok(self.verifiers()?.into_iter().map(VerifierAccess::from).collect())
    }

    fn access(&self, id: &VerifierId) -> Result<Option<VerifierAccess>> {
        Ok(self.verifier(id)?.map(VerifierAccess::from))
    }
}

impl ReadVerifiers for Sqlite {
    fn verifiers(&self) -> Result<Vec<VerifierRow>> {
        self.pool.read_as_of(|view, _| read::access::verifiers(view))
    }

    fn verifier(&self, id: &VerifierId) -> Result<Option<VerifierRow>> {
        self.pool.read_as_of(|view, _| read::access::verifier(view, id))
    }
}

impl ReadRevoked for Sqlite {
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

    fn tallies(&self, ca: &CaId) -> Result<Vec<(Partition, Tally)>> {
        self.pool.read(|c| read::revoked::tallies(c, ca))
    }

    fn last_crl_number(&self, ca: &CaId, partition: Partition) -> Result<u64> {
        self.pool.read(|c| read::crl::last_number(c, ca, partition))
    }
}

impl ReadGenerations for Sqlite {
    fn generation_plan(&self, ca: &CaId) -> Result<Option<GenerationPlan>> {
        self.pool.read(|c| read::authority::plan(c, ca))
    }

    fn partitions(&self, ca: &CaId, generation: u32) -> Result<Vec<Partition>> {
        self.pool.read(|c| read::certificate::partitions(c, ca, generation))
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

    fn compromises(&self, ca: &CaId) -> Result<Vec<CompromiseRow>> {
        self.pool.read(|c| read::compromise::compromises(c, ca))
    }
}

impl ReadCertificates for Sqlite {
    fn certificate(&self, ca: &CaId, serial: &SerialNumber) -> Result<Option<CertificateRow>> {
        self.pool.read(|c| read::certificate::one(c, ca, serial))
    }

    fn certificates_of(&self, ca: &CaId, holder: &ResidentCode) -> Result<Vec<CertificateRow>> {
        self.pool.read(|c| read::certificate::of_holder(c, ca, holder))
    }

    fn certificates_for(&self, application: &ApplicationId) -> Result<Vec<CertificateRow>> {
        self.pool.read(|c| read::certificate::for_application(c, application))
    }

    fn issued_before(
        &self,
        ca: &CaId,
        application: &ApplicationId,
        holder: &ResidentCode,
    ) -> Result<IssuedBefore> {
        self.pool.read(|view| {
            let for_application = read::certificate::for_application(view, application)?;
            let of_holder = read::certificate::of_holder(view, ca, holder)?;
            Ok(IssuedBefore { for_application, of_holder })
        })
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
}

impl ReadWindows for Sqlite {
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

    fn holder_request(&self, id: &ApplicationId) -> Result<Option<HolderRequestRow>> {
        self.pool.read(|c| read::holder::one(c, id))
    }

    fn holder_nonce_was_used(&self, nonce: &[u8; 32]) -> Result<bool> {
        self.pool.read(|c| read::holder::nonce_was_used(c, nonce))
    }

    fn open_holder_requests(&self, limit: usize) -> Result<Vec<HolderRequestRow>> {
        self.pool.read(|c| read::holder::open(c, limit))
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

    fn operation(&self, id: &OperationId) -> Result<Option<Vec<u8>>> {
        self.pool.read(|c| read::window::operation(c, id))
    }

    fn request_mark(&self, request: &[u8]) -> Result<[u8; 16]> {
        Ok(self.pool.key().value("request", request))
    }
}

impl ReadProceedings for Sqlite {
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

    fn unfinished_ceremonies(&self) -> Result<Vec<CeremonyRow>> {
        self.pool.read(read::ceremony::unfinished)
    }

    fn ceremony(&self, id: &CeremonyId) -> Result<Option<(CeremonyRow, Sequence)>> {
        self.pool.read(|c| read::ceremony::one(c, id))
    }
}

impl ReadPeople for Sqlite {
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
}

impl ReadJournal for Sqlite {
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

    fn last_personal(&self, resident: &ResidentCode) -> Result<Option<Timestamp>> {
        self.pool.read(|view| read::journal::last_personal(view.connection, resident))
    }
}

impl Sqlite {
    /// The sizes of so many last checkpoints and when each was sealed, by the clock of then; the last
    /// first.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] for one that this program did not write so.
    pub fn sealed_times(&self, limit: usize) -> Result<Vec<(u64, Timestamp)>> {
        self.pool.read(|view| read::journal::sealed_times(view, limit))
    }
}
