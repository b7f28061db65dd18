//! What ceremonies do to keys: backed up, brought back, renewed, destroyed.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use testkit::run;

use crate::ceremony_room::{completed, journal, refused, request, script, verify};
use crate::workplace::{CUSTODIANS, MANAGER, STAFF, Workplace, present};

const BACKUP: &str = "do = \"backup\"\ndirectory = \"media/backup\"";

#[test]
fn k4_a_key_that_was_lost_comes_back_from_the_backup_and_signs() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("media")).unwrap();
    let named = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"second-site\"";
    completed(&place, &script("backup", &[BACKUP, named]));
    assert!(place.path().join("data/restored/second-site/jpki-auth-ca-1.key").is_file());
    let keys = place.path().join("data/keys");
    fs::remove_file(keys.join("jpki-auth-ca-1.key")).unwrap();
    // What is damaged comes back as what is lost.
    let whole = fs::read(keys.join("cards-1.cards")).unwrap();
    fs::write(keys.join("cards-1.cards"), &whole[1..]).unwrap();
    let publish = ["crl", "publish", "--ca", "jpki-auth"];
    assert!(place.run(&STAFF, &publish).text.contains("there is no key jpki-auth-ca-1"));
    let own = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"installation\"";
    completed(&place, &script("return", &[own]));
    place.answer(&STAFF, &publish);
    assert_ne!(fs::read(keys.join("cards-1.cards")).unwrap(), whole[1..]);
    assert!(keys.join("cards-1.damaged-1").is_file());
    let restored = journal(&place, "key-restored");
    assert_eq!(restored.len(), 6, "two keys and the card master key, twice: {restored:?}");
}

#[test]
fn k4_a_backup_that_was_changed_or_is_not_listed_does_not_come_back() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("media")).unwrap();
    completed(&place, &script("backup", &[BACKUP]));
    let file = place.path().join("media/backup/jpki-auth-ca-1.json");
    let whole = fs::read_to_string(&file).unwrap();
    let trial = |id: &str| script(id, &["do = \"restore\"\ndirectory = \"media/backup\""]);
    fs::write(&file, whole.replacen("\"wrapped\": \"", "\"wrapped\": \"00", 1)).unwrap();
    assert!(refused(&place, &trial("changed")).contains("not as the list has it"));
    // With a list that agrees, the backup key still knows its own.
    let media = place.path().join("media/backup");
    let summed = run(&media, "sha256sum", &["jpki-auth-ca-1.json", "saitama-sign-ca-1.json"]);
    fs::write(media.join("SHA256SUMS"), summed.stdout).unwrap();
    assert!(refused(&place, &trial("changed")).contains("the backup of jpki-auth-ca-1 is refused"));
    fs::write(&file, &whole).unwrap();
    let summed = run(&media, "sha256sum", &["jpki-auth-ca-1.json", "saitama-sign-ca-1.json"]);
    fs::write(media.join("SHA256SUMS"), summed.stdout).unwrap();
    completed(&place, &trial("changed"));
    assert_eq!(fs::read_dir(place.path().join("data/trials")).unwrap().count(), 0, "none stays");
    fs::write(media.join("older.json"), "{}").unwrap();
    let again = refused(&place, &script("again", &[BACKUP]));
    assert!(again.contains("older.json"), "{again}");
}

const DESTROY: &str = "do = \"destroy-ca-key\"\nca = \"jpki-auth\"\ngeneration = 1";

/// Renews the key of a CA, copies all keys to a medium and into a second store, and has the second
/// generation issue.
fn outlive(place: &Workplace) {
    let issues_from = Timestamp::now() + SignedDuration::from_secs(30);
    let renew =
        format!("do = \"renew-ca-key\"\nca = \"jpki-auth\"\nissues_from = \"{issues_from}\"");
    let said = refused(place, &script("no-reason", &[&renew]));
    assert!(said.contains("before its time") || said.contains("needs a reason"), "{said}");
    let renew = format!("{renew}\nearly = \"暗号方式が脆弱になったと判断した\"");
    let responder = "do = \"responder-certificate\"\nca = \"jpki-auth\"";
    let restore = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"second-site\"";
    completed(place, &script("renewal", &[&renew, responder, BACKUP, restore]));
    while Timestamp::now() <= issues_from {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// Carries a compromise of the first generation out, after which nothing needs its key.
fn compromise(place: &Workplace) {
    let two = present(&CUSTODIANS[..2]);
    let two: Vec<&str> = two.iter().map(String::as_str).collect();
    let ends = ["key", "compromise", "jpki-auth", "--generation", "1", "--carry-out"];
    let ended = place.together("op-end", (&MANAGER, &STAFF), &[&two, &ends[..]].concat());
    assert!(ended.success, "{}", ended.text);
}

#[test]
fn k9_k4_a_key_is_destroyed_when_nothing_needs_it_and_shown_to_be_gone() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("media")).unwrap();
    request(&place, "web.csr");
    let said = refused(&place, &script("too-early", &[DESTROY]));
    assert!(said.contains("generation 1 of jpki-auth still issues"), "{said}");
    assert!(place.path().join("data/keys/jpki-auth-ca-1.key").exists());
    outlive(&place);
    let html = place.path().join("data/ceremonies/renewal/renewal.minutes.html");
    assert!(fs::read_to_string(html).unwrap().contains("暗号方式が脆弱"), "the reason is told");
    // Certificates under it are in force, and its lists are due until its root ends.
    let said = refused(&place, &script("needed", &[DESTROY]));
    for told in ["is still needed", "certificates under it are in force, the last until", "lists"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(place.path().join("data/keys/jpki-auth-ca-1.key").exists());
    compromise(&place);
    // A store that lost its own file keeps its keys; a directory that never became a store has none.
    let restored = place.path().join("data/restored");
    let stray = restored.join("untold/jpki-auth-ca-1.key");
    fs::create_dir(restored.join("untold")).unwrap();
    fs::copy(restored.join("second-site/jpki-auth-ca-1.key"), &stray).unwrap();
    let said = refused(&place, &script("untold", &[DESTROY]));
    assert!(said.contains("untold") && said.contains("holds no key store"), "{said}");
    assert!(place.path().join("data/keys/jpki-auth-ca-1.key").exists());
    fs::remove_file(stray).unwrap();
    let tls = "do = \"tls-certificate\"\nca = \"jpki-auth\"\nrequest = \"web.csr\"";
    completed(&place, &script("destruction", &[DESTROY, tls]));
    for gone in [
        "data/keys/jpki-auth-ca-1.key",
        "data/backups/jpki-auth-ca-1.json",
        "data/restored/second-site/jpki-auth-ca-1.key",
        "media/backup/jpki-auth-ca-1.json",
    ] {
        assert!(!place.path().join(gone).exists(), "{gone}");
    }
    for stays in ["data/keys/jpki-auth-ca-2.key", "data/backups/jpki-auth-ca-2.json"] {
        assert!(place.path().join(stays).exists(), "{stays}");
    }
    let destroyed = journal(&place, "key-destroyed");
    assert!(destroyed.len() == 1 && destroyed[0].contains("jpki-auth-ca-1"), "{destroyed:?}");
    // No list is owed with it any more, and those of the other key are published.
    let listed = place.answer(&STAFF, &["crl", "publish", "--ca", "jpki-auth"]);
    let lists = listed["lists"].as_array().unwrap();
    assert!(
        !lists.is_empty() && lists.iter().all(|list| list["generation"] == json!(2)),
        "{listed}"
    );
    assert_eq!(place.answer(&MANAGER, &["check"])["consistent"], json!(true));
    assert!(verify(&place, "data/ceremonies/destruction", "data/audit.pub").success);
    let minutes = place.path().join("data/ceremonies/destruction/destruction.minutes.html");
    assert!(fs::read_to_string(minutes).unwrap().contains("この鍵による署名が拒否される"));
}

#[test]
fn k9_k4_a_key_does_not_end_while_a_copy_of_it_is_out_of_reach() {
    let place = Workplace::new();
    let path = |name: &str| place.path().join(name);
    fs::create_dir(path("media")).unwrap();
    let config = fs::read_to_string(path("jitsuin.toml")).unwrap();
    let named = "\ndirectories = [\"media/second\", ";
    let two = config.replacen("\ndirectories = [", named, 1);
    assert_ne!(two, config);
    fs::write(path("jitsuin.toml"), two).unwrap();
    assert!(run(place.path(), "cp", &["-a", "data/backups", "media/second"]).success);
    let identity = format!("medium:{}\n", "5".repeat(32));
    fs::write(path("media/second/MEDIUM-ID"), identity).expect("a medium of its own");
    outlive(&place);
    compromise(&place);
    let everywhere = ["data/backups", "media/second", "media/backup"];
    let copies = || everywhere.map(|place| path(place).join("jpki-auth-ca-1.json").exists());
    // A medium that the configuration names, one that a ceremony wrote, a store that it restored into,
    // and another medium in the place of the right one.
    for (absent, by) in [
        ("media/second", "no medium is in it"),
        ("media/backup", "no medium is in it"),
        ("data/restored/second-site", "the store second-site"),
        ("media/second/jpki-auth-ca-1.json", "is it the right medium?"),
    ] {
        fs::rename(path(absent), path("away")).unwrap();
        let said = refused(&place, &script("destruction", &[DESTROY]));
        assert!(said.contains(by) && said.contains("out of reach"), "{absent}: {said}");
        assert!(path("data/keys/jpki-auth-ca-1.key").exists(), "{absent}: {said}");
        fs::rename(path("away"), path(absent)).unwrap();
        assert_eq!(copies(), [true; 3], "{absent}: nothing was erased");
    }
    place.run(&MANAGER, &["ceremony", "abandon", "destruction", "--reason", "媒体の不足"]);
    let gone = |at: &str| format!("{DESTROY}\ngone = {{ \"{at}\" = \"廃棄記録第12号\" }}");
    let said = refused(&place, &script("stranger", &[&gone("media/third")]));
    assert!(said.contains("media/third: no copy was put there"), "{said}");
    // One is said to be gone, under the name by which it was refused.
    fs::rename(path("media/second"), path("away")).unwrap();
    let said = refused(&place, &script("nameless", &[DESTROY]));
    let at = said.split_whitespace().find(|word| word.ends_with("media/second:")).expect(&said);
    let at = at.trim_end_matches(':');
    completed(&place, &script("without", &[&gone(at)]));
    fs::rename(path("away"), path("media/second")).unwrap();
    assert_eq!(copies(), [false, true, false]);
    let told = journal(&place, "key-destroyed");
    assert!(told.len() == 1 && told[0].contains("廃棄記録第12号"), "{told:?}");
    let minutes = fs::read_to_string(path("data/ceremonies/without/without.minutes.html"));
    assert!(minutes.unwrap().contains("廃棄記録第12号"));
    // The other keys come back from the medium that lost one.
    completed(&place, &script("trial", &["do = \"restore\"\ndirectory = \"media/backup\""]));
    // What was lost came back. It brings the key back nowhere, and is told until it has ended as well.
    assert!(run(place.path(), "cp", &["-a", "media/second", "media/returned"]).success);
    fs::remove_file(path("media/returned/MEDIUM-ID")).expect("the identity of the other");
    let list = ["-c", "sha256sum *-ca-*.json cards-1.json > SHA256SUMS"];
    assert!(run(&path("media/returned"), "sh", &list).success);
    for (id, into) in [("trial-2", "throwaway"), ("own", "installation"), ("third", "third-site")] {
        let restore =
            format!("do = \"restore\"\ndirectory = \"media/returned\"\ninto = \"{into}\"");
        let said = refused(&place, &script(id, &[&restore]));
        assert!(said.contains("jpki-auth-ca-1 was destroyed"), "{into}: {said}");
    }
    assert!(!path("data/keys/jpki-auth-ca-1.key").exists());
    assert!(!path("data/restored/third-site").exists());
    let owed =
        || place.answer(&MANAGER, &["check"]).to_string().contains("backup-of-destroyed-key");
    assert!(owed());
    completed(&place, &script("found", &[DESTROY]));
    assert_eq!((copies(), owed()), ([false; 3], false));
}

/// What a cut left of a destruction is told when its ceremony is given up, and ends in another: with the right
/// media, and not with what people say is gone and is there.
#[test]
fn k9_k4_e6_a_destruction_that_was_given_up_is_told_until_another_ends_it() {
    let place = Workplace::new();
    let path = |name: &str| place.path().join(name);
    fs::create_dir(path("media")).unwrap();
    outlive(&place);
    compromise(&place);
    let (file, copy) = (path("data/keys/jpki-auth-ca-1.key"), "media/backup/jpki-auth-ca-1.json");
    let kept = fs::read(&file).unwrap();
    // A directory in the place of a file that is to be erased stops it there.
    let stop = path("data/keys/.jpki-auth-ca-1.key.new");
    fs::create_dir(&stop).unwrap();
    refused(&place, &script("first", &[DESTROY]));
    fs::remove_dir(stop).unwrap();
    assert!(file.exists());
    let give_up = |id: &str| {
        let said = place.run(&MANAGER, &["ceremony", "abandon", id, "--reason", "媒体の不足"]);
        assert!(said.success, "{}", said.text);
    };
    give_up("first");
    let check = || place.run(&MANAGER, &["check"]).text;
    let told = check();
    assert!(told.contains("destruction-unfinished"), "{told}");
    assert!(!told.contains("\"subject\":\"first\""), "{told}");
    // Another medium in the place of the right one.
    fs::rename(path("media/backup"), path("away")).unwrap();
    fs::create_dir(path("media/backup")).unwrap();
    fs::write(path("media/backup/letter.txt"), "nothing of ours").unwrap();
    let said = refused(&place, &script("wrong", &[DESTROY]));
    assert!(said.contains("is it the right medium?"), "{said}");
    fs::remove_dir_all(path("media/backup")).unwrap();
    fs::rename(path("away"), path("media/backup")).unwrap();
    let gone = format!("{DESTROY}\ngone = {{ \"media/backup\" = \"廃棄記録第12号\" }}");
    let said = refused(&place, &script("gone", &[&gone]));
    assert!(said.contains("it is not gone"), "{said}");
    assert!(file.exists() && path(copy).exists());
    ["wrong", "gone"].into_iter().for_each(give_up);
    completed(&place, &script("second", &[DESTROY]));
    assert!(!file.exists() && !path(copy).exists());
    assert_eq!(place.answer(&MANAGER, &["check"])["consistent"], json!(true));
    let minutes = fs::read_to_string(path("data/ceremonies/second/second.minutes.html")).unwrap();
    assert!(minutes.contains("media/backup") && !minutes.contains("中断したもの"), "{minutes}");
    // Out of a backup of the files it comes back, while nobody wakes the keys.
    fs::write(&file, kept).unwrap();
    let told = check();
    assert!(told.contains("destroyed-key-returned") && told.contains("finding"), "{told}");
    completed(&place, &script("third", &[DESTROY]));
    assert!(!file.exists());
    assert_eq!(place.answer(&MANAGER, &["check"])["consistent"], json!(true));
}
