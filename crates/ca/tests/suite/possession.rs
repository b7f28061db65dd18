//! What the CA believes of a card: a signature over the nonce it drew itself, once (ADR 0009, 0026).

use ca::{Error, KeySource, Possession, Result, UserRequest};
use card::CardSlot;
use domain::algorithm::KeyAlgorithm;
use domain::application::ApplicationKind;
use domain::certificate::CertificateState;
use jiff::SignedDuration;
use store::reads::{ReadHead, ReadJournal};
use testkit::act;

use super::world::{World, auth_request, card, possession, sign_request, sign_request_again};

fn rule<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result.expect_err("it is refused") {
        Error::Refused { field, rule } => format!("{field}: {}", rule.told()),
        other => panic!("{other}"),
    }
}

#[test]
fn k5_a_proof_is_good_once_and_for_ten_minutes() {
    let world = World::new();
    let mut new = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &new);
    let issued = world.issue_auth(&mut new, request).expect("issued");
    let serial = issued.serial;
    let now = act(&world.clock);
    let proof = possession(&world.auth, &now, &serial, &new);
    world.auth.possession().confirm(&now, &serial, &proof).expect("confirmed");
    assert!(rule(world.auth.life().deliver(&now, &serial, &proof)).contains("or was used"));

    let proof = possession(&world.auth, &now, &serial, &new);
    world.clock.advance(SignedDuration::from_secs(601));
    let late = act(&world.clock);
    assert!(rule(world.auth.life().deliver(&late, &serial, &proof)).contains("ten minutes"));

    let older = possession(&world.auth, &late, &serial, &new);
    let newer = possession(&world.auth, &late, &serial, &new);
    assert!(rule(world.auth.life().deliver(&late, &serial, &older)).contains("or was used"));
    assert!(
        rule(world.auth.life().deliver(&late, &serial, &newer)).contains("or was used"),
        "one guess"
    );

    let made_up = Possession { nonce: [9; 32], ..possession(&world.auth, &late, &serial, &new) };
    assert!(rule(world.auth.life().deliver(&late, &serial, &made_up)).contains("not drawn"));
    let proof = possession(&world.auth, &late, &serial, &new);
    world.auth.life().deliver(&late, &serial, &proof).expect("delivered");
}

#[test]
fn k5_a_card_cannot_speak_for_another_nor_for_another_slot() {
    let world = World::new();
    let mut new = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &new);
    let issued = world.issue_auth(&mut new, request).expect("issued");
    let wrapped = issued.wrapped_key.expect("the CA made the key");
    let now = act(&world.clock);
    let proof = possession(&world.auth, &now, &issued.serial, &new);
    let renamed = Possession { card: card(2).id().clone(), ..proof };
    assert!(
        rule(world.auth.possession().confirm(&now, &issued.serial, &renamed))
            .contains("does not hold")
    );
    // The same key in the other slot of the same card signs another statement.
    let mut other = card(1);
    let slot = CardSlot::Signature;
    other.load_private_key(slot, KeyAlgorithm::Rsa2048, &wrapped).expect("it fits");
    let row = world.auth.certificate(&issued.serial).expect("there");
    let application = row.intent.application.expect("a resident's");
    let nonce = world.auth.possession().nonce(&now, &application).expect("a nonce");
    let signature = other.prove_possession(slot, &nonce).expect("signed");
    let other = Possession { card: other.id().clone(), nonce, signature };
    assert!(
        rule(world.auth.possession().confirm(&now, &issued.serial, &other))
            .contains("does not hold")
    );
}

#[test]
fn k5_both_erasures_are_in_the_journal_once_the_card_has_spoken() {
    let world = World::new();
    let mut new = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &new);
    let serial = world.issue_auth(&mut new, request).expect("issued").serial;
    let now = act(&world.clock);
    let proof = possession(&world.auth, &now, &serial, &new);
    world.auth.possession().confirm(&now, &serial, &proof).expect("confirmed");
    let store = &world.scratch.store;
    let last = store.last_sequence().expect("a read").expect("entries");
    let entries = store.journal(last - 1, 2).expect("entries");
    let [proven, destroyed] =
        [0, 1].map(|n| String::from_utf8(entries[n].1.clone()).expect("JSON"));
    assert!(proven.contains("possession-proven") && proven.contains(new.id().as_str()), "{proven}");
    assert!(destroyed.contains("key-destroyed"), "{destroyed}");
    assert!(destroyed.contains("at the CA once sent, at the municipality once stored"));
    let proof = possession(&world.auth, &now, &serial, &new);
    world.auth.life().deliver(&now, &serial, &proof).expect("delivered");
    let proof = possession(&world.auth, &now, &serial, &new);
    assert!(
        rule(world.auth.possession().confirm(&now, &serial, &proof)).contains("not on its way")
    );
}

#[test]
fn l1_a_key_of_a_that_reached_its_card_keeps_its_certificate() {
    let world = World::new();
    let mut new = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &new);
    let application = request.application.clone();
    let first = world.issue_auth(&mut new, request).expect("issued");
    let now = act(&world.clock);
    let spki = new.loading_public_key(CardSlot::Authentication).expect("works").expect("a key");
    let key = KeySource::OnCard {
        spki: spki.to_vec(),
        possession: possession(&world.auth, &now, &first.serial, &new),
    };
    let again = |key| UserRequest {
        application: application.clone(),
        key,
        ..auth_request(1, ApplicationKind::IssueWithCard, &new)
    };
    let same = world.auth.user_certificates().issue(&now, again(key.clone())).expect("the same");
    assert_eq!((same.serial, &same.certificate), (first.serial, &first.certificate));
    assert!(same.wrapped_key.is_none(), "the key left once");
    assert!(rule(world.auth.user_certificates().issue(&now, again(key))).contains("or was used"));
    // Asked for a new key, the CA gives the first certificate up.
    let anew = KeySource::Authority { card: new.id().clone() };
    let second = world.auth.user_certificates().issue(&now, again(anew)).expect("another");
    let state = world.auth.certificate(&first.serial).expect("there").state;
    assert!(matches!(state, CertificateState::Revoked { .. }));
    assert_ne!(second.serial, first.serial);
}

#[test]
fn k5_a_certifies_no_key_that_came_with_a_card() {
    let world = World::new();
    let now = act(&world.clock);
    let mut holder = card(1);
    let request = sign_request(&world.sign, &now, 1, ApplicationKind::IssueWithCard, &mut holder);
    let request = UserRequest { attributes: None, ..request };
    assert!(
        rule(world.auth.user_certificates().issue(&now, request)).contains("made by the authority")
    );
    // Nor does S make one.
    let key = KeySource::Authority { card: holder.id().clone() };
    let kind = ApplicationKind::IssueOnCard;
    let request = sign_request_again(&world.sign, &now, 1, kind, &holder);
    let request = UserRequest { key, ..request };
    assert!(
        rule(world.sign.user_certificates().issue(&now, request)).contains("made by the holder")
    );
}

#[test]
fn k5_a_key_is_wrapped_to_the_cards_of_this_system_alone() {
    let world = World::new();
    let mut request = auth_request(1, ApplicationKind::IssueWithCard, &card(1));
    request.key = KeySource::Authority { card: "card-1".parse().expect("an id") };
    let refused =
        world.auth.user_certificates().issue(&act(&world.clock), request).expect_err("no number");
    assert!(matches!(refused, Error::Unknown { field: "card", .. }), "{refused}");
    // Another card's transport key does not open it.
    let request = auth_request(2, ApplicationKind::IssueWithCard, &card(2));
    let issued = world.auth.user_certificates().issue(&act(&world.clock), request).expect("issued");
    let wrapped = issued.wrapped_key.expect("the CA made the key");
    let slot = CardSlot::Authentication;
    assert!(card(3).load_private_key(slot, KeyAlgorithm::Rsa2048, &wrapped).is_err());
    card(2).load_private_key(slot, KeyAlgorithm::Rsa2048, &wrapped).expect("its own does");
}
