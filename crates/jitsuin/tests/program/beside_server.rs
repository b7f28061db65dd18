//! Ceremonies beside a running server, tokens that go away under it, procedures that a kill cut: the
//! server takes each up by itself.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::{Output, run_with};

use crate::ceremony_room::{OTHERS, coming, script};
use crate::client::Asker;
use crate::demo::{Demo, PROGRAM};
use crate::keys_api::ask;

/// The server looks every ten seconds; the rest is for a machine with much else to do.
const SOON: Duration = Duration::from_secs(60);

/// Waits until `done` says nothing more is missing; then fails with what it said last.
pub(crate) fn soon(mut done: impl FnMut() -> Result<(), String>) {
    let begun = Instant::now();
    while let Err(missing) = done() {
        assert!(begun.elapsed() < SOON, "{missing}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Runs the program beside the demo, as whoever the arguments say.
fn beside(demo: &Demo, arguments: &[&str]) -> Output {
    let conf = demo.ready.hsm.as_ref().map(|token| ("SOFTHSM2_CONF", token.conf.as_str()));
    let environment: Vec<_> = conf.into_iter().collect();
    let config = ["--config", "demo/jitsuin.toml", "--json"];
    run_with(&environment, demo.path(), PROGRAM, &[&config[..], arguments].concat())
}

/// Holds a ceremony beside the demo.
fn hold(demo: &Demo, script: &str) -> Output {
    fs::write(demo.path().join("script.toml"), script).unwrap();
    let handed = "demo/data/handed-out";
    let custodians = ["custodian-1", "custodian-2"]
        .map(|id| format!("--custodian={id}={handed}/{id}.passphrase"));
    for id in OTHERS {
        let token = format!("{handed}/{id}.token");
        let said = beside(demo, &["--as", &token, "ceremony", "attend", "script.toml"]);
        assert!(said.success, "{}", said.text);
    }
    let (operator, others) = (format!("--as={handed}/operator-1.token"), OTHERS.map(coming));
    let mut arguments = vec![operator.as_str(), "ceremony", "run", "script.toml"];
    arguments.extend(custodians.iter().chain(&others).map(String::as_str));
    beside(demo, &arguments)
}

/// Renews the key of jpki-auth beside the demo; from when on it issues.
pub(crate) fn renew(demo: &Demo) -> Timestamp {
    renew_all(demo, &["jpki-auth"])
}

/// The same of several CAs, in one ceremony.
pub(crate) fn renew_all(demo: &Demo, cas: &[&str]) -> Timestamp {
    let issues_from = Timestamp::now() + SignedDuration::from_secs(30);
    let renew = |ca: &&str| {
        format!(
            "do = \"renew-ca-key\"\nca = \"{ca}\"\nissues_from = \"{issues_from}\"\n\
             early = \"暗号方式が脆弱になったと判断した\""
        )
    };
    let steps: Vec<String> = cas.iter().map(renew).collect();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let said = hold(demo, &script("renewal", &steps));
    assert!(said.success, "{}", said.text);
    issues_from
}

/// Everything that relying parties ask of the new generation: its lists and its answers.
pub(crate) fn expect_the_second_generation(demo: &Demo) {
    soon(|| {
        let (status, root) = demo.fetch("/ca/jpki-auth/2.cer", &Asker::Nobody);
        let found = (status == "200").then_some(root).ok_or("no root of generation 2")?;
        fs::write(demo.path().join("g2.der"), found).unwrap();
        demo.says("openssl x509 -inform DER -in g2.der -out g2.pem");
        for partition in ["other", "arl-self-signed", "arl-link", "arl-cross", "11203"] {
            let path = format!("/crl/jpki-auth/2/{partition}.crl");
            let (status, list) = demo.fetch(&path, &Asker::Verifier);
            let list = (status == "200").then_some(list).ok_or_else(|| format!("no {path}"))?;
            fs::write(demo.path().join("list.der"), list).unwrap();
            let said = demo.says("openssl crl -inform DER -in list.der -CAfile g2.pem -noout");
            assert!(said.contains("verify OK"), "{path}: {said}");
        }
        answered(demo, "g2.pem")
    });
}

/// Whether OCSP by the new generation says that a certificate of it is good.
fn answered(demo: &Demo, certificate: &str) -> Result<(), String> {
    let url = &demo.ready.ocsp_url;
    let ask = format!("openssl ocsp -issuer g2.pem -CAfile g2.pem -cert {certificate} -url {url}");
    let said = demo.client(&ask).text;
    let is_good = said.contains("Response verify OK") && said.contains(": good");
    if is_good { Ok(()) } else { Err(said) }
}

/// Has the running server issue a server's certificate.
pub(crate) fn expect_the_server_to_issue(demo: &Demo) {
    demo.says(
        "openssl req -new -newkey rsa:2048 -nodes -keyout web.key -out web.csr -subj \
         /CN=web.example -addext subjectAltName=DNS:web.example",
    );
    let id = released(demo, "jpki-auth", &["--kind", "tls-server", "--request", "web.csr"]);
    let issue = format!("service-requests/{id}/issue");
    let (status, issued) = ask(demo, "operator-2", &issue, Some(&json!({})), &[]);
    assert_eq!(status, 200, "{issued}");
    let pem = issued["certificate_pem"].as_str().unwrap();
    fs::write(demo.path().join("web.pem"), pem).unwrap();
    demo.says("openssl verify -CAfile g2.pem web.pem");
    soon(|| answered(demo, "web.pem"));
}

/// Leads a request about a service's certificate to its release; its id.
fn released(demo: &Demo, ca: &str, wanted: &[&str]) -> String {
    let does = |who: &str, words: &[&str]| -> Value {
        let shown = format!("demo/data/handed-out/{who}.token");
        let said = beside(demo, &[&["--as", &shown, "request"], words].concat());
        assert!(said.success, "{words:?}: {}", said.text);
        serde_json::from_slice(&said.stdout).unwrap()
    };
    let applicant = ["--applicant", "情報システム課　試験担当", "--document", "申請書"];
    let received = does("intake-1", &[&["receive", ca], &applicant[..], wanted].concat());
    let id = received["id"].as_str().unwrap();
    does("examiner-1", &["examine", id, "--findings", "the applicant is entitled"]);
    does("approver-1", &["approve", id]);
    does("operator-1", &["release", id]);
    id.to_owned()
}

/// Has the running server revoke the certificate that it issued in web.pem.
pub(crate) fn expect_the_server_to_revoke(demo: &Demo) {
    let printed = demo.says("openssl x509 -in web.pem -noout -serial");
    let serial = printed.trim().trim_start_matches("serial=").to_lowercase();
    revoke(demo, "jpki-auth", &serial, "use-ended");
}

/// Has the running server revoke a service's certificate.
pub(crate) fn revoke(demo: &Demo, ca: &str, serial: &str, cause: &str) {
    let id = released(demo, ca, &["--revokes", serial, "--cause", cause]);
    let revoke = format!("service-requests/{id}/revocation");
    let (status, revoked) = ask(demo, "operator-2", &revoke, Some(&json!({})), &[]);
    assert_eq!((status, &revoked["state"]), (200, &json!("revoked")), "{revoked}");
}

/// Health, `GET keys` and both checks say that all is well.
fn expect_health(demo: &Demo) {
    soon(|| {
        let health = health(demo);
        if health.starts_with("failing") { Err(health) } else { Ok(()) }
    });
    let (_, keys) = ask(demo, "manager-1", "keys", None, &[]);
    assert_eq!((&keys["active"], &keys["unusable"]), (&json!(true), &json!([])), "{keys}");
    let (_, check) = ask(demo, "auditor-1", "check", None, &[]);
    assert_eq!(check["consistent"], json!(true), "{check}");
}

fn health(demo: &Demo) -> String {
    let ready: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    let url = format!("{}/api/v1/health", ready["web_url"].as_str().unwrap());
    demo.says(&format!("curl -s --cacert {} {url}", demo.ready.tls_ca_pem))
}

/// A key that cannot be used is told of by health, `GET keys`, whose answer this is, and `check`.
fn expect_a_key_to_be_missed(demo: &Demo) -> Value {
    soon(|| {
        let health = health(demo);
        if health.starts_with("failing") && health.contains("key-unusable") {
            Ok(())
        } else {
            Err(health)
        }
    });
    let (_, keys) = ask(demo, "manager-1", "keys", None, &[]);
    assert_eq!(keys["active"], json!(false), "{keys}");
    let (_, check) = ask(demo, "auditor-1", "check", None, &[]);
    assert!(check.to_string().contains("key-unusable"), "{check}");
    keys
}

fn wait_until(moment: Timestamp) {
    while Timestamp::now() <= moment {
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn k6_v5_a_key_renewed_beside_the_server_is_listed_answered_for_and_issues_without_a_restart() {
    let demo = Demo::start();
    let issues_from = renew(&demo);
    expect_the_second_generation(&demo);
    wait_until(issues_from);
    expect_the_server_to_issue(&demo);
    expect_health(&demo);
    // A key that is lost is told of, and one that a ceremony brings back works at once.
    let backup = "do = \"backup\"\ndirectory = \"backup\"";
    let said = hold(&demo, &script("backup", &[backup]));
    assert!(said.success, "{}", said.text);
    fs::remove_file(demo.kept("data/keys/jpki-auth-ca-2.key")).unwrap();
    expect_a_key_to_be_missed(&demo);
    let told = beside(&demo, &["--as", "demo/data/handed-out/auditor-1.token", "check"]);
    assert!(!told.success && told.text.contains("key-unusable"), "{}", told.text);
    let back = "do = \"restore\"\ndirectory = \"backup\"\ninto = \"installation\"";
    let said = hold(&demo, &script("return", &[back]));
    assert!(said.success, "{}", said.text);
    expect_health(&demo);
}

#[test]
fn k1_k6_on_a_token_a_renewed_key_works_at_once_and_a_token_that_went_away_is_found_again() {
    let demo = Demo::start_on_a_token();
    let issues_from = renew(&demo);
    expect_the_second_generation(&demo);
    wait_until(issues_from);
    expect_the_server_to_issue(&demo);
    expect_health(&demo);
    let conf = fs::read_to_string(&demo.ready.hsm.as_ref().unwrap().conf).unwrap();
    let place = conf.lines().find_map(|line| line.strip_prefix("directories.tokendir = ")).unwrap();
    let (place, away) = (demo.path().join(place), demo.path().join("tokens.gone"));
    fs::rename(&place, &away).unwrap();
    let keys = expect_a_key_to_be_missed(&demo);
    assert!(keys["unusable"].to_string().contains("token"), "{keys}");
    // No restart, no custodian: it is there again.
    fs::rename(&away, &place).unwrap();
    expect_health(&demo);
    std::thread::sleep(Duration::from_secs(1));
    let publish = "cas/jpki-auth/publication";
    let (status, lists) = ask(&demo, "operator-1", publish, Some(&json!({})), &[]);
    let published = |list: &Value| list["outcome"] == "published";
    assert_eq!(status, 200, "{lists}");
    assert!(lists["lists"].as_array().unwrap().iter().all(published), "{lists}");
}

#[test]
fn k7_a_compromise_that_a_kill_cut_after_its_declaration_goes_on_by_itself() {
    let mut demo = Demo::start();
    assert!(demo.stop().success());
    declare_and_die(demo.path());
    demo.start_again();
    let path = "cas/jpki-auth/generations/1/compromise";
    soon(|| {
        let (_, plan) = ask(&demo, "manager-1", path, None, &[]);
        if plan["state"] == "completed" { Ok(()) } else { Err(plan.to_string()) }
    });
    let was_good = demo.certificates("jpki-auth", "user", "revoked");
    assert!(was_good.len() > 10, "all of them");
    let said = demo.ask("jpki-auth", &[was_good[0]], Asker::Verifier, "");
    assert!(said.contains(": revoked"), "{said}");
    soon(|| {
        let (_, check) = ask(&demo, "auditor-1", "check", None, &[]);
        let told = check.to_string();
        if told.contains("compromise-unfinished") { Err(told) } else { Ok(()) }
    });
}

/// Declares the key of jpki-auth compromised, in a process that dies once that is committed.
fn declare_and_die(place: &Path) {
    let compromise = |who: &str, more: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command
            .args(["--config", "demo/jitsuin.toml"])
            .args(["--as", &format!("demo/data/handed-out/{who}.token")])
            .args(["key", "compromise", "jpki-auth", "--carry-out"])
            .args(more)
            .current_dir(place);
        command
    };
    assert!(compromise("operator-1", &["--approves", "op-end"]).status().unwrap().success());
    let together = ["--operation", "op-end", "--approver", "operator-1"];
    let mut declared = compromise("manager-1", &together);
    let ended = declared.env("JITSUIN_TORTURE", "after:key-compromised:1").status().unwrap();
    assert!(ended.to_string().starts_with("signal: 6"), "it dies at its moment: {ended}");
}

/// What a person can do, the server that runs does: it has the keys awake and the register open.
#[test]
fn k3_p9_no_command_of_a_person_needs_a_second_process_beside_the_server() {
    let demo = Demo::start();
    let answer = |who: &str, command: &[&str]| -> Value {
        let token = format!("demo/data/handed-out/{who}.token");
        let said = beside(&demo, &[&["--as", &token], command].concat());
        assert!(said.success, "{command:?}: {}", said.text);
        serde_json::from_slice(&said.stdout).unwrap()
    };
    let made = answer("clerk-11203", &["card", "make", "--keys", "today"]);
    assert!(
        demo.kept("data/cards").join(format!("{}.card", made["card"].as_str().unwrap())).exists()
    );
    fs::write(demo.path().join("weak"), "00".repeat(32)).unwrap();
    let none = answer("auditor-1", &["key", "weak", "--list", "weak"]);
    assert_eq!(none, json!({ "listed": 1, "found": [] }));
    let backup = "do = \"backup\"\ndirectory = \"no/such/place\"";
    assert!(!hold(&demo, &script("given-up", &[backup])).success);
    let abandon = ["ceremony", "abandon", "given-up", "--reason", "媒体の故障"];
    let told = answer("manager-1", &abandon);
    assert_eq!(
        (&told["state"], &told["abandoned_because"]),
        (&json!("abandoned"), &json!("媒体の故障"))
    );
    for file in told["minutes"].as_array().unwrap() {
        let file = demo.path().join(file.as_str().unwrap());
        fs::remove_file(file).unwrap();
    }
    // What a full disk or a cut kept from being drawn up is drawn up again; nothing else is given up twice.
    assert_eq!(answer("manager-1", &abandon), told);
    let verify = ["audit.pub", "ceremonies/given-up"].map(|name| format!("demo/data/{name}"));
    let said = beside(&demo, &["ceremony", "verify", &verify[1], "--key", &verify[0]]);
    assert!(said.success, "{}", said.text);
}

#[test]
fn e6_a_second_server_or_set_up_changes_nothing_and_says_who_runs() {
    let mut demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let asked = |demo: &Demo| demo.ask("jpki-auth", &[&good], Asker::Verifier, "");
    assert!(asked(&demo).contains(": good"));
    let handed = "demo/data/handed-out";
    let custodians = ["custodian-1", "custodian-2", "custodian-3"]
        .map(|id| format!("--custodian={id}={handed}/{id}.passphrase"));
    let all: Vec<&str> = custodians.iter().map(String::as_str).collect();
    for command in [vec!["serve"], [&all[..], &["init"]].concat()] {
        let said = beside(&demo, &command);
        assert_eq!(said.status, Some(1), "{command:?}: {}", said.text);
        assert!(said.text.contains("another `jitsuin serve` runs on it"), "{}", said.text);
        assert_eq!(said.text.lines().count(), 1, "{}", said.text);
    }
    assert!(asked(&demo).contains(": good"));
    assert!(demo.stop().success());
    assert!(demo.export().success);
    let journal = fs::read_to_string(demo.path().join("export")).unwrap();
    let told = |kind: &str| journal.lines().filter(|line| line.contains(kind)).count();
    assert_eq!(told("system-started"), told("system-stopped"), "nobody else started");
    // Every segment is sealed as it is: nobody closed one that the server went on writing.
    for file in fs::read_dir(demo.kept("data/queries")).unwrap() {
        let path = file.unwrap().path();
        let hash = demo.says(&format!("sha256sum {}", path.display()));
        assert!(journal.contains(hash.split(' ').next().unwrap()), "{} is sealed", path.display());
    }
}
