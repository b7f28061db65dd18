//! What the register's events do to certificates at each CA.

use domain::act::{Act, Actor};
use domain::certificate::StateName;
use domain::id::SerialNumber;
use domain::journal::EventKind;
use domain::revocation::RevocationCause;
use jitsuin_ra::WindowError;
use jitsuin_ra::register::embedded::Correction;
use jitsuin_ra::register::{RegisterError, Removal};
use jitsuin_ra::window::RegisterRun;
use store::reads::ReadWindows;
use store::{Change, Entry, Store, Unit};

use crate::fixture::cut::When;
use crate::fixture::{AUTH, SIGN, World, at, form, form_with_card, hanako, password, taro};

const LATER: &str = "2026-04-02T03:00:00Z";

/// One run of the link at a moment.
pub(crate) fn run(world: &World, moment: &str) -> RegisterRun {
    world.window.register_link().apply_events(&system(world, moment)).expect("a run")
}

pub(crate) fn system(world: &World, moment: &str) -> Act {
    let actor = Actor::System("register-link".parse().expect("an id"));
    Act { at: at(moment), ..world.act_of(actor) }
}

/// Taro with a certificate of each CA.
fn both(world: &World) -> (SerialNumber, SerialNumber) {
    let (card, auth) = world.first_card(&taro());
    let on_card = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    (auth, world.delivered(&on_card, password()).1)
}

fn to(address: &str) -> Correction {
    Correction { address: Some(address.into()), ..Correction::default() }
}

#[test]
fn l8_a_removed_record_ends_everything_undelivered_ones_too() {
    for removal in Removal::ALL {
        let world = World::new();
        let (auth, sign) = both(&world);
        let (_, _, undelivered) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
        world.register.remove(&taro().code, removal, at(LATER)).expect("removed");
        let run = run(&world, LATER);
        assert_eq!((run.applied, run.revoked.len(), run.cursor), (1, 3, 1));
        for serial in [auth, undelivered] {
            assert_eq!(world.auth.one(&serial).reasons, [RevocationCause::RecordRemoved]);
        }
        assert_eq!(world.sign.one(&sign).reasons, [RevocationCause::RecordRemoved]);
        assert_eq!(world.store.register_cursor().expect("a read"), 1);
    }
}

#[test]
fn l8_a_change_of_the_four_attributes_ends_the_certificate_that_carries_them() {
    let changes = [
        to("埼玉県川口市青木三丁目１番１号"),
        Correction { family_name: Some("大宮".into()), ..Correction::default() },
        Correction {
            birth_date: Some("1980-01-03".parse().expect("a date")),
            ..to(&taro().address)
        },
        Correction { gender: Some(domain::resident::Gender::Unknown), ..Correction::default() },
    ];
    for change in changes {
        let world = World::new();
        let (auth, sign) = both(&world);
        world.register.correct(&taro().code, change, at(LATER)).expect("changed");
        run(&world, LATER);
        assert_eq!(world.state_at_auth(&auth), StateName::Good, "A certifies no attributes");
        assert_eq!(world.sign.one(&sign).reasons, [RevocationCause::AttributesChanged]);
    }
}

#[test]
fn l8_a_recording_error_ends_both() {
    let world = World::new();
    let (auth, sign) = both(&world);
    world.register.declare_error(&taro().code, at(LATER)).expect("declared");
    run(&world, LATER);
    assert_eq!(world.auth.one(&auth).reasons, [RevocationCause::RecordingError]);
    assert_eq!(world.sign.one(&sign).reasons, [RevocationCause::RecordingError]);
}

#[test]
fn l8_a_certificate_issued_after_the_change_for_what_is_true_now_stays() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let new_address = "埼玉県川口市青木三丁目１番１号";
    world.register.correct(&taro().code, to(new_address), at("2026-03-31T00:00:00Z")).expect("ok");
    let moved = domain::resident::Resident { address: new_address.into(), ..taro() };
    let on_card = form_with_card(&moved, "saitama-sign", "issue-on-card", &card);
    let (_, sign) = world.delivered(&on_card, password());
    let run = run(&world, LATER);
    assert_eq!((run.applied, run.revoked.len()), (1, 0));
    assert_eq!(world.state_at_sign(&sign), StateName::Good);
}

#[test]
fn l8_an_event_is_applied_once_and_over_again_changes_nothing() {
    let world = World::new();
    let (_, sign) = both(&world);
    let address = "埼玉県川口市青木三丁目１番１号";
    world.register.correct(&taro().code, to(address), at(LATER)).expect("changed");
    assert_eq!(run(&world, LATER).applied, 1);
    let before = world.journal().len();
    let second = run(&world, LATER);
    assert_eq!((second.applied, second.cursor), (0, 1));
    assert_eq!(world.journal().len(), before, "nothing happened, nothing is told");
    assert_eq!(world.sign.one(&sign).reasons.len(), 1);
}

#[test]
fn l8_a_run_cut_anywhere_is_healed_by_the_next() {
    for when in [When::Before, When::After] {
        for effect in 0..6 {
            let world = World::new();
            let (auth, sign) = both(&world);
            let address = "埼玉県川口市青木三丁目１番１号";
            world.register.correct(&taro().code, to(address), at(LATER)).expect("changed");
            world.register.remove(&taro().code, Removal::Death, at(LATER)).expect("removed");
            world.cut.plan(effect, when);
            let broken = world.window.register_link().apply_events(&system(&world, LATER));
            assert_eq!(broken.is_err(), world.cut.lift(), "effect {effect}");
            let next = run(&world, LATER);
            assert_eq!(next.cursor, 2, "effect {effect} {when:?}");
            assert_eq!(world.store.register_cursor().expect("a read"), 2);
            assert_eq!(world.auth.one(&auth).reasons, [RevocationCause::RecordRemoved]);
            assert_eq!(world.sign.one(&sign).reasons, [RevocationCause::AttributesChanged]);
        }
    }
}

#[test]
fn l8_what_a_ca_refuses_is_told_and_tried_again_and_holds_nothing_up() {
    let row = "cause = \"attributes-changed\"\nreason = 3\nrequested_by = [\"mayor\"]";
    let sign = SIGN.replace(row, &row.replace("mayor", "authority"));
    assert_ne!(sign, SIGN);
    let world = World::with_policies(AUTH, &sign);
    let (_, serial) = both(&world);
    let (_, other) = world.first_card(&hanako());
    let address = "埼玉県川口市青木三丁目１番１号";
    world.register.correct(&taro().code, to(address), at(LATER)).expect("changed");
    world.register.remove(&hanako().code, Removal::Death, at(LATER)).expect("removed");
    for expected in [1, 0] {
        let run = run(&world, LATER);
        assert_eq!((run.applied, run.failed.len(), run.cursor), (expected, 1, 0));
    }
    let refusals = world.journal().iter().filter(|e| e.contains("requester")).count();
    assert_eq!(refusals, 2);
    assert_eq!(world.state_at_sign(&serial), StateName::Good);
    assert_eq!(world.auth.one(&other).reasons, [RevocationCause::RecordRemoved]);
}

#[test]
fn l8_the_run_belongs_to_the_system_and_needs_the_register() {
    let world = World::new();
    let refused = world.window.register_link().apply_events(&world.act());
    assert!(matches!(refused, Err(WindowError::NotPermitted(_))), "{refused:?}");
    world.expect_refusal(EventKind::AccessRefused, "applied by the system");
    world.register.set_available(false);
    let broken = world.window.register_link().apply_events(&system(&world, LATER));
    assert!(matches!(broken, Err(WindowError::Register(_))), "{broken:?}");
}

/// An older copy of the register, or one that lost its end, is followed no further.
#[test]
fn e6_a_register_that_is_older_than_the_cursor_is_an_error() {
    let world = World::new();
    both(&world);
    let address = "埼玉県川口市青木三丁目１番１号";
    world.register.correct(&taro().code, to(address), at(LATER)).expect("changed");
    run(&world, LATER);
    world.window.register_link().hold_register().expect("they agree");
    let older = World::new();
    let change = Change::SetRegisterCursor { from: 0, to: 4 };
    let entry = Entry::new(EventKind::RegisterEvent, &system(&older, LATER));
    older.store.commit(Unit::new(entry).change(change)).expect("further than the register");
    older.register.remove(&taro().code, Removal::Death, at(LATER)).expect("removed");
    for outcome in [
        older.window.register_link().hold_register().map(|()| RegisterRun::default()),
        older.window.register_link().apply_events(&system(&older, LATER)),
    ] {
        let behind = WindowError::Register(RegisterError::Behind(4)).to_string();
        assert_eq!(outcome.expect_err("it is behind").to_string(), behind);
    }
    assert_eq!(older.store.register_cursor().expect("a read"), 4);
}
