//! Holders' requests.

use domain::id::ResidentCode;
use domain::journal::EventKind;

use super::fixtures::*;
use crate::{CardRow, Change, Error, HolderRequestRow, IntentRow, Store};

/// A request is there once, its nonce is used once over all requests, and its receipt is final.
pub fn l7_a_holders_request_is_taken_in_once_and_carried_out_once(store: &dyn Store) {
    let request = |id: &str, nonce: u8| HolderRequestRow {
        id: id.parse().expect("an id"),
        holder: resident(1),
        nonce: [nonce; 32],
        signed: vec![0x30, 0],
        record: b"{}".to_vec(),
        receipt: None,
    };
    let add = |row: &HolderRequestRow| {
        let change = Change::AddHolderRequest(Box::new(row.clone()));
        store.commit(unit(EventKind::ApplicationReceived, change))
    };
    let complete = |id: &str| {
        let id = id.parse().expect("an id");
        let change = Change::CompleteHolderRequest { id, receipt: b"done".to_vec() };
        store.commit(unit(EventKind::ApplicationCompleted, change))
    };
    let (one, two) = (request("r-1", 1), request("r-2", 2));
    add(&one).expect("taken in");
    add(&two).expect("taken in");
    assert!(matches!(add(&one), Err(Error::Duplicate { .. })));
    assert!(matches!(add(&request("r-3", 1)), Err(Error::Duplicate { .. })), "a used nonce");
    assert_eq!(store.open_holder_requests(10).expect("read"), [one.clone(), two.clone()]);
    assert_eq!(store.open_holder_requests(1).expect("read"), std::slice::from_ref(&one));
    let used = |nonce| store.holder_nonce_was_used(&[nonce; 32]).expect("read");
    assert_eq!([used(1), used(2), used(3)], [true, true, false]);
    complete("r-1").expect("carried out");
    assert!(matches!(complete("r-1"), Err(Error::Stale { .. })));
    assert!(matches!(complete("r-9"), Err(Error::Missing { .. })));
    assert_eq!(store.open_holder_requests(10).expect("read"), [two]);
    let done = HolderRequestRow { receipt: Some(b"done".to_vec()), ..one.clone() };
    assert_eq!(store.holder_request(&one.id).expect("read"), Some(done));
    assert_eq!(store.holder_request(&"r-9".parse().expect("an id")).expect("read"), None);
}

/// Certificates, cards and what was sent from home stay when a person is forgotten, and are of nobody; what is
/// another's stays theirs.
pub fn e4_who_is_forgotten_is_named_by_no_row_that_stays(store: &dyn Store) {
    with_cas(store);
    let certificate = |number, ca, holder| {
        issue(store, IntentRow { ca, holder: Some(resident(holder)), ..intent(number) }, REVOKED);
    };
    certificate(1, ca(), 1);
    certificate(2, other_ca(), 1);
    certificate(3, ca(), 2);
    let card = |id: &str, holder| CardRow {
        id: id.parse().expect("an id"),
        holder: resident(holder),
        municipality: municipality(),
        record: b"{}".to_vec(),
    };
    commit(store, Change::PutCard(card("card-1", 1)));
    commit(store, Change::PutCard(card("card-2", 2)));
    let request = HolderRequestRow {
        id: "r-1".parse().expect("an id"),
        holder: resident(1),
        nonce: [1; 32],
        signed: vec![0x30, 0],
        record: b"{}".to_vec(),
        receipt: Some(b"done".to_vec()),
    };
    commit(store, Change::AddHolderRequest(Box::new(request.clone())));
    commit(store, Change::ForgetResident(resident(1)));
    for ca in [ca(), other_ca()] {
        assert_eq!(store.certificates_of(&ca, &resident(1)).expect("read"), []);
    }
    let row = store.certificate(&ca(), &serial(1)).expect("read").expect("it stays");
    assert_eq!((row.intent.holder, row.state.is_in_force()), (None, false));
    assert_eq!(store.cards_of(&resident(1)).expect("read"), []);
    let nobody = ResidentCode::nobody();
    let stays = CardRow { holder: nobody.clone(), ..card("card-1", 1) };
    assert_eq!(store.card(&stays.id).expect("read"), Some(stays));
    let stays = HolderRequestRow { holder: nobody, ..request };
    assert_eq!(store.holder_request(&stays.id).expect("read"), Some(stays));
    assert_eq!(store.certificates_of(&ca(), &resident(2)).expect("read").len(), 1);
    assert_eq!(store.cards_of(&resident(2)).expect("read"), [card("card-2", 2)]);
}
