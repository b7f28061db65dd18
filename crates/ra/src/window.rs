//! The municipal window: every operation on an application, each safe to repeat after any cut.
//!
//! An operation is recognised by the id of its [`Act`]. Asked again with the same id it answers as
//! before; the same id with another request is refused. What it changed and its answer are one
//! unit of the store, so a cut leaves either nothing of it or all of it; what the CA did before the
//! cut, the repetition finds and goes on from (see the contract of [`Authority`]). So it does with
//! what reached the card: a card is a thing outside, driven through a reader, and what is on it is
//! asked of the card itself.

mod abandon;
mod at_reader;
mod call_centre;
mod cards;
mod complete;
mod deliver;
mod erase;
mod existence;
mod forget;
mod handover;
mod issue;
mod locks;
mod operation;
mod read;
mod receipt;
mod receive;
mod reconcile;
mod register_link;
mod secrets;
mod verify;

use std::sync::Arc;

use card::terminal::CardMaster;
use domain::act::{Act, Actor};
use domain::application::{ApplicationKind, ApplicationState};
use domain::id::{ActorId, ApplicationId, CaId, MunicipalityCode, ResidentCode};
use domain::journal::EventKind;
use domain::municipality;
use store::{ApplicationRow, Entry, Page, Store, Unit};

use self::locks::Locks;
use crate::authority::{Authorities, Authority};
use crate::error::{Result, WindowError};
use crate::readers::Readers;
use crate::record::{self, Record};
use crate::register::ResidentRegister;

pub use abandon::CardPlace;
pub use call_centre::PhoneHold;
pub use forget::Forgotten;
pub use handover::Handover;
pub use read::{CardReading, CertificateCopy};
pub use receipt::Receipt;
pub use reconcile::{Finding, Mended, Mending, Reconciliation, Remedy};
pub use register_link::RegisterRun;
pub use verify::{
    EvidenceItem, EvidenceRecord, MAX_DOCUMENT_CHARACTERS, MAX_NOTE_CHARACTERS, Verification,
};

/// The windows of all municipalities, the call centre's and the register's way to the CAs.
pub struct Window {
    store: Arc<dyn Store>,
    register: Arc<dyn ResidentRegister>,
    authorities: Authorities,
    readers: Arc<dyn Readers>,
    master: Arc<dyn CardMaster>,
    applications: Locks,
    cards: Locks,
}

/// An application as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// The CA it is made to.
    pub ca: CaId,
    /// The municipality of the window.
    pub municipality: MunicipalityCode,
    /// What is applied for.
    pub kind: ApplicationKind,
    /// Where it stands.
    pub state: ApplicationState,
    /// The resident concerned.
    pub resident: ResidentCode,
    /// The form and everything recorded since.
    pub record: Record,
}

impl Window {
    /// The windows over a store, a register and CAs. Cards lie on `readers`, and `master` opens the
    /// channel with each.
    ///
    /// One process alone may run the windows of a store: what two clerks do to one application
    /// or one card at the same time is put in order by locks in memory.
    pub fn new(
        store: Arc<dyn Store>,
        register: Arc<dyn ResidentRegister>,
        authorities: impl IntoIterator<Item = Arc<dyn Authority>>,
        readers: Arc<dyn Readers>,
        master: Arc<dyn CardMaster>,
    ) -> Self {
        let authorities = authorities.into_iter().map(|ca| (ca.id().clone(), ca)).collect();
        let [applications, cards] = [Locks::default(), Locks::default()];
        Self { store, register, authorities, readers, master, applications, cards }
    }

    /// An application of the clerk's municipality.
    ///
    /// # Errors
    /// [`WindowError::NotPermitted`], [`WindowError::Unknown`], [`WindowError::Elsewhere`], and what the
    /// store says. Reading is not journaled here.
    pub fn application(&self, actor: &Actor, id: &ApplicationId) -> Result<Application> {
        let (_, municipality) = clerk(actor)?;
        self.load(id, municipality)
    }

    /// The applications of the clerk's municipality, in one state or in all, newest first: at most `limit`
    /// after the one of the id `after`.
    ///
    /// # Errors
    /// As [`application`](Self::application).
    pub fn applications(
        &self,
        actor: &Actor,
        state: Option<ApplicationState>,
        after: Option<&ApplicationId>,
        limit: usize,
    ) -> Result<Page<Application, ApplicationId>> {
        let (_, municipality) = clerk(actor)?;
        let Page { rows, next } = self.store.applications(&municipality, state, after, limit)?;
        let rows = rows.into_iter().map(Application::restore).collect::<Result<_>>()?;
        Ok(Page { rows, next })
    }

    fn load(&self, id: &ApplicationId, municipality: MunicipalityCode) -> Result<Application> {
        let row = self.store.application(id)?;
        let row = row.ok_or(WindowError::Unknown { field: "application" })?;
        if row.municipality != municipality {
            return Err(WindowError::Elsewhere { field: "application" });
        }
        Application::restore(row)
    }

    fn authority(&self, ca: &CaId) -> Result<&dyn Authority> {
        let authority = self.authorities.get(ca).map(AsRef::as_ref);
        authority.ok_or(WindowError::Unknown { field: "ca" })
    }

    /// Journals a refusal; without the journal's word there is no answer but the journal's error.
    fn recording<A>(
        &self,
        act: &Act,
        kind: EventKind,
        subject: &str,
        result: Result<A>,
    ) -> Result<A> {
        if let Err(error) = &result
            && let Some(rule) = error.refusal()
        {
            let kind = match error {
                WindowError::NotPermitted(_) | WindowError::Elsewhere { .. } => {
                    EventKind::AccessRefused
                }
                _ => kind,
            };
            // What names nothing is a text that somebody typed, and no entry is ever erased.
            let subject = if error.is_of_no_such_subject(kind) { "unknown" } else { subject };
            let mut entry = Entry::new(kind, act).subject(subject).refused(rule);
            if let WindowError::Doubted { holder, doubt } = error {
                entry = entry.personal(holder, doubt);
            }
            self.store.commit(Unit::new(entry))?;
        }
        result
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Window({:?})", self.authorities.keys())
    }
}

impl Application {
    fn restore(row: ApplicationRow) -> Result<Self> {
        let record = record::decode(&row.record)?;
        Ok(Self {
            id: row.id,
            ca: row.ca,
            municipality: row.municipality,
            kind: row.kind,
            state: row.state,
            resident: row.resident,
            record,
        })
    }
}

/// The clerk and the municipality of the window, a ward's being its city.
fn clerk(actor: &Actor) -> Result<(ActorId, MunicipalityCode)> {
    match actor {
        Actor::WindowClerk { id, municipality: code } => {
            Ok((id.clone(), municipality::find(*code).map_or(*code, |known| known.code)))
        }
        _ => Err(WindowError::NotPermitted("only a clerk at a municipality's window may")),
    }
}
