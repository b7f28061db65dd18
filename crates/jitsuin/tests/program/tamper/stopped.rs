//! Changes while nothing runs, found by the check that whoever starts the program runs first.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;
use testkit::run;

use super::chance::Chance;
use super::change::{Change, Shape};
use super::harmless::{EMPTY, HARMLESS, entry};
use super::{Settings, populate};
use crate::installation::{Installation, command};

/// How many checks run at once.
const AT_ONCE: usize = 3;

/// How long the short form begins anything new.
const SHORT_FORM: Duration = Duration::from_secs(150);

/// So many changes are made at least, however slow the machine.
const LEAST: usize = 100;

/// By what a finding names what lies in these tables; any other is named as its table is.
const NAMED: [(&str, &str); 8] = [
    ("certificate_octets", "its octets"),
    ("crl_chunk", "stored crl"),
    ("journal", "entry "),
    ("journal_personal", "personal part"),
    ("merkle_node", "tree"),
    ("meta", "personal data key"),
    ("state_digest", "state digest"),
    ("state_verified", "verified state"),
];

/// What came of one change.
struct Outcome {
    table: String,
    change: Change,
    /// What was done; none where there was nothing that could be changed so.
    done: Option<String>,
    /// What the check said; none where it found nothing.
    found: Option<String>,
}

#[test]
fn e2_v11_every_change_of_every_column_while_stopped_is_found_or_listed_as_harmless() {
    let settings = Settings::read();
    let original = TempDir::new().unwrap();
    populate::copy(original.path());
    assert_eq!(check(original.path()), None, "what nobody changed is sound");
    let database = original.path().join("data/state.db");
    let tables = Shape::all(&Connection::open(database).unwrap());
    let outcomes = all(&settings, original.path(), &tables);
    let done = outcomes.iter().filter(|one| one.done.is_some()).count();
    let found = outcomes.iter().filter(|one| one.found.is_some()).count();
    println!("{}: {} changes tried, {done} made, {found} found", settings, outcomes.len());
    for one in outcomes.iter().filter(|one| one.done.is_none()) {
        println!("nothing to change: {}: {}", one.table, one.change);
    }
    assert!(done >= LEAST, "{settings}: only {done} changes were made");
    let unjustified = unjustified(&outcomes, &tables);
    let wrong = [unfound(&outcomes), misnamed(&outcomes), unjustified, untried(&outcomes)].concat();
    assert!(wrong.is_empty(), "{settings}: {} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every change of every table, so many times; each on a copy of its own.
fn all(settings: &Settings, original: &Path, tables: &[Shape]) -> Vec<Outcome> {
    let mut work: Vec<_> = (0..settings.rounds.max(1))
        .flat_map(|round| tables.iter().map(move |table| (round, table)))
        .flat_map(|(round, table)| {
            chosen(settings, table).into_iter().map(move |one| (round, table, one))
        })
        .collect();
    Chance::named(settings.seed, "order").shuffle(&mut work);
    let (begun, wanted) = (Instant::now(), work.len());
    let outcomes = in_parallel(work, |(round, table, change)| {
        let chance = Chance::named(settings.seed, &format!("{} {change} {round}", table.name));
        // The short form stays short on a slow machine.
        let is_late = settings.rounds == 0 && begun.elapsed() > SHORT_FORM;
        (!is_late).then(|| one(original, table, change, chance))
    });
    let outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    println!("{settings}: {} changes left out, for it was late", wanted - outcomes.len());
    outcomes
}

/// Does `work` for each, a few at once; what it came to.
pub(super) fn in_parallel<W: Send, O: Send>(
    work: Vec<W>,
    one: impl Fn(W) -> O + Send + Sync,
) -> Vec<O> {
    let (work, outcomes) = (Mutex::new(work), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = work.lock().unwrap().pop();
                    let Some(next) = next else { break };
                    let outcome = one(next);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    outcomes.into_inner().unwrap()
}

/// A copy of an installation of its own.
pub(super) fn copied(original: &Path) -> Installation {
    let from = format!("{}/.", original.display());
    Installation::made_by(|place| assert!(run(place, "cp", &["-a", &from, "."]).success))
}

/// Every change of a table; in the short form one of the two of each column.
fn chosen(settings: &Settings, table: &Shape) -> Vec<Change> {
    let mut chance = Chance::named(settings.seed, &table.name);
    let mut altered = true;
    let is_chosen = |change: &Change| match change {
        Change::Altered(_) => {
            altered = settings.rounds > 0 || chance.below(3) > 0;
            altered
        }
        Change::Emptied(_) => settings.rounds > 0 || !altered,
        _ => true,
    };
    table.changes().into_iter().filter(is_chosen).collect()
}

fn one(original: &Path, table: &Shape, change: Change, mut chance: Chance) -> Outcome {
    let place = copied(original);
    let older = populate::older(place.path());
    let done = {
        let database = Connection::open(place.path().join("data/state.db")).unwrap();
        table.make(&database, &older, &change, &mut chance)
    };
    let found = done.as_ref().and_then(|_| check(place.path()));
    Outcome { table: table.name.clone(), change, done, found }
}

/// What the check says, unless everything agrees.
pub(super) fn check(place: &Path) -> Option<String> {
    let said = command(place, "manager-1", &["check"]);
    assert!(!said.text.contains("panicked"), "{}", said.text);
    (said.status != Some(0)).then_some(said.text)
}

/// What nothing noticed and nobody allowed.
fn unfound(outcomes: &[Outcome]) -> Vec<String> {
    let silent = outcomes.iter().filter(|one| one.done.is_some() && one.found.is_none());
    silent
        .filter(|one| entry(&one.table, &one.change).is_none())
        .map(|one| {
            let done = one.done.clone().unwrap_or_default();
            format!("not found: {}: {} ({done})", one.table, one.change)
        })
        .collect()
}

/// Whether a finding says what was changed: the table as a word of its own, or what lies in it.
pub(super) fn names(table: &str, change: &Change, told: &str) -> bool {
    let is_named = |word: &str| word == table;
    let words = told.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let by_word = NAMED.iter().filter(|(named, _)| *named == table);
    // What has not even the length of an authenticator or key is no row of any table.
    let is_no_row = matches!(change, Change::Emptied(_)) && told.contains("stored row is corrupt");
    words.into_iter().any(is_named)
        || is_no_row
        || by_word.into_iter().any(|(_, word)| told.contains(word))
}

/// What was found as something else than it is: any failure would be such a finding.
fn misnamed(outcomes: &[Outcome]) -> Vec<String> {
    let found = outcomes.iter().filter_map(|one| Some((one, one.found.as_deref()?)));
    found
        .filter(|(one, told)| !names(&one.table, &one.change, told))
        .map(|(one, told)| format!("found as another: {}: {}: {told}", one.table, one.change))
        .collect()
}

/// What is listed as harmless and is found, or is nothing.
fn unjustified(outcomes: &[Outcome], tables: &[Shape]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in outcomes.iter().filter(|one| one.found.is_some()) {
        if let Some(entry) = entry(&one.table, &one.change) {
            wrong
                .push(format!("found after all: {}: {} ({})", one.table, one.change, entry.reason));
        }
    }
    let known = |table: &str, change: &str| {
        let shape = tables.iter().find(|shape| shape.name == table);
        shape.is_some_and(|shape| shape.changes().iter().any(|one| one.to_string() == change))
    };
    for one in HARMLESS.iter().filter(|one| !known(one.table, one.change)) {
        wrong.push(format!("names nothing: {}: {}", one.table, one.change));
    }
    wrong
}

/// Tables in which no value could be changed, beside those that are known to be empty.
fn untried(outcomes: &[Outcome]) -> Vec<String> {
    let mut wrong = Vec::new();
    for one in outcomes.iter().filter(|one| matches!(one.change, Change::Altered(_))) {
        let is_empty = EMPTY.iter().any(|(table, _)| *table == one.table);
        if one.done.is_some() == is_empty {
            wrong.push(format!("{}: {}: empty: {is_empty}", one.table, one.change));
        }
    }
    wrong
}
