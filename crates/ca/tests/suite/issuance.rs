//! Issuance: what comes out, and what is refused.

use ca::{Error, KeySource, ServiceRequest, UserRequest};
use domain::application::ApplicationKind;
use domain::certificate::{CertificateKind, CertificateState};
use jiff::SignedDuration;
use store::reads::{ReadCertificates, ReadHead, ReadJournal};
use testkit::{act, run};
use x509::pem;
use x509::read::Certificate;

use super::world::{World, auth_request, card, possession, sign_request, sign_request_again};

fn refusal(error: Error) -> (String, String) {
    match error {
        Error::Refused { field, rule } => (field.to_owned(), rule.told()),
        Error::Unknown { field, value } => (field.to_owned(), value),
        other => panic!("not a refusal: {other}"),
    }
}

#[test]
fn l1_the_older_certificate_ends_at_delivery_and_not_before() {
    let world = World::new();
    let older = world.good_auth(1);
    let mut new_card = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &new_card);
    let issued = world.issue_auth(&mut new_card, request).expect("issued onto an unusable card");
    let state = |serial| world.auth.certificate(&serial).expect("it exists").state;
    assert_eq!(state(older), CertificateState::Good);
    assert!(matches!(state(issued.serial), CertificateState::Undelivered { .. }));

    let proof = possession(&world.auth, &act(&world.clock), &issued.serial, &new_card);
    world.auth.life().deliver(&act(&world.clock), &issued.serial, &proof).expect("delivery");
    assert_eq!(state(issued.serial), CertificateState::Good);
    assert!(matches!(state(older), CertificateState::Revoked { reason, .. } if reason.code() == 4));
}

#[test]
fn l1_a_card_without_the_key_is_not_delivered() {
    let world = World::new();
    let mut right = card(1);
    let request = auth_request(1, ApplicationKind::IssueWithCard, &right);
    let issued = world.issue_auth(&mut right, request).expect("issued");
    let mut wrong = card(2);
    let other = auth_request(2, ApplicationKind::IssueWithCard, &wrong);
    world.issue_auth(&mut wrong, other).expect("issued");

    let proof = possession(&world.auth, &act(&world.clock), &issued.serial, &wrong);
    let error = world
        .auth
        .life()
        .deliver(&act(&world.clock), &issued.serial, &proof)
        .expect_err("another card's key");
    assert_eq!(refusal(error).0, "possession");
    let row = world.auth.certificate(&issued.serial).expect("it exists");
    assert!(matches!(row.state, CertificateState::Undelivered { .. }));
}

#[test]
fn l2_a_second_certificate_on_a_card_is_refused_while_one_is_in_force() {
    let world = World::new();
    world.good_auth(1);
    world.good_sign(1);
    let mut card = card(3);
    let request = auth_request(1, ApplicationKind::IssueOnCard, &card);
    let auth = world
        .auth
        .user_certificates()
        .issue(&act(&world.clock), request)
        .expect_err("A 4.3.1.1(2)");
    let request =
        sign_request(&world.sign, &act(&world.clock), 1, ApplicationKind::IssueOnCard, &mut card);
    let sign =
        world.sign.user_certificates().issue(&act(&world.clock), request).expect_err("S 4-2-3");
    for error in [auth, sign] {
        let (field, rule) = refusal(error);
        assert_eq!(field, "holder");
        assert!(rule.contains("A 4.3.1.1(2), S 4-2-3"), "{rule}");
    }
}

#[test]
fn l12_an_expired_certificate_is_no_hindrance() {
    let world = World::new();
    let expired = world.good_sign(1);
    world.clock.advance(SignedDuration::from_hours(24 * 366 * 3));
    world.good_sign(1);
    let row = world.sign.certificate(&expired).expect("it exists");
    assert_eq!(row.state, CertificateState::Good, "it ended by itself and is not revoked");
}

#[test]
fn p1_a_policy_issues_nothing_before_its_day() {
    let scratch = testkit::Scratch::new();
    let clock = testkit::Clock::at("2026-11-22T03:00:00Z");
    let keys = std::sync::Arc::new(keys::MemoryKeyStore::new());
    let later = super::world::AUTH
        .replace("effective_from = \"2026-01-01\"", "effective_from = \"2026-11-23\"");
    let set_up = || {
        ca::CertificationAuthority::set_up(
            &act(&clock),
            &later,
            scratch.store.clone(),
            keys.clone(),
        )
    };
    assert!(set_up().is_err_and(|error| error.to_string().contains("2026-11-23")));
    clock.advance(SignedDuration::from_hours(12));
    assert!(set_up().is_ok(), "midnight in Japan has passed");
}

#[test]
fn l6_a_renewal_needs_a_certificate_in_force_and_a_new_key() {
    let world = World::new();
    let mut first = card(1);
    let request =
        sign_request(&world.sign, &act(&world.clock), 1, ApplicationKind::Renewal, &mut first);
    let error = world
        .sign
        .user_certificates()
        .issue(&act(&world.clock), request)
        .expect_err("nothing to renew");
    assert_eq!(refusal(error).0, "holder");

    let mut card = card(2);
    let request =
        sign_request(&world.sign, &act(&world.clock), 2, ApplicationKind::IssueOnCard, &mut card);
    let issued = world.sign.user_certificates().issue(&act(&world.clock), request).expect("issued");
    let proof = possession(&world.sign, &act(&world.clock), &issued.serial, &card);
    world.sign.life().deliver(&act(&world.clock), &issued.serial, &proof).expect("delivery");
    let renewal = ApplicationKind::Renewal;
    let same_key = sign_request_again(&world.sign, &act(&world.clock), 2, renewal, &card);
    let error = world
        .sign
        .user_certificates()
        .issue(&act(&world.clock), same_key)
        .expect_err("no renewal without a new key");
    assert_eq!(
        refusal(error),
        ("public key".to_owned(), "a public key is certified once, ever".to_owned())
    );
}

#[test]
fn p4_a_renewal_in_the_last_three_months_gains_a_birthday() {
    let world = World::new();
    let first = world.good_auth(1);
    let end =
        |serial| world.auth.certificate(&serial).expect("it exists").intent.not_after.to_string();
    assert_eq!(end(first), "2031-01-02T14:59:59Z");
    // 2030-10-02 is exactly three months before; the window opens on the day after.
    world.clock.advance(
        "2030-10-03T03:00:00Z"
            .parse::<jiff::Timestamp>()
            .expect("a time")
            .duration_since(world.clock.now()),
    );
    let mut renewed = card(2);
    let request = auth_request(1, ApplicationKind::Renewal, &renewed);
    let issued = world.issue_auth(&mut renewed, request).expect("renewed");
    assert_eq!(end(issued.serial), "2036-01-02T14:59:59Z");
}

#[test]
fn p9_weak_and_foreign_keys_are_refused() {
    let world = World::new();
    let spki =
        world.keys.public_key(&"jpki-auth-ca-1".parse().expect("a label")).expect("a key").spki_der;
    let now = act(&world.clock);
    let request = sign_request(&world.sign, &now, 1, ApplicationKind::IssueOnCard, &mut card(1));
    let KeySource::OnCard { possession, .. } = request.key else { panic!("S has holder keys") };
    let request = UserRequest { key: KeySource::OnCard { spki, possession }, ..request };
    let error = world
        .sign
        .user_certificates()
        .issue(&act(&world.clock), request)
        .expect_err("not the holder's key");
    assert_eq!(refusal(error).0, "possession");

    let spki =
        world.keys.public_key(&"jpki-auth-ca-1".parse().expect("a label")).expect("a key").spki_der;
    let request = ServiceRequest {
        kind: CertificateKind::TlsServer,
        common_name: "server".to_owned(),
        spki,
        dns_names: vec!["localhost".to_owned()],
        addresses: Vec::new(),
    };
    let error = world
        .auth
        .service_certificates()
        .issue(&act(&world.clock), &request)
        .expect_err("the CA's own key");
    assert_eq!(refusal(error).0, "public key");
}

#[test]
fn p5_rsa_1024_is_for_users_of_s_alone() {
    let world = World::new();
    let mut holder = card(1);
    let request =
        sign_request(&world.sign, &act(&world.clock), 1, ApplicationKind::IssueOnCard, &mut holder);
    let error = world
        .auth
        .user_certificates()
        .issue(&act(&world.clock), request)
        .expect_err("A makes its keys");
    assert_eq!(refusal(error).0, "key");
    let KeySource::OnCard { spki, .. } = sign_request(
        &world.sign,
        &act(&world.clock),
        2,
        ApplicationKind::IssueOnCard,
        &mut card(2),
    )
    .key
    else {
        panic!("S has holder keys")
    };
    let request = ServiceRequest {
        kind: CertificateKind::VerificationServer,
        common_name: "verification".to_owned(),
        spki,
        dns_names: Vec::new(),
        addresses: Vec::new(),
    };
    let error = world
        .sign
        .service_certificates()
        .issue(&act(&world.clock), &request)
        .expect_err("1024 bits");
    assert!(refusal(error).1.contains("2048"), "the refusal names the size");
}

#[test]
fn p3_openssl_verifies_both_kinds_of_user_certificate_to_their_root() {
    let world = World::new();
    for (authority, serial) in
        [(&world.auth, world.good_auth(1)), (&world.sign, world.good_sign(1))]
    {
        let root = authority
            .generations()
            .self_signed_certificate(
                &authority.generations().current_at(world.clock.now()).expect("a key"),
            )
            .expect("a root");
        let user = authority.certificate(&serial).expect("it exists").der.expect("it was issued");
        world.scratch.write("root.pem", pem::encode(pem::CERTIFICATE, &root).expect("PEM"));
        world.scratch.write("user.pem", pem::encode(pem::CERTIFICATE, &user).expect("PEM"));
        let arguments = [
            "verify",
            "-attime",
            "1795320000",
            "-auth_level",
            "0",
            "-CAfile",
            "root.pem",
            "user.pem",
        ];
        let output = run(world.scratch.path(), "openssl", &arguments);
        assert!(output.success, "{}", output.text);
    }
}

#[test]
fn p6_subjects_and_serials_are_unique() {
    let world = World::new();
    let serials = [world.good_auth(1), world.good_auth(2), world.good_sign(1), world.good_sign(2)];
    let mut subjects: Vec<_> = [
        (&world.auth, serials[0]),
        (&world.auth, serials[1]),
        (&world.sign, serials[2]),
        (&world.sign, serials[3]),
    ]
    .map(|(authority, serial)| {
        let der = authority.certificate(&serial).expect("it exists").der.expect("issued");
        Certificate::parse(&der).expect("a certificate").tbs.subject.to_string()
    })
    .into();
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), 4, "{subjects:?}");
    assert!(
        subjects.iter().any(|subject| subject.ends_with("L=Kawaguchi-shi,L=Saitama-ken,C=JP")),
        "{subjects:?}"
    );
    assert!(subjects.iter().any(|subject| subject.contains("11203003A,C=JP")), "{subjects:?}");
}

#[test]
fn e1_a_refusal_is_in_the_journal_and_nothing_else_changed() {
    let world = World::new();
    let before =
        world.scratch.store.certificates(world.auth.id(), None, 100).expect("a list").len();
    let request = UserRequest {
        municipality: "99999".parse().expect("five digits"),
        ..auth_request(1, ApplicationKind::IssueWithCard, &card(1))
    };
    let error = world
        .auth
        .user_certificates()
        .issue(&act(&world.clock), request)
        .expect_err("no such municipality");
    assert_eq!(refusal(error), ("municipality".to_owned(), "99999".to_owned()));
    let outside = UserRequest {
        municipality: "13101".parse().expect("five digits"),
        ..sign_request(
            &world.sign,
            &act(&world.clock),
            1,
            ApplicationKind::IssueOnCard,
            &mut card(1),
        )
    };
    let error = world
        .sign
        .user_certificates()
        .issue(&act(&world.clock), outside)
        .expect_err("Tokyo is not Saitama");
    assert_eq!(refusal(error).0, "municipality");
    let last = world.scratch.store.last_sequence().expect("a journal").expect("entries");
    let entries = world.scratch.store.journal(last - 1, 2).expect("entries");
    for (_, body) in entries {
        let text = String::from_utf8(body).expect("UTF-8");
        assert!(text.contains("refused") && text.contains("municipality"), "{text}");
    }
    assert_eq!(
        world.scratch.store.certificates(world.auth.id(), None, 100).expect("a list").len(),
        before
    );
}
