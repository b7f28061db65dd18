//! A database that somebody changed by hand: found while the program runs, and refused at a start.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use testkit::run;

use crate::client::Asker;
use crate::demo::{Demo, PROGRAM};

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
    assert!(said.text.contains("certificate"), "{}", said.text);
}

/// SQLite's own locks keep a program that only looks from moving the log into the database and taking
/// it away: they are lost to a process that closes any other descriptor of the file.
#[test]
fn e6_a_stranger_who_opens_the_database_and_closes_it_takes_nothing_away() {
    let demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let who = ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/operator-1.token"];
    let index = demo.kept("data/state.db-shm");
    let before = std::fs::metadata(&index).unwrap().ino();
    for number in 0..5 {
        change(&demo, "select count(*) from ca");
        let id = format!("late-{number}");
        let propose = ["staff", "propose", &id, "--name", "Late", "--role", "examiner"];
        let said = demo.jitsuin(&[&who[..], &propose].concat());
        assert_eq!(said.status, Some(0), "{}", said.text);
    }
    assert_eq!(std::fs::metadata(&index).unwrap().ino(), before);
    // More than one look of the server's.
    std::thread::sleep(Duration::from_secs(15));
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    let said = demo.jitsuin(&[&who[..], &["staff", "list"]].concat());
    assert!((0..5).all(|number| said.text.contains(&format!("late-{number}"))), "{}", said.text);
}

/// A name in what the server says means something wherever whoever reads it was started.
#[test]
fn e6_a_command_beside_a_server_may_come_from_anywhere_and_by_a_link() {
    let demo = Demo::start();
    let there = demo.kept("jitsuin.toml");
    let link = demo.path().join("link");
    std::os::unix::fs::symlink(there.parent().unwrap(), &link).unwrap();
    for place in [there.parent().unwrap(), &link] {
        let config = place.join("jitsuin.toml");
        let token = place.join("data/handed-out/operator-1.token");
        let who = ["--config", config.to_str().unwrap(), "--as", token.to_str().unwrap()];
        let said = run(Path::new("/"), PROGRAM, &[&who[..], &["staff", "list"]].concat());
        assert_eq!(said.status, Some(0), "{}", said.text);
    }
}

/// A database that was moved to another disk, with a link in its place.
#[test]
fn e6_v11_the_log_of_a_database_behind_a_link_is_watched_where_it_lies() {
    let mut demo = Demo::start();
    assert!(demo.stop().success());
    let (from, to) = (demo.kept("data/state.db"), demo.path().join("elsewhere.db"));
    std::fs::rename(&from, &to).unwrap();
    std::os::unix::fs::symlink(&to, &from).unwrap();
    demo.start_again();
    std::fs::remove_file(demo.path().join("elsewhere.db-shm")).unwrap();
    let who = ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/operator-1.token"];
    let said = demo.jitsuin(&[&who[..], &["staff", "suspend", "examiner-1"]].concat());
    assert_eq!(said.status, Some(1), "{}", said.text);
    in_doubt(&demo);
}

/// Every row of the older state proves itself: only who was there knows that there was more.
#[test]
fn e2_v11_an_older_index_of_the_log_written_over_the_present_one_is_in_doubt_at_once() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let index = demo.kept("data/state.db-shm");
    let older = std::fs::read(&index).unwrap();
    let who = ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/operator-1.token"];
    let said = demo.jitsuin(&[&who[..], &["staff", "suspend", "examiner-1"]].concat());
    assert_eq!(said.status, Some(0), "{}", said.text);
    // The server has seen it.
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    std::fs::write(demo.path().join("older"), older).unwrap();
    demo.says("dd if=older of=demo/data/state.db-shm conv=notrunc status=none");
    let said = demo.ask("jpki-auth", &[&good], Asker::Verifier, "");
    assert!(said.contains("trylater"), "{said}");
    let _ = demo.stop();
    demo.start_again();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    let said = demo.jitsuin(&[&who[..], &["staff", "list"]].concat());
    assert!(said.text.contains("suspended"), "nothing is lost: {}", said.text);
}

/// A command that comes at once does not write over what the server alone knows, and no later start takes
/// what is left for all there was.
#[test]
fn e2_e6_what_a_server_had_seen_is_asked_for_by_the_command_beside_it_and_by_the_next_start() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let index = demo.kept("data/state.db-shm");
    let older = std::fs::read(&index).unwrap();
    let who = ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/operator-1.token"];
    let suspend =
        |demo: &Demo, id: &str| demo.jitsuin(&[&who[..], &["staff", "suspend", id]].concat());
    assert_eq!(suspend(&demo, "examiner-1").status, Some(0));
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    std::fs::write(demo.path().join("older"), older).unwrap();
    demo.says("dd if=older of=demo/data/state.db-shm conv=notrunc status=none");
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains("trylater"));
    std::thread::sleep(Duration::from_millis(300));
    let said = suspend(&demo, "approver-1");
    assert!(!said.success, "{}", said.text);
    let _ = demo.stop();
    // What was committed last is taken from the database, with its log.
    let word = std::fs::read_to_string(demo.kept("data/health.json")).unwrap();
    let word: serde_json::Value = serde_json::from_str(&word).unwrap();
    let last = word["last"][0].as_u64().unwrap();
    let unseen = word.to_string().replacen(&format!("[{last},"), &format!("[{},", last + 1), 1);
    std::fs::write(demo.kept("data/health.json"), unseen).unwrap();
    let serve = |demo: &Demo| demo.jitsuin(&["--config", "demo/jitsuin.toml", "serve"]);
    for _ in 0..2 {
        let said = serve(&demo);
        assert!(!said.success && said.text.contains("had seen it"), "{}", said.text);
    }
    let said = demo.jitsuin(&[&who[..], &["staff", "list"]].concat());
    assert!(!said.success && said.text.contains("had seen it"), "{}", said.text);
    let custodians = ["custodian-1", "custodian-2"]
        .map(|id| format!("--custodian={id}=demo/data/handed-out/{id}.passphrase"));
    let custodians: Vec<&str> = custodians.iter().map(String::as_str).collect();
    let config = ["--config", "demo/jitsuin.toml"];
    let accept = ["audit", "accept", "--carry-out"];
    let said = demo.jitsuin(&[&config[..], &custodians, &accept].concat());
    assert!(said.success, "{}", said.text);
    demo.start_again();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
}

fn shell(demo: &Demo, line: &str) {
    let said = testkit::run(demo.path(), "sh", &["-c", line]);
    assert!(said.success, "{}", said.text);
}

/// A copy in the place of the data directory, for the moment of a command, whose query records are the
/// server's own: who seals has them, and seals another database than the command wrote to.
#[test]
fn e2_e6_a_command_acknowledges_nothing_that_nobody_seals() {
    let mut demo = Demo::start();
    // Made first, and exchanged at once: the server makes directories that it misses, which go again, and its
    // key store's files come and go. What it has seen is copied before the database, which has all of that then.
    let exchange = "cp -a demo/data/health.json demo/seen && mkdir -m 700 demo/copy && \
        for one in $(ls -A demo/data); do case $one in state.db*) ;; \
        keys|queries) ln -s ../live/$one demo/copy/$one;; \
        *) cp -a demo/data/$one demo/copy/$one || exit 1;; esac; done && \
        mv demo/seen demo/copy/health.json && cp -a demo/data/state.db* demo/copy/ && \
        mv demo/data demo/live && \
        { mv -T demo/copy demo/data || { rm -r demo/data && mv -T demo/copy demo/data; }; }";
    let back = "mv demo/data demo/copy && mv demo/live demo/data";
    let who = ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/operator-1.token"];
    let mut said = None;
    // A server that commits and seals between the copy and the exchange is seen to have gone on.
    for _ in 0..5 {
        shell(&demo, exchange);
        let tried = demo.jitsuin(&[&who[..], &["staff", "suspend", "examiner-1"]].concat());
        shell(&demo, back);
        if !tried.text.contains("it is not there any more") {
            said = Some(tried);
            break;
        }
        shell(&demo, "rm -r demo/copy");
    }
    let said = said.expect("a copy that is as new as what was sealed");
    assert!(!said.success && said.text.contains("not sealed"), "{}", said.text);
    // It says under which id the same is asked again: here it was lost, and is done now, once.
    let _ = demo.stop();
    demo.start_again();
    let (_, id) = said.text.split_once("`--operation ").unwrap();
    let asked = ["--operation", id.split_once('`').unwrap().0, "staff", "suspend", "examiner-1"];
    for _ in 0..2 {
        let said = demo.jitsuin(&[&who[..], &asked].concat());
        assert!(said.success && said.text.contains("suspended"), "{}", said.text);
    }
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
    // By its own look, or by the server's, which is told at once.
    assert!(said.text.contains("state.db-shm"), "{}", said.text);
    in_doubt(&demo);
    let _ = demo.stop();
    demo.start_again();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    let said = suspend(&demo);
    assert_eq!(said.status, Some(0), "{}", said.text);
}

/// Whoever looks for what is wrong is told all of it at once, and not what keeps the look from being sealed.
#[test]
fn e2_check_tells_all_that_is_in_doubt() {
    let mut demo = Demo::start();
    assert!(demo.stop().success());
    change(&demo, "update person set name = 'x' where id in ('examiner-1', 'approver-1')");
    let who = ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/manager-1.token"];
    let said = demo.jitsuin(&[&who[..], &["check"]].concat());
    assert!(!said.success, "{}", said.text);
    for finding in ["person examiner-1", "person approver-1"] {
        let told = said.text.lines().find(|line| line.starts_with("jitsuin: "));
        assert!(told.is_some_and(|told| told.contains(finding)), "{finding}: {}", said.text);
    }
}
