//! That somebody is present at a ceremony counts for the script, the sitting and the time for which they
//! confirmed it, and while they stand as they did.

use jiff::SignedDuration;
use jitsuin_web::desk::Meeting;
use jitsuin_web::desk::permission::Operation;
use serde_json::{Value, json};

use super::standing::{enrol_anew, other_roles, suspend};
use super::world::World;

const CONFIRM_FIRST: &str = "they confirm first";

/// Confirms, as `staff`, that they are present at the script of this SHA-256.
fn confirm(world: &World, script: [u8; 32]) -> Value {
    let path = "/api/v1/ceremonies/genesis-1/attendances";
    let said = json!({ "script_sha256": domain::hexadecimal::hex(&script) });
    world.post("staff", path, &said).expect(201)
}

/// Why `staff` is not present; none where they are.
fn objection(world: &World, script: [u8; 32], sittings: usize, right: Operation) -> Option<String> {
    let ceremony = "genesis-1".parse().expect("an id");
    let meeting = Meeting { ceremony: &ceremony, script_sha256: &script, sittings };
    let (staff, now) = ("staff".parse().expect("an id"), world.clock.now());
    let attendances = world.desk.approvals().attendances();
    attendances.standing(&meeting, &staff, right, now).err().map(|problem| problem.detail)
}

#[test]
fn k3_an_attendance_is_of_one_script_one_sitting_and_two_hours() {
    let world = World::new();
    let hold = Operation::HoldCeremony;
    let is_first = |told: Option<String>| told.is_some_and(|told| told.contains(CONFIRM_FIRST));
    assert!(is_first(objection(&world, [1; 32], 0, hold)), "nothing was said yet");
    let told = confirm(&world, [1; 32]);
    assert_eq!((&told["ceremony"], &told["person"]), (&json!("genesis-1"), &json!("staff")));
    assert_eq!(objection(&world, [1; 32], 0, hold), None);
    assert_eq!(confirm(&world, [1; 32]), told, "said again in the same minute");
    assert!(is_first(objection(&world, [2; 32], 0, hold)), "another script");
    assert!(is_first(objection(&world, [1; 32], 1, hold)), "another sitting");
    let no_right = objection(&world, [1; 32], 0, Operation::AbandonCeremony).expect("no right");
    assert!(no_right.contains("abandon_ceremony is open to the CA manager"), "{no_right}");
    world.clock.advance(SignedDuration::from_mins(119));
    assert_eq!(objection(&world, [1; 32], 0, hold), None);
    world.clock.advance(SignedDuration::from_mins(1));
    assert!(is_first(objection(&world, [1; 32], 0, hold)), "it is over");
    // Whoever confirms it anew is present anew.
    assert_ne!(confirm(&world, [1; 32])["until"], told["until"]);
    assert_eq!(objection(&world, [1; 32], 0, hold), None);
    let path = "/api/v1/ceremonies/genesis-1/attendances";
    let no_digest = world.post("staff", path, &json!({ "script_sha256": "1" })).problem(422);
    assert_eq!(no_digest["field"], "script_sha256");
}

#[test]
fn k3_w3_an_attendance_ends_with_the_right_of_whoever_gave_it() {
    for (end, words) in [
        (suspend as fn(&World), "they may not act any more"),
        (enrol_anew, "what they were let in by has ended since"),
        (other_roles, "hold_ceremony is open to a senior operator"),
    ] {
        let world = World::new();
        confirm(&world, [1; 32]);
        world.clock.advance(SignedDuration::from_secs(1));
        end(&world);
        let told = objection(&world, [1; 32], 0, Operation::HoldCeremony).expect(words);
        assert!(told.contains(words), "{told}");
    }
}
