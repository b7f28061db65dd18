//! The room in which a test holds a ceremony: the script, and everybody who comes.

use std::fs;

use serde_json::Value;
use testkit::{Output, run};

use crate::demo::PROGRAM;
use crate::workplace::{AUDITOR, CUSTODIANS, STAFF, Workplace, present};

/// Who comes beside the custodians and operator-1, who runs it.
pub(crate) const OTHERS: [&str; 2] = ["auditor-1", "operator-2"];

/// A script of these steps, each as its table's lines.
pub(crate) fn script(id: &str, steps: &[&str]) -> String {
    let today = jiff::Timestamp::now().in_tz("Asia/Tokyo").unwrap().date();
    let head = format!(
        "[ceremony]\nid = \"{id}\"\ntitle = \"試験\"\nplace = \"試験室\"\nplanned = \"{today}\"\n\
         threshold = 2\ncustodians = [\"custodian-1\", \"custodian-2\", \"custodian-3\"]\n\
         witnesses = [\"auditor-1\", \"manager-1\"]\noperators = [\"operator-1\", \"operator-2\"]\n"
    );
    steps.iter().fold(head, |script, step| format!("{script}\n[[step]]\n{step}\n"))
}

/// The option that names somebody who confirmed that they are present.
pub(crate) fn coming(id: &str) -> String {
    format!("--present={id}")
}

/// Writes a script and has somebody confirm that they are present at it.
pub(crate) fn attend(place: &Workplace, script: &str, id: &str) -> Output {
    fs::write(place.path().join("script.toml"), script).unwrap();
    let token = format!("data/handed-out/{id}.token");
    place.run_as_is(&["--as", &token], &["ceremony", "attend", "script.toml"])
}

/// Writes a script and has operator-1 run it with these people.
pub(crate) fn hold_with(place: &Workplace, script: &str, people: &[String]) -> Output {
    fs::write(place.path().join("script.toml"), script).unwrap();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    place.run_as_is(&STAFF, &[&["ceremony", "run", "script.toml"], &people[..]].concat())
}

/// Runs a script with enough of everybody, who confirm it as far as it can be confirmed.
pub(crate) fn hold(place: &Workplace, script: &str) -> Output {
    OTHERS.iter().for_each(|id| drop(attend(place, script, id)));
    let others = OTHERS.map(coming);
    hold_with(place, script, &[&present(&CUSTODIANS[..2]), &others[..]].concat())
}

/// Runs a script that must come to its end; returns what the program says.
pub(crate) fn completed(place: &Workplace, script: &str) -> Value {
    let said = hold(place, script);
    assert_eq!(said.status, Some(0), "{}", said.text);
    let told: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(told["state"], "completed", "{told}");
    told
}

/// Runs a script that must be refused or interrupted in one line; returns it.
pub(crate) fn refused(place: &Workplace, script: &str) -> String {
    let said = hold(place, script);
    assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    said.text
}

/// Verifies the minutes of a directory with a key.
pub(crate) fn verify(place: &Workplace, directory: &str, key: &str) -> Output {
    run(place.path(), PROGRAM, &["ceremony", "verify", directory, "--key", key])
}

/// The entries of the journal of this kind.
pub(crate) fn journal(place: &Workplace, kind: &str) -> Vec<String> {
    // It is written over nothing.
    let _ = fs::remove_file(place.path().join("journal.jsonl"));
    place.answer(&AUDITOR, &["audit", "export", "journal.jsonl"]);
    let journal = fs::read_to_string(place.path().join("journal.jsonl")).unwrap();
    journal.lines().filter(|line| line.contains(kind)).map(ToOwned::to_owned).collect()
}

/// Names the bridge CA's policy in the configuration, beside those that are set up.
pub(crate) fn with_the_bridge(place: &Workplace) {
    let policies = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/bridge.toml");
    fs::copy(policies, place.path().join("policy/bridge.toml")).unwrap();
    let path = place.path().join("jitsuin.toml");
    let config = fs::read_to_string(&path).unwrap();
    let with = "policies = [\n    \"policy/bridge.toml\",";
    let config = config.replacen("policies = [", with, 1);
    assert!(config.contains(with));
    fs::write(path, config).unwrap();
}

/// A server's PKCS#10 request, made by openssl.
pub(crate) fn request(place: &Workplace, file: &str) {
    let made = [
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "/dev/null",
        "-subj",
        "/CN=web.example",
        "-addext",
        "subjectAltName=DNS:web.example",
        "-out",
        file,
    ];
    assert!(run(place.path(), "openssl", &made).success);
}
