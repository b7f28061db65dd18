//! Intents, certificates, and what exists once.

use domain::certificate::{CertificateEvent, CertificateKind, CertificateState, StateName};
use domain::crl_series::Partition;
use domain::journal::EventKind;
use domain::revocation::RevocationReason;

use super::fixtures::*;
use crate::{
    CertificateFilter, CertificateRow, Change, Error, IntentRow, LOOKED_AT, StatusRow, Store, Unit,
};

fn refused(store: &dyn Store, row: IntentRow) -> Error {
    let change = Change::AddIntent(Box::new(row));
    store.commit(unit(EventKind::CertificateIntended, change)).expect_err("it is refused")
}

/// A serial number of a CA is given once, even after its certificate ended.
pub fn p6_a_serial_number_exists_once(store: &dyn Store) {
    with_cas(store);
    issue(store, intent(1), REVOKED);
    let again = IntentRow { serial: serial(1), ..intent(2) };
    assert!(matches!(refused(store, again), Error::Duplicate { what } if what.contains("serial")));
    assert!(!store.key_was_certified(&[2; 32]).expect("read"), "the refused key is not used up");
    intend(store, IntentRow { ca: other_ca(), serial: serial(1), ..intent(2) });
}

/// A key is certified once, whatever became of its certificate and whichever CA is asked.
pub fn p6_a_key_is_certified_once_over_all_cas(store: &dyn Store) {
    with_cas(store);
    intend(store, intent(1));
    assert!(store.key_was_certified(&[1; 32]).expect("read"));
    assert!(!store.key_was_certified(&[2; 32]).expect("read"));
    for ca in [ca(), other_ca()] {
        let again = IntentRow { ca, spki_sha256: [1; 32], ..intent(2) };
        assert!(matches!(refused(store, again), Error::Duplicate { what } if what.contains("key")));
    }
}

/// Link and cross-certificates certify a CA's key again; nothing else does.
pub fn p6_a_ca_key_is_certified_again_only_as_a_ca_key(store: &dyn Store) {
    with_cas(store);
    let of_ca = |number, kind| IntentRow {
        kind,
        spki_sha256: [7; 32],
        partition: Partition::ArlSelfSigned,
        holder: None,
        application: None,
        ..intent(number)
    };
    intend(store, of_ca(1, CertificateKind::SelfSigned));
    intend(store, of_ca(2, CertificateKind::LinkNewWithOld));
    intend(store, of_ca(3, CertificateKind::Cross));
    for kind in [CertificateKind::User, CertificateKind::TlsServer] {
        assert!(matches!(refused(store, of_ca(4, kind)), Error::Duplicate { .. }), "{kind}");
    }
    intend(store, intent(5));
    let users = IntentRow { spki_sha256: [5; 32], ..of_ca(6, CertificateKind::Cross) };
    assert!(matches!(refused(store, users), Error::Duplicate { .. }));
    let newest = store.certificate_for_key(&[7; 32]).expect("read").expect("it exists");
    assert_eq!(newest.intent.serial, serial(3));
    assert_eq!(store.certificate_for_key(&[5; 32]).expect("read"), None, "a resident's key");
}

/// A 3.1.5, S 3-1-4: one user, one subject; servers are renewed under their name.
pub fn p6_a_subject_names_one_user_certificate(store: &dyn Store) {
    with_cas(store);
    intend(store, intent(1));
    let subject = intent(1).subject;
    assert!(store.subject_is_taken(&ca(), &subject).expect("read"));
    assert!(!store.subject_is_taken(&other_ca(), &subject).expect("read"));
    assert!(!store.subject_is_taken(&ca(), &intent(2).subject).expect("read"));
    let again = IntentRow { subject: subject.clone(), ..intent(2) };
    let error = refused(store, again);
    assert!(matches!(error, Error::Duplicate { what } if what.contains("subject")));
    let server = |number| IntentRow {
        kind: CertificateKind::OcspResponder,
        subject: vec![0x30, 9],
        ..intent(number)
    };
    intend(store, server(3));
    intend(store, server(4));
    assert!(store.subject_is_taken(&ca(), &[0x30, 9]).expect("read"));
}

/// A 4.3.1.1, S 4-2-3: a holder waits for at most one certificate of a CA.
pub fn p6_a_holder_waits_for_one_certificate(store: &dyn Store) {
    with_cas(store);
    let of = |number, ca| IntentRow { ca, holder: Some(resident(1)), ..intent(number) };
    intend(store, of(1, ca()));
    let error = refused(store, of(2, ca()));
    assert!(matches!(error, Error::Duplicate { what } if what.contains("waits")));
    intend(store, of(3, other_ca()));
    let (from, to) = (CertificateState::Intended, CertificateEvent::Discard);
    let to = from.after(to, at(9)).expect("an allowed transition");
    commit(store, Change::SetCertificate { ca: ca(), serial: serial(1), from, to });
    issue(store, of(4, ca()), &[CertificateEvent::Deliver]);
    intend(store, of(5, ca()));
}

/// Without its CA there is no intent, and two intents do not share a journal entry.
pub fn p6_an_intent_needs_its_ca_and_its_own_entry(store: &dyn Store) {
    let error = refused(store, intent(1));
    assert!(matches!(error, Error::Missing { what } if what.contains("test-auth")));
    with_cas(store);
    let add = |number| Change::AddIntent(Box::new(intent(number)));
    let one_entry = unit(EventKind::CertificateIntended, add(1)).change(add(2));
    assert!(matches!(store.commit(one_entry), Err(Error::Duplicate { .. })));
    let first = store
        .commit(
            unit(EventKind::CertificateIntended, add(1))
                .change(add(2))
                .entry(entry(EventKind::CertificateIntended)),
        )
        .expect("two entries");
    let issued: Vec<u64> =
        store.certificates(&ca(), None, 10).expect("read").iter().map(|c| c.issued).collect();
    assert_eq!(issued, [first, first + 1]);
    let from = CertificateState::Intended;
    let to = CertificateState::Revoked { at: at(9), reason: RevocationReason::Unspecified };
    let at_once = Unit::new(entry(EventKind::CertificateIntended))
        .entry(entry(EventKind::CertificateIntended))
        .change(add(3))
        .change(add(4))
        .change(Change::SetCertificate { ca: ca(), serial: serial(4), from, to });
    store.commit(at_once).expect("an intent and its end in one unit");
}

/// Steps 4 and 6 of issuance, and what can be read after each.
pub fn l1_an_intent_becomes_a_certificate(store: &dyn Store) {
    with_cas(store);
    let issued = intend(store, intent(1));
    let read = || store.certificate(&ca(), &serial(1)).expect("read").expect("it exists");
    let state = CertificateState::Intended;
    let row = CertificateRow { intent: intent(1), der: None, state, changed: issued, issued };
    assert_eq!(read(), row);
    assert_eq!(store.open_intents().expect("read"), std::slice::from_ref(&row));

    let (to, der) = (CertificateState::Undelivered { since: at(3) }, b"der".to_vec());
    let complete = || Change::CompleteIntent { ca: ca(), serial: serial(1), der: der.clone(), to };
    let changed = commit(store, complete());
    let signed = IntentRow { tbs: Vec::new(), ..intent(1) };
    let row = CertificateRow { intent: signed, der: Some(der.clone()), state: to, ..row };
    assert_eq!(read(), CertificateRow { changed, ..row });
    assert_eq!(store.open_intents().expect("read"), []);
    let status = StatusRow {
        serial: serial(1),
        kind: CertificateKind::User,
        partition: series().partition,
        generation: 1,
        state: to,
        not_after: intent(1).not_after,
    };
    assert_eq!(store.status(&ca(), &serial(1)).expect("read"), Some(status));
    assert_eq!(store.status(&other_ca(), &serial(1)).expect("read"), None);
    assert_eq!(store.certificate(&ca(), &serial(2)).expect("read"), None);

    let twice = store.commit(unit(EventKind::CertificateIssued, complete()));
    assert!(matches!(twice, Err(Error::Stale { .. })), "one serial is one certificate");
}

/// A serial that may have been signed can be revoked, though there is no certificate.
pub fn l9_an_unfinished_intent_can_end_revoked(store: &dyn Store) {
    with_cas(store);
    intend(store, intent(1));
    let to = CertificateState::Revoked { at: at(9), reason: RevocationReason::Unspecified };
    let from = CertificateState::Intended;
    commit(store, Change::SetCertificate { ca: ca(), serial: serial(1), from, to });
    let row = store.certificate(&ca(), &serial(1)).expect("read").expect("it exists");
    assert_eq!((row.state, row.der), (to, None));
    assert_eq!(listed(store, false, at(0)).len(), 1);
    assert_eq!(store.open_intents().expect("read"), []);
}

/// The whole state is compared, with its time and reason.
pub fn l14_a_transition_needs_the_state_it_was_decided_on(store: &dyn Store) {
    with_cas(store);
    let held = issue(store, intent(1), HELD);
    let set = |number, from, to| {
        let change = Change::SetCertificate { ca: ca(), serial: serial(number), from, to };
        store.commit(unit(EventKind::CertificateReleased, change))
    };
    let other_hold = CertificateState::Held { since: at(99) };
    for from in [CertificateState::Good, CertificateState::Intended, other_hold] {
        let error = set(1, from, CertificateState::Good).expect_err("stale");
        assert!(matches!(error, Error::Stale { found, .. } if found.contains("held")));
    }
    let missing = set(2, held, CertificateState::Good);
    assert!(matches!(missing, Err(Error::Missing { .. })));
    let changed = set(1, held, CertificateState::Good).expect("the state it is in");
    let row = store.certificate(&ca(), &serial(1)).expect("read").expect("it exists");
    assert_eq!((row.state, row.changed), (CertificateState::Good, changed));
}

/// What must not exist is refused: a certificate in force without its bytes, or intended again.
pub fn l14_a_state_must_have_what_belongs_to_it(store: &dyn Store) {
    with_cas(store);
    intend(store, intent(1));
    let set = |from, to| {
        let change = Change::SetCertificate { ca: ca(), serial: serial(1), from, to };
        store.commit(unit(EventKind::CertificateIssued, change))
    };
    set(CertificateState::Intended, CertificateState::Good).expect_err("there is no certificate");
    let undelivered = CertificateState::Undelivered { since: at(3) };
    let der = b"der".to_vec();
    commit(store, Change::CompleteIntent { ca: ca(), serial: serial(1), der, to: undelivered });
    set(undelivered, CertificateState::Intended).expect_err("it is signed");
    let row = store.certificate(&ca(), &serial(1)).expect("read").expect("it exists");
    assert_eq!(row.state, undelivered);
}

/// The ways to find certificates, and their order.
pub fn l1_certificates_are_found_by_holder_application_and_issue(store: &dyn Store) {
    with_cas(store);
    let of = |number, ca| IntentRow {
        ca,
        holder: Some(resident(1)),
        application: Some("app-1".parse().expect("an id")),
        ..intent(number)
    };
    issue(store, of(1, ca()), &[CertificateEvent::Discard]);
    issue(store, of(2, ca()), &[]);
    issue(store, intent(3), &[]);
    issue(store, of(4, other_ca()), &[]);
    let serials =
        |rows: Vec<CertificateRow>| -> Vec<_> { rows.iter().map(|c| c.intent.serial).collect() };
    let of_holder = store.certificates_of(&ca(), &resident(1)).expect("read");
    assert_eq!(serials(of_holder), [serial(2), serial(1)], "newest first");
    let app = "app-1".parse().expect("an id");
    let for_application = store.certificates_for(&app).expect("read");
    assert_eq!(serials(for_application), [serial(1), serial(2), serial(4)]);
    let first = store.certificates(&ca(), None, 2).expect("read");
    let after = first.last().map(|c| c.issued);
    assert_eq!(serials(first), [serial(1), serial(2)]);
    assert_eq!(serials(store.certificates(&ca(), after, 2).expect("read")), [serial(3)]);
    assert_eq!(store.certificates(&ca(), None, 0).expect("read"), []);
}

/// What is wanted is found part by part: by the holder at once, by state and partition after a bounded
/// search.
pub fn l1_certificates_are_listed_by_state_partition_and_holder(store: &dyn Store) {
    with_cas(store);
    let many = u8::try_from(LOOKED_AT + 3).expect("a small number");
    for number in 1..=many {
        issue(store, intent(number), if number == many { REVOKED } else { &[] });
    }
    let page = |wanted: CertificateFilter<'_>, after, limit| {
        let page = store.certificate_page(&ca(), &wanted, after, limit).expect("read");
        let serials = page.rows.iter().map(|row| row.intent.serial).collect::<Vec<_>>();
        (serials, page.next)
    };
    let nothing = CertificateFilter::default();
    let all = store.certificates(&ca(), None, usize::MAX).expect("read");
    let of = |number: usize| (all[number].intent.serial, all[number].issued);
    assert_eq!(page(nothing, None, 2), (vec![of(0).0, of(1).0], Some(of(1).1)));
    let revoked = CertificateFilter { state: Some(StateName::Revoked), ..nothing };
    let (found, next) = page(revoked, None, 1);
    assert_eq!((found, next), (Vec::new(), Some(of(LOOKED_AT - 1).1)), "it lies further on");
    let last = of(usize::from(many) - 1);
    assert_eq!(page(revoked, next, 1), (vec![last.0], Some(last.1)));
    assert_eq!(page(revoked, None, 2), (vec![last.0], None), "more are looked at for two");
    let holder = all[usize::from(many) - 1].intent.holder.as_ref();
    let theirs = CertificateFilter { holder, ..nothing };
    assert_eq!(page(theirs, None, 10), (vec![last.0], None));
    let state = Some(StateName::Held);
    assert_eq!(page(CertificateFilter { state, ..theirs }, None, 10), (Vec::new(), None));
    let elsewhere = Some(Partition::ArlLink);
    assert_eq!(page(CertificateFilter { partition: elsewhere, ..nothing }, None, 9).0, []);
    let partition = Some(all[0].intent.partition);
    assert_eq!(page(CertificateFilter { partition, ..nothing }, None, 1).0, [of(0).0]);
}
