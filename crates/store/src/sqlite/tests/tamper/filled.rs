//! A database with something in every table, sealed.

use std::path::PathBuf;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use domain::ceremony::State;
use domain::certificate::{CertificateEvent, CertificateKind};
use domain::compromise::CompromiseState;
use domain::crl_series::{Partition, SeriesState};
use domain::id::{OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use domain::service_request::RequestState;
use domain::staff::{Attempts, CredentialKind, PersonState, ProposalKind, Role};
use tempfile::TempDir;

use super::options;
use crate::contract::fixtures::*;
use crate::journal::{CheckpointSigner, Sealer, VerifierKey};
use crate::{
    AuthorityRow, CardRow, CeremonyRow, Change, CompromiseRow, CredentialRow, CrlKey, CrlRow,
    GenerationPlan, HolderRequestRow, IntentRow, NoticeRow, PasswordRow, PersonRow, ProofExtent,
    ProposalRow, ServiceRequestRow, Sqlite, StateProof, Store, Unit, VerifierRow,
};

/// Signs checkpoints with a key that is always the same.
pub(super) struct Signer(Ed25519KeyPair);

pub(super) fn signer() -> Signer {
    Signer(Ed25519KeyPair::from_seed_unchecked(&[3; 32]).expect("a key pair"))
}

impl Signer {
    pub(super) fn key(&self) -> VerifierKey {
        VerifierKey::new(self.name(), self.public_key()).expect("a key")
    }
}

impl CheckpointSigner for Signer {
    fn name(&self) -> &str {
        "tamper.example/log"
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("32 octets")
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.0.sign(message).as_ref().try_into().expect("64 octets"))
    }
}

/// The file of a closed database in which every table has rows.
pub(in crate::sqlite::tests) fn filled() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("jitsuin.db");
    let store = Sqlite::open(&path, options()).expect("a store");
    fill(&store);
    let mut sealer = Sealer::new([]);
    sealer.seal(&store, &signer(), at(0)).expect("sealed");
    commit(&store, Change::SetRegisterCursor { from: 1, to: 2 });
    sealer.seal(&store, &signer(), at(1)).expect("sealed");
    let mut proof = StateProof::default();
    store.prove(&mut proof, ProofExtent::Whole).expect("proven");
    store.keep_proven(&proof).expect("kept");
    drop(store);
    (directory, path)
}

/// Changes rows of every table, most of them more than once.
pub(super) fn fill(store: &dyn Store) {
    with_cas(store);
    issue_some(store);
    keys(store);
    lists(store);
    windows(store);
    people(store);
    commit(store, Change::SetRegisterCursor { from: 0, to: 1 });
    for number in [1, 2] {
        let told = entry(EventKind::ApplicationReceived).personal(&resident(number), "a name");
        store.commit(Unit::new(told)).expect("committed");
    }
}

fn issue_some(store: &dyn Store) {
    issue(store, intent(1), REVOKED);
    issue(store, intent(2), HELD);
    issue(store, intent(3), &[CertificateEvent::Deliver]);
    issue(store, intent(4), &[]);
    let server = IntentRow {
        kind: CertificateKind::TlsServer,
        partition: Partition::Other,
        holder: None,
        application: None,
        ..intent(5)
    };
    issue(store, server, &[CertificateEvent::Revoke(RevocationReason::Superseded)]);
    intend(store, intent(6));
}

fn keys(store: &dyn Store) {
    for generation in [1, 2] {
        commit(store, Change::AddAuthority(authority(ca(), generation)));
    }
    let planned = authority(ca(), 3);
    let plan = GenerationPlan {
        ca: ca(),
        generation: 3,
        key_label: planned.key_label,
        key_algorithm: planned.key_algorithm,
        signature_algorithm: planned.signature_algorithm,
        issues_from: at(1_000),
        key: None,
    };
    for ca in [ca(), other_ca()] {
        let plan = GenerationPlan { ca: ca.clone(), ..plan.clone() };
        commit(store, Change::PutGenerationPlan(Box::new(plan)));
        let text = "見本".to_owned();
        commit(store, Change::AddNotice(NoticeRow { ca, at: at(1), text }));
    }
    for generation in [1, 2] {
        let row = CompromiseRow {
            ca: ca(),
            generation,
            state: CompromiseState::Declared,
            declared_at: at(5),
            place: 0,
            revoked: 0,
        };
        commit(store, Change::DeclareCompromise(row));
    }
    for id in ["genesis-1", "genesis-2"] {
        let row = CeremonyRow {
            id: id.parse().expect("an id"),
            script: "[ceremony]".to_owned(),
            script_sha256: [3; 32],
            state: State::Running,
            steps_done: 0,
            account: b"[]".to_vec(),
            revision: 1,
        };
        commit(store, Change::PutCeremony(Box::new(row)));
    }
}

fn lists(store: &dyn Store) {
    use aws_lc_rs::digest::{SHA256, digest};
    for (number, content) in [(1, &b"one"[..]), (2, b"two")] {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, content).as_ref());
        let row = CrlRow {
            key: CrlKey { series: series(), number },
            this_update: at(10),
            next_update: at(20),
            next_publish: at(15),
            entries: 2,
            sha256,
            as_of: 3,
        };
        commit(store, Change::AddCrl { row, content: Box::new(content) });
        let (from, to) = (SeriesState::Built, SeriesState::Published);
        commit(store, Change::SetSeries { series: series(), from, to, published: Some(number) });
    }
}

fn windows(store: &dyn Store) {
    for id in ["1", "2"] {
        commit(store, Change::AddApplication(Box::new(application(&format!("app-x{id}")))));
        commit(
            store,
            Change::AddServiceRequest(ServiceRequestRow {
                id: format!("sr-{id}").parse().expect("an id"),
                ca: ca(),
                state: RequestState::Received,
                record: b"{}".to_vec(),
            }),
        );
        let card = format!("card-{id}");
        commit(
            store,
            Change::PutCard(CardRow {
                id: card.parse().expect("an id"),
                holder: resident(1),
                municipality: municipality(),
                record: b"{}".to_vec(),
            }),
        );
        let (card, sequence) = (card.parse().expect("an id"), 5);
        commit(store, Change::GrantCardSession { card, sequence });
        let operation = act(&format!("op-{id}")).operation;
        commit(store, Change::RecordOperation { id: operation, answer: b"{}".to_vec() });
        let noted = OperationId::of_system(SystemOperation::KeyDestroyed, id).expect("an id");
        commit(store, Change::RecordOperation { id: noted, answer: b"{}".to_vec() });
        commit(
            store,
            Change::AddHolderRequest(Box::new(HolderRequestRow {
                id: format!("r-{id}").parse().expect("an id"),
                holder: resident(1),
                nonce: [id.as_bytes()[0]; 32],
                signed: vec![0x30, 0],
                record: b"{}".to_vec(),
                receipt: None,
            })),
        );
        commit(
            store,
            Change::PutVerifier(Box::new(VerifierRow {
                id: format!("verifier-{id}").parse().expect("an id"),
                name: "見本".to_owned(),
                bind_dn: format!("CN={id}"),
                password_hash: "$argon2id$".to_owned(),
                request_certificate: vec![0x30, 0],
                former_certificate: Some(vec![0x30, 1]),
                may_query_ocsp: true,
                may_read_crl: false,
            })),
        );
    }
}

fn people(store: &dyn Store) {
    for id in ["manager-1", "operator-1"] {
        let person: domain::id::ActorId = id.parse().expect("an id");
        let row = PersonRow {
            id: person.clone(),
            name: "見本　一郎".to_owned(),
            state: PersonState::Active,
            roles: vec![Role::SeniorOperator],
            municipality: None,
            proposal: None,
            since: at(0),
        };
        commit(store, Change::AddPerson(Box::new(row.clone())));
        let proposal = ProposalRow {
            kind: ProposalKind::Roles,
            roles: vec![Role::Examiner],
            municipality: None,
            by: person.clone(),
            at: at(2),
        };
        let to = PersonRow { proposal: Some(proposal), ..row.clone() };
        commit(store, Change::SetPerson { from: Box::new(row), to: Box::new(to) });
        let credential = CredentialRow {
            sha256: [id.len() as u8; 32],
            person: person.clone(),
            kind: CredentialKind::ClientCertificate,
            console: None,
            passkey: None,
            made: at(1),
            expires: Some(at(1000)),
            operation: Some("op-1".parse().expect("an id")),
        };
        commit(store, Change::AddCredential(Box::new(credential)));
        let password = PasswordRow {
            person,
            hash: "$argon2id$".to_owned(),
            set: at(1),
            attempts: Attempts::default(),
        };
        commit(store, Change::SetPassword { from: None, to: Box::new(password) });
    }
}

/// Changes a row of every table whose rows ever change.
pub(super) fn change_again(store: &dyn Store) {
    let revoked = CertificateEvent::Revoke(RevocationReason::KeyCompromise);
    let (from, ca) = (domain::certificate::CertificateState::Good, ca());
    let to = from.after(revoked, at(50)).expect("allowed");
    let serial = serial(3);
    commit(store, Change::SetCertificate { ca: ca.clone(), serial, from, to });
    // Under no key that counts as compromised.
    issue(store, IntentRow { generation: 3, ..intent(9) }, REVOKED);
    let row = AuthorityRow { issues_from: at(1_000), ..authority(ca.clone(), 3) };
    commit(store, Change::AddAuthority(row));
    commit(store, Change::AddNotice(NoticeRow { ca: ca.clone(), at: at(6), text: "後".into() }));
    let row = CompromiseRow {
        ca: ca.clone(),
        generation: 1,
        state: CompromiseState::Revoked,
        declared_at: at(5),
        place: 9,
        revoked: 1,
    };
    commit(store, Change::AdvanceCompromise { from: (CompromiseState::Declared, 0), row });
    let (from, to) = (SeriesState::Published, SeriesState::Withheld);
    commit(store, Change::SetSeries { series: series(), from, to, published: Some(1) });
    commit(store, Change::SetRegisterCursor { from: 2, to: 3 });
    windows_again(store);
    people_again(store);
}

fn windows_again(store: &dyn Store) {
    use domain::application::ApplicationState;
    let id = "app-x1".parse().expect("an id");
    let (from, to) = (ApplicationState::Received, ApplicationState::Withdrawn);
    commit(store, Change::SetApplication { id, from, to, record: b"{1}".to_vec() });
    let id = "sr-1".parse().expect("an id");
    let (from, to) = (RequestState::Received, RequestState::Examined);
    commit(store, Change::SetServiceRequest { id, from, to, record: b"{1}".to_vec() });
    let card = CardRow {
        id: "card-1".parse().expect("an id"),
        holder: resident(2),
        municipality: municipality(),
        record: b"{1}".to_vec(),
    };
    commit(store, Change::GrantCardSession { card: card.id.clone(), sequence: 6 });
    commit(store, Change::PutCard(card));
    let id = act("op-9").operation;
    commit(store, Change::RecordOperation { id, answer: b"{}".to_vec() });
    let id = "r-1".parse().expect("an id");
    commit(store, Change::CompleteHolderRequest { id, receipt: b"done".to_vec() });
    let mut verifiers = store.verifiers().expect("read");
    let verifier = VerifierRow { may_query_ocsp: false, ..verifiers.remove(0) };
    let verifier = verifier.with_successor(vec![0x30, 2]);
    commit(store, Change::PutVerifier(Box::new(verifier)));
    let ceremony = store.ceremony(&"genesis-1".parse().expect("an id")).expect("read");
    let (ceremony, _) = ceremony.expect("it began");
    let ceremony = CeremonyRow { revision: 2, state: State::Completed, ..ceremony };
    commit(store, Change::PutCeremony(Box::new(ceremony)));
    commit(store, Change::ForgetResident(resident(2)));
}

fn people_again(store: &dyn Store) {
    let person = store.people().expect("read").remove(0);
    let to = PersonRow { state: PersonState::Suspended, proposal: None, ..person.clone() };
    let id = person.id.clone();
    commit(store, Change::SetPerson { from: Box::new(person), to: Box::new(to) });
    let credentials = store.credentials_of(&id).expect("read");
    commit(store, Change::DropCredential(credentials[0].sha256));
    let from = store.password(&id).expect("read").expect("a password");
    let attempts = from.attempts.after_failure(at(60));
    let to = PasswordRow { attempts, ..from.clone() };
    commit(store, Change::SetPassword { from: Some(Box::new(from)), to: Box::new(to) });
}
