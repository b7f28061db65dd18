//! A person's data disposed of: when, by whom, and what is found of it afterwards in whatever file.

use std::fs;
use std::path::Path;

use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::seal;
use tracing::Level;
use tracing_subscriber::fmt;

use super::client::{Proof, Reply};
use super::flow::{delivered, form};
use super::typed::Log;
use super::world::{HANAKO, REGISTER, World};

const TSUKIKO: &str = "10000000002";

/// Whose everything is that stays of two people.
const CODES: [&str; 2] = [HANAKO, TSUKIKO];

/// What was typed of two people, each in a field of its own. The last is of a command to the register,
/// and stands under the person's key alone from the beginning.
const TYPED: [&str; 8] =
    ["花子", "月子", "青木二丁目", "特別旅券印", "PX4711", "左手に印", "別人と印", "証人保護荘"];

/// One application is refused with everything that a clerk can type, those of the other end in two
/// certificates, of which the second bears name and address.
fn two_people(world: &World) -> [Value; 2] {
    let hanako = form(world, "jpki-auth", "issue-with-card", "");
    let received = world.post("sato", "/api/v1/applications", &hanako).expect(201);
    let path = format!("/api/v1/applications/{}", received["id"].as_str().expect("an id"));
    let item = json!({ "evidence": "photo-document", "document": "特別旅券印", "number": "PX4711",
        "note": "左手に印" });
    world.post("sato", &format!("{path}/verification"), &json!({ "items": [item] })).expect(200);
    world.post("sato", &format!("{path}/refusal"), &json!({ "reason": "別人と印" })).expect(200);
    let mut tsukiko = hanako;
    tsukiko["resident"] = json!(TSUKIKO);
    tsukiko["given_name"] = json!("月子");
    tsukiko["address"] = json!("埼玉県川口市青木二丁目２番１号");
    let certified = delivered(world, &tsukiko, &json!({ "authentication_pin": "4321" }));
    let mut sign = tsukiko.clone();
    sign["ca"] = json!("saitama-sign");
    sign["kind"] = json!("issue-on-card");
    sign["card"] = certified["card"].clone();
    let signs = delivered(world, &sign, &json!({ "signature_password": "TSUKIKO9" }));
    let caller = json!({ "name": "青木　月子", "birth_date": "1980-01-02", "gender": "female",
        "address": tsukiko["address"] });
    world.post("phone", "/api/v1/holds", &caller).expect(200);
    let moved = json!({ "address": "埼玉県川口市証人保護荘１号" });
    world.post("staff", &format!("/api/v1/residents/{TSUKIKO}/address"), &moved).expect(200);
    [certified, signs]
}

fn erase(world: &World, code: &str, operation: &str) -> Reply {
    let body = json!({ "approver": "senior-operator" }).to_string();
    let header = format!("Operation-Id: {operation}");
    let path = format!("/api/v1/residents/{code}/erasure");
    let headers = ["-H", header.as_str()];
    world.ask(Proof::Token("staff"), "POST", &path, Some(body.as_bytes()), &headers)
}

fn approve(world: &World, code: &str, operation: &str) {
    let body = json!({ "what": "erasure", "operation": operation, "resident": code });
    world.post("senior-operator", "/api/v1/approvals", &body).expect(201);
}

/// Which of the texts are in a file of the installation, of the embedded register or of all else; the
/// client's own files aside. The journal is exported before.
fn found(world: &World, in_register: bool, texts: &[&'static str]) -> Vec<&'static str> {
    fn look(at: &Path, all: &mut Vec<u8>) {
        for entry in fs::read_dir(at).expect("a directory") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true if path.ends_with(REGISTER) => {}
                true => look(&path, all),
                false if path.ends_with("body") => {}
                false => all.extend(fs::read(&path).expect("a file")),
            }
        }
    }
    seal(&*world.scratch.store);
    let mut exported = fs::File::create(world.scratch.path().join("export")).expect("a file");
    store::journal::export(&*world.scratch.store, &mut exported).expect("an export");
    let (mut all, root) = (Vec::new(), world.scratch.path());
    match in_register {
        true => look(&root.join(REGISTER), &mut all),
        false => look(root, &mut all),
    }
    let is_in = |text: &&str| all.windows(text.len()).any(|window| window == text.as_bytes());
    texts.iter().copied().filter(is_in).collect()
}

/// The answer says of each certificate which data it bears and why it stays, and what else does.
fn told_what_stays(gone: &Value) {
    for kept in gone["certificates_kept"].as_array().expect("a list") {
        let bears = match kept["ca"].as_str() {
            Some("saitama-sign") => json!(["name", "address", "birth-date", "gender"]),
            _ => json!([]),
        };
        assert_eq!(kept["bears"], bears, "{gone}");
        assert!(kept["why"].as_str().expect("a reason").contains("S 4-12-2-2"), "{gone}");
    }
    let stays = gone["stays"].to_string();
    assert!(stays.contains("embedded register") && stays.contains("backups"), "{gone}");
}

/// Of what was typed, and of whose it was, but what was certified and what the register has.
fn nothing_is_found(world: &World, certified: &Value, log: &Log) {
    // Database, its log, cards, an export: nothing of what was typed is in any of them, nor in an
    // answer, but what was certified, and what the register itself has; both were told.
    assert_eq!(found(world, false, &TYPED), ["月子", "青木二丁目"]);
    assert_eq!(found(world, true, &TYPED), ["花子", "月子", "青木二丁目", "証人保護荘"]);
    // Nor is it told anywhere whose anything was: rows that stay, and kept answers, name nobody.
    assert_eq!(found(world, false, &CODES), [""; 0]);
    assert_eq!(found(world, true, &CODES), CODES);
    let path = format!(
        "/api/v1/cas/jpki-auth/certificates/{}",
        certified["serial"].as_str().unwrap_or("")
    );
    let certificate = world.get("staff", &path).expect(200);
    assert_eq!(certificate["holder"], Value::Null, "{certificate}");
    let log = String::from_utf8(log.0.lock().expect("a lock").clone()).expect("UTF-8");
    assert!(TYPED.iter().all(|text| !log.contains(text)), "{log}");
    let told = world.journal_from(0).concat();
    assert!(TYPED.iter().all(|text| !told.contains(text)), "{told}");
}

#[test]
fn e4_a_persons_data_is_in_no_file_once_two_people_disposed_of_it() {
    let log = Log::default();
    let written = log.clone();
    // Where another test of the process has it, this one looks at nothing.
    let _ = fmt().with_max_level(Level::DEBUG).with_writer(move || written.clone()).try_init();
    let world = World::new();
    let [certified, signs] = two_people(&world);
    // 1. Nobody alone, no clerk, nobody of whom the register knows, and nothing before its time.
    let path = format!("/api/v1/residents/{HANAKO}/erasure");
    world.post("sato", &path, &json!({ "approver": "senior-operator" })).problem(403);
    assert_eq!(erase(&world, HANAKO, "op-alone").problem(422)["field"], "approver");
    approve(&world, HANAKO, "op-early");
    assert_eq!(erase(&world, TSUKIKO, "op-early").problem(422)["field"], "approver");
    let here = erase(&world, HANAKO, "op-early").problem(422);
    assert!(here["detail"].to_string().contains("on the register"), "{here}");
    for code in [HANAKO, TSUKIKO] {
        let death = format!("/api/v1/residents/{code}/death");
        world.post("staff", &death, &json!({})).expect(200);
    }
    world.post("staff", "/api/v1/register-runs", &json!({})).expect(200);
    for (code, operation) in [(HANAKO, "op-kept-one"), (TSUKIKO, "op-kept-two")] {
        approve(&world, code, operation);
        assert_eq!(erase(&world, code, operation).problem(422)["field"], "resident", "{code}");
    }
    assert_eq!(found(&world, false, &TYPED), TYPED[..7], "the search finds what is there");
    assert_eq!(found(&world, false, &CODES), CODES);
    // 2. Thirteen years after the last of the records, of which the entries of their deaths are one.
    world.clock.advance(SignedDuration::from_hours(24 * 366 * 12));
    approve(&world, HANAKO, "op-late");
    assert_eq!(erase(&world, HANAKO, "op-late").problem(422)["field"], "resident");
    world.clock.advance(SignedDuration::from_hours(24 * 366));
    let both = json!([certified["serial"], signs["serial"]]);
    for (operation, code, applications, kept) in
        [("op-one", HANAKO, 1, json!([])), ("op-two", TSUKIKO, 2, both)]
    {
        approve(&world, code, operation);
        let entries = world.entries();
        let gone = erase(&world, code, operation).expect(200);
        assert_eq!(gone["applications"].as_array().map(Vec::len), Some(applications), "{gone}");
        // What stays by law: certificates, as they were issued.
        let serials = gone["certificates_kept"].as_array().expect("a list");
        let serials: Vec<_> = serials.iter().map(|one| one["serial"].clone()).collect();
        assert_eq!(json!(serials), kept, "{gone}");
        told_what_stays(&gone);
        let said = world.journal_from(entries).concat();
        assert!(
            said.contains("personal-data-erased") && said.contains("senior-operator"),
            "{said}"
        );
        assert!(!said.contains(code), "{said}");
    }
    // 3. What is left.
    nothing_is_found(&world, &certified, &log);
    let report = world.get("staff", "/api/v1/check").expect(200);
    assert!(!report.to_string().contains("application"), "{report}");
    // 4. Asked again, there is nothing left.
    approve(&world, HANAKO, "op-again");
    let again = erase(&world, HANAKO, "op-again").expect(200);
    assert_eq!(again["applications"], json!([]));
}

/// What is kept of a request, to know it again, and of an approval is no digest that anybody can try.
#[test]
fn e4_what_is_kept_of_a_request_about_a_person_is_nothing_that_can_be_tried() {
    let world = World::new();
    let body = json!({ "what": "erasure", "operation": "op-erase", "resident": HANAKO });
    let told = world.post("senior-operator", "/api/v1/approvals", &body).expect(201);
    let plain = |parts: &[&str]| {
        let mut text = Vec::new();
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_be_bytes());
            text.extend_from_slice(part.as_bytes());
        }
        domain::hexadecimal::colon_hex(&x509::digest::sha256(&text))
    };
    let erasure = ["approval", "erase_resident", HANAKO];
    assert_ne!(told["digest"], plain(&erasure));
    let other =
        json!({ "what": "compromise", "operation": "op-lost", "ca": "jpki-auth", "generation": 1 });
    let told = world.post("senior-operator", "/api/v1/approvals", &other).expect(201);
    let compromise = ["approval", "compromise_key", "jpki-auth", "1"];
    assert_eq!(told["digest"], plain(&compromise), "the names of the operations are these");
}

/// A digest over eleven digits is told by trying all: the entry of an approval names the operation alone.
#[test]
fn e4_the_journal_keeps_no_digest_of_the_code_of_an_erased_person() {
    let world = World::new();
    let approved = |body: &Value| {
        let entries = world.entries();
        let told = world.post("senior-operator", "/api/v1/approvals", body).expect(201);
        let digest = told["digest"].as_str().expect("a digest").to_owned();
        let told = world.journal_from(entries);
        assert!(told[0].contains("operation-approved"), "{told:?}");
        told.iter().any(|entry| entry.contains(&digest))
    };
    let erasure = json!({ "what": "erasure", "operation": "op-erase", "resident": HANAKO });
    assert!(!approved(&erasure));
    let compromise =
        json!({ "what": "compromise", "operation": "op-lost", "ca": "jpki-auth", "generation": 1 });
    assert!(approved(&compromise), "what names nobody is told");
}
