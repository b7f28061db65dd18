//! The desk: every operation of the command line and the API once, as plain blocking calls.
//!
//! An operation says who may ask ([`permission`]), reads the shapes of [`crate::wire`], has `ra` or
//! `ca` do it, and answers with a shape. Refusals by the desk itself are in the journal before they
//! are told, as those of `ra` and `ca` are; so is every reading of records and ledgers (E1).

pub mod applications;
mod approvals;
pub mod authorities;
pub mod cards;
pub mod ceremonies;
pub mod certificates;
mod challenges;
pub mod check;
mod client_certificates;
pub mod credentials;
mod endings;
mod entrance;
mod foreign_issuers;
mod health;
mod holder;
mod joined;
pub mod journal;
pub mod keys;
pub mod lists;
pub mod passkeys;
mod password;
pub mod people;
pub mod permission;
pub(crate) mod principal;
mod recover;
mod refusals;
pub mod register;
mod repeat;
pub mod service_requests;
mod sessions;
mod shown;
pub mod weak_keys;
mod workshop;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ca::CertificationAuthority;
use domain::act::{Act, Actor};
use domain::id::{ActorId, CaId, InvalidId, OperationId};
use domain::journal::EventKind;
use jiff::Timestamp;
use ra::holder::Holders;
use ra::register::ResidentRegister;
use ra::register::embedded::EmbeddedRegister;
use ra::window::Window;
use status::known::Known;
use store::{Entry, RoomOnDisk, Store, Unit};
use x509::key_check::WeakKeys;

use self::challenges::Challenges;
use self::keys::Progress;
use self::permission::Operation;
use self::refusals::Refusals;
use self::repeat::{Recent, Turns};
use self::sessions::Sessions;
use crate::origin::Hosts;
use crate::problem::{Fault, Problem};

pub use approvals::{Approvable, ApproveOperation};
pub use check::{Audit, Auditor, SERVER};
pub use endings::{Ending, Endings, RECOVER, WayIn};
pub(crate) use entrance::unproven;
pub use entrance::{Door, Shown};
pub use foreign_issuers::ForeignIssuer;
pub use health::{Condition, Gravity, Health};
pub use holder::Declined;
pub use joined::WindowAuthority;
pub use journal::{Approval, Objections, RECORDS_GIVEN_UP};
pub use keys::{Keyroom, Notary};
pub use principal::{Principal, Proof};
pub(crate) use repeat::Done;
pub use workshop::{Invented, Workshop};

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The most rows one answer holds: at a few kilobytes a row that is a few megabytes.
pub const MAX_PAGE: usize = 1000;

/// The rows of a page unless the caller says otherwise.
pub(crate) fn usual_page() -> usize {
    100
}

/// The last number that has a next one in the store; asking beyond it is asking beyond the end.
const LAST_NUMBER: u64 = i64::MAX.unsigned_abs() - 1;

/// Everything an operation needs.
pub struct Desk {
    store: Arc<dyn Store>,
    authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
    windows: Option<Windows>,
    clock: Clock,
    turns: Turns,
    recent: Recent,
    sessions: Sessions,
    homes: Known<ActorId>,
    passwords: Turns,
    challenges: Challenges,
    hosts: Hosts,
    foreign_issuers: Arc<[ForeignIssuer]>,
    refusals: Refusals,
    room_on_disk: RoomOnDisk,
    keyroom: Option<Keyroom>,
    progress: Progress,
    endings: Option<Arc<dyn Endings>>,
    holders: Option<Arc<Holders>>,
    auditor: Option<Arc<dyn Auditor>>,
    health: Arc<Health>,
    weak_keys: Arc<WeakKeys>,
    workshop: Option<Box<dyn Workshop>>,
}

/// The windows with the register they look into. One process at a time may have them.
#[derive(Clone)]
pub struct Windows {
    /// The windows.
    pub window: Arc<Window>,
    /// The register.
    pub register: Arc<dyn ResidentRegister>,
    /// The same register where it is the embedded one, which takes commands.
    pub embedded: Option<Arc<EmbeddedRegister>>,
}

impl Desk {
    /// A desk over a store and its CAs, without windows. At every desk, client certificates of our own
    /// CAs are looked up in the store, and others on the lists of `foreign_issuers`, which are all that
    /// the operator named: who was turned away at one desk comes in at none.
    pub fn new(
        store: Arc<dyn Store>,
        authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
        foreign_issuers: Arc<[ForeignIssuer]>,
        clock: Clock,
    ) -> Self {
        Self {
            store,
            authorities,
            windows: None,
            clock,
            turns: Turns::default(),
            recent: Recent::default(),
            sessions: Sessions::default(),
            homes: Known::default(),
            passwords: Turns::default(),
            challenges: Challenges::default(),
            hosts: Hosts::named([]),
            foreign_issuers,
            refusals: Refusals::default(),
            room_on_disk: RoomOnDisk::default(),
            keyroom: None,
            progress: Box::new(|_| ()),
            endings: None,
            holders: None,
            auditor: None,
            health: Arc::default(),
            weak_keys: Arc::default(),
            workshop: None,
        }
    }

    /// Adds the windows; what needs them is unavailable at a desk without.
    #[must_use]
    pub fn with_windows(self, windows: Windows) -> Self {
        Self { windows: Some(windows), ..self }
    }

    /// Notes that a person proved at an address who they are.
    pub(crate) fn note_home(&self, person: &ActorId, address: IpAddr) {
        self.homes.note(person, address, (self.clock)());
    }

    /// Whether anybody of the registry came in lately from an address.
    pub fn knows(&self, address: IpAddr) -> bool {
        self.homes.has(address, (self.clock)())
    }

    /// Adds what holders ask from home; at a desk without it is unavailable.
    #[must_use]
    pub fn with_holders(self, holders: Arc<Holders>) -> Self {
        Self { holders: Some(holders), ..self }
    }

    /// Adds whoever looks at what lies outside of the database.
    #[must_use]
    pub fn with_auditor(self, auditor: Arc<dyn Auditor>) -> Self {
        Self { auditor: Some(auditor), ..self }
    }

    /// Names the keys that are known to be weak; at a desk without, none is.
    #[must_use]
    pub fn with_weak_keys(self, weak_keys: Arc<WeakKeys>) -> Self {
        Self { weak_keys, ..self }
    }

    /// Shares what is seen of the disk with whatever looks at it.
    #[must_use]
    pub fn with_room_on_disk(self, room_on_disk: RoomOnDisk) -> Self {
        Self { room_on_disk, ..self }
    }

    /// Shares the list of conditions with whatever watches the installation.
    #[must_use]
    pub fn with_health(self, health: Arc<Health>) -> Self {
        Self { health, ..self }
    }

    /// How the installation is, in one line for everybody.
    pub(crate) fn health(&self) -> (Option<Gravity>, String) {
        self.health.line()
    }

    /// Names the hosts under which it is asked; passkeys belong to the first, and at a desk without
    /// one there are none.
    #[must_use]
    pub fn with_hosts(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { hosts: Hosts::named(names), ..self }
    }

    /// What is known.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The hosts under which it is asked.
    pub(crate) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// An act of `actor` now; without an operation id it gets a fresh one.
    ///
    /// # Errors
    /// The random generator failed.
    pub fn act(&self, actor: Actor, operation: Option<OperationId>) -> Result<Act, Problem> {
        let operation = match operation {
            Some(operation) => operation,
            None => fresh_operation()?,
        };
        Ok(Act::new(actor, (self.clock)(), operation))
    }

    /// Lets the principal pass if the table permits; else the journal has the attempt first.
    ///
    /// # Errors
    /// 403 with the rule.
    pub fn admit(&self, act: &Principal, operation: Operation) -> Result<(), Problem> {
        let Some(rule) = operation.refusal(act) else { return Ok(()) };
        let entry = Entry::new(EventKind::AccessRefused, act).subject(operation.name());
        self.store.commit(Unit::new(entry.refused(rule.clone())))?;
        Err(Problem::new(Fault::NotPermitted, rule))
    }

    /// Hands `result` on; a refusal by the desk is in the journal first.
    pub(crate) fn checked<T>(
        &self,
        act: &Act,
        operation: Operation,
        result: Result<T, Problem>,
    ) -> Result<T, Problem> {
        if let Err(problem) = &result
            && problem.is_refusal()
        {
            let kind = match problem.fault {
                Fault::NotPermitted | Fault::Elsewhere => EventKind::AccessRefused,
                _ => operation.kind(),
            };
            let entry =
                Entry::new(kind, act).subject(operation.name()).refused((*problem.rule).clone());
            self.store.commit(Unit::new(entry))?;
        }
        result
    }

    /// Refuses what an operation was given before it began, as the desk refuses.
    ///
    /// # Errors
    /// The problem; or the journal's.
    pub(crate) fn refuse_input(
        &self,
        act: &Act,
        operation: Operation,
        problem: Problem,
    ) -> Result<(), Problem> {
        self.checked(act, operation, Err(problem))
    }

    /// Commits what was decided. What the commit itself refuses, because the state or a right changed
    /// meanwhile, is in the journal as any refusal is.
    fn commit(&self, act: &Act, operation: Operation, unit: Unit) -> Result<(), Problem> {
        let committed = self.store.commit(unit).map(drop).map_err(Problem::from);
        self.checked(act, operation, committed)
    }

    /// The CA of an id.
    pub(crate) fn authority_of(&self, ca: &CaId) -> Result<&Arc<CertificationAuthority>, Problem> {
        self.authorities.get(ca).ok_or_else(|| Problem::unknown("ca"))
    }

    pub(crate) fn windows(&self) -> Result<&Windows, Problem> {
        self.windows.as_ref().ok_or_else(|| {
            Problem::unavailable("the windows and their register", &"this desk has no windows")
        })
    }

    /// Journals that records were read; only then may they be shown.
    pub(crate) fn journal_reading(&self, entry: Entry) -> Result<(), Problem> {
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }
}

/// The entry of a reading.
pub(crate) fn reading(act: &Act, operation: Operation) -> Entry {
    Entry::new(EventKind::RecordsRead, act).detail("operation", operation.name())
}

fn fresh_operation() -> Result<OperationId, Problem> {
    let id = crate::random::id("op").ok_or_else(|| Problem::broke(&"no randomness"))?;
    id.parse().map_err(|error: InvalidId| Problem::broke(&error))
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({:?})", self.authorities.keys())
    }
}
