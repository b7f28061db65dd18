//! Cut off at every effect on store and CA, before and after it, and repeated: the end is the same.

use card::{CardSlot, HolderSecrets, LifeState};
use domain::application::ApplicationState;
use domain::certificate::StateName;
use domain::id::{ApplicationId, CardId, SerialNumber};
use domain::journal::EventKind;
use jitsuin_ra::WindowError;
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::window::CardPlace;

use crate::fixture::cut::When;
use crate::fixture::healing::{Healing, at_every_cut};
use crate::fixture::{World, form, form_with_card, password, pin, taro};

fn state(world: &World, id: &ApplicationId) -> ApplicationState {
    world.window.applications().find(&world.act().actor, id).expect("there").state
}

fn with_card() -> ReceivedForm {
    form(&taro(), "jpki-auth", "issue-with-card")
}

/// An issue of A: four commands to open the card, its binding, the CA, what is loaded, the proof,
/// the CA's confirmation, the office's record.
const ISSUE_OF_A: usize = 10;

/// An issue of S: the same, and the key, its public half, its entry, and the proof for the CA.
const ISSUE_OF_S: usize = 14;

/// A delivery: four commands to open the card, the proof, the CA, the office's record; and one for
/// the secret, if one is set, and one for the delivery itself.
const FIRST_DELIVERY: usize = 9;
const RENEWAL_DELIVERY: usize = 8;

fn check_issue_with_a_card(world: &World, id: &ApplicationId) {
    let issued = world.window.applications().find(&world.act().actor, id).expect("there");
    let issued = issued.record.issued.expect("issued");
    assert_eq!(world.state_at_auth(&issued.serial), StateName::Undelivered);
    let undelivered = world.auth.all().iter().filter(|held| held.summary.is_undelivered()).count();
    assert_eq!(undelivered, 1, "no second certificate is left behind");
    assert_eq!(world.auth.confirmed().last(), Some(&issued.serial), "the card has spoken");
    world.expect_agreement(&issued.card);
    world.window.card_counter().deliver(&world.act(), id, pin(), None).expect("delivered");
    assert!(world.card(&issued.card).certificates(CardSlot::Authentication).is_ok());
    expect_in_force(world, &issued.card, &issued.serial);
}

/// Exactly one certificate of the CA of `serial` is in force: this one, and the card agrees.
fn expect_in_force(world: &World, card: &CardId, serial: &SerialNumber) {
    world.expect_agreement(card);
    let all = [world.auth.all(), world.sign.all()];
    let own = all.iter().find(|all| all.iter().any(|held| held.summary.serial == *serial));
    let in_force = own.expect("a CA's").iter().filter(|held| held.summary.state.is_in_force());
    let in_force: Vec<_> = in_force.map(|held| held.summary.serial).collect();
    assert_eq!(in_force, [*serial]);
}

#[test]
fn l1_an_issue_with_a_card_cut_anywhere_is_healed_by_repeating_it() {
    at_every_cut(
        ISSUE_OF_A,
        Healing::Repetition,
        |world| world.verified(&with_card()),
        |world, act, id| world.window.card_counter().issue(act, id, None).map(drop),
        check_issue_with_a_card,
    );
}

#[test]
fn l1_an_issue_with_a_card_cut_anywhere_is_healed_by_reconciling_it() {
    at_every_cut(
        ISSUE_OF_A,
        Healing::Reconciliation,
        |world| world.verified(&with_card()),
        |world, act, id| world.window.card_counter().issue(act, id, None).map(drop),
        check_issue_with_a_card,
    );
}

fn issue_for_a_holder_s_key(healing: Healing) {
    at_every_cut(
        ISSUE_OF_S,
        healing,
        |world| {
            let (card, _) = world.first_card(&taro());
            let form = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
            (world.verified(&form), card)
        },
        |world, act, (id, _)| world.window.card_counter().issue(act, id, None).map(drop),
        |world, (id, card)| {
            assert_eq!(world.sign.all().len(), 1);
            let secrets = password();
            let serial = world
                .window
                .card_counter()
                .deliver(&world.act(), id, secrets, None)
                .expect("delivered");
            assert_eq!(world.state_at_sign(&serial), StateName::Good);
            expect_in_force(world, card, &serial);
        },
    );
}

#[test]
fn l2_an_issue_for_a_holder_s_key_cut_anywhere_certifies_that_key_once() {
    issue_for_a_holder_s_key(Healing::Repetition);
}

#[test]
fn l2_an_issue_for_a_holder_s_key_cut_anywhere_is_healed_by_reconciling_it() {
    issue_for_a_holder_s_key(Healing::Reconciliation);
}

fn issue_of_a_renewal(healing: Healing) {
    at_every_cut(
        ISSUE_OF_A,
        healing,
        |world| {
            let (card, older) = world.first_card(&taro());
            let form = form_with_card(&taro(), "jpki-auth", "renewal", &card);
            (world.verified(&form), card, older)
        },
        |world, act, (id, ..)| world.window.card_counter().issue(act, id, None).map(drop),
        |world, (id, card, older)| {
            expect_in_force(world, card, older);
            let secrets = HolderSecrets::default();
            let newer = world
                .window
                .card_counter()
                .deliver(&world.act(), id, secrets, None)
                .expect("delivered");
            expect_in_force(world, card, &newer);
        },
    );
}

#[test]
fn l6_an_issue_of_a_renewal_cut_anywhere_is_healed_by_repeating_it() {
    issue_of_a_renewal(Healing::Repetition);
}

#[test]
fn l6_an_issue_of_a_renewal_cut_anywhere_is_healed_by_reconciling_it() {
    issue_of_a_renewal(Healing::Reconciliation);
}

fn delivery_of_a_first_card(healing: Healing) {
    at_every_cut(
        FIRST_DELIVERY,
        healing,
        |world| {
            let (_, older) = world.first_card(&taro());
            (world.issued(&with_card()), older)
        },
        |world, act, ((id, _, _), _)| {
            world.window.card_counter().deliver(act, id, pin(), None).map(drop)
        },
        |world, ((id, card, newer), older)| {
            assert_eq!(state(world, id), ApplicationState::Completed);
            assert_eq!(world.card(card).life(), LifeState::Delivered);
            assert_eq!(world.state_at_auth(older), StateName::Revoked);
            assert_eq!(world.auth.one(older).reasons.len(), 1);
            assert!(world.card(card).sign(CardSlot::Authentication, "1234", b"x").is_ok());
            expect_in_force(world, card, newer);
        },
    );
}

#[test]
fn l1_a_delivery_cut_anywhere_ends_the_older_once_and_the_newer_is_in_force() {
    delivery_of_a_first_card(Healing::Repetition);
}

#[test]
fn l1_a_delivery_cut_anywhere_is_healed_by_reconciling_it() {
    delivery_of_a_first_card(Healing::Reconciliation);
}

fn delivery_of_s(healing: Healing) {
    at_every_cut(
        FIRST_DELIVERY,
        healing,
        |world| {
            let (card, _) = world.first_card(&taro());
            world.issued(&form_with_card(&taro(), "saitama-sign", "issue-on-card", &card))
        },
        |world, act, (id, ..)| {
            world.window.card_counter().deliver(act, id, password(), None).map(drop)
        },
        |world, (id, card, serial)| {
            assert_eq!(state(world, id), ApplicationState::Completed);
            assert!(world.card(card).sign(CardSlot::Signature, "SECRET99", b"x").is_ok());
            expect_in_force(world, card, serial);
        },
    );
}

#[test]
fn l2_a_delivery_onto_a_delivered_card_cut_anywhere_is_healed_by_repeating_it() {
    delivery_of_s(Healing::Repetition);
}

#[test]
fn l2_a_delivery_onto_a_delivered_card_cut_anywhere_is_healed_by_reconciling_it() {
    delivery_of_s(Healing::Reconciliation);
}

fn delivery_of_a_renewal(healing: Healing) {
    at_every_cut(
        RENEWAL_DELIVERY,
        healing,
        |world| {
            let (card, _) = world.first_card(&taro());
            world.issued(&form_with_card(&taro(), "jpki-auth", "renewal", &card))
        },
        |world, act, (id, ..)| {
            world.window.card_counter().deliver(act, id, HolderSecrets::default(), None).map(drop)
        },
        |world, (id, card, serial)| {
            assert_eq!(state(world, id), ApplicationState::Completed);
            assert!(world.card(card).sign(CardSlot::Authentication, "1234", b"x").is_ok());
            expect_in_force(world, card, serial);
        },
    );
}

#[test]
fn l6_a_delivery_of_a_renewal_cut_anywhere_is_healed_by_repeating_it() {
    delivery_of_a_renewal(Healing::Repetition);
}

#[test]
fn l6_a_delivery_of_a_renewal_cut_anywhere_is_healed_by_reconciling_it() {
    delivery_of_a_renewal(Healing::Reconciliation);
}

fn discard(healing: Healing) {
    at_every_cut(
        8,
        healing,
        |world| world.issued(&with_card()),
        |world, act, (id, _, _)| world.window.card_counter().discard(act, id, CardPlace::default()),
        |world, (id, card, serial)| {
            assert_eq!(state(world, id), ApplicationState::Withdrawn);
            assert_eq!(world.card(card).life(), LifeState::Destroyed);
            assert_eq!(world.state_at_auth(serial), StateName::Revoked);
        },
    );
}

#[test]
fn l11_a_discard_cut_anywhere_destroys_card_and_certificate() {
    discard(Healing::Repetition);
}

#[test]
fn l11_a_discard_cut_anywhere_is_healed_by_reconciling_it() {
    discard(Healing::Reconciliation);
}

#[test]
fn l7_a_revocation_cut_anywhere_revokes_once_and_prints_its_receipt() {
    at_every_cut(
        2,
        Healing::Repetition,
        |world| {
            let (_, serial) = world.first_card(&taro());
            let form = ReceivedForm {
                cause: "key-compromised".into(),
                ..form(&taro(), "jpki-auth", "revocation")
            };
            (world.verified(&form), serial)
        },
        |world, act, (id, serial)| {
            let receipt = world.window.applications().complete(act, id)?;
            assert!(receipt.text.contains(&serial.to_string()));
            Ok(())
        },
        |world, (id, serial)| {
            assert_eq!(state(world, id), ApplicationState::Completed);
            assert_eq!(world.auth.one(serial).reasons.len(), 1);
        },
    );
}

#[test]
fn l4_a_receipt_of_a_form_cut_anywhere_takes_in_one_application() {
    at_every_cut(
        1,
        Healing::Repetition,
        |_| (),
        |world, act, ()| world.window.applications().receive(act, &with_card()).map(drop),
        |world, ()| {
            let list = world
                .window
                .applications()
                .list(&world.act().actor, None, None, 10)
                .expect("a list")
                .rows;
            assert_eq!(list.len(), 1);
        },
    );
}

/// An issue that stopped after the CA, when the applicant then goes away.
fn stopped_after_the_ca(world: &World) -> (ApplicationId, CardId) {
    let (card, _) = world.first_card(&taro());
    let form = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let id = world.verified(&form);
    world.cut.plan_named("issue", When::After);
    assert!(world.window.card_counter().issue(&world.act(), &id, None).is_err());
    assert!(world.cut.lift());
    (id, card)
}

#[test]
fn l11_what_a_cut_left_behind_ends_with_the_application() {
    let world = World::new();
    let (id, card) = stopped_after_the_ca(&world);
    assert_eq!(state(&world, &id), ApplicationState::Verified);
    assert!(world.sign.all()[0].summary.is_undelivered());
    world
        .window
        .card_counter()
        .withdraw(&world.act(), &id, CardPlace::default())
        .expect("withdrawn");
    assert_eq!(world.sign.all()[0].summary.state.name(), StateName::Revoked);
    assert_eq!(world.card(&card).loading_public_key(CardSlot::Signature), Ok(None));
    let again = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let (_, serial) = world.delivered(&again, password());
    assert_eq!(world.state_at_sign(&serial), StateName::Good);
}

#[test]
fn l1_a_cut_issue_is_not_overtaken_by_another_application() {
    let world = World::new();
    let (first, card) = stopped_after_the_ca(&world);
    let second = world.verified(&form_with_card(&taro(), "saitama-sign", "issue-on-card", &card));
    let refused = world
        .window
        .card_counter()
        .issue(&world.act(), &second, None)
        .expect_err("first things first");
    assert!(refused.to_string().contains("waits for delivery"), "{refused}");
    world
        .window
        .card_counter()
        .issue(&world.act(), &first, None)
        .expect("under a new operation id as well");
    world.window.card_counter().deliver(&world.act(), &first, password(), None).expect("delivered");
    assert_eq!(world.sign.all().len(), 1);
}

#[test]
fn l11_a_delivery_the_ca_carried_out_cannot_be_discarded() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let form = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let (id, _, serial) = world.issued(&form);
    world.cut.plan_named("deliver", When::After);
    assert!(world.window.card_counter().deliver(&world.act(), &id, password(), None).is_err());
    assert!(world.cut.lift());
    let refused = world
        .window
        .card_counter()
        .discard(&world.act(), &id, CardPlace::default())
        .expect_err("it is in force");
    assert!(refused.to_string().contains("repeat the delivery"), "{refused}");
    assert_eq!(world.state_at_sign(&serial), StateName::Good);
    world.window.card_counter().deliver(&world.act(), &id, password(), None).expect("delivered");
    assert!(
        world
            .window
            .card_counter()
            .deliver(&world.act(), &id, HolderSecrets::default(), None)
            .is_err()
    );
}

#[test]
fn e1_a_refusal_that_cannot_be_journaled_is_no_answer() {
    let world = World::new();
    let id = world.receive(&with_card());
    world.cut.plan(0, When::Before);
    let broken =
        world.window.card_counter().issue(&world.act(), &id, None).expect_err("not verified");
    assert!(matches!(broken, WindowError::Store(_)), "{broken}");
    world.cut.lift();
    world.window.card_counter().issue(&world.act(), &id, None).expect_err("not verified");
    world.expect_refusal(EventKind::ApplicationIssued, "received");
}
