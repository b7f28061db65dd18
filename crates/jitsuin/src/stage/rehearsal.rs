//! Rehearsals: a whole script on a throwaway installation with the same policies.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use ca::Renewal;
use ca::ceremony::{Conductor, Present, Record, Stage};
use domain::ceremony::{Premises, Script, Seat, Step};
use domain::id::CaId;
use jiff::SignedDuration;
use keys::quorum::{CustodianId, Passphrase};

use super::restore::Scratch;
use super::{SystemStage, premises};
use crate::clock::Clock;
use crate::config::{BackupsTable, Config};
use crate::custodians::quorum;
use crate::join::AuditSigner;
use crate::machine::Services;
use crate::random::random_text;
use crate::set_up;
use crate::system::System;
use crate::trusted_time::TimeConfig;

/// A rehearsal destroys the key of no later generation: each takes a renewal to come to.
const LAST_GENERATION: u32 = 5;

/// A rehearsal that came to its end, and the throwaway installation's audit key.
pub(crate) struct Rehearsed {
    pub(crate) record: Record,
    pub(crate) signer: AuditSigner,
    /// Where the throwaway installation lies for as long as its key may sign the minutes.
    _place: Scratch,
}

/// Carries a script out where nothing lasts. The configuration gives the policies; of the
/// installation nothing is read, and nothing written.
///
/// # Errors
/// As of a ceremony.
pub(crate) fn rehearse(config: &Config, clock: Clock, text: &str, told: bool) -> Result<Rehearsed> {
    let (threshold, number) = quorum(config)?;
    let script = Script::from_toml(text, &Premises { threshold, cas: None })?;
    let scratch = Scratch::new(&std::env::temp_dir())?;
    let custodians = custodians(&script, number)?;
    let generates = |ca: &CaId| {
        let made = |step: &Step| matches!(step, Step::GenerateCaKey { ca: of } if of == ca);
        script.steps.iter().any(made)
    };
    let throwaway = throwaway(config, &scratch.0);
    let system = set_up::found(throwaway, clock, &custodians, &|ca| !generates(ca))?;
    let signer = system.audit_signer()?;
    let act = system.act("rehearsal")?;
    let secret = system.custody.secret(&act, &custodians)?;
    let mut stage = SystemStage {
        system: &system,
        ceremony: script.id.clone(),
        secret: &secret,
        custodians: custodians.iter().map(|(id, _)| id.clone()).collect(),
        media: Some(scratch.0.join("media")),
        told,
    };
    prepare(&mut stage, &script)?;
    let now = || system.now();
    let conductor = Conductor::new(&*system.store, &now, &act).rehearsing();
    let record = conductor.run(text, &premises(&system)?, &everybody(&script), &mut stage)?;
    drop(stage);
    Ok(Rehearsed { record, signer, _place: scratch })
}

/// The same policies, and nothing else of the installation.
fn throwaway(config: &Config, place: &Path) -> Config {
    Config {
        data: place.join("data"),
        backups: BackupsTable::to_try_out(&place.join("data")),
        policies: config.policies.clone(),
        listen: config.listen.clone(),
        token: None,
        services: Services::default(),
        time: TimeConfig::default(),
        cards: config.cards.clone(),
        checkpoint_places: Vec::new(),
        client_issuers: Vec::new(),
        weak_keys: config.weak_keys.clone(),
        weak_keys_named: config.weak_keys_named,
        disk_reserve_mib: config.disk_reserve_mib,
    }
}

/// The script's custodians, and as many more as the policies want, with passphrases that nobody
/// ever learns.
fn custodians(script: &Script, number: u8) -> Result<Vec<(CustodianId, Passphrase)>> {
    let named = script.named_for(Seat::Custodian).cloned().map(CustodianId::from);
    let mut ids: Vec<CustodianId> = named.collect();
    for further in ids.len()..usize::from(number) {
        ids.push(format!("rehearsal-custodian-{}", further + 1).parse()?);
    }
    ids.into_iter().map(|id| Ok((id, Passphrase::new(random_text(24)?.as_bytes())?))).collect()
}

fn everybody(script: &Script) -> Vec<Present> {
    let seat = |seat: Seat| {
        script.named_for(seat).map(move |person| Present { person: person.clone(), seat })
    };
    Seat::ALL.into_iter().flat_map(seat).collect()
}

/// What the script expects to find: key generations that issue no more, and backups.
fn prepare(stage: &mut SystemStage<'_>, script: &Script) -> Result<()> {
    for step in &script.steps {
        if let Step::DestroyCaKey { ca, generation, .. } = step {
            outlive(stage, ca, *generation)?;
        }
    }
    for (place, step) in script.steps.iter().enumerate() {
        let Step::Restore { directory: wanted, .. } = step else { continue };
        let makes = |step: &Step| matches!(step, Step::Backup { directory } if directory == wanted);
        if !script.steps[..place].iter().any(makes) {
            stage.back_up(&stage.system.act("rehearsal")?, wanted)?;
        }
    }
    Ok(())
}

/// Renews a CA's key until a generation issues no more, and ends what it certified: only then may its
/// key be destroyed before its root ends.
pub(super) fn outlive(stage: &SystemStage<'_>, ca: &CaId, generation: u32) -> Result<()> {
    let system: &System = stage.system;
    ensure!(generation <= LAST_GENERATION, "generation {generation} is too many renewals away");
    let authority = system.authority(ca.as_str())?;
    let is_known = !authority.generations().all().is_empty();
    while is_known && authority.generations().current_at(system.now())?.number <= generation {
        let act = system.act("rehearsal")?;
        let issues_from = system.now() + SignedDuration::from_secs(2);
        let renewal = Renewal { issues_from, early: Some("a rehearsal".to_owned()) };
        let (backups, key) = (system.backups(), stage.secret.backup_key()?);
        let renewed = authority.renewals().renew(
            &act,
            &renewal,
            &|keys, label, algorithm| backups.make_key(&act, keys, label, algorithm, &key),
            &*system.machine.keys,
        )?;
        while system.now() < renewed.generation.issues_from {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    if is_known {
        let act = system.act("rehearsal")?;
        authority.compromises().declare(&act, generation, &"rehearsal-approver".parse()?)?;
        system.go_on_with_compromises()?;
    }
    Ok(())
}
