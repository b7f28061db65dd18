//! How an installation is opened: held, proved, and joined of its parts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use ca::card_master::CardKeyring;
use ca::{CertificationAuthority, Custody};
use domain::id::{CaId, OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::staff::NEVER_FEWER;
use jiff::Timestamp;
use store::journal::PersonalDataKey;
use store::reads::{ReadHead, ReadWindows};
use store::{Change, Entry, Options, RoomOnDisk, Sqlite, StateKey, Store, Unit};

use super::foundation::Foundation;
use super::{System, program_act};
use crate::clock::Clock;
use crate::config::{ClientIssuerTable, Config};
use crate::custodians;
use crate::evidence::{self, Held};
use crate::health;
use crate::hold::Hold;
use crate::home::Home;
use crate::join::AuditSigner;
use crate::left_open::LeftOpen;
use crate::machine::Machine;
use crate::opened::Opened;
use crate::serve;
use crate::trusted_time::TrustedClock;

/// How long entries may wait for their seal before all work stops: the sealer works every quarter
/// of a second, so a minute without it is a fault and no delay.
const UNSEALED_LIMIT: Duration = Duration::from_secs(60);

/// How an installation is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// By its owner, who makes what is missing, as `init` does.
    SetUp,
    /// By its owner.
    Own,
    /// By a command or a ceremony, beside the owner or without one.
    Visit,
    /// By the check, beside the owner or without one, whatever that one's files are.
    Look,
}

impl Foundation {
    /// Opens them, held as `claim` says.
    pub(crate) fn open(config: &Config, claim: Claim, clock: &Clock) -> Result<Self> {
        let home = Home::new(&config.data);
        let create = claim == Claim::SetUp;
        if create {
            home.create()?;
        }
        if !home.service_master_key().exists() && !create {
            if home.database().exists() {
                // Set up anew it would open nothing of what is there.
                bail!("{}: it is missing: put it back", home.service_master_key().display());
            }
            bail!("{}: not set up; run `jitsuin init`", config.data.display());
        }
        // Before anything of it is opened, and so before the first effect.
        let hold = match claim {
            Claim::SetUp | Claim::Own => Hold::own(&home)?,
            Claim::Visit | Claim::Look => Hold::visit(&home)?,
        };
        match claim {
            Claim::SetUp | Claim::Own => health::set_word_aside(&home)?,
            Claim::Visit => health::meet_server(&home)?,
            Claim::Look => {}
        }
        let machine = Arc::new(Machine::open(&config.services, &home, create)?);
        let store = open_store(&home, &machine)?;
        let trusted = TrustedClock::new(&config.time, clock);
        let keys = custodians::guarded(config, &home, trusted.clock(), trusted.watch.clone());
        Ok(Self { hold, home, store, keys, machine, trusted })
    }

    /// Proves the state, before anything is done on its word. Where a server runs beside this, both must
    /// be of one mind.
    pub(crate) fn prove(&self, config: &Config, clock: &Clock) -> Result<Option<Opened>> {
        let proven = serve::at_opening(&self.store, &self.home.database())?;
        if let Hold::Visit(_) = self.hold {
            let limit = config.time.limit();
            health::agree_with_server(&self.home, &self.store, clock.as_ref(), limit)?;
        }
        Ok(proven)
    }

    /// Holds the database against what lies outside of it, before anything is done on its word.
    pub(crate) fn hold(&self, config: &Config, now: Timestamp) -> Result<()> {
        if self.store.last_sequence()?.is_none() {
            return Ok(());
        }
        evidence::hold(&Held {
            home: &self.home,
            places: &config.checkpoint_places,
            store: &self.store,
            key: &AuditSigner::open(self.machine.keys.clone())?.verifier_key()?,
            now,
            limit: config.time.limit(),
        })
    }
}

impl System {
    /// Opens an installation without its CAs, for what decides by which policies they are opened.
    pub(crate) fn open_without_cas(path: &Path, claim: Claim, clock: Clock) -> Result<Self> {
        let config = Config::read(path)?;
        let foundation = Foundation::open(&config, claim, &clock)?;
        foundation.hold(&config, clock())?;
        foundation.prove(&config, &clock)?;
        Self::without_cas(config, foundation)
    }

    /// Opens an installation that was set up, for whoever acts on it.
    pub(crate) fn open(path: &Path, claim: Claim, clock: Clock) -> Result<Self> {
        let config = Config::read(path)?;
        let foundation = Foundation::open(&config, claim, &clock)?;
        foundation.hold(&config, clock())?;
        let proven = foundation.prove(&config, &clock)?;
        let system = Self::open_on(config, foundation)?;
        Ok(Self { proven: Mutex::new(proven), ..system })
    }

    /// Opens one for the check, which proves it itself and tells all that differs.
    pub(crate) fn open_unproven(path: &Path, clock: Clock) -> Result<Self> {
        let config = Config::read(path)?;
        let foundation = Foundation::open(&config, Claim::Look, &clock)?;
        foundation.hold(&config, clock())?;
        Self::open_on(config, foundation)
    }

    /// Opens one whose start is refused, without its CAs, for people who look into that or accept it.
    pub(crate) fn open_unheld(path: &Path, claim: Claim, clock: Clock) -> Result<Self> {
        let config = Config::read(path)?;
        let foundation = Foundation::open(&config, claim, &clock)?;
        foundation.prove(&config, &clock)?;
        Self::without_cas(config, foundation)
    }

    fn without_cas(config: Config, foundation: Foundation) -> Result<Self> {
        let custody = custodians::open(&config, &foundation)?;
        Self::join(config, foundation, custody, BTreeMap::new())
    }

    fn open_on(config: Config, foundation: Foundation) -> Result<Self> {
        let custody = custodians::open(&config, &foundation)?;
        let store: Arc<dyn Store> = foundation.store.clone();
        let mut authorities = BTreeMap::new();
        // A CA without a key waits for its ceremony; the others need not wait with it.
        for policy in &config.policies {
            let (store, keys) = (store.clone(), foundation.keys.clone());
            let authority = CertificationAuthority::founding(&policy.text, store, keys)
                .with_context(|| policy.path.display().to_string())?
                .refusing(config.weak_keys.clone());
            authorities.insert(authority.id().clone(), Arc::new(authority));
        }
        expect_all_named(&*store, &authorities)?;
        keep_weak_keys(&config, &foundation, foundation.trusted.watch.now())?;
        Self::join(config, foundation, custody, authorities)
    }

    /// Joins the parts of an installation.
    pub(crate) fn join(
        config: Config,
        foundation: Foundation,
        custody: Arc<Custody>,
        authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
    ) -> Result<Self> {
        let Foundation { hold, home, store, keys, machine, trusted } = foundation;
        let clock = trusted.clock();
        let cards = Arc::new(CardKeyring::new(store.clone(), keys)?);
        let (windows, left_open) = (Mutex::new(None), LeftOpen::default());
        let client_issuers = config.client_issuers.iter().map(ClientIssuerTable::issuer);
        let client_issuers = client_issuers.collect::<Result<_>>()?;
        let system = Self {
            hold,
            config,
            home,
            clock,
            trusted,
            store,
            custody,
            cards,
            machine,
            authorities,
            client_issuers,
            health: Arc::default(),
            proven: Mutex::default(),
            is_sealing: AtomicBool::default(),
            left_open,
            room: RoomOnDisk::default(),
            windows,
        };
        // Who owns it says so at once: commands beside it wait for that.
        if system.hold.owned().is_ok() {
            system.keep_health()?;
        }
        Ok(system)
    }
}

fn open_store(home: &Home, machine: &Machine) -> Result<Arc<Sqlite>> {
    let personal = PersonalDataKey::new(*machine.secret("personal")?);
    let state = StateKey::new(*machine.secret("state")?);
    let options = Options::new(personal, state).max_unsealed(UNSEALED_LIMIT);
    // The custodians' floor comes with their custody: the database tells how many they are.
    let options = options.keeping(NEVER_FEWER.iter().copied());
    let store = Sqlite::open(home.database(), options);
    Ok(Arc::new(store.with_context(|| home.database().display().to_string())?))
}

/// Refuses a configuration that leaves a CA out: its lists would end and its certificates be unknown
/// without a word.
fn expect_all_named(
    store: &dyn Store,
    named: &BTreeMap<CaId, Arc<CertificationAuthority>>,
) -> Result<()> {
    for row in store.cas()? {
        if !named.contains_key(&row.id) {
            bail!(
                "policies: {} is a CA of this installation, and no policy file is named for it",
                row.id
            );
        }
    }
    Ok(())
}

/// Notes that a list of weak keys is named, and refuses a configuration that does not name one any
/// more: keys that were refused would be certified without a word (P9).
pub(crate) fn keep_weak_keys(
    config: &Config,
    foundation: &Foundation,
    now: Timestamp,
) -> Result<()> {
    let Foundation { hold: Hold::Owned(_), store, .. } = foundation else { return Ok(()) };
    let id = OperationId::of_system(SystemOperation::WeakKeysNamed, "listed")?;
    match (config.weak_keys_named, store.operation(&id)?) {
        (true, Some(_)) | (false, None) => Ok(()),
        (false, Some(_)) => bail!(
            "weak_keys: keys were held against a list of weak ones, and the configuration names none any \
             more; name it, be it empty"
        ),
        (true, None) => {
            let act = program_act("set-up", now)?;
            let entry = Entry::new(EventKind::PolicyAdopted, &act).subject("weak-keys");
            let entry = entry.detail("listed", config.weak_keys.len());
            store.commit(
                Unit::new(entry).change(Change::RecordOperation { id, answer: Vec::new() }),
            )?;
            Ok(())
        }
    }
}
