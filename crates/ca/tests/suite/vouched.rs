//! What start-up finds in the database is signed only on the word of the sealed journal, and only
//! what the policy would draft again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ca::{CertificationAuthority, Error, Settled, Step};
use domain::application::ApplicationKind;
use domain::certificate::CertificateKind;
use domain::crl_series::Partition;
use domain::id::SerialNumber;
use domain::journal::EventKind;
use keys::KeyStore;
use store::{Change, Entry, Extent, IntentRow, Store, Unit};
use testkit::{act, adopt_policy, seal};
use x509::certificate::CertificateTemplate;
use x509::extension::{Extension, ExtensionValue, KeyUsage};
use x509::fingerprint::{hex, sha256};
use x509::general_name::GeneralName;
use x509::read::TbsCertificate;

use super::world::{SIGN, World, card, sign_request};

/// An honest intent of the signature CA that a cut left open.
fn left_open(world: &World) -> IntentRow {
    let stop = |reached: Step| assert!(reached != Step::Intended, "cut");
    let stopped =
        CertificationAuthority::open(SIGN, world.scratch.store.clone(), world.keys.clone())
            .expect("the CA was set up")
            .observed(Arc::new(stop));
    let (act, mut card) = (act(&world.clock), card(1));
    let request = sign_request(&stopped, &act, 1, ApplicationKind::IssueOnCard, &mut card);
    let outcome = catch_unwind(AssertUnwindSafe(|| stopped.issue_to_user(&act, request)));
    assert!(outcome.is_err(), "it was cut");
    world.scratch.store.open_intents().expect("a read").remove(0).intent
}

/// Another intent like `row`, whose octets `change` spoils.
fn like(row: &IntentRow, change: impl FnOnce(&mut CertificateTemplate)) -> IntentRow {
    let tbs = TbsCertificate::parse(&row.tbs).expect("a TBS");
    let serial = SerialNumber::from_random([0x5a; 16]).expect("a serial");
    let key = keys::MemoryKeyStore::new();
    let label = "rogue".parse().expect("a label");
    let made = key.generate(&label, domain::algorithm::KeyAlgorithm::Rsa2048).expect("a key");
    let mut template = CertificateTemplate {
        serial,
        signature: x509::algorithm::parse(&tbs.signature_algorithm).expect("an algorithm"),
        issuer: tbs.issuer,
        validity: tbs.validity,
        subject: tbs.subject,
        subject_public_key_info: made.spki_der,
        extensions: Vec::new(),
    };
    change(&mut template);
    IntentRow {
        serial,
        kind: CertificateKind::TlsServer,
        partition: Partition::Other,
        spki_sha256: sha256(&template.subject_public_key_info),
        subject: template.subject.as_der().to_vec(),
        tbs: template.to_tbs().expect("octets"),
        holder: None,
        application: None,
        ..row.clone()
    }
}

/// A certification authority of one's own.
fn rogue(template: &mut CertificateTemplate) {
    let authority = ExtensionValue::BasicConstraints { ca: true, path_length: None };
    let usage = ExtensionValue::KeyUsage(KeyUsage::KEY_CERT_SIGN);
    let names = vec![GeneralName::Dns("rogue.example".to_owned())];
    let names = Extension::non_critical(ExtensionValue::SubjectAltName(names));
    template.extensions = vec![Extension::critical(authority), Extension::critical(usage), names];
}

/// The entry that an honest intent has.
fn told(world: &World, row: &IntentRow) -> Entry {
    Entry::new(EventKind::CertificateIntended, &act(&world.clock))
        .ca(&row.ca)
        .subject(row.serial)
        .detail("kind", row.kind)
        .detail("generation", row.generation)
        .detail("partition", row.partition)
        .detail("tbs_sha256", hex(&sha256(&row.tbs)))
        .detail("policy_sha256", hex(&row.policy_digest))
        .detail("program", env!("CARGO_PKG_VERSION"))
}

/// The same, of another program.
fn told_by_another(world: &World, row: &IntentRow) -> Entry {
    let mut entry = told(world, row);
    entry.details.retain(|(name, _)| *name != "program");
    entry.detail("program", "0.0.9")
}

/// How an entry tells of a row.
type Telling = fn(&World, &IntentRow) -> Entry;

/// What start-up makes of a row that somebody wrote with this entry.
fn start_up(world: &World, row: IntentRow, entry: Entry) -> String {
    let (ca, serial) = (row.ca.clone(), row.serial);
    let planted = Unit::new(entry).change(Change::AddIntent(Box::new(row)));
    world.scratch.store.commit(planted).expect("planted");
    seal(&*world.scratch.store);
    let error = world.sign.recover(&act(&world.clock)).expect_err("it is not signed");
    assert!(matches!(error, Error::Unvouched { .. }), "{error}");
    let row = world.scratch.store.certificate(&ca, &serial).expect("a read").expect("a row");
    assert_eq!(row.der, None, "nothing was signed");
    let doubt = world.scratch.store.doubt();
    assert_eq!(doubt.extent(), Some(Extent::Everything), "people decide");
    error.to_string()
}

#[test]
fn k2_a_planted_intent_is_never_signed() {
    let cases: [(&str, Telling); 12] = [
        ("kind of entry", |world, row| Entry { kind: EventKind::RoomEntry, ..told(world, row) }),
        ("octets", |world, row| told(world, &like(row, |_| {}))),
        ("serial", |world, row| told(world, row).subject("0a")),
        ("CA", |world, row| told(world, row).ca(&"jpki-auth".parse().expect("a CA"))),
        ("kind", |world, row| {
            let kind = CertificateKind::VerificationServer;
            told(world, &IntentRow { kind, ..row.clone() })
        }),
        ("generation", |world, row| told(world, &IntentRow { generation: 2, ..row.clone() })),
        ("partition", |world, row| {
            let partition = Partition::ArlSelfSigned;
            told(world, &IntentRow { partition, ..row.clone() })
        }),
        ("application", |world, row| told(world, row).detail("application", "app-1")),
        ("request", |world, row| told(world, row).detail("service_request", "op-1")),
        ("policy", |world, row| told(world, &IntentRow { policy_digest: [0; 32], ..row.clone() })),
        ("tells of a refusal", |world, row| told(world, row).refused("a rule")),
        // Whoever can write journal entries too meets the policy.
        ("would not draft these octets", told),
    ];
    for (expected, entry) in cases {
        let world = World::new();
        let row = left_open(&world);
        // The honest one is settled first.
        seal(&*world.scratch.store);
        let settled = world.sign.recover(&act(&world.clock)).expect("vouched for");
        assert!(matches!(settled[..], [Settled::Finished(_)]), "{settled:?}");
        let planted = like(&row, rogue);
        let entry = entry(&world, &planted);
        let said = start_up(&world, planted, entry);
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

/// A cut, and then a program of another version, which drafts by other rules.
#[test]
fn l1_what_another_program_drafted_otherwise_is_ended_unsigned_and_raises_no_doubt() {
    let world = World::new();
    let row = left_open(&world);
    seal(&*world.scratch.store);
    world.sign.recover(&act(&world.clock)).expect("vouched for");
    let otherwise = like(&row, |template| template.extensions.truncate(1));
    let entry = told_by_another(&world, &otherwise);
    let serial = otherwise.serial;
    let unit = Unit::new(entry).change(Change::AddIntent(Box::new(otherwise)));
    world.scratch.store.commit(unit).expect("an earlier program's");
    seal(&*world.scratch.store);
    let settled = world.sign.recover(&act(&world.clock)).expect("settled");
    assert!(matches!(settled[..], [Settled::Revoked(ended)] if ended == serial), "{settled:?}");
    assert_eq!(world.scratch.store.doubt().extent(), None, "nobody wrote it by hand");
    let row = world.scratch.store.certificate(world.sign.id(), &serial).expect("a read");
    assert_eq!(row.expect("a row").der, None, "nothing was signed");
}

#[test]
fn l1_an_intent_waits_until_its_entry_is_sealed() {
    let world = World::new();
    left_open(&world);
    let early = world.sign.recover(&act(&world.clock)).expect_err("not yet");
    assert!(matches!(early, Error::Unsealed { .. }), "{early}");
    assert_eq!(world.scratch.store.doubt().extent(), None, "it is no reason for doubt");
    seal(&*world.scratch.store);
    let settled = world.sign.recover(&act(&world.clock)).expect("now");
    assert!(matches!(settled[..], [Settled::Finished(_)]), "{settled:?}");
}

#[test]
fn l1_p1_an_intent_of_rules_that_were_replaced_is_ended_unsigned_and_raises_no_doubt() {
    let world = World::new();
    let row = left_open(&world);
    seal(&*world.scratch.store);
    let policy = format!("# read again\n{SIGN}");
    adopt_policy(&*world.scratch.store, &world.clock, world.sign.id(), &policy);
    let (store, keys) = (world.scratch.store.clone(), world.keys.clone());
    let sign = CertificationAuthority::open(&policy, store, keys).expect("by the new policy");
    let settled = sign.recover(&act(&world.clock)).expect("settled");
    assert!(
        matches!(settled[..], [Settled::Revoked(serial)] if serial == row.serial),
        "{settled:?}"
    );
    assert_eq!(world.scratch.store.doubt().extent(), None, "nobody wrote it by hand");
    let row = world.scratch.store.certificate(sign.id(), &row.serial).expect("a read");
    assert_eq!(row.expect("a row").der, None, "nothing was signed");
    assert!(sign.recover(&act(&world.clock)).expect("once").is_empty());
}
