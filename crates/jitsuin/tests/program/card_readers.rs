//! Cards on PC/SC readers, personalised by the running program through its API, and then in the
//! hands of a client that nobody here wrote.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::demo::{Demo, PROGRAM};
use crate::workplace::form;

/// The municipality at whose windows the demo's readers are.
const WINDOW: &str = "11100";

/// A blank card in the demo's second reader; it is taken out when this is dropped.
struct Inserted {
    id: String,
    child: Child,
}

impl Inserted {
    fn new(demo: &Demo) -> Self {
        let handed_out = "demo/data/handed-out";
        let custodian = |id: &str| format!("--custodian={id}={handed_out}/{id}.passphrase");
        let (first, second) = (custodian("custodian-1"), custodian("custodian-2"));
        let base = ["--json", "--config", "demo/jitsuin.toml"];
        let who = format!("--as={handed_out}/operator-1.token");
        let make =
            [&base[..], &[&who, &first, &second, "card", "make", "--keys", "today"]].concat();
        let made = demo.jitsuin(&make);
        assert!(made.success, "{}", made.text);
        let made: Value = serde_json::from_slice(&made.stdout).unwrap();
        let id = made["card"].as_str().unwrap().to_owned();
        let address = &demo.card().empty_reader_address;
        let child = Command::new(PROGRAM)
            .args([&base[..], &["card", "insert", &id, "--reader", address]].concat())
            .current_dir(demo.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let inserted = Self { id, child };
        wait_for_card(demo, true);
        inserted
    }

    fn take_out(&mut self, demo: &Demo) {
        let said = testkit::run(demo.path(), "kill", &["-TERM", &self.child.id().to_string()]);
        assert!(said.success, "{}", said.text);
        assert!(self.child.wait().unwrap().success());
        wait_for_card(demo, false);
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the second reader has a card, or has none.
fn wait_for_card(demo: &Demo, wanted: bool) {
    let begun = Instant::now();
    let word = if wanted { " Yes " } else { " No " };
    loop {
        let listed = demo.card_client("opensc-tool", &["--list-readers"]).text;
        let reader = &demo.card().empty_reader;
        if listed.lines().any(|line| line.contains(reader) && line.contains(word)) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{listed}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asks the API as a clerk of the municipality whose the readers are; the status and the body.
fn ask(demo: &Demo, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> (String, Value) {
    let ready: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    let url = format!("{}/api/v1/{path}", ready["web_url"].as_str().unwrap());
    let token = demo.kept(&format!("data/handed-out/clerk-{WINDOW}.token"));
    let token = format!("Authorization: Bearer {}", fs::read_to_string(token).unwrap());
    let mut arguments =
        vec!["-s", "--cacert", &demo.ready.tls_ca_pem, "-w", "\n%{http_code}", "-H", &token];
    let pairs: Vec<String> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    // -G would make the body a query: the query is put together by curl's own hand.
    let url = match pairs.is_empty() {
        true => url,
        false => format!("{url}?{}", pairs.join("&").replace(' ', "%20")),
    };
    let text = body.map(Value::to_string);
    match &text {
        Some(text) => {
            arguments.extend(["-H", "Content-Type: application/json", "--data-binary", text]);
        }
        None => arguments.extend(["-X", "POST"]),
    }
    arguments.push(&url);
    let said = testkit::run(demo.path(), "curl", &arguments);
    let (body, status) = said.text.rsplit_once('\n').unwrap();
    (status.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// The same, which must be carried out.
fn told(demo: &Demo, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> Value {
    let (status, answer) = ask(demo, path, query, body);
    assert!(status.starts_with('2'), "{path}: {status} {answer}");
    answer
}

/// A resident of it who never had a certificate: those who had come first in the register.
fn newcomer(demo: &Demo) -> Value {
    let text = fs::read_to_string(demo.kept("data/register/residents.jsonl")).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let is_plain = |text: &Value| !text.as_str().unwrap().contains(['髙', '﨑', '𠮷', '德', '瀨']);
    all.filter(|one| one["municipality"] == WINDOW && one["is_foreign"] == false)
        .filter(|one| one["birth_date"].as_str() < Some("2000"))
        .rfind(|one| is_plain(&one["family_name"]) && is_plain(&one["given_name"]))
        .expect("a resident")
}

#[test]
fn c1_c2_a_card_on_a_reader_is_personalised_over_pcsc_and_opensc_uses_it() {
    let demo = Demo::start();
    let mut inserted = Inserted::new(&demo);
    let reader = demo.card().empty_reader.clone();
    let at: &[(&str, &str)] = &[("reader", &reader)];
    let resident = newcomer(&demo);
    let shown = json!({ "items": [
        { "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }
    ] });
    let mut serials = Vec::new();
    for (ca, more, secret) in [
        (
            "jpki-auth",
            json!({ "kind": "issue-with-card" }),
            json!({ "authentication_pin": "2580" }),
        ),
        (
            "saitama-sign",
            json!({ "kind": "issue-on-card", "card": inserted.id }),
            json!({ "signature_password": "HIMITSU99" }),
        ),
    ] {
        let mut form = form(&resident, &more);
        form["ca"] = json!(ca);
        form["municipality"] = json!(WINDOW);
        let received = told(&demo, "applications", &[], Some(&form));
        let id = received["id"].as_str().unwrap();
        told(&demo, &format!("applications/{id}/verification"), &[], Some(&shown));
        let issued = told(&demo, &format!("applications/{id}/issue"), at, None);
        assert_eq!(issued["card"], inserted.id.as_str());
        let delivered = told(&demo, &format!("applications/{id}/delivery"), at, Some(&secret));
        assert_eq!(delivered["state"], "completed");
        serials.push(delivered["serial"].as_str().unwrap().to_owned());
    }
    // The window reads the card back, and OpenSC reads the same.
    let password = json!({ "signature_password": "HIMITSU99" });
    let read = told(&demo, "card-readings", at, Some(&password));
    let copies = read["certificates"].as_array().unwrap();
    assert_eq!(
        copies.iter().map(|copy| &copy["serial"]).collect::<Vec<_>>(),
        [&serials[0], &serials[1]]
    );
    let opened = ["--reader", "1", "--read-certificate", "01", "--output", "read.pem"];
    assert!(demo.card_client("pkcs15-tool", &opened).success);
    let body = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let pem = fs::read_to_string(demo.path().join("read.pem")).unwrap();
    assert_eq!(body(&pem), body(copies[0]["certificate_pem"].as_str().unwrap()));
    assert_eq!(told(&demo, "card-reconciliations", at, Some(&json!({})))["agrees"], true);
    // A card that is gone is no refusal, and the window is told in Japanese.
    inserted.take_out(&demo);
    let (status, problem) = ask(&demo, "card-readings", at, Some(&json!({})));
    assert_eq!(status, "503", "{problem}");
    assert!(problem["message_ja"].as_str().unwrap().contains("カード"), "{problem}");
}

#[test]
fn l1_another_card_on_the_reader_than_the_one_meant_is_left_alone() {
    let demo = Demo::start();
    let own = demo.card();
    let resident = newcomer(&demo);
    let mut wanted = form(&resident, &json!({ "kind": "issue-with-card" }));
    wanted["ca"] = json!("jpki-auth");
    wanted["municipality"] = json!(WINDOW);
    let received = told(&demo, "applications", &[], Some(&wanted));
    let id = received["id"].as_str().unwrap();
    let shown = json!({ "items": [
        { "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }
    ] });
    told(&demo, &format!("applications/{id}/verification"), &[], Some(&shown));
    // The reader has the card of another resident, personalised long ago.
    let at: &[(&str, &str)] = &[("reader", &own.reader)];
    let (status, problem) = ask(&demo, &format!("applications/{id}/issue"), at, None);
    assert_eq!(status, "422", "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("card: "), "{problem}");
    let other = [("reader", own.reader.as_str()), ("card", "card-00000000000000000000")];
    let (status, problem) = ask(&demo, "card-readings", &other, Some(&json!({})));
    assert_eq!(status, "422", "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(&own.id), "{problem}");
    let nowhere: &[(&str, &str)] = &[("reader", "No such reader")];
    let (status, problem) = ask(&demo, "card-readings", nowhere, Some(&json!({})));
    assert_eq!(status, "422", "{problem}");
    assert!(problem["message_ja"].is_string(), "{problem}");
}
