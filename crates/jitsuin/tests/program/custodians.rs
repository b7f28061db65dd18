//! Keys that nobody holds alone, through the command line: who comes, how many, and what is refused.

use std::fs;

use serde_json::json;

use crate::workplace::{AUDITOR, CLERK, CUSTODIANS, MANAGER, STAFF, Workplace, present};

/// Publishes every list, which takes a CA's key, with these custodians present.
fn publish(place: &Workplace, custodians: &[String]) -> testkit::Output {
    let custodians: Vec<&str> = custodians.iter().map(String::as_str).collect();
    let command = [&custodians, &["crl", "publish", "--ca", "jpki-auth"][..]].concat();
    // A list is a second younger than the one before it.
    std::thread::sleep(std::time::Duration::from_secs(1));
    place.run_as_is(&STAFF, &command)
}

#[test]
fn k2_every_subset_of_custodians_opens_the_keys_or_not() {
    let place = Workplace::new();
    for members in 0..1_usize << CUSTODIANS.len() {
        let here: Vec<&str> = (0..CUSTODIANS.len())
            .filter(|place| members >> place & 1 == 1)
            .map(|place| CUSTODIANS[place])
            .collect();
        let said = publish(&place, &present(&here));
        let enough = here.len() >= 2;
        assert_eq!(said.status, Some(if enough { 0 } else { 1 }), "{here:?}: {}", said.text);
        match here.len() {
            0 => assert!(said.text.contains("not activated"), "{}", said.text),
            1 => assert!(said.text.contains("1 of 2 are here"), "{}", said.text),
            _ => {}
        }
    }
}

#[test]
fn k2_who_comes_twice_is_one_and_strangers_and_wrong_words_open_nothing() {
    let place = Workplace::new();
    fs::write(place.path().join("wrong"), "not what custodian-2 chose").unwrap();
    let first = "--custodian=custodian-1=custodian-1.passphrase".to_owned();
    for (second, said) in [
        ("--custodian=custodian-1=custodian-1.passphrase", "is here already"),
        ("--custodian=custodian-2=wrong", "does not open the share"),
        ("--custodian=stranger=custodian-2.passphrase", "is no custodian"),
        ("--custodian=custodian-2=nowhere", "nowhere"),
    ] {
        let refused = publish(&place, &[first.clone(), second.to_owned()]);
        assert_eq!(refused.status, Some(1), "{second}: {}", refused.text);
        assert!(refused.text.contains(said), "{second}: {}", refused.text);
        assert_eq!(refused.text.lines().count(), 1, "{}", refused.text);
    }
    let exported = place.answer(&AUDITOR, &["audit", "export", "journal.jsonl"]);
    assert!(exported.is_object());
    let journal = fs::read_to_string(place.path().join("journal.jsonl")).unwrap();
    let told = |kind: &str, words: &str| {
        journal.lines().filter(|line| line.contains(kind) && line.contains(words)).count()
    };
    assert_eq!(told("custodian-present", "is here already"), 1);
    assert_eq!(told("custodian-present", "does not open the share"), 1);
    assert!(told("keys-activated", "custodian-1 custodian-2") > 0);
    assert!(!journal.contains("and nobody else"), "no passphrase in the journal");
}

#[test]
fn k2_set_up_wants_every_custodian_and_no_two_with_one_passphrase() {
    let place = Workplace::empty();
    let two = present(&CUSTODIANS[..2]);
    let two: Vec<&str> = two.iter().map(String::as_str).collect();
    let said = place.refusal(&[], &[&two, &["init", "--to-try-out"][..]].concat());
    assert!(said.contains("3 custodians"), "{said}");
    let copied = place.path().join("custodian-1.passphrase");
    fs::copy(copied, place.path().join("custodian-3.passphrase")).unwrap();
    let all = present(&CUSTODIANS);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let said = place.refusal(&[], &[&all, &["init", "--to-try-out"][..]].concat());
    assert!(said.contains("the same passphrase"), "{said}");
    assert!(!place.path().join("data/custody.json").exists(), "nothing half done");
}

#[test]
fn k1_without_custodians_nothing_is_issued_and_nothing_is_left_behind() {
    let place = Workplace::new();
    let resident = &place.residents()[0];
    let id = place.verified(resident, &json!({ "ca": "jpki-auth", "kind": "issue-with-card" }));
    let said = place.run_as_is(&CLERK, &["apply", "issue", &id]);
    assert_eq!(said.status, Some(1));
    assert!(said.text.contains("not activated"), "{}", said.text);
    let shown = place.answer(&CLERK, &["apply", "show", &id]);
    assert_eq!(shown["state"], "verified", "{shown}");
    assert_eq!(place.answer(&CLERK, &["apply", "issue", &id])["state"], "issued");
}

#[test]
fn k2_w3_a_suspended_custodian_brings_nothing() {
    let place = Workplace::new();
    // Nobody registered them but `init`, with their shares.
    let custodian = place.answer(&MANAGER, &["staff", "show", "custodian-1"]);
    assert_eq!(
        (&custodian["state"], &custodian["roles"]),
        (&json!("active"), &json!(["key-custodian"]))
    );
    let two = present(&CUSTODIANS[..2]);
    assert!(publish(&place, &two).success);
    place.answer(&MANAGER, &["staff", "suspend", "custodian-1"]);
    let said = publish(&place, &two);
    assert_eq!(said.status, Some(1), "{}", said.text);
    assert!(said.text.contains("is no custodian any more"), "{}", said.text);
    assert!(publish(&place, &present(&CUSTODIANS[1..])).success, "the others open the keys");
}

/// Whoever has the office without a share would be counted for the quorum, and the shares could go.
#[test]
fn k2_w3_nobody_is_a_custodian_without_a_share_and_a_quorum_of_shares_stays() {
    let place = Workplace::new();
    let propose = ["staff", "propose", "dave", "--name", "試験", "--role", "key-custodian"];
    let said = place.refusal(&STAFF, &propose);
    assert!(said.contains("no share of the keys"), "{said}");
    place.answer(&STAFF, &["staff", "propose", "erin", "--name", "試験", "--role", "examiner"]);
    place.answer(&MANAGER, &["staff", "confirm", "erin"]);
    let said = place.refusal(&STAFF, &["staff", "roles", "erin", "--role", "key-custodian"]);
    assert!(said.contains("no share of the keys"), "{said}");
    place.answer(&STAFF, &["staff", "remove", "custodian-1"]);
    place.answer(&MANAGER, &["staff", "confirm", "custodian-1"]);
    let said = place.refusal(&STAFF, &["staff", "remove", "custodian-2"]);
    assert!(said.contains("at least 2 must stay active"), "{said}");
    assert!(publish(&place, &present(&CUSTODIANS[1..])).success, "the others open the keys");
}

/// Who holds a share is told by the database. A file of shares that somebody changed, tore or took away is
/// told, counts nowhere, and comes back from the media; nobody deals others in its place.
#[test]
fn k2_e2_a_file_of_shares_that_was_changed_is_told_and_counts_nowhere() {
    let place = Workplace::new();
    let path = place.path().join("data/custody.json");
    let whole = fs::read_to_string(&path).unwrap();
    let mut added: serde_json::Value = serde_json::from_str(&whole).unwrap();
    for (custodian, index) in [("dave", 4), ("erin", 5)] {
        let mut share = added["custodians"][0].clone();
        (share["custodian"], share["index"]) = (json!(custodian), json!(index));
        added["custodians"].as_array_mut().unwrap().push(share);
    }
    let all = present(&CUSTODIANS);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    for (file, why) in [
        (Some(added.to_string()), "not the file of the shares"),
        (Some(whole.replace("custodian-3", "custodian-9")), "not the file of the shares"),
        (Some(whole[..whole.len() / 2].to_owned()), "not the file of the shares"),
        (Some(String::new()), "it is empty"),
        (None, "No such file"),
    ] {
        match &file {
            Some(file) => fs::write(&path, file).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let said = publish(&place, &present(&CUSTODIANS[..2]));
        assert_eq!(said.status, Some(1), "{}", said.text);
        assert!(said.text.contains(why) && said.text.contains("media"), "{}", said.text);
        let told = place.run(&MANAGER, &["check"]);
        assert!(told.text.contains("custody-record") && told.text.contains(why), "{}", told.text);
        let propose = ["staff", "propose", "dave", "--name", "試験", "--role", "key-custodian"];
        let said = place.refusal(&STAFF, &propose);
        assert!(said.contains("no share of the keys"), "{said}");
        let said = place.run_as_is(&[], &[&all, &["init", "--to-try-out"][..]].concat());
        assert!(said.status == Some(1) && said.text.contains(why), "{}", said.text);
    }
    // Nor does a set-up deal others where the keys are gone as well.
    let keys = place.path().join("data/keys");
    fs::rename(&keys, place.path().join("away")).unwrap();
    let said = place.run_as_is(&[], &[&all, &["init", "--to-try-out"][..]].concat());
    assert!(said.status == Some(1) && said.text.contains("media"), "{}", said.text);
    assert!(!path.exists() && !keys.join("store.json").exists(), "nothing was made");
    let _ = fs::remove_dir_all(&keys);
    fs::rename(place.path().join("away"), &keys).unwrap();
    fs::copy(place.path().join("data/backups/custody.json"), &path).unwrap();
    assert!(publish(&place, &present(&CUSTODIANS[..2])).success);
    assert_eq!(place.answer(&MANAGER, &["check"])["consistent"], json!(true));
}

/// A key store in which another key lies under a CA's label opens for nobody's good.
#[test]
fn k2_a_key_store_with_another_key_under_the_label_is_not_woken() {
    let place = Workplace::new();
    let path = |name: &str| place.path().join("data/keys").join(name);
    fs::copy(path("saitama-sign-ca-1.key"), path("jpki-auth-ca-1.key")).unwrap();
    let said = publish(&place, &present(&CUSTODIANS[..2]));
    assert_eq!(said.status, Some(1), "{}", said.text);
    // A key that is gone is told with the waking, and the others wake.
    fs::remove_file(path("jpki-auth-ca-1.key")).unwrap();
    let said = publish(&place, &present(&CUSTODIANS[..2]));
    assert!(said.text.contains("there is no key jpki-auth-ca-1"), "{}", said.text);
    place.answer(&AUDITOR, &["audit", "export", "journal.jsonl"]);
    let journal = fs::read_to_string(place.path().join("journal.jsonl")).unwrap();
    let awake = journal.lines().rfind(|line| line.contains("keys-activated")).unwrap();
    assert!(awake.contains("missing") && awake.contains("jpki-auth-ca-1"), "{awake}");
    // With none of them it does not, and lets nobody in again.
    fs::remove_file(path("saitama-sign-ca-1.key")).unwrap();
    let said = publish(&place, &present(&CUSTODIANS[..2]));
    assert!(said.text.contains("none of the CAs' keys"), "{}", said.text);
    let two = present(&CUSTODIANS[..2]);
    let two: Vec<&str> = two.iter().map(String::as_str).collect();
    let said = place.run_as_is(&[], &[&two, &["staff", "recover", "manager-1"][..]].concat());
    assert!(said.text.contains("not that of the CAs' keys"), "{}", said.text);
}

#[test]
fn k2_a_set_up_that_broke_off_between_shares_and_store_goes_on() {
    let place = Workplace::empty();
    // Where the key store would be made there is a file: the shares are written, the store is not.
    fs::create_dir(place.path().join("data")).unwrap();
    fs::write(place.path().join("data/keys"), "in the way").unwrap();
    let all = present(&CUSTODIANS);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let said = place.run_as_is(&[], &[&all, &["init", "--to-try-out"][..]].concat());
    assert_eq!(said.status, Some(1), "{}", said.text);
    let shares = fs::read(place.path().join("data/custody.json")).unwrap();
    fs::remove_file(place.path().join("data/keys")).unwrap();
    place.init();
    assert_eq!(fs::read(place.path().join("data/custody.json")).unwrap(), shares);
    assert!(place.path().join("data/audit.pub").exists());
}
