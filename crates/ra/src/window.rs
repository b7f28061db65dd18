//! The municipal window, in parts that own what they touch; every operation is safe to repeat after any cut.
//!
//! A [`Window`] is put together once and hands out its parts. What a part can reach is what its fields are: the
//! [`CallCentre`] has no card, [`Applications`] have no reader, and the whole store is behind the one hand that
//! commits.
//!
//! An operation is recognised by the id of its [`Act`](domain::act::Act). Asked again with the same id it answers as
//! before; the same id with another request is refused. What it changed and its answer are one
//! unit of the store, so a cut leaves either nothing of it or all of it; what the CA did before the
//! cut, the repetition finds and goes on from (see the contract of [`Authority`]). So it does with
//! what reached the card: a card is a thing outside, driven through a reader, and what is on it is
//! asked of the card itself.

mod application;
mod applications;
mod at_reader;
mod call_centre;
mod card_counter;
mod card_service;
mod cards;
mod clerk;
mod disposal;
mod evidence;
mod existence;
mod locks;
mod operation;
mod reconcile;
mod register_link;
mod slots;
mod step;

use std::sync::Arc;

use card::terminal::CardMaster;
use domain::id::CaId;
use store::Store;
use store::reads::ReadWindows;

use self::at_reader::Channels;
use self::cards::CardRecords;
use self::operation::Operations;
use self::slots::Slots;
use self::step::Steps;
use crate::authority::{Authorities, Authority};
use crate::readers::Readers;
use crate::register::ResidentRegister;

pub use application::Application;
pub use applications::Applications;
pub use applications::receipt::Receipt;
pub use applications::verify::Verification;
pub use call_centre::{CallCentre, PhoneHold};
pub use card_counter::CardCounter;
pub use card_counter::abandon::CardPlace;
pub use card_counter::handover::Handover;
pub use card_service::CardService;
pub use card_service::read::{CardReading, CertificateCopy};
pub use disposal::{Disposal, Forgotten};
pub use evidence::{EvidenceItem, EvidenceRecord, MAX_DOCUMENT_CHARACTERS, MAX_NOTE_CHARACTERS};
pub use reconcile::{Finding, Mended, Mending, Reconciler, Reconciliation, Remedy};
pub use register_link::{RegisterLink, RegisterRun};

/// The windows of all municipalities, the call centre's and the register's way to the CAs: each part owns
/// what it touches, and no more.
pub struct Window {
    applications: Applications,
    card_counter: Arc<CardCounter>,
    card_service: CardService,
    reconciler: Reconciler,
    call_centre: CallCentre,
    register_link: RegisterLink,
    disposal: Disposal,
    cas: Vec<CaId>,
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
        let authorities = authorities.into_iter().map(|ca| (ca.id().clone(), ca));
        let authorities: Arc<Authorities> = Arc::new(authorities.collect());
        let cas: Vec<_> = authorities.keys().cloned().collect();
        let records: Arc<dyn ReadWindows> = store.clone();
        let operations = Operations::new(store.clone());
        let steps = Arc::new(Steps::new(&operations, &records, &authorities));
        let cards = CardRecords::new(&records, &register);
        let channels = Arc::new(Channels::new(&cards, readers, master));
        let slots = Slots::new(&records, &authorities);
        let card_counter =
            CardCounter::new(&operations, &steps, &register, &authorities, &cards, &channels);
        let card_counter = Arc::new(card_counter);
        Self {
            applications: Applications::new(&operations, &steps, &records, &register, &authorities),
            card_service: CardService::new(&operations, &register, &cards, &channels, &slots),
            reconciler: Reconciler::new(&operations, &cards, &channels, &slots, &card_counter),
            card_counter,
            call_centre: CallCentre::new(&operations, &register, &authorities),
            register_link: RegisterLink::new(&operations, &records, &register, &authorities),
            disposal: Disposal::new(&operations, &store, &register, cas.clone()),
            cas,
        }
    }

    /// Applications: taken in, checked, carried out where no card is needed, shown.
    pub fn applications(&self) -> &Applications {
        &self.applications
    }

    /// Applications that need a card: issued, delivered, ended.
    pub fn card_counter(&self) -> &CardCounter {
        &self.card_counter
    }

    /// Cards in their holders' hands: read, given another PIN or password, erased.
    pub fn card_service(&self) -> &CardService {
        &self.card_service
    }

    /// Cards held against the office and the CAs, and mended.
    pub fn reconciler(&self) -> &Reconciler {
        &self.reconciler
    }

    /// Holds by phone.
    pub fn call_centre(&self) -> &CallCentre {
        &self.call_centre
    }

    /// What follows from the register's events.
    pub fn register_link(&self) -> &RegisterLink {
        &self.register_link
    }

    /// What is disposed of when the law lets go.
    pub fn disposal(&self) -> &Disposal {
        &self.disposal
    }
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Window({:?})", self.cas)
    }
}
