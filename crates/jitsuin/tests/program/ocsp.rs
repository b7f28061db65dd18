//! OCSP as openssl and curl ask it: every status, every way to name a certificate, every refusal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::client::Asker;
use crate::demo::{Certificate, Demo};

/// What openssl printed for each certificate: `good`, `unknown`, or the reason of a revocation.
pub(crate) fn statuses(demo: &Demo, ca: &str) -> BTreeMap<String, String> {
    let all: Vec<&Certificate> =
        demo.ready.certificates.iter().filter(|one| one.ca == ca).collect();
    let mut found = BTreeMap::new();
    for several in all.chunks(5) {
        let said = demo.ask(ca, several, Asker::Verifier, "-nonce");
        assert!(said.contains("Response verify OK"), "{said}");
        assert!(!said.contains("WARNING"), "the nonce comes back: {said}");
        for one in several {
            found.insert(one.serial_hex.clone(), status(&said, &one.certificate_pem));
        }
    }
    found
}

/// The status or reason in openssl's words for a path, in lower case.
fn status(said: &str, path: &str) -> String {
    let mut lines = said.lines().skip_while(|line| !line.starts_with(&format!("{path}: ")));
    let first = lines.next().unwrap_or_else(|| panic!("{path} is not answered: {said}"));
    match first.rsplit_once(": ").unwrap().1 {
        "revoked" => {
            let below = lines.take_while(|line| line.starts_with('\t'));
            let mut reasons = below.filter_map(|line| line.trim().strip_prefix("Reason: "));
            reasons.next().unwrap_or("no reason").to_lowercase()
        }
        other => other.to_owned(),
    }
}

#[test]
fn v5_openssl_believes_the_status_of_every_certificate_and_sees_every_reason() {
    let demo = Demo::start();
    let reasons = |ca: &str| -> BTreeSet<String> { statuses(&demo, ca).into_values().collect() };
    let auth = [
        "affiliationchanged",
        "cacompromise",
        "certificatehold",
        "cessationofoperation",
        "good",
        "keycompromise",
        "superseded",
        "unspecified",
    ];
    assert_eq!(reasons("jpki-auth"), auth.map(str::to_owned).into());
    // S knows neither reason 0 nor a hold (S 4-4-4-2, S 4-4-5).
    let sign = [
        "affiliationchanged",
        "cacompromise",
        "cessationofoperation",
        "good",
        "keycompromise",
        "superseded",
    ];
    assert_eq!(reasons("saitama-sign"), sign.map(str::to_owned).into());
}

#[test]
fn v5_undelivered_counts_as_hold_in_a_and_as_good_in_s() {
    let demo = Demo::start();
    for (ca, expected) in [("jpki-auth", "certificatehold"), ("saitama-sign", "good")] {
        let found = statuses(&demo, ca);
        for one in demo.certificates(ca, "user", "undelivered") {
            assert_eq!(found[&one.serial_hex], expected, "{ca}");
        }
    }
}

#[test]
fn v5_both_hashes_with_and_without_nonce_and_several_in_one_request() {
    let demo = Demo::start();
    let good = demo.certificates("jpki-auth", "user", "good")[0];
    let held = demo.certificates("jpki-auth", "user", "held")[0];
    for options in ["-nonce", "", "-sha256 -nonce"] {
        let said = demo.ask("jpki-auth", &[good, held], Asker::Verifier, options);
        assert!(said.contains("Response verify OK"), "{options}: {said}");
        assert!(!said.contains("WARNING"), "a nonce that was sent comes back: {options}: {said}");
        let path = |one: &Certificate| status(&said, &one.certificate_pem);
        assert_eq!((path(good).as_str(), path(held).as_str()), ("good", "certificatehold"));
    }
    let said = demo.ask("jpki-auth", &[good, held], Asker::Verifier, "-no_nonce");
    assert!(said.contains("Responder Error: unauthorized (6)"), "no two are alike: {said}");
    let open = demo.certificates("jpki-auth", "ocsp-responder", "good")[0];
    for options in ["-no_nonce", "-sha256 -no_nonce"] {
        let said = demo.ask("jpki-auth", &[open], Asker::Nobody, options);
        assert_eq!(status(&said, &open.certificate_pem), "good", "{options}: {said}");
    }
}

#[test]
fn v5_what_was_never_issued_is_unknown_to_a_verifier_and_withheld_from_others() {
    let demo = Demo::start();
    let never = "-serial 0x7e57";
    for ca in ["jpki-auth", "saitama-sign"] {
        let said = demo.ask_for(ca, never, Asker::Verifier, "");
        assert!(said.contains("Response verify OK"), "{said}");
        assert!(said.contains("0x7e57: unknown"), "{said}");
        let said = demo.ask_for(ca, never, Asker::Nobody, "");
        assert!(said.contains("Responder Error: sigrequired (5)"), "{said}");
    }
}

#[test]
fn v5_about_a_user_only_a_registered_verifier_is_answered() {
    let demo = Demo::start();
    demo.says(
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=verifier-1 -days 2 \
         -keyout stranger.key -out stranger.pem",
    );
    for ca in ["jpki-auth", "saitama-sign"] {
        let user = demo.certificates(ca, "user", "good")[0];
        let said = demo.ask(ca, &[user], Asker::Nobody, "");
        assert!(said.contains("Responder Error: sigrequired (5)"), "{said}");
        let stranger = "-signer stranger.pem -signkey stranger.key";
        let said = demo.ask(ca, &[user], Asker::Nobody, stranger);
        assert!(said.contains("Responder Error: unauthorized (6)"), "{said}");
        // The registered certificate in a request that another key signed.
        let forged = format!(
            "-signer stranger.pem -signkey stranger.key -sign_other {}",
            demo.ready.verifier.client_certificate_pem
        );
        let said = demo.ask(ca, &[user], Asker::Nobody, &forged);
        assert!(said.contains("Responder Error: unauthorized (6)"), "{said}");
        // A user's certificate hidden behind one that is open to all.
        let responder = demo.certificates(ca, "ocsp-responder", "good")[0];
        let said = demo.ask(ca, &[responder, user], Asker::Nobody, "");
        assert!(said.contains("Responder Error: sigrequired (5)"), "{said}");
    }
}

/// The port speaks clear HTTP: whoever hears a request has all of it.
#[test]
fn v5_e1_whoever_overhears_a_verifiers_request_cannot_ask_by_it() {
    let mut demo = Demo::start();
    let user = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let asked = |demo: &Demo, name: &str| {
        demo.ask("jpki-auth", &[&user], Asker::Verifier, &format!("-reqout {name}"));
    };
    // What was asked, and how it is answered from an address.
    let replayed = |demo: &Demo, name: &str, from: &str| {
        let said = demo.client(&format!(
            "curl -sS --interface {from} --data-binary @{name} -o answer.der \
             -H Content-Type:application/ocsp-request {}",
            demo.ready.ocsp_url
        ));
        assert!(said.success, "{}", said.text);
        demo.client("openssl ocsp -noverify -respin answer.der -resp_text -no_nonce").text
    };
    asked(&demo, "heard.der");
    let said = replayed(&demo, "heard.der", "127.0.0.66");
    assert!(said.contains("unauthorized (6)"), "{said}");
    demo.restart_after_a_kill();
    let said = replayed(&demo, "heard.der", "127.0.0.66");
    assert!(said.contains("unauthorized (6)"), "after a kill: {said}");
    // A memory that is lost or damaged is made again of the query records.
    let file = demo.kept("data/heard.db");
    let damage: [&dyn Fn(); 2] =
        [&|| fs::remove_file(&file).unwrap(), &|| fs::write(&file, b"this is no memory").unwrap()];
    for damaged in damage {
        assert!(demo.stop().success());
        damaged();
        demo.start_again();
        let said = replayed(&demo, "heard.der", "127.0.0.66");
        assert!(said.contains("unauthorized (6)"), "with another memory: {said}");
        assert!(demo.ask("jpki-auth", &[&user], Asker::Verifier, "").contains(": good"));
    }
    // The records tell of each attempt, and of no verifier who made it.
    assert!(demo.stop().success());
    let records = fs::read_dir(demo.kept("data/queries")).unwrap();
    let records: String =
        records.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let again: Vec<_> = records.lines().filter(|line| line.contains("heard before")).collect();
    assert_eq!(again.len(), 4, "{again:?}");
    let is_thiefs = |line: &&str| line.contains(" 127.0.0.66:") && !line.contains("verifier-1");
    assert!(again.iter().all(is_thiefs), "{again:?}");
}

#[test]
fn v5_ca_responder_and_server_certificates_are_open_to_all() {
    let demo = Demo::start();
    let services = demo.ready.certificates.iter().filter(|one| one.kind != "user");
    for one in services {
        let said = demo.ask(&one.ca, &[one], Asker::Nobody, "");
        assert!(said.contains("Response verify OK"), "{said}");
        assert_eq!(status(&said, &one.certificate_pem), "good");
    }
    for ca in &demo.ready.cas {
        let said =
            demo.ask_for(&ca.id, &format!("-cert {}", ca.certificate_pem), Asker::Nobody, "");
        assert!(said.contains("Response verify OK"), "{said}");
        assert_eq!(status(&said, &ca.certificate_pem), "good");
    }
}

#[test]
fn v5_one_cas_answer_is_not_believed_for_another() {
    let demo = Demo::start();
    let user = demo.certificates("jpki-auth", "user", "good")[0];
    let said = demo.ask("jpki-auth", &[user], Asker::Verifier, "-respout response.der");
    assert!(said.contains("Response verify OK"), "{said}");
    assert!(fs::metadata(demo.path().join("response.der")).unwrap().len() > 0);
    let other = &demo.ca("saitama-sign").certificate_pem;
    let said = demo.client(&format!(
        "openssl ocsp -no_nonce -respin response.der -CAfile {other} -issuer {other} -cert {}",
        user.certificate_pem
    ));
    assert!(said.text.contains("Response Verify Failure"), "{}", said.text);
}
