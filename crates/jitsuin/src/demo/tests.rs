//! That the demo's people have no way round the desk.

use store::reads::ReadCertificates;
use web::desk::people::SuspendPerson;

use super::people::{MANAGER, OPERATOR, Staff, clerk, register};
use super::story::{AUTH, Town};
use super::town::newcomers;
use crate::years::place::Place;

#[test]
fn w3_a_clerk_of_the_demo_who_may_not_act_any_more_serves_nobody() {
    let (place, municipality) = (Place::at("2026-11-27T08:00:00Z"), "11203");
    place.answer(3, "", &["init", "--to-try-out"]);
    let system = place.open(2);
    register(&system, &place.custodians()).expect("people");
    super::town::populate(&system).expect("residents");
    let staff = Staff::at_windows(&system).expect("a desk");
    let town = Town::new(&staff, municipality);
    let residents = newcomers(&system, municipality, 2).expect("residents");
    let serve = |of: usize| town.full_issue(&residents[of], AUTH, "issue-with-card", None);
    serve(0).expect("served");
    let id = clerk(municipality).parse().expect("an id");
    staff.ask(MANAGER, SuspendPerson { id }).expect("suspended");
    let refused = serve(1).err().expect("nobody is served");
    assert!(format!("{refused:#}").contains("may not act"), "{refused:#}");
    let served = |of: usize| {
        let rows = system.store.certificates_of(&AUTH.parse().expect("a CA"), &residents[of].code);
        rows.expect("a read").len()
    };
    assert_eq!((served(0), served(1)), (1, 0));
    // Nor does anybody do what their role does not open to them.
    let four = residents[0].basic_four();
    let hold = web::wire::HoldCertificates {
        name: four.name,
        birth_date: four.birth_date.to_string(),
        gender: four.gender.code().to_string(),
        address: four.address,
    };
    let refused = staff.ask(OPERATOR, hold).expect_err("no call centre");
    assert!(format!("{refused:#}").contains("hold_certificates"), "{refused:#}");
}
