//! Damage of every file beside the database: something notices it, or it is harmless.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Settings;
use super::chance::Chance;
use super::files::{Damage, hurt};
use super::stopped::{check, copied, in_parallel};
use crate::demo::copy_populated;
use crate::installation::{Installation, command};

/// What belongs to people outside, to the demo, or is the database, which other suites damage.
const ELSEWHERE: [&str; 4] = ["data/handed-out", "certificates", "pcscd", "data/state.db"];

/// Directories with many files of a kind, of which one stands for all.
const MANY: [&str; 3] = ["data/cards", "data/keys/users", "data/queries"];

/// What nothing need notice, and why.
const HARMLESS: [(&str, &str); 7] = [
    ("data/health.json", "how the program stands: written anew whenever it looks"),
    ("data/cards", "an emulated card of the cabinet answers for itself, as the real one would"),
    ("data/heard.db", "made again of the query records where it is lost or not as it was written"),
    ("data/vault.key", "opens the emulated cards alone"),
    ("data/keys/users", "nobody's keys yet: another is made where one does not open"),
    ("data/register", "another authority's: it is asked, and its own order of events is held"),
    ("data/tls", "clients' copies, and the server's own: certified anew"),
];

/// By what a finding names what lies in these places; any other is named as its file is.
const NAMED: [(&str, &str); 14] = [
    ("checkpoints", "checkpoint place checkpoints: "),
    ("checkpoints", "the journal is not intact: checkpoint of size "),
    ("data/keys/store.json", "data/keys holds no key store"),
    ("data/keys/jpki-auth-ca-1.key", "there is no key jpki-auth-ca-1"),
    ("data/keys/saitama-sign-ca-1.key", "there is no key saitama-sign-ca-1"),
    ("data/keys/cards-1.cards", "no card can be made or changed"),
    ("data/service-keys/store.json", "data/service-keys holds no key store"),
    // A key of a service that is gone is made anew, and what the old one did is told.
    ("data/service-keys/audit-1.key", "it bears no valid signature of jitsuin.example/journal"),
    ("data/service-keys/jpki-auth-ocsp-1.key", "ocsp-responder-ended jpki-auth"),
    ("data/service-keys/saitama-sign-ocsp-1.key", "ocsp-responder-ended saitama-sign"),
    ("data/service.key", "the master key does not open the key store in data/service-keys"),
    ("data/state.key", "its authenticator does not fit"),
    ("data/personal.key", "another personal data key"),
    ("data/custody.json", "custody-record"),
];

/// One file damaged in one way.
struct Case {
    file: PathBuf,
    damage: Damage,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.file.display(), self.damage)
    }
}

#[test]
fn e2_v11_damage_of_every_file_beside_the_database_is_noticed_or_harmless() {
    let settings = Settings::read();
    let original = TempDir::new().unwrap();
    copy_populated(original.path());
    let files = files(original.path());
    let known = |place: &str| files.iter().any(|file| file.starts_with(place));
    for (place, reason) in HARMLESS {
        assert!(known(place), "{place} is harmless ({reason}), and is not there");
    }
    let all = files.iter().flat_map(|file| {
        let damages = [Damage::Flipped, Damage::Cut, Damage::Deleted];
        damages.map(|damage| Case { file: file.clone(), damage })
    });
    let outcomes = in_parallel(all.collect(), |case| {
        let chance = Chance::named(settings.seed, &case.to_string());
        let noticed = noticed(original.path(), &case, chance);
        (case, noticed)
    });
    let of_harm = || outcomes.iter().filter(|(case, _)| !is_harmless(case));
    let unnoticed = of_harm().filter_map(|(case, noticed)| match noticed {
        Noticed::AsItself => None,
        Noticed::AsAnother(told) => Some(format!("{case}: found as another: {told}")),
        Noticed::Not => Some(format!("{case}: not noticed")),
    });
    let unnoticed: Vec<_> = unnoticed.collect();
    println!("{settings}: {} damages, {} of them harmful", outcomes.len(), of_harm().count());
    assert!(unnoticed.is_empty(), "{settings}:\n{}", unnoticed.join("\n"));
}

fn is_harmless(case: &Case) -> bool {
    HARMLESS.iter().any(|(place, _)| case.file.starts_with(place))
}

/// The files that are damaged, relative to the installation.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        let mut entries: Vec<_> =
            fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let relative = path.strip_prefix(root).unwrap();
            if ELSEWHERE.iter().any(|place| relative.to_string_lossy().starts_with(place)) {
                continue;
            }
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let many = MANY.iter().any(|place| relative.starts_with(place));
            let kind =
                (relative.parent().map(Path::to_owned), relative.extension().map(Into::into));
            let kind: (Option<PathBuf>, Option<PathBuf>) = kind;
            if path.is_file() && (!many || seen.insert(kind)) {
                files.push(relative.to_owned());
            }
        }
    }
    files
}

/// What came of a damage.
enum Noticed {
    /// It was told, and of which file.
    AsItself,
    /// Something failed, and nothing of it says which file it was.
    AsAnother(String),
    Not,
}

/// Whether the check, the journal's verification, or a start with its custodians tells of the damage.
fn noticed(original: &Path, case: &Case, mut chance: Chance) -> Noticed {
    let place = copied(original);
    let file = place.path().join(&case.file);
    let before = fs::read(&file).unwrap();
    hurt(&file, case.damage, &mut chance);
    if fs::read(&file).is_ok_and(|after| after == before) {
        return Noticed::AsItself;
    }
    let timeout = Duration::from_secs(if is_harmless(case) { 0 } else { 30 });
    let looks: [&dyn Fn() -> Option<String>; 3] =
        [&|| check(place.path()), &|| verification(place.path()), &|| {
            findings_of_a_start(&place, timeout)
        }];
    let mut others = Vec::new();
    for look in looks {
        match look() {
            Some(told) if is_named(case, &told) => return Noticed::AsItself,
            told => others.extend(told),
        }
    }
    if others.is_empty() { Noticed::Not } else { Noticed::AsAnother(others.join(" | ")) }
}

/// Whether what is told says which file it is, or what lies in it.
fn is_named(case: &Case, told: &str) -> bool {
    let name = case.file.file_name().unwrap().to_string_lossy();
    let meant = NAMED.iter().filter(|(place, _)| case.file.starts_with(place));
    told.contains(&*name) || meant.into_iter().any(|(_, word)| told.contains(word))
}

/// What the verification says, unless it has nothing to say: what is no note any more is a remark.
fn verification(place: &Path) -> Option<String> {
    let words = ["audit", "verify", "data/state.db", "--key", "data/audit.pub"];
    let said =
        command(place, "manager-1", &[&words[..], &["--checkpoints", "checkpoints"]].concat());
    let told: Option<Value> = serde_json::from_slice(&said.stdout).ok();
    let is_fine = said.status == Some(0) && told.is_some_and(|told| told["remarks"] == json!([]));
    (!is_fine).then_some(said.text)
}

/// What a start says, or a check by its server, which looks around every few seconds; `timeout` is for
/// what must be found.
fn findings_of_a_start(place: &Installation, timeout: Duration) -> Option<String> {
    let server = match place.serve(&[]) {
        Ok(server) => server,
        Err(said) => return Some(said),
    };
    match server.client.awaken() {
        Ok((200, keys)) if keys["active"] == true => {}
        told => return Some(format!("{told:?} {}", fs::read_to_string(place.log()).unwrap())),
    }
    let begun = Instant::now();
    loop {
        let told = server.client.ask("manager-1", "GET", "check", None, &[]);
        if !matches!(&told, Ok((200, report)) if report["consistent"] == true) {
            return Some(format!("{told:?}"));
        }
        if begun.elapsed() > timeout {
            return None;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}
