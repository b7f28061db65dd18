//! A register that lost its end, or of which an older copy was put back.
//!
//! In each of these a move-out is open, so that the cursor stands before it and says nothing of what
//! was applied behind it.

use std::sync::Arc;

use domain::certificate::StateName;
use domain::id::SerialNumber;
use domain::revocation::RevocationCause;
use jitsuin_ra::WindowError;
use jitsuin_ra::register::embedded::{Correction, EmbeddedRegister};
use jitsuin_ra::register::{RegisterError, Removal};
use jitsuin_ra::window::{RegisterRun, Window};

use crate::fixture::{World, at, form_with_card, hanako, kim, password, residents, taro};
use crate::register_link::{run, system};

const APPLIED: &str = "2026-04-02T03:00:00Z";
const AFTER: &str = "2026-04-03T03:00:00Z";

fn correction(address: &str) -> Correction {
    Correction { address: Some(address.into()), ..Correction::default() }
}

/// Hanako's move-out, which stays open.
fn move_out(register: &EmbeddedRegister) {
    let planned = "2026-04-10".parse().expect("a day");
    register.move_out(&hanako().code, planned, at(APPLIED)).expect("moved out");
}

/// Event 1 is open and event 2, Taro's new address, applied; of each certificate of Taro's.
fn followed() -> (World, SerialNumber) {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    move_out(&world.register);
    let address = correction("埼玉県川口市青木三丁目１番１号");
    world.register.correct(&taro().code, address, at(APPLIED)).expect("changed");
    let run = run(&world, APPLIED);
    assert_eq!((run.applied, run.open, run.cursor), (1, 1, 0));
    let moved = world.register_record(&taro());
    let on_card = form_with_card(&moved, "saitama-sign", "issue-on-card", &card);
    let (_, sign) = world.delivered(&on_card, password());
    (world, sign)
}

/// The register as it was after event 1.
fn older() -> Arc<EmbeddedRegister> {
    let register = EmbeddedRegister::in_memory(residents()).expect("residents");
    move_out(&register);
    Arc::new(register)
}

fn run_over(world: &World, window: &Window) -> Result<RegisterRun, WindowError> {
    window.register_link().apply_events(&system(world, AFTER))
}

#[test]
fn e6_a_register_that_lost_what_was_applied_behind_an_open_event_is_behind() {
    let (world, _) = followed();
    world.window.register_link().hold_register().expect("they agree");
    let window = world.window_over(older());
    let behind = WindowError::Register(RegisterError::Behind(2)).to_string();
    let held = window.register_link().hold_register().expect_err("event 2 is gone").to_string();
    assert_eq!(held, behind);
    assert_eq!(run_over(&world, &window).expect_err("no run").to_string(), behind);
}

/// The same kind of event of the same person under the number of one that was applied.
#[test]
fn e6_another_event_under_an_applied_number_is_told_and_not_taken_for_applied() {
    let (world, sign) = followed();
    let register = older();
    let address = correction("埼玉県川口市青木四丁目４番４号");
    register.correct(&taro().code, address, at(AFTER)).expect("changed again");
    let window = world.window_over(register);
    assert!(matches!(
        window.register_link().hold_register(),
        Err(WindowError::Register(RegisterError::Behind(2)))
    ));
    let run = run_over(&world, &window).expect("a run");
    let failed: Vec<_> = run.failed.iter().map(|(event, rule)| (*event, rule.closed())).collect();
    let told = "register: it has another event under this number than the one that was applied";
    assert_eq!(failed, [(2, told)]);
    assert_eq!((run.applied, run.open, run.cursor), (0, 1, 0));
    assert_eq!(world.state_at_sign(&sign), StateName::Good, "nobody can tell which is true");
    assert!(world.journal().iter().any(|entry| entry.contains(told)));
}

/// One event in dispute does not keep a later death waiting; nor does the cursor pass it.
#[test]
fn e6_an_event_in_dispute_keeps_no_later_one_waiting() {
    let (world, _) = followed();
    let (_, dead) = world.first_card(&kim());
    let register = older();
    register.remove(&taro().code, Removal::Death, at(AFTER)).expect("removed");
    register.remove(&kim().code, Removal::Death, at(AFTER)).expect("removed");
    let window = world.window_over(register);
    for applied in [1, 0] {
        let run = run_over(&world, &window).expect("a run");
        let failed: Vec<_> = run.failed.iter().map(|(event, _)| *event).collect();
        assert_eq!((run.applied, failed, run.cursor), (applied, vec![2], 0));
    }
    assert_eq!(world.auth.one(&dead).reasons, [RevocationCause::RecordRemoved]);
}

/// The cursor stands at the event, which is read again all the same.
#[test]
fn e6_another_event_at_the_cursor_is_told_and_the_cursor_stays() {
    let world = World::new();
    world.first_card(&taro());
    world.register.remove(&taro().code, Removal::Death, at(APPLIED)).expect("removed");
    assert_eq!(run(&world, APPLIED).cursor, 1);
    let (_, dead) = world.first_card(&kim());
    let register = EmbeddedRegister::in_memory(residents()).expect("residents");
    register.remove(&taro().code, Removal::Death, at(AFTER)).expect("removed");
    register.remove(&kim().code, Removal::Death, at(AFTER)).expect("removed");
    let window = world.window_over(Arc::new(register));
    for applied in [1, 0] {
        let run = run_over(&world, &window).expect("a run");
        let failed: Vec<_> = run.failed.iter().map(|(event, _)| *event).collect();
        assert_eq!((run.applied, failed, run.cursor), (applied, vec![1], 1));
    }
    assert_eq!(world.auth.one(&dead).reasons, [RevocationCause::RecordRemoved]);
}
