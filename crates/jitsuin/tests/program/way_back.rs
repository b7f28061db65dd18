//! The way back in by the custodians, through the command line: for whom, by whom, and what it ends.

use std::fs;

use crate::workplace::{AUDITOR, CLERK, MANAGER, OPERATOR_2, STAFF, Workplace, present};

fn recover(place: &Workplace, custodians: &[&str], id: &str) -> testkit::Output {
    let custodians = present(custodians);
    let custodians: Vec<&str> = custodians.iter().map(String::as_str).collect();
    place.run_as_is(&[], &[&custodians, &["staff", "recover", id][..]].concat())
}

#[test]
fn w3_custodians_let_a_person_in_office_in_again_and_what_let_them_in_before_ends() {
    let place = Workplace::new();
    let quorum = ["custodian-1", "custodian-3"];
    let done = recover(&place, &quorum, "manager-1");
    assert!(done.success, "{}", done.text);
    place.refusal(&MANAGER, &["staff", "list"]);
    let secret = fs::read_to_string(place.path().join("data/handed-out/manager-1.enrolment"));
    let secret = secret.unwrap();
    assert!(!done.text.contains(&secret), "the secret is in its file alone");
    place.refusal(&["--as", "data/handed-out/manager-1.enrolment"], &["staff", "list"]);
    place.answer(&["--as", "data/handed-out/manager-1.enrolment"], &["staff", "token"]);
    let people = place.answer(&MANAGER, &["staff", "list"]);
    let of = |id: &str| {
        let people = people["people"].as_array().unwrap().iter();
        people.clone().find(|person| person["id"] == id).cloned()
    };
    assert_eq!(of("manager-1").unwrap()["roles"], serde_json::json!(["ca-manager"]));
    place.answer(&AUDITOR, &["audit", "export", "journal"]);
    let journal = fs::read_to_string(place.path().join("journal")).unwrap();
    let entry = journal.lines().find(|line| line.contains("recovered")).expect("an entry");
    assert!(entry.contains("custodian-1 custodian-3") && entry.contains("manager-1"), "{entry}");
    assert!(!journal.contains(&secret));
    let awake = journal.lines().filter(|line| line.contains("keys-activated")).count();
    assert_eq!(awake, 1, "at set-up alone: the keys sleep while a person is let in");
}

/// Whoever had their credential may have approved and proposed things in their name.
#[test]
fn w3_what_was_approved_or_proposed_before_custodians_let_somebody_in_again_counts_no_more() {
    let place = Workplace::new();
    let adopt = ["policy", "adopt", "policy/jpki-auth.toml"];
    place.answer(&OPERATOR_2, &[&adopt[..], &["--approves", "op-old"]].concat());
    place.answer(
        &OPERATOR_2,
        &["staff", "propose", "late-1", "--name", "Late", "--role", "examiner"],
    );
    let done = recover(&place, &["custodian-1", "custodian-2"], "operator-2");
    assert!(done.success, "{}", done.text);
    place.answer(&["--as", "data/handed-out/operator-2.enrolment"], &["staff", "token"]);
    let by = [&adopt[..], &["--operation", "op-old", "--approver", "operator-2"]].concat();
    let said = place.refusal(&STAFF, &by);
    assert!(said.contains("has ended since"), "{said}");
    let said = place.refusal(&MANAGER, &["staff", "confirm", "late-1"]);
    assert!(said.contains("what lets them in changed"), "{said}");
    // What they say themselves counts.
    let said = place.together("op-new", (&STAFF, &OPERATOR_2), &adopt);
    assert!(said.success, "{}", said.text);
}

#[test]
fn w3_custodians_let_nobody_in_who_is_not_in_office_and_not_alone() {
    let place = Workplace::new();
    place.answer(&STAFF, &["staff", "suspend", "clerk-1"]);
    let quorum = ["custodian-1", "custodian-2"];
    fs::write(place.path().join("custodian-3.passphrase"), "not what custodian-3 chose").unwrap();
    let secrets = |id: &str| fs::read(place.path().join(format!("data/handed-out/{id}.enrolment")));
    let before = ["clerk-1", "manager-1"].map(|id| secrets(id).unwrap());
    for (custodians, id, rule) in [
        (&quorum[..], "clerk-1", "suspended"),
        (&quorum, "nobody", "person"),
        (&quorum, "../clerk-1", "person"),
        (&quorum[..1], "manager-1", "1 of 2 custodians"),
        (&["custodian-1", "custodian-1"], "manager-1", "here already"),
        (&["custodian-1", "custodian-3"], "manager-1", "does not open the share"),
        (&["custodian-1", "custodian-2", "custodian-3"], "manager-1", "does not open the share"),
        (&["custodian-1", "manager-1"], "manager-1", "manager-1"),
        (&[], "manager-1", "0 of 2 custodians"),
    ] {
        let said = recover(&place, custodians, id);
        assert_eq!(said.status, Some(1), "{custodians:?} {id}: {}", said.text);
        assert!(said.text.contains(rule), "{custodians:?} {id}: {}", said.text);
    }
    assert_eq!(["clerk-1", "manager-1"].map(|id| secrets(id).unwrap()), before);
    place.refusal(&CLERK, &["apply", "list"]);
    place.answer(&MANAGER, &["staff", "list"]);
}

/// A record of shares proves nothing by itself: whoever may write files chooses its passphrases.
#[test]
fn w3_a_record_of_shares_that_somebody_made_lets_nobody_in() {
    let (place, other) = (Workplace::new(), Workplace::empty());
    other.init();
    let take = |name: &str| {
        let (from, to) = (other.path().join(name), place.path().join(name));
        match from.is_dir() {
            true => {
                for file in fs::read_dir(&from).unwrap() {
                    let file = file.unwrap();
                    fs::copy(file.path(), to.join(file.file_name())).unwrap();
                }
            }
            false => {
                fs::copy(from, to).unwrap();
            }
        }
    };
    take("data/custody.json");
    let quorum = ["custodian-1", "custodian-2"];
    let said = recover(&place, &quorum, "manager-1");
    assert_eq!(said.status, Some(1), "{}", said.text);
    assert!(said.text.contains("on the custodians' media"), "{}", said.text);
    // Not with the keys that belong to it either: they are not those of the CAs.
    fs::remove_dir_all(place.path().join("data/keys")).unwrap();
    fs::create_dir(place.path().join("data/keys")).unwrap();
    take("data/keys");
    let said = recover(&place, &quorum, "manager-1");
    assert!(said.text.contains("not the file of the shares"), "{}", said.text);
    place.answer(&MANAGER, &["staff", "list"]);
}

/// Whoever adopts a policy comes in first: the way in waits for no policy.
#[test]
fn w3_a_policy_file_that_was_changed_shuts_nobody_out() {
    let place = Workplace::new();
    let policy = place.path().join("policy/jpki-auth.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.clone() + "# changed\n").unwrap();
    let said = place.refusal(&STAFF, &["ca", "list"]);
    assert!(said.contains("policy"), "{said}");
    for id in ["operator-1", "operator-2"] {
        let done = recover(&place, &["custodian-1", "custodian-3"], id);
        assert!(done.success, "{}", done.text);
        let secret = format!("data/handed-out/{id}.enrolment");
        place.answer(&["--as", &secret], &["staff", "token"]);
    }
    let adopt = ["policy", "adopt", "policy/jpki-auth.toml"];
    let adopted = place.together("op-adopt", (&STAFF, &OPERATOR_2), &adopt);
    assert!(adopted.success, "{}", adopted.text);
    place.answer(&STAFF, &["ca", "list"]);
}

/// What a configuration leaves out is missed.
#[test]
fn v1_p9_a_configuration_that_leaves_out_a_ca_or_the_weak_keys_is_refused() {
    let place = Workplace::new();
    let config = place.path().join("jitsuin.toml");
    let text = fs::read_to_string(&config).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("saitama-sign")).collect();
    let without = without.join("\n").replace(", \"policy/saitama-sign.toml\"", "");
    let without = match without.contains("policies") {
        true => without,
        false => format!("policies = [\"policy/jpki-auth.toml\"]\n{without}"),
    };
    fs::write(&config, without).unwrap();
    for command in [&["ca", "list"][..], &["serve"], &["check"]] {
        let said = place.refusal(&STAFF, command);
        assert!(said.contains("saitama-sign is a CA of this installation"), "{command:?}: {said}");
    }
    fs::write(place.path().join("weak"), "").unwrap();
    fs::write(&config, format!("weak_keys = \"weak\"\n{text}")).unwrap();
    place.init();
    fs::write(&config, &text).unwrap();
    let said = place.refusal(&STAFF, &["serve"]);
    assert!(said.contains("weak_keys"), "{said}");
}
