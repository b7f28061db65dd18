//! Both shipped CAs over one scratch database, and residents who ask for certificates.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use ca::card_master::CardKeyring;
use ca::{
    CertificationAuthority, CertifiedAttributes, IssuedToUser, KeySource, Possession, Result,
    UserRequest,
};
use card::key_pair_generator::generate;
use card::terminal::LoadedKey;
use card::{Card, CardKeys, CardNumber, CardSlot, DataEncryptionKey};
use domain::act::Act;
use domain::algorithm::KeyAlgorithm;
use domain::application::ApplicationKind;
use domain::id::{ApplicationId, SerialNumber};
use jiff::civil::date;
use keys::{BackupKey, CardMasterBackup, KeyStore, MemoryKeyStore};
use testkit::{Clock, Scratch, act};

/// Kawaguchi in Saitama: both CAs serve it.
pub(super) const KAWAGUCHI: &str = "11203";
pub(super) const AUTH: &str = include_str!("../../../../policy/jpki-auth.toml");
pub(super) const SIGN: &str = include_str!("../../../../policy/saitama-sign.toml");

pub(super) struct World {
    pub(super) scratch: Scratch,
    pub(super) clock: Clock,
    pub(super) keys: Arc<dyn KeyStore>,
    pub(super) auth: CertificationAuthority,
    pub(super) sign: CertificationAuthority,
}

impl World {
    pub(super) fn new() -> Self {
        let scratch = Scratch::new();
        let clock = Clock::at("2026-11-22T03:00:00Z");
        let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyStore::new());
        bring_card_master(&*keys);
        let set_up = |policy: &str| {
            CertificationAuthority::set_up(
                &act(&clock),
                policy,
                scratch.store.clone(),
                keys.clone(),
            )
            .expect("a CA can be set up")
        };
        let (auth, sign) = (set_up(AUTH), set_up(SIGN));
        Self { scratch, clock, keys, auth, sign }
    }

    /// Issues an authentication certificate onto `card`; the CA makes the key.
    pub(super) fn issue_auth(&self, card: &mut Card, request: UserRequest) -> Result<IssuedToUser> {
        let issued = self.auth.user_certificates().issue(&act(&self.clock), request)?;
        let wrapped = issued.wrapped_key.as_ref().expect("the CA made the key");
        card.load_private_key(CardSlot::Authentication, KeyAlgorithm::Rsa2048, wrapped)
            .expect("the key fits the card");
        Ok(issued)
    }

    /// An authentication certificate in force.
    pub(super) fn good_auth(&self, number: u32) -> SerialNumber {
        let mut card = card(number);
        let request = auth_request(number, ApplicationKind::IssueWithCard, &card);
        let issued = self.issue_auth(&mut card, request).expect("an authentication certificate");
        let act = act(&self.clock);
        let proof = possession(&self.auth, &act, &issued.serial, &card);
        self.auth.life().deliver(&act, &issued.serial, &proof).expect("delivery");
        issued.serial
    }

    /// A signature certificate in force.
    pub(super) fn good_sign(&self, number: u32) -> SerialNumber {
        let mut card = card(number);
        let act = act(&self.clock);
        let kind = ApplicationKind::IssueOnCard;
        let request = sign_request(&self.sign, &act, number, kind, &mut card);
        let issued =
            self.sign.user_certificates().issue(&act, request).expect("a signature certificate");
        let proof = possession(&self.sign, &act, &issued.serial, &card);
        self.sign.life().deliver(&act, &issued.serial, &proof).expect("delivery");
        issued.serial
    }
}

/// Brings the one card master key of this process into a key store, which then fits [`card`].
pub(super) fn bring_card_master(keys: &dyn KeyStore) {
    let (_, backup) = card_master();
    keys.restore_card_master(backup, &BackupKey::new(&BACKUP_KEY)).expect("it is new here");
}

/// A blank card for a resident.
pub(super) fn card(number: u32) -> Card {
    let mut octets = [0; 10];
    octets[6..].copy_from_slice(&number.to_be_bytes());
    let number = CardNumber(octets);
    Card::make(number, keys_of(&number))
}

fn keys_of(number: &CardNumber) -> CardKeys {
    let (keyring, ..) = card_master();
    keyring.card_keys(number).expect("keys of the card")
}

const BACKUP_KEY: [u8; 32] = [3; 32];

/// The card master key of this process, with its backup.
fn card_master() -> &'static (CardKeyring, CardMasterBackup) {
    static MASTER: OnceLock<(CardKeyring, CardMasterBackup)> = OnceLock::new();
    MASTER.get_or_init(|| {
        let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeyStore::new());
        let store = Scratch::new().store.clone();
        let keyring = CardKeyring::new(store, keys.clone()).expect("a keyring");
        let backup = keys.generate_card_master(keyring.label(), &BackupKey::new(&BACKUP_KEY));
        (keyring, backup.expect("a card master key"))
    })
}

/// The card's word that it holds the key of an issued certificate.
pub(super) fn possession(
    authority: &CertificationAuthority,
    act: &Act,
    serial: &SerialNumber,
    card: &Card,
) -> Possession {
    let row = authority.certificate(serial).expect("it was issued");
    proof(authority, act, &row.intent.application.expect("a resident's"), card)
}

/// The card's word over the nonce that the CA draws for an application.
fn proof(
    authority: &CertificationAuthority,
    act: &Act,
    application: &ApplicationId,
    card: &Card,
) -> Possession {
    let slot = match authority.policy().certifies_signatures() {
        true => CardSlot::Signature,
        false => CardSlot::Authentication,
    };
    let nonce = authority.possession().nonce(act, application).expect("a nonce");
    let signature = card.prove_possession(slot, &nonce).expect("the card has a key");
    Possession { card: card.id().clone(), nonce, signature }
}

/// Resident `number` of Kawaguchi asks for an authentication certificate.
pub(super) fn auth_request(number: u32, kind: ApplicationKind, card: &Card) -> UserRequest {
    let key = KeySource::Authority { card: card.id().clone() };
    UserRequest { card_expiry: Some(date(2036, 11, 22)), ..request(number, kind, key) }
}

/// Resident `number` of Kawaguchi asks for a signature certificate for a key made on `card`.
pub(super) fn sign_request(
    authority: &CertificationAuthority,
    act: &Act,
    number: u32,
    kind: ApplicationKind,
    card: &mut Card,
) -> UserRequest {
    let keys = keys_of(&CardNumber::of(card.id()).expect("a card with a number"));
    // Wrapped as the CA would, so that it goes in without a channel.
    let made = generate(KeyAlgorithm::Rsa1024, &DataEncryptionKey::new(keys.transport.as_bytes()));
    let LoadedKey::Generated { algorithm, wrapped } = made.expect("a key") else {
        panic!("the generator generates")
    };
    card.load_private_key(CardSlot::Signature, algorithm, &wrapped).expect("it fits");
    sign_request_again(authority, act, number, kind, card)
}

/// The same for the key that is on the card already.
pub(super) fn sign_request_again(
    authority: &CertificationAuthority,
    act: &Act,
    number: u32,
    kind: ApplicationKind,
    card: &Card,
) -> UserRequest {
    let spki = card.loading_public_key(CardSlot::Signature).expect("a card that works");
    let spki = spki.expect("a key").to_vec();
    let attributes = CertifiedAttributes {
        name: "髙橋\u{3000}花子".replace('髙', "高"),
        name_flags: "10000".to_owned(),
        date_of_birth: "319800102".to_owned(),
        gender: '2',
        address: "埼玉県川口市青木二丁目１番１号".to_owned(),
        address_flags: "000000000000000".to_owned(),
    };
    let unproven = Possession { card: card.id().clone(), nonce: [0; 32], signature: Vec::new() };
    let key = KeySource::OnCard { spki: spki.clone(), possession: unproven };
    let request = UserRequest { attributes: Some(attributes), ..request(number, kind, key) };
    let possession = proof(authority, act, &request.application, card);
    UserRequest { key: KeySource::OnCard { spki, possession }, ..request }
}

fn request(number: u32, kind: ApplicationKind, key: KeySource) -> UserRequest {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let application = format!("application-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    UserRequest {
        application: application.parse().expect("an application id"),
        kind,
        holder: format!("{number:011}").parse().expect("a resident code"),
        municipality: KAWAGUCHI.parse().expect("a municipality code"),
        window: 1,
        birth_date: date(1980, 1, 2),
        card_expiry: None,
        attributes: None,
        key,
    }
}
