//! Keys whose backups are missing, torn, or lie on the disk of the data.

use std::os::unix::fs::PermissionsExt;

use keys::{Administer, CardMasters, MakeCardMasters, MemoryKeyStore};
use store::reads::ReadJournal;
use testkit::{Clock, Scratch, act};

use super::*;

/// Places for trying out, on the disk of the scratch directory.
fn here(scratch: &Scratch) -> BackupsTable {
    BackupsTable::to_try_out(scratch.path())
}

#[test]
fn k4_no_key_is_made_whose_backup_would_lie_nowhere_or_on_the_servers_own_disk() {
    let scratch = Scratch::new();
    let home = Home::new(scratch.path());
    let (keys, secret) = (MemoryKeyStore::new(), BackupKey::new(&[7; 32]));
    let clock = Clock::at("2026-11-22T00:00:00Z");
    let label: KeyLabel = "ca-1".parse().expect("a label");
    let make = |table: &BackupsTable| {
        let backups = Backups::new(&home, table, &*scratch.store);
        let made = backups.make_key(&act(&clock), &keys, &label, KeyAlgorithm::EcP256, &secret);
        made.map(|_| backups.files(&label))
    };
    let own = BackupsTable { on_data_disk: false, ..here(&scratch) };
    let nowhere = BackupsTable::default();
    let absent =
        BackupsTable { directories: vec!["/dev/shm/no/medium".into()], on_data_disk: false };
    for (table, rule) in [
        (&own, "lies on the file system of the data"),
        (&nowhere, "name the custodians' media"),
        (&absent, "is the medium in it?"),
    ] {
        let refused = make(table).expect_err(rule).to_string();
        assert!(refused.contains(rule), "{refused}");
        assert!(keys.labels().expect("labels").is_empty(), "no key was made");
    }
    let media = [(); 2].map(|()| tempfile::tempdir_in("/dev/shm").expect("another disk"));
    let directories = media.iter().map(|medium| medium.path().to_owned()).collect();
    let table = BackupsTable { directories, on_data_disk: false };
    assert_eq!(make(&table).expect("a key").len(), 2, "on each medium");
    let backups = Backups::new(&home, &table, &*scratch.store);
    assert!(backups.on_own_disk().is_empty());
    assert_eq!(Backups::new(&home, &own, &*scratch.store).on_own_disk().len(), 1);
}

#[test]
fn k4_a_key_whose_backup_a_cut_swallowed_gives_way_to_one_that_has_a_backup() {
    let scratch = Scratch::new();
    let table = here(&scratch);
    let backups = Backups::new(&Home::new(scratch.path()), &table, &*scratch.store);
    let (keys, secret) = (MemoryKeyStore::new(), BackupKey::new(&[7; 32]));
    let clock = Clock::at("2026-11-22T00:00:00Z");
    let label: KeyLabel = "ca-1".parse().expect("a label");
    let make = || {
        let act = act(&clock);
        let algorithm = KeyAlgorithm::EcP256;
        backups.make_key(&act, &keys, &label, algorithm, &secret).expect("a key")
    };
    let bare = keys.generate(&label, KeyAlgorithm::EcP256).expect("a key");
    let first = make();
    assert_ne!(first, bare, "no backup, no key");
    assert_eq!(make(), first, "found again");
    let backup = backups.read(&label).expect("a backup");
    assert_eq!(MemoryKeyStore::new().restore(&backup, &secret).expect("restored"), first);
    let mode = fs::metadata(backups.path(&label)).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    erase(&backups.path(&label)).expect("erased");
    assert_ne!(make(), first);
}

#[test]
fn k4_a_card_master_key_in_use_is_never_destroyed_because_its_backup_is_not_found() {
    let scratch = Scratch::new();
    let table = here(&scratch);
    let backups = Backups::new(&Home::new(scratch.path()), &table, &*scratch.store);
    let (keys, secret) = (MemoryKeyStore::new(), BackupKey::new(&[7; 32]));
    let clock = Clock::at("2026-11-22T00:00:00Z");
    let label: KeyLabel = "cards-1".parse().expect("a label");
    let make = || backups.make_card_master(&act(&clock), &keys, &label, &secret);
    let made = make().expect("a key");
    let told = |kind, check: CardMasterCheck| {
        let entry = Entry::new(kind, &act(&clock)).subject(&label);
        scratch.store.commit(Unit::new(entry.detail("check_value", Hex(&check.0)))).expect("told");
    };
    let refused = |why: &str| {
        let refused = make().expect_err(why).to_string();
        assert!(refused.contains("bring the backup back"), "{refused}");
        assert_eq!(keys.card_master_check(&label).expect("still there"), made, "{why}");
    };
    let path = backups.path(&label);
    let aside = path.with_extension("aside");
    // A backup that is there and cannot be read is no reason either, used or not.
    fs::write(&aside, fs::read(&path).expect("a backup")).expect("set aside");
    for unreadable in ["", "{}"] {
        fs::write(&path, unreadable).expect("damaged");
        refused("damaged");
    }
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a directory in its place");
    refused("no file");
    fs::remove_dir(&path).expect("removed");
    told(EventKind::KeyBackedUp, made);
    refused("backed up, says the journal");
    fs::rename(&aside, &path).expect("back");
    assert_eq!(make().expect("found again"), made);
}

#[test]
fn k4_a_card_master_key_of_which_cards_were_made_stays() {
    let scratch = Scratch::new();
    let table = here(&scratch);
    let backups = Backups::new(&Home::new(scratch.path()), &table, &*scratch.store);
    let (keys, secret) = (MemoryKeyStore::new(), BackupKey::new(&[7; 32]));
    let clock = Clock::at("2026-11-22T00:00:00Z");
    let label: KeyLabel = "cards-1".parse().expect("a label");
    let bare = keys.generate_card_master(&label, &secret).expect("a key").check;
    let card = store::CardRow {
        id: "card-00000000000000000001".parse().expect("an id"),
        holder: "12345678901".parse().expect("a code"),
        municipality: "11203".parse().expect("a code"),
        record: b"{}".to_vec(),
    };
    let entry = Entry::new(EventKind::ApplicationIssued, &act(&clock));
    let unit = Unit::new(entry).change(store::Change::PutCard(card));
    scratch.store.commit(unit).expect("a card");
    let refused = backups.make_card_master(&act(&clock), &keys, &label, &secret);
    let refused = refused.expect_err("there are cards").to_string();
    assert!(refused.contains("bring the backup back"), "{refused}");
    assert_eq!(keys.card_master_check(&label).expect("still there"), bare);
}

#[test]
fn k4_a_card_master_key_whose_backup_a_cut_swallowed_gives_way_to_one_that_has_a_backup() {
    let scratch = Scratch::new();
    let table = here(&scratch);
    let backups = Backups::new(&Home::new(scratch.path()), &table, &*scratch.store);
    let (keys, secret) = (MemoryKeyStore::new(), BackupKey::new(&[7; 32]));
    let clock = Clock::at("2026-11-22T00:00:00Z");
    let label: KeyLabel = "cards-1".parse().expect("a label");
    let make = || backups.make_card_master(&act(&clock), &keys, &label, &secret).expect("a key");
    let bare = keys.generate_card_master(&label, &secret).expect("a key").check;
    let first = make();
    assert_ne!(first, bare, "no backup, no key");
    assert_eq!(make(), first, "found again");
    let text = fs::read_to_string(backups.path(&label)).expect("a file");
    let backup = CardMasterBackup::from_json(&text).expect("a backup");
    let other = MemoryKeyStore::new();
    other.restore_card_master(&backup, &secret).expect("restored");
    assert_eq!(other.card_master_check(&label).expect("a check value"), first);
}

/// A key with its backup on two media, each in a place of its own.
struct OnMedia {
    scratch: Scratch,
    media: [tempfile::TempDir; 2],
    keys: MemoryKeyStore,
    table: BackupsTable,
}

impl OnMedia {
    fn new() -> Self {
        let media = [(); 2].map(|()| tempfile::tempdir_in("/dev/shm").expect("another disk"));
        let directories = media.iter().map(|medium| medium.path().to_owned()).collect();
        let table = BackupsTable { directories, on_data_disk: false };
        Self { scratch: Scratch::new(), media, keys: MemoryKeyStore::new(), table }
    }

    fn backups(&self) -> Backups<'_> {
        Backups::new(&Home::new(self.scratch.path()), &self.table, &*self.scratch.store)
    }

    fn make(&self) -> Result<PublicKey, KeyError> {
        let act = act(&Clock::at("2026-11-22T00:00:00Z"));
        let secret = BackupKey::new(&[7; 32]);
        self.backups().make_key(&act, &self.keys, &label(), KeyAlgorithm::EcP256, &secret)
    }

    fn ids(&self) -> Vec<MediumId> {
        let read = |place: &tempfile::TempDir| media::read(place.path()).expect("a read");
        self.media.iter().filter_map(read).collect()
    }

    fn differences(&self, made: &PublicKey) -> Vec<String> {
        let keys = [(label(), made.spki_der.clone())];
        let cards = "cards-1".parse().expect("a label");
        self.backups().differences(&keys, &cards).expect("a look")
    }

    fn journal(&self) -> String {
        let entries = self.scratch.store.journal(0, 99).expect("a read");
        entries.into_iter().map(|(_, body)| String::from_utf8(body).expect("JSON")).collect()
    }
}

fn label() -> KeyLabel {
    "ca-1".parse().expect("a label")
}

#[test]
fn k4_a_key_is_made_once_each_medium_has_an_identity_which_a_cut_does_not_change() {
    let room = OnMedia::new();
    let stuck = room.media[1].path().join("ca-1.partial");
    fs::create_dir(&stuck).expect("made");
    room.make().expect_err("a directory is not written as a file is");
    let ids = room.ids();
    assert_eq!(ids.len(), 2, "identified before any copy");
    // A medium that nobody brings again is named, whatever lies on it.
    for id in &ids {
        assert!(room.journal().contains(&id.to_string()), "{id}: {}", room.journal());
    }
    fs::remove_dir(&stuck).expect("removed");
    let made = room.make().expect("a key");
    assert_eq!(room.ids(), ids, "found again");
    for (id, medium) in ids.iter().zip(&room.media) {
        // The cut left the second medium without a copy.
        assert!(medium.path().join("ca-1.json").exists());
        let told = format!("{id} {}", medium.path().display());
        assert!(room.journal().contains(&told), "{told}: {}", room.journal());
    }
    assert_eq!(room.differences(&made), [""; 0]);
    assert_eq!(room.make().expect("found again"), made);
}

#[test]
fn k4_a_medium_that_was_copied_is_refused_and_one_that_was_changed_is_told() {
    let room = OnMedia::new();
    let made = room.make().expect("a key");
    let [first, second] = [0, 1].map(|at: usize| room.media[at].path().join(media::FILE));
    let kept = fs::read(&second).expect("an identity");
    fs::copy(&first, &second).expect("copied");
    let told = room.differences(&made);
    assert!(told.len() == 1 && told[0].contains("one was copied from the other"), "{told:?}");
    room.keys.destroy(&label()).expect("destroyed");
    let refused = room.make().expect_err("a copy").to_string();
    assert!(refused.contains("one was copied from the other"), "{refused}");
    assert!(room.keys.labels().expect("labels").is_empty(), "no key was made");
    fs::remove_file(&second).expect("lost");
    let told = room.differences(&made);
    assert!(told.len() == 1 && told[0].contains("has no identity any more"), "{told:?}");
    let refused = room.make().expect_err("it is given no other").to_string();
    assert!(refused.contains("holds the backup of ca-1 and has no MEDIUM-ID"), "{refused}");
    fs::write(&second, "medium:?").expect("damaged");
    let told = room.differences(&made);
    assert!(told.len() == 1 && told[0].contains("cannot be read"), "{told:?}");
    // Another medium in its place is told by both identities.
    let other = MediumId::from_octets([9; 16]);
    fs::write(&second, format!("{other}\n")).expect("another");
    fs::remove_file(room.media[1].path().join("ca-1.json")).expect("without the backup");
    let told = room.differences(&made);
    let was = String::from_utf8(kept).expect("text");
    assert!(told.len() == 1 && told[0].contains(&other.to_string()), "{told:?}");
    assert!(told[0].contains(was.trim_end()), "{told:?}");
}
