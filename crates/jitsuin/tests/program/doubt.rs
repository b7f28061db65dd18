//! A database that somebody changed by hand: found while the program runs, and refused at a start.

use std::time::{Duration, Instant};

use testkit::run;

use crate::client::Asker;
use crate::demo::Demo;

/// A change that nobody wrote an entry about is found in so much time at most.
const A_MINUTE: Duration = Duration::from_secs(60);

/// Turns whatever was revoked back.
const GOOD: &str =
    "update certificate set state = 'good', state_at = null, reason = null where state = 'revoked'";

fn change(demo: &Demo, sql: &str) {
    let done = run(demo.path(), "sqlite3", &["demo/data/state.db", ".timeout 10000", sql]);
    assert!(done.success, "{}", done.text);
}

#[test]
fn e2_a_database_changed_by_hand_is_not_served() {
    let mut demo = Demo::start();
    assert!(demo.stop().success());
    let database = demo.kept("data/state.db");
    let kept = std::fs::read(&database).unwrap();
    for (sql, expected) in [
        (GOOD, "certificate"),
        ("delete from card where id in (select id from card limit 1)", "card"),
        ("update person set roles = 'ca-manager' where id = 'examiner-1'", "person"),
    ] {
        change(&demo, sql);
        // Nor is anything else done on it: whoever acts has it proven first.
        let [serve, list, publish, abandon, recover, adopt] = [
            &["serve"][..],
            &["staff", "list"],
            &["crl", "publish", "--ca", "jpki-auth"],
            &["ceremony", "abandon", "none", "--reason", "none"],
            &["staff", "recover", "operator-1"],
            &["policy", "adopt", "demo/policy/jpki-auth.toml", "--approver-as", "none"],
        ];
        for command in [serve, list, publish, abandon, recover, adopt] {
            let who = ["--as", "demo/data/handed-out/manager-1.token"];
            let config = ["--config", "demo/jitsuin.toml"];
            let said = demo.jitsuin(&[&config[..], &who, command].concat());
            assert_eq!(said.status, Some(1), "{sql}, {command:?}: {}", said.text);
            let told = said.text.lines().last().unwrap();
            let is_told = told.contains(expected) && told.contains("nothing is done on a database");
            assert!(is_told, "{sql}, {command:?}: {told}");
        }
        std::fs::write(&database, &kept).unwrap();
    }
}

#[test]
fn v11_what_is_changed_while_the_program_runs_is_not_called_good_and_stops_the_work() {
    let demo = Demo::start();
    let revoked = demo.certificates("jpki-auth", "user", "revoked")[0].clone();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    let serial = &revoked.serial_hex;
    change(&demo, &format!("{GOOD} and hex(serial) = upper('{serial}')"));
    let said = demo.ask("jpki-auth", &[&revoked], Asker::Verifier, "");
    assert!(!said.contains(": good") && said.contains("trylater"), "{said}");
    // A row that is gone cannot be read and found wrong: the proof misses it, and then nothing at
    // all is called good.
    change(&demo, &format!("delete from certificate where hex(serial) = upper('{serial}')"));
    let began = Instant::now();
    loop {
        let said = demo.ask("jpki-auth", &[&good], Asker::Verifier, "");
        if said.contains("trylater") {
            break;
        }
        assert!(began.elapsed() < A_MINUTE, "{said}");
        std::thread::sleep(Duration::from_millis(500));
    }
    let said = demo.jitsuin(&[
        "--config",
        "demo/jitsuin.toml",
        "--as",
        "demo/data/handed-out/operator-1.token",
        "check",
    ]);
    assert!(said.text.contains("state-in-doubt"), "{}", said.text);
}
