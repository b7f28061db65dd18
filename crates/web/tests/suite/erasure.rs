//! A person's data disposed of: when, by whom, and what is found of it afterwards in whatever file.

use std::fs;
use std::path::Path;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::client::{Proof, Reply};
use super::flow::{delivered, form};
use super::world::{HANAKO, World};

const TSUKIKO: &str = "10000000002";

/// What was typed of two people, each in a field of its own. The last is of a command to the register,
/// and stands under the person's key alone from the beginning.
const TYPED: [&str; 8] =
    ["花子", "月子", "青木二丁目", "特別旅券印", "PX4711", "左手に印", "別人と印", "証人保護荘"];

/// One application is refused with everything that a clerk can type, the other ends in a certificate.
fn two_people(world: &World) -> Value {
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
    let caller = json!({ "name": "青木　月子", "birth_date": "1980-01-02", "gender": "female",
        "address": tsukiko["address"] });
    world.post("phone", "/api/v1/holds", &caller).expect(200);
    let moved = json!({ "address": "埼玉県川口市証人保護荘１号" });
    world.post("staff", &format!("/api/v1/residents/{TSUKIKO}/address"), &moved).expect(200);
    certified
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

/// Which of the texts are in a file of the installation, the client's own files aside.
fn found(world: &World) -> Vec<&'static str> {
    fn look(at: &Path, all: &mut Vec<u8>) {
        for entry in fs::read_dir(at).expect("a directory") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => look(&path, all),
                false if path.ends_with("body") => {}
                false => all.extend(fs::read(&path).expect("a file")),
            }
        }
    }
    let mut all = Vec::new();
    look(world.scratch.path(), &mut all);
    let is_in = |text: &&str| all.windows(text.len()).any(|window| window == text.as_bytes());
    TYPED.into_iter().filter(is_in).collect()
}

#[test]
fn e4_a_persons_data_is_in_no_file_once_two_people_disposed_of_it() {
    let world = World::new();
    let certified = two_people(&world);
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
    for code in [HANAKO, TSUKIKO] {
        let operation = format!("op-kept-{code}");
        approve(&world, code, &operation);
        assert_eq!(erase(&world, code, &operation).problem(422)["field"], "resident", "{code}");
    }
    assert_eq!(found(&world), TYPED[..7], "the search finds what is there");
    // 2. Thirteen years after the last of the records, of which the entries of their deaths are one.
    world.clock.advance(SignedDuration::from_hours(24 * 366 * 12));
    approve(&world, HANAKO, "op-late");
    assert_eq!(erase(&world, HANAKO, "op-late").problem(422)["field"], "resident");
    world.clock.advance(SignedDuration::from_hours(24 * 366));
    for (operation, code, kept) in
        [("op-one", HANAKO, json!([])), ("op-two", TSUKIKO, json!([certified["serial"]]))]
    {
        approve(&world, code, operation);
        let entries = world.entries();
        let gone = erase(&world, code, operation).expect(200);
        assert_eq!(gone["applications"].as_array().map(Vec::len), Some(1), "{gone}");
        // What stays by law: certificates, as they were issued.
        let serials = gone["certificates_kept"].as_array().expect("a list");
        let serials: Vec<_> = serials.iter().map(|one| one["serial"].clone()).collect();
        assert_eq!(json!(serials), kept, "{gone}");
        let said = world.journal_from(entries).concat();
        assert!(
            said.contains("personal-data-erased") && said.contains("senior-operator"),
            "{said}"
        );
        assert!(!said.contains(code), "{said}");
    }
    // 3. Database, its log, cards: nothing of what was typed is in any of them, nor in an answer.
    assert_eq!(found(&world), [""; 0]);
    let told = world.journal_from(0).concat();
    assert!(TYPED.iter().all(|text| !told.contains(text)), "{told}");
    let report = world.get("staff", "/api/v1/check").expect(200);
    assert!(!report.to_string().contains("application"), "{report}");
    // 4. Asked again, there is nothing left.
    approve(&world, HANAKO, "op-again");
    let again = erase(&world, HANAKO, "op-again").expect(200);
    assert_eq!(again["applications"], json!([]));
}
