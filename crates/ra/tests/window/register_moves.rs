//! Moving out and moving in: thirty days, over restarts, each day of the edge.

use domain::certificate::StateName;
use domain::revocation::RevocationCause;
use jiff::civil::date;
use jitsuin_ra::register::Removal;
use store::reads::ReadWindows;

use crate::fixture::{World, at, form_with_card, hanako, omiya, password, taro};
use crate::register_link::run;

const NOTICE: &str = "2026-04-01T01:00:00Z";

/// Taro with a certificate of A, who gave notice to move out on 10 April 2026.
fn leaving() -> (World, domain::id::SerialNumber) {
    let world = World::new();
    let (_, serial) = world.first_card(&taro());
    world.register.move_out(&taro().code, date(2026, 4, 10), at(NOTICE)).expect("notice");
    (world, serial)
}

fn move_in(world: &World, moment: &str) {
    let saitama = omiya().municipality;
    let address = omiya().address;
    world.register.move_in(&taro().code, saitama, &address, at(moment)).expect("moved in");
}

#[test]
fn l8_a_ends_the_certificate_when_thirty_days_have_passed_and_not_a_second_before() {
    let cases = [
        ("2026-04-09T15:00:00Z", false), // 10 April, the planned day
        ("2026-05-08T15:00:00Z", false), // 9 May, day 29
        ("2026-05-10T14:59:59Z", false), // 10 May, the last second of day 30
        ("2026-05-10T15:00:00Z", true),  // 11 May, day 31
    ];
    for (moment, ends) in cases {
        let (world, serial) = leaving();
        let run = run(&world, moment);
        assert_eq!(run.open, usize::from(!ends), "{moment}");
        assert_eq!(run.revoked.len(), usize::from(ends), "{moment}");
        let expected: &[_] = if ends { &[RevocationCause::NotMovedIn] } else { &[] };
        assert_eq!(world.auth.one(&serial).reasons, expected, "{moment}");
    }
}

#[test]
fn l8_a_move_in_within_the_thirty_days_settles_it() {
    for (moved, settles) in [
        ("2026-04-10T03:00:00Z", true),
        ("2026-05-10T14:59:59Z", true),
        ("2026-05-10T15:00:00Z", false),
    ] {
        let (world, serial) = leaving();
        move_in(&world, moved);
        let run = run(&world, "2026-06-01T03:00:00Z");
        assert_eq!((run.open, run.failed.len()), (0, 0));
        let expected = if settles { StateName::Good } else { StateName::Revoked };
        assert_eq!(world.state_at_auth(&serial), expected, "{moved}");
    }
}

#[test]
fn l8_a_move_out_whose_days_run_is_remembered_while_other_events_go_on() {
    let (world, serial) = leaving();
    let (_, other) = world.first_card(&hanako());
    let day = |text: &str| format!("{text}T03:00:00Z");
    world.register.remove(&hanako().code, Removal::Death, at(&day("2026-04-02"))).expect("removed");
    let first = run(&world, &day("2026-04-02"));
    assert_eq!((first.applied, first.open, first.cursor), (1, 1, 0));
    assert_eq!(world.auth.one(&other).reasons, [RevocationCause::RecordRemoved]);
    assert_eq!(world.store.register_cursor().expect("a read"), 0, "before the open move-out");
    let second = run(&world, &day("2026-04-20"));
    assert_eq!((second.applied, second.open), (0, 1), "the death is not applied again");
    let third = run(&world, &day("2026-05-11"));
    assert_eq!((third.applied, third.open, third.cursor), (1, 0, 2));
    assert_eq!(world.auth.one(&serial).reasons, [RevocationCause::NotMovedIn]);
    assert_eq!(world.store.register_cursor().expect("a read"), 2);
}

#[test]
fn l8_s_knows_no_move_out_but_the_address_that_changes_with_the_move_in() {
    let (world, _) = leaving();
    let card = world.store.cards_of(&taro().code).expect("a read").remove(0).id;
    let on_card = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let (_, sign) = world.delivered(&on_card, password());
    run(&world, "2026-05-20T03:00:00Z");
    assert_eq!(world.state_at_sign(&sign), StateName::Good);
    move_in(&world, "2026-05-21T03:00:00Z");
    run(&world, "2026-05-21T04:00:00Z");
    assert_eq!(world.sign.one(&sign).reasons, [RevocationCause::AttributesChanged]);
}

#[test]
fn l8_who_moves_in_late_keeps_the_certificate_issued_since() {
    let (world, older) = leaving();
    move_in(&world, "2026-05-12T03:00:00Z");
    let resident = domain::resident::Resident { code: taro().code, ..omiya() };
    let clerk = || crate::fixture::clerk("clerk-o", "11100");
    let act = |moment: &str| domain::act::Act { at: at(moment), ..world.act_of(clerk()) };
    let moment = "2026-05-13T03:00:00Z";
    let form = jitsuin_ra::form::ReceivedForm {
        municipality: "11100".into(),
        ..crate::fixture::form(&resident, "jpki-auth", "issue-with-card")
    };
    let id = world.window.applications().receive(&act(moment), &form).expect("received");
    let seen = crate::fixture::evidence(&[domain::identity::Evidence::PhotoDocument]);
    world.window.applications().verify(&act(moment), &id, &seen).expect("verified");
    let newer = world.window.card_counter().issue(&act(moment), &id, None).expect("issued").serial;
    let run = run(&world, "2026-05-14T03:00:00Z");
    assert_eq!(run.revoked.len(), 1);
    assert_eq!(world.auth.one(&older).reasons, [RevocationCause::NotMovedIn]);
    assert_eq!(world.state_at_auth(&newer), StateName::Undelivered);
}
