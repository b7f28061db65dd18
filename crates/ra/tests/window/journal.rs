//! Every operation of the window that changes anything leaves its entry (E1).

use card::{CardSlot, HolderSecret};
use domain::act::{Act, Actor};
use domain::identity::Evidence;
use domain::journal::EventKind;
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::readers::Wanted;
use jitsuin_ra::register::Removal;
use jitsuin_ra::window::{CardPlace, Mending};

use crate::fixture::{AUTH, SIGN, World, at, clerk, evidence, form, hanako, kim, pin, taro};

/// The entries that an act left: kind and result of each, in order.
fn entries(world: &World, act: &Act) -> Vec<String> {
    let operation = format!("\"{}\"", act.operation);
    let own = world.journal().into_iter().filter(|entry| entry.contains(&operation));
    own.map(|entry| {
        let kind = EventKind::ALL
            .iter()
            .find(|kind| entry.contains(&format!("\"kind\":\"{}\"", kind.name())))
            .expect("a kind");
        let result = ["done", "no-op", "refused"]
            .into_iter()
            .find(|result| entry.contains(&format!("\"result\":\"{result}\"")))
            .expect("a result");
        format!("{kind} {result}")
    })
    .collect()
}

/// Does something once, and again under the same id: done, then nothing left to do.
fn expect<T>(world: &World, act: &Act, kind: EventKind, work: impl Fn(&Act) -> Option<T>) -> T {
    let done = work(act).expect("done");
    let told = entries(world, act);
    assert!(told.contains(&format!("{kind} done")), "{kind}: {told:?}");
    work(act).expect("again");
    let again = entries(world, act);
    assert_eq!(again[..told.len()], told, "what was told stays");
    assert!(again[told.len()..].iter().all(|entry| entry.ends_with(" no-op")), "{again:?}");
    assert!(again.len() > told.len(), "{kind}: a repetition is an entry too");
    done
}

#[test]
fn e1_every_mutating_operation_of_the_window_leaves_its_entry() {
    let auth =
        AUTH.replace("second_approval = false\nundelivered", "second_approval = true\nundelivered");
    let world = World::with_policies(&auth, SIGN);
    let window = &world.window;
    let (applications, counter) = (window.applications(), window.card_counter());
    let own = || world.act();
    let seen = evidence(&[Evidence::PhotoDocument]);
    let receive = |form: &ReceivedForm| {
        let received = |act: &Act| applications.receive(act, form).ok();
        expect(&world, &own(), EventKind::ApplicationReceived, received)
    };
    let verify = |id: &_| {
        let verified = |act: &Act| applications.verify(act, id, &seen).ok();
        expect(&world, &own(), EventKind::ApplicationVerified, verified);
        let second = world.act_of(clerk("clerk-b", "11203"));
        let approved = |act: &Act| applications.approve(act, id).ok();
        expect(&world, &second, EventKind::ApplicationApproved, approved);
    };
    let issue = |id: &_| {
        let issued = |act: &Act| counter.issue(act, id, None).ok();
        expect(&world, &own(), EventKind::ApplicationIssued, issued);
    };

    let id = receive(&form(&taro(), "jpki-auth", "issue-with-card"));
    verify(&id);
    issue(&id);
    let delivered = |act: &Act| counter.deliver(act, &id, pin(), None).ok();
    expect(&world, &own(), EventKind::ApplicationCompleted, delivered);

    let agent = Actor::CallCentreAgent("agent-1".parse().expect("an id"));
    let held = |act: &Act| window.call_centre().hold_by_phone(act, &taro().basic_four()).ok();
    expect(&world, &world.act_of(agent), EventKind::CertificateHeld, held);

    let release = receive(&form(&taro(), "jpki-auth", "hold-release"));
    verify(&release);
    let released = |act: &Act| applications.complete(act, &release).ok();
    expect(&world, &own(), EventKind::ApplicationCompleted, released);

    let ended =
        ReceivedForm { cause: "use-ended".into(), ..form(&taro(), "jpki-auth", "revocation") };
    let ended = receive(&ended);
    verify(&ended);
    let revoked = |act: &Act| applications.complete(act, &ended).ok();
    expect(&world, &own(), EventKind::ApplicationCompleted, revoked);

    let id = receive(&form(&hanako(), "jpki-auth", "issue-with-card"));
    verify(&id);
    issue(&id);
    let discarded = |act: &Act| counter.discard(act, &id, CardPlace::default()).ok();
    expect(&world, &own(), EventKind::ApplicationWithdrawn, discarded);

    let id = receive(&form(&kim(), "jpki-auth", "issue-with-card"));
    let refused =
        |act: &Act| counter.refuse(act, &id, "本人と認められない", CardPlace::default()).ok();
    expect(&world, &own(), EventKind::ApplicationRefused, refused);

    let id = receive(&form(&kim(), "jpki-auth", "issue-with-card"));
    let withdrawn = |act: &Act| counter.withdraw(act, &id, CardPlace::default()).ok();
    expect(&world, &own(), EventKind::ApplicationWithdrawn, withdrawn);

    let later = at("2026-04-02T03:00:00Z");
    world.register.remove(&kim().code, Removal::Death, later).expect("removed");
    let link = Actor::System("register-link".parse().expect("an id"));
    let run = Act { at: later, ..world.act_of(link) };
    window.register_link().apply_events(&run).expect("a run");
    let told = world.journal();
    let applied = |entry: &&String| entry.contains("register-event") && entry.contains("\"done\"");
    assert!(told.iter().any(|entry| applied(&entry)), "{told:?}");
}

#[test]
fn e1_every_operation_on_a_card_leaves_its_entry() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let (window, wanted) = (&world.window, Wanted::card(&card, None));
    let secret = |text| HolderSecret::parse(CardSlot::Authentication, text).expect("a PIN");
    let changed = EventKind::CardChanged;
    // Repeated, they find their answer before the card could count a try.
    expect(&world, &world.act(), changed, |act| {
        window.card_service().change_secret(act, &wanted, "1234", &secret("5678")).ok()
    });
    let seen = evidence(&[Evidence::PhotoDocument]);
    expect(&world, &world.act(), changed, |act| {
        window.card_service().reset_secret(act, &wanted, &secret("4321"), &seen).ok()
    });
    let ended =
        ReceivedForm { cause: "use-ended".into(), ..form(&taro(), "jpki-auth", "revocation") };
    window.applications().complete(&world.act(), &world.verified(&ended)).expect("revoked");
    expect(&world, &world.act(), changed, |act| {
        window.card_service().erase(act, &wanted, CardSlot::Authentication, "利用の取りやめ").ok()
    });
    let nowhere = Wanted::card(&"card-nowhere".parse().expect("an id"), None);
    let tries: [&dyn Fn(&Act) -> bool; 5] = [
        &|act| window.card_service().change_secret(act, &nowhere, "1234", &secret("5678")).is_err(),
        &|act| window.card_service().reset_secret(act, &nowhere, &secret("4321"), &seen).is_err(),
        &|act| window.card_service().erase(act, &nowhere, CardSlot::Signature, "理由").is_err(),
        &|act| window.card_service().read(act, &nowhere, None).is_err(),
        &|act| window.reconciler().reconcile(act, &nowhere, Mending::Mend).is_err(),
    ];
    let agent = Actor::CallCentreAgent("agent-1".parse().expect("an id"));
    for (number, fails) in tries.iter().enumerate() {
        for act in [world.act(), world.act_of(agent.clone())] {
            assert!(fails(&act));
            let told = entries(&world, &act);
            assert!(matches!(&told[..], [one] if one.ends_with(" refused")), "{number}: {told:?}");
        }
    }
}

#[test]
fn e1_an_application_that_does_not_exist_is_a_refusal_in_the_journal() {
    let world = World::new();
    let nowhere = "ap-nowhere".parse().expect("an id");
    let window = &world.window;
    let seen = evidence(&[Evidence::PhotoDocument]);
    let tries: [&dyn Fn(&Act) -> bool; 8] = [
        &|act| window.applications().verify(act, &nowhere, &seen).is_err(),
        &|act| window.applications().approve(act, &nowhere).is_err(),
        &|act| window.card_counter().issue(act, &nowhere, None).is_err(),
        &|act| window.card_counter().deliver(act, &nowhere, pin(), None).is_err(),
        &|act| window.applications().complete(act, &nowhere).is_err(),
        &|act| window.card_counter().discard(act, &nowhere, CardPlace::default()).is_err(),
        &|act| window.card_counter().refuse(act, &nowhere, "不明", CardPlace::default()).is_err(),
        &|act| window.card_counter().withdraw(act, &nowhere, CardPlace::default()).is_err(),
    ];
    for (number, fails) in tries.iter().enumerate() {
        let act = world.act();
        assert!(fails(&act));
        let told = entries(&world, &act);
        assert!(matches!(&told[..], [one] if one.ends_with(" refused")), "{number}: {told:?}");
    }
}
