//! The API of the running demo, asked with curl.

use serde_json::Value;

use crate::demo::Demo;

/// Asks with a token from what the demo handed out; the status and the body.
fn ask(demo: &Demo, token: Option<&str>, path: &str) -> (String, Value) {
    let url: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    let url = format!("{}/api/v1/{path}", url["web_url"].as_str().unwrap());
    let authority = demo.ready.tls_ca_pem.as_str();
    let header = token.map(|token| {
        let file = demo.path().join("demo/data/handed-out").join(format!("{token}.token"));
        format!("Authorization: Bearer {}", std::fs::read_to_string(file).unwrap())
    });
    let mut arguments = vec!["-s", "--cacert", authority, "-w", "\n%{http_code}", &url];
    if let Some(header) = &header {
        arguments.extend(["-H", header]);
    }
    let said = testkit::run(demo.path(), "curl", &arguments);
    let (body, status) = said.text.rsplit_once('\n').unwrap();
    (status.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[test]
fn v11_the_api_tells_the_same_state_as_the_ready_file() {
    let demo = Demo::start();
    for ca in ["jpki-auth", "saitama-sign"] {
        let (status, page) =
            ask(&demo, Some("operator-1"), &format!("cas/{ca}/certificates?limit=200"));
        assert_eq!(status, "200");
        let rows = page["certificates"].as_array().unwrap();
        for certificate in demo.ready.certificates.iter().filter(|one| one.ca == ca) {
            let row = rows.iter().find(|row| row["serial"] == certificate.serial_hex.as_str());
            assert_eq!(row.unwrap()["state"], certificate.status.as_str());
        }
    }
}

#[test]
fn no_door_of_the_api_opens_without_a_token() {
    let demo = Demo::start();
    let (status, document) = ask(&demo, Some("operator-1"), "openapi.json");
    assert_eq!((status.as_str(), &document["openapi"]), ("200", &Value::from("3.1.0")));
    for path in ["openapi.json", "cas", "cas/jpki-auth/certificates", "journal", "check"] {
        let (status, problem) = ask(&demo, None, path);
        assert_eq!((status.as_str(), &problem["status"]), ("401", &Value::from(401)), "{path}");
    }
}
