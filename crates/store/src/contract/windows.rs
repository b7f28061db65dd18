//! Applications, cards, operations, the register's cursor, verifiers and CAs.

use domain::application::ApplicationState;
use domain::id::{ApplicationId, OperationId, SystemOperation};
use domain::journal::EventKind;

use super::fixtures::*;
use crate::{ApplicationRow, CaRow, CardRow, Change, Error, LOOKED_AT, Store, VerifierRow};

/// An application is moved from the state it is in, with its whole record.
pub fn l1_an_application_moves_only_from_where_it_stands(store: &dyn Store) {
    use ApplicationState::{Received, Refused, Verified};
    let add = || {
        unit(EventKind::ApplicationReceived, Change::AddApplication(Box::new(application("app-1"))))
    };
    assert!(matches!(store.commit(add()), Err(Error::Missing { .. })), "there is no CA");
    with_cas(store);
    store.commit(add()).expect("received");
    assert!(matches!(store.commit(add()), Err(Error::Duplicate { .. })));
    let id = application("app-1").id;
    let set = |id: &str, from, to| {
        let id = id.parse().expect("an id");
        let change = Change::SetApplication { id, from, to, record: b"{\"v\":2}".to_vec() };
        store.commit(unit(EventKind::ApplicationVerified, change))
    };
    set("app-1", Received, Verified).expect("where it stands");
    let expected =
        ApplicationRow { state: Verified, record: b"{\"v\":2}".to_vec(), ..application("app-1") };
    assert_eq!(store.application(&id).expect("read"), Some(expected));
    let error = set("app-1", Received, Refused).expect_err("stale");
    assert_eq!(
        error.to_string(),
        "application app-1 changed meanwhile: expected received, found verified"
    );
    assert!(matches!(set("app-2", Received, Verified), Err(Error::Missing { .. })));
}

/// Newest first, of one municipality, no more than asked.
pub fn l1_applications_are_listed_newest_first(store: &dyn Store) {
    with_cas(store);
    for id in ["app-1", "app-2", "app-3"] {
        commit(store, Change::AddApplication(Box::new(application(id))));
    }
    let elsewhere = "01100".parse().expect("a code");
    let other = ApplicationRow { municipality: elsewhere, ..application("app-4") };
    commit(store, Change::AddApplication(Box::new(other)));
    let listed = |after: Option<&str>, limit| -> (Vec<String>, Option<String>) {
        let after = after.map(|id| id.parse().expect("an id"));
        let page = store.applications(&municipality(), None, after.as_ref(), limit).expect("read");
        let ids = page.rows.iter().map(|a| a.id.to_string()).collect();
        (ids, page.next.map(|id| id.to_string()))
    };
    let ids = |all: &[&str]| all.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    assert_eq!(listed(None, 10), (ids(&["app-3", "app-2", "app-1"]), None));
    assert_eq!(listed(None, 2), (ids(&["app-3", "app-2"]), Some("app-2".to_owned())));
    assert_eq!(listed(Some("app-2"), 2), (ids(&["app-1"]), None));
    // Another municipality's, and one whose row is gone: an empty page would say that nothing comes after it.
    for nowhere in ["app-4", "app-5"] {
        let nowhere = nowhere.parse().expect("an id");
        let read = store.applications(&municipality(), None, Some(&nowhere), 2);
        assert!(matches!(read, Err(Error::Missing { .. })), "{nowhere}: {read:?}");
    }
}

/// Among many in other states, those that are wanted are found part by part, each after a bounded search.
pub fn l1_applications_in_one_state_are_found_part_by_part(store: &dyn Store) {
    use ApplicationState::{Received, Refused};
    with_cas(store);
    let many = LOOKED_AT + 3;
    for number in 0..many {
        let id = format!("app-{number}");
        commit(store, Change::AddApplication(Box::new(application(&id))));
    }
    let change = Change::SetApplication {
        id: "app-0".parse().expect("an id"),
        from: Received,
        to: Refused,
        record: b"{}".to_vec(),
    };
    commit(store, change);
    let found = |after: Option<&ApplicationId>| {
        store.applications(&municipality(), Some(Refused), after, 1).expect("read")
    };
    let first = found(None);
    assert_eq!(first.rows, [], "the oldest is beyond what is looked at");
    let next = first.next.expect("it goes on");
    assert_eq!(next.as_str(), format!("app-{}", many - LOOKED_AT));
    let last = found(Some(&next));
    assert_eq!(last.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["app-0"]);
    assert_eq!(found(last.next.as_ref()).rows, []);
}

/// A repeated operation finds its answer and cannot be recorded again.
pub fn w8_an_operation_is_recorded_once(store: &dyn Store) {
    let id = act("op-1").operation;
    assert_eq!(store.operation(&id).expect("read"), None);
    let record = |answer: &[u8]| Change::RecordOperation { id: id.clone(), answer: answer.into() };
    commit(store, record(b"first"));
    let again = store.commit(unit(EventKind::CardChanged, record(b"second")));
    assert!(matches!(again, Err(Error::Duplicate { what }) if what == "operation op-1"));
    assert_eq!(store.operation(&id).expect("read").as_deref(), Some(&b"first"[..]));
}

/// Cards by number and by holder.
pub fn l1_a_card_is_as_it_was_put_last(store: &dyn Store) {
    let card = |id: &str, record: &[u8]| CardRow {
        id: id.parse().expect("an id"),
        holder: resident(1),
        municipality: municipality(),
        record: record.to_vec(),
    };
    commit(store, Change::PutCard(card("card-2", b"a")));
    commit(store, Change::PutCard(card("card-1", b"b")));
    commit(store, Change::PutCard(card("card-2", b"c")));
    let of_other = CardRow { holder: resident(2), ..card("card-3", b"d") };
    commit(store, Change::PutCard(of_other));
    let read = store.card(&card("card-2", b"").id).expect("read");
    assert_eq!(read, Some(card("card-2", b"c")));
    assert_eq!(store.card(&card("card-9", b"").id).expect("read"), None);
    let held = store.cards_of(&resident(1)).expect("read");
    assert_eq!(held, [card("card-1", b"b"), card("card-2", b"c")]);
}

/// A session is granted once, and none that is older than one that was; each card has its counter.
pub fn c4_the_sessions_of_a_card_count_up_alone(store: &dyn Store) {
    let grant = |card: &str, sequence| {
        let card = card.parse().expect("an id");
        let change = Change::GrantCardSession { card, sequence };
        store.commit(unit(EventKind::CardSessionGranted, change))
    };
    grant("card-1", 5).expect("the first");
    for past in [5, 4, 0] {
        let refused = grant("card-1", past).expect_err("granted before");
        assert_eq!(
            refused.to_string(),
            format!(
                "the session counter of card card-1 changed meanwhile: \
                 expected less than {past}, found 5"
            )
        );
    }
    grant("card-2", 1).expect("another card");
    grant("card-1", 0xff_ffff).expect("the last one of all");
    assert!(grant("card-3", 0x100_0000).is_err(), "no card counts so far");
    assert_eq!(store.last_sequence().expect("read"), Some(2), "an entry for each");
}

/// Events are applied once, in order.
pub fn w8_the_register_cursor_advances_from_where_it_is(store: &dyn Store) {
    assert_eq!(store.register_cursor().expect("read"), 0);
    commit(store, Change::SetRegisterCursor { from: 0, to: 5 });
    let late = Change::SetRegisterCursor { from: 0, to: 6 };
    let outcome = store.commit(unit(EventKind::RegisterEvent, late));
    assert!(matches!(outcome, Err(Error::Stale { found, .. }) if found == "5"));
    assert_eq!(store.register_cursor().expect("read"), 5);
}

/// The last event is the greatest number, in whatever order they were applied.
pub fn e6_the_last_event_that_was_applied_is_known(store: &dyn Store) {
    assert_eq!(store.last_register_event().expect("read"), None);
    let apply = |what, name: &str| {
        let id = OperationId::of_system(what, name).expect("an id");
        commit(store, Change::RecordOperation { id, answer: vec![1] });
    };
    for (event, last) in
        [(2, 2), (9, 9), (10, 10), (1, 10), (1_000_000, 1_000_000), (99, 1_000_000)]
    {
        apply(SystemOperation::RegisterEvent, &event.to_string());
        // Its neighbours in the order of ids.
        apply(SystemOperation::SharesDealt, &event.to_string());
        apply(SystemOperation::Mending, &event.to_string());
        assert_eq!(store.last_register_event().expect("read"), Some(last), "after {event}");
    }
}

/// Verifiers by id; two cannot bind under one name.
pub fn v5_a_verifier_is_as_it_was_put_last(store: &dyn Store) {
    let verifier = |id: &str, bind_dn: &str| VerifierRow {
        id: id.parse().expect("an id"),
        name: "総務局".into(),
        bind_dn: bind_dn.into(),
        password_hash: "$argon2id$".into(),
        request_certificate: vec![1, 2, 3],
        former_certificate: None,
        may_query_ocsp: true,
        may_read_crl: false,
    };
    commit(store, Change::PutVerifier(Box::new(verifier("v-2", "cn=two"))));
    commit(store, Change::PutVerifier(Box::new(verifier("v-1", "cn=one"))));
    let changed = VerifierRow { may_read_crl: true, ..verifier("v-2", "cn=two") };
    commit(store, Change::PutVerifier(Box::new(changed.clone())));
    assert_eq!(store.verifiers().expect("read"), [verifier("v-1", "cn=one"), changed.clone()]);
    assert_eq!(store.verifier(&changed.id).expect("read"), Some(changed));
    assert_eq!(store.verifier(&"v-3".parse().expect("an id")).expect("read"), None);
    let same_name = Change::PutVerifier(Box::new(verifier("v-3", "cn=one")));
    let outcome = store.commit(unit(EventKind::VerifierRegistered, same_name));
    assert!(matches!(outcome, Err(Error::Duplicate { .. })));
}

/// A verifier is known by its certificate and the one before it, and by no more.
pub fn v5_v6_a_verifier_keeps_one_former_certificate_until_it_is_struck_off(store: &dyn Store) {
    let put = |row: &VerifierRow| {
        commit(store, Change::PutVerifier(Box::new(row.clone())));
        let found = store.verifier(&row.id).expect("read").expect("a verifier");
        assert_eq!((&found, &store.verifiers().expect("read")[..]), (row, &[row.clone()][..]));
        found.certificates().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let first = VerifierRow {
        id: "v-1".parse().expect("an id"),
        name: "総務局".into(),
        bind_dn: "cn=one".into(),
        password_hash: "$argon2id$".into(),
        request_certificate: vec![1],
        former_certificate: None,
        may_query_ocsp: true,
        may_read_crl: true,
    };
    assert_eq!(put(&first), [[1]]);
    let second = first.with_successor(vec![2]);
    assert_eq!(put(&second), [[2], [1]]);
    // What changes beside it leaves it.
    let second = VerifierRow { may_query_ocsp: false, ..second };
    assert_eq!(put(&second), [[2], [1]]);
    let third = second.with_successor(vec![3]);
    assert_eq!(put(&third), [[3], [2]]);
    let third = VerifierRow { former_certificate: None, ..third };
    assert_eq!(put(&third), [[3]]);
    assert_eq!(put(&third.with_successor(vec![4])), [[4], [3]]);
}

/// CAs and their generations, in order.
pub fn p1_cas_and_generations_exist_once(store: &dyn Store) {
    let add_authority = |generation| Change::AddAuthority(authority(ca(), generation));
    let outcome = store.commit(unit(EventKind::KeyGenerated, add_authority(1)));
    assert!(matches!(outcome, Err(Error::Missing { .. })));
    commit(store, Change::AddCa(ca_row(other_ca())));
    commit(store, Change::AddCa(ca_row(ca())));
    let again = Change::AddCa(CaRow { policy_digest: [0; 32], ..ca_row(ca()) });
    let outcome = store.commit(unit(EventKind::CaCreated, again));
    assert!(matches!(outcome, Err(Error::Duplicate { .. })));
    assert_eq!(store.cas().expect("read"), [ca_row(ca()), ca_row(other_ca())]);
    commit(store, add_authority(2));
    commit(store, add_authority(1));
    let outcome = store.commit(unit(EventKind::KeyGenerated, add_authority(1)));
    assert!(matches!(outcome, Err(Error::Duplicate { .. })));
    let generations = store.authorities(&ca()).expect("read");
    assert_eq!(generations, [authority(ca(), 1), authority(ca(), 2)]);
    assert_eq!(store.authorities(&other_ca()).expect("read"), []);
}
