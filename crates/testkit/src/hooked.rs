//! The real store with a hook at its commits or at its list view, where tests put faults.

use std::sync::Arc;

use domain::application::ApplicationState;
use domain::ceremony::CeremonyId;
use domain::crl_series::Partition;
use domain::id::{
    ActorId, ApplicationId, CaId, CardId, MunicipalityCode, OperationId, ResidentCode,
    SerialNumber, ServiceRequestId, VerifierId,
};
use domain::service_request::RequestState;
use jiff::Timestamp;
use store::journal::SealedEntry;
use store::reads::{
    ReadAccess, ReadAuthorities, ReadCertificates, ReadGenerations, ReadHead, ReadJournal,
    ReadLists, ReadPeople, ReadProceedings, ReadRevoked, ReadStatuses, ReadVerifiers, ReadWindows,
};
use store::{
    ApplicationRow, AuthorityRow, CaRow, CardRow, CeremonyRow, CertificateFilter, CertificateRow,
    CompromiseRow, CredentialRow, CrlKey, CrlRow, Doubt, GenerationPlan, HolderRequestRow,
    IssuedBefore, NoticeRow, Page, PasswordRow, PersonRow, ProofExtent, Remembered, Result,
    RevokedSnapshot, Sequence, SeriesKey, SeriesRow, ServiceRequestRow, Sqlite, StateProof,
    StateReport, StatusRow, Statuses, Store, Tally, Unit, VerifierAccess, VerifierRow,
};

/// What stands before every commit: it may pass the unit on, or not.
type CommitHook = Box<dyn Fn(&Sqlite, Unit) -> Result<Sequence> + Send + Sync>;

/// What stands before every view of what a list must hold: it gives the reader this view, or another.
type ViewHook = Box<
    dyn Fn(&dyn RevokedSnapshot, &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>) -> Result<()>
        + Send
        + Sync,
>;

/// A store that is the real one but for its hooks.
pub struct HookedStore {
    /// The real store.
    pub inner: Arc<Sqlite>,
    commit: Option<CommitHook>,
    view: Option<ViewHook>,
}

impl HookedStore {
    /// One whose commits go through `commit`.
    pub fn committing(
        inner: Arc<Sqlite>,
        commit: impl Fn(&Sqlite, Unit) -> Result<Sequence> + Send + Sync + 'static,
    ) -> Self {
        Self { inner, commit: Some(Box::new(commit)), view: None }
    }

    /// One whose lists are read through `view`.
    pub fn viewing(
        inner: Arc<Sqlite>,
        view: impl Fn(
            &dyn RevokedSnapshot,
            &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
        ) -> Result<()>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { inner, commit: None, view: Some(Box::new(view)) }
    }
}

/// Passes questions on as they are.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+) => {
        $(fn $name(&self, $($argument: $kind),*) -> Result<$answer> {
            self.inner.$name($($argument),*)
        })+
    };
}

impl Store for HookedStore {
    fn commit(&self, unit: Unit) -> Result<Sequence> {
        match &self.commit {
            Some(hook) => hook(&self.inner, unit),
            None => self.inner.commit(unit),
        }
    }

    pass_on! {
        prove(proof: &mut StateProof, extent: ProofExtent) -> StateReport;
    }
}

impl ReadHead for HookedStore {
    fn doubt(&self) -> &Doubt {
        self.inner.doubt()
    }

    pass_on! {
        last_sequence() -> Option<Sequence>;
    }
}

impl ReadAuthorities for HookedStore {
    pass_on! {
        cas() -> Vec<CaRow>;
        authorities(ca: &CaId) -> Vec<AuthorityRow>;
        self_issued(ca: &CaId, name: &[u8]) -> Vec<CertificateRow>;
        notices(ca: &CaId) -> Vec<NoticeRow>;
    }
}

impl ReadStatuses for HookedStore {
    pass_on! {
        statuses(ca: &CaId, serials: &[SerialNumber]) -> Statuses;
    }
}

impl ReadLists for HookedStore {
    pass_on! {
        series(ca: &CaId) -> Vec<SeriesRow>;
        series_row(key: &SeriesKey) -> Option<SeriesRow>;
        crl_numbers(series: &SeriesKey) -> Vec<u64>;
        crl(key: &CrlKey) -> Option<CrlRow>;
        crl_content(key: &CrlKey) -> Option<Vec<u8>>;
        crl_piece(key: &CrlKey, number: u64) -> Option<Vec<u8>>;
    }
}

impl ReadAccess for HookedStore {
    pass_on! {
        accesses() -> Vec<VerifierAccess>;
        access(id: &VerifierId) -> Option<VerifierAccess>;
    }
}

impl ReadVerifiers for HookedStore {
    pass_on! {
        verifiers() -> Vec<VerifierRow>;
        verifier(id: &VerifierId) -> Option<VerifierRow>;
    }
}

impl ReadRevoked for HookedStore {
    fn with_revoked(
        &self,
        series: &SeriesKey,
        undelivered: bool,
        expires_from: Timestamp,
        read: &mut dyn FnMut(&dyn RevokedSnapshot) -> Result<()>,
    ) -> Result<()> {
        self.inner.with_revoked(series, undelivered, expires_from, &mut |view| match &self.view {
            Some(hook) => hook(view, read),
            None => read(view),
        })
    }

    pass_on! {
        tallies(ca: &CaId) -> Vec<(Partition, Tally)>;
        last_crl_number(ca: &CaId, partition: Partition) -> u64;
    }
}

impl ReadGenerations for HookedStore {
    pass_on! {
        generation_plan(ca: &CaId) -> Option<GenerationPlan>;
        partitions(ca: &CaId, generation: u32) -> Vec<Partition>;
        unrevoked(ca: &CaId, generation: u32, from: Sequence, limit: usize)
            -> Vec<(Sequence, StatusRow)>;
        compromises(ca: &CaId) -> Vec<CompromiseRow>;
    }
}

impl ReadCertificates for HookedStore {
    pass_on! {
        certificate(ca: &CaId, serial: &SerialNumber) -> Option<CertificateRow>;
        certificates_of(ca: &CaId, holder: &ResidentCode) -> Vec<CertificateRow>;
        certificates_for(application: &ApplicationId) -> Vec<CertificateRow>;
        issued_before(ca: &CaId, application: &ApplicationId, holder: &ResidentCode)
            -> IssuedBefore;
        certificates(ca: &CaId, after: Option<Sequence>, limit: usize) -> Vec<CertificateRow>;
        certificate_page(ca: &CaId, wanted: &CertificateFilter<'_>, after: Option<Sequence>,
            limit: usize) -> Page<CertificateRow, Sequence>;
        open_intents() -> Vec<CertificateRow>;
        key_was_certified(spki: &[u8; 32]) -> bool;
        certificate_for_key(spki: &[u8; 32]) -> Option<CertificateRow>;
        subject_is_taken(ca: &CaId, subject: &[u8]) -> bool;
    }
}

impl ReadWindows for HookedStore {
    pass_on! {
        application(id: &ApplicationId) -> Option<ApplicationRow>;
        applications(municipality: &MunicipalityCode, state: Option<ApplicationState>,
            after: Option<&ApplicationId>, limit: usize) -> Page<ApplicationRow, ApplicationId>;
        applications_of(resident: &ResidentCode) -> Vec<ApplicationRow>;
        holder_request(id: &ApplicationId) -> Option<HolderRequestRow>;
        holder_nonce_was_used(nonce: &[u8; 32]) -> bool;
        open_holder_requests(limit: usize) -> Vec<HolderRequestRow>;
        card(id: &CardId) -> Option<CardRow>;
        cards_of(holder: &ResidentCode) -> Vec<CardRow>;
        register_cursor() -> u64;
        last_register_event() -> Option<u64>;
        operation(id: &OperationId) -> Option<Vec<u8>>;
        request_mark(request: &[u8]) -> [u8; 16];
    }
}

impl ReadProceedings for HookedStore {
    pass_on! {
        service_request(id: &ServiceRequestId) -> Option<ServiceRequestRow>;
        service_requests(ca: &CaId, state: Option<RequestState>,
            after: Option<&ServiceRequestId>, limit: usize) -> Vec<ServiceRequestRow>;
        unfinished_ceremonies() -> Vec<CeremonyRow>;
        ceremony(id: &CeremonyId) -> Option<(CeremonyRow, Sequence)>;
    }
}

impl ReadPeople for HookedStore {
    pass_on! {
        people() -> Vec<PersonRow>;
        person(id: &ActorId) -> Option<PersonRow>;
        credential(sha256: &[u8; 32]) -> Option<CredentialRow>;
        credentials_of(person: &ActorId) -> Vec<CredentialRow>;
        password(person: &ActorId) -> Option<PasswordRow>;
    }
}

impl ReadJournal for HookedStore {
    pass_on! {
        journal(from: Sequence, limit: usize) -> Vec<(Sequence, Vec<u8>)>;
        journal_of(kind: Remembered, from: Sequence, limit: usize) -> Vec<(Sequence, Vec<u8>)>;
        last_of(kind: Remembered) -> Option<(Sequence, Vec<u8>)>;
        sealed_entry(sequence: Sequence) -> Option<SealedEntry>;
        journal_personal(sequence: Sequence) -> Option<String>;
        last_personal(resident: &ResidentCode) -> Option<Timestamp>;
    }
}
