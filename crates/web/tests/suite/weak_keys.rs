//! Keys that are known to be weak, among those that were certified.

use domain::hexadecimal::hex;
use serde_json::json;
use store::reads::ReadCertificates;
use x509::fingerprint::sha256_colon_hex;

use super::world::World;

const SEARCHES: &str = "/api/v1/weak-key-searches";

#[test]
fn p9_e1_every_certificate_of_a_weak_key_is_found_and_the_search_is_an_entry() {
    let world = World::new();
    let ca = "jpki-auth".parse().expect("a CA id");
    let rows = world.scratch.store.certificates(&ca, None, 100).expect("certificates");
    let weak = rows.last().expect("a certificate");
    let other = sha256_colon_hex(b"the key of nobody");
    let keys = json!({ "keys": [hex(&weak.intent.spki_sha256), other] });
    let entries = world.entries();
    let found = world.post("staff", SEARCHES, &keys).expect(200);
    let serial = weak.intent.serial.to_string();
    let expected =
        json!([{ "ca": "jpki-auth", "serial": serial, "state": weak.state.name().to_string() }]);
    assert_eq!(found, json!({ "listed": 2, "found": expected }));
    let said = world.journal_from(entries);
    assert!(said[0].contains("records-read") && said[0].contains("find_weak_keys"), "{said:?}");
    let none = world.post("staff", SEARCHES, &json!({ "keys": [other] })).expect(200);
    assert_eq!(none, json!({ "listed": 1, "found": [] }));
}

#[test]
fn p9_a_search_without_a_list_or_with_what_is_no_key_is_refused() {
    let world = World::new();
    for keys in [
        json!({}),
        json!({ "keys": [] }),
        json!({ "keys": ["12"] }),
        json!({ "keys": ["# none"] }),
        json!({ "keys": vec!["00".repeat(32); 601] }),
    ] {
        let refused = world.post("staff", SEARCHES, &keys).expect(422);
        assert_eq!(refused["field"], "keys", "{refused}");
    }
}
