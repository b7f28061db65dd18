//! What the staff does: people come and go, servers are certified, lists are published.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::run;

use super::stories::text;
use super::world::{BrokenOff, Worker, World};

/// Examiners are registered, and every second one is suspended again.
pub(super) fn people(world: &World) {
    for number in 0.. {
        if world.is_stopping() {
            return;
        }
        let mut worker = Worker::new(world, format!("people-{number}"));
        let _ = person(&mut worker, number);
    }
}

fn person(worker: &mut Worker<'_>, number: u64) -> Result<(), BrokenOff> {
    let id = format!("examiner-t{number}");
    let body = json!({ "id": id, "name": "審査　一郎", "roles": ["examiner"] });
    worker.done("operator-1", "people", Some(&body))?;
    let stands = |worker: &Worker<'_>, state| {
        let id = id.clone();
        worker.world.acknowledge(|facts| facts.people.extend([(id, state)]));
    };
    stands(worker, "proposed");
    worker.done("manager-1", &format!("people/{id}/confirmation"), None)?;
    stands(worker, "active");
    if number.is_multiple_of(2) {
        worker.done("manager-1", &format!("people/{id}/suspension"), None)?;
        stands(worker, "suspended");
    }
    std::thread::sleep(Duration::from_millis(200));
    Ok(())
}

/// Servers are certified through five people's hands.
pub(super) fn requests(world: &World, directory: &Path) {
    for number in 0.. {
        if world.is_stopping() {
            return;
        }
        let mut worker = Worker::new(world, format!("requests-{number}"));
        let _ = request(&mut worker, directory, number);
    }
}

fn request(worker: &mut Worker<'_>, directory: &Path, number: u64) -> Result<(), BrokenOff> {
    let body = json!({
        "ca": "jpki-auth", "purpose": "issue", "kind": "tls-server",
        "applicant": "情報システム課　試験担当", "documents": ["申請書"],
        "request_pem": pkcs10(directory, number),
    });
    let received = worker.done("intake-1", "service-requests", Some(&body))?;
    let id = text(&received["id"]);
    let findings = json!({ "findings": "the applicant is entitled" });
    let steps: [(&str, &str, Option<&Value>, &'static str); 4] = [
        ("examiner-1", "examination", Some(&findings), "examined"),
        ("approver-1", "approval", None, "approved"),
        ("operator-1", "release", None, "released"),
        ("operator-2", "issue", None, "issued"),
    ];
    for (who, step, body, state) in steps {
        let answer = worker.done(who, &format!("service-requests/{id}/{step}"), body)?;
        if answer["state"] != state {
            worker.world.lose(format!("service request {id}: {step}: {answer}"));
            return Err(BrokenOff);
        }
        worker.world.acknowledge(|facts| {
            facts.requests.insert(id.clone(), state);
            if state == "issued" {
                let certificate = ("jpki-auth".to_owned(), text(&answer["serial"]));
                facts.certificates.insert(certificate, "good");
            }
        });
    }
    Ok(())
}

/// A request for a key of its own, made by openssl.
fn pkcs10(directory: &Path, number: u64) -> String {
    let name = format!("server-{number}.example");
    let line = format!(
        "req -new -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN={name} \
         -addext subjectAltName=DNS:{name}"
    );
    let said = run(directory, "openssl", &line.split_whitespace().collect::<Vec<_>>());
    let begin = said.text.find("-----BEGIN CERTIFICATE REQUEST").expect("a request");
    let end = said.text.find("-----END CERTIFICATE REQUEST-----").expect("its end");
    format!("{}-----END CERTIFICATE REQUEST-----\n", &said.text[begin..end])
}

/// Lists are published again and again; the number of each is acknowledged.
pub(super) fn lists(world: &World) {
    for number in 0.. {
        if world.is_stopping() {
            return;
        }
        let mut worker = Worker::new(world, format!("lists-{number}"));
        for ca in ["jpki-auth", "saitama-sign"] {
            let path = format!("cas/{ca}/publication");
            let Ok(answer) = worker.done("repository-1", &path, Some(&json!({}))) else { continue };
            world.acknowledge(|facts| {
                for list in answer["lists"].as_array().into_iter().flatten() {
                    if let (true, Some(number), Some(generation)) = (
                        list["outcome"] == "published",
                        list["number"].as_u64(),
                        list["generation"].as_u64(),
                    ) {
                        let series = (ca.to_owned(), generation, text(&list["partition"]));
                        let least = facts.lists.entry(series).or_default();
                        *least = number.max(*least);
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(700));
    }
}
