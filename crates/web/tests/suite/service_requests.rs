//! Requests for servers' certificates over the API: five people, or no certificate (L13).

use serde_json::{Value, json};
use testkit::run;

use super::client::{Proof, Reply};
use super::world::{World, server_request};

const REQUESTS: &str = "/api/v1/service-requests";

/// Steps and people up to the release.
const HANDS: [(&str, &str); 3] =
    [("examination", "examiner"), ("approval", "approver"), ("release", "staff")];

fn intake(more: Value) -> Value {
    let mut body = json!({ "ca": "jpki-auth", "applicant": "情報システム課　試験担当",
        "documents": ["申請書"] });
    body.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    body
}

pub(super) fn for_server(world: &World, name: &str) -> Value {
    let request_pem = server_request(&world.scratch, name);
    intake(json!({ "purpose": "issue", "kind": "tls-server", "request_pem": request_pem }))
}

pub(super) fn end_of(serial: &Value) -> Value {
    intake(json!({ "purpose": "revoke", "serial": serial, "cause": "use-ended" }))
}

/// Takes a request in and leads it through so many hands; its address.
pub(super) fn walked(world: &World, body: &Value, hands: usize) -> String {
    let path = received(world, body);
    for (next, who) in &HANDS[..hands] {
        step(world, &path, next, who).expect(200);
    }
    path
}

/// Takes a request in; its address.
fn received(world: &World, body: &Value) -> String {
    let received = world.post("intake-clerk", REQUESTS, body).expect(201);
    assert_eq!(received["state"], "received");
    format!("{REQUESTS}/{}", received["id"].as_str().expect("an id"))
}

fn step(world: &World, path: &str, step: &str, who: &str) -> Reply {
    let body = match step {
        "examination" => json!({ "findings": "the applicant is entitled" }),
        "refusal" => json!({ "reason": "the name is another's" }),
        _ => json!({}),
    };
    world.post(who, &format!("{path}/{step}"), &body)
}

fn released(world: &World, body: &Value) -> String {
    walked(world, body, HANDS.len())
}

/// Suzuki, the other senior operator, who has a client certificate.
fn by_suzuki(world: &World, path: &str) -> Reply {
    world.ask(Proof::Certificate("suzuki"), "POST", path, Some(b"{}"), &[])
}

#[test]
fn l13_p11_a_server_is_certified_and_its_certificate_revoked_by_five_people() {
    let world = World::new();
    let asked = for_server(&world, "other");
    let path = released(&world, &asked);
    let alone = step(&world, &path, "issue", "staff").problem(422);
    assert_eq!(alone["field"], "person", "{alone}");
    let issued = by_suzuki(&world, &format!("{path}/issue")).expect(200);
    assert_eq!(issued["state"], "issued");
    world.scratch.write("other.pem", issued["certificate_pem"].as_str().expect("PEM"));
    let now = world.clock.now().as_second().to_string();
    let verify =
        ["verify", "-attime", &now, "-CAfile", "ca.pem", "-purpose", "sslserver", "other.pem"];
    let believed = run(world.scratch.path(), "openssl", &verify);
    assert!(believed.success, "{}", believed.text);
    let again = world.post("intake-clerk", REQUESTS, &asked).problem(422);
    assert!(again["detail"].as_str().expect("text").contains("certified once"), "{again}");

    let serial = &issued["serial"];
    let certificate =
        format!("/api/v1/cas/jpki-auth/certificates/{}", serial.as_str().expect("a serial"));
    let order = json!({ "cause": "use-ended", "requester": "authority" });
    let direct = world.post("staff", &format!("{certificate}/revocation"), &order).problem(422);
    assert_eq!(direct["field"], "kind", "{direct}");
    let path = released(&world, &end_of(serial));
    assert_eq!(world.get("staff", &certificate).expect(200)["state"], "good");
    assert_eq!(step(&world, &path, "revocation", "staff").problem(422)["field"], "person");
    let revoked = by_suzuki(&world, &format!("{path}/revocation")).expect(200);
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(world.get("staff", &certificate).expect(200)["state"], "revoked");
}

#[test]
fn l13_steps_out_of_order_and_after_the_end_are_refused() {
    let world = World::new();
    let path = received(&world, &for_server(&world, "other"));
    for (next, who) in [("approval", "approver"), ("release", "staff"), ("issue", "staff")] {
        assert_eq!(step(&world, &path, next, who).problem(422)["field"], "state", "{next}");
    }
    step(&world, &path, "examination", "examiner").expect(200);
    let refused = step(&world, &path, "refusal", "approver").expect(200);
    assert_eq!(refused["state"], "refused");
    assert_eq!(refused["steps"][2]["text"], "the name is another's");
    for (next, who) in [("approval", "approver"), ("release", "staff"), ("issue", "staff")] {
        assert_eq!(step(&world, &path, next, who).problem(422)["field"], "state", "{next}");
    }
    let path = released(&world, &for_server(&world, "third"));
    assert_eq!(step(&world, &path, "revocation", "staff").problem(422)["field"], "state");
    let withdrawn = step(&world, &path, "withdrawal", "intake-clerk").expect(200);
    assert_eq!(withdrawn["state"], "withdrawn");
    assert_eq!(by_suzuki(&world, &format!("{path}/issue")).problem(422)["field"], "state");
}

#[test]
fn l13_what_is_missing_foreign_or_spoilt_is_refused_by_its_field() {
    let world = World::new();
    let good = for_server(&world, "other");
    let spoilt = good["request_pem"].as_str().expect("PEM").replacen("MII", "MIJ", 1);
    for (field, value) in [
        ("purpose", json!("wish")),
        ("kind", json!("self-signed")),
        ("kind", Value::Null),
        ("request_pem", json!(spoilt)),
        ("request_pem", json!("no PEM")),
        ("serial", json!("ab")),
        ("cause", json!("use-ended")),
        ("applicant", json!("")),
        ("documents", json!([])),
        ("common_name", json!("x".repeat(65))),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let problem = world.post("intake-clerk", REQUESTS, &body).problem(422);
        assert_eq!(problem["field"], field, "{problem}");
    }
    let mut elsewhere = good;
    elsewhere["ca"] = json!("nobody");
    world.post("intake-clerk", REQUESTS, &elsewhere).problem(404);
    world.post("approver", &format!("{REQUESTS}/sr-0/approval"), &json!({})).problem(404);
    world.get("staff", &format!("{REQUESTS}?state=lost")).problem(422);
}

#[test]
fn l13_a_step_repeated_under_its_id_is_answered_as_before() {
    let world = World::new();
    let body = for_server(&world, "other").to_string();
    let headers = ["-H", "Operation-Id: intake-1"];
    let clerk = Proof::Token("intake-clerk");
    let ask = || world.ask(clerk, "POST", REQUESTS, Some(body.as_bytes()), &headers).expect(201);
    let first = ask();
    assert_eq!(ask(), first);
    let page = world.get("staff", REQUESTS).expect(200);
    assert_eq!(page["requests"].as_array().map(Vec::len), Some(1), "{page}");
    assert_eq!(page["requests"][0]["request_pem"], Value::Null, "only the whole request has it");
    let none = world.get("staff", &format!("{REQUESTS}?state=examined")).expect(200);
    assert_eq!(none["requests"], json!([]));
    let entries = world.entries();
    let path = format!("{REQUESTS}/{}", first["id"].as_str().expect("an id"));
    assert_eq!(world.get("internal-auditor", &path).expect(200), first);
    assert!(world.journal_from(entries)[0].contains("records-read"));
}
