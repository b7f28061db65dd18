//! The stored shape of a card, in DER, and the way to it and back.

use der::asn1::{OctetStringRef, Utf8StringRef};
use der::{Decode, Encode, Sequence};
use domain::algorithm::KeyAlgorithm;
use zeroize::Zeroizing;

use crate::card::{Card, Chip};
use crate::error::CardError;
use crate::secret::{GuardedSecret, HolderSecret};
use crate::slot::{CardKey, CardSlot, Certificates, Delivered, Loading, Slot};
use crate::transport::TransportKey;

/// The only version of the shape so far.
const VERSION: u8 = 1;

#[derive(Sequence)]
struct StoredCard<'a> {
    version: u8,
    id: Utf8StringRef<'a>,
    expires_on: Utf8StringRef<'a>,
    /// Absent in a destroyed card.
    #[asn1(context_specific = "0", optional = "true")]
    chip: Option<StoredChip<'a>>,
}

#[derive(Sequence)]
struct StoredChip<'a> {
    transport_key: &'a OctetStringRef,
    authentication: StoredSlot<'a>,
    signature: StoredSlot<'a>,
}

#[derive(Sequence)]
struct StoredSlot<'a> {
    #[asn1(context_specific = "0", optional = "true")]
    delivered: Option<StoredDelivered<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    loading: Option<StoredLoading<'a>>,
}

#[derive(Sequence)]
struct StoredDelivered<'a> {
    key: StoredKey<'a>,
    certificates: StoredCertificates<'a>,
    secret: Utf8StringRef<'a>,
    tries_left: u8,
}

#[derive(Sequence)]
struct StoredLoading<'a> {
    key: StoredKey<'a>,
    #[asn1(context_specific = "0", optional = "true")]
    certificates: Option<StoredCertificates<'a>>,
}

#[derive(Sequence)]
struct StoredKey<'a> {
    algorithm: Utf8StringRef<'a>,
    spki_der: &'a OctetStringRef,
    wrapped: &'a OctetStringRef,
}

#[derive(Sequence)]
struct StoredCertificates<'a> {
    holder: &'a OctetStringRef,
    ca: &'a OctetStringRef,
}

/// The stored form; its secrets are in clear and wiped when it is dropped.
pub(crate) fn encode(card: &Card) -> Result<Zeroizing<Vec<u8>>, CardError> {
    encode_der(card).map_err(|_| CardError::Provider("encoding a card"))
}

/// The card in a stored form.
pub(crate) fn decode(bytes: &[u8]) -> Result<Card, CardError> {
    let stored = StoredCard::from_der(bytes).map_err(|_| malformed("not DER of a card"))?;
    if stored.version != VERSION {
        return Err(malformed("its version is not known"));
    }
    Ok(Card {
        id: stored.id.as_str().parse().map_err(|_| malformed("the card id"))?,
        expires_on: stored.expires_on.as_str().parse().map_err(|_| malformed("the expiry date"))?,
        chip: stored.chip.map(restore_chip).transpose()?,
    })
}

fn encode_der(card: &Card) -> der::Result<Zeroizing<Vec<u8>>> {
    let expires_on = card.expires_on.to_string();
    let stored = StoredCard {
        version: VERSION,
        id: Utf8StringRef::new(card.id.as_str())?,
        expires_on: Utf8StringRef::new(&expires_on)?,
        chip: card.chip.as_ref().map(store_chip).transpose()?,
    };
    // Sized beforehand, with room for the tag: a vector that grew would leave a clear copy behind.
    let length = usize::try_from(stored.encoded_len()?)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 16));
    stored.encode_to_vec(&mut bytes)?;
    Ok(bytes)
}

fn store_chip(chip: &Chip) -> der::Result<StoredChip<'_>> {
    Ok(StoredChip {
        transport_key: OctetStringRef::new(chip.transport_key.as_bytes())?,
        authentication: store_slot(&chip.authentication)?,
        signature: store_slot(&chip.signature)?,
    })
}

fn store_slot(slot: &Slot) -> der::Result<StoredSlot<'_>> {
    Ok(StoredSlot {
        delivered: slot.delivered.as_ref().map(store_delivered).transpose()?,
        loading: slot.loading.as_ref().map(store_loading).transpose()?,
    })
}

fn store_delivered(delivered: &Delivered) -> der::Result<StoredDelivered<'_>> {
    Ok(StoredDelivered {
        key: store_key(&delivered.key)?,
        certificates: store_certificates(&delivered.certificates)?,
        secret: Utf8StringRef::new(delivered.secret.text())?,
        tries_left: delivered.secret.tries_left(),
    })
}

fn store_loading(loading: &Loading) -> der::Result<StoredLoading<'_>> {
    Ok(StoredLoading {
        key: store_key(&loading.key)?,
        certificates: loading.certificates.as_ref().map(store_certificates).transpose()?,
    })
}

fn store_key(key: &CardKey) -> der::Result<StoredKey<'_>> {
    Ok(StoredKey {
        algorithm: Utf8StringRef::new(key.algorithm.name())?,
        spki_der: OctetStringRef::new(&key.spki_der)?,
        wrapped: OctetStringRef::new(&key.wrapped)?,
    })
}

fn store_certificates(certificates: &Certificates) -> der::Result<StoredCertificates<'_>> {
    Ok(StoredCertificates {
        holder: OctetStringRef::new(&certificates.holder)?,
        ca: OctetStringRef::new(&certificates.ca)?,
    })
}

fn restore_chip(stored: StoredChip<'_>) -> Result<Chip, CardError> {
    let transport_key = stored.transport_key.as_bytes().try_into();
    let transport_key = transport_key.map_err(|_| malformed("the transport key"))?;
    Ok(Chip {
        transport_key: TransportKey::new(transport_key),
        authentication: restore_slot(CardSlot::Authentication, stored.authentication)?,
        signature: restore_slot(CardSlot::Signature, stored.signature)?,
    })
}

fn restore_slot(slot: CardSlot, stored: StoredSlot<'_>) -> Result<Slot, CardError> {
    let delivered = stored.delivered.map(|d| restore_delivered(slot, d)).transpose()?;
    Ok(Slot { delivered, loading: stored.loading.map(restore_loading).transpose()? })
}

fn restore_delivered(slot: CardSlot, stored: StoredDelivered<'_>) -> Result<Delivered, CardError> {
    let secret = HolderSecret::parse(slot, stored.secret.as_str())
        .ok()
        .and_then(|secret| GuardedSecret::restore(secret, stored.tries_left))
        .ok_or(malformed("the holder's secret"))?;
    let certificates = restore_certificates(stored.certificates);
    Ok(Delivered { key: restore_key(stored.key)?, certificates, secret })
}

fn restore_loading(stored: StoredLoading<'_>) -> Result<Loading, CardError> {
    let certificates = stored.certificates.map(restore_certificates);
    Ok(Loading { key: restore_key(stored.key)?, certificates })
}

fn restore_key(stored: StoredKey<'_>) -> Result<CardKey, CardError> {
    let algorithm = KeyAlgorithm::from_name(stored.algorithm.as_str());
    Ok(CardKey {
        algorithm: algorithm.ok_or(malformed("the algorithm of a key"))?,
        spki_der: stored.spki_der.as_bytes().to_vec(),
        wrapped: stored.wrapped.as_bytes().to_vec(),
    })
}

fn restore_certificates(stored: StoredCertificates<'_>) -> Certificates {
    let [holder, ca] = [stored.holder, stored.ca].map(|der| der.as_bytes().to_vec());
    Certificates { holder, ca }
}

fn malformed(what: &'static str) -> CardError {
    CardError::Malformed(what)
}
