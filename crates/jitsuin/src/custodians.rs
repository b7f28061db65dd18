//! The custodians of an installation's keys: how they are named on the command line and let in.

use std::fs;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ca::{Custody, Dealing, Terms};
use domain::act::Act;
use domain::journal::EventKind;
use domain::policy::{CustodianRules, KeyMaker, Policy};
use domain::staff::quorum_floor;
use jiff::SignedDuration;
use keys::quorum::{CustodianId, CustodySet, Passphrase};
use keys::token::TokenOpener;
use keys::{EmbeddedOpener, GuardedKeyStore, Opener, SigningGate, UserKeys};
use store::{Entry, Store, Unit};
use web::desk::{Condition, Keyroom};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::Config;
use crate::home::Home;
use crate::join::SigningNotary;
use crate::secret_file::read_secret;
use crate::system::{Foundation, System};

/// A custodian who is present: who, and the file with the passphrase, `-` for standard input.
#[derive(Debug, Clone)]
pub(crate) struct Present {
    pub(crate) custodian: CustodianId,
    pub(crate) file: String,
}

impl FromStr for Present {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, file) = text.split_once('=').ok_or("ID=FILE is needed")?;
        let custodian = id.parse().map_err(|error: domain::id::InvalidId| error.to_string())?;
        Ok(Self { custodian, file: file.to_owned() })
    }
}

/// Reads the passphrases of those who are present.
pub(crate) fn passphrases(present: &[Present]) -> Result<Vec<(CustodianId, Passphrase)>> {
    present
        .iter()
        .map(|one| {
            let octets = Zeroizing::new(read_secret(&one.file)?);
            let passphrase = Passphrase::new(&octets).with_context(|| one.custodian.to_string())?;
            Ok((one.custodian.clone(), passphrase))
        })
        .collect()
}

/// The guarded store of the CAs' keys, asleep.
pub(crate) fn guarded(
    config: &Config,
    home: &Home,
    clock: Clock,
    gate: Arc<dyn SigningGate>,
) -> Arc<GuardedKeyStore> {
    let opener: Box<dyn Opener> = match &config.token {
        Some(token) => Box::new(TokenOpener { config: token.clone() }),
        None => Box::new(EmbeddedOpener { directory: home.keys() }),
    };
    Arc::new(GuardedKeyStore::new(opener, clock, gate))
}

/// The custody of an installation that was set up.
pub(crate) fn open(config: &Config, foundation: &Foundation) -> Result<Arc<Custody>> {
    let (store, keys): (Arc<dyn Store>, _) = (foundation.store.clone(), foundation.keys.clone());
    let file = shares_file(&foundation.home);
    let file = file.as_deref().map_err(Clone::clone);
    kept(foundation, Custody::open(store, keys, file, terms(config)?)?)
}

/// The file of the shares, or why it cannot be read. Whether it is the right one, the database tells.
fn shares_file(home: &Home) -> Result<Vec<u8>, String> {
    fs::read(home.custody()).map_err(|error| error.to_string())
}

/// What is wrong with the file of the shares as it is now.
fn shares_differ(home: &Home, dealing: &Dealing) -> Option<String> {
    let file = shares_file(home).map_err(Dealing::unread);
    file.and_then(|file| dealing.hold(&file)).err()
}

/// The custody, with as many custodians kept in office as the database says that the keys need.
fn kept(foundation: &Foundation, custody: Custody) -> Result<Arc<Custody>> {
    foundation.store.keep(quorum_floor(custody.dealing().threshold()))?;
    Ok(Arc::new(custody))
}

/// Establishes the custody, or goes on where an earlier try broke off; the keys are awake then.
pub(crate) fn establish(
    act: &Act,
    config: &Config,
    foundation: &Foundation,
    custodians: &[(CustodianId, Passphrase)],
) -> Result<Arc<Custody>> {
    let (store, keys): (Arc<dyn Store>, _) = (foundation.store.clone(), foundation.keys.clone());
    let path = foundation.home.custody();
    if Dealing::recorded(&*store)?.is_some() {
        let custody = open(config, foundation)?;
        for (custodian, _) in custodians {
            custody.expect_custodian(act, custodian)?;
        }
        if !custodians.is_empty() {
            custody.resume(act, custodians)?;
        }
        return Ok(custody);
    }
    let terms = terms(config)?;
    if path.exists() {
        let file = fs::read(&path).with_context(|| path.display().to_string())?;
        let custody = Custody::take_up(act, store, keys, &file, custodians, terms)?;
        return kept(foundation, custody);
    }
    let (threshold, number) = quorum(config)?;
    if custodians.len() < usize::from(number) {
        bail!(
            "the policies want {number} custodians, {threshold} of whom open the keys, and {} are \
             named: --custodian ID=PASSPHRASE_FILE for each of them (A 6.2.2.1, S 6-2-1-2)",
            custodians.len()
        );
    }
    let keep = |set: &CustodySet| Ok(set.write_file(&path)?);
    let custody = Custody::establish(act, store, keys, threshold, custodians, terms, &keep)?;
    kept(foundation, custody)
}

/// Has custodians come one after the other until the keys are awake; nobody comes in vain.
fn wake(custody: &Custody, act: &Act, custodians: &[(CustodianId, Passphrase)]) -> Result<()> {
    for (custodian, passphrase) in custodians {
        if custody.is_active() {
            break;
        }
        custody.contribute(act, custodian.actor(), passphrase)?;
    }
    Ok(())
}

impl System {
    /// What the desk needs for acts on keys.
    pub(crate) fn keyroom(&self) -> Keyroom {
        let notary = Arc::new(SigningNotary::new(self.machine.audit.clone(), self.home.clone()));
        Keyroom { custody: self.custody.clone(), notary }
    }

    /// The file of the custodians' shares, where it is not the one that the database tells of.
    pub(crate) fn shares_seen(&self) -> Vec<Condition> {
        let now = shares_differ(&self.home, self.custody.dealing());
        let at_start = || {
            let told = self.custody.shares_refused()?;
            Some(format!(
                "it was not right when the program started, and is now: start it again ({told})"
            ))
        };
        let told = now.or_else(at_start);
        let failing = |told| Condition::failing("custody-record", "custody.json", told);
        told.map(failing).into_iter().collect()
    }

    /// Refuses a custodian whom the registry turned away.
    pub(crate) fn expect_custodian(&self, custodian: &CustodianId) -> Result<()> {
        Ok(self.custody.expect_custodian(&self.act("custody")?, custodian)?)
    }

    /// Lets the custodians in who are present; with enough of them the keys are awake.
    pub(crate) fn let_in(&self, present: &[Present]) -> Result<()> {
        if present.is_empty() {
            return Ok(());
        }
        for one in present {
            self.expect_custodian(&one.custodian)?;
        }
        wake(&self.custody, &self.act("custody")?, &passphrases(present)?)?;
        let standing = self.custody.standing();
        if !self.custody.is_active() {
            bail!(
                "custodians: {} of {} are here (A 6.2.2.1, S 6-2-1-2)",
                standing.present.len(),
                standing.threshold
            );
        }
        Ok(())
    }
}

impl System {
    /// Makes one user's key ahead of need, where a CA makes them and its pool lacks one (K5).
    pub(crate) fn prepare_a_user_key(&self) -> Result<bool> {
        if !self.custody.is_active() {
            return Ok(false);
        }
        let keys = self.custody.keys();
        for authority in self.authorities.values() {
            let rule = authority.policy().keys.user.as_ref();
            let Some(rule) = rule.filter(|rule| rule.made_by == KeyMaker::Authority) else {
                continue;
            };
            let ready = keys.prepared_user_keys(rule.algorithm)?;
            if ready < usize::from(rule.pool)
                && keys.prepare_user_keys(rule.algorithm, ready + 1)? > 0
            {
                let entry = Entry::new(EventKind::KeyGenerated, &self.act("pool")?)
                    .ca(authority.id())
                    .subject("user key, made ahead of need")
                    .detail("algorithm", rule.algorithm)
                    .detail("ready", ready + 1);
                self.store.commit(Unit::new(entry))?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// How many custodians open the keys, and how many there are: what the strictest policy wants.
pub(crate) fn quorum(config: &Config) -> Result<(u8, u8)> {
    let rules = rules(config)?;
    let most = |of: fn(&CustodianRules) -> u8| rules.iter().map(of).max().unwrap_or(u8::MAX);
    Ok((most(|rule| rule.threshold), most(|rule| rule.number)))
}

/// The shortest times that any policy gives.
fn terms(config: &Config) -> Result<Terms> {
    let rules = rules(config)?;
    let least = |of: fn(&CustodianRules) -> u16| rules.iter().map(of).min().unwrap_or(1);
    Ok(Terms {
        window: SignedDuration::from_mins(i64::from(least(|rule| rule.window_minutes))),
        active_for: SignedDuration::from_hours(i64::from(least(|rule| rule.active_hours))),
    })
}

fn rules(config: &Config) -> Result<Vec<CustodianRules>> {
    config.policies.iter().map(|file| Ok(Policy::from_toml(&file.text)?.custodians)).collect()
}
