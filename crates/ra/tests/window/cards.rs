//! What may lie on a reader and must not be written to, and what becomes of a reader that fails.

use card::{Card, CardKeys, CardNumber, HolderSecrets, LifeState, TransportKey};
use domain::application::ApplicationState;
use domain::certificate::StateName;
use domain::id::{ApplicationId, CardId};
use domain::journal::EventKind;
use jitsuin_ra::WindowError;
use jitsuin_ra::readers::Wanted;
use jitsuin_ra::window::{CardPlace, Handover, Mended, Mending};
use store::reads::ReadWindows;

use crate::fixture::cards::card_keys;
use crate::fixture::cut::When;
use crate::fixture::{World, form, form_with_card, hanako, password, pin, taro};

fn blank(digit: u8) -> Card {
    let number = CardNumber([digit; 10]);
    Card::make(number, card_keys(number))
}

fn verified(world: &World) -> ApplicationId {
    world.verified(&form(&taro(), "jpki-auth", "issue-with-card"))
}

/// Issue is refused for what lies on the reader, journaled, and nothing is bound or written.
fn expect_refused(world: &World, id: &ApplicationId, lying: Card, rule: &str) {
    world.readers.lay(Some(lying));
    expect_lying_refused(world, id, rule);
}

/// The same of what was laid there before.
fn expect_lying_refused(world: &World, id: &ApplicationId, rule: &str) {
    let before = format!("{:?}", world.readers.lying());
    let refused =
        world.window.card_counter().issue(&world.act(), id, None).expect_err(rule).to_string();
    assert!(refused.contains(rule), "{refused}");
    world.expect_refusal(EventKind::ApplicationIssued, rule);
    assert_eq!(format!("{:?}", world.readers.lying()), before);
    world.readers.lay(None);
    let application = world.window.applications().find(&world.act().actor, id).expect("there");
    assert_eq!((application.state, application.record.card), (ApplicationState::Verified, None));
}

#[test]
fn c1_a_card_whose_keys_do_not_fit_is_refused() {
    let world = World::new();
    let id = verified(&world);
    let stolen =
        CardKeys { transport: TransportKey::new(&[1; 32]), ..card_keys(CardNumber([1; 10])) };
    let forged = Card::make(CardNumber([2; 10]), stolen);
    expect_refused(&world, &id, forged, "not authentic");
}

#[test]
fn c1_a_destroyed_card_is_refused() {
    let world = World::new();
    let id = verified(&world);
    let mut destroyed = blank(1);
    destroyed.destroy().expect("destroyed");
    expect_refused(&world, &id, destroyed, "the card is destroyed");
}

#[test]
fn c1_a_card_personalised_already_is_refused_where_a_blank_one_is_needed() {
    let world = World::new();
    let id = verified(&world);
    let (others, _) = world.first_card(&hanako());
    world.readers.lay_own(&others);
    expect_lying_refused(&world, &id, "was made out before");
    // The office does not know this one, but it is not blank.
    let elsewhere = World::new();
    let (personalised, _) = elsewhere.first_card(&hanako());
    let unknown = elsewhere.card(&personalised);
    expect_refused(&world_without(&personalised), &id_of(&world), unknown, "personalised already");
}

/// A world that has not made this card out.
fn world_without(card: &CardId) -> World {
    let world = World::new();
    assert_eq!(world.store.card(card).expect("a read"), None);
    verified(&world);
    world
}

/// The id of the first application of every world is the same: it follows from the operation's.
fn id_of(_world: &World) -> ApplicationId {
    let world = World::new();
    verified(&world)
}

#[test]
fn l2_another_card_than_the_one_that_was_brought_is_refused() {
    let world = World::new();
    let (own, _) = world.first_card(&taro());
    let (others, _) = world.first_card(&hanako());
    let renewal = form_with_card(&taro(), "jpki-auth", "renewal", &own);
    let id = world.verified(&renewal);
    world.readers.lay_own(&others);
    expect_lying_refused(&world, &id, "is meant");
    world.window.card_counter().issue(&world.act(), &id, None).expect("with the right card");
    world.readers.lay_own(&others);
    let none = HolderSecrets::default();
    let refused = world
        .window
        .card_counter()
        .deliver(&world.act(), &id, none, None)
        .expect_err("another card");
    assert!(refused.to_string().contains("is meant"), "{refused}");
    world.expect_refusal(EventKind::ApplicationCompleted, "is meant");
}

#[test]
fn l1_a_card_is_bound_to_one_application_from_before_the_first_write() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let first = world.verified(&form_with_card(&taro(), "jpki-auth", "renewal", &card));
    world.cut.plan_named("issue", When::Before);
    world.window.card_counter().issue(&world.act(), &first, None).expect_err("cut");
    assert!(world.cut.lift());
    let loading = world.record(&card).authentication.loading.expect("bound");
    assert_eq!((loading.application, loading.serial), (first.clone(), None));
    assert_eq!(world.card(&card).life(), LifeState::Delivered, "nothing was written yet");
    let second = world.verified(&form_with_card(&taro(), "jpki-auth", "renewal", &card));
    let refused =
        world.window.card_counter().issue(&world.act(), &second, None).expect_err("bound");
    assert!(refused.to_string().contains("bound to another application"), "{refused}");
    world
        .window
        .card_counter()
        .withdraw(&world.act(), &first, CardPlace::default())
        .expect("withdrawn");
    world.window.card_counter().issue(&world.act(), &second, None).expect("free again");
}

#[test]
fn l1_a_new_card_that_was_never_written_to_serves_another_applicant() {
    let world = World::new();
    let first = verified(&world);
    world.cut.plan_named("issue", When::Before);
    world.window.card_counter().issue(&world.act(), &first, None).expect_err("cut");
    assert!(world.cut.lift());
    let card = world.readers.ids().pop().expect("a card");
    world
        .window
        .card_counter()
        .withdraw(&world.act(), &first, CardPlace::default())
        .expect("withdrawn");
    assert_eq!(world.card(&card).life(), LifeState::Blank);
    world.expect_agreement(&card);
    let second = world.verified(&form(&hanako(), "jpki-auth", "issue-with-card"));
    world.readers.lay_own(&card);
    let issued = world.window.card_counter().issue(&world.act(), &second, None).expect("issued");
    assert_eq!((&issued.card, world.record(&card).holder), (&card, hanako().code));
    // One that was written to serves nobody else.
    world.readers.lay(None);
    let third = verified(&world);
    world.cut.plan_named("confirm", When::Before);
    world.window.card_counter().issue(&world.act(), &third, None).expect_err("cut");
    assert!(world.cut.lift());
    let card = world.readers.ids().pop().expect("a card");
    world
        .window
        .card_counter()
        .withdraw(&world.act(), &third, CardPlace::default())
        .expect("withdrawn");
    assert_eq!(world.card(&card).life(), LifeState::Destroyed);
}

#[test]
fn l1_a_reader_that_fails_is_no_refusal_and_changes_nothing() {
    let world = World::new();
    let id = verified(&world);
    let entries = world.journal().len();
    world.cut.plan_named("card", When::Before);
    let broken = world.window.card_counter().issue(&world.act(), &id, None).expect_err("no card");
    assert!(world.cut.lift());
    assert!(matches!(broken, WindowError::Card(_)), "{broken}");
    assert_eq!(world.journal().len(), entries, "nothing to journal");
    let nowhere = form_with_card(&taro(), "saitama-sign", "issue-on-card", blank(9).id());
    let unknown = world.verified(&nowhere);
    let refused =
        world.window.card_counter().issue(&world.act(), &unknown, None).expect_err("no such card");
    assert!(matches!(refused, WindowError::Unknown { field: "card" }), "{refused}");
}

#[test]
fn k5_the_wrapped_key_is_gone_once_the_card_has_proven_itself() {
    let world = World::new();
    let act = world.act();
    let id = verified(&world);
    let issued = world.window.card_counter().issue(&act, &id, None).expect("issued");
    assert_eq!(world.auth.confirmed(), [issued.serial], "the CA heard it from the card");
    let told = world.journal();
    let entry = told.iter().find(|entry| entry.contains("application-issued")).expect("an entry");
    assert!(entry.contains("the wrapped key, at the window"), "{entry}");
}

#[test]
fn l11_what_was_given_up_without_its_card_ends_when_the_card_turns_up() {
    let world = World::new();
    let (new, card, serial) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    world.window.card_counter().discard(&world.act(), &new, CardPlace::Absent).expect("given up");
    assert_eq!(world.state_at_auth(&serial), StateName::Revoked);
    assert_eq!(world.card(&card).life(), LifeState::Unusable, "nobody has seen the card");
    let wanted = Wanted::card(&card, None);
    let shown = world
        .window
        .reconciler()
        .reconcile(&world.act(), &wanted, Mending::ShowOnly)
        .expect("shown");
    assert_eq!(shown.findings[0].outcome, Mended::Shown);
    assert_eq!(world.card(&card).life(), LifeState::Unusable, "only shown");
    let mended =
        world.window.reconciler().reconcile(&world.act(), &wanted, Mending::Mend).expect("mended");
    assert_eq!(mended.findings[0].outcome, Mended::Done);
    assert_eq!(world.card(&card).life(), LifeState::Destroyed);
    world.expect_agreement(&card);

    let (own, _) = world.first_card(&hanako());
    let (renewal, ..) = world.issued(&form_with_card(&hanako(), "jpki-auth", "renewal", &own));
    world
        .window
        .card_counter()
        .discard(&world.act(), &renewal, CardPlace::Absent)
        .expect("given up");
    let wanted = Wanted::card(&own, None);
    let mended =
        world.window.reconciler().reconcile(&world.act(), &wanted, Mending::Mend).expect("mended");
    assert_eq!(mended.findings.len(), 1, "the card was loading what nobody waits for");
    assert_eq!(world.card(&own).life(), LifeState::Delivered);
    world.expect_agreement(&own);
}

#[test]
fn l1_a_certificate_revoked_before_its_delivery_ends_by_reconciling_the_card() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let sign = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let (id, _, serial) = world.issued(&sign);
    world.sign.end_by_itself(&world.act(), &serial).expect("revoked");
    let refused = world
        .window
        .card_counter()
        .deliver(&world.act(), &id, password(), None)
        .expect_err("revoked");
    assert!(refused.to_string().contains("was revoked"), "{refused}");
    let wanted = Wanted::card(&card, None);
    let mended =
        world.window.reconciler().reconcile(&world.act(), &wanted, Mending::Mend).expect("mended");
    assert_eq!(mended.findings[0].outcome, Mended::Done);
    let application = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(application.state, ApplicationState::Withdrawn);
    world.expect_agreement(&card);
}

#[test]
fn l6_a_card_that_lost_its_delivery_gives_no_key_in_force_up() {
    let world = World::new();
    let (id, card, _) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    world.cut.plan_named("deliver", When::After);
    world.window.card_counter().deliver(&world.act(), &id, pin(), None).expect_err("cut");
    assert!(world.cut.lift());
    // As if what the card wrote at its delivery had not lasted.
    let before = world.card(&card);
    let serial =
        world.window.card_counter().deliver(&world.act(), &id, pin(), None).expect("delivered");
    let renewal = world.verified(&form_with_card(&taro(), "jpki-auth", "renewal", &card));
    world.readers.lay(Some(before));
    let refused = world
        .window
        .card_counter()
        .issue(&world.act(), &renewal, None)
        .expect_err("reconcile first");
    assert!(refused.to_string().contains("reconcile it first"), "{refused}");
    let wanted = Wanted::card(&card, None);
    let mended =
        world.window.reconciler().reconcile(&world.act(), &wanted, Mending::Mend).expect("mended");
    assert!(mended.findings.iter().all(|finding| finding.outcome == Mended::Done));
    assert_eq!(world.state_at_auth(&serial), StateName::Good);
    assert_eq!(world.readers.lying().life(), LifeState::Delivered);
    world.window.card_counter().issue(&world.act(), &renewal, None).expect("now there is room");
}

#[test]
fn l3_a_new_card_is_handed_over_elsewhere_or_sent_to_who_applied_in_person() {
    let world = World::new();
    let sent = Handover::Sent { address: taro().address, receiver: Some("川口　一郎".into()) };
    let deliver = |id: &ApplicationId, how: &Handover| {
        world.window.card_counter().deliver_by(&world.act(), id, pin(), None, how)
    };
    let (id, card, serial) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    let nowhere = Handover::AtPlace { place: String::new(), receiver: None };
    deliver(&id, &nowhere).expect_err("no place");
    assert_eq!(world.state_at_auth(&serial), StateName::Undelivered, "the CA did not hear of it");
    deliver(&id, &sent).expect("delivered");
    assert_eq!(world.state_at_auth(&serial), StateName::Good);
    assert!(world.record(&card).is_handed_out);
    let told = world.journal();
    let entry = told.iter().rfind(|entry| entry.contains("application-completed"));
    let entry = entry.expect("an entry");
    assert!(entry.contains("\"sent\"") && !entry.contains("一郎"), "{entry}");

    let (renewal, ..) = world.issued(&form_with_card(&taro(), "jpki-auth", "renewal", &card));
    let refused = deliver(&renewal, &sent).expect_err("not with a card").to_string();
    assert!(refused.contains("A 4.4.1.1(2)"), "{refused}");
    world.expect_refusal(EventKind::ApplicationCompleted, "A 4.4.1.1(2)");
}

#[test]
fn c3_a_secret_staged_by_an_attempt_that_failed_is_not_relied_on() {
    let world = World::new();
    let (id, card, _) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    world.cut.plan_named("deliver", When::Before);
    world
        .window
        .card_counter()
        .deliver(&world.act(), &id, pin(), None)
        .expect_err("cut before the CA");
    assert!(world.cut.lift());
    let none = HolderSecrets::default();
    let refused =
        world.window.card_counter().deliver(&world.act(), &id, none, None).expect_err("no PIN");
    assert!(refused.to_string().contains("authentication PIN"), "{refused}");
    let other =
        HolderSecrets { authentication: Some("9876".parse().expect("a PIN")), signature: None };
    world.window.card_counter().deliver(&world.act(), &id, other, None).expect("delivered");
    let slot = card::CardSlot::Authentication;
    assert!(world.card(&card).sign(slot, "9876", b"x").is_ok(), "the one chosen last");
}
