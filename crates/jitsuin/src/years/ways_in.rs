//! Nobody is shut out for ever: secrets and tokens that ended leave the way by the custodians' quorum.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::place::Place;

fn set_up() -> Place {
    let place = Place::at("2026-11-27T08:00:00Z");
    place.answer(3, "", &["init", "--to-try-out"]);
    place
}

fn rules(report: &Value, list: &str) -> Vec<String> {
    let found = report[list].as_array().expect("a list");
    found.iter().map(|one| format!("{} {}", one["rule"], one["subject"]).replace('"', "")).collect()
}

#[test]
fn w3_first_people_whose_secrets_ended_unused_are_told_of_and_let_in_by_custodians() {
    let place = set_up();
    let first = std::fs::read(place.handed_out("manager-1.enrolment")).expect("a secret");
    place.after(SignedDuration::from_hours(73));
    for id in ["manager-1", "operator-1"] {
        let said = place.refusal(0, &format!("{id}.enrolment"), &["staff", "token"]);
        assert!(said.contains("expired"), "{said}");
    }
    // `init` run again says what stands, and hands out nothing.
    let again = place.answer(0, "", &["init", "--to-try-out"]);
    assert_eq!(again["first"], json!(false));
    let shut_out = |person: &Value| person["shut_out"] == true && person["enrolment"] == true;
    assert!(again["people"].as_array().expect("people").iter().all(shut_out), "{again}");
    assert!(again["endings"].to_string().contains("staff recover"), "{again}");
    assert_eq!(std::fs::read(place.handed_out("manager-1.enrolment")).expect("kept"), first);
    // One custodian is not enough; two let both people in, who go on as if nothing had been.
    let said = place.refusal(1, "", &["staff", "recover", "manager-1"]);
    assert!(said.contains("custodians"), "{said}");
    for id in ["manager-1", "operator-1"] {
        let let_in = place.answer(2, "", &["staff", "recover", id]);
        assert_eq!(let_in["custodians"], "custodian-1 custodian-2");
        place.answer(0, &format!("{id}.enrolment"), &["staff", "token"]);
    }
    let again = place.answer(0, "", &["init", "--to-try-out"]);
    assert!(!again["people"].to_string().contains("\"shut_out\":true"), "{again}");
    place.answer(0, "operator-1.token", &["staff", "list"]);
}

#[test]
fn w3_the_end_of_a_roles_last_way_in_is_warned_of_before_it_comes() {
    let place = set_up();
    for id in ["manager-1", "operator-1"] {
        place.answer(0, &format!("{id}.enrolment"), &["staff", "token"]);
    }
    let check = || place.answer(2, "operator-1.token", &["check"]);
    let ways = |report: &Value| {
        let facts = rules(report, "facts").into_iter();
        facts.filter(|fact| fact.starts_with("way-in")).collect::<Vec<_>>()
    };
    place.after_days(59);
    place.answer(2, "operator-1.token", &["crl", "publish"]);
    assert_eq!(ways(&check()), Vec::<String>::new());
    place.after_days(2);
    place.answer(2, "operator-1.token", &["crl", "publish"]);
    let told = ["way-in-ends-soon ca-manager", "way-in-ends-soon senior-operator"];
    assert_eq!(ways(&check()), told);
    // Whoever still can makes another token; of the manager's nothing was made.
    place.answer(0, "operator-1.token", &["staff", "token"]);
    assert_eq!(ways(&check()), [told[0]]);
    place.after_days(30);
    place.answer(2, "operator-1.token", &["crl", "publish"]);
    let said = place.refusal(0, "operator-1.token", &["check"]);
    assert!(said.contains("way-in-ended") && said.contains("staff recover"), "{said}");
    place.answer(2, "", &["staff", "recover", "manager-1"]);
    place.answer(0, "manager-1.enrolment", &["staff", "token"]);
    assert_eq!(ways(&check()), Vec::<String>::new());
}

#[test]
fn w3_a_demo_directory_of_years_ago_goes_on_with_everybody_let_in_again() {
    let place = set_up();
    let custodians = place.custodians();
    let register = || {
        let system = place.open(2);
        crate::demo::register_people(&system, &custodians).expect("registered");
    };
    register();
    let token = std::fs::read(place.handed_out("operator-2.token")).expect("a token");
    register();
    assert_eq!(std::fs::read(place.handed_out("operator-2.token")).expect("kept"), token);
    place.after_days(800);
    place.refusal(0, "operator-2.token", &["staff", "list"]);
    register();
    for id in ["operator-2", "manager-1", "auditor-1"] {
        place.answer(0, &format!("{id}.token"), &["ca", "list"]);
    }
}
