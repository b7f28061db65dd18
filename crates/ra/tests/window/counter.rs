//! At the counter, after delivery: secrets changed and set anew, keys erased, cards read (W1, C3).

use card::CardSlot;
use card::terminal::TerminalError;
use domain::act::Act;
use domain::certificate::StateName;
use domain::id::CardId;
use domain::identity::Evidence;
use domain::journal::EventKind;
use jitsuin_ra::WindowError;
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::readers::Wanted;
use jitsuin_ra::window::{CardPlace, Mended, Mending};

use crate::fixture::cut::When;
use crate::fixture::store::{newest, personal};
use crate::fixture::{World, clerk, evidence, form, form_with_card, hanako, password, pin, taro};

/// Taro's card with both certificates.
fn full_card(world: &World) -> CardId {
    let (card, _) = world.first_card(&taro());
    let on_card = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    world.delivered(&on_card, password());
    card
}

fn secret(slot: CardSlot, text: &str) -> card::HolderSecret {
    card::HolderSecret::parse(slot, text).expect("a secret")
}

fn change(world: &World, card: &CardId, typed: &str, new: &str) -> Result<CardId, WindowError> {
    let new = secret(CardSlot::Authentication, new);
    world.window.card_service().change_secret(&world.act(), &Wanted::card(card, None), typed, &new)
}

#[test]
fn c3_the_holder_changes_the_pin_and_a_wrong_one_costs_a_try() {
    let world = World::new();
    let card = full_card(&world);
    let wrong = change(&world, &card, "0000", "9876").expect_err("wrong");
    let slot = CardSlot::Authentication;
    let expected = TerminalError::SecretWrong { slot, tries_left: 2 };
    assert!(matches!(&wrong, WindowError::Card(error) if *error == expected), "{wrong}");
    world.expect_refusal(EventKind::CardChanged, "2 tries left");
    change(&world, &card, "1234", "9876").expect("changed");
    assert!(world.card(&card).sign(slot, "9876", b"x").is_ok());
    assert_eq!(world.card(&card).tries_left(slot), Ok(3));
    for tries_left in [2, 1, 0] {
        let wrong = change(&world, &card, "0000", "1111").expect_err("wrong").to_string();
        assert!(wrong.contains(&format!("{tries_left} tries left")), "{wrong}");
    }
    let blocked = change(&world, &card, "9876", "1111").expect_err("blocked");
    let expected = TerminalError::SecretBlocked { slot };
    assert!(matches!(&blocked, WindowError::Card(error) if *error == expected), "{blocked}");
}

#[test]
fn c3_the_clerk_unlocks_after_an_identity_check_alone() {
    let world = World::new();
    let card = full_card(&world);
    let wanted = Wanted::card(&card, None);
    let slot = CardSlot::Signature;
    for _ in 0..5 {
        let new = secret(slot, "NEWONE1");
        let _ = world.window.card_service().change_secret(&world.act(), &wanted, "WRONG1", &new);
    }
    assert_eq!(world.card(&card).tries_left(slot), Ok(0));
    let reset = |act: &Act, seen: &[Evidence]| {
        world.window.card_service().reset_secret(
            act,
            &wanted,
            &secret(slot, "NEWONE1"),
            &evidence(seen),
        )
    };
    let refused = reset(&world.act(), &[]).expect_err("no document").to_string();
    assert!(refused.contains("photo-document is missing"), "{refused}");
    let stranger = world.act_of(clerk("clerk-o", "11100"));
    let refused = reset(&stranger, &[Evidence::PhotoDocument]).expect_err("not at home");
    assert!(matches!(refused, WindowError::Elsewhere { field: "card" }), "{refused}");
    assert_eq!(world.card(&card).tries_left(slot), Ok(0));
    let act = world.act();
    reset(&act, &[Evidence::PhotoDocument]).expect("unlocked");
    assert!(world.card(&card).sign(slot, "NEWONE1", b"x").is_ok());
    reset(&act, &[Evidence::PhotoDocument]).expect("a repetition is a no-op");
    let told = world.journal().join("\n");
    assert!(told.contains("set anew") && told.contains("photo-document"), "{told}");
}

#[test]
fn e1_no_secret_is_in_the_journal_or_the_database() {
    let world = World::new();
    let card = full_card(&world);
    change(&world, &card, "1234", "7391").expect("changed");
    change(&world, &card, "6482", "7391").expect_err("wrong");
    let wanted = Wanted::card(&card, None);
    let seen = evidence(&[Evidence::PhotoDocument]);
    let new = secret(CardSlot::Signature, "NEWONE77");
    world.window.card_service().reset_secret(&world.act(), &wanted, &new, &seen).expect("reset");
    world.window.card_service().read(&world.act(), &wanted, Some("NEWONE77")).expect("read");
    let mut told = world.journal().join("\n");
    for sequence in 0..=newest(&*world.store) {
        told.extend(personal(&*world.store, sequence));
    }
    for secret in ["SECRET99", "NEWONE77", "\"1234\"", "\"7391\"", "\"6482\""] {
        assert!(!told.contains(secret), "{secret}");
    }
    let files = world.database_octets();
    for secret in [&b"SECRET99"[..], b"NEWONE77"] {
        assert!(!files.windows(secret.len()).any(|part| part == secret));
    }
}

#[test]
fn w1_keys_are_erased_once_their_certificate_has_ended() {
    let world = World::new();
    let card = full_card(&world);
    let wanted = Wanted::card(&card, None);
    let slot = CardSlot::Authentication;
    let erase = || world.window.card_service().erase(&world.act(), &wanted, slot, "利用の取りやめ");
    let refused = erase().expect_err("in force").to_string();
    assert!(refused.contains("is in force"), "{refused}");
    let ended =
        ReceivedForm { cause: "use-ended".into(), ..form(&taro(), "jpki-auth", "revocation") };
    let revocation = world.verified(&ended);
    world.window.applications().complete(&world.act(), &revocation).expect("revoked");
    erase().expect("erased");
    assert!(world.card(&card).certificates(slot).is_err());
    assert!(world.card(&card).certificates(CardSlot::Signature).is_ok(), "the other stays");
    world.expect_agreement(&card);
    // The card is the resident's still, and takes a new certificate with a new PIN.
    let again = form_with_card(&taro(), "jpki-auth", "issue-on-card", &card);
    let (_, serial) = world.delivered(&again, pin());
    assert_eq!(world.state_at_auth(&serial), StateName::Good);
    let bound = form_with_card(&taro(), "jpki-auth", "renewal", &card);
    world.issued(&bound);
    let refused = erase().expect_err("bound").to_string();
    assert!(refused.contains("bound to an application"), "{refused}");
}

#[test]
fn w1_an_erasure_cut_off_between_card_and_office_is_found() {
    let world = World::new();
    let card = full_card(&world);
    let ended =
        ReceivedForm { cause: "use-ended".into(), ..form(&taro(), "jpki-auth", "revocation") };
    let revocation = world.verified(&ended);
    world.window.applications().complete(&world.act(), &revocation).expect("revoked");
    let wanted = Wanted::card(&card, None);
    let act = world.act();
    let erase = || {
        world.window.card_service().erase(&act, &wanted, CardSlot::Authentication, "紛失に備えて")
    };
    // Four commands to open the card, the entry of what is about to be done, the erasure, the record.
    world.cut.plan(6, When::Before);
    erase().expect_err("cut");
    assert!(world.cut.lift());
    let mended =
        world.window.reconciler().reconcile(&world.act(), &wanted, Mending::Mend).expect("mended");
    assert_eq!(mended.findings[0].outcome, Mended::Done);
    world.expect_agreement(&card);
    erase().expect("the repetition ends in the same state");
    world.expect_agreement(&card);
}

#[test]
fn w1_certificates_are_read_off_the_card_and_copied() {
    let world = World::new();
    let (card, auth) = world.first_card(&hanako());
    let sign = ReceivedForm {
        name_substitutes: "0:高".into(),
        address_substitutes: "6:吉".into(),
        ..form_with_card(&hanako(), "saitama-sign", "issue-on-card", &card)
    };
    let (_, serial) = world.delivered(&sign, password());
    let wanted = Wanted::card(&card, None);
    let read = |password| world.window.card_service().read(&world.act(), &wanted, password);
    let free = read(None).expect("read");
    assert_eq!(free.copies.iter().map(|copy| copy.serial).collect::<Vec<_>>(), [auth]);
    assert_eq!(free.record.expect("known").holder, hanako().code);
    let wrong = read(Some("WRONG1")).expect_err("wrong").to_string();
    assert!(wrong.contains("4 tries left"), "{wrong}");
    world.expect_refusal(EventKind::RecordsRead, "4 tries left");
    let both = read(Some("SECRET99")).expect("read");
    let copy = &both.copies[1];
    assert_eq!((copy.serial, copy.slot), (serial, CardSlot::Signature));
    assert_eq!(copy.certificates.holder, world.sign.one(&serial).certificate);
    assert!(copy.text.starts_with("署名用電子証明書の写し"), "{}", copy.text);
    assert!(
        copy.text.contains(&serial.to_string()) && copy.text.contains("令和8年"),
        "{}",
        copy.text
    );
    let last = world.journal().pop().expect("an entry");
    assert!(last.contains("records-read") && last.contains(&serial.to_string()), "{last}");
}

#[test]
fn l10_a_lost_card_is_held_and_found_or_revoked_and_erased() {
    let world = World::new();
    let (card, serial) = world.first_card(&taro());
    let agent = domain::act::Actor::CallCentreAgent("agent-1".parse().expect("an id"));
    let lost = || {
        let act = world.act_of(agent.clone());
        world.window.call_centre().hold_by_phone(&act, &taro().basic_four()).expect("held");
        assert_eq!(world.state_at_auth(&serial), StateName::Held);
        world.expect_agreement(&card);
    };
    lost();
    let found = world.verified(&form(&taro(), "jpki-auth", "hold-release"));
    world.window.applications().complete(&world.act(), &found).expect("released");
    assert_eq!(world.state_at_auth(&serial), StateName::Good);
    assert!(world.card(&card).sign(CardSlot::Authentication, "1234", b"x").is_ok());
    lost();
    let ended = ReceivedForm {
        cause: "key-compromised".into(),
        ..form(&taro(), "jpki-auth", "revocation")
    };
    let revocation = world.verified(&ended);
    world.window.applications().complete(&world.act(), &revocation).expect("revoked");
    assert_eq!(world.state_at_auth(&serial), StateName::Revoked);
    let wanted = Wanted::card(&card, None);
    let slot = CardSlot::Authentication;
    world
        .window
        .card_service()
        .erase(&world.act(), &wanted, slot, "見つかったカード")
        .expect("turned up");
    world.expect_agreement(&card);
}

#[test]
fn w1_nothing_is_done_to_a_card_that_is_in_nobody_s_hands() {
    let world = World::new();
    let (id, card, _) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    let refused = change(&world, &card, "1234", "9876").expect_err("undelivered").to_string();
    assert!(refused.contains("not delivered to its holder"), "{refused}");
    world
        .window
        .card_counter()
        .discard(&world.act(), &id, CardPlace::default())
        .expect("destroyed");
    let refused = change(&world, &card, "1234", "9876").expect_err("destroyed").to_string();
    assert!(refused.contains("the card is destroyed"), "{refused}");
}
