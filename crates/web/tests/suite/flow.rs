//! The main job over the API: from the form to the delivered card, and what ends it.

use ra::register::ResidentRegister;
use serde_json::{Value, json};
use store::reads::{ReadHead, ReadJournal};
use testkit::run;

use super::client::Proof;
use super::world::{HANAKO, World};

/// The form of Hanako's application.
pub(super) fn form(world: &World, ca: &str, kind: &str, card: &str) -> Value {
    let today = domain::validity::civil_date(world.clock.now());
    json!({
        "kind": kind, "ca": ca, "municipality": "11203", "window": "3",
        "date": today.to_string(), "resident": HANAKO, "family_name": "青木",
        "given_name": "花子", "reading": "アオキ　テスト",
        "address": "埼玉県川口市青木二丁目１番１号", "birth_date": "1980-01-02", "gender": "2",
        "card": card,
    })
}

/// The evidence of a resident who shows a document with a photograph.
pub(super) fn evidence() -> Value {
    json!({ "items": [{ "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }] })
}

/// Takes an application in and checks it; answers with its path.
pub(super) fn verified(world: &World, form: &Value) -> String {
    let received = world.post("sato", "/api/v1/applications", form).expect(201);
    assert_eq!(received["state"], "received");
    let path = format!("/api/v1/applications/{}", received["id"].as_str().expect("an id"));
    let verified = world.post("sato", &format!("{path}/verification"), &evidence()).expect(200);
    assert_eq!(verified["state"], "verified", "{verified}");
    path
}

/// Issues and delivers; answers with the completed application.
pub(super) fn delivered(world: &World, form: &Value, secret: &Value) -> Value {
    let path = verified(world, form);
    let issued = world.post("sato", &format!("{path}/issue"), &json!({})).expect(200);
    assert_eq!(issued["state"], "issued");
    let delivered = world.post("sato", &format!("{path}/delivery"), secret).expect(200);
    assert_eq!(delivered["state"], "completed");
    delivered
}

#[test]
fn l1_l10_l8_the_whole_life_over_the_api() {
    let world = World::new();
    // 1. Authentication with a new card, then a signature certificate on the same card.
    let pin = json!({ "authentication_pin": "4321" });
    let auth = delivered(&world, &form(&world, "jpki-auth", "issue-with-card", ""), &pin);
    let card = auth["card"].as_str().expect("a card");
    let password = json!({ "signature_password": "HANAKO99" });
    let sign = delivered(&world, &form(&world, "saitama-sign", "issue-on-card", card), &password);
    // 2. Both are in force, and openssl believes the first.
    let auth_path = certificate_path("jpki-auth", &auth);
    let sign_path = certificate_path("saitama-sign", &sign);
    let shown = world.get("staff", &auth_path).expect(200);
    assert_eq!(shown["state"], "good");
    world.scratch.write("holder.pem", shown["certificate_pem"].as_str().expect("PEM"));
    let now = world.clock.now().as_second().to_string();
    let verify = ["verify", "-attime", &now, "-ignore_critical", "-CAfile", "ca.pem", "holder.pem"];
    let believed = run(world.scratch.path(), "openssl", &verify);
    assert!(believed.success, "{}", believed.text);
    // 3. A hold by phone holds what can be held, the window releases it.
    let caller = json!({ "name": "青木　花子", "birth_date": "1980-01-02", "gender": "female",
        "address": "埼玉県川口市青木二丁目１番１号" });
    let hold = world.post("phone", "/api/v1/holds", &caller).expect(200);
    assert_eq!(hold["held"].as_array().map(Vec::len), Some(1));
    assert_eq!(hold["refused"][0]["ca"], "saitama-sign");
    assert_eq!(world.get("staff", &auth_path).expect(200)["state"], "held");
    let path = verified(&world, &form(&world, "jpki-auth", "hold-release", ""));
    let released = world.post("sato", &format!("{path}/completion"), &json!({})).expect(200);
    assert!(released["receipt"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(world.get("staff", &auth_path).expect(200)["state"], "good");
    // 4. The staff revokes the signature certificate; the register's event ends the other.
    let order = json!({ "cause": "recording-error", "requester": "mayor" });
    let revoked = world.post("staff", &format!("{sign_path}/revocation"), &order).expect(200);
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(revoked["no_op"], false);
    let path = format!("/api/v1/residents/{HANAKO}/death");
    world.post("staff", &path, &json!({})).expect(200);
    let ran = world.post("staff", "/api/v1/register-runs", &json!({})).expect(200);
    assert_eq!(ran["revoked"][0]["serial"], auth["serial"]);
    // 5. The lists say so, and everything agrees.
    assert_published(&world, "jpki-auth", auth["serial"].as_str().expect("a serial"));
    assert_published(&world, "saitama-sign", sign["serial"].as_str().expect("a serial"));
    let report = world.get("staff", "/api/v1/check").expect(200);
    assert_eq!(report["consistent"], true, "{report}");
}

fn certificate_path(ca: &str, application: &Value) -> String {
    let serial = application["serial"].as_str().expect("a serial");
    format!("/api/v1/cas/{ca}/certificates/{serial}")
}

/// Publishes every list of a CA, and has openssl find the serial on the municipality's.
fn assert_published(world: &World, ca: &str, serial: &str) {
    let round = world.post("staff", &format!("/api/v1/cas/{ca}/publication"), &json!({}));
    let round = round.expect(200);
    let lists = round["lists"].as_array().expect("lists");
    assert!(lists.iter().all(|list| list["outcome"] == "published"), "{round}");
    let path = format!("/api/v1/cas/{ca}/lists/1/11203?format=pem");
    let list = world.get("staff", &path);
    assert_eq!(list.header("content-type"), Some("application/x-pem-file"));
    world.scratch.write("list.pem", list.body);
    let text = run(world.scratch.path(), "openssl", &["crl", "-in", "list.pem", "-text", "-noout"]);
    let digits = serial.trim_start_matches('0').to_uppercase();
    assert!(text.text.to_uppercase().contains(&digits), "{}", text.text);
    let der = world.get("staff", &format!("/api/v1/cas/{ca}/lists/1/11203?number=1"));
    assert_eq!(der.header("content-type"), Some("application/pkix-crl"));
    assert_eq!(der.body.first(), Some(&0x30));
}

#[test]
fn the_same_operation_id_gives_the_same_answer_and_no_second_effect() {
    let world = World::new();
    let form = form(&world, "jpki-auth", "issue-with-card", "").to_string();
    let headers = ["-H", "Operation-Id: form-1"];
    let ask = |path: &str, body: &str| {
        world.ask(Proof::Token("sato"), "POST", path, Some(body.as_bytes()), &headers)
    };
    let first = ask("/api/v1/applications", &form);
    assert_eq!(first.header("operation-id"), Some("form-1"));
    let first = first.expect(201);
    assert_eq!(ask("/api/v1/applications", &form).expect(201), first);
    let page = world.get("sato", "/api/v1/applications").expect(200);
    assert_eq!(page["applications"].as_array().map(Vec::len), Some(1));
    let other = form.replace("花子", "月子");
    assert_eq!(ask("/api/v1/applications", &other).problem(409)["field"], "operation");
}

#[test]
fn a_repeated_publication_builds_no_second_list() {
    let world = World::new();
    let path = "/api/v1/cas/jpki-auth/publication";
    let headers = ["-H", "Operation-Id: lists-1"];
    let publish = || world.ask(Proof::Token("staff"), "POST", path, Some(b"{}"), &headers);
    let first = publish().expect(200);
    let entries = world.entries();
    assert_eq!(publish().expect(200), first);
    // The repetition is an entry of its own, which says that nothing was done.
    let said = world.journal_from(entries);
    assert!(said.len() == 1 && said[0].contains("no-op"), "{said:?}");
    let series = world.get("staff", "/api/v1/cas/jpki-auth/lists").expect(200);
    assert!(series["series"].as_array().expect("series").iter().all(|one| one["built"] == 1));
    let stolen = world.ask(Proof::Certificate("suzuki"), "POST", path, Some(b"{}"), &headers);
    assert_eq!(stolen.problem(409)["field"], "operation");
}

/// Whoever could take the id of what the system does by itself would keep it from being done: an event
/// from being applied, a key's lists from being published.
#[test]
fn l8_w8_nobody_takes_the_operation_id_of_what_the_system_does_once() {
    let world = World::new();
    let own = [
        "register-event:1",
        "destroyed:jpki-auth-ca-1",
        "made:cards-1-0000",
        "backup:jpki-auth-ca-1",
        "mend:00",
        "ceremony:renewal-1",
    ];
    for id in own {
        let header = format!("Operation-Id: {id}");
        let ask = |path: &str| {
            world.ask(Proof::Token("staff"), "POST", path, Some(b"{}"), &["-H", &header])
        };
        assert_eq!(ask("/api/v1/cas/jpki-auth/publication").problem(400)["field"], "operation-id");
        ask(&format!("/api/v1/residents/{HANAKO}/death")).problem(400);
    }
    // What an earlier program called them is nobody's any more.
    let old = ["-H", "Operation-Id: destroyed-jpki-auth-ca-1"];
    let path = "/api/v1/cas/jpki-auth/publication";
    world.ask(Proof::Token("staff"), "POST", path, Some(b"{}"), &old).expect(200);
    let lists = world.post("staff", path, &json!({})).expect(200);
    assert!(!lists["lists"].as_array().expect("lists").is_empty(), "{lists}");
    world.post("staff", &format!("/api/v1/residents/{HANAKO}/death"), &json!({})).expect(200);
    let run = world.post("staff", "/api/v1/register-runs", &json!({})).expect(200);
    assert_eq!((&run["applied"], &run["cursor"]), (&json!(1), &json!(1)), "{run}");
}

#[test]
fn w8_e1_nothing_is_told_as_done_that_the_register_refuses() {
    let world = World::new();
    let lives = world.register.find(&HANAKO.parse().expect("a code")).expect("registered").address;
    let of_hanako = format!("/api/v1/residents/{HANAKO}/address");
    for (path, body, status) in [
        ("/api/v1/residents/00000000000/death", json!({}), 404),
        (of_hanako.as_str(), json!({ "address": lives }), 422),
        (of_hanako.as_str(), json!({ "address": "川口市本町一丁目" }), 422),
    ] {
        let before = world.scratch.store.last_sequence().expect("a read");
        world.post("staff", path, &body).problem(status);
        let from = before.map_or(0, |last| last + 1);
        let entries = world.scratch.store.journal(from, 9).expect("a read");
        let told = |outcome: &str| {
            let has = |(_, body): &&(u64, Vec<u8>)| {
                let text = String::from_utf8_lossy(body);
                text.contains("register-event") && text.contains(outcome)
            };
            entries.iter().filter(has).count()
        };
        assert_eq!((told("\"done\""), told("refused")), (0, 1), "{body}");
    }
}

#[test]
fn cas_show_the_fingerprint_that_openssl_computes() {
    let world = World::new();
    let cas = world.get("sato", "/api/v1/cas").expect(200);
    let generation = &cas["authorities"][0]["generations"][0];
    world.scratch.write("root.pem", generation["certificate_pem"].as_str().expect("PEM"));
    let arguments = ["x509", "-in", "root.pem", "-noout", "-fingerprint", "-sha256"];
    let printed = run(world.scratch.path(), "openssl", &arguments);
    assert!(printed.text.contains(generation["sha256"].as_str().expect("text")), "{generation}");
    let policy = world.get("sato", "/api/v1/cas/jpki-auth/policy?profile=user").expect(200);
    assert!(policy["lines"].as_array().is_some_and(|lines| !lines.is_empty()));
}
