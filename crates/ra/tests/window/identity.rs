//! The identity check: what each CPS wants to see, and what every doubt does.

use domain::application::ApplicationState;
use domain::identity::Evidence;
use domain::journal::EventKind;
use domain::resident::Resident;
use jitsuin_ra::WindowError;
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::register::Removal;
use jitsuin_ra::window::{EvidenceRecord, Verification};

use crate::fixture::store::{newest, personal};
use crate::fixture::{World, at, evidence, form, kim, omiya, taro};

const A_AGENT: [Evidence; 4] = [
    Evidence::PowerOfAttorney,
    Evidence::InquiryAnswer,
    Evidence::SuitableDocument,
    Evidence::AgentPhotoDocument,
];

const S_AGENT: [Evidence; 5] = [
    Evidence::PowerOfAttorney,
    Evidence::SealCertificate,
    Evidence::InquiryAnswer,
    Evidence::SuitableDocument,
    Evidence::AgentPhotoDocument,
];

fn sign_form(resident: &Resident) -> ReceivedForm {
    ReceivedForm { card: "card-1".into(), ..form(resident, "saitama-sign", "issue-on-card") }
}

fn by_agent(form: ReceivedForm) -> ReceivedForm {
    ReceivedForm {
        applicant: "agent".into(),
        agent_name: "代理　次郎".into(),
        agent_address: "埼玉県川口市青木二丁目１番２号".into(),
        ..form
    }
}

#[test]
fn l5_each_missing_piece_of_evidence_is_named_with_its_clause() {
    let auth = form(&taro(), "jpki-auth", "issue-with-card");
    let cases: [(ReceivedForm, &[Evidence], &str); 4] = [
        (auth.clone(), &[Evidence::PhotoDocument], "A 3.2.3.1(2)"),
        (sign_form(&taro()), &[Evidence::PhotoDocument], "S 3-1-9"),
        (by_agent(auth), &A_AGENT, "A 3.2.3.1(3)"),
        (by_agent(sign_form(&taro())), &S_AGENT, "S 3-1-10"),
    ];
    for (form, needed, clause) in cases {
        let world = World::new();
        let id = world.receive(&form);
        for missing in needed {
            let shown: Vec<_> = needed.iter().copied().filter(|e| e != missing).collect();
            let refused = world.window.applications().verify(&world.act(), &id, &evidence(&shown));
            let refused = refused.expect_err("something is missing").to_string();
            assert_eq!(refused, format!("evidence: {missing} is missing ({clause})"));
            world.expect_refusal(EventKind::ApplicationVerified, missing.name());
        }
        let outcome = world
            .window
            .applications()
            .verify(&world.act(), &id, &evidence(needed))
            .expect("complete");
        assert_eq!(outcome, Verification::Verified);
    }
}

#[test]
fn l5_every_step_of_the_check_is_recorded() {
    let world = World::new();
    let id = world.receive(&by_agent(sign_form(&taro())));
    world.window.applications().verify(&world.act(), &id, &evidence(&S_AGENT)).expect("complete");
    let record = world.window.applications().find(&world.act().actor, &id).expect("there").record;
    let steps: Vec<_> = record.checks.iter().map(|check| check.evidence).collect();
    assert_eq!(steps[0], Evidence::RegisterMatch, "the system's own check stands first");
    assert_eq!(steps[1..], S_AGENT);
    assert!(record.checks.iter().all(|c| c.by.as_str() == "clerk-a" && !c.document.is_empty()));
    let entry = world.journal().pop().expect("an entry");
    assert!(entry.contains("seal-certificate") && !entry.contains("第301234567890号"), "{entry}");
    let personal = personal(&*world.store, newest(&*world.store)).expect("sealed");
    assert!(personal.contains("第301234567890号"));
}

#[test]
fn l5_any_doubt_of_the_clerk_refuses_the_application() {
    let world = World::new();
    let id = world.receive(&sign_form(&taro()));
    let doubtful = EvidenceRecord {
        doubt: Some("写真が本人と異なる".into()),
        ..evidence(&[Evidence::PhotoDocument])
    };
    let outcome =
        world.window.applications().verify(&world.act(), &id, &doubtful).expect("recorded");
    assert_eq!(outcome, Verification::Refused { doubts: vec!["写真が本人と異なる".into()] });
    let application = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(application.state, ApplicationState::Refused);
    let entry = world.journal().pop().expect("an entry");
    assert!(entry.contains("application-refused") && !entry.contains("写真"), "{entry}");
    assert!(world.window.card_counter().issue(&world.act(), &id, None).is_err());
}

#[test]
fn w8_l5_what_the_register_does_not_say_refuses_the_application() {
    let other = |change: fn(&mut ReceivedForm)| {
        let mut form = sign_form(&taro());
        change(&mut form);
        form
    };
    let cases: [(ReceivedForm, &str); 9] = [
        (other(|f| f.given_name = "次郎".into()), "the name is not the one in the register"),
        (other(|f| f.address = "埼玉県川口市青木三丁目".into()), "the address is not"),
        (other(|f| f.birth_date = "1980-01-03".into()), "the birth-date is not"),
        (other(|f| f.gender = "2".into()), "the gender is not"),
        (other(|f| f.alias = "金田".into()), "the name is not"),
        (ReceivedForm { alias: String::new(), ..sign_form(&kim()) }, "the name is not"),
        (other(|f| f.resident = "99999999999".into()), "the resident is not registered"),
        (sign_form(&omiya()), "the record is kept by another municipality"),
        (
            ReceivedForm {
                given_name: "X".into(),
                ..form(&taro(), "jpki-auth", "issue-with-card")
            },
            "the name is not",
        ),
    ];
    for (form, doubt) in cases {
        let world = World::new();
        let id = world.receive(&form);
        let outcome = world.window.applications().verify(
            &world.act(),
            &id,
            &evidence(&[Evidence::PhotoDocument]),
        );
        let Ok(Verification::Refused { doubts }) = outcome else {
            panic!("{doubt}: {outcome:?}");
        };
        assert!(doubts.len() == 1 && doubts[0].starts_with(doubt), "{doubts:?}");
    }
}

#[test]
fn w8_l5_the_register_is_compared_after_the_evidence_and_tells_nothing_of_another_municipality() {
    // A form that is wrong in every attribute, and a right one, are answered alike until the evidence
    // is complete; of another municipality's resident they are answered alike ever after.
    let wrong = |resident: &Resident| ReceivedForm {
        given_name: "別人".into(),
        address: "埼玉県川口市青木三丁目".into(),
        birth_date: "1980-01-03".into(),
        ..sign_form(resident)
    };
    let missing = |form: &ReceivedForm| {
        let world = World::new();
        let id = world.receive(form);
        let refused =
            world.window.applications().verify(&world.act(), &id, &EvidenceRecord::default());
        let application = world.window.applications().find(&world.act().actor, &id).expect("there");
        assert_eq!(application.state, ApplicationState::Received);
        refused.expect_err("no evidence").to_string()
    };
    assert_eq!(missing(&wrong(&taro())), missing(&sign_form(&taro())));
    let found = |form: &ReceivedForm| {
        let world = World::new();
        let id = world.receive(form);
        let seen = evidence(&[Evidence::PhotoDocument]);
        world.window.applications().verify(&world.act(), &id, &seen).expect("recorded")
    };
    assert_eq!(found(&wrong(&omiya())), found(&sign_form(&omiya())));
    // A doubt of the clerk's own asks the register nothing either.
    let world = World::new();
    let id = world.receive(&wrong(&taro()));
    let doubtful =
        EvidenceRecord { doubt: Some("別人".into()), ..evidence(&[Evidence::PhotoDocument]) };
    let outcome =
        world.window.applications().verify(&world.act(), &id, &doubtful).expect("recorded");
    assert_eq!(outcome, Verification::Refused { doubts: vec!["別人".into()] });
}

#[test]
fn w8_a_removed_record_is_no_longer_found_and_a_silent_register_stops_the_work() {
    let world = World::new();
    let id = world.receive(&sign_form(&taro()));
    let seen = evidence(&[Evidence::PhotoDocument]);
    world.register.set_available(false);
    let broken =
        world.window.applications().verify(&world.act(), &id, &seen).expect_err("nobody can tell");
    assert!(matches!(broken, WindowError::Register(_)), "{broken}");
    world.register.set_available(true);
    world.register.remove(&taro().code, Removal::Death, at("2026-04-01T00:00:00Z")).expect("gone");
    let outcome = world.window.applications().verify(&world.act(), &id, &seen).expect("recorded");
    assert!(matches!(outcome, Verification::Refused { .. }));
}

#[test]
fn l5_evidence_is_text_within_bounds_and_each_is_given_once() {
    let world = World::new();
    let id = world.receive(&sign_form(&taro()));
    let change = |change: fn(&mut EvidenceRecord)| {
        let mut record = evidence(&[Evidence::PhotoDocument]);
        change(&mut record);
        record
    };
    let cases = [
        (change(|r| r.items[0].document.clear()), "document: it must be filled in"),
        (change(|r| r.items[0].document = "免".repeat(101)), "document: it has 101 characters"),
        (change(|r| r.items[0].number = "1".repeat(101)), "number: it has 101 characters"),
        (change(|r| r.items[0].note = "記".repeat(401)), "note: it has 401 characters"),
        (change(|r| r.items[0].note = "a\u{0}b".into()), "note: the character at 1 is a control"),
        (change(|r| r.doubt = Some(String::new())), "doubt: it must be filled in"),
        (change(|r| r.items.push(r.items[0].clone())), "evidence: photo-document is given twice"),
    ];
    for (record, expected) in cases {
        let refused =
            world.window.applications().verify(&world.act(), &id, &record).expect_err(expected);
        assert!(refused.to_string().starts_with(expected), "{refused}");
    }
    let application = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(application.state, ApplicationState::Received);
    assert_eq!(application.record.checks, []);
}
