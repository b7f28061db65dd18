//! The end of a key with its copies, cut off in the middle and gone on with: by other media, with what is
//! gone, and beside a process that looked before it began.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ca::ceremony::StepFacts;
use domain::medium::MediumId;

use super::{Room, ca};
use crate::media;
use crate::stage::backup::read_medium;
use crate::stage::known::known_keys;
use crate::stage::rehearsal::outlive;
use crate::stage::restore::{OWN, Wanted};

pub(super) const LABEL: &str = "jpki-auth-ca-1";

/// A room in which nothing needs the first key any more, with its backup on two media.
pub(super) struct Ending {
    pub(super) room: Room,
}

impl Ending {
    pub(super) fn new() -> Self {
        let ending = Self { room: Room::new() };
        outlive(&ending.room.stage(), &ca(), 1).expect("generation 1 issues no more");
        for medium in ["medium-a", "medium-b"] {
            let at = ending.at(medium).display().to_string();
            ending.room.stage().write_backups(&ending.room.act(), &at).expect("a backup");
        }
        ending
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.room.place.path().join(name)
    }

    /// The key's copy on a medium, or in the key store.
    pub(super) fn copy(&self, place: &str) -> PathBuf {
        let end = if place == "data/keys" { "key" } else { "json" };
        self.at(place).join(format!("{LABEL}.{end}"))
    }

    fn destroy(&self, gone: &[&str]) -> anyhow::Result<StepFacts> {
        let why = |place: &&str| (self.at(place).display().to_string(), "廃棄済み".to_owned());
        self.destroy_saying(&gone.iter().map(why).collect())
    }

    pub(super) fn destroy_saying(
        &self,
        gone: &BTreeMap<String, String>,
    ) -> anyhow::Result<StepFacts> {
        self.room.stage().destroy(&self.room.act(), &ca(), 1, gone)
    }

    fn refused(&self, gone: &[&str], rule: &str) {
        let told = format!("{:#}", self.destroy(gone).expect_err(rule));
        assert!(told.contains(rule), "{told}");
    }

    /// Destroys, and is cut off where a directory lies in the place of a file that is to be erased.
    fn cut_at(&self, file: &str, gone: &[&str]) {
        fs::create_dir(self.at(file)).expect("made");
        self.destroy(gone).expect_err("a directory is not erased as a file is");
        fs::remove_dir(self.at(file)).expect("removed");
    }

    /// Cut off after the destruction was noted, before the key ended.
    fn cut_before_the_key(&self, gone: &[&str]) {
        self.cut_at(&format!("data/keys/.{LABEL}.key.new"), gone);
        assert!(self.copy("data/keys").exists());
    }

    /// Cut off after the first medium's copy was erased, before the second's was.
    fn cut_between_the_media(&self) {
        self.cut_at(&format!("medium-a/{LABEL}.partial"), &[]);
        let left = ["data/keys", "medium-a", "medium-b"].map(|place| self.copy(place).exists());
        assert_eq!(left, [false, false, true]);
    }

    pub(super) fn take_away(&self, medium: &str) {
        fs::rename(self.at(medium), self.at("away")).expect("taken away");
    }

    pub(super) fn put_back(&self, medium: &str) {
        // What lies there is another medium.
        let _ = fs::remove_dir_all(self.at(medium));
        fs::rename(self.at("away"), self.at(medium)).expect("put back");
    }

    pub(super) fn put_another(&self, medium: &str) {
        fs::create_dir(self.at(medium)).expect("made");
        fs::write(self.at(medium).join("letter.txt"), "nothing of ours").expect("written");
    }

    fn conditions(&self) -> Vec<String> {
        self.room.system.look_around();
        self.room.system.health.standing().into_iter().map(|one| one.rule).collect()
    }

    fn is_told(&self, rule: &str) -> bool {
        self.conditions().iter().any(|told| told == rule)
    }
}

/// What the minutes say about a medium.
fn of(facts: &StepFacts, medium: &str) -> Vec<String> {
    facts.statements.iter().filter(|said| said.contains(medium)).cloned().collect()
}

const ERASED: &str = "上書きし、消去した";
const BEGUN: &str = "破棄に着手した後に中断した";
const GONE: &str = "申告された";

#[test]
fn k9_k4_a_wrong_medium_after_a_cut_is_not_taken_for_one_that_was_gone_over() {
    let ending = Ending::new();
    ending.cut_before_the_key(&[]);
    assert!(ending.is_told("destruction-unfinished"));
    ending.take_away("medium-b");
    ending.put_another("medium-b");
    ending.refused(&[], "is it the right medium?");
    assert!(ending.copy("data/keys").exists(), "nothing was erased");
    ending.put_back("medium-b");
    ending.cut_between_the_media();
    ending.take_away("medium-b");
    ending.put_another("medium-b");
    ending.refused(&[], "is it the right medium?");
    ending.put_back("medium-b");
    let facts = ending.destroy(&[]).expect("with the right one");
    let (a, b) = (of(&facts, "medium-a"), of(&facts, "medium-b"));
    assert!(a.iter().all(|said| said.contains(BEGUN)) && !a.is_empty(), "{a:?}");
    assert!(b.len() == 1 && b[0].contains(ERASED), "{b:?}");
    assert!(!ending.copy("medium-b").exists() && !ending.is_told("destruction-unfinished"));
    // Once more, there is nothing of that to tell.
    let again = ending.destroy(&[]).expect("nothing is left");
    assert_eq!(of(&again, "medium"), [""; 0]);
}

#[test]
fn k9_k4_what_was_gone_when_the_destruction_was_begun_is_asked_for_at_every_run() {
    let ending = Ending::new();
    ending.take_away("medium-b");
    ending.cut_before_the_key(&["medium-b"]);
    ending.put_another("medium-b");
    ending.refused(&[], "is it the right medium?");
    let facts = ending.destroy(&["medium-b"]).expect("it is gone");
    let said = of(&facts, "medium-b");
    assert!(said.len() == 1 && said[0].contains(GONE), "{said:?}");
    // Another medium in its place does not end its copy afterwards, either.
    ending.refused(&[], "is it the right medium?");
    ending.put_back("medium-b");
    let facts = ending.destroy(&[]).expect("it came back");
    let said = of(&facts, "medium-b");
    assert!(said.len() == 1 && said[0].contains(ERASED), "{said:?}");
}

#[test]
fn k9_k4_what_is_gone_is_told_as_nothing_else_and_is_not_there() {
    let ending = Ending::new();
    ending.refused(&["medium-b"], "it is not gone");
    assert!(ending.copy("data/keys").exists() && ending.copy("medium-b").exists());
    ending.cut_between_the_media();
    ending.refused(&["medium-b"], "it is not gone");
    assert!(ending.copy("medium-b").exists());
    // Both are lost after the cut: one was gone over, the other was not.
    for medium in ["medium-a", "medium-b"] {
        fs::remove_dir_all(ending.at(medium)).expect("lost");
    }
    ending.refused(&["medium-a"], "medium-b: no medium is in it");
    let facts = ending.destroy(&["medium-a", "medium-b"]).expect("people tell of both");
    for medium in ["medium-a", "medium-b"] {
        let said = of(&facts, medium);
        assert!(said.len() == 1 && said[0].contains(GONE), "{said:?}");
    }
}

#[test]
fn k9_k4_whoever_looked_before_a_destruction_makes_no_copy_after_it() {
    let ending = Ending::new();
    let (room, stage) = (&ending.room, ending.room.stage());
    let known = known_keys(&room.system).expect("keys");
    let key = known.iter().find(|key| key.label.as_str() == LABEL).expect("the key");
    let medium = read_medium(&ending.at("medium-a"), "medium-a").expect("a medium").keys;
    let backup = medium.into_iter().find(|backup| backup.label == key.label).expect("a backup");
    let late = |moment: &str| {
        let act = room.act();
        let backups = std::slice::from_ref(&backup);
        let late = media::fact(MediumId::from_octets([7; 16]), "late");
        let refused = stage.begin_copies(&act, &late, backups).expect_err(moment);
        assert!(format!("{refused:#}").contains("it is noted"), "{moment}: {refused:#}");
    };
    ending.cut_before_the_key(&[]);
    late("begun");
    ending.destroy(&[]).expect("destroyed");
    late("done");
    let wanted = Wanted { keys: vec![(backup.clone(), key)], cards: None };
    let keys = &**room.system.custody.keys();
    let refused = stage.bring_back(&room.act(), keys, &wanted, OWN).expect_err("it has ended");
    assert!(format!("{refused:#}").contains("it is noted"), "{refused:#}");
    assert!(!room.labels().contains(&LABEL.to_owned()));
}

#[test]
fn k9_a_destroyed_key_that_is_in_a_store_again_is_told_and_signs_nothing() {
    let ending = Ending::new();
    let kept = fs::read(ending.copy("data/keys")).expect("the key's file");
    ending.destroy(&[]).expect("destroyed");
    assert!(!ending.is_told("destroyed-key-returned"));
    let authority = ending.room.system.authority("jpki-auth").expect("a CA");
    let restored = ending.at("data/restored/site");
    fs::create_dir_all(&restored).expect("made");
    for place in [restored.join(format!("{LABEL}.key")), ending.copy("data/keys")] {
        fs::write(&place, &kept).expect("put back");
        assert!(ending.is_told("destroyed-key-returned"), "{}", place.display());
        if place.starts_with(&restored) {
            fs::remove_dir_all(&restored).expect("removed");
            assert!(!ending.is_told("destroyed-key-returned"));
        }
    }
    let generation = authority.generations().numbered(1).expect("the first");
    assert!(authority.generations().has_returned(&generation).expect("a look"));
    let all = authority.list_series().all().expect("series");
    let series = all.iter().find(|series| series.generation == 1).expect("one of the first");
    let act = ending.room.system.act("test").expect("an act");
    let refused =
        authority.lists().publish(&act, series).expect_err("it was destroyed").to_string();
    assert!(refused.contains("nothing is signed by it"), "{refused}");
    ending.destroy(&[]).expect("once more");
    assert!(!ending.copy("data/keys").exists() && !ending.is_told("destroyed-key-returned"));
}

#[test]
fn k9_what_lies_beside_restored_stores_keeps_no_other_key_from_its_end() {
    let ending = Ending::new();
    let restored = ending.at("data/restored");
    // A store that is none, of another key whose label goes on; and a file that is no store.
    fs::create_dir_all(restored.join("half")).expect("made");
    fs::write(restored.join("half/jpki-auth-ca-10.key"), "a key").expect("written");
    fs::write(restored.join("read-me.txt"), "stores").expect("written");
    let stray = restored.join(format!("{LABEL}.key"));
    fs::write(&stray, "a key").expect("written");
    ending.refused(&[], "in no store");
    fs::remove_file(stray).expect("removed");
    fs::write(restored.join(format!("half/{LABEL}.key")), "a key").expect("written");
    ending.refused(&[], "holds no key store");
    fs::remove_file(restored.join(format!("half/{LABEL}.key"))).expect("removed");
    ending.destroy(&[]).expect("destroyed");
}

/// An erased backup of a key that is about to end is no damage.
#[test]
fn k9_e6_the_backups_of_a_half_destroyed_key_are_not_told_as_damaged() {
    let ending = Ending::new();
    ending.cut_at(&format!("data/backups/{LABEL}.partial"), &[]);
    assert!(!ending.copy("data/backups").exists());
    assert!(ending.room.system.look_outside(), "{:?}", ending.room.system.health.standing());
}
