//! Holders' requests.

use domain::journal::EventKind;

use super::fixtures::*;
use crate::{Change, Error, HolderRequestRow, Store};

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
