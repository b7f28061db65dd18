//! The holders' page of the running demo: its socket, its TLS and its door; who comes in with a card,
//! the suite of `web` shows.

use serde_json::Value;
use testkit::run;

use crate::demo::Demo;

/// Asks the page with curl and further arguments: status and body.
fn ask(demo: &Demo, path: &str, more: &[&str]) -> (String, Value) {
    let url = format!("{}{path}", demo.ready.holder_url);
    let authority = demo.ready.tls_ca_pem.as_str();
    let json = "Accept: application/json";
    let first = ["-s", "--cacert", authority, "-H", json, "-w", "\n%{http_code}", &url];
    let said = run(demo.path(), "curl", &[&first[..], more].concat());
    let (body, status) = said.text.rsplit_once('\n').unwrap();
    (status.to_owned(), serde_json::from_str(body).unwrap_or_else(|_| Value::from(body)))
}

#[test]
fn w9_the_demo_serves_holders_over_tls_1_2_alone() {
    let demo = Demo::start();
    let (status, problem) = ask(&demo, "/", &[]);
    assert_eq!((status.as_str(), &problem["code"]), ("403", &Value::from("certificate-needed")));
    let (status, _) = ask(&demo, "/", &["--tlsv1.3"]);
    assert_eq!(status, "000", "no connection");
    let address = demo.ready.holder_url.strip_prefix("https://").unwrap();
    let said = demo.client(&format!("openssl s_client -connect {address} -tls1_2")).text;
    let schemes = said.lines().find(|line| line.starts_with("Requested Signature Algorithms: "));
    assert!(schemes.unwrap().contains(": RSA+SHA256:"), "{said}");
    // A browser offers authentication certificates, and no signature certificates.
    assert!(said.contains("OU = JPKI for user authentication"), "{said}");
    assert!(!said.contains("OU = The Governor of Saitama Prefecture"), "{said}");
    let verifier = &demo.ready.verifier;
    let (certificate, key) = (&verifier.client_certificate_pem, &verifier.client_key_pem);
    let (status, problem) = ask(&demo, "/", &["--cert", certificate, "--key", key]);
    assert_eq!(status, "403", "{problem}");
    assert!(
        ["certificate-foreign", "certificate-not-users"]
            .contains(&problem["code"].as_str().unwrap())
    );
}

#[test]
fn l7_the_demo_gives_out_texts_to_sign_and_refuses_who_is_no_holder() {
    let demo = Demo::start();
    let good = demo
        .ready
        .certificates
        .iter()
        .find(|one| one.ca == "jpki-auth" && one.kind == "user" && one.status == "good");
    let serial = &good.unwrap().serial_hex;
    let path = format!("/revocation-request?ca=jpki-auth&serial={serial}&cause=use-ended");
    let (status, text) = ask(&demo, &path, &[]);
    assert_eq!(status, "200", "{text}");
    std::fs::write(demo.path().join("request.txt"), text.as_str().unwrap()).unwrap();
    let verifier = &demo.ready.verifier;
    demo.says(&format!(
        "openssl cms -sign -nodetach -binary -in request.txt -outform DER -out signed.der -signer {} -inkey {}",
        verifier.client_certificate_pem, verifier.client_key_pem
    ));
    let (status, problem) = ask(&demo, "/revocations", &["--data-binary", "@signed.der"]);
    assert_eq!(status, "403", "{problem}");
    let (status, problem) = ask(&demo, "/revocations", &["--data-binary", "rubbish"]);
    assert_eq!((status.as_str(), &problem["code"]), ("400", &Value::from("message-unreadable")));
}
