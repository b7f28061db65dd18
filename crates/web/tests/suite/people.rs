//! The registry of people, and what lets them in, over the API.

use domain::staff::CredentialKind;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::reads::ReadPeople;
use store::{Change, CredentialRow};

use super::client::{Proof, Reply};
use super::world::{World, commit, token};

const LONG: &str = "a horse, a battery";
const LONGER: &str = "a staple, a battery";

impl World {
    /// Proposes and confirms a person; answers with the secret of their enrolment.
    pub(super) fn registered(&self, id: &str, roles: &[&str]) -> String {
        self.proposed(id, roles).expect(201);
        self.confirmed(id).expect(200)["enrolment_secret"].as_str().expect("a secret").to_owned()
    }

    fn proposed(&self, id: &str, roles: &[&str]) -> Reply {
        let municipal = roles.iter().any(|role| role.starts_with("window-"));
        let municipality = municipal.then_some("11203");
        let body =
            json!({ "id": id, "name": "新人", "roles": roles, "municipality": municipality });
        self.post("senior-operator", "/api/v1/people", &body)
    }

    pub(super) fn confirmed(&self, id: &str) -> Reply {
        self.post("ca-manager", &format!("/api/v1/people/{id}/confirmation"), &json!({}))
    }

    pub(super) fn change(&self, who: &str, id: &str, body: &Value) -> Reply {
        self.post(who, &format!("/api/v1/people/{id}/proposals"), body)
    }

    pub(super) fn login(&self, id: &str, password: &str) -> Reply {
        let body = json!({ "id": id, "password": password }).to_string();
        self.ask(Proof::Nothing, "POST", "/api/v1/sessions", Some(body.as_bytes()), &[])
    }

    pub(super) fn session(&self, id: &str, password: &str) -> String {
        self.login(id, password).expect(201)["token"].as_str().expect("a token").to_owned()
    }

    pub(super) fn password(&self, who: &str, current: Option<&str>, new: &str) -> Reply {
        let body = json!({ "current": current, "new": new });
        self.post(who, "/api/v1/me/password", &body)
    }
}

#[test]
fn w3_a_person_is_proposed_confirmed_and_enrols_themselves() {
    let world = World::new();
    let proposed = world.proposed("sasaki", &["window-clerk"]).expect(201);
    assert_eq!(
        (&proposed["state"], &proposed["proposal"]["by"]),
        (&json!("proposed"), &json!("senior-operator"))
    );
    let entries = world.entries();
    let confirmed = world.confirmed("sasaki").expect(200);
    assert_eq!(confirmed["person"]["state"], "active");
    let secret = confirmed["enrolment_secret"].as_str().expect("a secret");
    assert!(!world.journal_from(entries).concat().contains(secret));
    // With the secret nothing is open but making a credential, and it works once.
    world.get(secret, "/api/v1/applications").problem(403);
    world.password(secret, None, "short").problem(422);
    world.password(secret, None, LONG).expect(200);
    world.password(secret, None, LONGER).problem(401);
    world.login("sasaki", secret).problem(401);
    // W2: a password is enough to look, and not to issue.
    let session = world.session("sasaki", LONG);
    world.get(&session, "/api/v1/applications").expect(200);
    let issue = world.post(&session, "/api/v1/applications/ap-0/issue", &json!({})).problem(403);
    assert!(issue["detail"].as_str().expect("text").contains("client certificate"), "{issue}");
    world.post(&session, "/api/v1/me/tokens", &json!({})).problem(403);
    let shown = world.get("ca-manager", "/api/v1/people/sasaki").expect(200);
    assert_eq!(shown["credentials"][0]["kind"], "password");
    world.post(&session, "/api/v1/sessions/end", &json!({})).expect(200);
    world.get(&session, "/api/v1/applications").problem(401);
}

#[test]
fn w3_nobody_settles_what_they_proposed_or_what_concerns_themselves() {
    let world = World::new();
    world.proposed("sasaki", &["examiner"]).expect(201);
    let path = "/api/v1/people/sasaki/confirmation";
    for who in ["senior-operator", "staff", "internal-auditor", "general-operator"] {
        world.post(who, path, &json!({})).problem(403);
    }
    // The one who proposed it, had they become the manager since.
    let from = world.scratch.store.person(&"senior-operator".parse().expect("an id"));
    let from = from.expect("read").expect("a person");
    let to = store::PersonRow { roles: vec![domain::staff::Role::CaManager], ..from.clone() };
    commit(&world.scratch, &world.clock, Change::SetPerson { from: from.into(), to: to.into() });
    let refused = world.post("senior-operator", path, &json!({})).problem(422);
    assert!(refused["detail"].as_str().expect("text").contains("what they proposed"), "{refused}");
    world.confirmed("sasaki").expect(200);
    world.confirmed("sasaki").problem(422);
    // Two senior operators are left: neither proposes for themselves, the manager does not settle it.
    world.change("staff", "staff", &json!({ "kind": "enrolment" })).problem(422);
    world.change("staff", "ca-manager", &json!({ "kind": "enrolment" })).expect(200);
    let refused = world.confirmed("ca-manager").problem(422);
    assert!(refused["detail"].as_str().expect("text").contains("themselves"), "{refused}");
}

#[test]
fn w3_exclusive_roles_are_refused_for_new_people_and_for_changes() {
    let world = World::new();
    for roles in [
        &["intake-clerk", "examiner"][..],
        &["ca-manager", "senior-operator"],
        &["internal-auditor", "general-operator"],
        &["window-clerk", "approver"],
        &[],
        &["examiner", "king"],
    ] {
        let entries = world.entries();
        let field = if roles.contains(&"king") { "roles[1]" } else { "roles" };
        assert_eq!(world.proposed("sasaki", roles).problem(422)["field"], field, "{roles:?}");
        assert!(world.journal_from(entries)[0].contains("staff-changed"), "{roles:?}");
    }
    world.proposed("staff", &["examiner"]).problem(422);
    let both = json!({ "kind": "roles", "roles": ["examiner", "approver"] });
    assert_eq!(world.change("staff", "examiner", &both).problem(422)["field"], "roles");
    let other = json!({ "kind": "roles", "roles": ["intake-clerk"] });
    world.change("staff", "examiner", &other).expect(200);
    // Until it is confirmed, the roles are the old ones.
    assert_eq!(world.get("staff", "/api/v1/people/examiner").expect(200)["roles"][0], "examiner");
    world.change("staff", "examiner", &other).problem(422);
    world.confirmed("examiner").expect(200);
    let shown = world.get("staff", "/api/v1/people/examiner").expect(200);
    assert_eq!(shown["roles"], json!(["intake-clerk"]));
}

/// A client that repeats a request under its id, with something else in it, once heard that it was done.
#[test]
fn w3_e6_an_operation_that_set_one_password_sets_no_other_and_says_so() {
    let world = World::new();
    let enrolment = world.registered("sasaki", &["examiner"]);
    let set = |session: &str, current: Option<&str>, new: &str| {
        let body = json!({ "current": current, "new": new });
        world.post_as("op-password", session, "/api/v1/me/password", &body)
    };
    set(&world.session("sasaki", &enrolment), None, LONG).expect(200);
    let problem = set(&world.session("sasaki", LONG), Some(LONG), LONGER).problem(409);
    assert!(problem["detail"].to_string().contains("another password"), "{problem}");
    set(&world.session("sasaki", LONG), Some(LONG), LONG).expect(200);
    let session = world.session("sasaki", LONG);
    assert!(!session.is_empty(), "the one that was set");
}

#[test]
fn w3_five_wrong_passwords_lock_the_right_one_out_for_fifteen_minutes() {
    let world = World::new();
    let secret = world.registered("sasaki", &["examiner"]);
    world.password(&secret, None, LONG).expect(200);
    let entries = world.entries();
    let wrong = world.login("sasaki", LONGER).problem(401);
    assert_eq!(wrong["detail"], world.login("nobody", LONG).problem(401)["detail"]);
    for _ in 0..4 {
        world.login("sasaki", LONGER).problem(401);
    }
    assert_eq!(world.login("sasaki", LONG).problem(401)["detail"], wrong["detail"]);
    let said = world.journal_from(entries).concat();
    assert_eq!(said.matches("\"kind\":\"logged-in\"").count(), 7, "{said}");
    assert!(said.contains("locked from now on") && !said.contains(LONGER), "{said}");
    world.clock.advance(SignedDuration::from_mins(15));
    world.session("sasaki", LONG);
}

/// The second place where a password is compared once had no counter: 297 guesses in eight seconds.
#[test]
fn w3_a_guess_by_whoever_found_a_session_open_counts_as_one_at_the_door() {
    let world = World::new();
    let secret = world.registered("sasaki", &["examiner"]);
    world.password(&secret, None, LONG).expect(200);
    let session = world.session("sasaki", LONG);
    let entries = world.entries();
    world.password(&session, None, LONGER).problem(422);
    for _ in 0..5 {
        let refused = world.password(&session, Some("a guess, a guess"), LONGER).problem(422);
        assert_eq!(refused["field"], "current");
    }
    let said = world.journal_from(entries).concat();
    assert!(said.contains("locked from now on") && !said.contains("a guess"), "{said}");
    world.password(&session, Some(LONG), LONGER).problem(422);
    world.login("sasaki", LONG).problem(401);
    world.clock.advance(SignedDuration::from_mins(14));
    world.get(&session, "/api/v1/cas").expect(200);
    world.clock.advance(SignedDuration::from_mins(1));
    world.password(&session, Some(LONG), LONGER).expect(200);
    world.session("sasaki", LONGER);
}

/// Whoever holds another credential must not try passwords as new ones.
#[test]
fn w3_a_new_password_that_is_the_old_one_counts_as_a_guess() {
    let world = World::new();
    let secret = world.registered("sasaki", &["examiner"]);
    let token = world.post(&secret, "/api/v1/me/tokens", &json!({})).expect(201);
    let token = token["token"].as_str().expect("a token");
    world.password(token, None, LONG).expect(200);
    for _ in 0..5 {
        world.password(token, None, LONG).problem(422);
    }
    world.login("sasaki", LONG).problem(401);
    world.password(token, None, LONGER).problem(422);
    world.clock.advance(SignedDuration::from_mins(15));
    world.password(token, None, LONGER).expect(200);
    world.session("sasaki", LONGER);
}

#[test]
fn w3_a_password_expires_after_ninety_days_and_then_opens_its_change_alone() {
    let world = World::new();
    let secret = world.registered("sasaki", &["window-clerk"]);
    world.password(&secret, None, LONG).expect(200);
    world.clock.advance(SignedDuration::from_hours(24 * 90));
    let opened = world.login("sasaki", LONG).expect(201);
    assert_eq!(opened["must_change_password"], true);
    let session = opened["token"].as_str().expect("a token");
    world.get(session, "/api/v1/applications").problem(403);
    world.password(session, None, LONGER).problem(422);
    world.password(session, Some(LONG), LONG).problem(422);
    world.password(session, Some(LONG), LONGER).expect(200);
    world.get(session, "/api/v1/applications").problem(401);
    let session = world.session("sasaki", LONGER);
    world.get(&session, "/api/v1/applications").expect(200);
    world.clock.advance(SignedDuration::from_mins(15));
    world.get(&session, "/api/v1/applications").problem(401);
}

#[test]
fn w3_an_enrolment_lasts_a_day_and_a_new_one_ends_all_that_was_before() {
    let world = World::new();
    let late = world.registered("sasaki", &["window-clerk"]);
    world.clock.advance(SignedDuration::from_hours(24));
    world.password(&late, None, LONG).problem(401);
    world.change("staff", "sasaki", &json!({ "kind": "enrolment" })).expect(200);
    let secret = world.confirmed("sasaki").expect(200);
    let secret = secret["enrolment_secret"].as_str().expect("a secret");
    let made = world.post(secret, "/api/v1/me/tokens", &json!({ "days": 10 })).expect(201);
    assert_eq!(made["console"], "127.0.0.1");
    let bound = made["token"].as_str().expect("a token");
    // Strong: what needs more than a password finds no such application, and not a closed door.
    world.post(bound, "/api/v1/applications/ap-0/issue", &json!({})).problem(404);
    world.password(bound, None, LONG).expect(200);
    // Asked again with the usual number written out it is the same request, with another one it is not.
    let again =
        |days: &serde_json::Value| world.post_as("op-token", bound, "/api/v1/me/tokens", days);
    again(&json!({})).expect(201);
    again(&json!({ "days": 90 })).expect(201);
    again(&json!({ "days": 89 })).problem(409);
    world.post(bound, "/api/v1/me/tokens", &json!({ "program": true })).problem(422);
    world.post(bound, "/api/v1/me/tokens", &json!({ "days": 367 })).problem(422);
    world.change("staff", "sasaki", &json!({ "kind": "enrolment" })).expect(200);
    world.confirmed("sasaki").expect(200);
    world.get(bound, "/api/v1/applications").problem(401);
    world.login("sasaki", LONG).problem(401);
}

#[test]
fn w2_a_console_token_works_at_its_console_and_ends() {
    let world = World::new();
    let row = |name: &str, console: [u8; 4], hours: i64| CredentialRow {
        sha256: x509::digest::sha256(name.as_bytes()),
        console: Some(console.into()),
        expires: Some(world.clock.now() + SignedDuration::from_hours(hours)),
        ..token(&world.clock, "sato")
    };
    for row in [row("elsewhere", [192, 0, 2, 1], 1), row("here", [127, 0, 0, 1], 1)] {
        assert_eq!(row.kind, CredentialKind::ConsoleToken);
        commit(&world.scratch, &world.clock, Change::AddCredential(row.into()));
    }
    let entries = world.entries();
    let refused = world.get("elsewhere", "/api/v1/applications").problem(401);
    assert!(refused["detail"].as_str().expect("text").contains("another console"), "{refused}");
    assert!(world.journal_from(entries)[0].contains("access-refused"));
    world.get("here", "/api/v1/applications").expect(200);
    world.clock.advance(SignedDuration::from_hours(1));
    world.get("here", "/api/v1/applications").problem(401);
}

#[test]
fn w3_a_client_certificate_of_ones_own_lets_one_in() {
    let world = World::new();
    let secret = world.registered("sasaki", &["window-clerk"]);
    let key = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let names = ["-keyout", "sasaki.key", "-out", "sasaki.pem", "-subj", "/CN=sasaki"];
    let none = ["-addext", "basicConstraints=critical,CA:FALSE"];
    let made = testkit::run(world.scratch.path(), "openssl", &[&key[..], &names, &none].concat());
    assert!(made.success, "{}", made.text);
    let pem = |name: &str| std::fs::read_to_string(world.scratch.path().join(name)).expect("PEM");
    let register = |name: &str| {
        let body = json!({ "certificate_pem": pem(name) }).to_string();
        let shown = ["--cert", "sasaki.pem", "--key", "sasaki.key"];
        let path = "/api/v1/me/certificates";
        world.ask(Proof::Token(&secret), "POST", path, Some(body.as_bytes()), &shown)
    };
    register("sasaki.key").problem(422);
    register("suzuki.pem").problem(422);
    // Openssl dates it by the real clock, from which this one stood still since the world began.
    let behind = Timestamp::now().duration_since(world.clock.now());
    world.clock.advance(behind + SignedDuration::from_secs(60));
    register("sasaki.pem").expect(201);
    let path = "/api/v1/applications/ap-0/issue";
    world.ask(Proof::Certificate("sasaki"), "POST", path, Some(b"{}"), &[]).problem(404);
}

#[test]
fn w3_who_is_suspended_or_removed_is_out_at_once_and_their_record_stays() {
    let world = World::new();
    let secret = world.registered("sasaki", &["window-clerk"]);
    world.password(&secret, None, LONG).expect(200);
    let session = world.session("sasaki", LONG);
    let path = "/api/v1/people/sasaki/suspension";
    world.post("staff", path, &json!({})).expect(200);
    world.get(&session, "/api/v1/applications").problem(401);
    world.login("sasaki", LONG).problem(401);
    world.post("staff", path, &json!({})).problem(422);
    world.change("staff", "sasaki", &json!({ "kind": "reinstatement" })).expect(200);
    world.confirmed("sasaki").expect(200);
    world.session("sasaki", LONG);
    world.change("staff", "sasaki", &json!({ "kind": "removal" })).expect(200);
    world.confirmed("sasaki").expect(200);
    world.login("sasaki", LONG).problem(401);
    let shown = world.get("staff", "/api/v1/people/sasaki").expect(200);
    assert_eq!((&shown["state"], shown.get("credentials")), (&json!("removed"), None));
    world.change("staff", "sasaki", &json!({ "kind": "reinstatement" })).problem(422);
    world.proposed("sasaki", &["window-clerk"]).problem(422);
    world.proposed("kimura", &["examiner"]).expect(201);
    let refusal = world.post("ca-manager", "/api/v1/people/kimura/refusal", &json!({}));
    assert_eq!(refusal.expect(200)["state"], "removed");
}

#[test]
fn w3_the_last_who_can_register_people_stay() {
    let world = World::new();
    let manager = "/api/v1/people/ca-manager/suspension";
    let refused = world.post("staff", manager, &json!({})).problem(422);
    assert!(
        refused["detail"].as_str().expect("text").contains("ca-manager at least 1"),
        "{refused}"
    );
    world.change("staff", "ca-manager", &json!({ "kind": "removal" })).problem(422);
    let roles = json!({ "kind": "roles", "roles": ["examiner"] });
    world.change("staff", "ca-manager", &roles).problem(422);
    let suspension = |one: &str| format!("/api/v1/people/{one}/suspension");
    world.post("staff", &suspension("senior-operator"), &json!({})).expect(200);
    // What they do, two of them do.
    world.post("staff", &suspension("suzuki"), &json!({})).problem(422);
    world.post("ca-manager", "/api/v1/people/staff/suspension", &json!({})).problem(422);
    world.post("staff", "/api/v1/people/staff/suspension", &json!({})).problem(422);
}

#[test]
fn w3_a_session_ends_with_what_it_rested_on_whichever_process_changed_it() {
    let world = World::new();
    let secret = world.registered("sasaki", &["window-clerk"]);
    world.password(&secret, None, LONG).expect(200);
    let session = world.session("sasaki", LONG);
    world.get(&session, "/api/v1/applications").expect(200);
    // As a command does it, which knows nothing of the server's sessions.
    world.clock.advance(SignedDuration::from_secs(1));
    let row = world.scratch.store.person(&"sasaki".parse().expect("an id")).expect("a read");
    let from = row.expect("a person");
    let to = store::PersonRow { since: world.clock.now(), ..from.clone() };
    let change = Change::SetPerson { from: Box::new(from), to: Box::new(to) };
    commit(&world.scratch, &world.clock, change);
    world.get(&session, "/api/v1/applications").problem(401);
    let again = world.session("sasaki", LONG);
    world.get(&again, "/api/v1/applications").expect(200);
}

#[test]
fn w3_a_proposal_does_not_outlive_its_authors_office() {
    let world = World::new();
    world.proposed("sasaki", &["examiner"]).expect(201);
    let row = world.scratch.store.person(&"senior-operator".parse().expect("an id"));
    let from = row.expect("a read").expect("a person");
    let to = store::PersonRow { state: domain::staff::PersonState::Suspended, ..from.clone() };
    let change = Change::SetPerson { from: Box::new(from), to: Box::new(to) };
    commit(&world.scratch, &world.clock, change);
    world.confirmed("sasaki").problem(422);
}
