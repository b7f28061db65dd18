//! Acts on the CAs' keys while the program runs: asked over the API, seen by those who rely on it.

use std::fs;

use serde_json::{Value, json};

use crate::client::Asker;
use crate::demo::Demo;
use crate::workplace::{KAWAGUCHI, form};

/// Asks as somebody of the demo, with further headers; status and body.
pub(crate) fn ask(
    demo: &Demo,
    who: &str,
    path: &str,
    body: Option<&Value>,
    more: &[&str],
) -> (u16, Value) {
    let token = |id: &str| {
        let file = demo.path().join("demo/data/handed-out").join(format!("{id}.token"));
        fs::read_to_string(file).unwrap()
    };
    let ready: Value = serde_json::from_str(&demo.ready_text()).unwrap();
    let url = format!("{}/api/v1/{path}", ready["web_url"].as_str().unwrap());
    let mut headers = vec![format!("Authorization: Bearer {}", token(who))];
    headers.extend(more.iter().map(|&header| header.to_owned()));
    let text = body.map(ToString::to_string);
    let mut arguments =
        vec!["-s", "--cacert", &demo.ready.tls_ca_pem, "-w", "\n%{http_code}", &url];
    for header in &headers {
        arguments.extend(["-H", header]);
    }
    if let Some(text) = &text {
        arguments.extend(["-H", "Content-Type: application/json", "-d", text]);
    }
    let said = testkit::run(demo.path(), "curl", &arguments);
    let (body, status) = said.text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Brings a custodian's passphrase, as whoever asks.
fn contribute(demo: &Demo, who: &str, passphrase_of: &str) -> (u16, Value) {
    let file = demo.path().join(format!("demo/data/handed-out/{passphrase_of}.passphrase"));
    let body = json!({ "passphrase": fs::read_to_string(file).unwrap().trim() });
    ask(demo, who, "keys/activation", Some(&body), &[])
}

fn publish(demo: &Demo) -> u16 {
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (status, body) =
        ask(demo, "operator-1", "cas/jpki-auth/publication", Some(&json!({})), &[]);
    let lists = body["lists"].as_array().cloned().unwrap_or_default();
    let published = lists.iter().all(|list| list["outcome"] == "published");
    if published { status } else { 503 }
}

#[test]
fn k2_keys_sleep_and_wake_by_several_custodians_while_answers_go_on() {
    let demo = Demo::start();
    let (status, keys) = ask(&demo, "manager-1", "keys", None, &[]);
    assert_eq!((status, &keys["active"], &keys["threshold"]), (200, &json!(true), &json!(2)));
    // One custodian cannot put them to sleep, and nobody else can at all.
    assert_eq!(ask(&demo, "operator-1", "keys/deactivation", Some(&json!({})), &[]).0, 403);
    let (status, keys) = ask(&demo, "custodian-1", "keys/deactivation", Some(&json!({})), &[]);
    assert_eq!((status, &keys["active"]), (200, &json!(true)));
    assert_eq!(keys["leaving"], json!(["custodian-1"]));
    let (_, keys) = ask(&demo, "custodian-1", "keys/deactivation", Some(&json!({})), &[]);
    assert_eq!(keys["active"], json!(true), "the same one twice is one");
    let (_, keys) = ask(&demo, "custodian-2", "keys/deactivation", Some(&json!({})), &[]);
    assert_eq!(keys["active"], json!(false), "{keys}");
    // Nothing is signed with them; the status of certificates is answered all the same.
    assert_eq!(publish(&demo), 503);
    let good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    assert!(demo.ask("jpki-auth", &[&good], Asker::Verifier, "").contains(": good"));
    // Another's passphrase, one's own twice and strangers wake nobody.
    assert_eq!(contribute(&demo, "operator-1", "custodian-1").0, 403);
    assert_eq!(contribute(&demo, "custodian-1", "custodian-2").0, 422);
    let (status, keys) = contribute(&demo, "custodian-1", "custodian-1");
    assert_eq!(
        (status, &keys["active"], &keys["present"]),
        (200, &json!(false), &json!(["custodian-1"]))
    );
    assert_eq!(contribute(&demo, "custodian-1", "custodian-1").0, 422);
    let (status, keys) = contribute(&demo, "custodian-3", "custodian-3");
    assert_eq!((status, &keys["active"]), (200, &json!(true)), "{keys}");
    assert_eq!(publish(&demo), 200);
}

/// The command line is another process: what it changes in the registry, the server has to see itself.
#[test]
fn k2_w3_the_share_of_a_custodian_suspended_beside_the_server_is_wiped_there() {
    let demo = Demo::start();
    for custodian in ["custodian-1", "custodian-2"] {
        ask(&demo, custodian, "keys/deactivation", Some(&json!({})), &[]);
    }
    assert_eq!(contribute(&demo, "custodian-1", "custodian-1").0, 200);
    let present = || ask(&demo, "manager-1", "keys", None, &[]).1["present"].clone();
    assert_eq!(present(), json!(["custodian-1"]));
    let who = ["--config", "demo/jitsuin.toml", "--as", "demo/data/handed-out/manager-1.token"];
    let said = demo.jitsuin(&[&who[..], &["staff", "suspend", "custodian-1"]].concat());
    assert!(said.success, "{}", said.text);
    // The cycle comes around every ten seconds, and takes longer on a machine with other work.
    let is_gone = (0..60).any(|_| {
        std::thread::sleep(std::time::Duration::from_secs(1));
        present() == json!([])
    });
    assert!(is_gone, "the share is kept for whoever comes next");
    assert!(demo.export().success);
    let journal = fs::read_to_string(demo.path().join("export")).unwrap();
    let told = |line: &&str| line.contains("custodian-present") && line.contains("wiped");
    assert_eq!(journal.lines().filter(told).count(), 1);
}

/// Takes an application in at a clerk's window, and has it verified; its path.
pub(crate) fn verified(demo: &Demo, clerk: &str, wanted: &Value) -> String {
    let text = fs::read_to_string(demo.kept("data/register/residents.jsonl")).unwrap();
    let mut all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let is_plain = |text: &Value| !text.as_str().unwrap().contains(['髙', '﨑', '𠮷', '德', '瀨']);
    let is_fit = |one: &Value| {
        one["municipality"] == KAWAGUCHI
            && one["is_foreign"] == false
            && one["birth_date"].as_str() < Some("2000")
            && is_plain(&one["family_name"])
            && is_plain(&one["given_name"])
    };
    let resident = all.rfind(is_fit).expect("somebody of the municipality");
    let form = form(&resident, wanted);
    let (status, received) = ask(demo, clerk, "applications", Some(&form), &[]);
    assert_eq!(status, 201, "{received}");
    let path = format!("applications/{}", received["id"].as_str().unwrap());
    let shown = json!({ "items": [
        { "evidence": "photo-document", "document": "旅券", "number": "TR1234567" }
    ] });
    let (status, verified) = ask(demo, clerk, &format!("{path}/verification"), Some(&shown), &[]);
    assert_eq!((status, &verified["state"]), (200, &json!("verified")), "{verified}");
    path
}

/// Leaves the program so much more memory than it has, or as much as it likes.
fn limit_memory(demo: &Demo, more: Option<u64>) {
    let status = fs::read_to_string(format!("/proc/{}/status", demo.ready.pid)).unwrap();
    let has = status.lines().find_map(|line| line.strip_prefix("VmSize:")).expect("its size");
    let has: u64 = has.trim().trim_end_matches(" kB").parse().unwrap();
    let soft = more.map_or("unlimited".to_owned(), |more| (has * 1024 + more).to_string());
    demo.says(&format!("prlimit --pid {} --as={soft}:", demo.ready.pid));
}

/// A window hears of sleeping keys as such and not of its reader, and a custodian of a machine that has
/// no memory left and not of a wrong passphrase.
#[test]
fn w1_k2_a_hindrance_and_a_fault_are_told_at_the_window_as_what_they_are() {
    let demo = Demo::start();
    let on_a_new_card = json!({ "ca": "jpki-auth", "kind": "issue-with-card" });
    let issue = format!("{}/issue", verified(&demo, "clerk-11203", &on_a_new_card));
    for custodian in ["custodian-1", "custodian-2"] {
        ask(&demo, custodian, "keys/deactivation", Some(&json!({})), &[]);
    }
    let (status, asleep) = ask(&demo, "clerk-11203", &issue, Some(&json!({})), &[]);
    assert_eq!(status, 503, "{asleep}");
    let said = asleep["detail"].as_str().unwrap();
    assert!(said.contains("the keys are not activated"), "{asleep}");
    let shown = asleep["message_ja"].as_str().expect("a sentence for the screen");
    assert!(shown.contains("鍵管理者") && !shown.contains("カード"), "{asleep}");
    assert_eq!(asleep["incident"], Value::Null, "nothing broke: {asleep}");
    // A passphrase takes 64 MiB to try.
    limit_memory(&demo, Some(40 << 20));
    let (status, fault) = contribute(&demo, "custodian-1", "custodian-1");
    assert_eq!(status, 503, "the passphrase is the right one: {fault}");
    limit_memory(&demo, None);
    let (_, keys) = ask(&demo, "manager-1", "keys", None, &[]);
    assert_eq!((&keys["active"], &keys["present"]), (&json!(false), &json!([])), "{keys}");
    assert_eq!(contribute(&demo, "custodian-1", "custodian-1").0, 200);
    assert_eq!(contribute(&demo, "custodian-3", "custodian-3").1["active"], json!(true));
    // Keys that are awake and cannot be used are not the card's fault either.
    let master = demo.kept("data/keys/cards-1.cards");
    let whole = std::fs::read(&master).unwrap();
    std::fs::write(&master, &whole[1..]).unwrap();
    let (status, damaged) = ask(&demo, "clerk-11203", &issue, Some(&json!({})), &[]);
    assert_eq!(status, 503, "{damaged}");
    assert!(damaged["detail"].as_str().unwrap().starts_with("the CA does not"), "{damaged}");
    let shown = damaged["message_ja"].as_str().expect("a sentence for the screen");
    assert!(shown.contains("鍵") && !shown.contains("置き直"), "{damaged}");
    std::fs::write(&master, &whole).unwrap();
    // All pass, and what was asked for is done.
    let (status, issued) = ask(&demo, "clerk-11203", &issue, Some(&json!({})), &[]);
    assert_eq!((status, &issued["state"]), (200, &json!("issued")), "{issued}");
}

#[test]
fn k7_l9_a_compromise_stops_revokes_lists_and_announces_while_the_other_ca_goes_on() {
    let demo = Demo::start();
    let path = "cas/jpki-auth/generations/1/compromise";
    let (status, plan) = ask(&demo, "manager-1", path, None, &[]);
    assert_eq!((status, &plan["state"]), (200, &Value::Null));
    assert!(plan["certificates"].as_u64() > Some(10), "{plan}");
    // It takes two people, each in a session of their own: a token of the second says nothing.
    let body = json!({ "approver": "operator-1" });
    let under = ["Operation-Id: op-worst-day"];
    let approved = json!({
        "what": "compromise", "operation": "op-worst-day", "ca": "jpki-auth", "generation": 1,
    });
    assert_eq!(ask(&demo, "manager-1", path, Some(&body), &under).0, 422);
    assert_eq!(ask(&demo, "clerk-11203", "approvals", Some(&approved), &[]).0, 403);
    assert_eq!(ask(&demo, "auditor-1", "approvals", Some(&approved), &[]).0, 422);
    let (status, said) = ask(&demo, "operator-1", "approvals", Some(&approved), &[]);
    assert_eq!((status, &said["approver"]), (201, &json!("operator-1")), "{said}");
    assert_eq!(ask(&demo, "operator-2", "approvals", Some(&approved), &[]).0, 409);
    assert_eq!(ask(&demo, "clerk-11203", path, Some(&body), &under).0, 403);
    let (status, alone) = ask(&demo, "operator-1", path, Some(&body), &under);
    assert_eq!(status, 422, "{alone}");
    assert_eq!(ask(&demo, "manager-1", path, Some(&body), &["Operation-Id: op-other"]).0, 422);
    let other = "cas/saitama-sign/generations/1/compromise";
    assert_eq!(ask(&demo, "manager-1", other, Some(&body), &under).0, 422);
    let (status, done) = ask(&demo, "manager-1", path, Some(&body), &under);
    assert_eq!((status, &done["state"]), (200, &json!("completed")), "{done}");
    // OCSP says so at once, with the reason; the lists and the web say so too.
    let was_good = demo.certificates("jpki-auth", "user", "good")[0].clone();
    let said = demo.ask("jpki-auth", &[&was_good], Asker::Verifier, "");
    assert!(said.contains(": revoked") && said.contains("cACompromise"), "{said}");
    let page = demo.says(&format!("curl -s {}/", demo.ready.repository_url));
    assert!(page.contains("危殆化したため"), "{page}");
    let list =
        format!("curl -s -o arl {}/crl/jpki-auth/1/arl-self-signed.crl", demo.ready.repository_url);
    demo.says(&list);
    let text = demo.says("openssl crl -inform DER -in arl -noout -text");
    assert!(text.contains("CA Compromise"), "{text}");
    let note = demo.path().join("demo/data/notifications/compromise-jpki-auth-1.note");
    assert!(fs::read_to_string(note).unwrap().contains("個人認証BCA"));
    // The other CA's certificates are what they were.
    let other = demo.certificates("saitama-sign", "user", "good")[0].clone();
    let said = demo.ask("saitama-sign", &[&other], Asker::Verifier, "");
    assert!(said.contains(": good"), "{said}");
    // Asked for again, it is what it was.
    let (status, again) = ask(&demo, "manager-1", path, Some(&body), &under);
    assert_eq!((status, &again), (200, &done));
}

#[test]
fn k6_a_renewal_is_rehearsed_over_the_api_and_changes_nothing() {
    let demo = Demo::start();
    let (_, before) = ask(&demo, "manager-1", "cas/saitama-sign", None, &[]);
    let path = "cas/saitama-sign/renewal-rehearsal?issues_from=2027-04-01T00:00:00Z";
    let (status, rehearsal) = ask(&demo, "operator-1", path, None, &[]);
    assert_eq!((status, &rehearsal["sound"]), (200, &json!(true)), "{rehearsal}");
    assert!(rehearsal["paths"].as_array().unwrap().len() >= 4, "{rehearsal}");
    let (_, after) = ask(&demo, "manager-1", "cas/saitama-sign", None, &[]);
    assert_eq!(before["generations"], after["generations"]);
    let wrong = "cas/saitama-sign/renewal-rehearsal?issues_from=tomorrow";
    assert_eq!(ask(&demo, "operator-1", wrong, None, &[]).0, 422);
}
