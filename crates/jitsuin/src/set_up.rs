//! `init`: an installation from nothing, or what an earlier, broken-off `init` left to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use ca::card_master::CardKeyring;
use ca::{CertificationAuthority, Custody};
use domain::act::{Act, Actor};
use domain::id::CaId;
use domain::journal::EventKind;
use domain::rule::OfTheInstallation;
use keys::quorum::{CustodianId, Passphrase, QuorumSecret};
use keys::{KeyError, KeyStore};
use store::reads::ReadVerifiers;
use store::{Entry, Sqlite, Store, Unit};

use crate::backups::Backups;
use crate::clock::Clock;
use crate::config::{BackupsTable, Config};
use crate::custodians;
use crate::home::write_public;
use crate::join::AuditSigner;
use crate::own_tls::Word;
use crate::random::new_operation;
use crate::seal::{SealLock, seal};
use crate::system::{Claim, Foundation, System, keep_weak_keys};

/// Which CAs get their keys now; the others get them at a ceremony.
pub(crate) type Founds<'a> = &'a dyn Fn(&CaId) -> bool;

/// Sets an installation up: keys, CAs with their responders, the TLS server, the first verifier,
/// the first lists.
pub(crate) fn set_up(
    path: &Path,
    clock: Clock,
    custodians: &[(CustodianId, Passphrase)],
    founds: Founds<'_>,
    server_names: &[String],
) -> Result<System> {
    let system = found(Config::read(path)?, clock, custodians, founds)?;
    let present: Vec<_> = custodians.iter().map(|(id, _)| id.to_string()).collect();
    system.hand_out(&present.join(" "), server_names)?;
    Ok(system)
}

/// The keys and CAs of an installation, each made once.
pub(crate) fn found(
    config: Config,
    clock: Clock,
    custodians: &[(CustodianId, Passphrase)],
    founds: Founds<'_>,
) -> Result<System> {
    let foundation = Foundation::open(&config, Claim::SetUp, &clock)?;
    let visited = "a command or a ceremony is at work on it: try again when it has ended";
    let _alone = foundation.hold.owned()?.alone()?.context(visited)?;
    let act = || act(&clock);
    // What an earlier `init` left is taken up only where the sealed journal vouches for it.
    seal_before(&config, &foundation, &clock, &act()?)?;
    let custody = custodians::establish(&act()?, &config, &foundation, custodians)?;
    // Put together once, for the first CA that needs it: every passphrase takes its time.
    let mut secret: Option<QuorumSecret> = None;
    card_master(&act, &custody, custodians, &foundation, &config.backups, &mut secret)?;
    let mut authorities = BTreeMap::new();
    for policy in &config.policies {
        let (store, keys) = (foundation.store.clone(), foundation.keys.clone());
        let authority = CertificationAuthority::founding(&policy.text, store, keys)
            .with_context(|| policy.path.display().to_string())?
            .refusing(config.weak_keys.clone());
        let is_founded = !authority.generations().all().is_empty();
        if !is_founded && founds(authority.id()) {
            let secret = together(&act, &custody, custodians, &mut secret)?;
            first_key(&act()?, &authority, &foundation, &config.backups, secret)?;
            authority.first_key().self_sign(&act()?)?;
        }
        authority.recovery().recover(&act()?)?;
        for generation in authority.generations().all() {
            authority.responders().set_up(&act()?, &generation, &*foundation.machine.keys)?;
        }
        if authorities.insert(authority.id().clone(), Arc::new(authority)).is_some() {
            bail!("policies: two files are for the same CA");
        }
    }
    keep_weak_keys(&config, &foundation, act()?.at)?;
    System::join(config, foundation, custody, authorities)
}

/// Seals what an earlier `init` committed. The key for it comes first of all, with its entry.
fn seal_before(config: &Config, foundation: &Foundation, clock: &Clock, act: &Act) -> Result<()> {
    let Foundation { home, store, machine, .. } = foundation;
    audit_signer(store, &machine.keys, act)?;
    foundation.hold(config, act.at)?;
    foundation.prove(config, clock)?;
    seal(SealLock::of(home, &config.checkpoint_places, &machine.keys)?, store, act.at)
}

/// The signer of checkpoints; the making of its key is in the journal (A 5.4.1).
fn audit_signer(
    store: &Sqlite,
    service_keys: &Arc<dyn KeyStore>,
    act: &Act,
) -> Result<AuditSigner> {
    let known = service_keys.labels()?.len();
    let signer = AuditSigner::open(service_keys.clone())?;
    if service_keys.labels()?.len() > known {
        let entry = Entry::new(EventKind::KeyGenerated, act)
            .subject("audit-1")
            .detail("verifier_key", OfTheInstallation(&signer.verifier_key()?.to_string()));
        store.commit(Unit::new(entry))?;
    }
    Ok(signer)
}

/// The custodians' secret, put together when it is first asked for.
fn together<'a>(
    act: &dyn Fn() -> Result<Act>,
    custody: &Custody,
    custodians: &[(CustodianId, Passphrase)],
    secret: &'a mut Option<QuorumSecret>,
) -> Result<&'a QuorumSecret> {
    Ok(match secret {
        Some(known) => known,
        none => none.insert(custody.secret(&act()?, custodians)?),
    })
}

/// The key of which those of all cards are derived, with its backup.
fn card_master(
    act: &dyn Fn() -> Result<Act>,
    custody: &Custody,
    custodians: &[(CustodianId, Passphrase)],
    foundation: &Foundation,
    backups: &BackupsTable,
    secret: &mut Option<QuorumSecret>,
) -> Result<()> {
    let (store, keys) = (foundation.store.clone(), foundation.keys.clone());
    let keyring = CardKeyring::new(store, keys.clone())?;
    let backups = Backups::new(&foundation.home, backups, &*foundation.store);
    let made = match keyring.check() {
        Ok(check) => check.filter(|check| backups.has_card_master(keyring.label(), *check)),
        // Nobody came who could wake the keys: a backup is written after its key alone.
        Err(ca::Error::Keys(KeyError::NotActivated)) => {
            backups.card_master(keyring.label()).ok().map(|backup| backup.check)
        }
        Err(error) => return Err(error.into()),
    };
    let now = act()?;
    let check = match made {
        Some(check) => check,
        None => {
            let backup_key = together(act, custody, custodians, secret)?.backup_key()?;
            backups.make_card_master(&now, &*keys, keyring.label(), &backup_key)?
        }
    };
    // A key that was made before a cut is told of now.
    keyring.journal_making(&now, check, backups.digest(keyring.label())?, &backups.media()?)?;
    Ok(())
}

fn first_key(
    act: &Act,
    authority: &CertificationAuthority,
    foundation: &Foundation,
    backups: &BackupsTable,
    secret: &QuorumSecret,
) -> Result<()> {
    let backups = Backups::new(&foundation.home, backups, &*foundation.store);
    let backup_key = secret.backup_key()?;
    authority.first_key().generate(act, &|keys, label, algorithm| {
        backups.make_key(act, keys, label, algorithm, &backup_key)
    })?;
    Ok(())
}

fn act(clock: &Clock) -> Result<Act> {
    let actor = Actor::System("set-up".parse()?);
    Ok(Act::new(actor, clock(), new_operation()?))
}

impl System {
    /// The signer of checkpoints, made where it is missing.
    pub(crate) fn audit_signer(&self) -> Result<AuditSigner> {
        audit_signer(&self.store, &self.machine.keys, &self.act("set-up")?)
    }

    /// What people and services need to begin with, where it is missing.
    fn hand_out(&self, custodians: &str, server_names: &[String]) -> Result<()> {
        let signer = self.audit_signer()?;
        write_public(&self.home.audit_key(), format!("{}\n", signer.verifier_key()?).as_bytes())?;
        let has_keys = self.authorities.values().any(|one| !one.generations().all().is_empty());
        if has_keys {
            let is_first = self.was_never_certified()?;
            self.keep_tls(&self.word_of(custodians, is_first, server_names)?)?;
        }
        if self.store.verifiers()?.is_empty() {
            self.add_verifier("verifier-1")?;
        }
        self.renew_verifiers()?;
        // Where nobody came who could wake the keys, lists that are due wait; `init` says so.
        if self.custody.is_active() {
            self.publish_due()?;
        }
        self.seal()?;
        SealLock::take(self)?.map_or(Ok(()), |lock| self.note_places(&lock))
    }

    /// Whose word it is that the server is certified: that of custodians who said the names. At the
    /// founding the configuration is theirs, and `init` tells them its names.
    fn word_of(&self, custodians: &str, is_first: bool, said: &[String]) -> Result<Word> {
        if is_first {
            return Ok(Word::Custodians(custodians.to_owned()));
        }
        if said.is_empty() {
            return Ok(Word::Own);
        }
        let told: BTreeSet<&str> = said.iter().map(String::as_str).collect();
        let told = told.into_iter().collect::<Vec<_>>().join(", ");
        let configured = self.tls_names_told();
        ensure!(
            told == configured,
            "--server-name: the custodians say {told}, and the configuration {configured}: say each \
             name and address of it (A 5.2.2)"
        );
        ensure!(
            !custodians.is_empty(),
            "--server-name: the custodians say it, --custodian ID=FILE each"
        );
        Ok(Word::Custodians(custodians.to_owned()))
    }
}
