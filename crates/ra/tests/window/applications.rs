//! Who may do what to an application, and that asking twice is asking once.

use domain::act::Actor;
use domain::application::ApplicationState;
use domain::identity::Evidence;
use domain::journal::EventKind;
use jitsuin_ra::WindowError;
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::window::CardPlace;

use crate::fixture::store::{newest, personal};
use crate::fixture::{AUTH, SIGN, World, clerk, evidence, form, pin, taro};

fn first() -> ReceivedForm {
    form(&taro(), "jpki-auth", "issue-with-card")
}

#[test]
fn l4_the_application_is_recorded_and_personal_data_is_sealed_in_the_journal() {
    let world = World::new();
    let id = world.receive(&first());
    let application = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(application.state, ApplicationState::Received);
    assert_eq!(application.record.form.family_name, "川口");
    let received = world.journal().pop().expect("an entry");
    assert!(received.contains("application-received") && received.contains("issue-with-card"));
    assert!(!received.contains("川口") && !received.contains("10000000001"), "{received}");
    let sequence = newest(&*world.store);
    let personal = personal(&*world.store, sequence).expect("sealed, not lost");
    assert!(personal.contains("川口") && personal.contains("カワグチ"));
}

#[test]
fn l5_a_foreign_municipality_s_clerk_is_refused_everywhere() {
    let world = World::new();
    let id = world.receive(&first());
    let act = || world.act_of(clerk("clerk-o", "11100"));
    let seen = evidence(&[Evidence::PhotoDocument]);
    let refusals = [
        world.window.applications().receive(&act(), &first()).err(),
        world.window.applications().verify(&act(), &id, &seen).err(),
        world.window.applications().approve(&act(), &id).err(),
        world.window.card_counter().issue(&act(), &id, None).err(),
        world.window.card_counter().deliver(&act(), &id, pin(), None).err(),
        world.window.card_counter().discard(&act(), &id, CardPlace::default()).err(),
        world.window.card_counter().refuse(&act(), &id, "因縁", CardPlace::default()).err(),
        world.window.card_counter().withdraw(&act(), &id, CardPlace::default()).err(),
        world.window.applications().complete(&act(), &id).err(),
        world.window.applications().find(&act().actor, &id).err(),
    ];
    for (at, refused) in refusals.iter().enumerate() {
        match (at, refused) {
            (0, Some(WindowError::NotPermitted(_))) => {}
            (1.., Some(WindowError::Elsewhere { field: "application" })) => {}
            _ => panic!("{at}: {refused:?}"),
        }
    }
    world.expect_refusal(EventKind::AccessRefused, "another municipality");
    let own = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(own.state, ApplicationState::Received);
    assert_eq!(
        world.window.applications().list(&act().actor, None, None, 10).expect("a list").rows,
        []
    );
}

#[test]
fn l5_only_clerks_work_at_windows() {
    let world = World::new();
    let person = |text: &str| text.parse().expect("an id");
    for actor in [
        Actor::CallCentreAgent(person("agent")),
        Actor::Staff(person("staff")),
        Actor::System(person("part")),
        Actor::Anonymous,
    ] {
        let act = world.act_of(actor);
        let refused = world.window.applications().receive(&act, &first()).expect_err("no clerk");
        assert!(matches!(refused, WindowError::NotPermitted(_)), "{refused}");
        world.expect_refusal(EventKind::AccessRefused, "only a clerk");
    }
}

#[test]
fn l14_an_operation_is_carried_out_once_and_its_id_belongs_to_its_request() {
    let world = World::new();
    let act = world.act();
    let id = world.window.applications().receive(&act, &first()).expect("received");
    assert_eq!(world.window.applications().receive(&act, &first()).expect("again"), id);
    let entries = world.journal();
    assert!(entries.last().expect("an entry").contains("no-op"));
    assert_eq!(
        world.window.applications().list(&act.actor, None, None, 10).expect("a list").rows.len(),
        1
    );
    let other = ReceivedForm { window: "4".into(), ..first() };
    let refused = world.window.applications().receive(&act, &other).expect_err("another request");
    assert!(refused.to_string().contains("used for another request"), "{refused}");
    let refused = world
        .window
        .card_counter()
        .withdraw(&act, &id, CardPlace::default())
        .expect_err("another operation");
    assert!(refused.to_string().contains("used for another request"), "{refused}");
    let stolen = domain::act::Act { actor: clerk("clerk-b", "11203"), ..act };
    let refused =
        world.window.applications().receive(&stolen, &first()).expect_err("another clerk");
    assert!(refused.to_string().contains("used for another request"), "{refused}");
}

#[test]
fn l14_steps_out_of_turn_are_refused_with_state_and_rule() {
    let world = World::new();
    let id = world.receive(&first());
    let refused = world
        .window
        .card_counter()
        .issue(&world.act(), &id, None)
        .expect_err("not verified")
        .to_string();
    assert!(refused.contains("received") && refused.contains("issue"), "{refused}");
    world.expect_refusal(EventKind::ApplicationIssued, "received");
    assert!(world.window.card_counter().deliver(&world.act(), &id, pin(), None).is_err());
    assert!(world.window.card_counter().discard(&world.act(), &id, CardPlace::default()).is_err());
    assert!(world.window.applications().complete(&world.act(), &id).is_err());
    world
        .window
        .card_counter()
        .withdraw(&world.act(), &id, CardPlace::default())
        .expect("withdrawn");
    assert!(
        world
            .window
            .card_counter()
            .refuse(&world.act(), &id, "遅い", CardPlace::default())
            .is_err()
    );
    let application = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(application.state, ApplicationState::Withdrawn);
    let unknown = "ap-nowhere".parse().expect("an id");
    let refused =
        world.window.card_counter().issue(&world.act(), &unknown, None).expect_err("unknown");
    assert!(matches!(refused, WindowError::Unknown { field: "application" }));
}

#[test]
fn l14_nobody_approves_what_they_checked_and_nothing_skips_the_approval() {
    let auth =
        AUTH.replace("second_approval = false\nundelivered", "second_approval = true\nundelivered");
    assert_ne!(auth, AUTH);
    let world = World::with_policies(&auth, SIGN);
    let id = world.verified(&first());
    let refused = world
        .window
        .card_counter()
        .issue(&world.act(), &id, None)
        .expect_err("not approved")
        .to_string();
    assert!(refused.contains("a second person must approve first"), "{refused}");
    let refused = world
        .window
        .applications()
        .approve(&world.act(), &id)
        .expect_err("the same clerk")
        .to_string();
    assert!(refused.contains("nobody approves"), "{refused}");
    world.expect_refusal(EventKind::ApplicationApproved, "nobody approves");
    let other = world.act_of(clerk("clerk-b", "11203"));
    world.window.applications().approve(&other, &id).expect("approved by B");
    world.window.card_counter().issue(&world.act(), &id, None).expect("issued");
}

#[test]
fn l14_a_refusal_is_recorded_with_its_reason() {
    let world = World::new();
    let id = world.verified(&first());
    let refused = world
        .window
        .card_counter()
        .refuse(&world.act(), &id, "", CardPlace::default())
        .expect_err("no reason");
    assert!(refused.to_string().contains("reason: it must be filled in"), "{refused}");
    world
        .window
        .card_counter()
        .refuse(&world.act(), &id, "本人が来庁しない", CardPlace::default())
        .expect("refused");
    let application = world.window.applications().find(&world.act().actor, &id).expect("there");
    assert_eq!(application.state, ApplicationState::Refused);
    assert_eq!(application.record.doubts, ["本人が来庁しない"]);
}
