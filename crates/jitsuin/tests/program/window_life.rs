//! The life of a card through the command line: application, delivery, hold, release, end.

use std::fs;

use serde_json::{Value, json};
use testkit::run;

use crate::workplace::{AUDITOR, CLERK, KAWAGUCHI, OPERATOR_2, PHONE, STAFF, Workplace, form};

fn serial(application: &Value) -> String {
    application["serial"].as_str().expect("a serial").to_owned()
}

fn auth(kind: &str) -> Value {
    json!({ "ca": "jpki-auth", "kind": kind })
}

/// Publishes every list of a CA. A list's time has whole seconds: one of this very second cannot
/// be replaced, which the command says; then the next second is waited for.
fn publish(place: &Workplace, ca: &str) {
    let command = ["crl", "publish", "--ca", ca];
    for _ in 0..100 {
        let said = place.run(&STAFF, &command);
        if said.success {
            return;
        }
        assert!(said.text.contains("thisUpdate must advance by a second"), "{}", said.text);
        assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("no list of {ca} could be published");
}

/// Has openssl check the certificate against the CA and the municipality's newest list.
fn verify_with_list(place: &Workplace, ca: &str, serial: &str) -> String {
    publish(place, ca);
    let root = place.answer(&STAFF, &["ca", "show", ca]);
    let root = root["generations"][0]["certificate_pem"].as_str().expect("PEM").to_owned();
    let user = place.answer(&STAFF, &["cert", "show", ca, serial, "--pem"]);
    let list = place.answer(&STAFF, &["crl", "show", ca, KAWAGUCHI]);
    for (name, pem) in [
        ("root.pem", root.as_str()),
        ("user.pem", user["certificate_pem"].as_str().unwrap()),
        ("list.pem", list["crl_pem"].as_str().unwrap()),
    ] {
        fs::write(place.path().join(name), pem).unwrap();
    }
    let arguments =
        ["verify", "-crl_check", "-CAfile", "root.pem", "-CRLfile", "list.pem", "user.pem"];
    run(place.path(), "openssl", &arguments).text
}

#[test]
fn l1_l2_l10_l7_l9_a_card_lives_and_ends_by_the_command_line() {
    lives_and_ends(&Workplace::new());
}

/// Every one of these commands once refused while a server ran, or found the keys asleep that it held awake.
#[test]
fn l1_l2_l10_l7_l9_a_card_lives_and_ends_by_commands_beside_the_server() {
    let mut place = Workplace::new();
    place.serve();
    lives_and_ends(&place);
    let shown =
        place.answer(&STAFF, &["register", "show", place.residents()[0]["code"].as_str().unwrap()]);
    assert_eq!(shown["code"], place.residents()[0]["code"]);
    assert_eq!(place.answer(&STAFF, &["key", "status"])["active"], true);
    let said = place.run_as_is(
        &STAFF,
        &["revoke", "jpki-auth", "zz", "--cause", "use-ended", "--requester", "holder"],
    );
    assert_eq!((said.status, said.text.lines().count()), (Some(1), 1), "{}", said.text);
    let told: serde_json::Value = serde_json::from_str(&said.text).expect("an object");
    assert_eq!((&told["field"], &told["status"]), (&"serial".into(), &422.into()), "{told}");
    let said = place
        .run_as_is(&STAFF, &["revoke", "jpki-auth", "0a", "--cause", "x", "--requester", "holder"]);
    assert_eq!(said.status, Some(2), "{}", said.text);
    assert!(said.text.contains("key-compromised, card-unusable"), "{}", said.text);
    let unknown = place.run_as_is(&["--as", "custodian-1.passphrase"], &["ca", "list"]);
    assert!(!unknown.success && unknown.text.lines().count() == 1, "{}", unknown.text);
    // A password is shown anew by each command, and opens no session.
    for (file, password) in
        [("password", "of many words 0 1 2\n"), ("wrong", "of other words 0 1 2\n")]
    {
        fs::write(place.path().join(file), password).unwrap();
    }
    place.answer(&STAFF, &["staff", "password", "--new", "password"]);
    let by = |file| place.run_as_is(&["--operator", "operator-1", "--as", file], &["ca", "list"]);
    assert!(by("password").success && !by("wrong").success && by("password").success);
    let socket = place.path().join("data/api.sock");
    assert!(socket.exists());
    place.stop();
    assert!(!socket.exists(), "it ends with the server");
    assert_eq!(place.answer(&STAFF, &["check"])["consistent"], true);
}

fn lives_and_ends(place: &Workplace) {
    let resident = &place.residents()[0];
    // 1. A certificate on a new card is not good before it is delivered.
    let id = place.verified(resident, &auth("issue-with-card"));
    let issued = place.answer(&CLERK, &["apply", "issue", &id]);
    let serial = serial(&issued);
    assert_eq!(place.state("jpki-auth", &serial), "undelivered");
    assert!(verify_with_list(place, "jpki-auth", &serial).contains("error 23 "));
    fs::write(place.path().join("secret"), "1234\n").unwrap();
    place.answer(&CLERK, &["apply", "deliver", &id, "--secret", "secret"]);
    assert_eq!(place.state("jpki-auth", &serial), "good");
    // 2. A signature certificate on the same card.
    let sign = json!({ "ca": "saitama-sign", "kind": "issue-on-card", "card": issued["card"] });
    let sign = place.delivered(resident, &sign, "ABC123");
    assert_eq!(place.state("saitama-sign", sign["serial"].as_str().unwrap()), "good");
    // 3. Reported lost by phone: A holds, S cannot; found again, released at the window alone.
    let name = format!(
        "{}\u{3000}{}",
        resident["family_name"].as_str().unwrap(),
        resident["given_name"].as_str().unwrap()
    );
    let gender = if resident["gender"] == "1" { "male" } else { "female" };
    let hold = [
        "hold",
        "--name",
        &name,
        "--birth-date",
        resident["birth_date"].as_str().unwrap(),
        "--gender",
        gender,
        "--address",
        resident["address"].as_str().unwrap(),
    ];
    let held = place.answer(&PHONE, &hold);
    assert_eq!(held["held"], json!([{ "ca": "jpki-auth", "serial": serial }]));
    assert_eq!(held["refused"][0]["ca"], "saitama-sign");
    assert_eq!(place.state("jpki-auth", &serial), "held");
    assert!(verify_with_list(place, "jpki-auth", &serial).contains("error 23 "));
    place.write("form.json", &form(resident, &auth("hold-release")));
    place.refusal(&PHONE, &["apply", "receive", "form.json"]);
    let id = place.verified(resident, &auth("hold-release"));
    place.answer(&CLERK, &["apply", "complete", &id]);
    assert_eq!(place.state("jpki-auth", &serial), "good");
    assert!(verify_with_list(place, "jpki-auth", &serial).ends_with(": OK\n"));
    // 4. The end, in writing; what is revoked never returns.
    let ended = json!({ "ca": "jpki-auth", "kind": "revocation", "cause": "use-ended" });
    let id = place.verified(resident, &ended);
    place.answer(&CLERK, &["apply", "complete", &id]);
    let shown = place.answer(&STAFF, &["cert", "show", "jpki-auth", &serial]);
    assert_eq!(
        (&shown["state"], &shown["reason"]),
        (&json!("revoked"), &json!("cessationOfOperation"))
    );
    assert!(verify_with_list(place, "jpki-auth", &serial).contains("error 23 "));
    let id = place.received(resident, &auth("hold-release"));
    let said = place.refusal(&CLERK, &["apply", "verify", &id, "evidence.json"]);
    assert!(said.contains("there is none on hold to release (A 4.9.15)"), "{said}");
    assert_eq!(place.state("jpki-auth", &serial), "revoked");
    publish(place, "saitama-sign");
    assert_eq!(place.answer(&STAFF, &["check"])["consistent"], true);
}

#[test]
fn l6_a_renewal_is_a_new_key_and_the_old_certificate_ends_at_delivery() {
    let place = Workplace::new();
    let resident = &place.residents()[2];
    let first = place.delivered(resident, &auth("issue-with-card"), "1234");
    let old = serial(&first);
    let again = json!({ "ca": "jpki-auth", "kind": "issue-on-card", "card": first["card"] });
    let id = place.verified(resident, &again);
    let said = place.refusal(&CLERK, &["apply", "issue", &id]);
    assert!(said.contains("A 4.3.1.1(2)"), "only a renewal replaces one in force: {said}");
    let renewal = json!({ "ca": "jpki-auth", "kind": "renewal", "card": first["card"] });
    let id = place.verified(resident, &renewal);
    let issued = place.answer(&CLERK, &["apply", "issue", &id]);
    let new = serial(&issued);
    assert_eq!(place.state("jpki-auth", &old), "good", "the old one ends at delivery");
    fs::write(place.path().join("secret"), "1234").unwrap();
    place.answer(&CLERK, &["apply", "deliver", &id, "--secret", "secret"]);
    assert_eq!(place.state("jpki-auth", &new), "good");
    let ended = place.answer(&STAFF, &["cert", "show", "jpki-auth", &old]);
    assert_eq!((&ended["state"], &ended["reason"]), (&json!("revoked"), &json!("superseded")));
    let key = |serial: &str| {
        let shown = place.answer(&STAFF, &["cert", "show", "jpki-auth", serial, "--pem"]);
        fs::write(place.path().join("one.pem"), shown["certificate_pem"].as_str().unwrap())
            .unwrap();
        run(place.path(), "openssl", &["x509", "-in", "one.pem", "-noout", "-pubkey"]).text
    };
    assert_ne!(key(&old), key(&new), "no renewal without a new key");
}

#[test]
fn l11_revocation_follows_the_policys_table() {
    let place = Workplace::new();
    let resident = &place.residents()[1];
    let serial = serial(&place.delivered(resident, &auth("issue-with-card"), "1234"));
    let revoke = ["revoke", "jpki-auth", &serial];
    let compromised = ["--cause", "ca-key-compromised", "--requester", "authority"];
    // Not by the mayor; not in A; not without a second person, who is another one.
    for order in [
        &["--cause", "use-ended", "--requester", "mayor"][..],
        &["--cause", "attributes-changed", "--requester", "mayor"],
        &compromised[..],
        &[&compromised[..], &["--approver", "operator-1"]].concat(),
        &[&compromised[..], &["--approver", "operator-2"]].concat(),
    ] {
        place.refusal(&STAFF, &[&revoke, order].concat());
        assert_eq!(place.state("jpki-auth", &serial), "good", "{order:?}");
    }
    // Nor by who has not the role.
    place.refusal(
        &CLERK,
        &[&revoke[..], &["--cause", "recording-error"], &compromised[2..]].concat(),
    );
    let order = [&revoke[..], &["--cause", "recording-error", "--requester", "mayor"]].concat();
    let first = place.answer(&STAFF, &order);
    assert_eq!((&first["reason"], &first["no_op"]), (&json!("affiliationChanged"), &json!(false)));
    let again = place.answer(&STAFF, &order);
    assert_eq!((&again["state"], &again["no_op"]), (&json!("revoked"), &json!(true)));
    assert_eq!(again["since"], first["since"], "the first revocation stands");
    // With a second person, who approves exactly this in a session of their own.
    let other = serial_of_another(&place);
    let order =
        |cause| ["revoke", "jpki-auth", &other, "--cause", cause, compromised[2], "authority"];
    let asked = order("ca-key-compromised");
    let clerk = place.together("op-clerk", (&STAFF, &CLERK), &asked);
    assert!(!clerk.success && clerk.text.contains("senior operator"), "{}", clerk.text);
    let alone = place.together("op-alone", (&STAFF, &STAFF), &asked);
    assert!(!alone.success && alone.text.contains("another person"), "{}", alone.text);
    // What was approved is this and nothing else, under its own id.
    let approve = |operation| [&order("recording-error")[..], &["--approves", operation]].concat();
    place.answer(&OPERATOR_2, &approve("op-other"));
    let by =
        |operation| [&asked[..], &["--operation", operation, "--approver", "operator-2"]].concat();
    for operation in ["op-other", "op-never"] {
        let said = place.refusal(&STAFF, &by(operation));
        assert!(said.contains("approve"), "{said}");
        assert_eq!(place.state("jpki-auth", &other), "good");
    }
    let done = place.together("op-both", (&STAFF, &OPERATOR_2), &asked);
    assert!(done.success && done.text.contains("cACompromise"), "{}", done.text);
}

fn serial_of_another(place: &Workplace) -> String {
    serial(&place.delivered(&place.residents()[2], &auth("issue-with-card"), "1234"))
}

#[test]
fn l8_the_registers_events_revoke() {
    let place = Workplace::new();
    let resident = &place.residents()[2];
    let code = resident["code"].as_str().unwrap();
    let issued = place.delivered(resident, &auth("issue-with-card"), "1234");
    let on_card = json!({ "ca": "saitama-sign", "kind": "issue-on-card", "card": issued["card"] });
    let sign = place.delivered(resident, &on_card, "ABC123");
    // A change of address ends the signature certificate alone.
    place.answer(&STAFF, &["register", "moved", code, "埼玉県川口市青木二丁目１番１号"]);
    let ran = place.answer(&STAFF, &["register", "apply"]);
    assert_eq!(ran["revoked"].as_array().map(Vec::len), Some(1), "{ran}");
    assert_eq!(place.state("saitama-sign", &serial(&sign)), "revoked");
    assert_eq!(place.state("jpki-auth", &serial(&issued)), "good");
    place.answer(&STAFF, &["register", "died", code]);
    place.answer(&STAFF, &["register", "apply"]);
    let serial = serial(&issued);
    assert_eq!(place.state("jpki-auth", &serial), "revoked");
    assert!(verify_with_list(&place, "jpki-auth", &serial).contains("error 23 "));
    place.answer(&STAFF, &["crl", "publish"]);
    assert_eq!(place.answer(&STAFF, &["check"])["consistent"], true);
}

#[test]
fn l4_an_operation_repeated_by_its_id_has_no_second_effect() {
    let place = Workplace::new();
    place.write("form.json", &form(&place.residents()[3], &auth("issue-with-card")));
    let who = [&CLERK[..], &["--operation", "op-once"]].concat();
    let first = place.answer(&who, &["apply", "receive", "form.json"]);
    let again = place.answer(&who, &["apply", "receive", "form.json"]);
    assert_eq!(first, again);
    let listed = place.answer(&CLERK, &["apply", "list"]);
    assert_eq!(listed["applications"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[test]
fn l5_who_is_not_registered_or_is_somebody_else_is_refused_at_the_identity_check() {
    let place = Workplace::new();
    let residents = place.residents();
    let mut unknown = residents[4].clone();
    unknown["code"] = json!("99999999999");
    let mut another = residents[4].clone();
    another["code"] = residents[5]["code"].clone();
    for (stranger, doubt) in [(unknown, "the resident is not registered"), (another, "")] {
        let id = place.received(&stranger, &auth("issue-with-card"));
        let refused = place.answer(&CLERK, &["apply", "verify", &id, "evidence.json"]);
        assert_eq!(refused["state"], "refused", "{refused}");
        assert!(refused["doubts"][0].as_str().unwrap().starts_with(doubt), "{refused}");
        let said = place.refusal(&CLERK, &["apply", "issue", &id]);
        assert!(said.contains("refused"), "{said}");
    }
}

#[test]
fn w8_bad_input_is_refused_with_field_and_rule_and_leaves_an_entry() {
    let place = Workplace::new();
    let resident = &place.residents()[4];
    let entries = || {
        let _ = fs::remove_file(place.path().join("export"));
        let said = place.answer(&AUDITOR, &["audit", "export", "export"]);
        said["entries"].as_u64().unwrap()
    };
    for (field, bad) in [
        ("resident", json!("1")),
        ("birth_date", json!("1980-02-30")),
        ("family_name", json!("")),
        ("municipality", json!("99999")),
        ("ca", json!("nobody")),
        ("kind", json!("nonsense")),
        ("date", json!("2026-02-30")),
    ] {
        let mut spoiled = auth("issue-with-card");
        spoiled[field] = bad;
        place.write("form.json", &form(resident, &spoiled));
        let before = entries();
        let said = place.refusal(&CLERK, &["apply", "receive", "form.json"]);
        assert!(said.contains(field), "{field}: {said}");
        assert!(entries() > before, "{field}: a refusal is an entry");
    }
    for command in [
        &["cert", "show", "jpki-auth", "00"][..],
        &["cert", "show", "nobody", "00"],
        &["cert", "show", "jpki-auth", "nonsense"],
        &["apply", "show", "ap-000000000000000000000000"],
        &["crl", "show", "jpki-auth", "99999"],
        &["crl", "show", "jpki-auth", "other", "--number", "99"],
        &["register", "show", "00000000000"],
        &["apply", "receive", "no-such-file"],
    ] {
        place.refusal(&CLERK, command);
    }
    let listed = place.answer(&CLERK, &["apply", "list"]);
    assert_eq!(listed["applications"], json!([]), "nothing else changed");
}
