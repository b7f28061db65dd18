//! Rows and entries for the suite: synthetic, and each different from the other by a number.

use domain::act::{Act, Actor};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::application::{ApplicationKind, ApplicationState};
use domain::certificate::{CertificateEvent, CertificateKind, CertificateState};
use domain::crl_series::Partition;
use domain::id::{CaId, MunicipalityCode, ResidentCode, SerialNumber};
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use jiff::{Span, Timestamp};

use crate::{
    ApplicationRow, AuthorityRow, CaRow, Change, Entry, IntentRow, SeriesKey, StatusRow, Store,
    Unit,
};

/// The first CA of the suite.
pub fn ca() -> CaId {
    "test-auth".parse().expect("a CA id")
}

/// Another CA.
pub fn other_ca() -> CaId {
    "test-sign".parse().expect("a CA id")
}

/// A moment, `seconds` after the suite's beginning.
pub fn at(seconds: i64) -> Timestamp {
    "2026-04-01T00:00:00.25Z".parse::<Timestamp>().expect("a time") + Span::new().seconds(seconds)
}

/// The circumstances of an operation.
pub fn act(operation: &str) -> Act {
    Act {
        actor: Actor::WindowClerk {
            id: "clerk-1".parse().expect("an actor id"),
            municipality: municipality(),
        },
        at: at(0),
        operation: operation.parse().expect("an operation id"),
        standing: None,
        second: None,
        present: Default::default(),
    }
}

/// An entry of `kind`.
pub fn entry(kind: EventKind) -> Entry {
    Entry::new(kind, &act("op-0"))
}

/// A unit with one change.
pub fn unit(kind: EventKind, change: Change) -> Unit {
    Unit::new(entry(kind)).change(change)
}

/// A municipality.
pub fn municipality() -> MunicipalityCode {
    "11203".parse().expect("a municipality code")
}

/// The resident of this number.
pub fn resident(number: u64) -> ResidentCode {
    format!("{:011}", number + 10_000_000_000).parse().expect("a resident code")
}

/// The serial of this number.
pub fn serial(number: u8) -> SerialNumber {
    let mut octets = [0x5a; 16];
    octets[0] = number;
    SerialNumber::from_random(octets).expect("not zero")
}

/// A CA.
pub fn ca_row(id: CaId) -> CaRow {
    CaRow { id, policy_digest: [9; 32], created_at: at(0) }
}

/// A key generation.
pub fn authority(ca: CaId, generation: u32) -> AuthorityRow {
    AuthorityRow {
        ca,
        generation,
        key_label: format!("ca-{generation}"),
        key_algorithm: KeyAlgorithm::Rsa2048,
        signature_algorithm: SignatureAlgorithm::RsaSha256,
        name: vec![0x30, 0],
        spki: vec![0x30, 1, generation as u8],
        self_signed: serial(200),
        created_at: at(1),
        issues_from: at(0),
    }
}

/// A user's intent; serial, key, subject, holder and application follow from the number.
pub fn intent(number: u8) -> IntentRow {
    IntentRow {
        ca: ca(),
        generation: 1,
        serial: serial(number),
        kind: CertificateKind::User,
        partition: Partition::Municipality(municipality()),
        subject: vec![0x30, 1, number],
        spki_sha256: [number; 32],
        tbs: vec![number; 100],
        not_before: at(0),
        not_after: at(1_000_000),
        policy_digest: [8; 32],
        holder: Some(resident(u64::from(number))),
        application: Some(format!("app-{number}").parse().expect("an application id")),
        at: at(2),
    }
}

/// An application in its first state.
pub fn application(id: &str) -> ApplicationRow {
    ApplicationRow {
        id: id.parse().expect("an application id"),
        ca: ca(),
        municipality: municipality(),
        kind: ApplicationKind::IssueOnCard,
        state: ApplicationState::Received,
        resident: resident(1),
        record: b"{}".to_vec(),
    }
}

/// The series of users' lists.
pub fn series() -> SeriesKey {
    SeriesKey { ca: ca(), generation: 1, partition: Partition::Municipality(municipality()) }
}

/// Commits one change and must succeed.
pub fn commit(store: &dyn Store, change: Change) -> u64 {
    store.commit(unit(EventKind::SystemStarted, change)).expect("it is committed")
}

/// Sets both CAs up.
pub fn with_cas(store: &dyn Store) {
    commit(store, Change::AddCa(ca_row(ca())));
    commit(store, Change::AddCa(ca_row(other_ca())));
}

/// Commits an intent.
pub fn intend(store: &dyn Store, row: IntentRow) -> u64 {
    commit(store, Change::AddIntent(Box::new(row)))
}

/// Issues `row` and takes it through `events`; returns the state it ends in.
pub fn issue(store: &dyn Store, row: IntentRow, events: &[CertificateEvent]) -> CertificateState {
    let (ca, serial) = (row.ca.clone(), row.serial);
    intend(store, row);
    let mut state = CertificateState::Undelivered { since: at(3) };
    let der = [&b"der of "[..], serial.as_bytes()].concat();
    commit(store, Change::CompleteIntent { ca: ca.clone(), serial, der, to: state });
    for (event, seconds) in events.iter().zip(4..) {
        let to = state.after(*event, at(seconds)).expect("an allowed transition");
        commit(store, Change::SetCertificate { ca: ca.clone(), serial, from: state, to });
        state = to;
    }
    state
}

/// The events that lead to a revoked certificate.
pub const REVOKED: &[CertificateEvent] =
    &[CertificateEvent::Deliver, CertificateEvent::Revoke(RevocationReason::KeyCompromise)];

/// The events that lead to a held certificate.
pub const HELD: &[CertificateEvent] = &[CertificateEvent::Deliver, CertificateEvent::Hold];

/// What the list of [`series`] must hold now.
pub fn listed(store: &dyn Store, undelivered: bool, expires_from: Timestamp) -> Vec<StatusRow> {
    let mut rows = Vec::new();
    store
        .with_revoked(&series(), undelivered, expires_from, &mut |snapshot| {
            snapshot.for_each(&mut |row| rows.push(row)).map(drop)
        })
        .expect("a list");
    rows
}
