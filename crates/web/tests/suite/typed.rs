//! What people type, in every field of every operation: where it comes, and where it never does.

use std::io::Write;
use std::sync::{Arc, Mutex};

use domain::staff::Role;
use jitsuin_web::desk::permission::Operation;
use serde_json::{Value, json};
use store::reads::ReadWindows;
use tracing_subscriber::fmt;

use super::client::{Proof, Reply};
use super::document::described;
use super::flow::{delivered, evidence, form};
use super::service_requests::for_server;
use super::world::World;

/// Words that no grammar of ids permits, in both scripts.
const MARKS: [&str; 2] = ["田中印一郎印", "Marked Person!"];

/// What the program logs.
#[derive(Clone, Default)]
pub(super) struct Log(pub(super) Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One request that is well formed.
struct Sample {
    who: &'static str,
    path: String,
    body: Value,
}

/// A request of every operation that changes something, by one who may make it.
fn general() -> impl Iterator<Item = Sample> {
    described().into_iter().filter(|one| one.method == "POST").map(|one| {
        let operation = Operation::ALL.iter().find(|known| known.name() == one.operation);
        let may = |role: &Role| operation.is_some_and(|operation| operation.is_open_to(*role));
        let who = Role::ALL.into_iter().find(may).map_or("staff", Role::name);
        Sample { who, body: one.full_body(), path: one.path }
    })
}

/// Requests of every operation: as the description has them, by who may make them, and those of a
/// window in a form that gets further than the first field.
fn samples(world: &World) -> Vec<Sample> {
    let mut all: Vec<_> = general().collect();
    let form = form(world, "jpki-auth", "issue-with-card", "");
    let received = world.post("sato", "/api/v1/applications", &form).expect(201);
    let one = format!("/api/v1/applications/{}", received["id"].as_str().expect("an id"));
    let mut doubted = evidence();
    doubted["doubt"] = json!("the photograph is of somebody else");
    doubted["items"][0]["note"] = json!("worn");
    let pin = json!({ "authentication_pin": "4321" });
    let card = delivered(world, &form, &pin)["card"].as_str().expect("a card").to_owned();
    let mut reset = doubted.clone();
    reset["slot"] = json!("authentication");
    reset["new"] = json!("1234");
    let address = "埼玉県川口市青木二丁目１番１号";
    let caller = json!({ "name": "青木　花子", "birth_date": "1980-01-02", "gender": "female",
        "address": address });
    let person = json!({ "id": "new-person", "name": "見本　二郎", "roles": ["window-clerk"],
        "municipality": "11203" });
    for (who, path, body) in [
        ("sato", "/api/v1/applications".to_owned(), form),
        ("sato", format!("/api/v1/card-secret-resets?card={card}"), reset),
        ("sato", format!("{one}/verification"), doubted),
        ("sato", format!("{one}/refusal"), json!({ "reason": "not who they say" })),
        ("phone", "/api/v1/holds".to_owned(), caller),
        ("senior-operator", "/api/v1/people".to_owned(), person),
    ] {
        all.push(Sample { who, path, body });
    }
    all
}

/// The body with `mark` in the place of each of its values in turn, and as a name of its own.
fn marked(body: &Value, mark: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut put = |path: &str, value: Value| {
        let mut one = body.clone();
        *one.pointer_mut(path).expect("a value") = value;
        all.push(one);
    };
    let mut first = true;
    each_leaf(body, &mut |path| {
        put(path, json!(mark));
        if std::mem::take(&mut first) {
            put(path, json!([mark]));
            put(path, json!({ mark: mark }));
        }
    });
    let mut named = body.clone();
    named[mark] = json!(mark);
    put("", named);
    all
}

/// Tells the JSON pointer of every value that has no members.
pub(super) fn each_leaf(body: &Value, told: &mut dyn FnMut(&str)) {
    fn walk(value: &Value, path: &str, told: &mut dyn FnMut(&str)) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, one)| walk(one, &format!("{path}/{name}"), told));
            }
            Value::Array(members) => {
                let members = members.iter().enumerate();
                members.for_each(|(at, one)| walk(one, &format!("{path}/{at}"), told));
            }
            _ => told(path),
        }
    }
    walk(body, "", told);
}

/// Asks for what takes what was typed, each with a mark in a field that has room for it: what is
/// accepted is kept.
fn accepted(world: &World, mark: &str) -> Vec<Reply> {
    let mut replies = Vec::new();
    let mut ask = |who: &str, path: &str, body: &Value| {
        let reply = world.post(who, path, body);
        assert!((200..300).contains(&reply.status), "{path}: {reply:?}");
        let answer = reply.json();
        replies.push(reply);
        answer
    };
    let path = |of: &str, answer: &Value| {
        format!("/api/v1/{of}/{}", answer["id"].as_str().expect("an id"))
    };
    let mut form = form(world, "jpki-auth", "issue-with-card", "");
    form["given_name"] = json!(mark);
    for last in ["verification", "refusal"] {
        let received = ask("sato", "/api/v1/applications", &form);
        let mut body = json!({ "reason": mark });
        if last == "verification" {
            body = evidence();
            body["doubt"] = json!(mark);
            body["items"][0]["note"] = json!(mark);
            body["items"][0]["document"] = json!(mark);
        }
        ask("sato", &format!("{}/{last}", path("applications", &received)), &body);
    }
    let mut intake = for_server(world, "typed");
    intake["applicant"] = json!(mark);
    intake["documents"] = json!([mark]);
    for (who, last, field) in
        [("examiner", "examination", "findings"), ("approver", "refusal", "reason")]
    {
        let received = ask("intake-clerk", "/api/v1/service-requests", &intake);
        let request = path("service-requests", &received);
        ask(who, &format!("{request}/{last}"), &json!({ field: mark }));
    }
    let person = json!({ "id": "typed", "name": mark, "roles": ["window-clerk"],
        "municipality": "11203" });
    ask("senior-operator", "/api/v1/people", &person);
    ask("ca-manager", "/api/v1/people/typed/confirmation", &json!({}));
    ask("senior-operator", "/api/v1/people/typed/suspension", &json!({}));
    let address = json!({ "address": format!("埼玉県川口市{mark}") });
    ask("staff", "/api/v1/residents/10000000002/address", &address);
    replies
}

/// The answer that is kept of an operation.
fn kept(world: &World, reply: &Reply) -> Option<String> {
    let id = reply.header("operation-id")?.parse().expect("an operation id");
    let kept = world.scratch.store.operation(&id).expect("a read")?;
    Some(String::from_utf8(kept).expect("text"))
}

#[test]
fn e1_nothing_that_was_typed_is_in_an_entry_a_log_or_a_kept_answer() {
    let log = Log::default();
    let written = log.clone();
    fmt().with_max_level(tracing::Level::DEBUG).with_writer(move || written.clone()).init();
    let world = World::new();
    let from = world.entries();
    let mut answers = 0;
    let mut look = |reply: &Reply| {
        let Some(answer) = kept(&world, reply) else { return };
        answers += 1;
        assert!(MARKS.iter().all(|mark| !answer.contains(mark)), "{answer}");
    };
    accepted(&world, MARKS[0]).iter().for_each(&mut look);
    for Sample { who, path, body } in samples(&world) {
        for mark in MARKS {
            for body in marked(&body, mark) {
                look(&world.post(who, &path, &body));
            }
        }
    }
    assert!(answers > 12, "some were carried out: {answers}");
    for mark in MARKS.map(|mark| mark.replace(' ', "%20")) {
        for path in ["people/", "applications/", "cas/", "residents/", "cas/jpki-auth/lists/1/"] {
            let _ = world.get("staff", &format!("/api/v1/{path}{mark}"));
        }
        let _ = world.get("staff", &format!("/api/v1/service-requests?state={mark}"));
        let reader = format!("/api/v1/card-readings?reader={mark}&card={mark}");
        let _ = world.ask(Proof::Token("sato"), "POST", &reader, Some(b"{}"), &[]);
    }
    let mut refused = 0;
    let (mut at, mut told) = (from, world.journal_from(from));
    while !told.is_empty() {
        at += told.len() as u64;
        for entry in &told {
            refused += usize::from(entry.contains("\"refused\""));
            for mark in MARKS {
                assert!(!entry.contains(mark), "{entry}");
            }
        }
        told = world.journal_from(at);
    }
    assert!(refused > 100, "the samples came as far as rules: {refused}");
    let log = String::from_utf8(log.0.lock().expect("a lock").clone()).expect("UTF-8");
    assert!(MARKS.iter().all(|mark| !log.contains(mark)), "{log}");
}

/// Left-to-right override, zero-width space, private use, never assigned, line separator, bell.
const UNSEEN: [char; 6] = ['\u{202e}', '\u{200b}', '\u{e000}', '\u{378}', '\u{2028}', '\u{7}'];

/// The operations with a body, who may ask for each, and a body with all its fields.
fn with_bodies() -> Vec<Sample> {
    let all: Vec<_> = general().filter(|sample| sample.body != json!({})).collect();
    assert!(all.len() > 25, "{}", all.len());
    all
}

/// `value` where `path` is, in a body that has nothing else; and the field as a refusal names it.
fn alone(path: &str, value: Value) -> (String, Value) {
    let mut field = String::new();
    for part in path.split('/').skip(1) {
        match part.parse::<usize>() {
            Ok(at) => field.push_str(&format!("[{at}]")),
            Err(_) if field.is_empty() => field.push_str(part),
            Err(_) => field.push_str(&format!(".{part}")),
        }
    }
    let body = path.rsplit('/').filter(|part| !part.is_empty()).fold(value, |inner, part| {
        if part.parse::<usize>().is_ok() { json!([inner]) } else { json!({ part: inner }) }
    });
    (field, body)
}

#[test]
fn e1_a_character_that_nobody_sees_is_refused_in_every_field_of_every_operation() {
    let world = World::new();
    let mut fields = 0;
    for Sample { who, path, body } in with_bodies() {
        each_leaf(&body, &mut |pointer| {
            if !body.pointer(pointer).expect("a leaf").is_string() {
                return;
            }
            let unseen = UNSEEN[fields % UNSEEN.len()];
            let (field, body) = alone(pointer, json!(format!("青{unseen}木")));
            let entries = world.entries();
            let problem = world.post(who, &path, &body).problem(422);
            assert_eq!(problem["field"], field, "{path}: {problem}");
            let detail = problem["detail"].as_str().expect("text");
            assert!(detail.contains("the character at 1"), "{path}: {detail}");
            let said = world.journal_from(entries).concat();
            assert!(path.contains("/sessions") || said.contains("refused"), "{path}: {said}");
            assert!(!said.contains(unseen) && !said.contains("青"), "{path}: {said}");
            fields += 1;
        });
    }
    assert!(fields > 70, "{fields}");
}

#[test]
fn e1_an_object_is_never_a_list_of_its_values() {
    let world = World::new();
    for Sample { who, path, body } in with_bodies() {
        let values = |object: &Value| {
            object.as_object().map(|members| json!(members.values().collect::<Vec<_>>()))
        };
        let list = values(&body).expect("an object");
        world.post(who, &path, &list).problem(400);
        for (name, member) in body.as_object().expect("an object") {
            let inner = [member, &member[0]].into_iter().find_map(values);
            let Some(inner) = inner else { continue };
            let inner = if member.is_array() { json!([inner]) } else { inner };
            let problem = world.post(who, &path, &json!({ name: inner })).problem(400);
            assert!(problem["field"].to_string().contains(name.as_str()), "{path}: {problem}");
        }
    }
}

/// A number that has the form of an id, a resident's own say, typed where there is no such thing.
#[test]
fn e1_an_id_of_nothing_is_in_no_entry() {
    const TYPED: &str = "123456789012";
    let world = World::new();
    let first = world.entries();
    let mut refused = 0;
    for one in described() {
        let operation = Operation::ALL.iter().find(|known| known.name() == one.operation);
        let may = |role: &Role| operation.is_some_and(|operation| operation.is_open_to(*role));
        let Some(who) = Role::ALL.into_iter().find(may).map(Role::name) else { continue };
        for name in ["id", "serial", "code", "card"] {
            let path = one.template.replace("{ca}", "jpki-auth");
            let named = path.replace(&format!("{{{name}}}"), TYPED);
            let path = match name {
                "card" if path.starts_with("/api/v1/card") => format!("{path}?card={TYPED}"),
                _ if named == path => continue,
                _ => named,
            };
            let body = (one.method == "POST").then(|| one.full_body().to_string());
            let body = body.as_deref().map(str::as_bytes);
            let reply = world.ask(Proof::Token(who), &one.method, &path, body, &[]);
            assert!((400..500).contains(&reply.status), "{path}: {reply:?}");
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused}");
    let told: Vec<_> =
        world.journal_from(first).into_iter().filter(|one| one.contains(TYPED)).collect();
    assert!(told.is_empty(), "{told:#?}");
}
