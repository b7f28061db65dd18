//! What start-up finds in the database is signed only on the word of the sealed journal, and only
//! what the policy would draft again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ca::{CertificationAuthority, Error, IssuanceStep, Settled};
use domain::application::ApplicationKind;
use domain::certificate::CertificateKind;
use domain::crl_series::Partition;
use domain::hexadecimal::hex;
use domain::id::SerialNumber;
use domain::journal::EventKind;
use domain::rule::{Hex, OfTheInstallation};
use domain::service_request::RequestStepName;
use keys::Administer;
use store::reads::{ReadCertificates, ReadHead, ReadJournal};
use store::{Change, Entry, Extent, IntentRow, Store, Unit};
use testkit::{HookedStore, act, adopt_policy, seal};
use x509::certificate::CertificateTemplate;
use x509::digest::sha256;
use x509::extension::{Extension, ExtensionValue, KeyUsage};
use x509::general_name::GeneralName;
use x509::read::TbsCertificate;

use super::request_walk::take;
use super::world::{AUTH, SIGN, World, card, sign_request};

/// An honest intent of the signature CA that a cut left open.
fn left_open(world: &World) -> IntentRow {
    left_open_by(world, &cut_telling(world, SIGN, |_| {}))
}

fn left_open_by(world: &World, stopped: &CertificationAuthority) -> IntentRow {
    let (act, mut card) = (act(&world.clock), card(1));
    let request = sign_request(stopped, &act, 1, ApplicationKind::IssueOnCard, &mut card);
    let outcome =
        catch_unwind(AssertUnwindSafe(|| stopped.user_certificates().issue(&act, request)));
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
        .detail("tbs_sha256", Hex(&sha256(&row.tbs)))
        .detail("policy_sha256", Hex(&row.policy_digest))
        .detail("program", env!("CARGO_PKG_VERSION"))
}

/// The same, of another program.
fn told_by_another(world: &World, row: &IntentRow) -> Entry {
    told(world, row).without("program").detail("program", "0.0.9")
}

/// An intent that a cut left open: honest, but for what its entry tells of it.
type Untrue = fn(&mut Entry);

/// An intent of some kind, left open under such an entry.
type LeftOpen = fn(&World, Untrue);

/// The entry with another value in the place of this detail, or without it.
fn retold(entry: &mut Entry, name: &'static str, value: Option<&str>) {
    let without = entry.clone().without(name);
    let retold = |value| without.clone().detail(name, OfTheInstallation(value));
    *entry = value.map_or_else(|| without.clone(), retold);
}

/// A CA in a process that is cut after the intent, and whose entries of intents are `untrue`.
fn cut_telling(world: &World, policy: &str, untrue: Untrue) -> CertificationAuthority {
    let store = HookedStore::committing(world.scratch.store.clone(), move |store, mut unit| {
        let told = unit.entries_mut().iter_mut();
        told.filter(|entry| entry.kind == EventKind::CertificateIntended).for_each(untrue);
        store.commit(unit)
    });
    let stop = |reached: IssuanceStep| assert!(reached != IssuanceStep::Intended, "cut");
    let stopped = CertificationAuthority::open(policy, Arc::new(store), world.keys.clone());
    stopped.expect("the CA was set up").observed(Arc::new(stop))
}

/// A resident's certificate.
fn of_a_resident(world: &World, untrue: Untrue) {
    left_open_by(world, &cut_telling(world, SIGN, untrue));
}

/// A server's certificate, at the word of five people.
fn of_a_request(world: &World, untrue: Untrue) {
    let request = world.walked(world.for_server("server"), RequestStepName::Release);
    let (stopped, act) = (cut_telling(world, AUTH, untrue), world.staff("operator-2"));
    let confirm = AssertUnwindSafe(|| take(&stopped, &act, request.id(), RequestStepName::Confirm));
    assert!(catch_unwind(confirm).is_err(), "it was cut");
}

/// What start-up says of the one intent that is open.
fn start_up(world: &World) -> String {
    seal(&*world.scratch.store);
    let open = world.scratch.store.open_intents().expect("a read").remove(0).intent;
    let authority = if open.ca == *world.sign.id() { &world.sign } else { &world.auth };
    let error = authority.recovery().recover(&act(&world.clock)).expect_err("it is not signed");
    let Error::Unvouched { reason, .. } = error else { panic!("{error}") };
    let row = world.scratch.store.certificate(&open.ca, &open.serial);
    assert_eq!(row.expect("a read").expect("a row").der, None, "nothing was signed");
    let doubt = world.scratch.store.doubt();
    assert_eq!(doubt.extent(), Some(Extent::Everything), "people decide");
    reason
}

/// Each case is wrong in one line alone: the octets are those that the policy drafts, so nothing else
/// keeps them from being signed.
#[test]
fn k2_an_intent_is_signed_only_if_every_line_of_its_entry_tells_of_it() {
    let cases: [(&str, LeftOpen, Untrue); 15] = [
        ("kind of entry", of_a_resident, |entry| entry.kind = EventKind::RoomEntry),
        ("CA", of_a_resident, |entry| entry.ca = Some("jpki-auth".parse().expect("a CA"))),
        ("serial", of_a_resident, |entry| entry.subject = Some("0a".to_owned())),
        ("kind", of_a_resident, |entry| retold(entry, "kind", Some("tls-server"))),
        ("kind", of_a_request, |entry| retold(entry, "kind", Some("verification-server"))),
        ("generation", of_a_resident, |entry| retold(entry, "generation", Some("2"))),
        ("partition", of_a_resident, |entry| retold(entry, "partition", Some("other"))),
        ("octets", of_a_resident, |entry| {
            retold(entry, "tbs_sha256", Some(&hex(&sha256(b"others"))));
        }),
        ("policy", of_a_resident, |entry| {
            retold(entry, "policy_sha256", Some(&hex(&sha256(b"another"))));
        }),
        ("application", of_a_resident, |entry| retold(entry, "application", Some("app-1"))),
        ("application", of_a_resident, |entry| retold(entry, "application", None)),
        ("request", of_a_request, |entry| retold(entry, "service_request", Some("sr-1"))),
        ("request", of_a_request, |entry| retold(entry, "service_request", None)),
        ("request", of_a_resident, |entry| retold(entry, "service_request", Some("sr-1"))),
        ("a refusal", of_a_resident, |entry| *entry = entry.clone().refused("a rule")),
    ];
    for (expected, left_open, untrue) in cases {
        let world = World::new();
        left_open(&world, untrue);
        let said = start_up(&world);
        let found = said.split_once(" tells of ").map(|(_, told)| told.replace("another ", ""));
        assert_eq!(found.as_deref(), Some(expected), "{said}");
    }
    // Told as it is, each of the two is signed.
    for left_open in [of_a_resident, of_a_request] {
        let world = World::new();
        left_open(&world, |_| {});
        seal(&*world.scratch.store);
        let recovered =
            [&world.sign, &world.auth].map(|ca| ca.recovery().recover(&act(&world.clock)));
        let settled: Vec<_> = recovered.into_iter().flat_map(|one| one.expect("settled")).collect();
        assert!(matches!(settled[..], [Settled::Finished(_)]), "{settled:?}");
    }
}

/// Whoever can write journal entries too meets the policy.
#[test]
fn k2_a_planted_intent_is_never_signed() {
    let world = World::new();
    let row = left_open(&world);
    seal(&*world.scratch.store);
    let settled = world.sign.recovery().recover(&act(&world.clock)).expect("vouched for");
    assert!(matches!(settled[..], [Settled::Finished(_)]), "{settled:?}");
    let planted = like(&row, rogue);
    let entry = told(&world, &planted);
    let unit = Unit::new(entry).change(Change::AddIntent(Box::new(planted)));
    world.scratch.store.commit(unit).expect("planted");
    let said = start_up(&world);
    assert!(said.contains("would not draft these octets"), "{said}");
}

/// A cut, and then a program of another version, which drafts by other rules.
#[test]
fn l1_what_another_program_drafted_otherwise_is_ended_unsigned_and_raises_no_doubt() {
    let world = World::new();
    let row = left_open(&world);
    seal(&*world.scratch.store);
    world.sign.recovery().recover(&act(&world.clock)).expect("vouched for");
    let otherwise = like(&row, |template| template.extensions.truncate(1));
    let entry = told_by_another(&world, &otherwise);
    let serial = otherwise.serial;
    let unit = Unit::new(entry).change(Change::AddIntent(Box::new(otherwise)));
    world.scratch.store.commit(unit).expect("an earlier program's");
    seal(&*world.scratch.store);
    let settled = world.sign.recovery().recover(&act(&world.clock)).expect("settled");
    assert!(matches!(settled[..], [Settled::Revoked(ended)] if ended == serial), "{settled:?}");
    assert_eq!(world.scratch.store.doubt().extent(), None, "nobody wrote it by hand");
    let row = world.scratch.store.certificate(world.sign.id(), &serial).expect("a read");
    assert_eq!(row.expect("a row").der, None, "nothing was signed");
}

#[test]
fn l1_an_intent_waits_until_its_entry_is_sealed() {
    let world = World::new();
    left_open(&world);
    let early = world.sign.recovery().recover(&act(&world.clock)).expect_err("not yet");
    assert!(matches!(early, Error::Unsealed { .. }), "{early}");
    assert_eq!(world.scratch.store.doubt().extent(), None, "it is no reason for doubt");
    seal(&*world.scratch.store);
    let settled = world.sign.recovery().recover(&act(&world.clock)).expect("now");
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
    let settled = sign.recovery().recover(&act(&world.clock)).expect("settled");
    assert!(
        matches!(settled[..], [Settled::Revoked(serial)] if serial == row.serial),
        "{settled:?}"
    );
    assert_eq!(world.scratch.store.doubt().extent(), None, "nobody wrote it by hand");
    let row = world.scratch.store.certificate(sign.id(), &row.serial).expect("a read");
    assert_eq!(row.expect("a row").der, None, "nothing was signed");
    assert!(sign.recovery().recover(&act(&world.clock)).expect("once").is_empty());
}

/// A cut, and a start after the end of the key's use, or of the certificate's own time: nobody would
/// begin it now, so nobody finishes it.
#[test]
fn k9_what_a_cut_left_is_not_finished_after_the_use_of_its_key_or_its_own_end() {
    for days in [5 * 366 + 2, 6 * 366] {
        let world = World::new();
        let row = left_open(&world);
        seal(&*world.scratch.store);
        world.clock.advance(jiff::SignedDuration::from_hours(24 * days));
        let settled = world.sign.recovery().recover(&act(&world.clock)).expect("settled");
        assert_eq!(settled, [Settled::Revoked(row.serial)], "{days}");
        let found = world.scratch.store.certificate(&row.ca, &row.serial).expect("a read");
        assert_eq!(found.expect("a row").der, None, "nothing was signed");
        let last = world.scratch.store.last_sequence().expect("read").expect("an entry");
        let (_, told) = world.scratch.store.journal(last, 1).expect("read").remove(0);
        let told = String::from_utf8(told).expect("JSON");
        assert!(told.contains("superseded") && told.contains("ended"), "{told}");
    }
}
