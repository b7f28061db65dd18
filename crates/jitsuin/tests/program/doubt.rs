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
            &["policy", "adopt", "demo/policy/jpki-auth.toml", "--approver", "none"],
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

/// Waits until the server says that it is in doubt: to a command, and by answering nobody.
fn in_doubt(demo: &Demo) {
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let began = Instant::now();
    while !demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains("trylater") {
        assert!(began.elapsed() < A_MINUTE, "it is not in doubt");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// What a server found is of that run of it: the next start looks for itself.
#[test]
fn e6_doubt_ends_with_a_start_over_a_database_that_was_set_right() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    change(&demo, "create table planted (text)");
    in_doubt(&demo);
    change(&demo, "drop table planted");
    in_doubt(&demo);
    let _ = demo.stop();
    assert!(demo.kept("data/health.json").exists(), "what it said is still there");
    demo.start_again();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    assert!(demo.stop().success());
    // Nor does a file that a cut left empty keep anything from starting.
    std::fs::write(demo.kept("data/health.json"), "").unwrap();
    demo.start_again();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
}

/// The log's index is what the processes on one database agree by: a command that came with one of
/// its own would write over what the server writes.
#[test]
fn e6_v11_nothing_is_acknowledged_beside_a_lost_index_of_the_log() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let suspend = |demo: &Demo| {
        let who =
            ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/operator-1.token"];
        demo.jitsuin(&[&who[..], &["staff", "suspend", "examiner-1"]].concat())
    };
    std::fs::remove_file(demo.kept("data/state.db-shm")).unwrap();
    let said = suspend(&demo);
    assert_eq!(said.status, Some(1), "{}", said.text);
    assert!(said.text.contains("state.db-shm: it is missing"), "{}", said.text);
    in_doubt(&demo);
    let _ = demo.stop();
    demo.start_again();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    let said = suspend(&demo);
    assert_eq!(said.status, Some(0), "{}", said.text);
}
