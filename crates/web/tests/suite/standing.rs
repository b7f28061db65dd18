//! A right is what it is when the change commits: what was begun before it ended does nothing.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use domain::id::ActorId;
use domain::staff::Role;
use jiff::{SignedDuration, Timestamp};
use jitsuin_web::desk::{Approvable, Approval, Desk, Door, Objections, Shown};
use jitsuin_web::wire::{LoginBody, SecretText};
use rustls::{ClientConnection, StreamOwned};
use serde_json::{Value, json};
use store::reads::ReadPeople;

use super::connections::connected;
use super::world::{World, add_person};

/// A request of which all but the last octet of the body was sent.
struct Withheld {
    stream: StreamOwned<ClientConnection, TcpStream>,
    last: u8,
}

impl Withheld {
    fn begin(world: &World, token: &str, path: &str, body: &Value) -> Self {
        let mut stream = connected(world, world.address).expect("a connection");
        let body = body.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let (last, first) = body.as_bytes().split_last().expect("a body");
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(first).expect("sent");
        stream.flush().expect("sent");
        // Nothing tells that somebody was let in; on a busy machine that takes a while.
        thread::sleep(Duration::from_millis(500));
        Self { stream, last: *last }
    }

    /// Sends the rest; the status that comes back.
    fn finish(mut self) -> u16 {
        self.stream.write_all(&[self.last]).expect("sent");
        self.stream.flush().expect("sent");
        let mut reply = Vec::new();
        // A server that closes without the last word of TLS has answered all the same.
        let _ = self.stream.read_to_end(&mut reply);
        let text = String::from_utf8_lossy(&reply);
        text.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
    }
}

/// Ends the right of `staff` by a suspension.
pub(super) fn suspend(world: &World) {
    world.post("suzuki", "/api/v1/people/staff/suspension", &json!({})).expect(200);
}

/// Ends it by another enrolment.
pub(super) fn enrol_anew(world: &World) {
    world.change("suzuki", "staff", &json!({ "kind": "enrolment" })).expect(200);
    world.confirmed("staff").expect(200);
}

/// Ends it by other roles.
pub(super) fn other_roles(world: &World) {
    let roles = json!({ "kind": "roles", "roles": ["examiner"] });
    world.change("suzuki", "staff", &roles).expect(200);
    world.confirmed("staff").expect(200);
}

/// What a thief keeps open comes too late, whatever ended the right: and the journal says so.
#[test]
fn w3_what_was_begun_before_a_right_ended_does_nothing() {
    let token = json!({ "days": 366 });
    let person = json!({ "id": "thief-2", "name": "二人目", "roles": ["examiner"] });
    for end in [suspend as fn(&World), enrol_anew, other_roles] {
        for (path, body) in [("/api/v1/me/tokens", &token), ("/api/v1/people", &person)] {
            let world = World::new();
            let withheld = Withheld::begin(&world, "staff", path, body);
            end(&world);
            let from = world.entries();
            assert_eq!(withheld.finish(), 401, "{path}");
            let told = world.journal_from(from).join("\n");
            assert!(told.contains("access-refused") && told.contains("ended before"), "{told}");
            let thief = "thief-2".parse().expect("an id");
            assert_eq!(world.scratch.store.person(&thief).expect("a read"), None);
            let staff = "staff".parse().expect("an id");
            let left = world.scratch.store.credentials_of(&staff).expect("a read");
            assert!(left.iter().all(|row| row.expires.is_none_or(|ends| {
                ends.duration_since(world.clock.now()).as_hours() < 24 * 365
            })));
        }
    }
}

/// Without an end of the right, the same request does what it says.
#[test]
fn w3_a_slow_request_is_heard_while_the_right_lasts() {
    let world = World::new();
    let withheld = Withheld::begin(&world, "staff", "/api/v1/me/tokens", &json!({ "days": 30 }));
    world.get("suzuki", "/api/v1/people").expect(200);
    assert_eq!(withheld.finish(), 201);
}

/// Two suspensions that are each allowed alone, sent together: one is refused, whichever.
#[test]
fn w3_the_last_two_who_can_act_are_not_suspended_by_requests_sent_together() {
    for _ in 0..10 {
        let world = World::new();
        add_person(&world.scratch, &world.clock, "manager-2", Role::CaManager, None);
        let barrier = Barrier::new(2);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let one = |person: &'static str| {
                let (world, barrier) = (&world, &barrier);
                scope.spawn(move || {
                    let path = format!("/api/v1/people/{person}/suspension");
                    let withheld = Withheld::begin(world, "staff", &path, &json!({}));
                    barrier.wait();
                    withheld.finish()
                })
            };
            let threads = ["ca-manager", "manager-2"].map(one);
            threads.map(|thread| thread.join().expect("an answer")).to_vec()
        });
        let mut sorted = statuses.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 422], "{statuses:?}");
        let people = world.scratch.store.people().expect("a read");
        let managers = people.iter().filter(|person| {
            person.roles.contains(&Role::CaManager)
                && person.state == domain::staff::PersonState::Active
        });
        assert_eq!(managers.count(), 1);
    }
}

/// A session that an enrolment opened ends with it, and no session works from another address.
#[test]
fn w3_a_session_is_good_where_and_while_its_credential_is() {
    let world = World::new();
    let secret = world.registered("sasaki", &["window-clerk"]);
    let enrolled = world.session("sasaki", &secret);
    world.post(&enrolled, "/api/v1/me/tokens", &json!({})).expect(201);
    world.get(&enrolled, "/api/v1/applications").problem(401);
    let password = "correct horse battery staple".to_owned();
    let secret = world.registered("kimura", &["window-clerk"]);
    world.password(&secret, None, &password).expect(200);
    let session = world.session("kimura", &password);
    world.get(&session, "/api/v1/applications").expect(200);
    let clock = world.clock.clone();
    let store = world.scratch.store.clone();
    let now = Arc::new(move || clock.now());
    let desk = Desk::builder(store, world.authorities.clone(), Arc::default(), now).build();
    let door = |last| Door { name: "test".to_owned(), from: [192, 0, 2, last].into() };
    let login = LoginBody { id: "kimura".to_owned(), password: SecretText::new(password) };
    let session = desk.entrance().open_session(login, &door(1)).expect("a session").token;
    let enter = |last| desk.entrance().enter(Ok(Shown::bearer(&session)), &door(last), None);
    enter(1).expect("where it was opened");
    let problem = enter(2).expect_err("another address");
    assert!(problem.detail.contains("another address"), "{problem}");
}

/// What is objected to a clock becomes less while two people accept it: by every entry that they add
/// themselves, and by the time that passes. What comes on top they did not accept.
#[test]
fn e9_two_people_accept_a_clock_for_what_was_ahead_at_the_latest() {
    let world = World::new();
    let (store, clock) = (world.scratch.store.clone(), world.clock.clone());
    let now = Arc::new(move || clock.now());
    let desk = Desk::builder(store, BTreeMap::new(), Arc::default(), now).build();
    let enter = |who, operation: &str| {
        let door = Door { name: "test".to_owned(), from: [127, 0, 0, 1].into() };
        let id = Some(operation.parse().expect("an id"));
        desk.entrance().enter(Ok(Shown::bearer(who)), &door, id).expect("it comes in")
    };
    let latest = world.clock.now() + SignedDuration::from_hours(24);
    let objected = |entry: u64, latest: Timestamp| Objections {
        clock: vec![format!("clock: journal entry {entry} is of {latest}")],
        latest: Some(latest),
        ..Objections::default()
    };
    let second: ActorId = "internal-auditor".parse().expect("an id");
    let accept = |operation: &str, objections: &Objections| {
        let by = Approval::SecondPerson(&second);
        desk.starts().accept(&enter("staff", operation), &by, objections, &[])
    };
    for (operation, later, is_accepted) in
        [("op-1", 0, true), ("op-2", -1, true), ("op-3", 1, false)]
    {
        let auditor = enter("internal-auditor", "op-auditor");
        let approved = Approvable::Start { latest: Some(latest), records: &[] };
        desk.approvals()
            .approve(&auditor, &operation.parse().expect("an id"), approved)
            .expect("approved");
        let now = objected(1070, latest + SignedDuration::from_hours(later));
        assert_eq!(accept(operation, &now).is_ok(), is_accepted, "{operation}");
    }
}
