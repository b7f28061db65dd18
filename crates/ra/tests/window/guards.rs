//! What nobody may be told, noted or given: lost keys, cut changes, other cards, other towns.

use card::{Card, CardNumber, CardSlot, HolderSecret, HolderSecrets, LifeState};
use domain::certificate::StateName;
use domain::id::CardId;
use domain::identity::Evidence;
use domain::journal::EventKind;
use jitsuin_ra::WindowError;
use jitsuin_ra::form::ReceivedForm;
use jitsuin_ra::readers::{ReaderError, Wanted};
use jitsuin_ra::window::{CardPlace, Finding, Handover, Mended, Mending};

use crate::fixture::cards::card_keys;
use crate::fixture::cut::When;
use crate::fixture::{
    AUTH, World, clerk, evidence, form, form_with_card, hanako, omiya, pin, taro,
};

const SLOT: CardSlot = CardSlot::Authentication;

/// The card under this number as it was made: as if nothing that was written to it had lasted.
fn emptied(card: &CardId) -> Card {
    let number = CardNumber::of(card).expect("a number");
    Card::make(number, card_keys(number))
}

fn new_pin() -> HolderSecret {
    HolderSecret::parse(SLOT, "4321").expect("a PIN")
}

fn reconcile(world: &World, card: &CardId, mending: Mending) -> Vec<Finding> {
    let wanted = Wanted::card(card, None);
    world.window.reconciler().reconcile(&world.act(), &wanted, mending).expect("an answer").findings
}

fn expect_left(findings: &[Finding], why: &str) {
    let is_it = |finding: &Finding| match &finding.outcome {
        Mended::Left(reason) => reason.contains(why),
        _ => false,
    };
    assert!(findings.iter().any(is_it), "{why}: {findings:?}");
}

fn revoke(world: &World) {
    let ended =
        ReceivedForm { cause: "use-ended".into(), ..form(&taro(), "jpki-auth", "revocation") };
    let revocation = world.verified(&ended);
    world.window.applications().complete(&world.act(), &revocation).expect("revoked");
}

#[test]
fn w1_a_lost_key_is_no_erasure_while_its_certificate_is_in_force() {
    let world = World::new();
    let (card, serial) = world.first_card(&taro());
    world.readers.lay(Some(emptied(&card)));
    for _ in 0..2 {
        expect_left(&reconcile(&world, &card, Mending::Mend), "revoke");
        assert!(world.record(&card).authentication.delivered.is_some(), "the office forgot it");
        assert_eq!(world.state_at_auth(&serial), StateName::Good);
    }
    revoke(&world);
    let mended = reconcile(&world, &card, Mending::Mend);
    assert_eq!((mended.len(), &mended[0].outcome), (1, &Mended::Done));
    world.expect_agreement(&card);
}

#[test]
fn c3_no_window_reaches_a_card_of_another_municipality() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let stranger = || world.act_of(clerk("clerk-x", "11100"));
    let wanted = Wanted::card(&card, None);
    // Named, it is answered for as one that there is nowhere, by every operation.
    let nowhere = Wanted::card(&CardNumber([9; 10]).id(), None);
    let seen = evidence(&[Evidence::PhotoDocument]);
    let window = &world.window;
    let refusals = |wanted: &Wanted| {
        [
            window.card_service().change_secret(&stranger(), wanted, "0000", &new_pin()).map(drop),
            window.card_service().read(&stranger(), wanted, Some("WRONG9")).map(drop),
            window.card_service().reset_secret(&stranger(), wanted, &new_pin(), &seen).map(drop),
            window.card_service().erase(&stranger(), wanted, SLOT, "理由").map(drop),
            window.reconciler().reconcile(&stranger(), wanted, Mending::Mend).map(drop),
        ]
        .map(|refused| refused.expect_err("no such card"))
    };
    let elsewhere = refusals(&wanted);
    world.expect_refusal(EventKind::AccessRefused, "the card is another municipality's");
    for (at, (elsewhere, nobodys)) in elsewhere.iter().zip(refusals(&nowhere)).enumerate() {
        assert!(matches!(elsewhere, WindowError::Elsewhere { field: "card" }), "{at} {elsewhere}");
        assert!(matches!(nobodys, WindowError::Unknown { field: "card" }), "{at} {nobodys}");
        assert_eq!(elsewhere.to_string(), nobodys.to_string());
    }
    // Nor does a form on which it is named tell more.
    let asks = |card: &CardId| {
        let form = form_with_card(&omiya(), "saitama-sign", "issue-on-card", card);
        let form = ReceivedForm { municipality: "11100".into(), ..form };
        let id = window.applications().receive(&stranger(), &form).expect("received");
        window.applications().verify(&stranger(), &id, &seen).expect("verified");
        window.card_counter().issue(&stranger(), &id, None).expect_err("not theirs").to_string()
    };
    assert_eq!(asks(&card), asks(&CardNumber([9; 10]).id()));
    // Whatever is named, or nothing, and the card lies on the reader.
    world.readers.lay_own(&card);
    let any = Wanted::default();
    for _ in 0..3 {
        let tried =
            world.window.card_service().change_secret(&stranger(), &any, "0000", &new_pin());
        assert!(tried.expect_err("nor so").to_string().contains("another municipality"));
    }
    world.readers.lay(None);
    // No try was spent.
    let own = world.window.card_service().change_secret(&world.act(), &wanted, "0000", &new_pin());
    assert!(own.expect_err("wrong").to_string().contains("2 tries left"));
}

#[test]
fn l1_a_slot_bound_to_an_application_hides_no_lost_key() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let renewal = world.verified(&form_with_card(&taro(), "jpki-auth", "renewal", &card));
    world.cut.plan_named("issue", When::Before);
    world.window.card_counter().issue(&world.act(), &renewal, None).expect_err("cut");
    assert!(world.cut.lift());
    world.readers.lay(Some(emptied(&card)));
    expect_left(&reconcile(&world, &card, Mending::Mend), "revoke");
    world.window.card_counter().issue(&world.act(), &renewal, None).expect("issued");
    expect_left(&reconcile(&world, &card, Mending::Mend), "revoke");
}

#[test]
fn l11_a_foreign_card_does_not_count_as_the_destroyed_one() {
    let world = World::new();
    let (new, card, _) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    let (others, _) = world.first_card(&hanako());
    world.window.card_counter().discard(&world.act(), &new, CardPlace::Absent).expect("given up");
    world.readers.lay_own(&others);
    let wanted = Wanted::card(&card, None);
    let refused = world
        .window
        .reconciler()
        .reconcile(&world.act(), &wanted, Mending::Mend)
        .expect_err("other");
    assert!(refused.to_string().contains("lies on the reader"), "{refused}");
    assert_eq!(world.readers.lying().life(), LifeState::Delivered);
    world.readers.lay_another_make(true);
    expect_left(&reconcile(&world, &card, Mending::Mend), "another card lies on the reader");
    world.readers.lay_another_make(false);
    world.readers.lay(None);
    assert_eq!(reconcile(&world, &card, Mending::Mend)[0].outcome, Mended::Done);
    assert_eq!(world.card(&card).life(), LifeState::Destroyed);
}

/// Four commands to open the card; then the entry of what is about to be done, and the change.
const INTENT: usize = 4;
const ANSWER: usize = 6;

#[test]
fn e1_what_changes_a_card_at_the_counter_is_in_the_journal_before_it_does() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let wanted = Wanted::card(&card, None);
    let works = |pin: &str| world.card(&card).sign(SLOT, pin, b"x").is_ok();
    let reset = || {
        let seen = evidence(&[Evidence::PhotoDocument]);
        world.window.card_service().reset_secret(&world.act(), &wanted, &new_pin(), &seen)
    };
    world.cut.plan(INTENT, When::Before);
    reset().expect_err("cut");
    assert!(world.cut.lift() && works("1234"), "nothing changed without an entry");
    let before = world.journal().len();
    world.cut.plan(ANSWER, When::Before);
    reset().expect_err("cut");
    assert!(world.cut.lift() && works("4321"));
    let told = world.journal()[before..].join("\n");
    assert!(told.contains("photo-document") && told.contains(card.as_str()), "{told}");

    let change =
        || world.window.card_service().change_secret(&world.act(), &wanted, "4321", &new_pin());
    let before = world.journal().len();
    world.cut.plan_named("commit", When::Before);
    change().expect_err("cut");
    assert!(world.cut.lift());
    assert_eq!(world.journal().len(), before);
    change().expect("changed");
    assert_eq!(world.journal().len(), before + 2, "what was about to be done, and that it was");

    revoke(&world);
    let erase = || world.window.card_service().erase(&world.act(), &wanted, SLOT, "利用の取りやめ");
    world.cut.plan(INTENT, When::Before);
    erase().expect_err("cut");
    assert!(world.cut.lift() && world.card(&card).certificates(SLOT).is_ok());
    world.cut.plan(ANSWER, When::Before);
    erase().expect_err("cut");
    assert!(world.cut.lift() && world.card(&card).certificates(SLOT).is_err());
    let last = world.journal().pop().expect("an entry");
    assert!(last.contains("being erased") && last.contains(card.as_str()), "{last}");
}

#[test]
fn l4_an_operation_s_id_stands_for_all_that_was_asked_and_for_its_card() {
    let world = World::new();
    let (own, _) = world.first_card(&taro());
    let (others, _) = world.first_card(&hanako());
    let act = world.act();
    let reset = |items: &[Evidence], doubt: Option<&str>| {
        let seen = doubt.map(str::to_owned);
        let seen = jitsuin_ra::window::EvidenceRecord { doubt: seen, ..evidence(items) };
        world.window.card_service().reset_secret(&act, &Wanted::default(), &new_pin(), &seen)
    };
    world.readers.lay_own(&own);
    assert_eq!(reset(&[Evidence::PhotoDocument], None).expect("reset"), own);
    for (items, doubt) in [(&[][..], None), (&[Evidence::PhotoDocument][..], Some("another"))] {
        let refused = reset(items, doubt).expect_err("another request").to_string();
        assert!(refused.contains("another request"), "{refused}");
    }
    assert_eq!(reset(&[Evidence::PhotoDocument], None).expect("a repetition"), own);
    world.readers.lay_own(&others);
    let refused = reset(&[Evidence::PhotoDocument], None).expect_err("another card").to_string();
    assert!(refused.contains(others.as_str()) && refused.contains("is meant"), "{refused}");
    world.readers.lay(None);

    let (id, ..) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    let act = world.act();
    let to = |address: &str| Handover::Sent { address: address.into(), receiver: None };
    let send =
        |address| world.window.card_counter().deliver_by(&act, &id, pin(), None, &to(address));
    send("埼玉県川口市青木二丁目１番１号").expect("delivered");
    let refused = send("埼玉県川口市青木二丁目１番２号").expect_err("another").to_string();
    assert!(refused.contains("another request"), "{refused}");
}

#[test]
fn e1_a_refusal_at_the_counter_names_the_card_by_its_own_word() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    world.readers.lay_own(&card);
    let (window, any) = (&world.window, Wanted::default());
    let expect_named = || {
        let last = world.journal().pop().expect("an entry");
        assert!(last.contains(&format!("\"subject\":\"{card}\"")), "{last}");
        assert!(last.contains("refused"), "{last}");
    };
    window.card_service().change_secret(&world.act(), &any, "0000", &new_pin()).expect_err("wrong");
    expect_named();
    window.card_service().erase(&world.act(), &any, SLOT, "理由").expect_err("in force");
    expect_named();
}

#[test]
fn l1_only_an_issue_has_a_blank_card_made() {
    let world = World::new();
    let any = Wanted::default();
    let seen = evidence(&[Evidence::PhotoDocument]);
    let (window, act) = (&world.window, world.act());
    for refused in [
        window.card_service().read(&act, &any, None).map(drop),
        window.reconciler().reconcile(&act, &any, Mending::Mend).map(drop),
        window.card_service().reset_secret(&act, &any, &new_pin(), &seen).map(drop),
        window.card_service().change_secret(&act, &any, "1234", &new_pin()).map(drop),
        window.card_service().erase(&act, &any, SLOT, "理由").map(drop),
    ] {
        let refused = refused.expect_err("no card");
        assert!(matches!(refused, WindowError::Reader(ReaderError::Refused(_))), "{refused}");
    }
    assert_eq!(world.readers.ids(), []);
}

#[test]
fn c3_another_town_neither_erases_nor_mends_nor_reads_what_the_office_knows() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    revoke(&world);
    let wanted = Wanted::card(&card, None);
    let stranger = || world.act_of(clerk("clerk-o", "11100"));
    let refused = world
        .window
        .card_service()
        .erase(&stranger(), &wanted, SLOT, "理由")
        .expect_err("not at home");
    assert!(matches!(refused, WindowError::Elsewhere { field: "card" }), "{refused}");
    world.expect_refusal(EventKind::AccessRefused, "another municipality");
    assert!(world.card(&card).certificates(SLOT).is_ok());

    // One that lies there is told to be another's, whatever is to be done with it.
    world.readers.lay(Some(emptied(&card)));
    let lying = Wanted::default();
    let mended = world
        .window
        .reconciler()
        .reconcile(&stranger(), &lying, Mending::Mend)
        .expect_err("nor mend");
    assert!(mended.to_string().contains("another municipality"), "{mended}");
    world.expect_refusal(EventKind::CardChanged, "another municipality");
    assert!(world.record(&card).authentication.delivered.is_some());
}

#[test]
fn c3_a_renewal_keeps_the_present_pin_where_a_cut_attempt_had_staged_another() {
    let world = World::new();
    let (card, _) = world.first_card(&taro());
    let (id, ..) = world.issued(&form_with_card(&taro(), "jpki-auth", "renewal", &card));
    let other =
        HolderSecrets { authentication: Some("9876".parse().expect("a PIN")), signature: None };
    world.cut.plan_named("deliver", When::Before);
    world
        .window
        .card_counter()
        .deliver(&world.act(), &id, other, None)
        .expect_err("cut before the CA");
    assert!(world.cut.lift());
    let none = HolderSecrets::default();
    world.window.card_counter().deliver(&world.act(), &id, none, None).expect("delivered");
    let mut delivered = world.card(&card);
    assert!(delivered.sign(SLOT, "9876", b"x").is_err(), "nobody's word");
    assert!(delivered.sign(SLOT, "1234", b"x").is_ok());
}

/// Another CA for the same slot, which comes first by its name and asks for more.
fn world_with_another_ca() -> World {
    let other = AUTH.replace("ca = \"jpki-auth\"", "ca = \"another-auth\"");
    let asked = "\"register-match\", \"photo-document\"]";
    let other = other.replace(asked, "\"register-match\", \"photo-document\", \"inquiry-answer\"]");
    World::with_policies(AUTH, &other)
}

#[test]
fn c3_the_evidence_for_a_new_pin_is_what_the_ca_of_the_certificate_asks() {
    let world = world_with_another_ca();
    let (card, _) = world.first_card(&taro());
    let seen = evidence(&[Evidence::PhotoDocument]);
    let wanted = Wanted::card(&card, None);
    world
        .window
        .card_service()
        .reset_secret(&world.act(), &wanted, &new_pin(), &seen)
        .expect("complete");
}

#[test]
fn l6_no_ca_s_issue_gives_up_a_key_that_another_ca_s_certificate_in_force_is_for() {
    let world = world_with_another_ca();
    let (id, card, _) = world.issued(&form(&taro(), "jpki-auth", "issue-with-card"));
    world.cut.plan_named("deliver", When::After);
    world.window.card_counter().deliver(&world.act(), &id, pin(), None).expect_err("cut");
    assert!(world.cut.lift());
    // As if what the card wrote at its delivery had not lasted.
    let before = world.card(&card);
    world.window.card_counter().deliver(&world.act(), &id, pin(), None).expect("delivered");
    let on_card = form_with_card(&taro(), "another-auth", "issue-on-card", &card);
    let id = world.receive(&on_card);
    let seen = evidence(&[Evidence::PhotoDocument, Evidence::InquiryAnswer]);
    world.window.applications().verify(&world.act(), &id, &seen).expect("verified");
    world.readers.lay(Some(before));
    let refused =
        world.window.card_counter().issue(&world.act(), &id, None).expect_err("reconcile first");
    assert!(refused.to_string().contains("reconcile it first"), "{refused}");
}
