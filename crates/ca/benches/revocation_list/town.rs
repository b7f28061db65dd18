//! A municipality with a million revoked and held certificates, filled once and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use domain::act::{Act, Actor};
use domain::certificate::{CertificateKind, CertificateState};
use domain::crl_series::Partition;
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use jiff::{SignedDuration, Timestamp};
use jitsuin_ca::CertificationAuthority;
use keys::{EmbeddedKeyStore, MasterKey};
use store::journal::PersonalDataKey;
use store::reads::ReadLists;
use store::{Change, CrlKey, Entry, IntentRow, Options, SeriesKey, Sqlite, StateKey, Store, Unit};

const POLICY: &str = include_str!("../../../../policy/saitama-sign.toml");
const MUNICIPALITY: &str = "11203";
/// Certificates of one unit: it is about the time of filling alone.
const TOGETHER: usize = 5_000;
const FILES: [&str; 2] = ["state.db", "keys"];

/// A CA over its files.
pub(crate) struct Town {
    store: Arc<Sqlite>,
    authority: CertificationAuthority,
}

/// The directory of a town with `count` certificates on its next list; filled if it is not there.
pub(crate) fn prepared(count: usize) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-list-{count}"));
    let done = directory.join("filled");
    if !done.exists() {
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        EmbeddedKeyStore::init(&directory.join("keys"), master()).unwrap();
        let started = Instant::now();
        Town::open(&directory).fill(count);
        fs::write(&done, started.elapsed().as_secs_f64().to_string()).unwrap();
    }
    let seconds: f64 = fs::read_to_string(&done).unwrap().parse().unwrap();
    eprintln!("the database was filled in {seconds:.1} s, outside of every figure");
    directory
}

/// Copies a town's files, so that the lists of this run are not kept for the next.
pub(crate) fn copy(from: &Path, to: &Path) {
    let [database, keys] = FILES;
    fs::copy(from.join(database), to.join(database)).unwrap();
    fs::create_dir(to.join(keys)).unwrap();
    for file in fs::read_dir(from.join(keys)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(keys).join(file.file_name())).unwrap();
    }
}

impl Town {
    pub(crate) fn open(directory: &Path) -> Self {
        let [database, keys] = FILES.map(|name| directory.join(name));
        let options = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]));
        let store = Arc::new(Sqlite::open(database, options).unwrap());
        let keys = Arc::new(EmbeddedKeyStore::open(&keys, master()).unwrap());
        let authority =
            CertificationAuthority::set_up(&act(), POLICY, store.clone(), keys).unwrap();
        Self { store, authority }
    }

    /// Publishes the next list; it must be the first of its second.
    pub(crate) fn publish(&self) {
        let outcome = self.authority.lists().publish(&act(), &self.series()).unwrap();
        assert!(matches!(outcome, jitsuin_ca::ListOutcome::Published(_)), "{outcome:?}");
    }

    /// The octets of the list that is published.
    pub(crate) fn content(&self) -> Vec<u8> {
        let number =
            self.authority.list_series().published(&self.series()).unwrap().unwrap().key.number;
        self.store.crl_content(&CrlKey { series: self.series(), number }).unwrap().unwrap()
    }

    fn series(&self) -> SeriesKey {
        SeriesKey { ca: self.authority.id().clone(), generation: 1, partition: partition() }
    }

    fn fill(&self, count: usize) {
        let act = act();
        for first in (0..count).step_by(TOGETHER) {
            let mut unit = Unit::new(Entry::new(EventKind::CertificateRevoked, &act));
            for number in first..count.min(first + TOGETHER) {
                unit = self.add(unit.entry(intended(&act)), number);
            }
            self.store.commit(unit).unwrap();
        }
    }

    fn add(&self, unit: Unit, number: usize) -> Unit {
        let mark = x509::digest::sha256(&number.to_be_bytes());
        let at = Timestamp::from_second(1_750_000_000 + number as i64).unwrap();
        let serial = domain::id::SerialNumber::from_random(mark[..16].try_into().unwrap()).unwrap();
        let intent = IntentRow {
            ca: self.authority.id().clone(),
            generation: 1,
            serial,
            kind: CertificateKind::User,
            partition: partition(),
            subject: mark[..16].to_vec(),
            spki_sha256: mark,
            tbs: Vec::new(),
            not_before: at,
            not_after: at + SignedDuration::from_hours(24 * 365 * 30),
            policy_digest: [0; 32],
            holder: None,
            application: None,
            at,
        };
        let to = match number % 6 {
            1 => revoked(at, RevocationReason::KeyCompromise),
            2 => revoked(at, RevocationReason::AffiliationChanged),
            3 => revoked(at, RevocationReason::Superseded),
            _ => revoked(at, RevocationReason::CessationOfOperation),
        };
        let ca = self.authority.id().clone();
        let from = CertificateState::Intended;
        unit.change(Change::AddIntent(Box::new(intent))).change(Change::SetCertificate {
            ca,
            serial,
            from,
            to,
        })
    }
}

pub(crate) fn act() -> Act {
    Act {
        actor: Actor::System("bench".parse().unwrap()),
        at: Timestamp::now(),
        operation: "bench".parse().unwrap(),
        standing: None,
        second: None,
        present: Default::default(),
    }
}

/// The entry that gives an intent its place.
fn intended(act: &Act) -> Entry {
    Entry::new(EventKind::CertificateIntended, act)
}

fn partition() -> Partition {
    Partition::Municipality(MUNICIPALITY.parse().unwrap())
}

fn revoked(at: Timestamp, reason: RevocationReason) -> CertificateState {
    CertificateState::Revoked { at, reason }
}

fn master() -> MasterKey {
    MasterKey::new(&[9; 32])
}
