//! The municipal window: every operation on an application, each safe to repeat after any cut.
//!
//! An operation is recognised by the id of its [`Act`]. Asked again with the same id it answers as
//! before; the same id with another request is refused. What it changed and its answer are one
//! unit of the store, so a cut leaves either nothing of it or all of it; what the CA did before the
//! cut, the repetition finds and goes on from (see the contract of [`Authority`]). So it does with
//! what reached the card: a card is a thing outside, driven through a reader, and what is on it is
//! asked of the card itself.

mod abandon;
mod application;
mod at_reader;
mod call_centre;
mod cards;
mod clerk;
mod complete;
mod deliver;
mod erase;
mod evidence;
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
use domain::application::ApplicationState;
use domain::id::{ApplicationId, CaId};
use domain::journal::EventKind;
use store::{Entry, Page, Store, Unit};

use self::clerk::clerk;
use self::locks::Locks;
use crate::authority::{Authorities, Authority};
use crate::error::{Result, WindowError};
use crate::readers::Readers;
use crate::register::ResidentRegister;

pub use abandon::CardPlace;
pub use application::Application;
pub use call_centre::PhoneHold;
pub use evidence::{EvidenceItem, EvidenceRecord, MAX_DOCUMENT_CHARACTERS, MAX_NOTE_CHARACTERS};
pub use forget::Forgotten;
pub use handover::Handover;
pub use read::{CardReading, CertificateCopy};
pub use receipt::Receipt;
pub use reconcile::{Finding, Mended, Mending, Reconciliation, Remedy};
pub use register_link::RegisterRun;
pub use verify::Verification;

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
        Application::load(&*self.store, id, municipality)
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
