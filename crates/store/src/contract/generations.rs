//! Key generations in the making, what a CA certified for itself.

use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::compromise::CompromiseState;
use domain::crl_series::Partition;
use domain::journal::EventKind;

use super::fixtures::*;
use crate::{Change, CompromiseRow, Error, GenerationPlan, IntentRow, PlannedKey, Store};

fn plan(generation: u32) -> GenerationPlan {
    let row = authority(ca(), generation);
    GenerationPlan {
        ca: row.ca,
        generation,
        key_label: row.key_label,
        key_algorithm: row.key_algorithm,
        signature_algorithm: row.signature_algorithm,
        issues_from: at(1_000),
        key: None,
    }
}

fn with_key(plan: GenerationPlan) -> GenerationPlan {
    GenerationPlan { key: Some(PlannedKey { spki: vec![0x30, 0], made_at: at(7) }), ..plan }
}

fn put(plan: GenerationPlan) -> Change {
    Change::PutGenerationPlan(Box::new(plan))
}

/// A second plan, or one that takes anything back, is refused.
pub fn k6_one_generation_is_planned_at_a_time_and_only_gains_its_key(store: &dyn Store) {
    let outcome = store.commit(unit(EventKind::KeyRenewed, put(plan(2))));
    assert!(matches!(outcome, Err(Error::Missing { .. })), "{outcome:?}");
    with_cas(store);
    assert_eq!(store.generation_plan(&ca()).expect("read"), None);
    commit(store, put(plan(2)));
    assert_eq!(store.generation_plan(&ca()).expect("read"), Some(plan(2)));
    let sooner = GenerationPlan { issues_from: at(1), ..with_key(plan(2)) };
    for other in [plan(2), plan(3), with_key(plan(3)), sooner] {
        let outcome = store.commit(unit(EventKind::KeyRenewed, put(other)));
        assert!(matches!(outcome, Err(Error::Duplicate { .. })), "{outcome:?}");
    }
    commit(store, put(with_key(plan(2))));
    assert_eq!(store.generation_plan(&ca()).expect("read"), Some(with_key(plan(2))));
    for other in [plan(2), with_key(plan(2))] {
        store.commit(unit(EventKind::KeyRenewed, put(other))).expect_err("it has its key");
    }
    assert_eq!(store.generation_plan(&other_ca()).expect("read"), None);
}

/// The row of the generation takes the plan's place; the plan of another generation stays.
pub fn k6_a_plan_ends_with_its_generation(store: &dyn Store) {
    with_cas(store);
    commit(store, put(with_key(plan(2))));
    commit(store, Change::AddAuthority(authority(ca(), 1)));
    assert_eq!(store.generation_plan(&ca()).expect("read"), Some(with_key(plan(2))));
    let row = crate::AuthorityRow { issues_from: at(1_000), ..authority(ca(), 2) };
    commit(store, Change::AddAuthority(row.clone()));
    assert_eq!(store.generation_plan(&ca()).expect("read"), None);
    assert_eq!(store.authorities(&ca()).expect("read"), [authority(ca(), 1), row]);
}

/// Self-signed and link certificates, oldest first, intents among them; nothing else.
pub fn k6_the_cas_own_certificates_are_found_by_its_name(store: &dyn Store) {
    with_cas(store);
    let own = |number: u8, kind| IntentRow {
        kind,
        partition: Partition::ArlLink,
        subject: vec![0x30, 0],
        ..intent(number)
    };
    issue(store, own(9, CertificateKind::SelfSigned), &[CertificateEvent::Deliver]);
    issue(store, own(2, CertificateKind::LinkNewWithOld), REVOKED);
    intend(store, own(5, CertificateKind::LinkOldWithNew));
    issue(store, own(3, CertificateKind::Cross), &[CertificateEvent::Deliver]);
    issue(store, IntentRow { subject: vec![0x30, 0], ..intent(4) }, REVOKED);
    let elsewhere = IntentRow { ca: other_ca(), ..own(6, CertificateKind::SelfSigned) };
    issue(store, elsewhere, REVOKED);
    let found = store.self_issued(&ca(), &[0x30, 0]).expect("read");
    let serials: Vec<_> = found.iter().map(|row| row.intent.serial).collect();
    assert_eq!(serials, [serial(9), serial(2), serial(5)]);
    assert_eq!(found[2].der, None);
    assert!(store.self_issued(&ca(), &[0x30, 1, 9]).expect("read").is_empty());
}

/// Whoever looked before the declaration comes too late after it, whichever CA's key would vouch.
pub fn k7_no_key_vouches_for_one_that_counts_as_compromised(store: &dyn Store) {
    with_cas(store);
    for generation in [1, 2] {
        commit(store, Change::AddAuthority(authority(ca(), generation)));
    }
    let voucher = |number: u8, kind, of: u32| IntentRow {
        kind,
        generation: 2,
        partition: Partition::ArlLink,
        subject: vec![0x30, 0],
        spki_sha256: sha256(&authority(ca(), of).spki),
        ..intent(number)
    };
    intend(store, voucher(1, CertificateKind::LinkOldWithNew, 1));
    let declared = CompromiseRow {
        ca: ca(),
        generation: 1,
        state: CompromiseState::Declared,
        declared_at: at(5),
        place: 100,
        revoked: 0,
    };
    commit(store, Change::DeclareCompromise(declared));
    let late = Change::CompleteIntent {
        ca: ca(),
        serial: serial(1),
        der: vec![1],
        to: CertificateState::Undelivered { since: at(6) },
    };
    let cross = IntentRow { ca: other_ca(), ..voucher(3, CertificateKind::Cross, 1) };
    let new = voucher(2, CertificateKind::LinkOldWithNew, 1);
    for change in [late, Change::AddIntent(Box::new(new)), Change::AddIntent(Box::new(cross))] {
        let outcome = store.commit(unit(EventKind::KeyRenewed, change));
        assert!(matches!(outcome, Err(Error::Stopped { .. })), "{outcome:?}");
    }
    intend(store, voucher(4, CertificateKind::SelfSigned, 2));
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets);
    digest.as_ref().try_into().expect("32 octets")
}
