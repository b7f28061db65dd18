//! Holds by phone, and their release at the window.

use domain::act::{Act, Actor};
use domain::certificate::StateName;
use domain::identity::Evidence;
use domain::journal::EventKind;
use domain::resident::BasicFour;
use jitsuin_ra::register::embedded::Correction;
use jitsuin_ra::window::PhoneHold;
use jitsuin_ra::{Result, WindowError};

use crate::fixture::cut::When;
use crate::fixture::{World, at, evidence, form, form_with_card, hanako, kim, password, taro};

fn agent() -> Actor {
    Actor::CallCentreAgent("agent-1".parse().expect("an id"))
}

fn hold(world: &World, asked: &BasicFour) -> Result<PhoneHold> {
    world.window.call_centre().hold_by_phone(&world.act_of(agent()), asked)
}

#[test]
fn l10_the_four_attributes_hold_what_may_be_held_and_s_refuses_by_clause() {
    let world = World::new();
    let (card, auth) = world.first_card(&taro());
    let on_card = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let (_, sign) = world.delivered(&on_card, password());
    let held = hold(&world, &taro().basic_four()).expect("held");
    assert_eq!(held.held, [("jpki-auth".parse().expect("an id"), auth)]);
    let rule = "saitama-sign knows no hold (S 4-4-5)".to_owned();
    assert_eq!(held.refused, [("saitama-sign".parse().expect("an id"), rule)]);
    assert_eq!(world.state_at_auth(&auth), StateName::Held);
    assert_eq!(world.state_at_sign(&sign), StateName::Good);
    let entry = world.journal().pop().expect("an entry");
    assert!(entry.contains("S 4-4-5") && !entry.contains("川口　太郎"), "{entry}");
}

#[test]
fn l10_where_only_s_has_a_certificate_the_call_is_refused() {
    let world = World::new();
    let (card, auth) = world.first_card(&taro());
    let on_card = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    world.delivered(&on_card, password());
    let revocation = jitsuin_ra::form::ReceivedForm {
        cause: "use-ended".into(),
        ..form(&taro(), "jpki-auth", "revocation")
    };
    let id = world.verified(&revocation);
    world.window.applications().complete(&world.act(), &id).expect("revoked");
    let refused = hold(&world, &taro().basic_four()).expect_err("S knows none").to_string();
    assert!(refused.contains("S 4-4-5"), "{refused}");
    world.expect_refusal(EventKind::CertificateHeld, "S 4-4-5");
    assert_eq!(world.state_at_auth(&auth), StateName::Revoked);
}

#[test]
fn l10_not_exactly_one_resident_is_refused() {
    let world = World::new();
    let (_, serial) = world.first_card(&taro());
    let wrong = BasicFour { address: "埼玉県川口市".into(), ..taro().basic_four() };
    assert!(hold(&world, &wrong).expect_err("nobody").to_string().contains("no resident"));
    world.expect_refusal(EventKind::CertificateHeld, "no resident answers");
    let twin = Correction {
        family_name: Some(taro().family_name),
        given_name: Some(taro().given_name),
        address: Some(taro().address),
        birth_date: Some(taro().birth_date),
        gender: Some(taro().gender),
        ..Correction::default()
    };
    world.register.correct(&hanako().code, twin, at("2026-04-01T00:00:00Z")).expect("a twin");
    let refused = hold(&world, &taro().basic_four()).expect_err("two").to_string();
    assert!(refused.contains("more than one"), "{refused}");
    let none = hold(&world, &kim().basic_four()).expect_err("no certificate").to_string();
    assert!(none.contains("no certificate in force"), "{none}");
    assert_eq!(world.state_at_auth(&serial), StateName::Good);
}

#[test]
fn l10_only_the_call_centre_takes_a_hold() {
    let world = World::new();
    world.first_card(&taro());
    let refused = world.window.call_centre().hold_by_phone(&world.act(), &taro().basic_four());
    assert!(matches!(refused, Err(WindowError::NotPermitted(_))), "{refused:?}");
    world.expect_refusal(EventKind::AccessRefused, "A 4.9.15");
}

#[test]
fn l10_a_hold_cut_anywhere_is_healed_by_repeating_it() {
    for when in [When::Before, When::After] {
        for effect in 0..2 {
            let world = World::new();
            let (_, serial) = world.first_card(&taro());
            let act: Act = world.act_of(agent());
            world.cut.plan(effect, when);
            assert!(world.window.call_centre().hold_by_phone(&act, &taro().basic_four()).is_err());
            assert!(world.cut.lift());
            let first = world
                .window
                .call_centre()
                .hold_by_phone(&act, &taro().basic_four())
                .expect("healed");
            let second = world
                .window
                .call_centre()
                .hold_by_phone(&act, &taro().basic_four())
                .expect("again");
            assert_eq!((first.held.len(), &first), (1, &second));
            assert_eq!(world.state_at_auth(&serial), StateName::Held);
        }
    }
}

#[test]
fn l10_hold_is_released_only_at_the_window_after_an_identity_check() {
    let world = World::new();
    let (_, serial) = world.first_card(&taro());
    let release = form(&taro(), "jpki-auth", "hold-release");
    let id = world.receive(&release);
    let seen = evidence(&[Evidence::PhotoDocument]);
    let refused = world
        .window
        .applications()
        .verify(&world.act(), &id, &seen)
        .expect_err("not held")
        .to_string();
    assert!(refused.contains("none on hold"), "{refused}");
    hold(&world, &taro().basic_four()).expect("held");
    let refused =
        world.window.applications().complete(&world.act(), &id).expect_err("unchecked").to_string();
    assert!(refused.contains("received"), "{refused}");
    assert!(
        world.window.applications().verify(&world.act(), &id, &evidence(&[])).is_err(),
        "no document"
    );
    world.window.applications().verify(&world.act(), &id, &seen).expect("checked");
    assert_eq!(world.state_at_auth(&serial), StateName::Held);
    let by_phone = world.window.applications().complete(&world.act_of(agent()), &id);
    assert!(matches!(by_phone, Err(WindowError::NotPermitted(_))), "{by_phone:?}");
    let receipt = world.window.applications().complete(&world.act(), &id).expect("released");
    assert!(receipt.text.contains("一時保留"), "{}", receipt.text);
    assert_eq!(world.state_at_auth(&serial), StateName::Good);
}

#[test]
fn l10_a_release_cut_anywhere_is_healed_by_repeating_it() {
    for when in [When::Before, When::After] {
        for effect in 0..2 {
            let world = World::new();
            let (_, serial) = world.first_card(&taro());
            hold(&world, &taro().basic_four()).expect("held");
            let id = world.verified(&form(&taro(), "jpki-auth", "hold-release"));
            let act = world.act();
            world.cut.plan(effect, when);
            assert!(world.window.applications().complete(&act, &id).is_err());
            assert!(world.cut.lift());
            world.window.applications().complete(&act, &id).expect("healed");
            assert_eq!(world.state_at_auth(&serial), StateName::Good);
        }
    }
}
