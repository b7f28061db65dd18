//! Revocation on paper: from the form at the window to the receipt.

use domain::certificate::{CertificateState, StateName};
use domain::revocation::{RevocationCause, RevocationReason};
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::window::CardPlace;

use crate::fixture::{World, evidence, form, form_with_card, password, taro};
use domain::identity::Evidence;

fn revocation(ca: &str, cause: &str) -> ReceivedForm {
    ReceivedForm { cause: cause.into(), ..form(&taro(), ca, "revocation") }
}

#[test]
fn l7_each_cause_revokes_with_the_reason_of_the_policy_and_has_words_of_its_own() {
    let (use_ended, key, card_unusable) = ("取りやめによる", "秘密鍵の", "使用できなくなった");
    let cases = [
        ("jpki-auth", "use-ended", RevocationReason::CessationOfOperation, use_ended),
        ("jpki-auth", "key-compromised", RevocationReason::KeyCompromise, key),
        ("jpki-auth", "card-unusable", RevocationReason::CessationOfOperation, card_unusable),
        ("saitama-sign", "use-ended", RevocationReason::CessationOfOperation, use_ended),
        ("saitama-sign", "key-compromised", RevocationReason::KeyCompromise, key),
    ];
    for (ca, cause, reason, words) in cases {
        let world = World::new();
        let (card, auth) = world.first_card(&taro());
        let on_card = form_with_card(&taro(), "saitama-sign", "issue-on-card", &card);
        let (_, sign) = world.delivered(&on_card, password());
        let id = world.verified(&revocation(ca, cause));
        assert_eq!(world.state_at_auth(&auth), StateName::Good, "not before it is carried out");
        let receipt = world.window.applications().complete(&world.act(), &id).expect("revoked");
        assert!(receipt.text.contains(words), "{cause}: {}", receipt.text);
        let (ended, other) = match ca {
            "jpki-auth" => (world.auth.state(&auth), world.sign.state(&sign)),
            _ => (world.sign.state(&sign), world.auth.state(&auth)),
        };
        let is_ended = matches!(ended, CertificateState::Revoked { reason: r, .. } if r == reason);
        assert!(is_ended, "{ca} {cause}: {ended:?}");
        assert_eq!(other, CertificateState::Good, "the other CA's is another application");
    }
}

#[test]
fn l7_the_receipt_says_what_when_which_and_where_and_names_nobody() {
    let world = World::new();
    let (_, serial) = world.first_card(&taro());
    let id = world.verified(&revocation("jpki-auth", "use-ended"));
    let receipt = world.window.applications().complete(&world.act(), &id).expect("revoked");
    for part in [
        id.as_str(),
        "サービスの利用の取りやめ",
        "公的個人認証サービス利用者証明用認証局",
        &serial.to_string(),
        "令和8年4月1日12時00分",
        "失効処理を完了した",
        "埼玉県川口市長",
    ] {
        assert!(receipt.text.contains(part), "{part} is missing in\n{}", receipt.text);
    }
    assert!(!receipt.text.contains("太郎"));
    let stored = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(stored.record.receipt, Some(receipt.text), "it can be printed again");
}

#[test]
fn l7_without_a_certificate_in_force_there_is_nothing_to_revoke() {
    let world = World::new();
    let seen = evidence(&[Evidence::PhotoDocument]);
    let id = world.receive(&revocation("jpki-auth", "use-ended"));
    let refused =
        world.window.applications().verify(&world.act(), &id, &seen).expect_err("none").to_string();
    assert!(refused.contains("none in force"), "{refused}");
    let (undelivered, _, _) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    assert!(
        world.window.applications().verify(&world.act(), &id, &seen).is_err(),
        "an undelivered one is none"
    );
    world
        .window
        .card_counter()
        .discard(&world.act(), &undelivered, CardPlace::default())
        .expect("destroyed");
}

#[test]
fn l7_a_certificate_that_came_into_force_since_the_check_is_not_overlooked() {
    let world = World::new();
    world.first_card(&taro());
    let id = world.verified(&revocation("jpki-auth", "use-ended"));
    let (_, newer) = world.first_card(&taro());
    let refused = world
        .window
        .applications()
        .complete(&world.act(), &id)
        .expect_err("another one")
        .to_string();
    assert!(refused.contains("apply again"), "{refused}");
    assert_eq!(world.state_at_auth(&newer), StateName::Good);
}

#[test]
fn l7_an_agent_may_revoke_at_a_with_the_agent_s_evidence() {
    let world = World::new();
    let (_, serial) = world.first_card(&taro());
    let id = world.receive(&ReceivedForm {
        applicant: "agent".into(),
        agent_name: "代理　次郎".into(),
        agent_address: "埼玉県川口市".into(),
        ..revocation("jpki-auth", "use-ended")
    });
    let photo = evidence(&[Evidence::PhotoDocument]);
    assert!(world.window.applications().verify(&world.act(), &id, &photo).is_err());
    let seen = evidence(&[
        Evidence::PowerOfAttorney,
        Evidence::InquiryAnswer,
        Evidence::SuitableDocument,
        Evidence::AgentPhotoDocument,
    ]);
    world.window.applications().verify(&world.act(), &id, &seen).expect("verified");
    world.window.applications().complete(&world.act(), &id).expect("revoked");
    assert_eq!(world.auth.one(&serial).reasons, [RevocationCause::UseEnded]);
}
