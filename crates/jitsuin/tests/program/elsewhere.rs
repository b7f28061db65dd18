//! Commands that ask the API of another machine (`--server`): here it is this one, by its port alone.

use std::fs;
use std::net::TcpListener;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Output, run};

use crate::demo::PROGRAM;
use crate::installation::addresses;
use crate::workplace::{AUDITOR, CLERK, STAFF, Workplace, form};

/// Where somebody works who has nothing of the installation but their token and the roots.
struct Elsewhere {
    place: Workplace,
    desk: TempDir,
    url: String,
}

impl Elsewhere {
    fn new() -> Self {
        let mut place = Workplace::new();
        place.serve();
        let said = fs::read_to_string(place.path().join("serve.log")).unwrap();
        let [api, ..] = addresses(&said).expect("the addresses");
        let desk = TempDir::new().unwrap();
        for (from, to) in [("data/tls/ca.pem", "roots.pem"), (STAFF[1], "operator-1.token")] {
            fs::copy(place.path().join(from), desk.path().join(to)).unwrap();
        }
        fs::copy(place.path().join(CLERK[1]), desk.path().join("clerk-1.token")).unwrap();
        Self { place, desk, url: format!("https://localhost:{}", api.port()) }
    }

    /// Runs a command as somebody.
    fn run(&self, who: &str, command: &[&str]) -> Output {
        self.run_at(&self.url, "roots.pem", who, command)
    }

    fn run_at(&self, url: &str, roots: &str, who: &str, command: &[&str]) -> Output {
        let token = format!("{who}.token");
        let there = ["--json", "--server", url, "--server-ca", roots, "--as", &token];
        run(self.desk.path(), PROGRAM, &[&there[..], command].concat())
    }

    fn answer(&self, who: &str, command: &[&str]) -> Value {
        let said = self.run(who, command);
        assert_eq!(said.status, Some(0), "{command:?}: {}", said.text);
        serde_json::from_slice(&said.stdout).unwrap_or_else(|e| panic!("{e}: {}", said.text))
    }

    /// What a command says that fails, in one object.
    fn refusal(said: &Output) -> Value {
        assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
        serde_json::from_str(&said.text).unwrap_or_else(|e| panic!("{e}: {}", said.text))
    }
}

#[test]
fn w3_a_command_elsewhere_does_and_says_what_the_same_command_does_here() {
    let there = Elsewhere::new();
    let list = ["cert", "list", "jpki-auth"];
    assert_eq!(there.answer("operator-1", &list), there.place.answer(&STAFF, &list));
    let people = |json: &str| ["--output", json, "staff", "list"].map(str::to_owned);
    let table = people("table");
    let table: Vec<&str> = table.iter().map(String::as_str).collect();
    let server = ["--server", &there.url, "--server-ca", "roots.pem", "--as", "operator-1.token"];
    let said = run(there.desk.path(), PROGRAM, &[&server[..], &table].concat());
    let here = run(there.place.path(), PROGRAM, &[&STAFF[..], &table].concat());
    assert_eq!(said.text, here.text);
    // What changes something is done once under its id, and a refusal has its own members.
    let resident = &there.place.residents()[0];
    let wanted = serde_json::json!({ "ca": "jpki-auth", "kind": "issue-with-card" });
    let form = form(resident, &wanted).to_string();
    fs::write(there.desk.path().join("form.json"), form).unwrap();
    let receive = ["apply", "receive", "form.json"];
    let first = there.answer("clerk-1", &[&receive[..], &["--operation", "op-once"]].concat());
    let again = there.answer("clerk-1", &[&receive[..], &["--operation", "op-once"]].concat());
    assert_eq!((&first["state"], &again["id"]), (&"received".into(), &first["id"]));
    let listed = there.place.answer(&CLERK, &["apply", "list"]);
    assert_eq!(listed["applications"].as_array().map(Vec::len), Some(1), "{listed}");
    let refused = Elsewhere::refusal(&there.run("operator-1", &["apply", "list"]));
    assert_eq!((&refused["status"], &refused["title"]), (&403.into(), &"Not authorised".into()));
}

#[test]
fn w3_e2_the_journal_comes_from_elsewhere_as_evidence_and_so_does_the_check() {
    let there = Elsewhere::new();
    let desk = there.desk.path();
    fs::copy(there.place.path().join(AUDITOR[1]), desk.join("auditor-1.token")).unwrap();
    let export = ["audit", "export", "journal.jsonl"];
    let exported = there.answer("auditor-1", &export);
    let key = there.place.path().join("data/audit.pub");
    let verified = run(
        desk,
        PROGRAM,
        &["--json", "audit", "verify", "journal.jsonl", "--key", key.to_str().unwrap()],
    );
    assert!(verified.success, "{}", verified.text);
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["entries"], exported["entries"], "{report}");
    assert_eq!(report["sealed"], exported["entries"], "{report}");
    let journal = fs::read_to_string(desk.join("journal.jsonl")).unwrap();
    assert!(journal.lines().any(|line| line.contains("export_journal")), "it is in it itself");
    // Nothing is written over, and what was refused leaves nothing behind.
    let again = Elsewhere::refusal(&there.run("auditor-1", &export));
    assert!(again["detail"].as_str().unwrap().contains("journal.jsonl"), "{again}");
    let other = ["audit", "export", "other.jsonl"];
    assert_eq!(Elsewhere::refusal(&there.run("operator-1", &other))["status"], 403);
    assert!(!desk.join("other.jsonl").exists());
    assert_eq!(there.answer("auditor-1", &["check"])["consistent"], true);
}

#[test]
fn w3_by_a_password_a_session_is_opened_and_a_secret_for_a_person_lies_here() {
    let there = Elsewhere::new();
    let desk = there.desk.path();
    fs::write(desk.join("new"), "a password for a test 27").unwrap();
    there.answer("operator-1", &["staff", "password", "--new", "new"]);
    let as_password = |secret: &str, command: &[&str]| {
        let server = ["--json", "--server", &there.url, "--server-ca", "roots.pem"];
        let who = ["--as", secret, "--operator", "operator-1"];
        run(desk, PROGRAM, &[&server[..], &who, command].concat())
    };
    // More often than a person may have sessions open.
    for _ in 0..10 {
        let said = as_password("new", &["ca", "list"]);
        assert_eq!(said.status, Some(0), "{}", said.text);
    }
    fs::write(desk.join("wrong"), "another password 27").unwrap();
    let refused = Elsewhere::refusal(&as_password("wrong", &["ca", "list"]));
    assert_eq!(refused["status"], 401, "{refused}");
    there.answer("operator-1", &["staff", "token", "--out", "another.token"]);
    assert_eq!(there.run("another", &["ca", "list"]).status, Some(0));
    there.answer("operator-1", &["staff", "token"]);
    assert!(desk.join("handed-out/operator-1.token").exists() && !desk.join("data").exists());
    // A directory that others reach takes no secret, and none is made for it.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(desk.join("handed-out"), open).unwrap();
    let refused = there.run("operator-1", &["staff", "token"]);
    assert!(!refused.success && refused.text.contains("its owner's alone"), "{}", refused.text);
}

#[test]
fn w3_no_server_is_asked_that_is_not_the_one_that_was_meant() {
    let there = Elsewhere::new();
    let desk = there.desk.path();
    let ask = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let more = ["-subj", "/CN=other", "-days", "30", "-keyout", "other.key", "-out", "other.pem"];
    assert!(run(desk, "openssl", &[&ask[..], &more].concat()).success);
    fs::write(desk.join("empty.pem"), "").unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("https://localhost:{free}");
    let by_address = there.url.replace("localhost", "127.0.0.2");
    let plain = there.url.replace("https", "http");
    for (url, roots, said) in [
        (
            &there.url,
            "other.pem",
            "leads to none of the roots that were named; name those of its own CA",
        ),
        (&there.url, "empty.pem", "roots (--server-ca): there is no certificate"),
        (&there.url, "missing.pem", "missing.pem: No such file"),
        (&by_address, "roots.pem", "cannot be reached"),
        (
            &nobody,
            "roots.pem",
            "cannot be reached: Connection refused (os error 111); see that it runs",
        ),
        (&plain, "roots.pem", "it must be https://HOST"),
    ] {
        let refused = Elsewhere::refusal(&there.run_at(url, roots, "operator-1", &["ca", "list"]));
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(said), "{url} {roots}: {detail}");
        assert!(!detail.contains("--operation"), "nothing was asked: {detail}");
    }
}

#[test]
fn w3_what_works_on_an_installation_itself_asks_no_server() {
    let there = Elsewhere::new();
    for command in [
        &["init"][..],
        &["serve"],
        &["staff", "recover", "operator-1"],
        &["ceremony", "run", "script.toml"],
        &["policy", "adopt", "policy.toml"],
        &["card", "list"],
        &["demo"],
    ] {
        let refused = Elsewhere::refusal(&there.run("operator-1", command));
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("asks no server"), "{command:?}: {detail}");
    }
    let refused = Elsewhere::refusal(&there.run("operator-1", &["key", "weak"]));
    assert!(refused["detail"].as_str().unwrap().contains("--list"), "{refused}");
    for alone in [["--server", there.url.as_str()], ["--server-ca", "roots.pem"]] {
        let said = run(there.desk.path(), PROGRAM, &[&alone[..], &["ca", "list"]].concat());
        assert_eq!(said.status, Some(2), "{}", said.text);
    }
    let custodian = ["--custodian=custodian-1=passphrase", "ca", "list"];
    assert_eq!(there.run("operator-1", &custodian).status, Some(2));
    let left: Vec<_> = fs::read_dir(there.desk.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "nothing was made here: {left:?}");
}
