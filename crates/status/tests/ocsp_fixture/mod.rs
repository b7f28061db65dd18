//! A CA in a real store with a responder over it, requests by hand, and a server for foreign clients.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod foreign;
pub mod http;
pub mod request;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use domain::act::{Act, Actor};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::certificate::{CertificateKind, CertificateState};
use domain::crl_series::{Partition, SeriesState};
use domain::id::{CaId, SerialNumber, VerifierId};
use domain::journal::EventKind;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use domain::policy::Undelivered;
use jiff::{SignedDuration, Timestamp};
use jitsuin_status::ocsp::{
    AuthorityConfig, GenerationConfig, Looked, MemoryOfRequests, OcspAnswer, Responder,
    ResponderIdentity, Settings, StatusSource,
};
use jitsuin_status::query_log::{LogUnavailable, MemoryQueryLog, QueryLog, QueryRecord};
use keys::{Administer, KeyLabel, MemoryKeyStore, Sign, SigningKey};
use store::journal::PersonalDataKey;
use store::{
    AuthorityRow, CaRow, Change, CrlKey, CrlRow, Entry, IntentRow, Options, Published, Sequence,
    SeriesKey, Sqlite, StateKey, Store, Unit, VerifierAccess, VerifierRow,
};
use tempfile::TempDir;
use x509::certificate::{CertificateTemplate, Validity, assemble};
use x509::digest::sha256;
use x509::extension::{Extension, ExtensionValue, KeyUsage};
use x509::name::Name;
use x509::public_key::SpkiInfo;

pub const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::EcdsaSha256;
pub const PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000);

/// The switches of everything that can fail.
#[derive(Default)]
pub struct Faults {
    pub store: AtomicBool,
    pub log: AtomicBool,
    pub status_reads: AtomicU64,
    /// What the source says of its changes; 0 for "cannot tell".
    pub changes: AtomicU64,
}

pub struct World {
    pub directory: TempDir,
    pub store: Arc<dyn Store>,
    pub keys: Arc<MemoryKeyStore>,
    pub log: Arc<MemoryQueryLog>,
    pub memory: Arc<MemoryOfRequests>,
    pub faults: Arc<Faults>,
    pub ca: Ca,
    pub now: Timestamp,
}

/// A CA with one key, its certificate, and its delegate.
pub struct Ca {
    pub id: CaId,
    pub name: Name,
    pub key: SpkiInfo,
    pub certificate: Vec<u8>,
    pub delegate: Vec<u8>,
}

fn open(directory: &Path) -> Arc<dyn Store> {
    let options = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]));
    Arc::new(Sqlite::open(directory.join("store.db"), options).unwrap())
}

impl World {
    pub fn new() -> Self {
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        let keys = Arc::new(MemoryKeyStore::new());
        let ca = Ca::set_up("jpki-auth", store.as_ref(), &keys, now);
        let (log, memory) = Default::default();
        Self { directory, store, keys, log, memory, faults: Arc::default(), ca, now }
    }

    /// The same database, as another process has it open.
    pub fn opened_again(&self) -> Arc<dyn Store> {
        open(self.directory.path())
    }

    pub fn config(&self, ca: &Ca) -> AuthorityConfig {
        AuthorityConfig {
            ca: ca.id.clone(),
            issuer_name: ca.name.as_der().to_vec(),
            undelivered: Undelivered::Hold,
            verifiers_only: true,
            generations: vec![GenerationConfig {
                number: 1,
                public_key: ca.key.clone(),
                responder: ResponderIdentity {
                    certificate: ca.delegate.clone(),
                    key: self.signing_key(&format!("{}-ocsp", ca.id)),
                    signature: ALGORITHM,
                },
            }],
        }
    }

    pub fn signing_key(&self, name: &str) -> SigningKey {
        SigningKey::new(self.keys.clone(), label(name))
    }

    /// The store as the services have it.
    pub fn source(&self) -> Arc<dyn StatusSource> {
        let published: Arc<dyn Published> = self.store.clone();
        Arc::new(published)
    }

    /// The same, with the switches of what can fail.
    pub fn failing_source(&self) -> Arc<dyn StatusSource> {
        Arc::new(Failing { source: self.source(), faults: self.faults.clone() })
    }

    pub fn responder(&self) -> Responder {
        self.responder_for(&[self.config(&self.ca)], Settings::default())
    }

    pub fn responder_for(&self, authorities: &[AuthorityConfig], settings: Settings) -> Responder {
        let source = self.failing_source();
        let log = Arc::new(FailingLog { log: self.log.clone(), faults: self.faults.clone() });
        Responder::new(authorities, source, log, self.memory.clone(), settings).unwrap()
    }

    /// Another delegate for the responder's key, of which the database knows nothing.
    pub fn unknown_delegate(&self) -> Vec<u8> {
        let own = x509::read::Certificate::parse(&self.ca.delegate).unwrap();
        let spki = own.tbs.subject_public_key_info;
        let mut delegate = delegate_template(&self.ca.name, &spki, self.now);
        delegate.serial = serial(0x5e);
        signed(&self.keys, &label(&format!("{}-1", self.ca.id)), &delegate)
    }

    /// A certificate in the database in this state.
    pub fn put(&self, fill: u8, kind: CertificateKind, state: CertificateState) -> SerialNumber {
        self.put_serial(serial(fill), kind, state)
    }

    /// A certificate with this serial.
    pub fn put_serial(
        &self,
        serial: SerialNumber,
        kind: CertificateKind,
        state: CertificateState,
    ) -> SerialNumber {
        put_intent(self.store.as_ref(), &self.ca.id, serial, kind, b"tbs", self.now);
        if state != CertificateState::Intended {
            complete(self.store.as_ref(), &self.ca.id, serial, b"certificate", state, self.now);
        }
        serial
    }

    pub fn change(&self, serial: SerialNumber, from: CertificateState, to: CertificateState) {
        let ca = self.ca.id.clone();
        let change = Change::SetCertificate { ca, serial, from, to };
        commit(self.store.as_ref(), EventKind::CertificateRevoked, vec![change], self.now);
    }

    /// Commits one change.
    pub fn commit(&self, kind: EventKind, change: Change) {
        commit(self.store.as_ref(), kind, vec![change], self.now);
    }

    pub fn verifier(&self, id: &str, certificate: &[u8]) -> VerifierRow {
        VerifierRow {
            id: id.parse::<VerifierId>().unwrap(),
            name: "検証者".to_owned(),
            bind_dn: format!("CN={id},O=Verifiers,C=JP"),
            password_hash: "hash of correct horse".to_owned(),
            request_certificate: certificate.to_vec(),
            former_certificate: None,
            may_query_ocsp: true,
            may_read_crl: true,
        }
    }

    pub fn register(&self, row: VerifierRow) {
        let change = Change::PutVerifier(Box::new(row));
        commit(self.store.as_ref(), EventKind::VerifierRegistered, vec![change], self.now);
    }

    /// Builds a list of a series; it is published as well unless it is withheld.
    pub fn list(
        &self,
        partition: Partition,
        number: u64,
        content: &[u8],
        publish: bool,
    ) -> SeriesKey {
        let series = SeriesKey { ca: self.ca.id.clone(), generation: 1, partition };
        let row = CrlRow {
            key: CrlKey { series: series.clone(), number },
            this_update: self.now,
            next_update: self.now + SignedDuration::from_hours(72),
            next_publish: self.now + SignedDuration::from_hours(24),
            entries: 0,
            sha256: sha256(content),
            as_of: 3,
        };
        let content = Box::new(std::io::Cursor::new(content.to_vec()));
        let built = vec![Change::AddCrl { row, content }];
        commit(self.store.as_ref(), EventKind::CrlBuilt, built, self.now);
        let (to, published) = match publish {
            true => (SeriesState::Published, Some(number)),
            false => (SeriesState::Withheld, None),
        };
        let from = SeriesState::Built;
        let change = Change::SetSeries { series: series.clone(), from, to, published };
        commit(self.store.as_ref(), EventKind::CrlPublished, vec![change], self.now);
        series
    }
}

impl Ca {
    pub fn set_up(id: &str, store: &dyn Store, keys: &MemoryKeyStore, now: Timestamp) -> Self {
        let ca_label = label(&format!("{id}-1"));
        let key = keys.generate(&ca_label, KeyAlgorithm::EcP256).unwrap();
        let key = SpkiInfo::parse(&key.spki_der).unwrap();
        let name = name(id);
        let own = authority_template(&name, &key, now);
        let tbs = own.to_tbs().unwrap();
        let certificate = signed(keys, &ca_label, &own);
        let responder_label = label(&format!("{id}-ocsp"));
        let responder = keys.generate(&responder_label, KeyAlgorithm::EcP256).unwrap();
        let delegate = signed(keys, &ca_label, &delegate_template(&name, &responder.spki_der, now));
        let id: CaId = id.parse().unwrap();
        let ca = CaRow { id: id.clone(), policy_digest: [1; 32], created_at: now };
        commit(store, EventKind::CaCreated, vec![Change::AddCa(ca)], now);
        let authority = AuthorityRow {
            ca: id.clone(),
            generation: 1,
            key_label: ca_label.to_string(),
            key_algorithm: KeyAlgorithm::EcP256,
            signature_algorithm: ALGORITHM,
            name: name.as_der().to_vec(),
            spki: key.as_der().to_vec(),
            self_signed: own.serial,
            created_at: now,
            issues_from: now,
        };
        commit(store, EventKind::KeyGenerated, vec![Change::AddAuthority(authority)], now);
        put_intent(store, &id, own.serial, CertificateKind::SelfSigned, &tbs, now);
        complete(store, &id, own.serial, &certificate, CertificateState::Good, now);
        put_delegate(store, &id, &delegate, now);
        Self { id, name, key, certificate, delegate }
    }
}

pub fn label(text: &str) -> KeyLabel {
    text.parse().unwrap()
}

pub fn serial(fill: u8) -> SerialNumber {
    SerialNumber::from_random([fill; 16]).unwrap()
}

pub fn name(common_name: &str) -> Name {
    Name::write(&distinguished(common_name)).unwrap()
}

pub fn distinguished(common_name: &str) -> DistinguishedName {
    DistinguishedName(vec![
        Attribute::new(AttributeKind::Country, "JP"),
        Attribute::new(AttributeKind::Organization, "JPKI-TEST"),
        Attribute::new(AttributeKind::CommonName, common_name),
    ])
}

pub fn signed(keys: &MemoryKeyStore, key: &KeyLabel, template: &CertificateTemplate) -> Vec<u8> {
    let tbs = template.to_tbs().unwrap();
    assemble(&tbs, ALGORITHM, &keys.sign(key, ALGORITHM, &tbs).unwrap())
}

pub fn template(subject: Name, issuer: Name, spki: &[u8], now: Timestamp) -> CertificateTemplate {
    CertificateTemplate {
        serial: SerialNumber::from_random(sha256(spki)[..16].try_into().unwrap()).unwrap(),
        signature: ALGORITHM,
        issuer,
        validity: Validity {
            not_before: now - SignedDuration::from_hours(1),
            not_after: now + SignedDuration::from_hours(1_000),
        },
        subject,
        subject_public_key_info: spki.to_vec(),
        extensions: Vec::new(),
    }
}

fn authority_template(name: &Name, key: &SpkiInfo, now: Timestamp) -> CertificateTemplate {
    let mut own = template(name.clone(), name.clone(), key.as_der(), now);
    let usage = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
    own.extensions = vec![
        Extension::critical(ExtensionValue::KeyUsage(usage)),
        Extension::critical(ExtensionValue::BasicConstraints { ca: true, path_length: None }),
    ];
    own
}

pub fn delegate_template(issuer: &Name, spki: &[u8], now: Timestamp) -> CertificateTemplate {
    let mut delegate = template(name("OCSP responder"), issuer.clone(), spki, now);
    delegate.extensions = vec![
        Extension::critical(ExtensionValue::KeyUsage(KeyUsage::DIGITAL_SIGNATURE)),
        Extension::critical(ExtensionValue::ExtendedKeyUsage(vec![x509::oid::OCSP_SIGNING])),
        Extension::non_critical(ExtensionValue::OcspNoCheck),
    ];
    delegate
}

/// A delegate as the database knows it.
pub fn put_delegate(store: &dyn Store, ca: &CaId, delegate: &[u8], now: Timestamp) {
    let serial = serial_of(delegate);
    put_intent(store, ca, serial, CertificateKind::OcspResponder, b"tbs", now);
    complete(store, ca, serial, delegate, CertificateState::Good, now);
}

pub fn serial_of(certificate: &[u8]) -> SerialNumber {
    x509::read::Certificate::parse(certificate).unwrap().tbs.serial_number().unwrap()
}

pub fn put_intent(
    store: &dyn Store,
    ca: &CaId,
    serial: SerialNumber,
    kind: CertificateKind,
    tbs: &[u8],
    now: Timestamp,
) {
    let partition = match kind {
        CertificateKind::User => Partition::Municipality("11203".parse().unwrap()),
        CertificateKind::SelfSigned => Partition::ArlSelfSigned,
        CertificateKind::LinkOldWithNew | CertificateKind::LinkNewWithOld => Partition::ArlLink,
        _ => Partition::Other,
    };
    let intent = IntentRow {
        ca: ca.clone(),
        generation: 1,
        serial,
        kind,
        partition,
        subject: match kind {
            CertificateKind::SelfSigned
            | CertificateKind::LinkOldWithNew
            | CertificateKind::LinkNewWithOld => name(ca.as_str()).as_der().to_vec(),
            _ => format!("{ca}/{serial}").into_bytes(),
        },
        spki_sha256: sha256(format!("{ca}/{serial}").as_bytes()),
        tbs: tbs.to_vec(),
        not_before: now,
        not_after: now + SignedDuration::from_hours(10_000),
        policy_digest: [1; 32],
        holder: None,
        application: None,
        at: now,
    };
    let change = Change::AddIntent(Box::new(intent));
    commit(store, EventKind::CertificateIntended, vec![change], now);
}

fn complete(
    store: &dyn Store,
    ca: &CaId,
    serial: SerialNumber,
    der: &[u8],
    to: CertificateState,
    now: Timestamp,
) {
    let change = Change::CompleteIntent { ca: ca.clone(), serial, der: der.to_vec(), to };
    commit(store, EventKind::CertificateIssued, vec![change], now);
}

pub fn commit(store: &dyn Store, kind: EventKind, changes: Vec<Change>, now: Timestamp) {
    let actor = Actor::System("test".parse().unwrap());
    let act = Act::new(actor, now, "op-1".parse().unwrap());
    let unit = changes.into_iter().fold(Unit::new(Entry::new(kind, &act)), Unit::change);
    store.commit(unit).unwrap();
}

/// A source that can be made to fail, and to tell a number of its own or none.
struct Failing {
    source: Arc<dyn StatusSource>,
    faults: Arc<Faults>,
}

impl Failing {
    fn read<T>(
        &self,
        read: impl FnOnce(&dyn StatusSource) -> store::Result<T>,
    ) -> store::Result<T> {
        match self.faults.store.load(Ordering::Relaxed) {
            true => Err(store::Error::Unavailable("the disk is gone".to_owned())),
            false => read(self.source.as_ref()),
        }
    }
}

impl StatusSource for Failing {
    fn look(&self, ca: &CaId, serials: &[SerialNumber]) -> store::Result<Looked> {
        self.faults.status_reads.fetch_add(1, Ordering::Relaxed);
        let changes = self.changes();
        self.read(|source| Ok(Looked { changes, ..source.look(ca, serials)? }))
    }

    fn accesses(&self) -> store::Result<Vec<VerifierAccess>> {
        self.read(|source| source.accesses())
    }

    fn access(&self, id: &VerifierId) -> store::Result<Option<VerifierAccess>> {
        self.read(|source| source.access(id))
    }

    fn last_sequence(&self) -> store::Result<Option<Sequence>> {
        self.read(|source| source.last_sequence())
    }

    fn raise_doubt(&self, finding: &str) {
        self.source.raise_doubt(finding);
    }

    fn changes(&self) -> Option<u64> {
        Some(self.faults.changes.load(Ordering::Relaxed)).filter(|changes| *changes > 0)
    }
}

/// A query log that can be made to fail.
pub struct FailingLog {
    pub log: Arc<MemoryQueryLog>,
    pub faults: Arc<Faults>,
}

impl QueryLog for FailingLog {
    fn record(&self, record: &QueryRecord) -> Result<(), LogUnavailable> {
        if self.faults.log.load(Ordering::Relaxed) {
            return Err(LogUnavailable::Failed("the disk is full".to_owned()));
        }
        self.log.record(record)
    }
}

/// The status of an error response, or 0 for an answer.
pub fn response_status(answer: &OcspAnswer) -> u8 {
    match x509::ocsp::OcspResponse::parse(&answer.bytes).unwrap() {
        x509::ocsp::OcspResponse::Successful(_) => 0,
        x509::ocsp::OcspResponse::Refused(status) => status,
    }
}
