//! From the form to the delivered card, at both CAs.

use card::{CardSlot, HolderSecrets, LifeState};
use domain::application::ApplicationState;
use domain::certificate::StateName;
use domain::identity::Evidence;
use domain::journal::EventKind;
use domain::revocation::RevocationCause;
use jiff::civil::date;
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::register::Removal;
use jitsuin_ra::register::embedded::Correction;
use jitsuin_ra::window::CardPlace;

use crate::fixture::{
    World, at, evidence, form, form_with_card, hanako, omiya, password, pin, taro,
};

#[test]
fn l1_a_card_is_made_unusable_and_delivered_with_its_pin() {
    let world = World::new();
    let (id, card, serial) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    assert_eq!(world.card(&card).life(), LifeState::Unusable);
    assert_eq!(world.state_at_auth(&serial), StateName::Undelivered);
    assert_eq!(world.record(&card).expires_on, date(2036, 1, 2), "the tenth birthday");
    let refused =
        world.window.card_counter().deliver(&world.act(), &id, HolderSecrets::default(), None);
    let refused = refused.expect_err("no PIN").to_string();
    assert!(refused.contains("authentication PIN"), "{refused}");
    assert_eq!(world.state_at_auth(&serial), StateName::Undelivered, "the CA did not hear of it");
    world.window.card_counter().deliver(&world.act(), &id, pin(), None).expect("delivered");
    let mut delivered = world.card(&card);
    assert_eq!(delivered.life(), LifeState::Delivered);
    let certificates = delivered.certificates(CardSlot::Authentication).expect("on the card");
    assert_eq!(certificates.holder, world.auth.one(&serial).certificate);
    assert!(delivered.sign(CardSlot::Authentication, "1234", b"hello").is_ok());
    assert_eq!(world.state_at_auth(&serial), StateName::Good);
    let application = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(application.state, ApplicationState::Completed);
}

#[test]
fn l1_the_older_certificate_ends_at_delivery_and_not_before() {
    let world = World::new();
    let (_, older) = world.first_card(&taro());
    let (id, _, newer) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    assert_eq!(world.state_at_auth(&older), StateName::Good);
    world.window.card_counter().deliver(&world.act(), &id, pin(), None).expect("delivered");
    assert_eq!(world.state_at_auth(&older), StateName::Revoked);
    assert_eq!(world.auth.one(&older).reasons, [RevocationCause::Renewed]);
    assert_eq!(world.state_at_auth(&newer), StateName::Good);
}

#[test]
fn l2_an_issue_on_a_card_is_refused_while_a_certificate_is_in_force() {
    let world = World::new();
    let (card, serial) = world.first_card(&taro());
    let on_card = form_with_card(&taro(), "jpki-auth", "issue-on-card", &card);
    let id = world.verified(&on_card);
    let refused = world
        .window
        .card_counter()
        .issue(&world.act(), &id, None)
        .expect_err("one is in force")
        .to_string();
    assert!(refused.contains("A 4.3.1.1(2)"), "{refused}");
    world.expect_refusal(EventKind::ApplicationIssued, "A 4.3.1.1(2)");
    let ended =
        ReceivedForm { cause: "use-ended".into(), ..form(&taro(), "jpki-auth", "revocation") };
    let revocation = world.verified(&ended);
    world.window.applications().complete(&world.act(), &revocation).expect("revoked");
    assert_eq!(world.state_at_auth(&serial), StateName::Revoked);
    let (_, again) = {
        let issued =
            world.window.card_counter().issue(&world.act(), &id, None).expect("now there is room");
        world
            .window
            .card_counter()
            .deliver(&world.act(), &id, HolderSecrets::default(), None)
            .expect("delivered");
        (issued.card, issued.serial)
    };
    assert_eq!(world.state_at_auth(&again), StateName::Good);
    let mut held = world.card(&card);
    assert!(held.sign(CardSlot::Authentication, "1234", b"x").is_ok(), "the PIN stayed");
}

#[test]
fn l6_a_renewal_needs_a_certificate_in_force_and_brings_a_new_key() {
    let world = World::new();
    let (card, older) = world.first_card(&taro());
    let renewal = form_with_card(&taro(), "jpki-auth", "renewal", &card);
    let (id, same_card, newer) = world.issued(&renewal);
    assert_eq!(same_card, card);
    let before = world.card(&card);
    let old = before.certificates(CardSlot::Authentication).expect("still usable").holder.clone();
    assert_eq!(old, world.auth.one(&older).certificate);
    world
        .window
        .card_counter()
        .deliver(&world.act(), &id, HolderSecrets::default(), None)
        .expect("delivered");
    assert_eq!(world.state_at_auth(&older), StateName::Revoked);
    assert_ne!(world.auth.one(&older).spki, world.auth.one(&newer).spki);
    let (card, _) = world.first_card(&hanako());
    let sign = ReceivedForm {
        name_substitutes: "0:高".into(),
        address_substitutes: "6:吉".into(),
        ..form_with_card(&hanako(), "saitama-sign", "renewal", &card)
    };
    let id = world.verified(&sign);
    let refused = world
        .window
        .card_counter()
        .issue(&world.act(), &id, None)
        .expect_err("none to renew")
        .to_string();
    assert!(refused.contains("S 3-2"), "{refused}");
}

#[test]
fn p7_p8_s_issues_for_a_key_made_on_the_card_with_substitutes_flagged() {
    let world = World::new();
    let (card, auth) = world.first_card(&hanako());
    let sign = ReceivedForm {
        name_substitutes: "0:高".into(),
        address_substitutes: "6:吉".into(),
        ..form_with_card(&hanako(), "saitama-sign", "issue-on-card", &card)
    };
    let (_, serial) = world.delivered(&sign, password());
    let held = world.sign.one(&serial);
    let attributes = held.attributes.expect("S carries them");
    assert_eq!((attributes.name.as_str(), attributes.name_flags.as_str()), ("高橋　花子", "10000"));
    let mut on_card = world.card(&card);
    let certificates = on_card.certificates(CardSlot::Signature).expect("on the card").clone();
    assert_eq!(certificates.holder, held.certificate);
    assert!(on_card.sign(CardSlot::Signature, "SECRET99", b"contract").is_ok());
    assert_eq!(world.state_at_auth(&auth), StateName::Good, "the other CA's stays");
    let renewal = ReceivedForm { kind: "renewal".into(), ..sign };
    let (_, newer) = world.delivered(&renewal, HolderSecrets::default());
    assert_eq!(world.state_at_sign(&serial), StateName::Revoked);
    assert_eq!(world.state_at_sign(&newer), StateName::Good);
}

#[test]
fn l5_an_agent_at_s_brings_the_seal_certificate_and_gets_the_card() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let by_agent = ReceivedForm {
        applicant: "agent".into(),
        agent_name: "代理　次郎".into(),
        agent_address: "埼玉県川口市青木二丁目１番２号".into(),
        ..form_with_card(&taro(), "saitama-sign", "issue-on-card", &card)
    };
    let id = world.receive(&by_agent);
    let seen = evidence(&[
        Evidence::PowerOfAttorney,
        Evidence::SealCertificate,
        Evidence::InquiryAnswer,
        Evidence::SuitableDocument,
        Evidence::AgentPhotoDocument,
    ]);
    world.window.applications().verify(&world.act(), &id, &seen).expect("verified");
    world.window.card_counter().issue(&world.act(), &id, None).expect("issued");
    let serial = world
        .window
        .card_counter()
        .deliver(&world.act(), &id, password(), None)
        .expect("delivered");
    assert_eq!(world.state_at_sign(&serial), StateName::Good);
}

#[test]
fn l1_a_card_that_is_not_the_resident_s_own_usable_one_is_refused() {
    let world = World::new();
    let (others, _) = world.first_card(&hanako());
    let (_, undelivered, _) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    let nowhere = "card-nowhere".parse().expect("an id");
    for (card, rule) in [
        (&others, "not a card of this resident"),
        (&undelivered, "was not delivered"),
        (&nowhere, "not found"),
    ] {
        let id = world.verified(&form_with_card(&taro(), "saitama-sign", "issue-on-card", card));
        let refused =
            world.window.card_counter().issue(&world.act(), &id, None).expect_err(rule).to_string();
        assert!(refused.contains(rule), "{refused}");
    }
    assert_eq!(world.sign.all().len(), 0);
}

#[test]
fn l1_a_card_takes_one_application_at_a_time() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let (renewal, _, _) = world.issued(&form_with_card(&taro(), "jpki-auth", "renewal", &card));
    let sign = world.verified(&form_with_card(&taro(), "saitama-sign", "issue-on-card", &card));
    let refused =
        world.window.card_counter().issue(&world.act(), &sign, None).expect_err("busy").to_string();
    assert!(refused.contains("authentication slot is being loaded"), "{refused}");
    world
        .window
        .card_counter()
        .deliver(&world.act(), &renewal, HolderSecrets::default(), None)
        .expect("delivered");
    world.window.card_counter().issue(&world.act(), &sign, None).expect("free again");
}

#[test]
fn l11_a_new_card_that_is_not_delivered_is_destroyed_with_its_certificate() {
    let world = World::new();
    let (_, older) = world.first_card(&taro());
    let (id, card, serial) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    let refused = world
        .window
        .card_counter()
        .withdraw(&world.act(), &id, CardPlace::default())
        .expect_err("issued")
        .to_string();
    assert!(refused.contains("deliver or discard"), "{refused}");
    world
        .window
        .card_counter()
        .discard(&world.act(), &id, CardPlace::default())
        .expect("destroyed");
    assert_eq!(world.card(&card).life(), LifeState::Destroyed);
    assert_eq!(world.state_at_auth(&serial), StateName::Revoked);
    assert_eq!(world.auth.one(&serial).reasons, [RevocationCause::DestroyedBeforeDelivery]);
    assert_eq!(world.state_at_auth(&older), StateName::Good, "the older one never ended");
    assert!(world.window.card_counter().deliver(&world.act(), &id, pin(), None).is_err());
}

#[test]
fn l11_a_brought_card_stays_usable_when_its_renewal_is_destroyed() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let sign = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let (id, _, serial) = world.issued(&sign);
    world
        .window
        .card_counter()
        .discard(&world.act(), &id, CardPlace::default())
        .expect("destroyed");
    assert_eq!(world.state_at_sign(&serial), StateName::Revoked);
    let held = world.card(&card);
    assert_eq!(held.life(), LifeState::Delivered);
    assert_eq!(held.loading_public_key(CardSlot::Signature), Ok(None));
    let (_, again) = world.delivered(&sign, password());
    assert_eq!(world.state_at_sign(&again), StateName::Good);
}

#[test]
fn w8_the_register_is_asked_again_before_issue_and_delivery() {
    let world = World::new();
    let now = at("2026-04-01T02:00:00Z");
    let (card, _) = world.first_card(&taro());
    let sign = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
    let verified = world.verified(&sign);
    let moved =
        |address: &str| Correction { address: Some(address.into()), ..Correction::default() };
    let elsewhere = moved("埼玉県川口市青木三丁目１番１号");
    world.register.correct(&taro().code, elsewhere, now).expect("moved within the city");
    let refused = world
        .window
        .card_counter()
        .issue(&world.act(), &verified, None)
        .expect_err("stale")
        .to_string();
    assert!(refused.contains("since the check, the address is not"), "{refused}");
    world.register.correct(&taro().code, moved(&taro().address), now).expect("and back");
    world.window.card_counter().issue(&world.act(), &verified, None).expect("issued");
    world.register.remove(&taro().code, Removal::Departure, now).expect("gone");
    let refused = world
        .window
        .card_counter()
        .deliver(&world.act(), &verified, password(), None)
        .expect_err("gone");
    assert!(refused.to_string().contains("not registered"), "{refused}");
    let (id, _, serial) = world.issued(&form(&hanako(), "jpki-auth", "issue-with-card"));
    world.register.remove(&hanako().code, Removal::Death, now).expect("gone");
    let refused = world
        .window
        .card_counter()
        .deliver(&world.act(), &id, pin(), None)
        .expect_err("gone")
        .to_string();
    assert!(refused.contains("the record was removed"), "{refused}");
    assert_eq!(world.state_at_auth(&serial), StateName::Undelivered);
}

#[test]
fn p4_a_minor_s_card_ends_at_the_fifth_birthday() {
    let mut child = omiya();
    child.municipality = taro().municipality;
    child.address = taro().address;
    child.birth_date = date(2015, 5, 5);
    let world = World::new();
    let correction = Correction { birth_date: Some(child.birth_date), ..Correction::default() };
    let kawaguchi = taro().municipality;
    let now = at("2026-03-01T02:00:00Z");
    world.register.move_out(&child.code, date(2026, 3, 1), now).expect("notice");
    world.register.move_in(&child.code, kawaguchi, &child.address, now).expect("moved");
    world.register.correct(&child.code, correction, now).expect("corrected");
    let (_, card, _) = world.issued(&form(&child, "jpki-auth", "issue-with-card"));
    assert_eq!(world.record(&card).expires_on, date(2030, 5, 5));
}
