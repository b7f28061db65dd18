//! One installation, opened: database, keys, CAs, register and windows, joined.

mod foundation;
mod opening;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow};
use ca::card_master::CardKeyring;
use ca::{CertificationAuthority, Custody};
use domain::act::{Act, Actor};
use domain::id::CaId;
use domain::journal::EventKind;
use domain::name::DistinguishedName;
use domain::rule::{Hex, OfTheInstallation};
use jiff::Timestamp;
use ra::holder::Holders;
use ra::register::embedded::EmbeddedRegister;
use ra::window::{RegisterRun, Window};
use store::{Entry, RoomOnDisk, SeriesKey, Sqlite, Store, Unit};
use web::desk::{Desk, DeskBuilder, ForeignIssuer, Health, WindowAuthority};

pub(crate) use self::foundation::Foundation;
pub(crate) use self::opening::{Claim, keep_weak_keys};
use crate::backups::Backups;
use crate::clock::Clock;
use crate::config::Config;
use crate::hold::Hold;
use crate::home::Home;
use crate::join::OwnWorkshop;
use crate::left_open::LeftOpen;
use crate::machine::Machine;
use crate::opened::Opened;
use crate::random::new_operation;
use crate::readers::{self, CardReaders};
use crate::trusted_time::TrustedClock;

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
    /// What was proven of the whole state at the opening, until a server that starts goes on from there.
    pub(crate) proven: Mutex<Option<Opened>>,
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

impl System {
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
            .evidence(Arc::new(self.sealing()))
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
