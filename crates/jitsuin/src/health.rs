//! What the installation itself watches, and how the server's list of conditions reaches a command.

use std::cmp::Reverse;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use domain::compromise::CompromiseState;
use jiff::{SignedDuration, Timestamp};
use keys::KeyError;
use serde::{Deserialize, Serialize};
use store::reads::{ReadGenerations, ReadHead, ReadProceedings};
use store::{CeremonyRow, OpenFile, OpenFiles, Sqlite};
use web::desk::Condition;

use crate::hold::Hold;
use crate::home::{Home, write_private};
use crate::own_tls::TlsFiles;
use crate::system::System;

/// More than this in the server's file is a fault; it tells no more than [`MOST_TOLD`] conditions.
const LONGEST_FILE_BYTES: u64 = 1024 * 1024;

/// So many conditions are told to commands: whoever acts on these looks again.
const MOST_TOLD: usize = 200;

/// How long a server that just starts is waited for.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A server tells how it is every few seconds; after so long it stands still, or its clock is another.
const SERVER_SILENT: SignedDuration = SignedDuration::from_mins(2);

/// How old the last word of a server may be that does not stand still.
const ONE_WORD: SignedDuration = SignedDuration::from_secs(5);

/// What the database and the files show at each look: a command looks for itself, and later than the
/// server did. Destroyed keys are not among it: whether one came back in a token only those see who
/// have the token awake.
const SHOWN_TO_ALL: [&str; 5] = ["procedures", "journal", "backups", "custodians", "disk"];

/// The rule under which a database in doubt is told.
const IN_DOUBT: &str = "state-in-doubt";

impl System {
    /// Looks at everything that state, disk and keys show, and tells the list of conditions.
    pub(crate) fn look_around(&self) {
        for (part, seen) in [
            ("keys", self.unusable_keys()),
            ("procedures", self.unfinished_procedures()),
            ("issues", Ok(self.issues_left_open())),
            ("clock", Ok(self.stopped_signing())),
            ("journal", self.auditor().conditions()),
            ("backups", self.backups_seen()),
            ("destroyed keys", self.returned_keys()),
            ("custodians", self.unregistered_custodians()),
            ("shares", Ok(self.shares_seen())),
            ("names", self.names_seen()),
            ("client issuers", self.lists_of_client_issuers()),
        ] {
            self.tell(part, seen);
        }
        self.watch_database();
        self.watch_disk();
    }

    /// Looks whether the disk has room for strangers, and tells when it has not. A server does so every
    /// few seconds, whatever else takes long: a flood fills what is left in minutes.
    pub(crate) fn watch_disk(&self) {
        self.tell("disk", self.short_disk());
    }

    /// Tells at once what must not wait for the rest: doubt, and that nothing is committed.
    pub(crate) fn watch_database(&self) {
        self.tell("doubt", Ok(self.doubt()));
        self.tell("commits", Ok(self.failing_commits()));
    }

    /// Looks at all that lies outside of the database, which may be much: at a start and once a day.
    /// Whether nothing was wrong.
    pub(crate) fn look_outside(&self) -> bool {
        let seen = self.auditor().differing();
        let is_right = seen.as_ref().is_ok_and(Vec::is_empty);
        self.tell("outside", seen);
        is_right
    }

    fn tell(&self, part: &str, seen: Result<Vec<Condition>>) {
        let failed = |error| vec![Condition::failing("look-failed", part, format!("{error:#}"))];
        self.health.tell(part, seen.unwrap_or_else(failed));
    }

    /// Goes on with what was declared and cut off; `check` names it until it is done.
    pub(crate) fn go_on_with_compromises(&self) -> Result<()> {
        let act = self.act("compromise")?;
        Ok(self.desk_without_windows().compromises().go_on(&act)?)
    }

    /// A disk on which less than the reserve is left; strangers are turned away while it is so.
    fn short_disk(&self) -> Result<Vec<Condition>> {
        let place = self.home.directory();
        let seen = rustix::fs::statvfs(place)?;
        let left = seen.f_bavail.saturating_mul(seen.f_frsize) >> 20;
        let reserve = self.config.disk_reserve_mib;
        let is_short = left < reserve;
        self.room.note(is_short);
        let told = format!(
            "{left} MiB are left of the {reserve} MiB kept for revocations, lists and verifiers: \
             strangers are turned away until there is more"
        );
        let short = || Condition::failing("disk-reserve", place.display(), told);
        Ok(is_short.then(short).into_iter().collect())
    }

    /// Keys that should be usable, since the custodians woke them, and are not.
    fn unusable_keys(&self) -> Result<Vec<Condition>> {
        let mut seen = Vec::new();
        if !self.custody.is_active() {
            return Ok(seen);
        }
        for (ca, authority) in &self.authorities {
            for (generation, error) in authority.generations().unusable_keys(self.now())? {
                let mut told =
                    format!("its key cannot be used, though the keys are awake: {error}");
                if matches!(error, KeyError::UnknownLabel(_) | KeyError::Corrupt(_)) {
                    told += "; a ceremony with restore brings it back from its backup (K4)";
                }
                seen.push(Condition::failing("key-unusable", generation, told).of_ca(ca));
            }
        }
        let cards = match self.cards.check() {
            Ok(Some(_)) => None,
            Ok(None) => Some(
                "the key store does not have it: a ceremony with restore brings it back (K4)"
                    .into(),
            ),
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

    /// That the database takes nothing: a full disk, say.
    fn failing_commits(&self) -> Vec<Condition> {
        let failing = |told| Condition::failing("commits-failing", "database", told);
        self.store.failing().map(failing).into_iter().collect()
    }

    /// Names in the configuration for which the server is not certified.
    fn names_seen(&self) -> Result<Vec<Condition>> {
        let warned = other_names(self)?.map(|told| Condition::warning("tls-names", "server", told));
        Ok(warned.into_iter().collect())
    }

    /// Lists of client issuers that do not hold: nobody comes in by a certificate of theirs.
    fn lists_of_client_issuers(&self) -> Result<Vec<Condition>> {
        let mut seen = Vec::new();
        for table in &self.config.client_issuers {
            if let Err(told) = table.issuer()?.answers_until((self.clock)()) {
                let told = format!("{told}: nobody comes in by a certificate of theirs");
                seen.push(Condition::failing("client-issuer-list", table.list.display(), told));
            }
        }
        Ok(seen)
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
        seen.extend(self.half_destroyed()?);
        seen.extend(self.unfinished_ceremonies()?);
        Ok(seen)
    }

    /// Keys whose destruction was begun and not brought to its end.
    fn half_destroyed(&self) -> Result<Vec<Condition>> {
        let told = "the destruction of its key was begun and has not ended: hold the same script again, or \
                    another ceremony with destroy-ca-key for it, with every medium in its place (A 6.2.10.1, \
                    S 6-2-1-9)";
        let mut seen = Vec::new();
        for (ca, authority) in &self.authorities {
            for generation in authority.generations().all() {
                if authority.generations().is_half_destroyed(&generation)? {
                    let subject = format!("generation {}", generation.number);
                    let unfinished = Condition::failing("destruction-unfinished", subject, told);
                    seen.push(unfinished.of_ca(ca));
                }
            }
        }
        Ok(seen)
    }

    /// Ceremonies that began and did not end.
    fn unfinished_ceremonies(&self) -> Result<Vec<Condition>> {
        let told = |row: CeremonyRow| {
            let told = format!(
                "{}, {} steps done: where nobody holds it now, the same people go on with the same script, or the \
                 CA manager gives it up (jitsuin ceremony abandon)",
                row.state, row.steps_done
            );
            Condition::warning("ceremony-unfinished", row.id, told)
        };
        Ok(self.store.unfinished_ceremonies()?.into_iter().map(told).collect())
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
            for generation in authority.generations().all() {
                if authority.generations().is_destroyed(&generation)? {
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

    /// Leaves what this server knows where a command beside it finds it.
    pub(crate) fn keep_health(&self) -> Result<()> {
        // Whoever writes last has looked last.
        static WRITING: Mutex<()> = Mutex::new(());
        let _turn = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let told = ServerWord {
            at: self.now().as_second(),
            files: self.store.open_files().files().to_vec(),
            last: self.store.last_seen(),
            seals: self.is_sealing.load(Ordering::SeqCst),
            conditions: worst(self.health.standing_but(&SHOWN_TO_ALL)),
        };
        write_private(&self.home.health(), &serde_json::to_vec_pretty(&told)?)
    }

    /// Takes over what the running server sees, where one runs: what is in its memory no command can
    /// see otherwise.
    pub(crate) fn hear_server(&self) -> Result<()> {
        let Some(said) = said_by_server(&self.home)? else { return Ok(()) };
        let mut told = said.conditions;
        let at = Timestamp::from_second(said.at).context("the server's clock")?;
        if self.now().duration_since(at).abs() > SERVER_SILENT {
            let why =
                format!("it last told at {at} how it is: it stands still, or its clock is another");
            told.push(Condition::failing("server-silent", "server", why));
        }
        self.health.tell("server", told);
        Ok(())
    }
}

/// No more conditions than commands are told, those that fail first.
fn worst(mut conditions: Vec<Condition>) -> Vec<Condition> {
    if conditions.len() <= MOST_TOLD {
        return conditions;
    }
    conditions.sort_by_key(|one| (one.rule != IN_DOUBT, Reverse(one.gravity)));
    let more = conditions.split_off(MOST_TOLD);
    let told = format!("{} more are not told here", more.len());
    conditions.push(Condition::warning("more-conditions", "server", told));
    conditions
}

/// What the configuration names and the server is not certified for, in words.
pub(crate) fn other_names(system: &System) -> Result<Option<String>> {
    let files = TlsFiles::read(&system.home)?;
    system.why_not_alone(files.as_ref())
}

/// What a server tells the commands beside it. It is about this run of it: whoever owns an
/// installation next takes the file away first of all.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerWord {
    /// When it said so, by its clock, in seconds since 1970.
    at: i64,
    /// The files that it has open.
    files: Vec<OpenFile>,
    /// The last journal entry that it committed or read.
    last: Option<(u64, [u8; 32])>,
    /// Whether it seals as it goes; before that it starts.
    #[serde(default)]
    seals: bool,
    /// What it sees and a command beside it does not.
    conditions: Vec<Condition>,
}

impl ServerWord {
    /// Refuses where it found the database in doubt.
    fn expect_no_doubt(&self) -> Result<()> {
        match self.conditions.iter().find(|one| one.rule == IN_DOUBT) {
            None => Ok(()),
            Some(doubt) => {
                bail!("the server that runs here found the database in doubt: {}", doubt.detail)
            }
        }
    }

    /// Refuses where one of its files is none of the caller's.
    fn expect_files(&self, files: &OpenFiles) -> Result<()> {
        let Some(file) = files.lacks(&self.files) else { return Ok(()) };
        bail!(
            "{}: another file lies there than the one that the server has open: what is written to \
             it would be lost. Stop the server, and see what `jitsuin check` tells",
            file.display()
        );
    }
}

/// Sets aside what a server said that runs no more: what it had seen must still be there.
pub(crate) fn set_word_aside(home: &Home) -> Result<()> {
    moved(std::fs::rename(home.health(), home.last_word()), &home.health())
}

/// Forgets what servers said that run no more, once people accepted that less is there.
pub(crate) fn forget_words(home: &Home) -> Result<()> {
    for word in [home.health(), home.last_word()] {
        moved(std::fs::remove_file(&word), &word)?;
    }
    Ok(())
}

/// Where nothing lies there is nothing to do.
fn moved(outcome: std::io::Result<()>, path: &Path) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| path.display().to_string())
        }
        _ => Ok(()),
    }
}

/// What servers had seen that is not there any more: an older state was put back between two runs, or
/// the log was lost. A word that cannot be read says nothing.
pub(crate) fn seen_and_gone(home: &Home, store: &Sqlite) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for word in [home.last_word(), home.health()] {
        let Ok(Some(ServerWord { last: Some(last), .. })) = read_word(&word) else { continue };
        if !store.has_entry(last)? {
            gone.push(format!(
                "journal entry {}: the server that ran last had seen it, and it is not there any more",
                last.0
            ));
        }
    }
    Ok(gone)
}

/// Refuses to open a database that the server that runs here does not have open: whoever opens it makes
/// an index of the log where none lies, and from then on there are two.
///
/// # Errors
/// The file that lies elsewhere; that the server said nothing yet.
pub(crate) fn meet_server(home: &Home) -> Result<()> {
    match said_by_server(home)? {
        Some(said) => {
            said.expect_no_doubt()?;
            said.expect_files(&OpenFiles::of(&home.database())?)
        }
        None => Ok(()),
    }
}

/// Refuses what a command beside a running server must not do: where that one is in doubt, has other
/// files open, or lives in another time.
///
/// # Errors
/// What the server said; that it said nothing yet.
pub(crate) fn agree_with_server(
    home: &Home,
    store: &Sqlite,
    clock: &dyn Fn() -> Timestamp,
    limit: SignedDuration,
) -> Result<()> {
    let Some(mut said) = said_by_server(home)? else { return Ok(()) };
    said.expect_no_doubt()?;
    said.expect_files(store.open_files())?;
    // A word that is some seconds old says nothing about the clocks; the next one comes soon.
    let begun = Instant::now();
    loop {
        let (now, at) = (clock(), Timestamp::from_second(said.at).context("the server's clock")?);
        if now.duration_since(at).abs() <= limit + ONE_WORD {
            return Ok(());
        }
        if begun.elapsed() > TIMEOUT {
            bail!(
                "clock: it says {now}, and the server that runs here said {at} when it last told how it \
                 is (A 6.8): one of the clocks is wrong, or was set since that server started, or it \
                 stands still; start it again by the right clock"
            );
        }
        std::thread::sleep(Duration::from_millis(100));
        match said_by_server(home)? {
            Some(again) => said = again,
            None => return Ok(()),
        }
    }
}

/// Whether the process that owns the installation has not come to sealing as it goes: a server that
/// starts, or `init`.
pub(crate) fn is_starting(home: &Home) -> Result<bool> {
    let seals = |word: Option<ServerWord>| word.is_some_and(|said| said.seals);
    Ok(Hold::is_owned(home)? && !seals(read_word(&home.health())?))
}

/// What the server that runs here said last, if one does; one that just starts is waited for.
fn said_by_server(home: &Home) -> Result<Option<ServerWord>> {
    let begun = Instant::now();
    loop {
        if !Hold::is_owned(home)? {
            return Ok(None);
        }
        match read_word(&home.health())? {
            Some(said) => return Ok(Some(said)),
            None if begun.elapsed() < TIMEOUT => std::thread::sleep(Duration::from_millis(50)),
            None => bail!(
                "{}: another process has it and has not said yet how it stands: try again when it \
                 has started",
                home.directory().display()
            ),
        }
    }
}

fn read_word(path: &Path) -> Result<Option<ServerWord>> {
    let place = || path.display().to_string();
    let Ok(found) = std::fs::metadata(path) else { return Ok(None) };
    anyhow::ensure!(found.len() <= LONGEST_FILE_BYTES, "{}: it is too long", place());
    let told = std::fs::read(path).with_context(place)?;
    let told = serde_json::from_slice(&told);
    Ok(Some(
        told.with_context(|| format!("{}: the server writes it anew within seconds", place()))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However much is wrong, commands beside the server can read its word; doubt is in it.
    #[test]
    fn e6_the_word_to_commands_is_never_too_long_and_tells_of_doubt() {
        let text = "x".repeat(2_000);
        let mut all: Vec<_> = (0..9_000).map(|_| Condition::warning("more", "a", &text)).collect();
        all.push(Condition::failing(IN_DOUBT, "whole installation", "a row"));
        let told = worst(all);
        assert!(told.iter().any(|one| one.rule == IN_DOUBT));
        assert!(told.iter().any(|one| one.detail.starts_with("8801 more")), "{}", told.len());
        let octets = serde_json::to_vec_pretty(&told).expect("JSON").len() as u64;
        assert!(octets < LONGEST_FILE_BYTES, "{octets}");
    }
}
