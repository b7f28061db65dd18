//! Strangers on every port at once, and on a disk that is nearly full: the work of those who proved who
//! they are goes on.

mod crowd;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use testkit::run;

use self::crowd::Crowd;
use crate::client::Asker;
use crate::demo::{Demo, PROGRAM, copy_populated};
use crate::installation::{Client, Installation};
use crate::keys_api::ask;

/// Files that the server may open: fewer than the crowd would have it open.
const FILES: u32 = 600;

/// Wrong tokens that are shown at one door.
const WRONG_TOKENS: u64 = 150;

#[test]
fn v5_e1_a_server_that_may_open_few_files_works_on_while_strangers_are_at_every_port() {
    let installation = Installation::made_by(copy_populated);
    let told = installation.serve_with_files(400).err().expect("too few to serve");
    assert!(told.contains("to serve all that it is made for") && told.contains("ulimit"), "{told}");

    let server = installation.serve_with_files(FILES).unwrap();
    let crowd = Crowd::at([server.api, server.repository, server.ldap, server.holder]);
    let client = &server.client;
    let (status, said) = client.awaken().unwrap();
    assert_eq!(status, 200, "{said}");
    let mut refused = 0;
    for serial in good_users(client, 5) {
        for _ in 0..WRONG_TOKENS / 5 {
            let (status, said) = client.ask_as_stranger("cas").unwrap();
            assert_eq!(status, 401, "{said}");
            refused += 1;
        }
        revoke(client, &serial);
        let said = asks_ocsp(installation.path(), &server.repository.to_string(), &serial);
        assert!(said.contains(": revoked"), "{said}");
    }
    publish(client);
    assert!(crowd.leave() > u64::from(FILES), "the crowd was greater than what may be opened");
    assert!(server.stop(), "it stops in good order");
    let log = fs::read_to_string(installation.log()).unwrap();
    for fault in ["could not be sealed", "Too many open files", "unable to open", "ERROR"] {
        assert!(!log.contains(fault), "{fault}: {log}");
    }
    expect_sums(&installation, refused);
}

/// Every refusal at the door is in the journal, in few entries.
fn expect_sums(installation: &Installation, refused: u64) {
    let said = installation.command("auditor-1", &["audit", "export", "export"]);
    assert!(said.success, "{}", said.text);
    let export = fs::read_to_string(installation.path().join("export")).unwrap();
    let entries = export.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["entry"].as_str().map(|entry| serde_json::from_str::<Value>(entry).unwrap())
    });
    let at_the_door: Vec<Value> = entries
        .filter(|one| one["kind"] == "access-refused" && one["subject"] == "GET /api/v1/cas")
        .collect();
    // Each minute has a first entry, and a sum of the rest.
    assert!((2..=20).contains(&at_the_door.len()), "{at_the_door:?}");
    let counted = |entry: &Value| {
        let details = entry["details"].as_array().unwrap();
        let count = details.iter().find(|one| one[0] == "count").map(|one| &one[1]);
        count.map_or(1, |count| count.as_str().unwrap().parse::<u64>().unwrap())
    };
    assert_eq!(at_the_door.iter().map(counted).sum::<u64>(), refused, "{at_the_door:?}");
}

#[test]
fn e1_v5_where_the_disk_is_nearly_full_strangers_are_turned_away_and_the_work_goes_on() {
    let mut demo = Demo::start();
    let responder = demo.certificates("jpki-auth", "ocsp-responder", "good")[0].clone();
    let user = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let strangers = |demo: &Demo| {
        let about = demo.ask("jpki-auth", &[&responder], Asker::Nobody, "");
        let (web, _) = demo.fetch("/crl/jpki-auth/1/arl-self-signed.crl", &Asker::Nobody);
        let directory =
            demo.ldap("ldapsearch", &demo.ready.ldap_url, &["-b", "C=JP", "-s", "base"]);
        (about, web, directory.status)
    };
    let (about, web, directory) = strangers(&demo);
    assert!(about.contains(": good") && web == "200" && directory == Some(0), "{about}");

    assert!(demo.stop().success());
    let config = demo.kept("jitsuin.toml");
    let kept = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("disk_reserve_mib = {}\n{kept}", 1_u64 << 40)).unwrap();
    demo.start_again();
    let (about, web, directory) = strangers(&demo);
    assert!(about.contains("trylater") && web == "503", "{about} {web}");
    assert_eq!(directory, Some(52), "unavailable");
    let (_, health) = ask(&demo, "auditor-1", "check", None, &[]);
    assert!(health.to_string().contains("disk-reserve"), "{health}");

    // A verifier is answered, in the directory too, and whoever works there works.
    assert!(demo.ask("jpki-auth", &[&user], Asker::Verifier, "").contains(": good"));
    let said = demo.ldap("ldapwhoami", &demo.ready.ldap_url, &demo.bound());
    assert!(said.success, "{}", said.text);
    let path = format!("cas/jpki-auth/certificates/{}/revocation", user.serial_hex);
    let (status, said) = ask(&demo, "operator-1", &path, Some(&order()), &[]);
    assert_eq!(status, 200, "{said}");
    assert!(demo.ask("jpki-auth", &[&user], Asker::Verifier, "").contains(": revoked"));

    // What strangers are refused is no line of the log, which may lie on the same disk.
    assert!(demo.stop().success());
    let log = fs::read_to_string(demo.path().join("log")).unwrap();
    assert!(log.contains("disk-reserve"), "{log}");
    assert!(!log.contains("could not be answered") && !log.contains("more within"), "{log}");
    fs::write(&config, kept).unwrap();
    demo.start_again();
    assert_eq!(strangers(&demo).1, "200", "there is room again");
}

#[test]
fn e1_the_disks_reserve_is_never_less_than_it_must_be() {
    let place = tempfile::tempdir().unwrap();
    copy_populated(place.path());
    let config = place.path().join("jitsuin.toml");
    let kept = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("disk_reserve_mib = 255\n{kept}")).unwrap();
    let said = run(place.path(), PROGRAM, &["serve"]);
    assert_eq!(said.status, Some(1), "{}", said.text);
    assert!(said.text.contains("disk_reserve_mib: at least 256"), "{}", said.text);
}

#[test]
fn w2_a_client_issuer_whose_list_does_not_hold_is_a_failing_condition() {
    let place = tempfile::tempdir().unwrap();
    copy_populated(place.path());
    let openssl = |arguments: &str| {
        let arguments: Vec<_> = arguments.split(' ').collect();
        let said = run(place.path(), "openssl", &arguments);
        assert!(said.success, "{}", said.text);
    };
    let settings = "[ca]\ndefault_ca = this\n[this]\ndatabase = index\ncertificate = root.pem\n\
                    private_key = root.key\ndefault_md = sha256\n";
    fs::write(place.path().join("ca.cnf"), settings).unwrap();
    fs::write(place.path().join("index"), "").unwrap();
    openssl("req -x509 -newkey rsa:2048 -nodes -subj /CN=Cards -keyout root.key -out root.pem");
    let config = place.path().join("jitsuin.toml");
    let kept = fs::read_to_string(&config).unwrap();
    let named = "[[client_issuers]]\ncertificate = \"root.pem\"\nlist = \"root.crl\"\n";
    fs::write(&config, format!("{kept}\n{named}")).unwrap();
    let auditor = "data/handed-out/auditor-1.token";
    let check = || run(place.path(), PROGRAM, &["--as", auditor, "--json", "check"]).text;
    let told = check();
    assert!(told.contains("client-issuer-list") && told.contains("root.crl"), "{told}");
    openssl("ca -config ca.cnf -gencrl -crldays 10 -out root.crl");
    let told = check();
    assert!(!told.contains("client-issuer-list") && told.contains("consistent"), "{told}");
}

/// What a senior operator tells of a revocation.
fn order() -> Value {
    json!({ "cause": "recording-error", "requester": "mayor" })
}

pub(crate) fn revoke(client: &Client, serial: &str) {
    let path = format!("cas/jpki-auth/certificates/{serial}/revocation");
    let (status, said) = client.ask("operator-1", "POST", &path, Some(&order()), &[]).unwrap();
    assert_eq!(status, 200, "{said}");
}

fn publish(client: &Client) {
    // A list of the same second as the one before would not advance.
    std::thread::sleep(std::time::Duration::from_secs(1));
    let path = "cas/jpki-auth/publication";
    let (status, said) = client.ask("operator-1", "POST", path, Some(&json!({})), &[]).unwrap();
    assert_eq!(status, 200, "{said}");
    let lists = said["lists"].as_array().unwrap();
    assert!(lists.iter().all(|list| list["outcome"] == "published"), "{said}");
}

/// Serial numbers of users' certificates that are good.
pub(crate) fn good_users(client: &Client, count: usize) -> Vec<String> {
    let path = "cas/jpki-auth/certificates?limit=200";
    let (status, page) = client.ask("operator-1", "GET", path, None, &[]).unwrap();
    assert_eq!(status, 200, "{page}");
    let rows = page["certificates"].as_array().unwrap().iter();
    let good = rows.filter(|one| one["kind"] == "user" && one["state"] == "good");
    let serials: Vec<_> =
        good.take(count).map(|one| one["serial"].as_str().unwrap().to_owned()).collect();
    assert!(!serials.is_empty(), "{page}");
    serials
}

/// What openssl is told as the registered verifier.
pub(crate) fn asks_ocsp(place: &Path, address: &str, serial: &str) -> String {
    let root = "certificates/jpki-auth.pem";
    let (url, serial) = (format!("http://{address}/ocsp"), format!("0x{serial}"));
    let asked = ["ocsp", "-issuer", root, "-CAfile", root, "-url", &url, "-serial", &serial];
    let signed = ["-signer", "data/handed-out/verifier-1.pem", "-signkey"];
    run(place, "openssl", &[&asked[..], &signed, &["data/handed-out/verifier-1.key"]].concat()).text
}
