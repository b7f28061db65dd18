//! The holder at home: curl and openssl use the demo's card through the PKCS#11 engine.

use std::fs;

use serde_json::Value;
use testkit::{Output, run_with};

use crate::client::Asker;
use crate::demo::Demo;

/// What has openssl load the engine; curl knows it by itself.
const ENGINE: &str = "openssl_conf = all\n[all]\nengines = engines\n[engines]\npkcs11 = card\n[card]\nengine_id = pkcs11\n";

/// A key of the card as PKCS#11 names it (RFC 7512).
fn key(slot: &str, id: &str, pin: &str) -> String {
    format!("pkcs11:token=JPKI%20%28{slot}%29;id=%{id};type=private;pin-value={pin}")
}

/// Visits the holders' page with the card; the answer in JSON.
fn visit(demo: &Demo) -> Value {
    let place = demo.card();
    let certificate = "pkcs11:token=JPKI%20%28User%20Authentication%20PIN%29;id=%01;type=cert";
    let key = key("User%20Authentication%20PIN", "01", &place.auth_pin);
    let said = run_with(
        &[("PCSCLITE_CSOCK_NAME", &place.pcsc_socket)],
        demo.path(),
        "curl",
        &[
            "-s",
            "--cacert",
            &demo.ready.tls_ca_pem,
            "--engine",
            "pkcs11",
            "--cert-type",
            "ENG",
            "--cert",
            certificate,
            "--key-type",
            "ENG",
            "--key",
            &key,
            "-H",
            "Accept: application/json",
            &format!("{}/", demo.ready.holder_url),
        ],
    );
    serde_json::from_slice(&said.stdout).unwrap_or_else(|error| panic!("{error}: {}", said.text))
}

/// Signs the file `request` with the card's signature key into `signed`.
///
/// OpenSC wants the password once more for each signature: openssl reads it from its input, as it
/// has no terminal here.
fn sign(demo: &Demo) -> Output {
    let place = demo.card();
    fs::write(demo.path().join("engine.cnf"), ENGINE).unwrap();
    let key = key("Digital%20Signature%20PIN", "02", &place.sign_password);
    let line = format!(
        "echo {} | exec timeout 60 setsid -w openssl cms -sign -nodetach -binary -in request \
         -outform DER -out signed -signer {} -engine pkcs11 -keyform engine -inkey '{key}'",
        place.sign_password, place.sign_certificate_pem
    );
    let environment =
        [("PCSCLITE_CSOCK_NAME", place.pcsc_socket.as_str()), ("OPENSSL_CONF", "engine.cnf")];
    run_with(&environment, demo.path(), "sh", &["-c", &line])
}

#[test]
fn w9_curl_with_the_card_shows_the_state_of_the_holders_certificates() {
    let demo = Demo::start();
    let page = visit(&demo);
    assert_eq!(page["certificate"]["state"], "good", "{page}");
    let serial = page["certificate"]["serial"].as_str().unwrap();
    assert!(demo.card().auth_certificate_pem.contains(serial), "{page}");
    let other = page["others"][0]["serial"].as_str().unwrap();
    assert!(demo.card().sign_certificate_pem.contains(other), "{page}");
}

#[test]
fn l7_a_request_signed_with_the_card_revokes_and_brings_its_receipt() {
    let demo = Demo::start();
    let page = visit(&demo);
    let serial = page["certificate"]["serial"].as_str().unwrap();
    let base = demo.ready.holder_url.as_str();
    let asked = format!("{base}/revocation-request?ca=jpki-auth&serial={serial}&cause=use-ended");
    let root = demo.ready.tls_ca_pem.as_str();
    let fetched = demo.client(&format!("curl -s --cacert {root} -o request {asked}"));
    assert!(fetched.success, "{}", fetched.text);
    let signed = sign(&demo);
    assert!(signed.success, "{}", signed.text);
    let send = format!(
        "curl -s --cacert {root} -H Content-Type:application/pkcs7-mime --data-binary @signed {base}/revocations"
    );
    let receipt = demo.says(&send);
    assert!(receipt.contains(serial) && receipt.contains("失効"), "{receipt}");
    assert_eq!(demo.says(&send), receipt, "the same message has the same receipt");
    // The page and OCSP agree, and the card still opens the page for its holder.
    assert_eq!(visit(&demo)["certificate"]["state"], "revoked");
    let certificate =
        demo.ready.certificates.iter().find(|one| one.serial_hex == serial).unwrap().clone();
    let answer = demo.ask("jpki-auth", &[&certificate], Asker::Verifier, "");
    assert!(answer.contains(": revoked") && answer.contains("cessationOfOperation"), "{answer}");
}

#[test]
fn l7_a_signed_request_that_was_altered_changes_nothing() {
    let demo = Demo::start();
    let page = visit(&demo);
    let serial = page["certificate"]["serial"].as_str().unwrap();
    let (base, root) = (demo.ready.holder_url.as_str(), demo.ready.tls_ca_pem.as_str());
    let asked = format!("{base}/revocation-request?ca=jpki-auth&serial={serial}&cause=use-ended");
    assert!(demo.client(&format!("curl -s --cacert {root} -o request {asked}")).success);
    assert!(sign(&demo).success);
    let mut message = fs::read(demo.path().join("signed")).unwrap();
    let last = message.len() - 1;
    message[last] ^= 1;
    fs::write(demo.path().join("signed"), message).unwrap();
    let send = format!(
        "curl -s -w %{{http_code}} --cacert {root} -H Content-Type:application/pkcs7-mime --data-binary @signed {base}/revocations"
    );
    let refused = demo.says(&send);
    assert!(!refused.ends_with("200"), "{refused}");
    assert_eq!(visit(&demo)["certificate"]["state"], "good");
}
