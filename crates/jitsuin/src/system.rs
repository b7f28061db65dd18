//! One installation, opened: database, keys, CAs, register and windows, joined.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ca::card_master::CardKeyring;
use ca::{CertificationAuthority, Custody};
use domain::act::{Act, Actor};
use domain::id::{CaId, OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::name::DistinguishedName;
use domain::rule::{Hex, OfTheInstallation};
use domain::staff::NEVER_FEWER;
use jiff::Timestamp;
use keys::GuardedKeyStore;
use ra::holder::Holders;
use ra::register::embedded::EmbeddedRegister;
use ra::window::{RegisterRun, Window};
use store::journal::PersonalDataKey;
use store::reads::{ReadHead, ReadWindows};
use store::{Change, Entry, Options, RoomOnDisk, SeriesKey, Sqlite, StateKey, Store, Unit};
use web::desk::{Desk, DeskBuilder, ForeignIssuer, Health, WindowAuthority};

use crate::backups::Backups;
use crate::config::{ClientIssuerTable, Config};
use crate::custodians;
use crate::evidence::{self, Held};
use crate::health;
use crate::hold::Hold;
use crate::home::Home;
use crate::join::{AuditSigner, OwnWorkshop};
use crate::left_open::LeftOpen;
use crate::machine::Machine;
use crate::readers::{self, CardReaders};
use crate::serve;
use crate::trusted_time::TrustedClock;

/// How long entries may wait for their seal before all work stops: the sealer works every quarter
/// of a second, so a minute without it is a fault and no delay.
const UNSEALED_LIMIT: Duration = Duration::from_secs(60);

/// The clock that the program injects everywhere.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Everything of one installation but its services.
pub(crate) struct System {
    /// How this process holds the installation.
    pub(crate) hold: Hold,
    pub(crate) config: Config,
    pub(crate) home: Home,
    pub(crate) clock: Clock,
    /// Whether the clock may be believed.
    pub(crate) trusted: TrustedClock,
    pub(crate) store: Arc<Sqlite>,
    /// The CAs' keys in the hands of their custodians.
    pub(crate) custody: Arc<Custody>,
    /// The keys of all cards, as awake as the CAs' are.
    pub(crate) cards: Arc<CardKeyring>,
    /// What opens without people: the services' keys and secrets.
    pub(crate) machine: Arc<Machine>,
    pub(crate) authorities: BTreeMap<CaId, Arc<CertificationAuthority>>,
    /// Who issued people's client certificates beside our CAs: all that the operator names.
    client_issuers: Arc<[ForeignIssuer]>,
    /// What is wrong, or will be.
    pub(crate) health: Arc<Health>,
    /// Whether this process seals as it goes, as a server does that has started.
    pub(crate) is_sealing: AtomicBool,
    /// Issues that were begun and not ended, until the keys are awake to settle them.
    pub(crate) left_open: LeftOpen,
    /// What was seen last of the disk.
    pub(crate) room: RoomOnDisk,
    windows: Mutex<Option<Windows>>,
}

/// The register and the windows that look into it: opened when first asked for, because one
/// process at a time may have the embedded register.
#[derive(Clone)]
struct Windows {
    register: Arc<EmbeddedRegister>,
    window: Arc<Window>,
    holders: Arc<Holders>,
}

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

/// The parts that exist before the CAs do.
pub(crate) struct Foundation {
    pub(crate) hold: Hold,
    pub(crate) home: Home,
    pub(crate) store: Arc<Sqlite>,
    pub(crate) keys: Arc<GuardedKeyStore>,
    pub(crate) machine: Arc<Machine>,
    pub(crate) trusted: TrustedClock,
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
    pub(crate) fn prove(&self, config: &Config, clock: &Clock) -> Result<()> {
        serve::at_opening(&self.store, &self.home.database())?;
        match self.hold {
            Hold::Owned(_) => Ok(()),
            Hold::Visit(_) => {
                let limit = config.time.limit();
                health::agree_with_server(&self.home, &self.store, clock.as_ref(), limit)
            }
        }
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
        foundation.prove(&config, &clock)?;
        Self::open_on(config, foundation)
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
        let client_issuers = config.client_issuers.iter().map(foreign_issuer);
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

    /// The backups of the CAs' keys.
    pub(crate) fn backups(&self) -> Backups<'_> {
        Backups::new(&self.home, &self.config.backups, &*self.store)
    }

    /// The municipal windows.
    pub(crate) fn window(&self) -> Result<Arc<Window>> {
        Ok(self.windows()?.window)
    }

    /// What holders ask from home.
    pub(crate) fn holders(&self) -> Result<Arc<Holders>> {
        Ok(self.windows()?.holders)
    }

    /// The readers of the windows.
    pub(crate) fn card_readers(&self) -> Result<CardReaders> {
        let cabinet = readers::cabinet(&self.home, &self.machine)?;
        let cards = &self.config.cards;
        Ok(CardReaders::new(cabinet, self.cards.clone(), cards.from, cards.bound()?))
    }

    /// The embedded resident register.
    pub(crate) fn register(&self) -> Result<Arc<EmbeddedRegister>> {
        Ok(self.windows()?.register)
    }

    /// The desk at which every operation is done, without windows.
    pub(crate) fn desk_without_windows(&self) -> Desk {
        self.desk_builder().build()
    }

    /// What a desk of this installation is made with, but for the windows.
    pub(crate) fn desk_builder(&self) -> DeskBuilder {
        let (authorities, issuers) = (self.authorities.clone(), self.client_issuers.clone());
        Desk::builder(self.store.clone(), authorities, issuers, self.clock.clone())
            .hosts(self.config.listen.host_names.clone())
            .health(self.health.clone())
            .room_on_disk(self.room.clone())
            .keyroom(self.keyroom())
            .endings(self.own_endings())
            .auditor(Arc::new(self.auditor()))
            .weak_keys(self.config.weak_keys.clone())
            .workshop(Box::new(self.workshop()))
    }

    fn workshop(&self) -> OwnWorkshop {
        let (home, machine) = (self.home.clone(), self.machine.clone());
        let (source, clock) = (self.config.cards.from, self.clock.clone());
        OwnWorkshop { home, machine, keyring: self.cards.clone(), source, clock }
    }

    /// The desk with the windows and the resident register.
    pub(crate) fn desk(&self) -> Result<Desk> {
        let Windows { register, window, holders } = self.windows()?;
        let windows =
            web::desk::Windows { window, register: register.clone(), embedded: Some(register) };
        Ok(self.desk_builder().windows(windows).holders(holders).build())
    }

    fn windows(&self) -> Result<Windows> {
        // Held while opening: of two threads that ask at once, the second must not find the register
        // in use by the first.
        let mut opened = self.windows.lock().map_err(|_| anyhow!("the windows broke off"))?;
        if let Some(open) = &*opened {
            return Ok(open.clone());
        }
        let register = open_register(&self.home)?;
        let store: Arc<dyn Store> = self.store.clone();
        let joined = self.authorities.values().map(|authority| {
            let joined: Arc<dyn ra::authority::Authority> =
                Arc::new(WindowAuthority::new(authority.clone(), store.clone()));
            joined
        });
        let authorities: Vec<_> = joined.collect();
        let holders = Arc::new(Holders::new(store.clone(), authorities.clone())?);
        let readers = Arc::new(self.card_readers()?);
        let master = self.cards.clone();
        let window = Window::new(store.clone(), register.clone(), authorities, readers, master);
        let windows = Windows { register, window: Arc::new(window), holders };
        Ok(opened.insert(windows).clone())
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// An act of the program itself, by the name of the part that acts.
    pub(crate) fn act(&self, part: &str) -> Result<Act> {
        program_act(part, self.now())
    }

    /// A CA of this installation.
    pub(crate) fn authority(&self, id: &str) -> Result<&Arc<CertificationAuthority>> {
        let known: Vec<_> = self.authorities.keys().map(CaId::as_str).collect();
        self.authorities
            .iter()
            .find(|(known, _)| known.as_str() == id)
            .map(|(_, authority)| authority)
            .with_context(|| format!("ca: {id:?} is not one of {}", known.join(", ")))
    }

    /// Every list series with the name of its distribution point.
    pub(crate) fn distribution_points(&self) -> ca::Result<Vec<(SeriesKey, DistinguishedName)>> {
        let mut points = Vec::new();
        for authority in self.authorities.values() {
            for series in authority.list_series().all()? {
                let name = ca::distribution_point(authority.policy(), series.partition)?;
                points.push((series, name));
            }
        }
        Ok(points)
    }

    /// Carries out what the resident register's events ask of the CAs (L8).
    pub(crate) fn apply_register_events(&self) -> Result<RegisterRun> {
        let act = self.act("register-link")?;
        Ok(self.window()?.register_link().apply_events(&act)?)
    }

    /// Carries out what holders asked online before a cut (L7).
    pub(crate) fn finish_holder_requests(&self) -> Result<()> {
        let finished = self.holders()?.finish(self.now())?;
        if finished > 0 {
            tracing::info!(finished, "requests of holders that a cut had left open");
        }
        Ok(())
    }

    /// Says in the journal under which policies the CAs work from now on: those in effect.
    pub(crate) fn record_policies(&self) -> Result<()> {
        for (id, authority) in &self.authorities {
            let entry = Entry::new(EventKind::PolicyAdopted, &self.act("program")?)
                .ca(id)
                .detail("effective_from", authority.policy().effective_from)
                .detail("policy_sha256", Hex(authority.policy_digest()));
            self.store.commit(Unit::new(entry.no_op()))?;
        }
        Ok(())
    }

    /// Puts an event of the program into the journal, with what its configuration may loosen.
    pub(crate) fn record(&self, kind: EventKind) -> Result<()> {
        let time = &self.config.time;
        let entry = Entry::new(kind, &self.act("program")?)
            .detail("version", env!("CARGO_PKG_VERSION"))
            .detail("time_source", OfTheInstallation(time.source.as_deref().unwrap_or("none")))
            .detail("time_limit_seconds", time.limit_seconds)
            .detail("weak_keys", self.config.weak_keys.len());
        self.store.commit(Unit::new(entry))?;
        Ok(())
    }
}

/// A new operation id, for acts that nobody will repeat by hand.
pub(crate) fn new_operation() -> Result<domain::id::OperationId> {
    Ok(format!("op-{}", random_text(20)?).parse()?)
}

/// `length` random letters and digits, for ids, tokens and passwords.
pub(crate) fn random_text(length: usize) -> Result<String> {
    // 32 characters, so that every octet maps evenly; without those that people mix up.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut octets = vec![0; length];
    aws_lc_rs::rand::fill(&mut octets)
        .map_err(|_| anyhow::anyhow!("the random generator failed"))?;
    Ok(octets.iter().map(|octet| char::from(ALPHABET[usize::from(octet % 32)])).collect())
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

/// An act of the program itself, by the name of the part that acts.
fn program_act(part: &str, at: Timestamp) -> Result<Act> {
    Ok(Act::new(Actor::System(part.parse()?), at, new_operation()?))
}

/// The register of the installation; empty when it never had residents.
fn open_register(home: &Home) -> Result<Arc<EmbeddedRegister>> {
    let directory = home.register();
    std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let register = if EmbeddedRegister::exists(&directory) {
        EmbeddedRegister::open(&directory)
    } else {
        EmbeddedRegister::create(&directory, Vec::new())
    };
    let busy = "while `jitsuin serve` runs, it alone has the resident register: ask it, without custodians";
    Ok(Arc::new(register.context(busy)?))
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

/// An issuer of client certificates, as the configuration names it.
pub(crate) fn foreign_issuer(table: &ClientIssuerTable) -> Result<ForeignIssuer> {
    let place = || format!("client_issuers: {}", table.certificate.display());
    let certificate = std::fs::read(&table.certificate).with_context(place)?;
    ForeignIssuer::new(certificate, table.list.clone())
        .map_err(|error| anyhow!("{}: {error}", place()))
}
