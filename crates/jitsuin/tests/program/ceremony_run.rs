//! `ceremony run` and its sisters: who must be there, what an interruption leaves, what minutes say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;
use testkit::run;

use crate::ceremony_room::{
    OTHERS, attend, coming, completed, hold, hold_with, journal, refused, request, script, verify,
    with_the_bridge,
};
use crate::demo::PROGRAM;
use crate::workplace::{
    AUDITOR, CLERK, CUSTODIANS, MANAGER, OPERATOR_2, STAFF, Workplace, form, present,
};

const GENESIS: [&str; 6] = [
    "do = \"generate-ca-key\"\nca = \"bridge\"",
    "do = \"self-sign\"\nca = \"bridge\"",
    "do = \"responder-certificate\"\nca = \"bridge\"",
    "do = \"tls-certificate\"\nca = \"bridge\"\nrequest = \"web.csr\"",
    "do = \"backup\"\ndirectory = \"media/backup\"",
    "do = \"restore\"\ndirectory = \"media/backup\"",
];

#[test]
fn k3_a_genesis_is_interrupted_goes_on_and_leaves_signed_minutes() {
    let place = Workplace::new();
    with_the_bridge(&place);
    let genesis = script("genesis", &GENESIS);
    // A step that cannot be done yet: first the request, then the medium is missing.
    let said = refused(&place, &genesis);
    assert!(said.contains("step 4 (tls-certificate) failed") && said.contains("web.csr"), "{said}");
    let key = fs::read(place.path().join("data/keys/bridge-ca-1.key")).unwrap();
    request(&place, "web.csr");
    let said = refused(&place, &genesis);
    assert!(said.contains("step 5 (backup)") && said.contains("is the medium in it"), "{said}");
    let shown = place.answer(&AUDITOR, &["ceremony", "show", "genesis"]);
    let interruptions = shown["interruptions"].as_array().map(Vec::len);
    assert_eq!((&shown["state"], interruptions), (&"interrupted".into(), Some(2)));
    fs::create_dir(place.path().join("media")).unwrap();
    completed(&place, &genesis);
    assert_eq!(fs::read(place.path().join("data/keys/bridge-ca-1.key")).unwrap(), key, "one key");
    // What is completed is told again, and nothing happens twice.
    let certified = journal(&place, "certificate-issued").len();
    assert!(certified > 3);
    completed(&place, &genesis);
    assert_eq!(journal(&place, "certificate-issued").len(), certified);
    assert!(place.answer(&STAFF, &["ca", "list"]).to_string().contains("\"bridge\""));
    let media = place.path().join("media/backup");
    let summed = run(&media, "sha256sum", &["--check", "--strict", "SHA256SUMS"]);
    assert_eq!((summed.success, summed.text.lines().count()), (true, 4), "{}", summed.text);
    let minutes = "data/ceremonies/genesis";
    let said = verify(&place, minutes, "data/audit.pub");
    assert!(said.success && said.text.contains("minutes as signed"), "{}", said.text);
    for file in ["genesis.minutes.html", "genesis.minutes.pdf", "genesis.minutes.note"] {
        let path = place.path().join(minutes).join(file);
        let signed = fs::read(&path).unwrap();
        let mut changed = signed.clone();
        let middle = changed.len() / 3;
        changed[middle] ^= 1;
        fs::write(&path, changed).unwrap();
        let said = verify(&place, minutes, "data/audit.pub");
        assert!(!said.success && said.text.contains("genesis.minutes."), "{file}: {}", said.text);
        fs::write(&path, signed).unwrap();
    }
    assert!(verify(&place, minutes, "data/audit.pub").success);
}

#[test]
fn k3_whoever_is_missing_or_in_the_wrong_seat_stops_a_ceremony_before_it_begins() {
    let place = Workplace::new();
    with_the_bridge(&place);
    let genesis = script("genesis", &GENESIS);
    let two = present(&CUSTODIANS[..2]);
    let everybody = OTHERS.map(coming);
    let [auditor, second] = everybody.clone();
    let wrong = "--custodian=custodian-2=custodian-1.passphrase".to_owned();
    let as_clerk = genesis.replace("\"operator-2\"", "\"clerk-1\"");
    let cases: Vec<(&str, Vec<String>, &str)> = vec![
        (&genesis, [&two[..1], &everybody].concat(), "1 in the seat of custodian"),
        (&genesis, [&two[..], &everybody[1..]].concat(), "0 in the seat of witness"),
        (&genesis, [&two[..], &everybody[..1]].concat(), "1 in the seat of operator"),
        (&genesis, [&two[..], &everybody, &[second]].concat(), "operator-2 came twice"),
        (
            &genesis,
            [&two[..], &everybody, &[coming("operator-1")]].concat(),
            "operator-1 came twice",
        ),
        (&genesis, [&two[..], &everybody].concat(), "auditor-1: present: they confirm first"),
        (&genesis, [&two[..], &everybody, &[coming("clerk-1")]].concat(), "clerk-1 is not named"),
        (
            &genesis,
            [&two[..], &everybody, &[coming("custodian-3")]].concat(),
            "named as a custodian, and comes with a passphrase",
        ),
        (
            &genesis,
            [&two[..], &everybody, &["--custodian=manager-1=custodian-3.passphrase".to_owned()]]
                .concat(),
            "manager-1 is named as a witness, not as a custodian",
        ),
        (
            &as_clerk,
            [&two[..], &[auditor, coming("clerk-1")]].concat(),
            "hold_ceremony is open to a senior operator",
        ),
        (&genesis, [&two[..1], &[wrong], &everybody].concat(), "does not open the share"),
        (
            &genesis,
            [&two[..], &["--custodian=custodian-3=custodian-1.passphrase".to_owned()], &everybody]
                .concat(),
            "does not open the share",
        ),
    ];
    let number = cases.len();
    for (script, people, words) in cases {
        // What a share says is asked once everybody else is there.
        let share = words == "does not open the share";
        let attending = [OTHERS[0], OTHERS[1], "clerk-1"].into_iter();
        for id in attending.filter(|_| share || script == as_clerk) {
            assert!(attend(&place, script, id).success, "{id}");
        }
        let said = hold_with(&place, script, &people);
        assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
        assert!(said.text.contains(words), "{words}: {}", said.text);
    }
    assert!(!place.path().join("data/keys/bridge-ca-1.key").exists());
    assert!(journal(&place, "keys-activated").len() < 3, "the keys slept on");
    let started = journal(&place, "ceremony-started");
    assert!(started.iter().all(|entry| entry.contains("refused")), "{started:?}");
    let entries = started.len() + journal(&place, "custodian-present").len();
    assert!(entries >= number, "every attempt is an entry: {started:#?}");
}

/// An attendant says at which script they are present, for one sitting; their token stays with them.
#[test]
fn k3_who_is_present_confirms_it_for_this_script_and_for_one_sitting() {
    let place = Workplace::new();
    let backup = script("backup", &["do = \"backup\"\ndirectory = \"media/backup\""]);
    let people = [&present(&CUSTODIANS[..2])[..], &OTHERS.map(coming)].concat();
    let run = || hold_with(&place, &backup, &people).text;
    let first = |id: &str| format!("{id}: present: they confirm first");
    assert!(run().contains(&first("auditor-1")), "{}", run());
    let told = attend(&place, &backup, "auditor-1");
    assert!(told.success && told.text.contains("\"person\":\"auditor-1\""), "{}", told.text);
    let elsewhere = backup.replace("media/backup", "elsewhere");
    assert!(attend(&place, &elsewhere, "operator-2").success);
    assert!(run().contains(&first("operator-2")), "it was of another script");
    let once = ["--operation", "op-attend", "ceremony", "attend", "script.toml"];
    place.answer(&OPERATOR_2, &once);
    let begun = run();
    assert!(begun.contains("step 1 (backup) failed"), "{begun}");
    fs::create_dir(place.path().join("media")).unwrap();
    // The request that comes again is the one that was answered.
    place.answer(&OPERATOR_2, &once);
    assert!(attend(&place, &backup, "auditor-1").success);
    assert!(run().contains(&first("operator-2")), "one sitting, one confirmation");
    assert!(!place.path().join("media/backup").exists());
    assert!(attend(&place, &backup, "operator-2").success);
    let said = run();
    assert!(said.contains("\"completed\""), "{said}");
    assert_eq!(journal(&place, "ceremony-attended").len(), 6, "every one is told");
}

#[test]
fn k3_whoever_runs_a_ceremony_takes_nobody_elses_token() {
    let place = Workplace::new();
    let backup = script("backup", &["do = \"backup\"\ndirectory = \"media/backup\""]);
    fs::write(place.path().join("script.toml"), backup).unwrap();
    let run = ["ceremony", "run", "script.toml"];
    let present = "--present=operator-2=data/handed-out/operator-2.token";
    let said = place.run_as_is(&STAFF, &[&run[..], &[present]].concat());
    assert_eq!(said.status, Some(2), "{}", said.text);
    let told = ["nobody's token", "ceremony attend SCRIPT", "--present operator-2"];
    assert!(told.iter().all(|words| said.text.contains(words)), "{}", said.text);
    assert!(place.refusal(&[], &run).contains("--as FILE is needed"));
    let as_witness = place.refusal(&MANAGER, &run);
    assert!(as_witness.contains("hold_ceremony is open to a senior operator"), "{as_witness}");
}

#[test]
fn k3_w3_whom_the_registry_suspended_comes_to_no_ceremony() {
    let place = Workplace::new();
    fs::create_dir(place.path().join("media")).unwrap();
    let backup = script("backup", &["do = \"backup\"\ndirectory = \"media/backup\""]);
    let third = ["--name", "操作　三", "--role", "senior-operator"];
    place.answer(&STAFF, &[&["staff", "propose", "operator-3"], &third[..]].concat());
    place.answer(&MANAGER, &["staff", "confirm", "operator-3"]);
    place.answer(&["--as", "data/handed-out/operator-3.enrolment"], &["staff", "token"]);
    place.answer(&MANAGER, &["staff", "suspend", "custodian-1"]);
    assert!(refused(&place, &backup).contains("is no custodian any more"));
    for id in OTHERS {
        assert!(attend(&place, &backup, id).success);
    }
    place.answer(&MANAGER, &["staff", "suspend", "operator-2"]);
    let others = [&present(&CUSTODIANS[1..])[..], &OTHERS.map(coming)].concat();
    let said = hold_with(&place, &backup, &others);
    assert_eq!(said.status, Some(1));
    let words = "operator-2: person: they may not act any more";
    assert!(said.text.contains(words), "{}", said.text);
    // Nor once they are back: what they said was of before.
    place.answer(
        &["--as", "data/handed-out/operator-3.token"],
        &["staff", "reinstate", "operator-2"],
    );
    place.answer(&MANAGER, &["staff", "confirm", "operator-2"]);
    let said = hold_with(&place, &backup, &others).text;
    assert!(said.contains("what they were let in by has ended since"), "{said}");
    assert!(!place.path().join("media/backup").exists());
}

#[test]
fn k3_a_ceremony_keeps_its_script_and_can_be_given_up() {
    let place = Workplace::new();
    let backup = script("backup", &["do = \"backup\"\ndirectory = \"media/backup\""]);
    assert!(refused(&place, &backup).contains("step 1 (backup)"));
    let other = backup.replace("media/backup", "elsewhere");
    assert!(refused(&place, &other).contains("begun with another script"));
    let abandon = ["ceremony", "abandon", "backup", "--reason", "媒体の故障"];
    for nobody in [&STAFF[..], &CLERK, &AUDITOR] {
        assert!(place.refusal(nobody, &abandon).contains("the CA manager"));
    }
    assert!(place.refusal(&CLERK, &["ceremony", "show", "backup"]).contains("internal auditor"));
    let told = place.answer(&MANAGER, &abandon);
    assert_eq!(told["state"], "abandoned");
    let said = verify(&place, "data/ceremonies/backup", "data/audit.pub");
    assert!(said.text.contains("abandoned, minutes as signed"), "{}", said.text);
    assert!(refused(&place, &backup).contains("was abandoned"));
    assert_eq!(place.answer(&MANAGER, &abandon)["minutes"], told["minutes"], "the same again");
    place.refusal(&MANAGER, &["ceremony", "abandon", "backup", "--reason", "another"]);
}

#[test]
fn k3_every_sample_is_rehearsed_and_nothing_of_the_installation_is_touched() {
    let place = Workplace::new();
    with_the_bridge(&place);
    fs::create_dir(place.path().join("media")).unwrap();
    request(&place, "media/web-server.csr");
    let before = contents(&place.path().join("data"));
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ceremonies");
    for (sample, id) in [
        ("genesis", "genesis-2026"),
        ("renewal", "renewal-jpki-auth-2030"),
        ("backup-restore", "backup-2027-06"),
        ("destruction", "destruction-jpki-auth-1"),
    ] {
        let file = samples.join(sample).with_extension("toml");
        let command = ["ceremony", "rehearse", file.to_str().unwrap()];
        let said = run(place.path(), PROGRAM, &command);
        assert_eq!(said.status, Some(0), "{sample}: {}", said.text);
        assert!(said.text.contains("step 1 begins"), "{}", said.text);
        let minutes = format!("{id}-rehearsal");
        let verified = verify(&place, &minutes, &format!("{minutes}/audit.pub"));
        assert!(verified.text.starts_with(&format!("rehearsal {id}: completed")), "{verified:?}");
        assert!(!verify(&place, &minutes, "data/audit.pub").success, "not the real audit key");
    }
    assert!(before == contents(&place.path().join("data")), "byte by byte");
    assert_eq!(fs::read_dir(place.path().join("media")).unwrap().count(), 1, "no medium either");
}

#[test]
fn k3_the_first_keys_of_a_new_installation_are_made_in_a_ceremony() {
    let place = Workplace::empty();
    place.init_awaiting_a_ceremony();
    assert!(!place.path().join("data/keys/jpki-auth-ca-1.key").exists());
    place.enrol();
    let steps: Vec<String> = ["jpki-auth", "saitama-sign"]
        .iter()
        .flat_map(|ca| ["generate-ca-key", "self-sign"].map(|word| (ca, word)))
        .map(|(ca, word)| format!("do = \"{word}\"\nca = \"{ca}\""))
        .collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    completed(&place, &script("genesis", &steps));
    place.init();
    assert!(place.path().join("data/tls/server.pem").exists());
    assert_eq!(place.answer(&STAFF, &["check"])["consistent"], true);
    assert!(hold(&place, &script("again", &steps)).text.contains("has a key already"));
}

/// Every file below a directory with its octets.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.insert(path.display().to_string(), fs::read(path).unwrap());
        }
    }
    all
}

/// What people type at a console, and into a script, is in no entry, whether it was carried out or not.
#[test]
fn e1_nothing_that_was_typed_at_a_console_or_in_a_ceremony_is_in_an_entry() {
    const MARK: &str = "田中印一郎印";
    let place = Workplace::new();
    let new = ["staff", "propose", "typed", "--name", MARK, "--role", "examiner"];
    place.answer(&STAFF, &new);
    let resident = &place.residents()[0];
    let mut form = form(resident, &json!({ "ca": "jpki-auth", "kind": "issue-with-card" }));
    form["given_name"] = json!(MARK);
    place.write("form.json", &form);
    let received = place.answer(&CLERK, &["apply", "receive", "form.json"]);
    let id = received["id"].as_str().unwrap();
    let doubt = json!({ "doubt": MARK, "items": [
        { "evidence": "photo-document", "document": MARK, "number": "TR1234567", "note": MARK }
    ] });
    place.write("evidence.json", &doubt);
    let refused = place.answer(&CLERK, &["apply", "verify", id, "evidence.json"]);
    assert_eq!(refused["state"], "refused");
    for command in [
        &["staff", "propose", MARK, "--name", "x", "--role", "examiner"][..],
        &["staff", "propose", "other", "--name", "x", "--role", MARK],
        &["cert", "show", "jpki-auth", MARK],
        &["cert", "show", MARK, "0a"],
        &["ca", "show", MARK],
        &["service-request", "list", "--state", MARK],
        &["apply", "show", MARK],
    ] {
        assert!(!place.run(&STAFF, command).success, "{command:?}");
    }
    fs::write(place.path().join("policy.toml"), format!("ca = \"{MARK}\"\n")).unwrap();
    place.refusal(&STAFF, &["policy", "adopt", "policy.toml", "--approver", "operator-2"]);
    // A script with the mark in each field that names what exists, and one that is held. Where a step
    // puts its files is evidence, and in the entry of the step.
    let plain = script("typed-1", &["do = \"backup\"\ndirectory = \"media/backup\""]);
    for (field, written) in [
        ("id", "typed-1"),
        ("custodians", "custodian-1"),
        ("witnesses", "auditor-1"),
        ("do", "backup"),
    ] {
        let marked = plain.replacen(written, MARK, 1);
        assert_ne!(marked, plain, "{field}");
        hold(&place, &marked);
    }
    hold(&place, &plain.replace("試験室", MARK).replace("試験", MARK));
    let exported = place.answer(&AUDITOR, &["audit", "export", "journal.jsonl"]);
    assert!(exported.is_object());
    let journal = fs::read_to_string(place.path().join("journal.jsonl")).unwrap();
    assert!(journal.contains("ceremony-started") && journal.contains("refused"), "{journal}");
    let marked: Vec<&str> = journal.lines().filter(|line| line.contains(MARK)).collect();
    assert!(marked.is_empty(), "{marked:#?}");
}
