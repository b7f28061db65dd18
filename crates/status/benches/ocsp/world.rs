//! A CA with RSA-2048 keys, its certificates in a database file, a verifier and a responder.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use domain::act::{Act, Actor};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::certificate::{CertificateKind, CertificateState};
use domain::crl_series::Partition;
use domain::id::SerialNumber;
use domain::journal::EventKind;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use domain::policy::Undelivered;
use jiff::{SignedDuration, Timestamp};
use jitsuin_status::ocsp::{
    AuthorityConfig, GenerationConfig, Responder, ResponderIdentity, Settings,
};
use jitsuin_status::query_log::{LogUnavailable, QueryLog, QueryRecord};
use keys::{Administer, KeyLabel, MemoryKeyStore, Sign, SigningKey};
use store::journal::PersonalDataKey;
use store::segments::{Limits, QuerySegments};
use store::{
    CaRow, Change, Entry, HeardRequests, IntentRow, Options, Published, Sqlite, StateKey, Store,
    Unit, VerifierRow,
};
use tempfile::TempDir;
use x509::certificate::{CertificateTemplate, Validity, assemble};
use x509::digest::sha256;
use x509::extension::{Extension, ExtensionValue};
use x509::name::Name;
use x509::ocsp::{CertId, HashAlgorithm};
use x509::public_key::SpkiInfo;

pub(crate) const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::RsaSha256;
pub(crate) const PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);
const CA: &str = "jpki-auth";
/// Certificates in the database: more than its pages in memory would hold for nothing.
pub(crate) const CERTIFICATES: u64 = 20_000;

/// The number of the responder's own, behind the others.
const DELEGATE: u64 = CERTIFICATES;

pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) responder: Arc<Responder>,
    pub(crate) keys: Arc<MemoryKeyStore>,
    pub(crate) verifier_certificate: Vec<u8>,
    name: Name,
    key: SpkiInfo,
}

impl World {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let options = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]));
        let store = Arc::new(Sqlite::open(directory.path().join("state.db"), options).unwrap());
        let keys = Arc::new(MemoryKeyStore::new());
        let name = Name::write(&distinguished("CA")).unwrap();
        let key = SpkiInfo::parse(&make(&keys, "ca")).unwrap();
        let delegate = certified(&keys, &name, ("ocsp", serial(DELEGATE)), now);
        let verifier_certificate = certified(&keys, &name, ("verifier", serial(DELEGATE + 1)), now);
        fill(store.as_ref(), &verifier_certificate, now);
        let identity = ResponderIdentity {
            certificate: delegate,
            key: SigningKey::new(keys.clone(), label("ocsp")),
            signature: ALGORITHM,
        };
        let authority = AuthorityConfig {
            ca: CA.parse().unwrap(),
            issuer_name: name.as_der().to_vec(),
            undelivered: Undelivered::Hold,
            verifiers_only: true,
            generations: vec![GenerationConfig {
                number: 1,
                public_key: key.clone(),
                responder: identity,
            }],
        };
        let (segments, _) =
            QuerySegments::open(directory.path().join("queries"), Limits::default(), 0).unwrap();
        let (heard, _) = HeardRequests::open(&directory.path().join("heard.db")).unwrap();
        let memory = Arc::new(heard);
        let store: Arc<dyn Published> = store;
        let responder = Responder::new(
            &[authority],
            Arc::new(store),
            Arc::new(Segments(segments)),
            memory,
            Settings::default(),
        );
        let responder = Arc::new(responder.unwrap());
        Self { directory, responder, keys, verifier_certificate, name, key }
    }

    /// What a request says of certificate `number`.
    pub(crate) fn cert_id(&self, number: u64) -> Vec<u8> {
        let serial = serial(number).to_integer();
        CertId::of(HashAlgorithm::Sha1, &self.name, &self.key, &serial).der
    }
}

/// Every query in a file before its answer leaves, as the program keeps it.
struct Segments(QuerySegments);

impl QueryLog for Segments {
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable> {
        self.0.append(record.to_string().as_bytes()).unwrap();
        Ok(())
    }
}

pub(crate) fn label(text: &str) -> KeyLabel {
    text.parse().unwrap()
}

/// Certificate 0 is a server's, whose status is open to all; the others are residents'.
fn fill(store: &dyn Store, verifier_certificate: &[u8], now: Timestamp) {
    let actor = Actor::System("bench".parse().unwrap());
    let act = Act::new(actor, now, "bench".parse().unwrap());
    let ca = CaRow { id: CA.parse().unwrap(), policy_digest: [1; 32], created_at: now };
    let unit = Unit::new(Entry::new(EventKind::CaCreated, &act)).change(Change::AddCa(ca));
    let verifier = VerifierRow {
        id: "verifier".parse().unwrap(),
        name: "verifier".to_owned(),
        bind_dn: "CN=verifier".to_owned(),
        password_hash: String::new(),
        request_certificate: verifier_certificate.to_vec(),
        former_certificate: None,
        may_query_ocsp: true,
        may_read_crl: true,
    };
    store.commit(unit.change(Change::PutVerifier(Box::new(verifier)))).unwrap();
    for first in (0..CERTIFICATES).step_by(1000) {
        let mut unit = Unit::new(Entry::new(EventKind::CertificateIntended, &act));
        for number in first..first + 1000 {
            let entry = Entry::new(EventKind::CertificateIntended, &act);
            unit = certificate(unit.entry(entry), number, now);
        }
        store.commit(unit).unwrap();
    }
    let unit = Unit::new(Entry::new(EventKind::CertificateIntended, &act));
    store.commit(certificate(unit, DELEGATE, now)).unwrap();
}

fn certificate(unit: Unit, number: u64, now: Timestamp) -> Unit {
    let mark = sha256(&number.to_be_bytes());
    let (kind, partition) = match number {
        0 => (CertificateKind::TlsServer, Partition::Other),
        DELEGATE => (CertificateKind::OcspResponder, Partition::Other),
        _ => (CertificateKind::User, Partition::Municipality("11203".parse().unwrap())),
    };
    let intent = IntentRow {
        ca: CA.parse().unwrap(),
        generation: 1,
        serial: serial(number),
        kind,
        partition,
        subject: mark.to_vec(),
        spki_sha256: mark,
        tbs: vec![0; 1200],
        not_before: now,
        not_after: now + SignedDuration::from_hours(10_000),
        policy_digest: [1; 32],
        holder: None,
        application: None,
        at: now,
    };
    let (ca, serial) = (intent.ca.clone(), intent.serial);
    let (der, to) = (vec![0; 1500], CertificateState::Good);
    unit.change(Change::AddIntent(Box::new(intent))).change(Change::CompleteIntent {
        ca,
        serial,
        der,
        to,
    })
}

fn serial(number: u64) -> SerialNumber {
    let mark = sha256(&number.to_be_bytes());
    SerialNumber::from_random(mark[..16].try_into().unwrap()).unwrap()
}

fn make(keys: &MemoryKeyStore, name: &str) -> Vec<u8> {
    keys.generate(&label(name), KeyAlgorithm::Rsa2048).unwrap().spki_der
}

/// A key and its certificate by the CA, fit to sign OCSP answers.
fn certified(
    keys: &MemoryKeyStore,
    issuer: &Name,
    (name, serial): (&str, SerialNumber),
    now: Timestamp,
) -> Vec<u8> {
    let spki = make(keys, name);
    let template = CertificateTemplate {
        serial,
        signature: ALGORITHM,
        issuer: issuer.clone(),
        validity: Validity {
            not_before: now - SignedDuration::from_hours(1),
            not_after: now + SignedDuration::from_hours(1_000),
        },
        subject: Name::write(&distinguished(name)).unwrap(),
        subject_public_key_info: spki,
        extensions: vec![
            Extension::critical(ExtensionValue::ExtendedKeyUsage(vec![x509::oid::OCSP_SIGNING])),
            Extension::non_critical(ExtensionValue::OcspNoCheck),
        ],
    };
    let tbs = template.to_tbs().unwrap();
    assemble(&tbs, ALGORITHM, &keys.sign(&label("ca"), ALGORITHM, &tbs).unwrap())
}

fn distinguished(common_name: &str) -> DistinguishedName {
    DistinguishedName(vec![
        Attribute::new(AttributeKind::Country, "JP"),
        Attribute::new(AttributeKind::Organization, "JPKI-TEST"),
        Attribute::new(AttributeKind::CommonName, common_name),
    ])
}
