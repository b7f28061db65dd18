//! Two windows at once: one does it, and the other hears the rule, not that something is down.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use domain::journal::EventKind;
use serde_json::{Value, json};
use store::{Entry, Store};

use super::flow::{form, verified};
use super::world::World;

/// Where the next intent waits before its commit: it says that it is there, and hears when to go on.
type Gate = Arc<Mutex<Option<(Sender<()>, Receiver<()>)>>>;

fn world() -> (World, Gate) {
    let gate = Gate::default();
    let hook = gate.clone();
    let world = World::committing(move |store, mut unit| {
        let intends = |entry: &Entry| entry.kind == EventKind::CertificateIntended;
        if unit.entries_mut().iter().any(intends) {
            let waits = hook.lock().expect("the hook").take();
            if let Some((reached, go_on)) = waits {
                reached.send(()).expect("the test waits");
                go_on.recv().expect("the test lets it go on");
            }
        }
        store.commit(unit)
    });
    (world, gate)
}

/// Two windows that issue at once: the second asks while the first stands before its intent, and is
/// waited for where nothing holds it up. What both are answered.
fn issue_at_once(
    (world, gate): (&World, &Gate),
    paths: [&str; 2],
    held_up: bool,
) -> [(u16, Value); 2] {
    let (reached, is_there) = channel();
    let (go_on, goes_on) = channel();
    *gate.lock().expect("the gate") = Some((reached, goes_on));
    let issue = |who: &str, path: &str| {
        let reply = world.post(who, &format!("{path}/issue"), &json!({}));
        (reply.status, reply.json())
    };
    thread::scope(|scope| {
        let one = scope.spawn(|| issue("sato", paths[0]));
        is_there.recv().expect("it comes to its intent");
        let two = scope.spawn(|| issue("window-supervisor", paths[1]));
        if held_up {
            // It is at the application's turn, or soon will be; either way it comes second.
            thread::sleep(Duration::from_millis(200));
            go_on.send(()).expect("it waits");
            return [one, two].map(|one| one.join().expect("an answer"));
        }
        let two = two.join().expect("an answer");
        go_on.send(()).expect("it waits");
        [one.join().expect("an answer"), two]
    })
}

fn intents(world: &World) -> usize {
    let of_users = |entry: &String| {
        entry.contains("\"kind\":\"certificate-intended\"") && entry.contains("[\"kind\",\"user\"]")
    };
    world.journal_from(0).iter().filter(|entry| of_users(entry)).count()
}

#[test]
fn w1_of_two_clerks_who_issue_one_application_at_once_one_hears_the_rule() {
    let (world, gate) = world();
    let path = verified(&world, &form(&world, "jpki-auth", "issue-with-card", ""));
    let [one, two] = issue_at_once((&world, &gate), [&path, &path], true);
    assert_eq!((one.0, &one.1["state"]), (200, &json!("issued")), "{one:?}");
    assert_eq!((two.0, &two.1["field"]), (422, &json!("state")), "{two:?}");
    assert_eq!(two.1["incident"], Value::Null, "nothing broke: {two:?}");
    assert_eq!(intents(&world), 1);
}

#[test]
fn w1_of_two_applications_of_one_resident_issued_at_once_one_hears_the_rule() {
    let (world, gate) = world();
    let form = form(&world, "jpki-auth", "issue-with-card", "");
    let paths = [verified(&world, &form), verified(&world, &form)];
    let [one, two] = issue_at_once((&world, &gate), [&paths[0], &paths[1]], false);
    assert_eq!((two.0, &two.1["state"]), (200, &json!("issued")), "{two:?}");
    // What exists once is the store's word, at the commit.
    assert_eq!(one.0, 409, "{one:?}");
    let said = one.1["detail"].as_str().expect("a rule");
    assert!(said.contains("exists already"), "{one:?}");
    assert_eq!(one.1["incident"], Value::Null, "nothing broke: {one:?}");
    assert_eq!(intents(&world), 1);
    let shown = world.get("sato", &paths[0]).expect(200);
    assert_eq!(shown["state"], "verified", "it may be issued once the other has ended");
}
