//! The custodians of the CA's keys: who came, when the keys woke, when they slept again (K2).

mod dealing;
mod office;
mod quorum;

pub use dealing::Dealing;
pub use quorum::Quorum;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::act::Act;
use domain::id::ActorId;
use domain::journal::EventKind;
use domain::rule;
use domain::rule::{OfTheInstallation, Rule};
use jiff::{SignedDuration, Timestamp};
use keys::quorum::{
    CustodianId, CustodySet, Gathering, Passphrase, Progress, QuorumError, QuorumSecret,
};
use keys::{Activation, ExpectedKey, ExpectedKeys, GuardedKeyStore, KeyLabel};
use store::{Entry, Store, Unit};

use crate::error::{Error, Result};
use crate::generation::label;
use crate::key_ends::KeyEnds;

/// How the custodians' acts are bounded, from the policies (A 6.2.2.1, S 6-2-1-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long the others may take from the first custodian on.
    pub window: SignedDuration,
    /// How long the keys stay active.
    pub active_for: SignedDuration,
}

/// Where the custodians' work stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether the keys can be used.
    pub activation: Activation,
    /// Who came so far, while they are gathering.
    pub present: Vec<ActorId>,
    /// Who asked so far that the keys sleep.
    pub leaving: Vec<ActorId>,
    /// How many have to come.
    pub threshold: u8,
    /// Everybody who may.
    pub custodians: Vec<ActorId>,
    /// The name of the set of shares.
    pub set: String,
}

/// How long one may stand at the door between proving who one is and being let in.
const AT_THE_DOOR: SignedDuration = SignedDuration::from_mins(1);

/// The keys of an installation's CAs in the hands of their custodians.
pub struct Custody {
    store: Arc<dyn Store>,
    keys: Arc<GuardedKeyStore>,
    /// To whom shares were dealt, by the database.
    dealing: Dealing,
    holders: Vec<CustodianId>,
    /// The shares, if their file is the one that was written then; else what is wrong with it.
    shares: std::result::Result<Shares, String>,
    terms: Terms,
    leaving: Mutex<BTreeMap<CustodianId, Timestamp>>,
    /// When the last custodian came.
    latest: Mutex<Timestamp>,
}

/// The shares, each sealed to its holder, and who of them is here.
struct Shares {
    set: CustodySet,
    gathering: Mutex<Gathering>,
}

impl Custody {
    /// Puts `keys` into the hands of those to whom the database says that shares were dealt. `file` is
    /// the file of the shares, or why it cannot be read: where it is not the one that was written then,
    /// everything goes on but what custodians have to come for.
    ///
    /// # Errors
    /// [`Error::Refused`] for a window that cannot be one.
    pub fn open(
        store: Arc<dyn Store>,
        keys: Arc<GuardedKeyStore>,
        file: std::result::Result<&[u8], String>,
        terms: Terms,
    ) -> Result<Self> {
        let dealt = Dealing::recorded(&*store)?;
        let dealing = dealt.ok_or_else(|| dealing::unrecorded(&*store))?;
        let set = file.map_err(Dealing::unread).and_then(|file| dealing.hold(file));
        Self::of(store, keys, dealing, set, terms)
    }

    fn of(
        store: Arc<dyn Store>,
        keys: Arc<GuardedKeyStore>,
        dealing: Dealing,
        set: std::result::Result<CustodySet, String>,
        terms: Terms,
    ) -> Result<Self> {
        let shares = match set {
            Ok(set) => {
                let gathering = Mutex::new(Gathering::new(&set, terms.window)?);
                Ok(Shares { set, gathering })
            }
            Err(told) => Err(told),
        };
        Ok(Self {
            store,
            keys,
            holders: dealing.holders()?,
            dealing,
            shares,
            terms,
            leaving: Mutex::default(),
            latest: Mutex::new(Timestamp::MIN),
        })
    }

    /// Makes the key store under a new secret, which leaves this function as shares alone; the store
    /// is active afterwards. In a new installation the custodians are the first people of the registry.
    ///
    /// # Errors
    /// [`Error::Refused`] where shares were dealt before; [`Error::Quorum`] for too few custodians, or
    /// two with one passphrase; the key store's.
    pub fn establish(
        act: &Act,
        store: Arc<dyn Store>,
        keys: Arc<GuardedKeyStore>,
        threshold: u8,
        custodians: &[(CustodianId, Passphrase)],
        terms: Terms,
        keep: &dyn Fn(&CustodySet) -> Result<()>,
    ) -> Result<Self> {
        Dealing::expect_none(&*store)?;
        let (set, secret) = CustodySet::establish(threshold, custodians, act.at)?;
        // The shares before the store: without them nobody could ever open it again.
        keep(&set)?;
        let dealing = Dealing::of(&set, &set.to_json()?);
        dealing.record(&*store, act)?;
        let holders = dealing.holders()?;
        office::register(&*store, act, &holders, dealing.set())?;
        let until = act.at + terms.active_for;
        keys.create(&secret, Some(until))?;
        let custody = Self::of(store, keys, dealing, Ok(set), terms)?;
        let activated = custody.activated(act, &names(custody.holders.iter()), until);
        custody.store.commit(Unit::new(activated))?;
        Ok(custody)
    }

    /// Goes on where [`establish`](Self::establish) was cut between the file of the shares and the
    /// database's record of them, with custodians who open the shares of that file.
    ///
    /// # Errors
    /// As [`establish`](Self::establish) and [`secret`](Self::secret).
    pub fn take_up(
        act: &Act,
        store: Arc<dyn Store>,
        keys: Arc<GuardedKeyStore>,
        file: &[u8],
        custodians: &[(CustodianId, Passphrase)],
        terms: Terms,
    ) -> Result<Self> {
        Dealing::expect_none(&*store)?;
        let set = CustodySet::from_json(file)?;
        let dealing = Dealing::of(&set, file);
        let custody = Self::of(store, keys, dealing, Ok(set), terms)?;
        let secret = custody.secret(act, custodians)?;
        custody.dealing.record(&*custody.store, act)?;
        custody.open_or_make(act, &secret, custodians)?;
        Ok(custody)
    }

    /// Takes a custodian's passphrase; the last one needed activates the keys.
    ///
    /// # Errors
    /// [`Error::Quorum`], journaled: a stranger, the same custodian twice, a wrong passphrase, a
    /// window that is over; the key store's, with the gathering at its beginning again.
    pub fn contribute(
        &self,
        act: &Act,
        custodian: &ActorId,
        passphrase: &Passphrase,
    ) -> Result<Standing> {
        let entry = Entry::new(EventKind::CustodianPresent, act).subject(custodian);
        let id = CustodianId::from(custodian.clone());
        // A stranger must not move the gathering's clock, nor anything else of it.
        self.expect_in_office(&id, &entry)?;
        let mut gathering = lock(&self.shares(&entry)?.gathering);
        self.dismiss_who_left(act, &mut gathering)?;
        let mut present: Vec<CustodianId> = gathering.custodians().cloned().collect();
        let here = names(gathering.custodians());
        match gathering.contribute(&id, passphrase, self.in_order(act.at)) {
            Ok(Progress::Waiting { have, need, until }) => {
                let entry = entry.detail("have", have).detail("need", need).detail("until", until);
                self.store.commit(Unit::new(entry))?;
            }
            Ok(Progress::Complete(secret)) => {
                self.store.commit(Unit::new(entry))?;
                present.push(id);
                let keys = ExpectedKeys::some_of(self.expected_keys()?);
                let names = format!("{here} {custodian}");
                self.activate_for(act, &secret, &keys, &names, &present)?;
            }
            Err(error) => {
                self.store.commit(Unit::new(entry.refused(Rule::of(&error))))?;
                return Err(error.into());
            }
        }
        drop(gathering);
        Ok(self.standing())
    }

    /// The time of an act as the gathering may see it: who waited at the door, behind a slow network
    /// or another custodian, did not come before those who are here. Further back is a clock set back.
    fn in_order(&self, at: Timestamp) -> Timestamp {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = latest.duration_since(at);
        *latest = if waited.is_positive() && waited <= AT_THE_DOOR { *latest } else { at };
        *latest
    }

    /// Goes on where [`establish`](Self::establish) was cut: opens the key store with the custodians
    /// who are here, or makes it where it is missing.
    ///
    /// # Errors
    /// As [`secret`](Self::secret), and the key store's.
    pub fn resume(&self, act: &Act, custodians: &[(CustodianId, Passphrase)]) -> Result<()> {
        let secret = self.secret(act, custodians)?;
        self.open_or_make(act, &secret, custodians)
    }

    fn open_or_make(
        &self,
        act: &Act,
        secret: &QuorumSecret,
        custodians: &[(CustodianId, Passphrase)],
    ) -> Result<()> {
        office::register(&*self.store, act, &self.holders, self.dealing.set())?;
        let until = act.at + self.terms.active_for;
        let keys = ExpectedKeys::to_come_back(self.expected_keys()?);
        let missing = match self.keys.activate(secret, &keys, Some(until)) {
            Ok(missing) => missing,
            Err(error) if error.may_lack_store() => {
                self.keys.create(secret, Some(until))?;
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        // The secret is there with the last custodian needed: nobody after them was asked.
        let asked = custodians.iter().take(usize::from(self.dealing.threshold()));
        let here: Vec<_> = asked.map(|(id, _)| id.clone()).collect();
        let entry = telling(self.activated(act, &names(here.iter()), until), &missing);
        self.tell_awake(self.requiring_all(Unit::new(entry), &here))
    }

    /// Wakes the keys with a secret that `custodians` put together for an act of theirs.
    ///
    /// # Errors
    /// The key store's, journaled; [`Error::Refused`] once one of them is not in office any more; the
    /// store's: the keys sleep then.
    pub fn activate(
        &self,
        act: &Act,
        secret: &QuorumSecret,
        custodians: &[CustodianId],
    ) -> Result<()> {
        // What was lost comes back by a ceremony, whose store may have nothing yet.
        let keys = ExpectedKeys::to_come_back(self.expected_keys()?);
        self.activate_for(act, secret, &keys, &names(custodians.iter()), custodians)
    }

    /// The same for custodians who must all be in office at the very moment.
    fn activate_for(
        &self,
        act: &Act,
        secret: &QuorumSecret,
        keys: &ExpectedKeys,
        custodians: &str,
        present: &[CustodianId],
    ) -> Result<()> {
        let until = act.at + self.terms.active_for;
        let entry = self.activated(act, custodians.trim(), until);
        let missing = match self.keys.activate(secret, keys, Some(until)) {
            Ok(missing) => missing,
            Err(error) => {
                self.store.commit(Unit::new(entry.refused(Rule::of(&error))))?;
                return Err(error.into());
            }
        };
        self.tell_awake(self.requiring_all(Unit::new(telling(entry, &missing)), present))
    }

    /// Nothing may be signed that the journal does not know to be possible: without it they sleep.
    fn tell_awake(&self, unit: Result<Unit>) -> Result<()> {
        let told = unit.and_then(|unit| Ok(self.store.commit(unit).map(drop)?));
        told.inspect_err(|_| {
            self.keys.deactivate();
        })
    }

    /// The custodians' secret itself, for the acts that need it: backups, restorations, new shares.
    ///
    /// # Errors
    /// As [`contribute`](Self::contribute); [`Error::Refused`] with fewer than enough custodians.
    pub fn secret(
        &self,
        act: &Act,
        custodians: &[(CustodianId, Passphrase)],
    ) -> Result<QuorumSecret> {
        let come = Entry::new(EventKind::CustodianPresent, act)
            .subject(OfTheInstallation(self.dealing.set()));
        let set = &self.shares(&come)?.set;
        let mut gathering = Gathering::new(set, self.terms.window)?;
        for (custodian, passphrase) in custodians {
            let entry = Entry::new(EventKind::CustodianPresent, act).subject(custodian);
            self.expect_in_office(custodian, &entry)?;
            match gathering.contribute(custodian, passphrase, act.at) {
                Ok(Progress::Waiting { .. }) => {
                    self.store.commit(Unit::new(entry))?;
                }
                Ok(Progress::Complete(secret)) => {
                    self.come(entry, custodians, custodian)?;
                    return Ok(secret);
                }
                Err(error) => {
                    self.store.commit(Unit::new(entry.refused(Rule::of(&error))))?;
                    return Err(error.into());
                }
            }
        }
        let rule = rule!(
            "{} of {} custodians are here (A 6.2.2.1, S 6-2-1-2)",
            custodians.len(),
            self.dealing.threshold()
        );
        Err(Error::refused("custodians", rule))
    }

    /// The same of custodians all of whom must prove themselves, however few would do.
    ///
    /// # Errors
    /// As [`secret`](Self::secret).
    pub fn secret_of_all(
        &self,
        act: &Act,
        custodians: &[(CustodianId, Passphrase)],
    ) -> Result<QuorumSecret> {
        let threshold = usize::from(self.dealing.threshold());
        let secret = self.secret(act, custodians)?;
        for further in custodians.iter().skip(threshold) {
            let entry = Entry::new(EventKind::CustodianPresent, act).subject(&further.0);
            self.expect_in_office(&further.0, &entry)?;
            let others = custodians.iter().take(threshold - 1);
            let mut gathering = Gathering::new(&self.shares(&entry)?.set, self.terms.window)?;
            let mut proven = Ok(());
            for (custodian, passphrase) in std::iter::once(further).chain(others) {
                proven = proven
                    .and_then(|()| gathering.contribute(custodian, passphrase, act.at).map(drop));
            }
            match proven {
                Ok(()) => self.come(entry, custodians, &further.0)?,
                Err(error) => {
                    self.store.commit(Unit::new(entry.refused(Rule::of(&error))))?;
                    return Err(error.into());
                }
            }
        }
        Ok(secret)
    }

    /// Notes that a custodian wants the keys asleep; once enough of them do within the window, they
    /// are (A 6.2.9.1, S 6-2-1-8).
    ///
    /// # Errors
    /// [`Error::Quorum`], journaled, for somebody who holds no share; [`Error::Store`].
    pub fn leave(&self, act: &Act, custodian: &ActorId) -> Result<Standing> {
        let id = CustodianId::from(custodian.clone());
        let entry = Entry::new(EventKind::CustodianPresent, act)
            .subject(custodian)
            .detail("wants", "deactivation");
        self.expect_in_office(&id, &entry)?;
        self.store.commit(Unit::new(entry))?;
        let mut leaving = self.leaving.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|_, since| act.at <= *since + self.terms.window);
        for one in leaving.keys().cloned().collect::<Vec<_>>() {
            if self.refused(&one)?.is_some() {
                leaving.remove(&one);
            }
        }
        leaving.entry(id).or_insert(act.at);
        let enough = leaving.len() >= usize::from(self.dealing.threshold());
        if enough {
            leaving.clear();
        }
        drop(leaving);
        if enough { self.deactivate(act) } else { Ok(self.standing()) }
    }

    /// Puts the keys to sleep, and whoever was gathering starts anew.
    ///
    /// # Errors
    /// [`Error::Store`]: the keys sleep all the same.
    pub fn deactivate(&self, act: &Act) -> Result<Standing> {
        // The gathering first: a custodian who is activating the keys just now finishes before.
        let mut gathering = self.shares.as_ref().ok().map(|shares| lock(&shares.gathering));
        let was_active = self.keys.deactivate();
        if let Some(gathering) = &mut gathering {
            gathering.forget();
        }
        drop(gathering);
        let entry = Entry::new(EventKind::KeysDeactivated, act)
            .subject(OfTheInstallation(self.dealing.set()));
        self.store.commit(Unit::new(if was_active { entry } else { entry.no_op() }))?;
        Ok(self.standing())
    }

    /// Where the custodians' work stands.
    pub fn standing(&self) -> Standing {
        let actors = |ids: &mut dyn Iterator<Item = &CustodianId>| -> Vec<ActorId> {
            ids.map(|id| id.actor().clone()).collect()
        };
        Standing {
            activation: self.keys.state(),
            present: match &self.shares {
                Ok(shares) => actors(&mut lock(&shares.gathering).custodians()),
                Err(_) => Vec::new(),
            },
            leaving: actors(
                &mut self.leaving.lock().unwrap_or_else(PoisonError::into_inner).keys(),
            ),
            threshold: self.dealing.threshold(),
            custodians: actors(&mut self.holders.iter()),
            set: self.dealing.set().to_owned(),
        }
    }

    /// The guarded keys.
    pub fn keys(&self) -> &Arc<GuardedKeyStore> {
        &self.keys
    }

    /// Whether the keys can be used at `now`.
    pub fn is_active(&self) -> bool {
        matches!(self.keys.state(), Activation::Active { .. })
    }

    /// Refuses somebody who holds no share, and says so under `entry`.
    fn expect_holder(&self, id: &CustodianId, entry: &Entry) -> Result<()> {
        if self.holders.contains(id) {
            return Ok(());
        }
        let error = QuorumError::UnknownCustodian(id.clone());
        self.store.commit(Unit::new(entry.clone().refused(Rule::of(&error))))?;
        Err(error.into())
    }

    /// The shares; where their file is not the one that was written, it is said under `entry`.
    fn shares(&self, entry: &Entry) -> Result<&Shares> {
        match &self.shares {
            Ok(shares) => Ok(shares),
            Err(told) => {
                let rule = Rule::from("it is not the file of the dealing").telling(told);
                let error = Error::refused("custody.json", rule);
                self.store.commit(Unit::new(entry.clone().refused(error.rule())))?;
                Err(error)
            }
        }
    }

    /// What is wrong with the file of the shares, as it was when this was opened.
    pub fn shares_refused(&self) -> Option<&str> {
        self.shares.as_ref().err().map(String::as_str)
    }

    /// To whom shares were dealt, by the database.
    pub fn dealing(&self) -> &Dealing {
        &self.dealing
    }

    /// The CAs' keys as the database has them, but for those whose destruction was begun.
    fn expected_keys(&self) -> Result<Vec<ExpectedKey>> {
        let (mut keys, ends) = (Vec::new(), KeyEnds::new(self.store.clone()));
        for ca in self.store.cas()? {
            for row in self.store.authorities(&ca.id)? {
                let label = label(&row.key_label)?;
                if !ends.is_noted(&label)? {
                    let (spki_der, signature) = (row.spki, row.signature_algorithm);
                    keys.push(ExpectedKey { label, spki_der, signature });
                }
            }
        }
        Ok(keys)
    }

    fn activated(&self, act: &Act, custodians: &str, until: Timestamp) -> Entry {
        Entry::new(EventKind::KeysActivated, act)
            .subject(OfTheInstallation(self.dealing.set()))
            .detail("custodians", OfTheInstallation(custodians))
            .detail("until", until)
    }
}

fn lock(gathering: &Mutex<Gathering>) -> MutexGuard<'_, Gathering> {
    gathering.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The entry with the keys that the key store does not have.
fn telling(entry: Entry, missing: &[KeyLabel]) -> Entry {
    missing
        .iter()
        .fold(entry, |entry, label| entry.detail("missing", OfTheInstallation(label.as_str())))
}

impl std::fmt::Debug for Custody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Custody({:?})", self.keys)
    }
}

fn names<'a>(custodians: impl Iterator<Item = &'a CustodianId>) -> String {
    custodians.map(CustodianId::as_str).collect::<Vec<_>>().join(" ")
}
