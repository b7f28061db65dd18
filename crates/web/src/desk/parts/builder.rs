//! How a desk is made: what it is given is collected first, and then its parts are made, once.

use std::collections::BTreeMap;
use std::sync::Arc;

use ca::{Adoption, CertificationAuthority};
use domain::id::CaId;
use ra::holder::Holders;
use store::{RoomOnDisk, Store};
use x509::key_check::WeakKeys;

use super::Desk;
use crate::acts::Clock;
use crate::desk::adoption::PolicyAdoption;
use crate::desk::approvals::Approvals;
use crate::desk::check::{Auditor, Checker};
use crate::desk::compromises::CompromiseProcedures;
use crate::desk::custodians::Custodians;
use crate::desk::endings::{Deadlines, Endings};
use crate::desk::first_people::FirstPeople;
use crate::desk::hands::{Hands, Windows};
use crate::desk::health::Health;
use crate::desk::holder::SelfService;
use crate::desk::journal::Evidence;
use crate::desk::keys::Keyroom;
use crate::desk::progress::Steps;
use crate::desk::recover::WayBackIn;
use crate::desk::repeat::Repetition;
use crate::desk::starts::Starts;
use crate::desk::workshop::Workshop;
use crate::entrance::client_certificates::ClientCertificates;
use crate::entrance::foreign_issuers::ForeignIssuer;
use crate::entrance::grounds::Grounds;
use crate::entrance::refusals::Refusals;
use crate::entrance::registry::Registry;
use crate::entrance::{Below, Entrance};
use crate::kept::Kept;
use crate::ledger::Ledger;
use crate::origin::Hosts;

/// What a desk is made with, until [`build`](Self::build) makes it. Nobody comes in before that, so no session,
/// challenge or sum of refusals can be lost.
#[must_use]
pub struct DeskBuilder {
    hands: Hands,
}

impl DeskBuilder {
    /// A store, its CAs and the time; see [`Desk::builder`].
    pub(super) fn new(
        store: Arc<dyn Store>,
        authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
        foreign_issuers: Arc<[ForeignIssuer]>,
        clock: Clock,
    ) -> Self {
        Self { hands: Hands::new(store, authorities, foreign_issuers, clock) }
    }

    /// Adds the windows; what needs them is unavailable at a desk without.
    pub fn windows(mut self, windows: Windows) -> Self {
        self.hands.windows = Some(windows);
        self
    }

    /// Adds the custody of the keys; what needs it is unavailable at a desk without.
    pub fn keyroom(mut self, keyroom: Keyroom) -> Self {
        self.hands.keyroom = Some(keyroom);
        self
    }

    /// Adds what the program itself uses; a desk without knows of the roles alone.
    pub fn endings(mut self, endings: Arc<dyn Endings>) -> Self {
        self.hands.endings = Some(endings);
        self
    }

    /// Adds what holders ask from home; at a desk without it is unavailable.
    pub fn holders(mut self, holders: Arc<Holders>) -> Self {
        self.hands.holders = Some(holders);
        self
    }

    /// Adds whoever looks at what lies outside of the database.
    pub fn auditor(mut self, auditor: Arc<dyn Auditor>) -> Self {
        self.hands.auditor = Some(auditor);
        self
    }

    /// Adds whoever hands the journal out; at a desk without it is unavailable.
    pub fn evidence(mut self, evidence: Arc<dyn Evidence>) -> Self {
        self.hands.evidence = Some(evidence);
        self
    }

    /// Names the keys that are known to be weak; at a desk without, none is.
    pub fn weak_keys(mut self, weak_keys: Arc<WeakKeys>) -> Self {
        self.hands.weak_keys = weak_keys;
        self
    }

    /// Adds whoever makes cards and residents to try out; what needs them is unavailable at a desk without.
    pub fn workshop(mut self, workshop: Box<dyn Workshop>) -> Self {
        self.hands.workshop = Some(workshop);
        self
    }

    /// Shares what is seen of the disk with whatever looks at it.
    pub fn room_on_disk(mut self, room_on_disk: RoomOnDisk) -> Self {
        self.hands.room_on_disk = room_on_disk;
        self
    }

    /// Shares the list of conditions with whatever watches the installation.
    pub fn health(mut self, health: Arc<Health>) -> Self {
        self.hands.health = health;
        self
    }

    /// Names the hosts under which it is asked; passkeys belong to the first, and at a desk without
    /// one there are none.
    pub fn hosts(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.hands.hosts = Hosts::named(names);
        self
    }

    /// The desk: here stands which of its parts builds on which.
    pub fn build(self) -> Desk {
        let Self { hands } = self;
        let (store, clock) = (&hands.store, &hands.clock);
        let below = below(&hands);
        let Below { ledger, grounds, registry, sessions, .. } = &below;
        let custody = hands.keyroom.as_ref().map(|room| room.custody.clone());
        let custodians = Custodians::new(custody.clone());
        let program = hands.endings.clone();
        let deadlines =
            Deadlines::new((clock.clone(), ledger), store.clone(), grounds, custody, program);
        let deadlines = Arc::new(deadlines);
        let kept = Kept::new(store.clone());
        let repetition = Arc::new(Repetition::new(ledger, &kept));
        let approvals = Approvals::new((ledger, &kept), store.clone(), registry, grounds);
        let approvals = Arc::new(approvals);
        let once = (ledger, &repetition);
        let (hosts, holders) = (hands.hosts.clone(), hands.holders.clone());
        Desk {
            entrance: Entrance::new(clock.clone(), store.clone(), &below, hosts),
            self_service: SelfService::new(clock.clone(), ledger, &below.refusals, holders),
            checker: Checker::new(&hands, &deadlines),
            first_people: FirstPeople::new(ledger, store.clone()),
            way_back_in: WayBackIn::new(ledger, store.clone(), &custodians, sessions),
            starts: Starts::new(once, &approvals, &custodians),
            policy_adoption: PolicyAdoption::new(once, &approvals, Adoption::new(store.clone())),
            compromises: CompromiseProcedures::new(&hands),
            deadlines,
            custodians,
            repetition,
            approvals,
            ledger: ledger.clone(),
            client_certificates: below.client_certificates.clone(),
            grounds: grounds.clone(),
            store: hands.store,
            authorities: hands.authorities,
            windows: hands.windows,
            keyroom: hands.keyroom,
            steps: Steps::default(),
            workshop: hands.workshop,
            evidence: hands.evidence,
            weak_keys: hands.weak_keys,
            health: hands.health,
        }
    }
}

/// What the entrance is built on, and other parts with it: each on the one before.
fn below(hands: &Hands) -> Below {
    let store = &hands.store;
    let ledger = Ledger::new(store.clone());
    let issuers = hands.foreign_issuers.clone();
    let client_certificates = ClientCertificates::new(store.clone(), store.clone(), issuers);
    let client_certificates = Arc::new(client_certificates);
    let grounds = Grounds::new(&Kept::new(store.clone()), &client_certificates);
    let grounds = Arc::new(grounds);
    let registry = Arc::new(Registry::new(store.clone(), &grounds));
    let room = hands.room_on_disk.clone();
    let refusals = Arc::new(Refusals::new(hands.clock.clone(), &ledger, room));
    let sessions = Arc::default();
    Below { ledger, registry, grounds, client_certificates, refusals, sessions }
}

impl std::fmt::Debug for DeskBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeskBuilder({:?})", self.hands.authorities.keys())
    }
}
