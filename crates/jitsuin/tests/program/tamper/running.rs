//! Changes while the program runs: found within a minute, and then nothing is done on the database.

use std::fs;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::run;

use super::chance::Chance;
use super::change::{Change, Shape};
use super::harmless::entry;
use super::stopped::{copied, in_parallel, names};
use super::{Settings, populate};
use crate::installation::{Client, Installation};

/// So many tables are changed in the short form.
const AT_LEAST: usize = 8;

/// Within this time what was changed is found, whatever it was.
const FOUND_WITHIN: Duration = Duration::from_secs(60);

/// The rule by which health and `check` tell of doubt.
const IN_DOUBT: &str = "state-in-doubt";

/// Whoever only reads beside the program changes nothing: no doubt, and the work goes on.
#[test]
fn e6_who_only_reads_while_it_runs_raises_no_doubt() {
    let original = TempDir::new().unwrap();
    populate::copy(original.path());
    let place = copied(original.path());
    let server = place.serve(&[]).unwrap();
    assert_eq!(server.client.awaken().unwrap().0, 200);
    let begun = Instant::now();
    // Longer than rights, keys and plans are proven in.
    while begun.elapsed() < Duration::from_secs(12) {
        let database = Connection::open(place.path().join("data/state.db")).unwrap();
        for table in Shape::all(&database) {
            let sql = format!("SELECT count(*) FROM {}", table.name);
            database.query_row(&sql, [], |row| row.get::<_, u64>(0)).unwrap();
        }
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(database);
        assert!(!is_in_doubt(&server.client));
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(works_on(&server.client).is_some(), "everything is done");
}

#[test]
fn e2_v11_changes_while_running_are_found_within_a_minute_and_stop_the_work() {
    let settings = Settings::read();
    let original = TempDir::new().unwrap();
    populate::copy(original.path());
    let database = Connection::open(original.path().join("data/state.db")).unwrap();
    let mut tables = Shape::all(&database);
    drop(database);
    let mut chance = Chance::named(settings.seed, "running");
    chance.shuffle(&mut tables);
    // The long form changes every table so many times, the short one some of them once.
    let changed = if settings.rounds > 0 { tables.len() } else { AT_LEAST };
    let rounds = 0..settings.rounds.max(1);
    let work: Vec<_> = rounds
        .flat_map(|round| tables.iter().take(changed).map(move |table| (round, table)))
        .map(|(round, table)| {
            let mut changes = table.changes();
            changes.retain(|change| entry(&table.name, change).is_none());
            (round, table, changes.swap_remove(chance.pick(changes.len()).unwrap()))
        })
        .collect();
    let outcomes = in_parallel(work, |(number, table, change)| {
        let place = copied(original.path());
        let name = format!("running {} {number}", table.name);
        let chance = Chance::named(settings.seed, &name);
        one(&place, table, &change, chance)
    });
    let made: Vec<_> = outcomes.into_iter().flatten().collect();
    let slowest = made.iter().filter_map(|one| one.as_ref().ok()).max();
    println!(
        "{settings}: {} changes while running; the slowest found after {slowest:?}",
        made.len()
    );
    assert!(made.len() >= AT_LEAST / 2, "{settings}: only {} changes were made", made.len());
    let wrong: Vec<_> = made.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{settings}:\n{}", wrong.join("\n"));
}

/// After how long a change was found; none where there was nothing to change.
fn one(
    place: &Installation,
    table: &Shape,
    change: &Change,
    mut chance: Chance,
) -> Option<Result<Duration, String>> {
    let server = place.serve(&[]).unwrap();
    assert_eq!(server.client.awaken().unwrap().0, 200);
    let done = {
        let database = Connection::open(place.path().join("data/state.db")).unwrap();
        database.busy_timeout(Duration::from_secs(10)).unwrap();
        table.make(&database, &populate::older(place.path()), change, &mut chance)?
    };
    let begun = Instant::now();
    let found = loop {
        if let Some(found) = doubt(place) {
            break found;
        }
        if begun.elapsed() > FOUND_WITHIN {
            return Some(Err(format!("not found: {}: {change} ({done})", table.name)));
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    let after = begun.elapsed();
    if !names(&table.name, change, &found) {
        let told = format!("found as another: {}: {change} ({done}): {found}", table.name);
        return Some(Err(told));
    }
    let url = format!("https://{}/api/v1/health", server.api);
    let health = run(place.path(), "curl", &["-s", "--cacert", "data/tls/ca.pem", &url]).text;
    if !health.contains(IN_DOUBT) {
        return Some(Err(format!("health does not tell: {}: {change}: {health}", table.name)));
    }
    Some(match works_on(&server.client) {
        Some(said) => Err(format!("{}: {change} ({done}): work goes on: {said}", table.name)),
        None => Ok(after),
    })
}

/// What the program says that it doubts.
fn doubt(place: &Installation) -> Option<String> {
    let word = fs::read(place.path().join("data/health.json")).ok()?;
    let word: Value = serde_json::from_slice(&word).ok()?;
    let mut conditions = word["conditions"].as_array()?.iter();
    let doubt = conditions.find(|one| one["rule"] == IN_DOUBT)?;
    Some(doubt["detail"].to_string())
}

/// Whether the program says that it does nothing on its database.
fn is_in_doubt(client: &Client) -> bool {
    let told = client.ask("operator-1", "POST", "register-runs", None, &[]);
    matches!(told, Ok((503, answer)) if answer.to_string().contains("in doubt"))
}

/// What is still carried out.
fn works_on(client: &Client) -> Option<String> {
    let path = "cas/jpki-auth/publication";
    let published = client.ask("repository-1", "POST", path, Some(&json!({})), &[]).unwrap();
    let is_published = published.1.to_string().contains("\"outcome\":\"published\"");
    let person = json!({ "id": "late-1", "name": "late", "roles": ["examiner"] });
    let proposed = client.ask("operator-1", "POST", "people", Some(&person), &[]).unwrap();
    (is_published || proposed.0 < 300).then(|| format!("{published:?}, {proposed:?}"))
}
