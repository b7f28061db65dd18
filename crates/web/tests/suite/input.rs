//! Bad input: refused with the field and the rule, and nothing changed.

use serde_json::{Value, json};

use super::client::Proof;
use super::flow::{evidence, form};
use super::world::World;

const APPLICATIONS: &str = "/api/v1/applications";

#[test]
fn l4_every_field_of_a_form_is_refused_by_its_name_and_rule() {
    let world = World::new();
    let good = form(&world, "jpki-auth", "issue-with-card", "");
    for (field, wrong) in [
        ("kind", "gift"),
        ("ca", "no-such-ca"),
        ("municipality", "99999"),
        ("window", "100"),
        ("date", "2999-01-01"),
        ("date", "2024-02-30"),
        ("resident", "1"),
        ("family_name", ""),
        ("family_name", "\u{7}"),
        ("reading", "abc"),
        ("address", ""),
        ("birth_date", "1700-01-01"),
        ("gender", "9"),
        ("applicant", "stranger"),
        ("agent_name", "青木　月子"),
        ("cause", "use-ended"),
        ("card", "CARD1"),
    ] {
        let mut bad = good.clone();
        bad[field] = json!(wrong);
        let problem = world.post("sato", APPLICATIONS, &bad).problem(422);
        assert_eq!(problem["field"], field, "{problem}");
        let detail = problem["detail"].as_str().expect("text");
        assert!(detail.starts_with(field) && detail.len() > field.len() + 4, "{detail}");
    }
    let page = world.get("sato", APPLICATIONS).expect(200);
    assert_eq!(page["applications"], json!([]));
}

#[test]
fn what_cannot_be_read_is_refused_before_anything_happens() {
    let world = World::new();
    let send = |body: &[u8], more: &[&str]| {
        world.ask(Proof::Token("sato"), "POST", APPLICATIONS, Some(body), more)
    };
    let unknown = send(br#"{"kind":"renewal","nickname":"x"}"#, &[]).problem(400);
    assert!(unknown["detail"].as_str().expect("text").contains("nickname"), "{unknown}");
    let number = send(br#"{"window":3}"#, &[]).problem(400);
    assert_eq!(number["field"], "window");
    send(b"{", &[]).problem(400);
    send(b"", &[]).problem(400);
    send(b"{} {}", &[]).problem(400);
    send(b"[1]", &[]).problem(400);
    send(b"\xff\xfe", &[]).problem(400);
    send(b"{}", &["-H", "Content-Type: text/plain"]).problem(415);
    let huge = format!("{{\"address\":\"{}\"}}", "あ".repeat(30_000));
    send(huge.as_bytes(), &[]).problem(413);
    send(huge.as_bytes(), &["-H", "Transfer-Encoding: chunked"]).problem(413);
    send(b"{}", &["-H", "Operation-Id: two words"]).problem(400);
    let long = format!("Operation-Id: {}", "x".repeat(65));
    send(b"{}", &["-H", &long]).problem(400);
    world.get("internal-auditor", "/api/v1/journal?from=minus").problem(400);
    world.get("internal-auditor", "/api/v1/journal?form=1").problem(400);
    world.get("staff", "/api/v1/cas/jpki-auth/lists/one/other").problem(400);
}

#[test]
fn l5_bad_evidence_secrets_and_orders_are_refused_by_field() {
    let world = World::new();
    let form = form(&world, "jpki-auth", "issue-with-card", "");
    let received = world.post("sato", APPLICATIONS, &form).expect(201);
    let path = format!("{APPLICATIONS}/{}", received["id"].as_str().expect("an id"));
    let verification = format!("{path}/verification");
    let refused = |who: &str, path: &str, body: Value, field: &str| {
        let problem = world.post(who, path, &body).problem(422);
        assert_eq!(problem["field"], field, "{problem}");
    };
    let item = |evidence: &str, document: &str| json!({ "items": [{ "evidence": evidence, "document": document }] });
    refused("sato", &verification, item("smile", "旅券"), "items[0].evidence");
    refused("sato", &verification, item("register-match", "旅券"), "items[0].evidence");
    refused("sato", &verification, item("photo-document", ""), "document");
    refused("sato", &verification, json!({}), "evidence");
    refused("sato", &format!("{path}/issue"), json!({}), "state");
    world.post("sato", &verification, &evidence()).expect(200);
    world.post("sato", &format!("{path}/issue"), &json!({})).expect(200);
    let delivery = format!("{path}/delivery");
    refused("sato", &delivery, json!({ "authentication_pin": "12345" }), "authentication_pin");
    refused("sato", &delivery, json!({ "signature_password": "short" }), "signature_password");
    refused("sato", &delivery, json!({}), "secret");
    refused("sato", &format!("{path}/refusal"), json!({ "reason": "" }), "reason");
    let order = json!({ "cause": "boredom", "requester": "mayor" });
    let certificate = "/api/v1/cas/jpki-auth/certificates/ab/revocation";
    refused("staff", certificate, order, "cause");
    let caller = json!({ "name": "x", "birth_date": "1980", "gender": "female", "address": "x" });
    refused("phone", "/api/v1/holds", caller, "birth_date");
    world.post("sato", &format!("{path}/discard"), &json!({})).expect(200);
    world.get("sato", &format!("{APPLICATIONS}/ap-1")).problem(404);
    world.get("staff", "/api/v1/cas/jpki-auth/certificates/ab").problem(404);
    world.get("staff", "/api/v1/residents/99999999999").problem(404);
}

#[test]
fn a_secret_of_another_shape_is_refused_and_never_repeated() {
    let world = World::new();
    let entries = world.entries();
    for (path, field, body) in [
        (
            "card-secret-changes",
            "present",
            r#"{"slot":"authentication","present":90817263,"new":"9"}"#,
        ),
        (
            "card-secret-changes",
            "new",
            r#"{"slot":"authentication","present":"1","new":[90817263]}"#,
        ),
        ("card-readings", "signature_password", r#"{"signature_password":90817263}"#),
        ("card-readings", "signature_password", r#"{"signature_password":["90817263"]}"#),
        ("card-readings", "signature_password", r#"{"signature_password":{"90817263":1}}"#),
        ("sessions", "password", r#"{"id":"sato","password":-90817263}"#),
        ("sessions", "password", r#"{"id":"sato","password":9081726.3}"#),
    ] {
        let path = format!("/api/v1/{path}");
        let sent = Some(body.as_bytes());
        let problem = world.ask(Proof::Token("sato"), "POST", &path, sent, &[]).problem(400);
        assert_eq!(problem["field"], field, "{problem}");
        assert!(!problem.to_string().contains("9081726"), "{problem}");
    }
    let said = world.journal_from(entries).concat();
    assert!(!said.contains("9081726"), "{said}");
}

#[test]
fn w1_w3_a_card_a_slot_or_a_secret_that_can_be_none_is_refused_by_its_field_and_noted() {
    let world = World::new();
    let secret = |slot: &str| json!({ "slot": slot, "present": "1234", "new": "12345" });
    for (path, body, field, operation) in [
        ("card-readings?card=no%20id", json!({}), "card", "read_card"),
        ("card-secret-changes", secret("thumb"), "slot", "change_card_secret"),
        ("card-secret-changes", secret("authentication"), "new", "change_card_secret"),
    ] {
        let entries = world.entries();
        let problem = world.post("sato", &format!("/api/v1/{path}"), &body).problem(422);
        assert_eq!(problem["field"], field, "{problem}");
        let noted = world.journal_from(entries);
        let is_it = |entry: &String| entry.contains(operation) && entry.contains("refused");
        assert_eq!(noted.iter().filter(|entry| is_it(entry)).count(), 1, "{noted:?}");
    }
    for (path, body) in [
        ("card-readings?slot=signature", json!({})),
        ("card-readings", json!({ "card": "CARD1" })),
        ("card-reconciliations", json!({ "mend": "true" })),
    ] {
        let entries = world.entries();
        world.post("sato", &format!("/api/v1/{path}"), &body).problem(400);
        assert_eq!(world.entries(), entries, "{path}");
    }
}

#[test]
fn a_number_beyond_every_end_is_no_fault_of_ours() {
    let world = World::new();
    let far = u64::MAX;
    let journal = world.get("internal-auditor", &format!("/api/v1/journal?from={far}")).expect(200);
    assert_eq!(journal["entries"], json!([]));
    let ca = "/api/v1/cas/jpki-auth";
    let page = world.get("staff", &format!("{ca}/certificates?after={far}")).expect(200);
    assert_eq!(page["certificates"], json!([]));
    world.get("staff", &format!("{ca}/lists/1/other?number={far}")).problem(404);
}
