//! What a second person approved serves the one operation that it was given for, and that once.

use domain::journal::EventKind;
use jitsuin_web::desk::keys::CompromiseKey;
use jitsuin_web::desk::{Door, Shown};
use serde_json::{Value, json};
use store::reads::ReadJournal;
use store::{Entry, Store, Unit};
use testkit::act;

use super::world::World;

/// Somebody of whom the register knows nothing.
const NOBODY: &str = "20000000001";

fn approve(world: &World, body: &Value) {
    world.post("senior-operator", "/api/v1/approvals", body).expect(201);
}

fn revoke(world: &World, operation: &str, serial: &str) -> super::client::Reply {
    let path = format!("/api/v1/cas/jpki-auth/certificates/{serial}/revocation");
    let order = json!({ "cause": "ca-key-compromised", "requester": "authority",
        "approver": "senior-operator" });
    world.post_as(operation, "staff", &path, &order)
}

#[test]
fn l9_an_erasure_by_one_approval_destroys_nothing_that_came_after_it() {
    let world = World::new();
    let code = NOBODY.parse().expect("a code");
    let write = || {
        let entry = Entry::new(EventKind::RegisterEvent, &act(&world.clock));
        let unit = Unit::new(entry.personal(&code, "a note about them"));
        world.scratch.store.commit(unit).expect("a commit");
    };
    let is_there = || world.scratch.store.last_personal(&code).expect("a read").is_some();
    write();
    world.clock.advance(jiff::SignedDuration::from_hours(24 * 366 * 13));
    approve(&world, &json!({ "what": "erasure", "operation": "op-1", "resident": NOBODY }));
    let path = format!("/api/v1/residents/{NOBODY}/erasure");
    let erase = |operation: &str| {
        let permit = json!({ "approver": "senior-operator" });
        world.post_as(operation, "staff", &path, &permit)
    };
    let gone = erase("op-1").expect(200);
    assert!(!is_there());
    // So old that the law would let it go as well.
    write();
    world.clock.advance(jiff::SignedDuration::from_hours(24 * 366 * 13));
    let entries = world.entries();
    assert_eq!(erase("op-1").expect(200), gone, "it is answered as before");
    let told = world.journal_from(entries);
    assert!(told.len() == 1 && told[0].contains("no-op"), "{told:?}");
    assert!(is_there(), "and nothing else is destroyed on that word");
    assert_eq!(erase("op-2").problem(422)["field"], "approver");
}

#[test]
fn l9_k7_an_approval_that_was_used_serves_nothing_else() {
    let world = World::new();
    let found = world.get("staff", "/api/v1/cas/jpki-auth/certificates?limit=1").expect(200);
    let serial = found["certificates"][0]["serial"].as_str().expect("a serial");
    approve(
        &world,
        &json!({ "what": "revocation", "operation": "op-1", "ca": "jpki-auth", "serial": serial,
            "cause": "ca-key-compromised", "requester": "authority" }),
    );
    let first = revoke(&world, "op-1", serial).expect(200);
    assert_eq!(first["no_op"], false);
    assert_eq!(revoke(&world, "op-1", serial).expect(200), first, "it is answered as before");
    assert_eq!(revoke(&world, "op-1", "0a").problem(409)["field"], "operation");
    // A key is declared compromised once; this desk has nobody to notify the bridge CA.
    approve(
        &world,
        &json!({ "what": "compromise", "operation": "op-2", "ca": "saitama-sign",
            "generation": 1 }),
    );
    let from = world.entries();
    let declare = |operation: &str| {
        let door = Door { name: "test".to_owned(), from: [127, 0, 0, 1].into() };
        let id = operation.parse().expect("an id");
        let staff = world.desk.entrance().enter(Ok(Shown::bearer("staff")), &door, Some(id));
        let (ca, approver) = ("saitama-sign".parse(), "senior-operator".parse());
        let approver = Some(approver.expect("an id"));
        let asked = CompromiseKey { ca: ca.expect("an id"), generation: 1, approver };
        world.desk.ask(&staff.expect("staff"), asked).map(drop)
    };
    declare("op-1").expect_err("the id is of another operation");
    for _ in 0..2 {
        let problem = declare("op-2").expect_err("no notary");
        assert!(problem.detail.contains("the keys"), "{problem}");
    }
    let told = world.journal_from(from);
    let declared = |entry: &&String| {
        entry.contains("key-compromised") && entry.contains("declared") && entry.contains("done")
    };
    assert_eq!(told.iter().filter(declared).count(), 1, "{told:?}");
    assert_eq!(revoke(&world, "op-2", serial).problem(409)["field"], "operation");
}
