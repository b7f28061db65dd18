//! What a start holds the database against, and what people can do where it refuses.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use testkit::Output;

use crate::client::Asker;
use crate::demo::Demo;

/// A command of the stopped installation by one of its people.
fn by(demo: &Demo, person: &str, command: &[&str]) -> Output {
    let token = format!("demo/data/handed-out/{person}.token");
    let who = ["--config", "demo/jitsuin.toml", "--as", &token];
    demo.jitsuin(&[&who[..], command].concat())
}

fn serve(demo: &Demo) -> Output {
    demo.jitsuin(&["--config", "demo/jitsuin.toml", "serve"])
}

fn refused(said: &Output, why: &str) {
    assert_eq!(said.status, Some(1), "{}", said.text);
    assert!(said.text.contains(why), "{}", said.text);
    assert!(said.text.contains("audit accept"), "a way out: {}", said.text);
}

/// These custodians accept what is objected, with nobody's token.
fn accept_by(demo: &Demo, custodians: &[&str]) -> Output {
    let custodian = |id: &&str| format!("--custodian={id}=demo/data/handed-out/{id}.passphrase");
    let custodians: Vec<_> = custodians.iter().map(custodian).collect();
    let config = ["--config", "demo/jitsuin.toml"];
    let custodians: Vec<&str> = custodians.iter().map(String::as_str).collect();
    demo.jitsuin(&[&config[..], &custodians, &["audit", "accept", "--carry-out"]].concat())
}

fn accept(demo: &Demo) -> Output {
    accept_by(demo, &["custodian-1", "custodian-3"])
}

fn verify(demo: &Demo) -> Value {
    let key = &demo.ready.audit_public_key;
    let what = ["--json", "audit", "verify", "demo/data/state.db", "--key", key];
    let said = demo.jitsuin(&[&what[..], &["--checkpoints", "demo/checkpoints"]].concat());
    assert!(said.success, "{}", said.text);
    serde_json::from_str(&said.text).unwrap()
}

fn notes(demo: &Demo) -> PathBuf {
    demo.kept("checkpoints/jitsuin_example_journal.checkpoints")
}

#[test]
fn e6_a_database_that_was_set_back_does_not_start_until_the_custodians_accept_it() {
    let mut demo = Demo::start();
    assert!(demo.stop().success());
    let (database, copy) = (demo.kept("data/state.db"), demo.path().join("copy"));
    fs::copy(&database, &copy).unwrap();
    let before = verify(&demo);
    assert_eq!(before["witnessed_until"], before["entries"]);
    assert_eq!(before["on_one_file_system"], true, "no witness, and it says so");
    assert_eq!((&before["alone"], &before["witnessed"]), (&json!([]), &before["checkpoints"]));
    assert!(by(&demo, "manager-1", &["check"]).success);
    fs::copy(&copy, &database).unwrap();
    let entries = fs::metadata(&database).unwrap().len();
    for said in [serve(&demo), by(&demo, "manager-1", &["check"])] {
        refused(&said, "which a sealed checkpoint covers");
    }
    assert_eq!(fs::metadata(&database).unwrap().len(), entries, "nothing was added");
    // One person is told. Nobody is believed for what the older database says of them.
    let said = by(&demo, "manager-1", &["audit", "accept"]);
    assert!(
        said.success && said.text.contains("which a sealed checkpoint covers"),
        "{}",
        said.text
    );
    // Whoever looked added an entry to the older journal: it is another one now.
    refused(&serve(&demo), "is not the one of checkpoint size");
    let two = ["audit", "accept", "--approver", "auditor-1", "--carry-out"];
    let said = by(&demo, "manager-1", &two);
    assert!(!said.success && said.text.contains("the custodians accept it"), "{}", said.text);
    let said = by(&demo, "manager-1", &["audit", "accept", "--carry-out"]);
    assert!(!said.success && said.text.contains("who accepts it"), "{}", said.text);
    let said = accept_by(&demo, &["custodian-1"]);
    assert!(!said.success && said.text.contains("1 of 2"), "{}", said.text);
    let said = accept(&demo);
    assert!(said.success && said.text.contains("set aside"), "{}", said.text);
    // Who left since is in office again, and nothing outside tells: whoever accepts it is told of all.
    for told in ["acts again", "custodian-2 (key-custodian) since", "manager-1 (ca-manager) since"]
    {
        assert!(said.text.contains(told), "{told}: {}", said.text);
    }
    let said = by(&demo, "manager-1", &["check"]);
    assert!(said.success, "{}", said.text);
    let after = verify(&demo);
    assert_eq!(after["witnessed_until"], after["entries"]);
    let said = accept(&demo);
    assert!(!said.success && said.text.contains("nothing is objected"), "{}", said.text);
    let said = demo.export();
    assert!(said.success, "{}", said.text);
    let journal = fs::read_to_string(demo.path().join("export")).unwrap();
    let accepted: Vec<_> = journal.lines().filter(|line| line.contains("start-accepted")).collect();
    assert!(accepted.iter().any(|line| line.contains("custodian-1")), "{accepted:?}");
}

#[test]
fn e6_a_place_that_lost_its_notes_is_not_one_that_never_had_any() {
    let mut demo = Demo::start();
    assert!(demo.stop().success());
    let whole = fs::read(notes(&demo)).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    let last = text.trim_end().rfind("\n\njitsuin").unwrap() + 2;
    let losses: [&dyn Fn(); 3] = [
        &|| fs::remove_file(notes(&demo)).unwrap(),
        &|| fs::write(notes(&demo), "").unwrap(),
        &|| fs::write(notes(&demo), &whole[..last]).unwrap(),
    ];
    for lose in losses {
        lose();
        refused(&serve(&demo), "its notes were lost");
        fs::write(notes(&demo), &whole).unwrap();
    }
    let config = demo.kept("jitsuin.toml");
    let named = fs::read_to_string(&config).unwrap();
    let elsewhere = named.replace("\"checkpoints\"", "\"others\"");
    assert_ne!(named, elsewhere);
    fs::write(&config, &elsewhere).unwrap();
    refused(&serve(&demo), "does not name it any more");
    // Whatever else keeps the program from opening keeps nobody from this: an edited policy, and no
    // token that still lets anybody in.
    let policy = demo.kept("policy/jpki-auth.toml");
    let adopted = fs::read(&policy).unwrap();
    fs::write(&policy, [b"# edited\n", &adopted[..]].concat()).unwrap();
    let said = accept(&demo);
    assert!(said.success, "{}", said.text);
    let said = serve(&demo);
    assert!(!said.success && said.text.contains("policy adopt"), "{}", said.text);
    let custodians = ["custodian-1", "custodian-2"]
        .map(|id| format!("--custodian={id}=demo/data/handed-out/{id}.passphrase"));
    let [one, other] = custodians.each_ref().map(String::as_str);
    let config = ["--config", "demo/jitsuin.toml", one, other];
    let said = demo.jitsuin(&[&config[..], &["staff", "recover", "operator-2"]].concat());
    assert!(said.success, "people are let in again whatever policy lies there: {}", said.text);
    fs::write(&policy, adopted).unwrap();
    let said = by(&demo, "manager-1", &["check"]);
    assert!(said.success, "the new place is known now: {}", said.text);
    fs::remove_dir_all(demo.kept("others")).unwrap();
    refused(&serve(&demo), "its notes were lost");
}

/// What somebody names as the place of an output is made anew: the database, notes of checkpoints and
/// an earlier export are not written over by anybody's word.
#[test]
fn e2_nothing_that_lies_there_is_written_over_by_an_output() {
    let mut demo = Demo::start();
    assert!(demo.stop().success());
    let notes = notes(&demo);
    let targets = [demo.kept("data/state.db"), notes, demo.kept("data/audit.pub")];
    let before: Vec<_> = targets.iter().map(|file| fs::read(file).unwrap()).collect();
    for (target, before) in targets.iter().zip(&before) {
        let name = target.to_str().unwrap();
        let words: [(&str, &[&str]); 2] = [
            ("auditor-1", &["audit", "export", name]),
            ("operator-1", &["staff", "token", "--out", name]),
        ];
        for (who, words) in words {
            let said = by(&demo, who, words);
            assert!(!said.success && said.text.contains("not written over"), "{}", said.text);
        }
        // Whoever asked is in the journal, which goes on in database and notes.
        if !name.ends_with(".db") {
            assert!(fs::read(target).unwrap().starts_with(before), "{name}");
        }
    }
    assert!(by(&demo, "manager-1", &["check"]).success);
    // A directory of no checkpoints does not make witnesses of those that lie beside the database.
    let other = tempfile::tempdir_in("/dev/shm").unwrap();
    let what = ["--json", "audit", "verify", "demo/data/state.db", "--key"];
    let places = ["--checkpoints", "demo/checkpoints", "--checkpoints"];
    let key = [demo.ready.audit_public_key.as_str()];
    let said =
        demo.jitsuin(&[&what[..], &key, &places, &[other.path().to_str().unwrap()]].concat());
    let told: Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!(told["on_one_file_system"], true, "{told}");
}

/// The names of the sealed segments of query records.
fn segments(demo: &Demo) -> Vec<String> {
    let files = fs::read_dir(demo.kept("data/queries")).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A disk that lost records of questions does not stop the work, and is a finding until two people give
/// up exactly these; their number is nobody else's afterwards.
#[test]
fn e1_query_records_that_are_lost_for_good_are_given_up_by_two_people() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let ask = |demo: &mut Demo| {
        assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
        assert!(demo.stop().success());
        segments(demo).pop().unwrap()
    };
    let lost = ask(&mut demo);
    let file = demo.kept("data/queries").join(&lost);
    let records = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    // The memory of requests would give the number again, which the journal knows.
    fs::remove_file(demo.kept("data/heard.db")).unwrap();
    let check = |demo: &Demo| by(demo, "manager-1", &["check"]);
    let finding = format!("{lost}: it is missing");
    let said = check(&demo);
    assert!(!said.success && said.text.contains(&finding), "{}", said.text);
    assert!(said.text.contains("audit accept"), "a way out: {}", said.text);
    demo.start_again();
    let next = ask(&mut demo);
    assert!(next > lost, "{next} comes after {lost}");
    let told = format!("query records {lost}: missing");
    let said = by(&demo, "manager-1", &["audit", "accept"]);
    assert!(said.success && said.text.contains(&told), "{}", said.text);
    let carry_out = |operation: &str| {
        let two = ["audit", "accept", "--records", "--approver", "auditor-1", "--carry-out"];
        by(&demo, "manager-1", &[&["--operation", operation], &two[..]].concat())
    };
    let approve = |operation| {
        by(&demo, "auditor-1", &["audit", "accept", "--records", "--approves", operation])
    };
    // Whoever accepts what else is wrong gives no records up with it.
    let said = accept(&demo);
    assert!(!said.success && said.text.contains("nothing is objected"), "{}", said.text);
    let said = carry_out("op-alone");
    assert!(!said.success && said.text.contains("approve this operation first"), "{}", said.text);
    assert!(approve("op-one").success);
    // Approved for one; another is lost meanwhile.
    let file_of_next = demo.kept("data/queries").join(&next);
    let records_of_next = fs::read(&file_of_next).unwrap();
    fs::write(&file_of_next, "x\n").unwrap();
    let said = carry_out("op-one");
    assert!(!said.success && said.text.contains("something else"), "{}", said.text);
    assert!(approve("op-both").success);
    let said = carry_out("op-both");
    assert!(said.success, "{}", said.text);
    let said = check(&demo);
    assert!(said.success, "{}", said.text);
    // What lies there was given up as it is, and nothing else.
    fs::write(&file, "y\n").unwrap();
    let said = check(&demo);
    assert!(!said.success && said.text.contains("not as it was sealed"), "{}", said.text);
    fs::write(&file, records).unwrap();
    fs::write(&file_of_next, records_of_next).unwrap();
    // What cannot be read is lost, and keeps nobody from the way out.
    let older = demo.kept("data/queries").join(&segments(&demo)[0]);
    let kept = fs::read(&older).unwrap();
    fs::remove_file(&older).unwrap();
    fs::create_dir(&older).unwrap();
    for command in [&["check"][..], &["audit", "accept"]] {
        let said = by(&demo, "manager-1", command);
        assert!(said.text.contains("read"), "{}", said.text);
        assert_eq!(said.success, command.len() == 2, "{}", said.text);
    }
    fs::remove_dir(&older).unwrap();
    fs::write(&older, kept).unwrap();
    let said = check(&demo);
    assert!(said.success, "what was found again is what was sealed: {}", said.text);
}
