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
mod binding;
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
mod slots;
mod step;
mod verify;

use std::sync::Arc;

use card::terminal::CardMaster;
use domain::act::Actor;
use domain::application::ApplicationState;
use domain::id::ApplicationId;
use store::{Page, Store};

use self::at_reader::Channels;
use self::cards::CardRecords;
use self::clerk::clerk;
use self::operation::Operations;
use self::slots::Slots;
use self::step::Steps;
use crate::authority::{Authorities, Authority};
use crate::error::Result;
use crate::readers::Readers;
use crate::register::ResidentRegister;

pub use abandon::CardPlace;
pub use application::Application;
pub use call_centre::{CallCentre, PhoneHold};
pub use evidence::{EvidenceItem, EvidenceRecord, MAX_DOCUMENT_CHARACTERS, MAX_NOTE_CHARACTERS};
pub use forget::Forgotten;
pub use handover::Handover;
pub use read::{CardReading, CertificateCopy};
pub use receipt::Receipt;
pub use reconcile::{Finding, Mended, Mending, Reconciliation, Remedy};
pub use register_link::{RegisterLink, RegisterRun};
pub use verify::Verification;

/// The windows of all municipalities, the call centre's and the register's way to the CAs.
pub struct Window {
    store: Arc<dyn Store>,
    register: Arc<dyn ResidentRegister>,
    authorities: Arc<Authorities>,
    operations: Operations,
    steps: Arc<Steps>,
    cards: CardRecords,
    channels: Arc<Channels>,
    slots: Slots,
    call_centre: CallCentre,
    register_link: RegisterLink,
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
        let authorities: Authorities =
            authorities.into_iter().map(|ca| (ca.id().clone(), ca)).collect();
        let authorities = Arc::new(authorities);
        let operations = Operations::new(store.clone());
        let steps = Steps::new(operations.clone(), store.clone(), authorities.clone());
        let cards = CardRecords::new(store.clone(), register.clone());
        let channels = Arc::new(Channels::new(cards.clone(), readers, master));
        let slots = Slots::new(store.clone(), authorities.clone());
        let steps = Arc::new(steps);
        let call_centre =
            CallCentre::new(operations.clone(), register.clone(), authorities.clone());
        let register_link = RegisterLink::new(
            operations.clone(),
            store.clone(),
            register.clone(),
            authorities.clone(),
        );
        Self {
            store,
            register,
            authorities,
            operations,
            steps,
            cards,
            channels,
            slots,
            call_centre,
            register_link,
        }
    }

    /// Holds by phone.
    pub fn call_centre(&self) -> &CallCentre {
        &self.call_centre
    }

    /// What follows from the register's events.
    pub fn register_link(&self) -> &RegisterLink {
        &self.register_link
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
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Window({:?})", self.authorities.keys())
    }
}
