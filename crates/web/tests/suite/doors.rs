//! Who may ask: nobody without proof, everybody only what the table of permissions opens.

use std::collections::BTreeSet;

use jitsuin_web::desk::permission::{Operation, Role};
use serde_json::json;

use super::client::Proof;
use super::document::{Described, described};
use super::flow::form;
use super::world::{HANAKO, World};

#[test]
fn every_operation_of_the_document_is_closed_to_who_proves_nothing() {
    let world = World::new();
    for Described { method, path, operation, .. } in described() {
        if operation == "health" {
            continue;
        }
        let entries = world.entries();
        let reply = world.ask(Proof::Nothing, &method, &path, Some(b"{}"), &[]);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{operation}");
        reply.problem(401);
        // The attempt is evidence (E1), without what may name a person.
        let said = world.journal_from(entries);
        assert_eq!(said.len(), 1, "{operation}: {said:?}");
        assert!(said[0].contains("access-refused") && said[0].contains("anonymous"), "{said:?}");
        assert!(!said[0].contains(HANAKO), "{said:?}");
    }
}

#[test]
fn wrong_proofs_are_refused_and_the_health_address_says_nothing() {
    let world = World::new();
    let path = "/api/v1/cas";
    // Its critical policies are those of a JPKI certificate: the handshake must not end over them.
    let made = testkit::run(
        world.scratch.path(),
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "mallory.key",
            "-out",
            "mallory.pem",
            "-subj",
            "/CN=suzuki",
            "-addext",
            "certificatePolicies=critical,1.3.6.1.4.1.55555.1",
        ],
    );
    assert!(made.success, "{}", made.text);
    world.ask(Proof::Token("nobody"), "GET", path, None, &[]).problem(401);
    world.ask(Proof::Token("lost"), "GET", path, None, &[]).problem(401);
    world.ask(Proof::Nothing, "GET", path, None, &["-u", "staff:staff"]).problem(401);
    world.ask(Proof::Certificate("mallory"), "GET", path, None, &[]).problem(401);
    // A wrong token is not made good by a certificate that is right.
    let wrong = ["-H", "Authorization: Bearer nobody"];
    world.ask(Proof::Certificate("suzuki"), "GET", path, None, &wrong).problem(401);
    world.ask(Proof::Nothing, "GET", "/api/v1/nowhere", None, &[]).problem(401);
    let health = world.ask(Proof::Nothing, "GET", "/api/v1/health", None, &[]);
    assert_eq!((health.status, health.body.as_slice()), (200, &b"ok"[..]));
}

#[test]
fn a_pinned_client_certificate_is_a_proof_under_both_versions_of_tls() {
    let world = World::new();
    for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"]] {
        let entries = world.entries();
        let path = "/api/v1/journal?limit=1";
        world.ask(Proof::Certificate("suzuki"), "GET", path, None, version).expect(200);
        assert!(world.journal_from(entries)[0].contains("\"id\":\"suzuki\""));
    }
}

#[test]
fn every_role_meets_exactly_the_operations_of_the_table() {
    let world = World::new();
    let known: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
    let all = described();
    let told: BTreeSet<_> = all
        .iter()
        .map(|described| described.operation.as_str())
        .filter(|name| !["health", "show_openapi"].contains(name))
        .collect();
    assert_eq!(told, known);
    for (who, role) in [("sato", Role::Clerk), ("phone", Role::CallCentre), ("staff", Role::Staff)]
    {
        for described in &all {
            let operation = Operation::ALL.iter().find(|known| known.name() == described.operation);
            let Some(operation) = operation else { continue };
            let entries = world.entries();
            let body = described.body().to_string();
            let body = (described.method == "POST").then_some(body.as_bytes());
            let reply = world.ask(Proof::Token(who), &described.method, &described.path, body, &[]);
            let is_open = operation.roles().contains(&role);
            assert_eq!(reply.status != 403, is_open, "{who} {}: {reply:?}", operation.name());
            if !is_open {
                assert!(world.journal_from(entries)[0].contains("access-refused"));
            }
        }
    }
}

#[test]
fn a_clerk_sees_nothing_of_another_municipality() {
    let world = World::new();
    let form = form(&world, "jpki-auth", "issue-with-card", "");
    let received = world.post("sato", "/api/v1/applications", &form).expect(201);
    let path = format!("/api/v1/applications/{}", received["id"].as_str().expect("an id"));
    world.get("sato", &path).expect(200);
    world.get("tanaka", &path).problem(403);
    world.post("tanaka", &format!("{path}/withdrawal"), &json!({})).problem(403);
    world.post("tanaka", "/api/v1/applications", &form).problem(403);
    let resident = format!("/api/v1/residents/{HANAKO}");
    assert_eq!(world.get("sato", &resident).expect(200)["given_name"], "花子");
    world.get("tanaka", &resident).problem(403);
}

/// One member of the staff, alone, must not pass for two: by whatever name they know.
#[test]
fn l9_the_second_person_of_a_revocation_shows_their_own_token() {
    let world = World::new();
    let found = world.get("staff", "/api/v1/cas/jpki-auth/certificates?limit=1").expect(200);
    let serial = found["certificates"][0]["serial"].as_str().expect("a serial").to_owned();
    let path = format!("/api/v1/cas/jpki-auth/certificates/{serial}/revocation");
    let ask = |approver: &str, headers: &[&str]| {
        let order = json!({ "cause": "ca-key-compromised", "requester": "authority", "approver": approver });
        let headers: Vec<_> = headers.iter().flat_map(|header| ["-H", header]).collect();
        let body = order.to_string();
        world.ask(Proof::Certificate("suzuki"), "POST", &path, Some(body.as_bytes()), &headers)
    };
    let token = |name: &str| format!("Approver-Authorization: Bearer {name}");
    let (staff, sato, wrong) = (token("staff"), token("sato"), token("ghost"));
    let refused: [(&str, &[&str]); 6] = [
        ("staff", &[]),
        ("staff", &[&wrong]),
        ("staff", &[&sato]),
        ("sato", &[&sato]),
        ("ghost", &[&staff]),
        ("suzuki", &[&staff]),
    ];
    for (approver, headers) in refused {
        let entries = world.entries();
        assert_eq!(ask(approver, headers).problem(422)["field"], "approver", "{approver}");
        assert!(world.journal_from(entries)[0].contains("refused"), "{approver}");
    }
    ask("staff", &[&staff, &staff]).problem(400);
    ask("staff", &["Approver-Authorization: Basic c3RhZmY6"]).problem(400);
    ask("staff", &[&staff]).expect(200);
}
