//! What takes long tells how far it has come, to whoever asked for it and to nobody else.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use domain::journal::EventKind;
use serde_json::Value;
use store::{Entry, Store};

use super::client::Proof;
use super::world::World;

#[test]
fn w3_how_far_a_publication_has_come_is_told_to_who_asked_for_it_while_it_is_at_work() {
    let (reached, is_there) = channel();
    let (go_on, goes_on) = channel::<()>();
    let gate = Mutex::new((reached, goes_on));
    let published = Mutex::new(0);
    // What comes after the first list waits before its commit.
    let world = World::committing(move |store, mut unit| {
        let publishes = |entry: &Entry| entry.kind == EventKind::CrlPublished;
        if unit.entries_mut().iter().any(publishes) {
            let mut published = published.lock().expect("a count");
            *published += 1;
            if *published == 3 {
                let (reached, goes_on) = &*gate.lock().expect("the gate");
                reached.send(()).expect("the test waits");
                goes_on.recv().expect("the test lets it go on");
            }
        }
        store.commit(unit)
    });
    world.clock.advance(jiff::SignedDuration::from_secs(2));
    let step = |who: &str, id: &str| {
        world.get(who, &format!("/api/v1/me/operations/{id}")).expect(200)["step"].clone()
    };
    thread::scope(|scope| {
        let publication = scope.spawn(|| {
            let path = "/api/v1/cas/jpki-auth/publication";
            let under = ["-H", "Operation-Id: op-lists"];
            world.ask(Proof::Token("staff"), "POST", path, Some(b"{}"), &under).expect(200)
        });
        is_there.recv().expect("it comes so far");
        let told = step("staff", "op-lists");
        let told = told.as_str().expect("a step");
        assert!(told.starts_with("jpki-auth: 1 of "), "{told}");
        // Neither another person nor another operation.
        assert_eq!(step("repository-operator", "op-lists"), Value::Null);
        assert_eq!(step("staff", "op-others"), Value::Null);
        go_on.send(()).expect("it waits");
        publication.join().expect("published");
    });
    assert_eq!(step("staff", "op-lists"), Value::Null);
}
