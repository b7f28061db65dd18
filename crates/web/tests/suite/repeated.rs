//! A request that is sent again under its operation's id does nothing twice, and is answered as before:
//! its first answer may have been lost.

use serde_json::{Value, json};
use store::reads::ReadWindows;

use super::client::{Proof, Reply};
use super::world::World;

impl World {
    /// Posts under an operation's id.
    pub(super) fn post_as(&self, operation: &str, who: &str, path: &str, body: &Value) -> Reply {
        let header = format!("Operation-Id: {operation}");
        let body = body.to_string();
        let more = ["-H", &header];
        self.ask(Proof::Token(who), "POST", path, Some(body.as_bytes()), &more)
    }
}

#[test]
fn w3_what_is_done_to_people_is_done_once() {
    let world = World::new();
    let person = json!({ "id": "ito", "name": "伊藤", "roles": ["examiner"] });
    let cases: [(&str, &str, &str, Value, u16); 4] = [
        ("op-a", "staff", "/api/v1/people", person, 201),
        ("op-b", "ca-manager", "/api/v1/people/ito/confirmation", json!({}), 200),
        (
            "op-c",
            "staff",
            "/api/v1/people/ito/proposals",
            json!({ "kind": "roles", "roles": ["approver"] }),
            200,
        ),
        ("op-d", "ca-manager", "/api/v1/people/ito/refusal", json!({}), 200),
    ];
    for (operation, who, path, body, status) in cases {
        let post = || world.post_as(operation, who, path, &body);
        let first = post().expect(status);
        let from = world.entries();
        let mut again = post().expect(status);
        let told = world.journal_from(from).join("\n");
        assert!(told.contains("no-op"), "{path}: {told}");
        // A secret whose answer was lost is another one from now on; all else is as before.
        let mut first = first.clone();
        let secrets = [&mut first, &mut again].map(|body| body["enrolment_secret"].take());
        assert_eq!(first, again, "{path}");
        assert_eq!(secrets[0].is_string(), secrets[1].is_string());
        assert!(secrets[0].is_null() || secrets[0] != secrets[1], "{path}");
    }
    let path = "/api/v1/people/ito/suspension";
    world.post_as("op-e", "staff", path, &json!({})).expect(200);
    world.post_as("op-e", "staff", path, &json!({})).expect(200);
    world.post_as("op-f", "staff", path, &json!({})).problem(422);
    // The id of one request is not that of another, nor of another person's.
    let other = json!({ "id": "kato", "name": "加藤", "roles": ["examiner"] });
    world.post_as("op-a", "staff", "/api/v1/people", &other).problem(409);
    world.post_as("op-e", "suzuki", path, &json!({})).problem(409);
}

#[test]
fn w3_a_secret_whose_answer_was_lost_is_given_again_and_the_first_is_none() {
    let world = World::new();
    let person = json!({ "id": "ito", "name": "伊藤", "roles": ["examiner"] });
    world.post("staff", "/api/v1/people", &person).expect(201);
    let confirm = || {
        let path = "/api/v1/people/ito/confirmation";
        let reply = world.post_as("op-1", "ca-manager", path, &json!({})).expect(200);
        reply["enrolment_secret"].as_str().map(str::to_owned)
    };
    let (lost, given) = (confirm().expect("one"), confirm().expect("another"));
    let token = |secret: &str| world.post_as("op-2", secret, "/api/v1/me/tokens", &json!({}));
    token(&lost).problem(401);
    let made = token(&given).expect(201)["token"].as_str().expect("a token").to_owned();
    assert_eq!(confirm(), None, "it was used");
    let again = |who: &str| {
        let reply = world.post_as("op-3", who, "/api/v1/me/tokens", &json!({})).expect(201);
        reply["token"].as_str().expect("a token").to_owned()
    };
    let (lost, given) = (again(&made), again(&made));
    world.get(&lost, "/api/v1/service-requests").problem(401);
    world.get(&given, "/api/v1/service-requests").expect(200);
    let stored = world.scratch.store.operation(&"op-3".parse().expect("an id")).expect("a read");
    let stored = String::from_utf8(stored.expect("an answer")).expect("text");
    assert!(!stored.contains(&lost) && !stored.contains(&given), "no secret is kept");
}

#[test]
fn w3_a_password_is_set_once_and_kept_nowhere() {
    let world = World::new();
    let secret = world.registered("sasaki", &["window-clerk"]);
    let first = "correct horse battery staple";
    world.password(&secret, None, first).expect(200);
    let session = world.session("sasaki", first);
    let change = json!({ "current": first, "new": "four words that nobody guesses" });
    let set = |who: &str| world.post_as("op-1", who, "/api/v1/me/password", &change);
    set(&session).expect(200);
    let session = world.session("sasaki", "four words that nobody guesses");
    let from = world.entries();
    set(&session).expect(200);
    assert!(world.journal_from(from).join("\n").contains("no-op"));
}

/// Whoever knows the operation's id once tried passwords by repeating it, of which none was counted.
#[test]
fn w3_v6_a_password_is_guessed_by_repeating_no_more_often_than_at_the_door() {
    let world = World::new();
    let secret = world.registered("sasaki", &["window-clerk"]);
    let first = "correct horse battery staple";
    let set = |who: &str, new: &str| {
        let body = json!({ "current": null, "new": new });
        world.post_as("op-1", who, "/api/v1/me/password", &body)
    };
    set(&secret, first).expect(200);
    let session = world.session("sasaki", first);
    for _ in 0..domain::staff::MAX_FAILURES {
        set(&session, "four words that nobody guesses").problem(409);
    }
    // It is locked, here as at the door, and the right one is told from the wrong ones no more.
    set(&session, first).problem(409);
    assert_eq!(world.login("sasaki", first).status, 401);
}
