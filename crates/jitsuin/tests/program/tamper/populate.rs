//! The installation that is tampered with: the demo's, and what the demo does not do, so that as many
//! tables as can be have rows, and rows have older versions.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::run;

use crate::ceremony_room::{OTHERS, coming, script};
use crate::demo::{PROGRAM, copy_populated, copy_prepared};
use crate::installation::{CUSTODIANS, command};

/// Older copies of the database, in the order in which they were made.
const OLDER: [&str; 2] = ["older-1.db", "older-2.db"];

/// Copies the installation to `target`.
pub(super) fn copy(target: &Path) {
    copy_prepared("tampered", target, |directory| {
        copy_populated(directory);
        populate(directory);
    });
}

/// The older copies of an installation's database.
pub(super) fn older(directory: &Path) -> [PathBuf; 2] {
    OLDER.map(|name| directory.join(name))
}

fn populate(place: &Path) {
    keep(place, OLDER[0]);
    fs::write(place.join("password"), "a horse, a battery").unwrap();
    answer(place, "operator-1", &["staff", "password", "--new", "password"]);
    let request = receive_request(place);
    interrupt_a_renewal(place);
    let residents = residents(place);
    answer(place, "general-1", &["register", "died", &residents[0]]);
    answer(place, "general-1", &["register", "apply"]);
    keep(place, OLDER[1]);
    // A password that does not fit is counted.
    fs::write(place.join("wrong"), "no such password").unwrap();
    let wrong = ["--operator", "operator-1", "--as", "wrong", "check"];
    assert!(!run(place, PROGRAM, &wrong).success);
    let findings = ["request", "examine", &request, "--findings", "the applicant is entitled"];
    answer(place, "examiner-1", &findings);
    answer(place, "general-1", &["register", "died", &residents[1]]);
    answer(place, "general-1", &["register", "apply"]);
    let proposal = ["staff", "propose", "examiner-2", "--name", "審査　一郎", "--role", "examiner"];
    answer(place, "operator-1", &proposal);
    answer(place, "manager-1", &["staff", "suspend", "general-1"]);
    with_keys(place, "operator-1", &["crl", "publish", "--ca", "jpki-auth"]);
    let compromise = ["key", "compromise", "saitama-sign", "--carry-out"];
    answer(place, "operator-1", &[&compromise[..], &["--approves", "op-worst-day"]].concat());
    let second = ["--operation", "op-worst-day", "--approver", "operator-1"];
    with_keys(place, "manager-1", &[&compromise[..], &second].concat());
}

/// Keeps the database as it stands.
fn keep(place: &Path, name: &str) {
    fs::copy(place.join("data/state.db"), place.join(name)).unwrap();
}

fn answer(place: &Path, who: &str, words: &[&str]) -> Value {
    let said = command(place, who, words);
    assert_eq!(said.status, Some(0), "{words:?}: {}", said.text);
    serde_json::from_slice(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.text))
}

fn with_keys(place: &Path, who: &str, words: &[&str]) -> Value {
    answer(place, who, &[&CUSTODIANS, words].concat())
}

fn receive_request(place: &Path) -> String {
    let made = "req -new -newkey rsa:2048 -nodes -keyout server.key -out server.csr \
        -subj /CN=server.example -addext subjectAltName=DNS:server.example";
    assert!(run(place, "openssl", &made.split_whitespace().collect::<Vec<_>>()).success);
    let intake = ["request", "receive", "jpki-auth", "--applicant", "情報システム課　試験担当"];
    let what = ["--document", "申請書", "--kind", "tls-server", "--request", "server.csr"];
    let received = answer(place, "intake-1", &[&intake[..], &what].concat());
    received["id"].as_str().unwrap().to_owned()
}

/// A renewal that finds no place for the backup of its key: the plan stays, and the ceremony goes
/// on another day.
fn interrupt_a_renewal(place: &Path) {
    let issues_from = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let renew = format!(
        "do = \"renew-ca-key\"\nca = \"jpki-auth\"\nissues_from = \"{issues_from}\"\n\
         early = \"暗号方式が脆弱になったと判断した\""
    );
    fs::write(place.join("script.toml"), script("renewal", &[&renew])).unwrap();
    let (backups, away) = (place.join("data/backups"), place.join("away"));
    fs::rename(&backups, &away).unwrap();
    fs::write(&backups, "in the way").unwrap();
    for id in OTHERS {
        answer(place, id, &["ceremony", "attend", "script.toml"]);
    }
    let others = OTHERS.map(coming);
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let hold = [&["ceremony", "run", "script.toml"], &CUSTODIANS[..], &others].concat();
    let said = command(place, "operator-1", &hold);
    assert!(!said.success && said.text.contains("renew-ca-key"), "{}", said.text);
    fs::remove_file(&backups).unwrap();
    fs::rename(&away, &backups).unwrap();
}

/// The codes of residents who have a certificate in force.
fn residents(place: &Path) -> Vec<String> {
    const HOLDERS: &str = "SELECT DISTINCT holder FROM certificate
        WHERE ca = 'jpki-auth' AND state = 'good' AND kind = 'user' ORDER BY issued";
    let database = rusqlite::Connection::open(place.join("data/state.db")).unwrap();
    let mut statement = database.prepare(HOLDERS).unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}
