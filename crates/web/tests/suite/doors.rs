//! Who may ask: nobody without proof, everybody only what the table of permissions opens.

use std::collections::BTreeSet;

use domain::staff::{CredentialKind, Role};
use jitsuin_web::desk::Proof;
use jitsuin_web::desk::permission::Operation;
use serde_json::{Value, json};
use store::{Change, CredentialRow};

use super::client::Proof as Proved;
use super::document::{Described, OPEN, described};
use super::flow::form;
use super::world::{HANAKO, World, commit, token};

#[test]
fn every_operation_of_the_document_is_closed_to_who_proves_nothing() {
    let world = World::new();
    for Described { method, path, operation, .. } in described() {
        if OPEN.contains(&operation.as_str()) {
            continue;
        }
        let entries = world.entries();
        let reply = world.ask(Proved::Nothing, &method, &path, Some(b"{}"), &[]);
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
    world.ask(Proved::Token("nobody"), "GET", path, None, &[]).problem(401);
    world.ask(Proved::Token("lost"), "GET", path, None, &[]).problem(401);
    world.ask(Proved::Nothing, "GET", path, None, &["-u", "staff:staff"]).problem(401);
    world.ask(Proved::Certificate("mallory"), "GET", path, None, &[]).problem(401);
    // A wrong token is not made good by a certificate that is right.
    let wrong = ["-H", "Authorization: Bearer nobody"];
    world.ask(Proved::Certificate("suzuki"), "GET", path, None, &wrong).problem(401);
    world.ask(Proved::Nothing, "GET", "/api/v1/nowhere", None, &[]).problem(401);
    let health = world.ask(Proved::Nothing, "GET", "/api/v1/health", None, &[]);
    assert_eq!((health.status, health.body.as_slice()), (200, &b"ok"[..]));
}

#[test]
fn a_pinned_client_certificate_is_a_proof_under_both_versions_of_tls() {
    let world = World::new();
    for version in [&["--tlsv1.3"][..], &["--tls-max", "1.2"]] {
        let entries = world.entries();
        let path = "/api/v1/people";
        world.ask(Proved::Certificate("suzuki"), "GET", path, None, version).expect(200);
        assert!(world.journal_from(entries)[0].contains("\"id\":\"suzuki\""));
    }
}

/// Every role with a strong proof, over the API as it is served.
#[test]
fn w3_every_operation_is_open_to_exactly_the_roles_of_the_table() {
    let world = World::new();
    let in_api = Operation::ALL.iter().filter(|operation| operation.is_in_api());
    let known: BTreeSet<_> = in_api.map(|operation| operation.name()).collect();
    let all = described();
    let told: BTreeSet<_> = all
        .iter()
        .map(|described| described.operation.as_str())
        .filter(|name| !OPEN.contains(name))
        .collect();
    assert_eq!(told, known);
    for role in Role::ALL {
        for (operation, described) in operations(&all) {
            let is_open = operation.is_open_to(role);
            assert_door(&world, described, role.name(), operation, is_open);
        }
    }
}

/// The same roles with a program's token, which somebody may have learnt, and with the secret of an
/// enrolment: both open what the column of strength says, and nothing else.
#[test]
fn w2_what_needs_a_strong_proof_is_closed_to_every_other() {
    let world = World::new();
    let all = described();
    for role in [Role::WindowClerk, Role::SeniorOperator, Role::CaManager, Role::InternalAuditor] {
        for (operation, described) in operations(&all) {
            let opens = |proof| operation.is_open_to(role) && operation.strength().is_met_by(proof);
            for (name, kind, proof) in [
                ("weak", CredentialKind::ProgramToken, Proof::Weak),
                ("enrolling", CredentialKind::Enrolment, Proof::Enrolment([0; 32])),
            ] {
                // A secret of its own for each: the first thing done with it uses it up.
                let shown = format!("{name}-{role}-{}", operation.name());
                let row = CredentialRow {
                    sha256: x509::digest::sha256(shown.as_bytes()),
                    kind,
                    console: None,
                    ..token(&world.clock, role.name())
                };
                commit(&world.scratch, &world.clock, Change::AddCredential(row.into()));
                assert_door(&world, described, &shown, operation, opens(proof));
            }
        }
    }
}

/// The operations of the table, each with its description.
fn operations(all: &[Described]) -> impl Iterator<Item = (Operation, &Described)> {
    all.iter().filter_map(|described| {
        let known = Operation::ALL.iter().find(|known| known.name() == described.operation);
        known.map(|operation| (*operation, described))
    })
}

/// Knocks, and finds the door open or closed; a closed one leaves an entry that says so, and says
/// nothing of the form: who may not do it does not learn how it is done.
fn assert_door(
    world: &World,
    described: &Described,
    token: &str,
    operation: Operation,
    is_open: bool,
) {
    let name = operation.name();
    let entries = world.entries();
    let body = if is_open { described.body().to_string() } else { "{".to_owned() };
    let body = (described.method == "POST").then_some(body.as_bytes());
    let reply = world.ask(Proved::Token(token), &described.method, &described.path, body, &[]);
    assert_ne!(reply.status, 401, "{token} {name}: {reply:?}");
    assert_eq!(reply.status != 403, is_open, "{token} {name}: {reply:?}");
    if !is_open {
        let said = world.journal_from(entries);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("access-refused") && said[0].contains(name), "{said:?}");
    }
}

/// Not even that it is there: what is another municipality's is answered for as what is nobody's, word
/// for word, while the journal tells them apart.
#[test]
fn w3_a_clerk_learns_nothing_of_another_municipality() {
    let world = World::new();
    let form = form(&world, "jpki-auth", "issue-with-card", "");
    let received = world.post("sato", "/api/v1/applications", &form).expect(201);
    let path = format!("/api/v1/applications/{}", received["id"].as_str().expect("an id"));
    world.get("sato", &path).expect(200);
    world.post("tanaka", "/api/v1/applications", &form).problem(403);
    let resident = format!("/api/v1/residents/{HANAKO}");
    assert_eq!(world.get("sato", &resident).expect(200)["given_name"], "花子");
    let alike = |elsewhere: &str, nobodys: &str, step: Option<(&str, &Value)>| {
        let ask = |path: &str| match step {
            Some((step, body)) => world.post("tanaka", &format!("{path}/{step}"), body),
            None => world.get("tanaka", path),
        };
        let entries = world.entries();
        let told = [elsewhere, nobodys].map(|path| ask(path).problem(404));
        assert_eq!(told[0], told[1], "{step:?}");
        let said = world.journal_from(entries);
        let refused = "is another municipality's";
        assert!(said[0].contains("access-refused") && said[0].contains(refused), "{said:?}");
        assert!(said.iter().skip(1).all(|entry| !entry.contains(refused)), "{said:?}");
    };
    alike(&resident, "/api/v1/residents/10000000099", None);
    let nobodys = format!("/api/v1/applications/ap-{}", "0".repeat(24));
    alike(&path, &nobodys, None);
    let (none, reason) = (json!({}), json!({ "reason": "因縁" }));
    for step in ["withdrawal", "completion", "discard", "issue"] {
        alike(&path, &nobodys, Some((step, &none)));
    }
    alike(&path, &nobodys, Some(("refusal", &reason)));
}

/// One member of the staff, alone, must not pass for two: by whatever name or token they know.
#[test]
fn l9_the_second_person_of_a_revocation_approves_it_in_a_session_of_their_own() {
    let world = World::new();
    let found = world.get("staff", "/api/v1/cas/jpki-auth/certificates?limit=1").expect(200);
    let serial = found["certificates"][0]["serial"].as_str().expect("a serial").to_owned();
    let path = format!("/api/v1/cas/jpki-auth/certificates/{serial}/revocation");
    let ask = |approver: &str, operation: &str| {
        let order = json!({ "cause": "ca-key-compromised", "requester": "authority", "approver": approver });
        let id = format!("Operation-Id: {operation}");
        let (body, headers) = (order.to_string(), ["-H", id.as_str()]);
        world.ask(Proved::Certificate("suzuki"), "POST", &path, Some(body.as_bytes()), &headers)
    };
    let approve = |who: &str, operation: &str, cause: &str| {
        let body = json!({
            "what": "revocation", "operation": operation, "ca": "jpki-auth", "serial": serial,
            "cause": cause, "requester": "authority",
        });
        world.post(who, "/api/v1/approvals", &body)
    };
    // A clerk has no right to approve; two have not approved anything; another cause is another thing.
    approve("sato", "op-clerk", "ca-key-compromised").problem(403);
    let said = approve("staff", "op-other", "recording-error").expect(201);
    assert_eq!(said["approver"], "staff", "{said}");
    for (approver, operation) in [
        ("staff", "op-never"),
        ("staff", "op-other"),
        ("sato", "op-clerk"),
        ("suzuki", "op-other"),
        ("ghost", "op-other"),
    ] {
        let entries = world.entries();
        assert_eq!(ask(approver, operation).problem(422)["field"], "approver", "{operation}");
        assert!(world.journal_from(entries)[0].contains("refused"), "{operation}");
    }
    // The id is taken by what was approved under it, and by nobody else.
    approve("staff", "op-other", "ca-key-compromised").problem(409);
    let first = approve("staff", "op-both", "ca-key-compromised").expect(201);
    assert_eq!(approve("staff", "op-both", "ca-key-compromised").expect(201), first);
    // A day later it is no approval any more.
    let old = approve("staff", "op-old", "ca-key-compromised");
    old.expect(201);
    ask("staff", "op-both").expect(200);
    world.clock.advance(jiff::SignedDuration::from_hours(25));
    assert!(ask("staff", "op-old").problem(422)["detail"].to_string().contains("a day"));
    // Nor is it answered as one that counts.
    let again = approve("staff", "op-old", "ca-key-compromised").problem(409);
    assert!(again["detail"].to_string().contains("counts no more"), "{again}");
}
