//! Lists that are asked for part by part, and by what is wanted of them; serials as other tools print them.

use serde_json::{Value, json};
use store::reads::ReadJournal;

use super::flow::{delivered, form};
use super::service_requests::for_server;
use super::world::{HANAKO, World};

const CERTIFICATES: &str = "/api/v1/cas/jpki-auth/certificates";

/// The values of a field in the rows of a page.
fn all<'a>(page: &'a Value, list: &str, field: &str) -> Vec<&'a str> {
    let rows = page[list].as_array().expect("a list");
    rows.iter().map(|row| row[field].as_str().expect("a text")).collect()
}

#[test]
fn l1_certificates_are_listed_by_state_partition_and_holder_page_by_page() {
    let world = World::new();
    let pin = json!({ "authentication_pin": "4321" });
    let theirs = delivered(&world, &form(&world, "jpki-auth", "issue-with-card", ""), &pin);
    let serial = theirs["serial"].as_str().expect("a serial");
    let get = |query: &str| world.get("staff", &format!("{CERTIFICATES}{query}")).expect(200);
    let every = get("");
    assert!(every["next"].is_null() && all(&every, "certificates", "serial").len() > 2, "{every}");
    // One after the other, and all of them.
    let (mut one_by_one, mut query) = (Vec::new(), "?limit=1".to_owned());
    loop {
        let page = get(&query);
        one_by_one.extend(page["certificates"].as_array().expect("a list").clone());
        let Some(next) = page["next"].as_u64() else { break };
        query = format!("?limit=1&after={next}");
    }
    assert_eq!(json!(one_by_one), every["certificates"]);
    // By what is wanted.
    for query in [
        format!("?holder={HANAKO}"),
        "?partition=11203".to_owned(),
        format!("?state=good&partition=11203&holder={HANAKO}"),
    ] {
        assert_eq!(all(&get(&query), "certificates", "serial"), [serial], "{query}");
    }
    for query in ["?state=held", "?partition=01100", "?holder=20000000001"] {
        assert_eq!(get(query)["certificates"], json!([]), "{query}");
    }
    for (query, field) in
        [("state=nonsense", "state"), ("partition=x", "partition"), ("holder=1", "holder")]
    {
        let problem = world.get("staff", &format!("{CERTIFICATES}?{query}")).problem(422);
        assert_eq!(problem["field"], field, "{problem}");
    }
}

/// Whoever looks for one person's certificates is known for it, as whoever looks at one of them is.
#[test]
fn e1_a_list_of_one_holder_is_journaled_with_the_holder_and_without_the_code() {
    let world = World::new();
    let noted = |code: &str| {
        world.scratch.store.last_personal(&code.parse().expect("a code")).expect("a read")
    };
    let search = |code: &str| {
        world.get("staff", &format!("{CERTIFICATES}?holder={code}")).expect(200);
    };
    // Of whom nothing is found nothing is kept either, which would have to be erased.
    search("20000000001");
    assert_eq!(noted("20000000001"), None);
    let pin = json!({ "authentication_pin": "4321" });
    delivered(&world, &form(&world, "jpki-auth", "issue-with-card", ""), &pin);
    let before = noted(HANAKO);
    world.clock.advance(jiff::SignedDuration::from_mins(1));
    let entries = world.entries();
    search(HANAKO);
    let told = world.journal_from(entries);
    assert!(told.len() == 1 && told[0].contains("records-read"), "{told:?}");
    assert!(!told[0].contains(HANAKO), "{told:?}");
    assert!(noted(HANAKO) > before, "what was looked for stands in the part that can be erased");
}

#[test]
fn l1_applications_are_listed_by_state_page_by_page() {
    let world = World::new();
    let form = form(&world, "jpki-auth", "issue-with-card", "");
    let receive = || world.post("sato", "/api/v1/applications", &form).expect(201);
    let [first, second] = [receive(), receive()];
    let [first, second] = [&first, &second].map(|one| one["id"].as_str().expect("an id"));
    let path = format!("/api/v1/applications/{first}/refusal");
    world.post("sato", &path, &json!({ "reason": "x" })).expect(200);
    let get = |query: &str| world.get("sato", &format!("/api/v1/applications{query}")).expect(200);
    let page = get("?limit=1");
    assert_eq!(all(&page, "applications", "id"), [second]);
    assert_eq!(page["next"], second);
    let rest = get(&format!("?limit=2&after={second}"));
    assert_eq!(all(&rest, "applications", "id"), [first]);
    assert!(rest["next"].is_null());
    assert_eq!(all(&get("?state=refused"), "applications", "id"), [first]);
    assert_eq!(all(&get("?state=received"), "applications", "id"), [second]);
    let nowhere = world.get("sato", "/api/v1/applications?after=app-nowhere");
    nowhere.problem(404);
}

#[test]
fn l13_requests_are_listed_page_by_page() {
    let world = World::new();
    let receive = |name: &str| {
        world
            .post("intake-clerk", "/api/v1/service-requests", &for_server(&world, name))
            .expect(201)
    };
    let [first, second] = ["one", "two"].map(receive);
    let [first, second] = [&first, &second].map(|one| one["id"].as_str().expect("an id"));
    let get = |query: &str| world.get("staff", &format!("/api/v1/service-requests{query}"));
    let page = get("?limit=1").expect(200);
    assert_eq!(all(&page, "requests", "id"), [second]);
    assert_eq!(page["next"], second);
    let rest = get(&format!("?limit=2&after={second}")).expect(200);
    assert_eq!(all(&rest, "requests", "id"), [first]);
    assert!(rest["next"].is_null());
    assert_eq!(get("?after=sr-nowhere").problem(404)["status"], 404);
}

/// A nation has some 1,745 series of each key, and nobody gets them all by accident.
#[test]
fn v8_series_are_listed_by_state_page_by_page() {
    let world = World::new();
    let get = |query: &str| world.get("staff", &format!("/api/v1/cas/jpki-auth/lists{query}"));
    let whole = get("").expect(200);
    let partitions = all(&whole, "series", "partition");
    assert!(partitions.len() > 3 && whole["next"].is_null(), "{whole}");
    let of = |state: &str| {
        let page = get(&format!("?state={state}")).expect(200);
        all(&page, "series", "partition").len()
    };
    let states = ["empty", "built", "published", "withheld"];
    assert_eq!(states.map(of).iter().sum::<usize>(), partitions.len());
    for limit in 1..=partitions.len() {
        let (mut walked, mut after) = (Vec::new(), String::new());
        loop {
            let page = get(&format!("?limit={limit}{after}")).expect(200);
            let rows = all(&page, "series", "partition").into_iter().map(str::to_owned);
            walked.extend(rows);
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(walked, partitions);
    }
    for unfit in ["other", "1/", "x/other", "1/99"] {
        assert_eq!(get(&format!("?after={unfit}")).problem(422)["field"], "after", "{unfit}");
    }
}

#[test]
fn w3_people_are_listed_by_state_role_and_municipality_page_by_page() {
    let world = World::new();
    let get = |query: &str| world.get("staff", &format!("/api/v1/people{query}")).expect(200);
    let everybody = get("");
    let ids = all(&everybody, "people", "id");
    assert!(ids.is_sorted() && ids.len() > 13 && everybody["next"].is_null(), "{everybody}");
    assert_eq!(all(&get("?municipality=11100"), "people", "id"), ["tanaka"]);
    let lost = get("?role=senior-operator&state=suspended");
    assert_eq!(all(&lost, "people", "id"), ["lost"]);
    let (mut walked, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("?limit=4{after}"));
        walked.extend(all(&page, "people", "id").into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(walked, ids);
    world.get("staff", "/api/v1/people?role=king").problem(422);
}

/// A serial with colons or a sign octet was none, and two who wrote one differently spoke of two.
#[test]
fn p6_a_serial_is_one_however_it_is_written() {
    let world = World::new();
    let found = world.get("staff", &format!("{CERTIFICATES}?limit=1")).expect(200);
    let found = &found["certificates"][0];
    let serial = found["serial"].as_str().expect("a serial");
    let digits =
        serial.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase());
    let colons = format!("00:{}", digits.collect::<Vec<_>>().join(":"));
    for written in [&colons, &format!("0x{serial}"), &format!("00{serial}")] {
        let shown = world.get("staff", &format!("{CERTIFICATES}/{written}")).expect(200);
        assert_eq!(shown["serial"], found["serial"], "{written}");
    }
    // One approves it with colons, the other asks for it without, and asks again with a sign octet.
    let body = json!({ "what": "revocation", "operation": "op-1", "ca": "jpki-auth",
        "serial": colons, "cause": "ca-key-compromised", "requester": "authority" });
    world.post("senior-operator", "/api/v1/approvals", &body).expect(201);
    let order = json!({ "cause": "ca-key-compromised", "requester": "authority",
        "approver": "senior-operator" });
    let revoke = |written: &str| {
        let path = format!("{CERTIFICATES}/{written}/revocation");
        world.post_as("op-1", "staff", &path, &order).expect(200)
    };
    let entries = world.entries();
    let first = revoke(serial);
    assert_eq!((&first["serial"], &first["no_op"]), (&found["serial"], &json!(false)));
    assert_eq!(revoke(&format!("00{serial}")), first, "it is the same request");
    let told = world.journal_from(entries);
    assert!(told.iter().all(|entry| !entry.contains(&colons)), "{told:?}");
}

/// What is not there is named, and a cause that the table has not is told with those that it has.
#[test]
fn w3_a_refusal_names_what_there_is_not() {
    let world = World::new();
    let missing = world.get("staff", &format!("{CERTIFICATES}/0b")).problem(404);
    let named = format!("jpki-auth/{:0>32}", "b");
    assert!(missing["detail"].as_str().is_some_and(|text| text.contains(&named)), "{missing}");
    let pin = json!({ "authentication_pin": "4321" });
    let theirs = delivered(&world, &form(&world, "jpki-auth", "issue-with-card", ""), &pin);
    let path =
        format!("{CERTIFICATES}/{}/revocation", theirs["serial"].as_str().expect("a serial"));
    let order = json!({ "cause": "attributes-changed", "requester": "holder" });
    let refused = world.post("staff", &path, &order).problem(422);
    let detail = refused["detail"].as_str().expect("a detail");
    assert!(detail.contains("key-compromised, "), "{detail}");
}
