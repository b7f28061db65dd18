//! A CA as it is run: embedded key store and database, both files of their own directory.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use domain::application::ApplicationKind;
use jiff::civil::date;
use jitsuin_ca::{
    CertificationAuthority, CertifiedAttributes, IssuanceStep, KeySource, UserRequest,
};
use keys::{EmbeddedKeyStore, MasterKey};
use store::journal::PersonalDataKey;
use store::{Options, Sqlite, StateKey};
use tempfile::TempDir;
use testkit::{Clock, act};

use super::holders::Holder;

const POLICY: &str = include_str!("../../../../policy/saitama-sign.toml");

pub(crate) struct World {
    authority: CertificationAuthority,
    clock: Clock,
    _directory: TempDir,
}

impl World {
    pub(crate) fn new(readers: usize) -> Self {
        // Not the system's temporary directory: flushing to a disk of memory would cost nothing.
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let clock = Clock::at("2026-11-22T03:00:00Z");
        let authority = set_up(directory.path(), readers, &clock);
        Self { authority, clock, _directory: directory }
    }

    pub(crate) fn observed(mut self, observer: Arc<dyn Fn(IssuanceStep) + Send + Sync>) -> Self {
        self.authority = self.authority.observed(observer);
        self
    }

    /// A request of every holder, in as many shares as are in flight at a time.
    pub(crate) fn requests(&self, holders: &[Holder], in_flight: usize) -> Vec<Vec<UserRequest>> {
        let mut shares: Vec<Vec<UserRequest>> = (0..in_flight).map(|_| Vec::new()).collect();
        for (number, holder) in holders.iter().enumerate() {
            shares[number % in_flight].push(self.request(number, holder));
        }
        shares
    }

    /// Issues by every request, a share after the other in a thread of its own; certificates a second.
    pub(crate) fn issue(&self, shares: Vec<Vec<UserRequest>>) -> f64 {
        let count: usize = shares.iter().map(Vec::len).sum();
        let started = Instant::now();
        thread::scope(|scope| {
            for share in shares {
                scope.spawn(|| share.into_iter().for_each(|request| self.issue_one(request)));
            }
        });
        count as f64 / started.elapsed().as_secs_f64()
    }

    /// A request with its proof, which is the card's work and not the CA's.
    fn request(&self, number: usize, holder: &Holder) -> UserRequest {
        let application = format!("application-{number}").parse().unwrap();
        let nonce = self.authority.possession().nonce(&act(&self.clock), &application).unwrap();
        let possession = holder.possession(nonce);
        let attributes = CertifiedAttributes {
            name: "高橋\u{3000}花子".to_owned(),
            name_flags: "10000".to_owned(),
            date_of_birth: "319800102".to_owned(),
            gender: '2',
            address: "埼玉県川口市青木二丁目１番１号".to_owned(),
            address_flags: "000000000000000".to_owned(),
        };
        UserRequest {
            application,
            kind: ApplicationKind::IssueOnCard,
            holder: format!("{number:011}").parse().unwrap(),
            municipality: "11203".parse().unwrap(),
            window: 1,
            birth_date: date(1980, 1, 2),
            card_expiry: None,
            attributes: Some(attributes),
            key: KeySource::OnCard { spki: holder.spki.clone(), possession },
        }
    }

    fn issue_one(&self, request: UserRequest) {
        self.authority.user_certificates().issue(&act(&self.clock), request).unwrap();
    }
}

fn set_up(directory: &Path, readers: usize, clock: &Clock) -> CertificationAuthority {
    let options =
        Options::new(PersonalDataKey::new([7; 32]), StateKey::new([6; 32])).readers(readers);
    let store = Arc::new(Sqlite::open(directory.join("state.db"), options).unwrap());
    let master = MasterKey::new(&[9; 32]);
    let keys = Arc::new(EmbeddedKeyStore::init(&directory.join("keys"), master).unwrap());
    CertificationAuthority::set_up(&act(clock), &policy(), store, keys).unwrap()
}

/// The prefectural CA's policy, but holders make keys of the size that the CA itself signs with.
fn policy() -> String {
    let rule = r#"user = { algorithm = "rsa-1024", instead = ["rsa-2048"]"#;
    let changed = POLICY.replace(rule, r#"user = { algorithm = "rsa-2048""#);
    assert_ne!(changed, POLICY, "the policy names its users' keys another way");
    changed
}
