//! Service requests: taken in once, moved only from where they stand, listed by state.

use domain::journal::EventKind;
use domain::service_request::RequestState;

use super::fixtures::*;
use crate::{Change, Error, ServiceRequestRow, Store, Unit};

fn request(id: &str) -> ServiceRequestRow {
    ServiceRequestRow {
        id: id.parse().expect("an id"),
        ca: ca(),
        state: RequestState::Received,
        record: b"{}".to_vec(),
    }
}

fn of(change: Change) -> Unit {
    unit(EventKind::ServiceRequestChanged, change)
}

/// A request is moved from the state it is in, with its whole record.
pub fn l13_a_service_request_moves_only_from_where_it_stands(store: &dyn Store) {
    use RequestState::{Examined, Received, Refused};
    let add = || of(Change::AddServiceRequest(request("sr-1")));
    assert!(matches!(store.commit(add()), Err(Error::Missing { .. })), "there is no CA");
    with_cas(store);
    store.commit(add()).expect("received");
    assert!(matches!(store.commit(add()), Err(Error::Duplicate { .. })));
    let set = |id: &str, from, to| {
        let id = id.parse().expect("an id");
        let record = b"{\"v\":2}".to_vec();
        store.commit(of(Change::SetServiceRequest { id, from, to, record }))
    };
    set("sr-1", Received, Examined).expect("where it stands");
    let expected =
        ServiceRequestRow { state: Examined, record: b"{\"v\":2}".to_vec(), ..request("sr-1") };
    assert_eq!(store.service_request(&expected.id).expect("read"), Some(expected));
    let error = set("sr-1", Received, Refused).expect_err("stale");
    assert_eq!(
        error.to_string(),
        "service request sr-1 changed meanwhile: expected received, found examined"
    );
    assert!(matches!(set("sr-2", Received, Examined), Err(Error::Missing { .. })));
    let none = store.service_request(&"sr-2".parse().expect("an id")).expect("read");
    assert_eq!(none, None);
}

/// Newest first, of one CA, in one state or in all, no more than asked.
pub fn l13_service_requests_are_listed_by_state(store: &dyn Store) {
    with_cas(store);
    for id in ["sr-1", "sr-2", "sr-3"] {
        commit(store, Change::AddServiceRequest(request(id)));
    }
    let other = ServiceRequestRow { ca: other_ca(), ..request("sr-4") };
    commit(store, Change::AddServiceRequest(other));
    commit(
        store,
        Change::SetServiceRequest {
            id: request("sr-2").id,
            from: RequestState::Received,
            to: RequestState::Withdrawn,
            record: b"{}".to_vec(),
        },
    );
    let listed = |state, limit| -> Vec<String> {
        let rows = store.service_requests(&ca(), state, None, limit).expect("read");
        rows.iter().map(|row| row.id.to_string()).collect()
    };
    assert_eq!(listed(None, 10), ["sr-3", "sr-2", "sr-1"]);
    assert_eq!(listed(None, 2), ["sr-3", "sr-2"]);
    assert_eq!(listed(Some(RequestState::Received), usize::MAX), ["sr-3", "sr-1"]);
    assert_eq!(listed(Some(RequestState::Received), 1), ["sr-3"]);
    assert_eq!(listed(Some(RequestState::Withdrawn), 10), ["sr-2"]);
    assert!(listed(Some(RequestState::Issued), 10).is_empty());
    let after = |id: &str, state| -> Vec<String> {
        let id = id.parse().expect("an id");
        let rows = store.service_requests(&ca(), state, Some(&id), 10).expect("read");
        rows.iter().map(|row| row.id.to_string()).collect()
    };
    assert_eq!(after("sr-3", None), ["sr-2", "sr-1"]);
    assert_eq!(after("sr-3", Some(RequestState::Received)), ["sr-1"]);
    assert_eq!(after("sr-1", None), [""; 0]);
    // Another CA's, and what there never was: an empty page would say that nothing comes after it.
    for id in ["sr-4", "sr-9"] {
        let id = id.parse().expect("an id");
        let read = store.service_requests(&ca(), None, Some(&id), 10);
        assert!(matches!(read, Err(Error::Missing { .. })), "{id}: {read:?}");
    }
}
