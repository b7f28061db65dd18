//! What the installation itself watches, and how the server's list of conditions reaches a command.

use anyhow::{Context, Result};
use domain::compromise::CompromiseState;
use store::Store;
use web::desk::Condition;

use crate::hold::Hold;
use crate::home::{Home, write_private};
use crate::own_tls::TlsFiles;
use crate::system::System;

/// More conditions than this in the server's file are a fault.
const LONGEST_FILE_BYTES: u64 = 1024 * 1024;

/// The rule under which a database in doubt is told.
const IN_DOUBT: &str = "state-in-doubt";

impl System {
    /// Looks at everything that state, disk and keys show, and tells the list of conditions.
    pub(crate) fn look_around(&self) {
        for (part, seen) in [
            ("keys", self.unusable_keys()),
            ("procedures", self.unfinished_procedures()),
            ("clock", Ok(self.stopped_signing())),
            ("journal", self.auditor().conditions()),
            ("backups", self.backups_seen()),
            ("custodians", self.unregistered_custodians()),
            ("names", self.other_names()),
            ("doubt", Ok(self.doubt())),
        ] {
            let failed =
                |error| vec![Condition::failing("look-failed", part, format!("{error:#}"))];
            self.health.tell(part, seen.unwrap_or_else(failed));
        }
    }

    /// Goes on with what was declared and cut off; `check` names it until it is done.
    pub(crate) fn go_on_with_compromises(&self) -> Result<()> {
        let act = self.act("compromise")?;
        Ok(self.desk_without_windows().go_on_with_compromises(&act)?)
    }

    /// Keys that should be usable, since the custodians woke them, and are not.
    fn unusable_keys(&self) -> Result<Vec<Condition>> {
        let mut seen = Vec::new();
        if !self.custody.is_active() {
            return Ok(seen);
        }
        for (ca, authority) in &self.authorities {
            for (generation, error) in authority.unusable_keys(self.now())? {
                let told = format!("its key cannot be used, though the keys are awake: {error}");
                seen.push(Condition::failing("key-unusable", generation, told).of_ca(ca));
            }
        }
        let cards = match self.cards.check() {
            Ok(Some(_)) => None,
            Ok(None) => {
                Some("the key store does not have it: restore it from its backup (K4)".into())
            }
            Err(error) => Some(error.to_string()),
        };
        seen.extend(cards.map(|told: String| {
            let told = format!("no card can be made or changed, though the keys are awake: {told}");
            Condition::failing("key-unusable", self.cards.label(), told)
        }));
        Ok(seen)
    }

    /// What is in doubt: then nothing is done on the database.
    fn doubt(&self) -> Vec<Condition> {
        let doubted = self.store.doubt().standing().map(|doubted| doubted.findings);
        let first = doubted.and_then(|findings| findings.into_iter().next());
        let failing = |told| Condition::failing(IN_DOUBT, "whole installation", told);
        first.map(failing).into_iter().collect()
    }

    /// Names in the configuration for which the server is not certified.
    fn other_names(&self) -> Result<Vec<Condition>> {
        let files = TlsFiles::read(&self.home)?;
        let told = self.tls_names_differ(files.as_ref())?;
        let warned = told.map(|told| Condition::warning("tls-names", "server", told));
        Ok(warned.into_iter().collect())
    }

    /// Whether nothing is signed because the clock is not believed (A 6.8).
    fn stopped_signing(&self) -> Vec<Condition> {
        let rule = self.trusted.watch.report().rule;
        rule.map(|rule| Condition::failing("signing-stopped", "clock", rule)).into_iter().collect()
    }

    /// Procedures of several steps that were begun and not carried out to the end.
    fn unfinished_procedures(&self) -> Result<Vec<Condition>> {
        let mut seen = Vec::new();
        for ca in self.authorities.keys() {
            for row in self.store.compromises(ca)? {
                if row.state != CompromiseState::Completed {
                    let told = format!("{}, {} revoked; next: ", row.state, row.revoked);
                    let told = told + row.state.task() + " (A 5.7.3): the server goes on by itself";
                    let subject = format!("generation {}", row.generation);
                    seen.push(Condition::failing("compromise-unfinished", subject, told).of_ca(ca));
                }
            }
            if let Some(plan) = self.store.generation_plan(ca)? {
                let told = format!(
                    "its making was begun, to issue from {}: custodians finish it by the same \
                     ceremony (A 6.2.2)",
                    plan.issues_from
                );
                let subject = format!("generation {}", plan.generation);
                seen.push(Condition::warning("generation-unfinished", subject, told).of_ca(ca));
            }
        }
        Ok(seen)
    }

    /// Custodians for whom an earlier program made shares and whom the registry does not know.
    fn unregistered_custodians(&self) -> Result<Vec<Condition>> {
        let told = "this custodian is not in the registry, so that the share cannot be taken from who leaves: \
                    a senior operator proposes them (`jitsuin staff propose`), the CA manager confirms it \
                    (A 5.2.1.1(2), A 5.2.4.1)";
        let unregistered = self.custody.unregistered()?.into_iter();
        Ok(unregistered.map(|id| Condition::warning("custodian-unregistered", id, told)).collect())
    }

    /// Backups that are where none should be.
    fn backups_seen(&self) -> Result<Vec<Condition>> {
        let mut seen = self.backups_here();
        seen.extend(self.backups_of_destroyed_keys()?);
        Ok(seen)
    }

    /// Backups of keys that were destroyed: media that were said to be lost, and came back.
    fn backups_of_destroyed_keys(&self) -> Result<Vec<Condition>> {
        let told = "the key was destroyed and its backup is still here: hold a ceremony with destroy-ca-key \
                    for the same generation once more (A 6.2.10.1, S 6-2-1-9)";
        let mut seen = Vec::new();
        for (ca, authority) in &self.authorities {
            for generation in authority.generations() {
                if authority.is_destroyed(&generation)? {
                    let files = self.backups().files(&generation.label).into_iter();
                    seen.extend(files.map(|file| {
                        Condition::warning("backup-of-destroyed-key", file.display(), told)
                            .of_ca(ca)
                    }));
                }
            }
        }
        Ok(seen)
    }

    /// Backups of the CAs' keys on the disk on which the keys lie.
    fn backups_here(&self) -> Vec<Condition> {
        let told = "the backups of the CAs' keys lie on the disk of the data: name the custodians' media in \
                    backups.directories, and take away what lies here (A 6.2.4)";
        let here = |place: &std::path::Path| {
            Condition::warning("backups-on-data-disk", place.display(), told)
        };
        self.backups().on_own_disk().into_iter().map(here).collect()
    }

    /// Leaves the list of conditions where a command beside this server finds it.
    pub(crate) fn keep_health(&self) -> Result<()> {
        write_private(&self.home.health(), &serde_json::to_vec_pretty(&self.health.standing())?)
    }

    /// Takes over what the running server sees, where one runs: what is in its memory no command can
    /// see otherwise.
    pub(crate) fn hear_server(&self) -> Result<()> {
        if let Some(told) = told_by_server(&self.home)? {
            self.health.tell("server", told);
        }
        Ok(())
    }
}

/// What a server that runs here found in doubt.
pub(crate) fn doubt_of_server(home: &Home) -> Result<Option<String>> {
    let told = told_by_server(home)?.unwrap_or_default();
    Ok(told.into_iter().find(|one| one.rule == IN_DOUBT).map(|one| one.detail))
}

/// The list of conditions of the server that runs here, if one does.
fn told_by_server(home: &Home) -> Result<Option<Vec<Condition>>> {
    let path = home.health();
    if !Hold::is_owned(home)? || !path.exists() {
        return Ok(None);
    }
    let place = || path.display().to_string();
    let length = std::fs::metadata(&path).with_context(place)?.len();
    anyhow::ensure!(length <= LONGEST_FILE_BYTES, "{}: it is too long", place());
    let told = std::fs::read(&path).with_context(place)?;
    Ok(Some(serde_json::from_slice(&told).with_context(place)?))
}
