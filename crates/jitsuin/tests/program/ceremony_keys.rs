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
    for lost in ["jpki-auth-ca-1.key", "cards-1.cards"] {
        fs::remove_file(place.path().join("data/keys").join(lost)).unwrap();
    }
    let publish = ["crl", "publish", "--ca", "jpki-auth"];
    assert!(place.run(&STAFF, &publish).text.contains("there is no key jpki-auth-ca-1"));
    let own = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"installation\"";
    completed(&place, &script("return", &[own]));
    place.answer(&STAFF, &publish);
    assert!(place.path().join("data/keys/cards-1.cards").is_file());
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

#[test]
fn k9_k4_a_key_is_destroyed_when_nothing_needs_it_and_shown_to_be_gone() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("media")).unwrap();
    request(&place, "web.csr");
    let destroy = "do = \"destroy-ca-key\"\nca = \"jpki-auth\"\ngeneration = 1";
    let said = refused(&place, &script("too-early", &[destroy]));
    assert!(said.contains("generation 1 of jpki-auth still issues"), "{said}");
    assert!(place.path().join("data/keys/jpki-auth-ca-1.key").exists());
    let issues_from = Timestamp::now() + SignedDuration::from_secs(30);
    let renew =
        format!("do = \"renew-ca-key\"\nca = \"jpki-auth\"\nissues_from = \"{issues_from}\"");
    let said = refused(&place, &script("no-reason", &[&renew]));
    assert!(said.contains("before its time") || said.contains("needs a reason"), "{said}");
    let renew = format!("{renew}\nearly = \"暗号方式が脆弱になったと判断した\"");
    let responder = "do = \"responder-certificate\"\nca = \"jpki-auth\"";
    let restore = "do = \"restore\"\ndirectory = \"media/backup\"\ninto = \"second-site\"";
    completed(&place, &script("renewal", &[&renew, responder, BACKUP, restore]));
    let html = place.path().join("data/ceremonies/renewal/renewal.minutes.html");
    assert!(fs::read_to_string(html).unwrap().contains("暗号方式が脆弱"), "the reason is told");
    while Timestamp::now() <= issues_from {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    // Certificates under it are in force, and its lists are due until its root ends.
    let said = refused(&place, &script("needed", &[destroy]));
    for told in ["is still needed", "certificates under it are in force, the last until", "lists"] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert!(place.path().join("data/keys/jpki-auth-ca-1.key").exists());
    let two = present(&CUSTODIANS[..2]);
    let operator = ["--carry-out", "--approver-as", STAFF[1]];
    let ends = [&["key", "compromise", "jpki-auth", "--generation", "1"], &operator[..]].concat();
    let two: Vec<&str> = two.iter().map(String::as_str).collect();
    let ended = place.run_as_is(&MANAGER, &[&two, &ends[..]].concat());
    assert!(ended.success, "{}", ended.text);
    let tls = "do = \"tls-certificate\"\nca = \"jpki-auth\"\nrequest = \"web.csr\"";
    completed(&place, &script("destruction", &[destroy, tls]));
    for gone in [
        "data/keys/jpki-auth-ca-1.key",
        "data/backups/jpki-auth-ca-1.json",
        "data/restored/second-site/jpki-auth-ca-1.key",
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
