//! The stored shape of a card, in DER, and the way to it and back.

use der::asn1::{OctetStringRef, Utf8StringRef};
use der::{Decode, Encode, Sequence};
use domain::algorithm::KeyAlgorithm;
use zeroize::Zeroizing;

use crate::emulator::card::Card;
use crate::emulator::chip::Chip;
use crate::emulator::guarded_secret::GuardedSecret;
use crate::emulator::slot::{CardKey, Delivered, Loading, Slot};
use crate::error::CardError;
use crate::protocol::card_keys::CardKeys;
use crate::protocol::jpki::OperationTag;
use crate::protocol::secret::HolderSecret;
use crate::protocol::slot::{CardSlot, Certificates, SignatureKeys};
use crate::protocol::transport::TransportKey;

/// The version of the shape; no card of an older one was ever given out.
const VERSION: u8 = 2;

#[derive(Sequence)]
struct StoredCard<'a> {
    version: u8,
    id: Utf8StringRef<'a>,
    /// Absent in a destroyed card.
    #[asn1(context_specific = "0", optional = "true")]
    chip: Option<StoredChip<'a>>,
}

#[derive(Sequence)]
struct StoredChip<'a> {
    encryption_key: &'a OctetStringRef,
    mac_key: &'a OctetStringRef,
    data_encryption_key: &'a OctetStringRef,
    transport_key: &'a OctetStringRef,
    sequence: &'a OctetStringRef,
    signature_keys: u8,
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
    operation: &'a OctetStringRef,
    key: StoredKey<'a>,
    certificates: StoredCertificates<'a>,
    secret: Utf8StringRef<'a>,
    tries_left: u8,
}

#[derive(Sequence)]
struct StoredLoading<'a> {
    operation: &'a OctetStringRef,
    key: StoredKey<'a>,
    #[asn1(context_specific = "0", optional = "true")]
    certificates: Option<StoredCertificates<'a>>,
    #[asn1(context_specific = "1", optional = "true")]
    staged: Option<Utf8StringRef<'a>>,
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
        chip: stored.chip.map(restore_chip).transpose()?,
    })
}

fn encode_der(card: &Card) -> der::Result<Zeroizing<Vec<u8>>> {
    let stored = StoredCard {
        version: VERSION,
        id: Utf8StringRef::new(card.id.as_str())?,
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
        encryption_key: OctetStringRef::new(chip.keys.encryption.as_slice())?,
        mac_key: OctetStringRef::new(chip.keys.mac.as_slice())?,
        data_encryption_key: OctetStringRef::new(chip.keys.data_encryption.as_slice())?,
        transport_key: OctetStringRef::new(chip.keys.transport.as_bytes())?,
        sequence: OctetStringRef::new(&chip.sequence)?,
        signature_keys: chip.signature_keys.octet(),
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
        operation: OctetStringRef::new(&delivered.operation.0)?,
        key: store_key(&delivered.key)?,
        certificates: store_certificates(&delivered.certificates)?,
        secret: Utf8StringRef::new(delivered.secret.text())?,
        tries_left: delivered.secret.tries_left(),
    })
}

fn store_loading(loading: &Loading) -> der::Result<StoredLoading<'_>> {
    let staged = loading.staged.as_ref().map(|secret| Utf8StringRef::new(secret.text()));
    Ok(StoredLoading {
        operation: OctetStringRef::new(&loading.operation.0)?,
        key: store_key(&loading.key)?,
        certificates: loading.certificates.as_ref().map(store_certificates).transpose()?,
        staged: staged.transpose()?,
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
    let secret_key = |bytes| octets::<32>(bytes, "a key of the card").map(Zeroizing::new);
    Ok(Chip {
        keys: CardKeys {
            encryption: secret_key(stored.encryption_key)?,
            mac: secret_key(stored.mac_key)?,
            data_encryption: secret_key(stored.data_encryption_key)?,
            transport: TransportKey::new(&*secret_key(stored.transport_key)?),
        },
        sequence: octets(stored.sequence, "the sequence counter")?,
        signature_keys: SignatureKeys::of(stored.signature_keys)
            .ok_or(malformed("the choice of signature keys"))?,
        authentication: restore_slot(CardSlot::Authentication, stored.authentication)?,
        signature: restore_slot(CardSlot::Signature, stored.signature)?,
    })
}

fn restore_slot(slot: CardSlot, stored: StoredSlot<'_>) -> Result<Slot, CardError> {
    let delivered = stored.delivered.map(|d| restore_delivered(slot, d)).transpose()?;
    let loading = stored.loading.map(|l| restore_loading(slot, l)).transpose()?;
    Ok(Slot { delivered, loading })
}

fn restore_delivered(slot: CardSlot, stored: StoredDelivered<'_>) -> Result<Delivered, CardError> {
    let secret = GuardedSecret::restore(restore_secret(slot, stored.secret)?, stored.tries_left);
    let secret = secret.ok_or(malformed("the tries of a secret"))?;
    let operation = OperationTag(octets(stored.operation, "an operation tag")?);
    let certificates = restore_certificates(stored.certificates);
    Ok(Delivered { operation, key: restore_key(stored.key)?, certificates, secret })
}

fn restore_loading(slot: CardSlot, stored: StoredLoading<'_>) -> Result<Loading, CardError> {
    let operation = OperationTag(octets(stored.operation, "an operation tag")?);
    let certificates = stored.certificates.map(restore_certificates);
    let staged = stored.staged.map(|text| restore_secret(slot, text)).transpose()?;
    Ok(Loading { operation, key: restore_key(stored.key)?, certificates, staged })
}

fn restore_secret(slot: CardSlot, text: Utf8StringRef<'_>) -> Result<HolderSecret, CardError> {
    HolderSecret::parse(slot, text.as_str()).map_err(|_| malformed("the holder's secret"))
}

fn octets<const N: usize>(
    stored: &OctetStringRef,
    what: &'static str,
) -> Result<[u8; N], CardError> {
    stored.as_bytes().try_into().map_err(|_| malformed(what))
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
