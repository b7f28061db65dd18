//! A CA with certificates in force in ten municipalities, filled anew for every run.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use domain::act::{Act, Actor};
use domain::certificate::{CertificateKind, CertificateState};
use domain::compromise::CompromiseState;
use domain::crl_series::Partition;
use domain::id::SerialNumber;
use domain::journal::EventKind;
use jiff::{SignedDuration, Timestamp};
use jitsuin_ca::CertificationAuthority;
use keys::MemoryKeyStore;
use store::journal::PersonalDataKey;
use store::reads::ReadStatuses;
use store::{Change, Entry, IntentRow, Options, Sqlite, StateKey, Store, Unit};

const POLICY: &str = include_str!("../../../../policy/jpki-auth.toml");
const MUNICIPALITIES: [&str; 10] =
    ["11100", "11201", "11202", "11203", "11206", "11207", "11208", "11209", "11210", "11211"];
/// Octets of a certificate and of its TBS, about those of a real one.
const CERTIFICATE: usize = 1_573;
/// Certificates of one unit while filling: as many as the procedure revokes in one.
const TOGETHER: usize = 1_000;

/// A CA over its database.
pub(crate) struct Region {
    store: Arc<Sqlite>,
    authority: CertificationAuthority,
}

impl Region {
    pub(crate) fn open(directory: &Path) -> Self {
        let options = Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32]));
        let store = Arc::new(Sqlite::open(directory.join("state.db"), options).unwrap());
        let keys = Arc::new(MemoryKeyStore::new());
        let authority =
            CertificationAuthority::set_up(&act(), POLICY, store.clone(), keys).unwrap();
        Self { store, authority }
    }

    /// Stores so many certificates in force; some of their serials, to be asked about.
    pub(crate) fn fill(&self, count: usize) -> Vec<SerialNumber> {
        let mut asked = Vec::new();
        for first in (0..count).step_by(TOGETHER) {
            let act = act();
            let mut unit = Unit::new(Entry::new(EventKind::CertificateIssued, &act));
            for number in first..count.min(first + TOGETHER) {
                let intent = self.intent(number, act.at);
                let (ca, serial) = (intent.ca.clone(), intent.serial);
                unit = unit
                    .entry(Entry::new(EventKind::CertificateIntended, &act))
                    .change(Change::AddIntent(Box::new(intent)))
                    .change(Change::CompleteIntent {
                        ca,
                        serial,
                        der: vec![0x30; CERTIFICATE],
                        to: CertificateState::Good,
                    });
                if number % 997 == 0 {
                    asked.push(serial);
                }
            }
            self.store.commit(unit).unwrap();
        }
        asked
    }

    fn intent(&self, number: usize, at: Timestamp) -> IntentRow {
        let mark = x509::digest::sha256(&number.to_be_bytes());
        let municipality = MUNICIPALITIES[number % MUNICIPALITIES.len()].parse().unwrap();
        IntentRow {
            ca: self.authority.id().clone(),
            generation: 1,
            serial: SerialNumber::from_random(mark[..16].try_into().unwrap()).unwrap(),
            kind: CertificateKind::User,
            partition: Partition::Municipality(municipality),
            subject: mark[..16].to_vec(),
            spki_sha256: mark,
            tbs: vec![0x30; CERTIFICATE - 280],
            not_before: at,
            not_after: at + SignedDuration::from_hours(24 * 365 * 5),
            policy_digest: [0; 32],
            holder: None,
            application: None,
            at,
        }
    }

    /// Carries the whole procedure out: seconds until all is revoked, and for the lists after that.
    pub(crate) fn compromise(&self) -> (f64, f64) {
        let second = "operator-2".parse().unwrap();
        let started = Instant::now();
        self.authority.compromises().declare(&act(), 1, &second).unwrap();
        let row = self.authority.compromises().proceed(&act(), 1, &mut |_| ()).unwrap();
        assert_eq!(row.state, CompromiseState::Revoked);
        let revoking = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let row = self.authority.compromises().proceed(&act(), 1, &mut |_| ()).unwrap();
        assert_eq!(row.state, CompromiseState::Listed);
        (revoking, started.elapsed().as_secs_f64())
    }

    /// Asks for a status, as the OCSP responder does.
    pub(crate) fn ask(&self, serial: &SerialNumber) {
        self.store.status(self.authority.id(), serial).unwrap().unwrap();
    }
}

fn act() -> Act {
    Act {
        actor: Actor::System("bench".parse().unwrap()),
        at: Timestamp::now(),
        operation: "bench".parse().unwrap(),
        standing: None,
        second: None,
        present: Default::default(),
    }
}
