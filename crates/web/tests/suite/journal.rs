//! What is done, refused or read is in the journal (E1).

use serde_json::{Value, json};

use super::document::{Described, OPEN, described};
use super::flow::form;
use super::world::{HANAKO, World};

#[test]
fn e1_every_mutating_operation_of_the_document_leaves_an_entry() {
    let world = World::new();
    let posted = |one: &Described| one.method == "POST" && !OPEN.contains(&one.operation.as_str());
    for described in described().into_iter().filter(posted) {
        for who in ["sato", "phone", "staff"] {
            let entries = world.entries();
            let reply = world.post(who, &described.path, &described.body());
            let said = world.journal_from(entries);
            let operation = reply.header("operation-id").expect("an id").to_owned();
            assert!(
                said.iter().any(|entry| entry.contains(&operation)),
                "{who} {}: {said:?}",
                described.operation
            );
        }
    }
}

#[test]
fn e1_every_reading_of_records_is_an_entry_and_names_the_reader() {
    let world = World::new();
    let form = form(&world, "jpki-auth", "issue-with-card", "");
    let received = world.post("sato", "/api/v1/applications", &form).expect(201);
    let application = format!("/api/v1/applications/{}", received["id"].as_str().expect("an id"));
    let page = world.get("staff", "/api/v1/cas/jpki-auth/certificates").expect(200);
    let serial = page["certificates"][0]["serial"].as_str().expect("a serial").to_owned();
    for (who, path) in [
        ("sato", application.as_str()),
        ("sato", "/api/v1/applications?limit=5"),
        ("staff", "/api/v1/cas/jpki-auth/certificates"),
        ("staff", &format!("/api/v1/cas/jpki-auth/certificates/{serial}")),
        ("staff", &format!("/api/v1/residents/{HANAKO}")),
        ("internal-auditor", "/api/v1/journal"),
        ("staff", "/api/v1/check"),
    ] {
        let entries = world.entries();
        world.get(who, path).expect(200);
        let said = world.journal_from(entries);
        let entry: Value = serde_json::from_str(&said[0]).expect("JSON");
        assert_eq!(entry["kind"], "records-read", "{path}");
        assert_eq!(entry["actor"]["id"], who, "{path}");
        assert!(!said[0].contains(HANAKO), "{path}: personal data stands in the clear");
    }
}

#[test]
fn e1_the_journal_is_read_page_by_page_to_its_end() {
    let world = World::new();
    let end = world.entries();
    let (mut from, mut read) = (0, Vec::new());
    while from < end {
        let path = format!("/api/v1/journal?from={from}&limit=7");
        let page = world.get("internal-auditor", &path).expect(200);
        let entries = page["entries"].as_array().expect("entries").clone();
        from += entries.len() as u64;
        read.extend(entries.iter().map(|entry| entry["sequence"].as_u64().expect("a number")));
        if page["next"].is_null() {
            break;
        }
    }
    assert!(read.len() as u64 >= end, "{read:?}");
    assert!(read.iter().enumerate().all(|(place, sequence)| place as u64 == *sequence));
}

#[test]
fn e1_the_check_finds_what_does_not_agree() {
    let world = World::new();
    let report = world.get("staff", "/api/v1/check").expect(200);
    assert_eq!(report["consistent"], false);
    let rules: Vec<_> = report["findings"].as_array().expect("findings").iter().collect();
    assert!(rules.iter().all(|finding| finding["rule"] == "list-missing"), "{report}");
    world.post("staff", "/api/v1/publication", &json!({})).expect(200);
    let report = world.get("staff", "/api/v1/check").expect(200);
    assert_eq!(report["consistent"], true, "{report}");
    world.clock.advance(jiff::SignedDuration::from_hours(25));
    let report = world.get("staff", "/api/v1/check").expect(200);
    assert_eq!(report["findings"][0]["rule"], "list-late", "two days before it ends: {report}");
    world.clock.advance(jiff::SignedDuration::from_hours(48));
    let report = world.get("staff", "/api/v1/check").expect(200);
    assert_eq!(report["findings"][0]["rule"], "list-overdue", "{report}");
}
