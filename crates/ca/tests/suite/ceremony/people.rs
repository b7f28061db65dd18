//! Who must be there.

use super::*;

#[test]
fn k3_a_ceremony_needs_its_people_and_nobody_else() {
    let room = Room::new();
    let without = |person: &str| {
        let mut people = enough();
        people.retain(|one| one.person.as_str() != person);
        people
    };
    let with = |person: &str, seat: Seat| [enough(), present(&[(person, seat)])].concat();
    let cases = [
        (without("custodian-1"), "1 in the seat of custodian, where 2 are needed"),
        (without("auditor-1"), "0 in the seat of witness, where 1 are needed"),
        (without("operator-2"), "1 in the seat of operator, where 2 are needed"),
        (with("stranger", Seat::Witness), "stranger is not named in the script"),
        (
            with("custodian-2", Seat::Witness),
            "custodian-2 is named as a custodian, not as a witness",
        ),
        (with("custodian-1", Seat::Custodian), "custodian-1 came twice"),
        (
            Vec::new(),
            "0 in the seat of custodian, where 2 are needed; 0 in the seat of witness, where 1 are needed; 0 in the seat of operator",
        ),
    ];
    for (people, expected) in cases {
        let mut twin = room.twin();
        let refused = room.conduct(|c| c.run(SCRIPT, &premises(), &people, &mut twin));
        let told = refused.expect_err(expected).to_string();
        assert!(told.starts_with("present: ") && told.contains(expected), "{told}");
        assert!(twin.hardware.borrow().calls.is_empty(), "nothing was done");
        let entry = room.journal().pop().expect("an entry");
        assert!(entry.contains("\"refused\"") && entry.contains("ceremony-started"), "{entry}");
    }
    // One who came twice does not count twice.
    let twice = [without("custodian-1"), present(&[("custodian-3", Seat::Custodian)])].concat();
    let told = room.conduct(|c| c.run(SCRIPT, &premises(), &twice, &mut room.twin()));
    let told = told.expect_err("one custodian").to_string();
    assert!(told.contains("came twice") && told.contains("1 in the seat of custodian"), "{told}");
    room.run(&mut room.twin()).expect("enough");
}

#[test]
fn k3_a_script_that_is_not_valid_does_nothing_and_is_recorded() {
    let room = Room::new();
    let mut twin = room.twin();
    let script = SCRIPT.replace("\"backup\"", "\"burn\"");
    let told = room.conduct(|c| c.run(&script, &premises(), &enough(), &mut twin));
    let told = told.expect_err("an unknown step").to_string();
    assert!(told.contains("step 5.do: \"burn\" is no step"), "{told}");
    // What the installation has counts too, before the first step.
    let there =
        Premises { cas: Some([("bridge".parse().expect("an id"), 1)].into()), ..premises() };
    let told = room.conduct(|c| c.run(SCRIPT, &there, &enough(), &mut twin));
    assert!(told.expect_err("a key is there").to_string().contains("has a key already"));
    assert!(twin.hardware.borrow().calls.is_empty());
    let journal = room.journal();
    assert!(journal.len() == 2 && journal.iter().all(|entry| entry.contains("\"refused\"")));
}
