//! Both shipped CAs over one scratch database, and residents who ask for certificates.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ca::{
    CertificationAuthority, CertifiedAttributes, IssuedToUser, KeySource, Possession, Result,
    UserRequest,
};
use card::key_pair_generator::generate_onto_card;
use card::{Card, CardSlot};
use domain::algorithm::KeyAlgorithm;
use domain::application::ApplicationKind;
use domain::id::SerialNumber;
use jiff::civil::date;
use keys::{KeyStore, MemoryKeyStore, TransportKey};
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
        let issued = self.auth.issue_to_user(&act(&self.clock), request)?;
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
        let proof = possession(&card, CardSlot::Authentication);
        self.auth.deliver(&act(&self.clock), &issued.serial, &proof).expect("delivery");
        issued.serial
    }

    /// A signature certificate in force.
    pub(super) fn good_sign(&self, number: u32) -> SerialNumber {
        let mut card = card(number);
        let request = sign_request(number, ApplicationKind::IssueOnCard, &mut card);
        let issued =
            self.sign.issue_to_user(&act(&self.clock), request).expect("a signature certificate");
        let proof = possession(&card, CardSlot::Signature);
        self.sign.deliver(&act(&self.clock), &issued.serial, &proof).expect("delivery");
        issued.serial
    }
}

/// A blank card for a resident.
pub(super) fn card(number: u32) -> Card {
    let id = format!("CARD{number:08}").parse().expect("a card id");
    Card::manufacture(id, date(2036, 11, 22), card::TransportKey::new(&[number as u8; 32]))
}

/// The card's proof that it holds the key of a slot.
pub(super) fn possession(card: &Card, slot: CardSlot) -> Possession {
    let nonce = [9; 32];
    Possession {
        statement: card::possession_statement(card.id(), slot, &nonce),
        signature: card.prove_possession(slot, &nonce).expect("the card has a key"),
    }
}

/// Resident `number` of Kawaguchi asks for an authentication certificate.
pub(super) fn auth_request(number: u32, kind: ApplicationKind, card: &Card) -> UserRequest {
    let transport = card.transport_key_for_bureau().expect("a card that works");
    let key = KeySource::Authority { transport: TransportKey::new(transport.as_bytes()) };
    UserRequest { card_expiry: Some(card.expires_on()), ..request(number, kind, key) }
}

/// Resident `number` of Kawaguchi asks for a signature certificate for a key made on `card`.
pub(super) fn sign_request(number: u32, kind: ApplicationKind, card: &mut Card) -> UserRequest {
    let made = generate_onto_card(card, KeyAlgorithm::Rsa1024, &[3; 32]).expect("a key");
    let statement = card::possession_statement(card.id(), CardSlot::Signature, &[3; 32]);
    let possession = Possession { statement, signature: made.proof };
    let attributes = CertifiedAttributes {
        name: "髙橋\u{3000}花子".replace('髙', "高"),
        name_flags: "10000".to_owned(),
        date_of_birth: "319800102".to_owned(),
        gender: '2',
        address: "埼玉県川口市青木二丁目１番１号".to_owned(),
        address_flags: "000000000000000".to_owned(),
    };
    UserRequest {
        attributes: Some(attributes),
        ..request(number, kind, KeySource::Holder { spki: made.spki_der, possession })
    }
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
