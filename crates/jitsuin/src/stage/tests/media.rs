//! Media that lie in one place in turn, lose their identity, are copied, or never had one; and the end of a key
//! whose copies are on them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use domain::ceremony::RestoreTarget;
use domain::journal::EventKind;
use domain::medium::MediumId;
use keys::KeyLabel;
use store::{Entry, Store, Unit};

use super::ends::{Ending, LABEL};
use crate::backups::{in_place, with_place};
use crate::media::{self, FILE};

impl Ending {
    fn text(&self, place: &str) -> String {
        self.at(place).display().to_string()
    }

    fn back_up(&self, place: &str) -> anyhow::Result<()> {
        self.room.stage().write_backups(&self.room.act(), &self.text(place)).map(drop)
    }

    fn about(&self, entry: Entry) -> Entry {
        let label: KeyLabel = LABEL.parse().expect("a label");
        entry.subject(&label)
    }

    /// Has the medium in a place read in a ceremony.
    fn try_out(&self, place: &str) -> anyhow::Result<()> {
        let (stage, into) = (self.room.stage(), RestoreTarget::Throwaway);
        let facts = stage.restore_backups(&self.room.act(), &self.text(place), &into)?;
        // As the conductor's entry about the step tells it.
        let told = Entry::new(EventKind::CeremonyStep, &self.room.act());
        let entry = facts.media.iter().fold(self.about(told), with_place);
        self.room.system.store.commit(Unit::new(entry))?;
        Ok(())
    }

    fn refused_saying(&self, gone: &[&str], rules: &[&str]) {
        let said = gone.iter().map(|name| ((*name).to_owned(), "廃棄済み".to_owned()));
        let told = self.destroy_saying(&said.collect()).expect_err("it is refused");
        let told = format!("{told:#}");
        for rule in rules {
            assert!(told.contains(rule), "{rule}: {told}");
        }
        assert!(self.copy("data/keys").exists(), "nothing was erased");
    }

    fn destroyed(&self, gone: &[&str]) -> String {
        let said = gone.iter().map(|name| ((*name).to_owned(), "廃棄済み".to_owned()));
        self.destroy_saying(&said.collect()).expect("destroyed").statements.join("\n")
    }

    /// Puts a second medium into the place of `medium-b`, with the same key on it: the first is `away`.
    fn in_turn(&self) -> [MediumId; 2] {
        let first = id(&self.at("medium-b"));
        self.take_away("medium-b");
        self.back_up("medium-b").expect("a backup");
        [first, id(&self.at("medium-b"))]
    }
}

fn id(place: &Path) -> MediumId {
    media::read(place).expect("a read").expect("it has one")
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir(to).expect("made");
    for file in fs::read_dir(from).expect("a directory") {
        let file = file.expect("a file");
        fs::copy(file.path(), to.join(file.file_name())).expect("copied");
    }
}

#[test]
fn k9_k4_of_two_media_in_turn_in_one_place_the_one_that_is_not_there_is_missed() {
    let ending = Ending::new();
    let place = ending.text("medium-b");
    let [first, second] = ending.in_turn();
    assert_ne!(first, second);
    let (named, other) = (format!("{first}, last seen in {place}"), format!("{second} is in it"));
    ending.refused_saying(&[], &[&named, &other]);
    // The place does not say which is meant, while one of them lies there.
    ending.refused_saying(&[&place], &["it is not gone", "named by its identity"]);
    ending.refused_saying(&[&second.to_string()], &[&named]);
    ending.refused_saying(&[&first.to_string(), &second.to_string()], &["it is not gone"]);
    fs::rename(ending.at("medium-b"), ending.at("other")).expect("taken away");
    ending.refused_saying(&[&place], &["several media", &first.to_string(), &second.to_string()]);
    let stranger = MediumId::from_octets([1; 16]).to_string();
    let all = [first, second].map(|medium| medium.to_string());
    ending.refused_saying(&[&all[0], &all[1], &stranger], &["no copy was put there", &stranger]);
    fs::rename(ending.at("other"), ending.at("medium-b")).expect("put back");
    let told = ending.destroyed(&[&first.to_string()]);
    assert!(told.contains(&format!("{first} の複製は所定の場所になく")), "{told}");
    assert!(told.contains(&format!("{LABEL}.json ({second}) を上書きし")), "{told}");
    // It comes back, and the other, whose end is told, is not asked for.
    ending.put_back("medium-b");
    assert!(ending.copy("medium-b").exists());
    let told = ending.destroyed(&[]);
    assert!(told.contains(&format!("({first}) を上書きし")) && !ending.copy("medium-b").exists());
}

#[test]
fn k9_k4_two_media_of_one_place_end_together_where_a_ceremony_read_one_in_another() {
    let ending = Ending::new();
    let [first, second] = ending.in_turn();
    fs::rename(ending.at("away"), ending.at("medium-c")).expect("put into another drive");
    ending.refused_saying(&[], &[&first.to_string()]);
    ending.try_out("medium-c").expect("restored");
    let told = ending.destroyed(&[]);
    for medium in [first, second] {
        assert!(told.contains(&format!("({medium}) を上書きし")), "{told}");
    }
    assert!(!ending.copy("medium-b").exists() && !ending.copy("medium-c").exists());
}

#[test]
fn k9_k4_a_place_says_which_medium_is_gone_where_no_other_may_be_meant() {
    let ending = Ending::new();
    let [first, _] = ending.in_turn();
    fs::rename(ending.at("medium-b"), ending.at("medium-c")).expect("put into another drive");
    ending.try_out("medium-c").expect("restored");
    let told = ending.destroyed(&[&ending.text("medium-b")]);
    assert!(
        told.contains(&format!("{} ({first}) の複製は所定", ending.text("medium-b"))),
        "{told}"
    );
}

#[test]
fn k4_a_cut_between_a_mediums_identity_and_its_copies_leaves_one_that_is_found_again() {
    let ending = Ending::new();
    let stuck = ending.at("medium-c").join(format!("{LABEL}.partial"));
    fs::create_dir_all(&stuck).expect("made");
    ending.back_up("medium-c").expect_err("a directory is not written as a file is");
    let identified = id(&ending.at("medium-c"));
    fs::remove_dir(&stuck).expect("removed");
    // The journal speaks of it already, and nobody else knows what became of it.
    ending.refused_saying(&[], &[&identified.to_string(), "does not have the backup"]);
    ending.back_up("medium-c").expect("a backup");
    assert_eq!(id(&ending.at("medium-c")), identified);
    assert!(ending.destroyed(&[]).contains(&identified.to_string()));
    assert!(!ending.copy("medium-c").exists());
}

#[test]
fn k9_k4_a_medium_that_was_copied_is_not_taken_for_the_one_that_it_was_copied_from() {
    let ending = Ending::new();
    copy_all(&ending.at("medium-b"), &ending.at("medium-c"));
    ending.try_out("medium-c").expect("nothing else of this identity is in reach");
    let copied = id(&ending.at("medium-b"));
    ending.refused_saying(&[], &["one was copied from the other", &copied.to_string()]);
    fs::remove_file(ending.at("medium-c").join(FILE)).expect("a medium of its own");
    ending.destroyed(&[]);
    assert!(!ending.copy("medium-b").exists() && !ending.copy("medium-c").exists());
    // Beside a configured place no copy of what lies in it is written or read.
    copy_all(&ending.at("data/backups"), &ending.at("medium-d"));
    for refused in [ending.back_up("medium-d"), ending.try_out("medium-d")] {
        refused.expect_err("a copy");
    }
}

#[test]
fn k9_k4_a_medium_without_its_identity_or_with_one_that_cannot_be_read_is_told() {
    let ending = Ending::new();
    let file = ending.at("medium-b").join(FILE);
    let text = fs::read(&file).expect("an identity");
    let lost = id(&ending.at("medium-b")).to_string();
    fs::remove_file(&file).expect("lost");
    ending.refused_saying(&[], &[&lost, "has no MEDIUM-ID"]);
    for damaged in ["", "medium:", "medium:00\n"] {
        fs::write(&file, damaged).expect("damaged");
        ending.refused_saying(&[], &["identity cannot be read", "medium-b"]);
        let unread =
            format!("{:#}", ending.back_up("medium-b").expect_err("it is not written over"));
        assert!(unread.contains("identity cannot be read"), "{unread}");
        ending.try_out("medium-b").expect_err("nor is it read");
    }
    fs::write(&file, text).expect("written anew");
    assert!(ending.destroyed(&[]).contains(&lost));
}

/// Entries of a program before this one have the place alone, and its media no identity.
#[test]
fn k9_k4_a_medium_that_never_had_an_identity_is_its_place() {
    let ending = Ending::new();
    copy_all(&ending.at("medium-b"), &ending.at("old"));
    fs::remove_file(ending.at("old").join(FILE)).expect("it had none");
    let place = ending.text("old");
    let entry = ending.about(Entry::new(EventKind::KeyActBegun, &ending.room.act()));
    let entry = in_place(entry.detail("act", "backup"), &place);
    ending.room.system.store.commit(Unit::new(entry)).expect("told");
    ending.take_away("old");
    ending.refused_saying(&[], &[&format!("{place}: no medium is in it")]);
    ending.put_another("old");
    ending.refused_saying(&[], &[&format!("{place}: what is in it does not have the backup")]);
    ending.put_back("old");
    ending.refused_saying(&[&place], &["it is not gone"]);
    ending.take_away("old");
    assert!(ending.destroyed(&[&place]).contains(&format!("{place} の複製は所定")));
    ending.put_back("old");
    assert!(ending.destroy_saying(&BTreeMap::new()).is_ok() && !ending.copy("old").exists());
}
