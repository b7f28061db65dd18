//! Changes of the database as files while nothing runs: put back, its log lost or hurt, bad pages.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::chance::Chance;
use super::stopped::{check, copied};
use super::{Settings, populate};

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    Flipped,
    Cut,
    Deleted,
}

#[test]
fn e6_v11_a_database_put_back_a_log_lost_and_a_bad_page_are_found() {
    let settings = Settings::read();
    let original = TempDir::new().unwrap();
    populate::copy(original.path());
    let killed = copied(original.path());
    let mut server = killed.serve(&[]).unwrap();
    assert_eq!(server.client.awaken().unwrap().0, 200);
    let path = "cas/jpki-auth/publication";
    let told = server.client.ask("repository-1", "POST", path, Some(&json!({})), &[]).unwrap();
    assert_eq!(told.0, 200, "{}", told.1);
    // Sealed, and so with the sink, before the kill.
    std::thread::sleep(std::time::Duration::from_secs(1));
    server.kill();
    let mut chance = Chance::named(settings.seed, "database");
    let log = Path::new("data/state.db-wal");
    assert!(fs::metadata(killed.path().join(log)).unwrap().len() > 4096, "a log was left");
    let database = Path::new("data/state.db");
    for damage in [Damage::Deleted, Damage::Cut, Damage::Flipped] {
        let place = copied(killed.path());
        match damage {
            // What follows a bad frame of a log is lost; its end may be no entry's.
            Damage::Flipped => flip_before(&place.path().join(log), 4, &mut chance),
            _ => hurt(&place.path().join(log), damage, &mut chance),
        }
        assert!(check(place.path()).is_some(), "{settings}: the log {damage:?}");
    }
    for older in populate::older(original.path()) {
        let place = copied(original.path());
        fs::copy(&older, place.path().join(database)).unwrap();
        assert!(check(place.path()).is_some(), "{settings}: {} put back", older.display());
    }
    for _ in 0..3 + settings.rounds {
        let place = copied(original.path());
        let page = spoil_a_page(&place.path().join(database), &mut chance);
        assert!(check(place.path()).is_some(), "{settings}: page {page} is bad");
    }
    assert_eq!(check(killed.path()), None, "what was only killed is sound");
}

pub(super) fn hurt(file: &Path, damage: Damage, chance: &mut Chance) {
    let mut octets = fs::read(file).unwrap();
    match damage {
        Damage::Deleted => return fs::remove_file(file).unwrap(),
        Damage::Cut => octets.truncate(octets.len() / 2),
        Damage::Flipped => match chance.pick(octets.len()) {
            Some(place) => octets[place] ^= 1 << chance.below(8),
            None => octets.push(1),
        },
    }
    fs::write(file, octets).unwrap();
}

/// Flips a bit in the first part of so many of a file.
fn flip_before(file: &Path, parts: usize, chance: &mut Chance) {
    let mut octets = fs::read(file).unwrap();
    let place = chance.pick(octets.len() / parts).unwrap();
    octets[place] ^= 1 << chance.below(8);
    fs::write(file, octets).unwrap();
}

/// Overwrites a page beyond the first with another one.
fn spoil_a_page(file: &Path, chance: &mut Chance) -> usize {
    const PAGE: usize = 4096;
    let mut octets = fs::read(file).unwrap();
    let pages = octets.len() / PAGE;
    let page = 1 + chance.pick(pages - 1).unwrap();
    octets[page * PAGE..][..PAGE].fill(0x5a);
    fs::write(file, octets).unwrap();
    page
}
