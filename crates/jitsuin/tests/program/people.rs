//! The registry of people through the command line: the first two, everybody after, and no back door.

use std::fs;

use serde_json::Value;
use testkit::run;

use crate::demo::PROGRAM;
use crate::workplace::{AUDITOR, CLERK, CUSTODIANS, MANAGER, STAFF, Workplace, present};

const PASSWORD: &str = "a horse, a battery\n";

#[test]
fn w3_init_makes_the_first_two_people_once_whatever_became_of_them() {
    let place = Workplace::new();
    let people = || place.answer(&MANAGER, &["staff", "list"])["people"].clone();
    let before = people();
    // Both are kept out, and others take their place.
    for (id, role) in [("manager-2", "ca-manager"), ("operator-3", "senior-operator")] {
        place.answer(&STAFF, &["staff", "propose", id, "--name", id, "--role", role]);
        place.answer(&MANAGER, &["staff", "confirm", id]);
        let secret = format!("data/handed-out/{id}.enrolment");
        place.answer(&["--as", &secret], &["staff", "token"]);
    }
    let manager = ["--as", "data/handed-out/manager-2.token"];
    place.answer(&manager, &["staff", "suspend", "operator-1"]);
    place.answer(&manager, &["staff", "suspend", "manager-1"]);
    for file in ["manager-1", "operator-1", "intruder"] {
        let _ = fs::remove_file(place.path().join(format!("data/handed-out/{file}.enrolment")));
    }
    place.init();
    let again = ["init", "--to-try-out", "--manager", "intruder", "--senior-operator", "x"];
    assert!(place.run_as_is(&[], &again).success);
    for file in ["manager-1", "operator-1", "intruder", "x"] {
        let made = place.path().join(format!("data/handed-out/{file}.enrolment"));
        assert!(!made.exists(), "{file}: a back door");
    }
    place.refusal(&MANAGER, &["staff", "list"]);
    let now = place.answer(&manager, &["staff", "list"])["people"].clone();
    assert_eq!(now.as_array().unwrap().len(), before.as_array().unwrap().len() + 2);
    let state = |id: &str| {
        let people = now.as_array().unwrap().iter();
        people.clone().find(|one| one["id"] == id).unwrap()["state"].clone()
    };
    assert_eq!((state("manager-1"), state("operator-1")), ("suspended".into(), "suspended".into()));
}

#[test]
fn w3_the_first_two_have_the_names_they_are_given_and_must_enrol_first() {
    let empty = Workplace::empty();
    let place = empty.path();
    let all = present(&CUSTODIANS);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let names = ["init", "--to-try-out", "--manager", "sekinin", "--senior-operator", "jokyu"];
    empty.answer(&[], &[&all, &names[..]].concat());
    let manager = ["--as", "data/handed-out/sekinin.enrolment"];
    let said = run(place, PROGRAM, &[&manager[..], &["check"]].concat());
    assert_eq!(said.status, Some(1));
    assert!(said.text.contains("enrolment secret"), "{}", said.text);
    fs::write(place.join("new"), PASSWORD).unwrap();
    let set = ["staff", "password", "--new", "new"];
    assert!(run(place, PROGRAM, &[&manager[..], &set].concat()).success);
    let said = run(place, PROGRAM, &[&manager[..], &set].concat());
    assert_eq!(said.status, Some(1), "it was used up: {}", said.text);
    let manager = ["--operator", "sekinin", "--as", "new"];
    assert!(run(place, PROGRAM, &[&manager[..], &["ca", "list"]].concat()).success);
    let said = run(place, PROGRAM, &[&manager[..], &["staff", "confirm", "jokyu"]].concat());
    assert!(said.text.contains("client certificate"), "{}", said.text);
}

#[test]
fn w3_who_acts_is_proven_and_every_attempt_is_an_entry() {
    let place = Workplace::new();
    let said = place.refusal(&[], &["check"]);
    assert!(said.contains("--as FILE"), "{said}");
    fs::write(place.path().join("wrong"), "no such token").unwrap();
    place.refusal(&["--as", "wrong"], &["check"]);
    place.refusal(&["--operator", "clerk-1", "--as", "wrong"], &["check"]);
    place.refusal(&STAFF, &["audit", "export", "journal"]);
    place.refusal(&CLERK, &["staff", "list"]);
    let said = run(place.path(), PROGRAM, &["--operator", "clerk-1", "check"]);
    assert_eq!(said.status, Some(2), "{}", said.text);
    place.answer(&AUDITOR, &["audit", "export", "journal"]);
    let journal = fs::read_to_string(place.path().join("journal")).unwrap();
    let refused: Vec<Value> = journal
        .lines()
        .filter(|line| line.contains("access-refused") || line.contains("logged-in"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert!(!journal.contains("no such token"));
}

#[test]
fn w3_proposal_and_confirmation_take_two_people() {
    let place = Workplace::new();
    let propose = |roles: &[&str]| {
        let roles = roles.iter().flat_map(|role| ["--role", role]);
        let first = ["staff", "propose", "examiner-2", "--name", "審査　一郎"];
        first.into_iter().chain(roles).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let as_slices = |words: &[String]| words.iter().map(String::clone).collect::<Vec<_>>();
    let run_as = |who: &[&str], words: &[String], works: bool| {
        let words = as_slices(words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if works {
            place.answer(who, &words);
            String::new()
        } else {
            place.refusal(who, &words)
        }
    };
    let said = run_as(&STAFF, &propose(&["examiner", "approver"]), false);
    assert!(said.contains("exclude each other"), "{said}");
    run_as(&MANAGER, &propose(&["examiner"]), false);
    run_as(&STAFF, &propose(&["examiner"]), true);
    place.refusal(&STAFF, &["staff", "confirm", "examiner-2"]);
    let confirmed = place.answer(&MANAGER, &["staff", "confirm", "examiner-2"]);
    let file = confirmed["enrolment_file"].as_str().unwrap();
    let secret = fs::read_to_string(place.path().join(file)).unwrap();
    assert!(!confirmed.to_string().contains(&secret), "the secret is in its file alone");
    fs::write(place.path().join("new"), PASSWORD).unwrap();
    place.answer(&["--as", file], &["staff", "password", "--new", "new"]);
    // By the next day: remove and see that nothing lets them in, and that the record stays.
    place.answer(&STAFF, &["staff", "remove", "examiner-2"]);
    place.answer(&MANAGER, &["staff", "confirm", "examiner-2"]);
    place.refusal(&["--operator", "examiner-2", "--as", "new"], &["ca", "list"]);
    let shown = place.answer(&STAFF, &["staff", "show", "examiner-2"]);
    assert_eq!(shown["state"], "removed");
}
