//! What happens before what: nothing leaves uncommitted, no list replaces the wrong one, no list
//! ends unnoticed.

use std::sync::{Arc, Mutex};

use ca::{CertificationAuthority, Difference, IssuanceStep, ListOutcome};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use domain::application::ApplicationKind;
use domain::crl_series::Partition;
use jiff::SignedDuration;
use keys::{
    Administer, BackupKey, CardKeyPurpose, CardMasterBackup, CardMasters, DerivedKey, KeyBackup,
    KeyError, KeyLabel, KeyStore, MakeCardMasters, PublicKey, Sign, TransportKey, UserKeys,
    WrappedPrivateKey,
};
use store::reads::{ReadCertificates, ReadHead, ReadJournal, ReadStatuses};
use store::{CertificateRow, SeriesKey};
use testkit::act;

use super::world::{AUTH, World, auth_request, card};

/// The rows that stand in the database when a step is reached: intents, issued certificates.
type Seen = Arc<Mutex<Vec<(IssuanceStep, usize, usize)>>>;

#[test]
fn v11_the_database_knows_a_certificate_before_anybody_gets_it() {
    let world = World::new();
    let seen: Seen = Arc::default();
    let (store, log) = (world.scratch.store.clone(), seen.clone());
    let id = world.auth.id().clone();
    let count = move |step| {
        let rows = store.certificates(&id, None, 100).expect("a read");
        let issued = rows.iter().filter(|row: &&CertificateRow| row.der.is_some()).count();
        let open = store.open_intents().expect("a read").len();
        log.lock().expect("a lock").push((step, open, issued));
    };
    let authority =
        CertificationAuthority::open(AUTH, world.scratch.store.clone(), world.keys.clone())
            .expect("the CA")
            .observed(Arc::new(count));
    let request = auth_request(1, ApplicationKind::IssueWithCard, &card(1));
    let issued = authority.user_certificates().issue(&act(&world.clock), request).expect("issued");
    let expected = [
        (IssuanceStep::Reserved, 0, 1),
        (IssuanceStep::Drafted, 0, 1),
        (IssuanceStep::Linted, 0, 1),
        (IssuanceStep::Intended, 1, 1),
        (IssuanceStep::Signed, 1, 1),
        (IssuanceStep::Issued, 0, 2),
    ];
    assert_eq!(*seen.lock().expect("a lock"), expected, "intent, signature, issue, in this order");
    let status = world.scratch.store.status(authority.id(), &issued.serial).expect("a read");
    assert!(status.is_some(), "what OCSP reads has it");
    let row = authority.certificate(&issued.serial).expect("it exists");
    assert_eq!(row.intent.policy_digest, x509::digest::sha256(AUTH.as_bytes()));
}

/// A key store that signs lists with another CA's key, as a rollover once did elsewhere.
struct Confused(Arc<dyn KeyStore>);

impl Sign for Confused {
    fn sign_digest(
        &self,
        _: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let other = "saitama-sign-ca-1".parse().expect("a label");
        self.0.sign_digest(&other, algorithm, digest)
    }

    fn public_key(&self, label: &KeyLabel) -> Result<PublicKey, KeyError> {
        self.0.public_key(label)
    }

    fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.0.sign(label, algorithm, message)
    }

    fn sign_checkpoint(&self, label: &KeyLabel, message: &[u8]) -> Result<[u8; 64], KeyError> {
        self.0.sign_checkpoint(label, message)
    }
}

impl Administer for Confused {
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError> {
        self.0.generate(label, algorithm)
    }

    fn generate_with_backup(
        &self,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
        backup: &BackupKey,
    ) -> Result<KeyBackup, KeyError> {
        self.0.generate_with_backup(label, algorithm, backup)
    }

    fn restore(&self, backup: &KeyBackup, key: &BackupKey) -> Result<PublicKey, KeyError> {
        self.0.restore(backup, key)
    }

    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError> {
        self.0.destroy(label)
    }

    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.0.labels()
    }
}

impl UserKeys for Confused {
    fn prepare_user_keys(&self, algorithm: KeyAlgorithm, wanted: usize) -> Result<usize, KeyError> {
        self.0.prepare_user_keys(algorithm, wanted)
    }

    fn prepared_user_keys(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError> {
        self.0.prepared_user_keys(algorithm)
    }

    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError> {
        self.0.generate_for_card(algorithm, transport)
    }
}

impl CardMasters for Confused {
    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError> {
        self.0.derive_card_key(label, purpose, number)
    }
}

impl MakeCardMasters for Confused {
    fn generate_card_master(
        &self,
        label: &KeyLabel,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, KeyError> {
        self.0.generate_card_master(label, backup)
    }

    fn restore_card_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), KeyError> {
        self.0.restore_card_master(backup, key)
    }

    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.0.card_masters()
    }
}

#[test]
fn v11_a_list_that_another_key_signed_never_replaces_the_right_one() {
    let world = World::new();
    let key = SeriesKey {
        ca: world.auth.id().clone(),
        generation: 1,
        partition: Partition::ArlSelfSigned,
    };
    let right = world.auth.lists().publish(&act(&world.clock), &key).expect("built");
    assert!(matches!(right, ListOutcome::Published(_)), "{right:?}");
    world.clock.advance(SignedDuration::from_hours(24));
    let confused = CertificationAuthority::open(
        AUTH,
        world.scratch.store.clone(),
        Arc::new(Confused(world.keys.clone())),
    )
    .expect("the CA");
    let wrong = confused.lists().publish(&act(&world.clock), &key).expect("built");
    let ListOutcome::Withheld { differences, .. } = wrong else { panic!("published: {wrong:?}") };
    assert!(matches!(differences[..], [Difference::Unreadable(_)]), "{differences:?}");
    let published =
        world.auth.list_series().published(&key).expect("a read").expect("the right one");
    assert_eq!(published.key.number, 1);
    let last = world.scratch.store.last_sequence().expect("a read").expect("entries");
    let entry = world.scratch.store.journal(last, 1).expect("an entry").remove(0).1;
    let entry = String::from_utf8(entry).expect("JSON");
    assert!(entry.contains("crl-withheld") && entry.contains("refused"), "{entry}");
}

#[test]
fn v1_a_late_list_is_missed_long_before_it_ends_partition_by_partition() {
    let world = World::new();
    world.good_auth(1);
    let now = || world.clock.now();
    let late = || world.auth.list_series().late(now()).expect("a read");
    let all = world.auth.list_series().all().expect("a read");
    assert!(late().len() == all.len() && late().iter().all(|list| list.ends.is_none()));
    world.auth.lists().publish_all(&act(&world.clock), &all[1..]);
    let never = late();
    assert_eq!((never.len(), &never[0].series), (1, &all[0]), "one was never published");
    world.clock.advance(SignedDuration::from_hours(1));
    world.auth.lists().publish_all(&act(&world.clock), &all[..1]);
    assert_eq!(late(), []);
    world.clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_eq!(late(), [], "planned, and not an hour late");
    world.clock.advance(SignedDuration::from_secs(1));
    let missed = late();
    assert_eq!(missed.len(), all.len() - 1, "{missed:?}");
    for list in missed {
        let left = list.ends.expect("it was published").duration_since(now());
        assert_eq!(left, SignedDuration::from_hours(47), "time to mend it");
    }
}
