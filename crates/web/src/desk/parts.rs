//! The desk as its parts, which it hands out. What is private here no operation and no part reaches but by a call.

mod builder;

use std::collections::BTreeMap;
use std::sync::Arc;

use ca::{CertificationAuthority, Custody};
use domain::id::CaId;
use store::Store;
use x509::key_check::WeakKeys;

use super::adoption::PolicyAdoption;
use super::approvals::Approvals;
use super::check::Checker;
use super::compromises::CompromiseProcedures;
use super::custodians::{Custodians, no_custody};
use super::endings::Deadlines;
use super::first_people::FirstPeople;
use super::hands::Windows;
use super::health::Health;
use super::holder::SelfService;
use super::journal::Evidence;
use super::keys::{Keyroom, Notary};
use super::progress::Steps;
use super::recover::WayBackIn;
use super::repeat::Repetition;
use super::starts::Starts;
use super::workshop::Workshop;
use crate::acts::Clock;
use crate::entrance::Entrance;
use crate::entrance::client_certificates::ClientCertificates;
use crate::entrance::foreign_issuers::ForeignIssuer;
use crate::entrance::grounds::Grounds;
use crate::ledger::Ledger;
use crate::problem::Problem;

pub use builder::DeskBuilder;

/// The CAs of an installation.
pub(crate) type Authorities = BTreeMap<CaId, Arc<CertificationAuthority>>;

/// The desk: its parts, each of which owns what it touches, and what single operations are done with. A
/// [`DeskBuilder`] makes it once, and nothing changes what it is made of.
pub struct Desk {
    entrance: Entrance,
    repetition: Arc<Repetition>,
    approvals: Arc<Approvals>,
    self_service: SelfService,
    deadlines: Arc<Deadlines>,
    checker: Checker,
    first_people: FirstPeople,
    way_back_in: WayBackIn,
    starts: Starts,
    policy_adoption: PolicyAdoption,
    compromises: CompromiseProcedures,
    custodians: Custodians,
    ledger: Ledger,
    client_certificates: Arc<ClientCertificates>,
    grounds: Arc<Grounds>,
    store: Arc<dyn Store>,
    authorities: Authorities,
    windows: Option<Windows>,
    keyroom: Option<Keyroom>,
    steps: Steps,
    workshop: Option<Box<dyn Workshop>>,
    evidence: Option<Arc<dyn Evidence>>,
    weak_keys: Arc<WeakKeys>,
    health: Arc<Health>,
}

impl Desk {
    /// What a desk over a store and its CAs is made with, without windows. At every desk, client certificates of our
    /// own CAs are looked up in the store, and others on the lists of `foreign_issuers`, which are all that the
    /// operator named: who was turned away at one desk comes in at none.
    pub fn builder(
        store: Arc<dyn Store>,
        authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
        foreign_issuers: Arc<[ForeignIssuer]>,
        clock: Clock,
    ) -> DeskBuilder {
        DeskBuilder::new(store, authorities, foreign_issuers, clock)
    }

    /// Who comes in.
    pub fn entrance(&self) -> &Entrance {
        &self.entrance
    }

    /// The approvals of second people.
    pub fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// What ends, and when.
    pub fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// The first two people, who register all others.
    pub fn first_people(&self) -> &FirstPeople {
        &self.first_people
    }

    /// How the custodians let somebody in again.
    pub fn way_back_in(&self) -> &WayBackIn {
        &self.way_back_in
    }

    /// The acceptance of what a start is refused for.
    pub fn starts(&self) -> &Starts {
        &self.starts
    }

    /// The adoption of policies.
    pub fn policy_adoption(&self) -> &PolicyAdoption {
        &self.policy_adoption
    }

    /// What follows compromises.
    pub fn compromises(&self) -> &CompromiseProcedures {
        &self.compromises
    }

    /// What holders ask from home.
    pub(crate) fn self_service(&self) -> &SelfService {
        &self.self_service
    }

    /// The check that everything agrees.
    pub(crate) fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Who the custodians of the keys are.
    pub(crate) fn custodians(&self) -> &Custodians {
        &self.custodians
    }

    /// What the desk itself writes.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// That an operation is done once.
    pub(crate) fn repetition(&self) -> &Repetition {
        &self.repetition
    }

    /// How client certificates stand.
    pub(crate) fn client_certificates(&self) -> &ClientCertificates {
        &self.client_certificates
    }

    /// Whether that stands which something was made with.
    pub(crate) fn grounds(&self) -> &Grounds {
        &self.grounds
    }

    /// How the installation is.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// What is known.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The CAs.
    pub(crate) fn authorities(&self) -> &Authorities {
        &self.authorities
    }

    /// The windows and their register.
    pub(crate) fn windows(&self) -> Result<&Windows, Problem> {
        self.windows.as_ref().ok_or_else(|| {
            Problem::unavailable("the windows and their register", &"this desk has no windows")
        })
    }

    /// The custodians with the keys that they guard.
    pub(crate) fn custody(&self) -> Result<&Custody, Problem> {
        self.keyroom.as_ref().map(|room| &*room.custody).ok_or_else(no_custody)
    }

    /// Who signs notifications and minutes.
    pub(crate) fn notary(&self) -> Result<&dyn Notary, Problem> {
        self.keyroom.as_ref().map(|room| &*room.notary).ok_or_else(no_custody)
    }

    /// How far operations have come.
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Whoever makes cards and residents to try out.
    pub(crate) fn workshop(&self) -> Result<&dyn Workshop, Problem> {
        let none = || Problem::unavailable("the workshop", &"this desk has none");
        self.workshop.as_deref().ok_or_else(none)
    }

    /// Whoever hands the journal out.
    pub(crate) fn evidence(&self) -> Result<&Arc<dyn Evidence>, Problem> {
        let none = || Problem::unavailable("the journal's export", &"this desk has none");
        self.evidence.as_ref().ok_or_else(none)
    }

    /// The keys that are known to be weak.
    pub(crate) fn weak_keys(&self) -> &Arc<WeakKeys> {
        &self.weak_keys
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({:?})", self.authorities.keys())
    }
}
