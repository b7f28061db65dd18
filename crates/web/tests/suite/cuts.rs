//! A process that ends before any of an operation's commits: asked again under the operation's id, the
//! next one does what is left of it, and nothing twice.
//!
//! What is tried is what the desk asks a CA, the register or a window for; what it does itself is one
//! unit (`repeated.rs`), and so is what a window does (the cuts of `ra`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use ra::register::ResidentRegister;
use serde_json::{Value, json};
use store::Store;
use store::reads::ReadWindows;
use testkit::seal;

use super::client::Reply;
use super::flow::{delivered, form};
use super::service_requests::{end_of, for_server, walked};
use super::world::{HANAKO, World};

/// An installation whose process can be ended before a commit.
struct Cut {
    world: World,
    /// How many commits there still are; none where it is not to end.
    left: Arc<Mutex<Option<usize>>>,
    commits: Arc<AtomicUsize>,
}

/// What is asked, by whom.
struct Asked {
    who: &'static str,
    path: String,
    body: Value,
}

/// An operation with everything that has to be there first, anew for each try.
struct Case {
    name: &'static str,
    asked: fn(&World, &str) -> Asked,
    /// How often its effect is there, by the operation's id.
    effect: fn(&World, &str) -> usize,
}

impl Cut {
    fn new() -> Self {
        let left: Arc<Mutex<Option<usize>>> = Arc::default();
        let commits = Arc::new(AtomicUsize::new(0));
        let (here, counted) = (left.clone(), commits.clone());
        let world = World::committing(move |store, unit| {
            if let Some(left) = here.lock().expect("the hook").as_mut() {
                if *left == 0 {
                    return Err(store::Error::Unavailable("the process has ended".to_owned()));
                }
                *left -= 1;
            }
            counted.fetch_add(1, Ordering::SeqCst);
            store.commit(unit)
        });
        Self { world, left, commits }
    }

    /// Asks, of a process that ends after so many commits.
    fn ask(&self, asked: &Asked, operation: &str, commits: Option<usize>) -> Reply {
        *self.left.lock().expect("the hook") = commits;
        let reply = self.world.post_as(operation, asked.who, &asked.path, &asked.body);
        *self.left.lock().expect("the hook") = None;
        reply
    }

    /// Cuts the case before each of its commits.
    fn tries(&self, case: &Case) {
        let name = case.name;
        let operation = format!("{name}-whole");
        let asked = (case.asked)(&self.world, &operation);
        let before = self.commits.load(Ordering::SeqCst);
        let reply = self.ask(&asked, &operation, None);
        assert!((200..300).contains(&reply.status), "{name}: {reply:?}");
        let commits = self.commits.load(Ordering::SeqCst) - before;
        let whole = (case.effect)(&self.world, &operation);
        assert!(whole > 0 && commits > 0, "{name}");
        for left in places(commits) {
            let operation = format!("{name}-{left}");
            let asked = (case.asked)(&self.world, &operation);
            let cut = self.ask(&asked, &operation, Some(left));
            assert!(cut.status >= 500, "{name} after {left} commits: {cut:?}");
            // The next start seals first; and the next list of a series is a second younger.
            seal(&*self.world.scratch.store);
            self.world.clock.advance(SignedDuration::from_secs(1));
            let status = reply.status;
            let again = self.ask(&asked, &operation, None).expect(status);
            let effect = (case.effect)(&self.world, &operation);
            assert_eq!(effect, whole, "{name} after {left} commits: {again}");
            let entries = self.world.entries();
            assert_eq!(self.ask(&asked, &operation, None).expect(status), again, "{name}");
            let told = self.world.journal_from(entries);
            assert!(told.len() == 1 && told[0].contains("no-op"), "{name}: {told:?}");
        }
    }
}

/// Before which commits the process ends: all of a few, and of many the first, the last and the middle.
fn places(commits: usize) -> Vec<usize> {
    match commits {
        0..=6 => (0..commits).collect(),
        _ => vec![0, 1, 2, commits / 2, commits / 2 + 1, commits - 2, commits - 1],
    }
}

/// How many entries of this operation say that something of this kind was done; the answer that is
/// kept is no effect.
fn done(world: &World, kind: &str, operation: &str) -> usize {
    let (kind, operation) =
        (format!("\"kind\":\"{kind}\""), format!("\"operation\":\"{operation}\""));
    let (mut found, mut from) = (0, 0);
    loop {
        let told = world.journal_from(from);
        if told.is_empty() {
            return found;
        }
        from += told.len() as u64;
        let is_it = |entry: &&String| {
            entry.contains(&kind)
                && entry.contains(&operation)
                && entry.contains("\"result\":\"done\"")
                && !entry.contains("[\"answer\",")
        };
        found += told.iter().filter(is_it).count();
    }
}

fn request_steps(world: &World, operation: &str) -> usize {
    done(world, "service-request-changed", operation)
}

/// How many events the register has that were not applied when the operation was asked for.
fn register_events(world: &World, _: &str) -> usize {
    let applied = world.scratch.store.register_cursor().expect("a read");
    world.register.events_after(applied, 1000).expect("the register").len()
}

/// An address that nobody had yet, with every earlier event applied.
fn another_address(world: &World) -> Value {
    world.post("staff", "/api/v1/register-runs", &json!({})).expect(200);
    let number = world.scratch.store.register_cursor().expect("a read") + 1;
    json!({ "address": format!("埼玉県川口市青木三丁目{number}番") })
}

/// A step of a request that has come so far.
fn step(world: &World, operation: &str, so_far: usize, who: &'static str, step: &str) -> Asked {
    let path = walked(world, &for_server(world, operation), so_far);
    let body = match step {
        "examination" => json!({ "findings": "the applicant is entitled" }),
        "refusal" => json!({ "reason": "the name is another's" }),
        _ => json!({}),
    };
    Asked { who, path: format!("{path}/{step}"), body }
}

/// A certificate in force of a resident.
fn certified(world: &World) -> String {
    let pin = json!({ "authentication_pin": "4321" });
    let done = delivered(world, &form(world, "jpki-auth", "issue-with-card", ""), &pin);
    done["serial"].as_str().expect("a serial").to_owned()
}

fn of_resident(command: &str, body: Value) -> Asked {
    Asked { who: "staff", path: format!("/api/v1/residents/{HANAKO}/{command}"), body }
}

fn each(cases: &[Case]) {
    let cut = Cut::new();
    cases.iter().for_each(|case| cut.tries(case));
}

#[test]
fn l13_what_a_cut_leaves_of_a_requests_step_is_done_once() {
    each(&[
        Case {
            name: "receive",
            asked: |world, operation| Asked {
                who: "intake-clerk",
                path: "/api/v1/service-requests".to_owned(),
                body: for_server(world, operation),
            },
            effect: request_steps,
        },
        Case {
            name: "examine",
            asked: |world, operation| step(world, operation, 0, "examiner", "examination"),
            effect: request_steps,
        },
        Case {
            name: "approve",
            asked: |world, operation| step(world, operation, 1, "approver", "approval"),
            effect: request_steps,
        },
        Case {
            name: "release",
            asked: |world, operation| step(world, operation, 2, "staff", "release"),
            effect: request_steps,
        },
        Case {
            name: "issue",
            asked: |world, operation| step(world, operation, 3, "senior-operator", "issue"),
            effect: |world, operation| {
                assert_eq!(done(world, "certificate-intended", operation), 1);
                done(world, "certificate-issued", operation) + request_steps(world, operation)
            },
        },
        Case {
            name: "refuse",
            asked: |world, operation| step(world, operation, 0, "examiner", "refusal"),
            effect: request_steps,
        },
        Case {
            name: "withdraw",
            asked: |world, operation| step(world, operation, 1, "intake-clerk", "withdrawal"),
            effect: request_steps,
        },
    ]);
}

#[test]
fn l9_l13_what_a_cut_leaves_of_a_revocation_is_done_once() {
    each(&[
        Case {
            name: "end",
            asked: |world, operation| {
                let issue = step(world, operation, 3, "senior-operator", "issue");
                let issued = world.post(issue.who, &issue.path, &issue.body).expect(200);
                let path = walked(world, &end_of(&issued["serial"]), 3);
                let path = format!("{path}/revocation");
                Asked { who: "senior-operator", path, body: json!({}) }
            },
            effect: |world, operation| {
                done(world, "certificate-revoked", operation) + request_steps(world, operation)
            },
        },
        Case {
            name: "revoke",
            asked: |world, _| {
                let path =
                    format!("/api/v1/cas/jpki-auth/certificates/{}/revocation", certified(world));
                let body = json!({ "cause": "recording-error", "requester": "mayor" });
                Asked { who: "staff", path, body }
            },
            effect: |world, operation| done(world, "certificate-revoked", operation),
        },
    ]);
}

#[test]
fn v1_what_a_cut_leaves_of_a_publication_is_done_once() {
    each(&[
        Case {
            name: "publish-all",
            asked: |world, _| {
                world.clock.advance(SignedDuration::from_secs(1));
                let path = "/api/v1/cas/saitama-sign/publication".to_owned();
                Asked { who: "staff", path, body: json!({}) }
            },
            effect: |world, operation| done(world, "crl-published", operation),
        },
        Case {
            name: "publish-due",
            asked: |world, _| {
                world.clock.advance(SignedDuration::from_hours(25));
                let path = "/api/v1/publication".to_owned();
                Asked { who: "staff", path, body: json!({}) }
            },
            effect: |world, operation| done(world, "crl-published", operation),
        },
    ]);
}

#[test]
fn w8_what_a_cut_leaves_of_a_command_to_the_register_is_done_once() {
    each(&[
        Case {
            name: "address",
            asked: |world, _| of_resident("address", another_address(world)),
            effect: register_events,
        },
        Case {
            name: "run",
            asked: |world, _| {
                let Asked { who, path, body } = of_resident("address", another_address(world));
                world.post(who, &path, &body).expect(200);
                Asked { who, path: "/api/v1/register-runs".to_owned(), body: json!({}) }
            },
            effect: |world, operation| {
                assert_eq!(register_events(world, operation), 0, "all are applied");
                world.scratch.store.register_cursor().expect("a read").min(1) as usize
            },
        },
    ]);
}
