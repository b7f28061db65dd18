//! OCSP over HTTP as curl speaks it: GET, headers, and bodies that are no requests.

use std::fs;

use testkit::run;

use crate::client::Asker;
use crate::demo::Demo;

/// Sends the file `request.der` with curl's further arguments; returns what openssl says of the
/// answer.
fn post(demo: &Demo, more: &[&str]) -> String {
    let first = ["-sS", "-o", "response.der", "-D", "headers", "--data-binary", "@request.der"];
    let arguments = [&first[..], more, &[demo.ready.ocsp_url.as_str()]].concat();
    let said = run(demo.path(), "curl", &arguments);
    assert!(said.success, "{}", said.text);
    demo.client("openssl ocsp -respin response.der -noverify -text").text
}

const REQUEST: &str = "Content-Type: application/ocsp-request";

#[test]
fn v5_curl_gets_an_answer_by_an_address() {
    let demo = Demo::start();
    let (root, url) = (&demo.ca("jpki-auth").certificate_pem, &demo.ready.ocsp_url);
    demo.says(&format!("openssl ocsp -no_nonce -issuer {root} -cert {root} -reqout request.der"));
    let encoded = demo.says("openssl base64 -A -in request.der");
    let escaped = encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for path in [&encoded, &escaped] {
        demo.says(&format!("curl -sS -D headers -o response.der {url}/{path}"));
        let headers = fs::read_to_string(demo.path().join("headers")).unwrap();
        assert!(headers.starts_with("HTTP/1.1 200"), "{headers}");
        assert!(headers.contains("content-type: application/ocsp-response"), "{headers}");
        let said = demo.says(&format!(
            "openssl ocsp -respin response.der -issuer {root} -CAfile {root} -cert {root}"
        ));
        assert!(said.contains("Response verify OK") && said.contains(": good"), "{said}");
    }
}

#[test]
fn v5_the_address_in_a_certificate_works_as_a_client_builds_it() {
    let demo = Demo::start();
    for ca in ["jpki-auth", "saitama-sign"] {
        let root = &demo.ca(ca).certificate_pem;
        let user = &demo.certificates(ca, "user", "good")[0].certificate_pem;
        let certified = demo.says(&format!("openssl x509 -noout -ocsp_uri -in {user}"));
        let host = certified.trim().strip_prefix("http://").unwrap();
        let (host, path) = host.split_once('/').expect("an address with a path");
        let (_, server) = demo.ready.ocsp_url.split_once("://").unwrap();
        let server = server.split('/').next().unwrap();
        demo.says(&format!(
            "openssl ocsp -no_nonce -issuer {root} -cert {root} -reqout request.der"
        ));
        let encoded = demo.says("openssl base64 -A -in request.der");
        let escaped = encoded.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for request in [&encoded, &escaped] {
            // RFC 6960 A.1: GET {url}/{url-encoding of base-64 encoding of the DER}.
            for url in [format!("/{path}/{request}"), format!("/{path}//{request}")]
                .into_iter()
                .chain([format!("/ocsp//{request}"), format!("/{path}{request}")])
            {
                demo.says(&format!(
                    "curl -sS --path-as-is -D headers -o response.der -H Host:{host} http://{server}{url}"
                ));
                let headers = fs::read_to_string(demo.path().join("headers")).unwrap();
                assert!(headers.starts_with("HTTP/1.1 200"), "{url}: {headers}");
                let said = demo.says(&format!(
                    "openssl ocsp -respin response.der -issuer {root} -CAfile {root} -cert {root}"
                ));
                assert!(said.contains("Response verify OK") && said.contains(": good"), "{said}");
            }
        }
    }
}

#[test]
fn v5_what_is_no_request_is_malformed_and_the_next_one_is_answered() {
    let demo = Demo::start();
    let root = &demo.ca("jpki-auth").certificate_pem;
    demo.says(&format!("openssl ocsp -issuer {root} -cert {root} -reqout whole.der"));
    let whole = fs::read(demo.path().join("whole.der")).unwrap();
    let longer = [&whole[..], b"x"].concat();
    let halves: [&[u8]; 6] =
        [b"", b"x", b"\x30\x80", &whole[..whole.len() - 1], &longer, &[0xff; 4_096]];
    for body in halves {
        fs::write(demo.path().join("request.der"), body).unwrap();
        let said = post(&demo, &["-H", REQUEST]);
        assert!(said.contains("malformedrequest (1)"), "{body:?}: {said}");
        let headers = fs::read_to_string(demo.path().join("headers")).unwrap();
        assert!(headers.contains("content-type: application/ocsp-response"), "{headers}");
    }
    fs::write(demo.path().join("request.der"), &whole).unwrap();
    let said = post(&demo, &["-H", REQUEST]);
    assert!(said.contains("OCSP Response Status: successful (0x0)"), "{said}");
}

#[test]
fn v5_a_request_beyond_the_bounds_is_refused_and_service_goes_on() {
    let demo = Demo::start();
    fs::write(demo.path().join("request.der"), vec![0x30; 4 << 20]).unwrap();
    let url = &demo.ready.ocsp_url;
    let said = demo.client(&format!(
        "curl -sS -o /dev/null -w %{{http_code}} -H Expect: --data-binary @request.der {url}"
    ));
    // Either the refusal arrives, or the connection ends while curl still sends.
    assert!(said.text.starts_with('4') || said.text.contains("curl: ("), "{}", said.text);
    let said = demo.ask_for("jpki-auth", "-serial 0x7e57", Asker::Verifier, "");
    assert!(said.contains("0x7e57: unknown"), "{said}");
}
