//! The municipal window: every operation on an application, each safe to repeat after any cut.
//!
//! An operation is recognised by the id of its [`Act`]. Asked again with the same id it answers as
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
mod cards;
mod clerk;
mod disposal;
mod erase;
mod evidence;
mod existence;
mod locks;
mod operation;
mod read;
mod reconcile;
mod register_link;
mod secrets;
mod slots;
mod step;

use std::sync::Arc;

use card::terminal::CardMaster;
use store::Store;

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
pub use disposal::{Disposal, Forgotten};
pub use evidence::{EvidenceItem, EvidenceRecord, MAX_DOCUMENT_CHARACTERS, MAX_NOTE_CHARACTERS};
pub use read::{CardReading, CertificateCopy};
pub use reconcile::{Finding, Mended, Mending, Reconciliation, Remedy};
pub use register_link::{RegisterLink, RegisterRun};

/// The windows of all municipalities, the call centre's and the register's way to the CAs.
pub struct Window {
    register: Arc<dyn ResidentRegister>,
    authorities: Arc<Authorities>,
    operations: Operations,
    cards: CardRecords,
    channels: Arc<Channels>,
    slots: Slots,
    card_counter: Arc<CardCounter>,
    applications: Applications,
    call_centre: CallCentre,
    register_link: RegisterLink,
    disposal: Disposal,
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
        let cards = CardRecords::new(store.clone(), register.clone());
        let channels = Arc::new(Channels::new(cards.clone(), readers, master));
        let slots = Slots::new(store.clone(), authorities.clone());
        let steps = Steps::new(operations.clone(), store.clone(), authorities.clone());
        let steps = Arc::new(steps);
        let card_counter = CardCounter::new(
            operations.clone(),
            steps.clone(),
            register.clone(),
            authorities.clone(),
            cards.clone(),
            channels.clone(),
        );
        let applications = Applications::new(
            operations.clone(),
            steps.clone(),
            store.clone(),
            register.clone(),
            authorities.clone(),
        );
        let disposal = Disposal::new(
            operations.clone(),
            store.clone(),
            store.clone(),
            store.clone(),
            register.clone(),
            authorities.keys().cloned().collect(),
        );
        let call_centre =
            CallCentre::new(operations.clone(), register.clone(), authorities.clone());
        let register_link = RegisterLink::new(
            operations.clone(),
            store.clone(),
            register.clone(),
            authorities.clone(),
        );
        Self {
            register,
            authorities,
            operations,
            cards,
            channels,
            slots,
            card_counter: Arc::new(card_counter),
            applications,
            call_centre,
            register_link,
            disposal,
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
        write!(f, "Window({:?})", self.authorities.keys())
    }
}
