//! What a card says of itself in the channel: what is in its slots (GET DATA).
//!
//! One octet of version and one of the signature keys that it takes (01 any, 02 RSA-2048 alone),
//! then for either slot one octet of flags and what the flags announce:
//! of the delivered key its tag, hash and tries, of the loading one its tag and hash.

use crate::protocol::jpki::OperationTag;
use crate::protocol::life::LifeState;
use crate::protocol::slot::{CardSlot, SignatureKeys};

/// The only version of the form so far.
const VERSION: u8 = 1;

const DELIVERED: u8 = 0x01;
const LOADING: u8 = 0x02;
const HAS_CERTIFICATES: u8 = 0x04;
const HAS_SECRET: u8 = 0x08;

/// What is on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardReport {
    /// Which keys it takes into its signature slot.
    pub signature_keys: SignatureKeys,
    /// The authentication slot.
    pub authentication: SlotReport,
    /// The signature slot.
    pub signature: SlotReport,
}

/// What is in one slot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlotReport {
    /// The key that its holder can use.
    pub delivered: Option<DeliveredReport>,
    /// The key on its way.
    pub loading: Option<LoadingReport>,
}

/// A key that its holder can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredReport {
    /// The operation that loaded it.
    pub operation: OperationTag,
    /// The SHA-256 of its public key (SPKI DER).
    pub key_hash: [u8; 32],
    /// How many tries its secret has left; 0 is blocked.
    pub tries_left: u8,
}

/// A key on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadingReport {
    /// The operation that loads it.
    pub operation: OperationTag,
    /// The SHA-256 of its public key (SPKI DER).
    pub key_hash: [u8; 32],
    /// Whether its certificates are there.
    pub has_certificates: bool,
    /// Whether the secret to be set at delivery is there.
    pub has_secret: bool,
}

/// Why bytes are not a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the card's report is not of version {VERSION}")]
pub struct MalformedReport;

impl CardReport {
    /// One slot.
    pub fn slot(&self, slot: CardSlot) -> &SlotReport {
        match slot {
            CardSlot::Authentication => &self.authentication,
            CardSlot::Signature => &self.signature,
        }
    }

    /// Where the card is in its life; a destroyed card makes no report.
    pub fn life(&self) -> LifeState {
        LifeState::of_slots(CardSlot::ALL.map(|slot| {
            let slot = self.slot(slot);
            (slot.delivered.is_some(), slot.loading.is_some())
        }))
    }

    /// The report as the card sends it, at most 198 octets.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION, self.signature_keys.octet()];
        self.authentication.encode_to(&mut bytes);
        self.signature.encode_to(&mut bytes);
        bytes
    }

    /// Reads a report.
    ///
    /// # Errors
    /// [`MalformedReport`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedReport> {
        let rest = &mut &*bytes;
        if take_octet(rest)? != VERSION {
            return Err(MalformedReport);
        }
        let signature_keys = SignatureKeys::of(take_octet(rest)?).ok_or(MalformedReport)?;
        let [authentication, signature] = [SlotReport::take(rest)?, SlotReport::take(rest)?];
        let complete = Self { signature_keys, authentication, signature };
        rest.is_empty().then_some(complete).ok_or(MalformedReport)
    }
}

impl SlotReport {
    fn encode_to(&self, bytes: &mut Vec<u8>) {
        let mut flags = 0;
        if self.delivered.is_some() {
            flags |= DELIVERED;
        }
        if let Some(loading) = &self.loading {
            flags |= LOADING;
            flags |= if loading.has_certificates { HAS_CERTIFICATES } else { 0 };
            flags |= if loading.has_secret { HAS_SECRET } else { 0 };
        }
        bytes.push(flags);
        if let Some(delivered) = &self.delivered {
            bytes.extend_from_slice(&delivered.operation.0);
            bytes.extend_from_slice(&delivered.key_hash);
            bytes.push(delivered.tries_left);
        }
        if let Some(loading) = &self.loading {
            bytes.extend_from_slice(&loading.operation.0);
            bytes.extend_from_slice(&loading.key_hash);
        }
    }

    fn take(rest: &mut &[u8]) -> Result<Self, MalformedReport> {
        let flags = take_octet(rest)?;
        let of_loading = HAS_CERTIFICATES | HAS_SECRET;
        let unknown = flags & !(DELIVERED | LOADING | of_loading) != 0;
        if unknown || (flags & LOADING == 0 && flags & of_loading != 0) {
            return Err(MalformedReport);
        }
        let mut report = Self::default();
        if flags & DELIVERED != 0 {
            report.delivered = Some(DeliveredReport {
                operation: OperationTag(take(rest)?),
                key_hash: take(rest)?,
                tries_left: take_octet(rest)?,
            });
        }
        if flags & LOADING != 0 {
            report.loading = Some(LoadingReport {
                operation: OperationTag(take(rest)?),
                key_hash: take(rest)?,
                has_certificates: flags & HAS_CERTIFICATES != 0,
                has_secret: flags & HAS_SECRET != 0,
            });
        }
        Ok(report)
    }
}

fn take_octet(rest: &mut &[u8]) -> Result<u8, MalformedReport> {
    take(rest).map(|[octet]| octet)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], MalformedReport> {
    let (taken, left) = rest.split_first_chunk().ok_or(MalformedReport)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c1_a_report_is_read_back_and_fits_a_short_answer_of_the_channel() {
        let empty = CardReport {
            signature_keys: SignatureKeys::Rsa2048,
            authentication: SlotReport::default(),
            signature: full(),
        };
        let signature_keys = SignatureKeys::Any;
        let full = CardReport { signature_keys, authentication: full(), signature: full() };
        for report in [&empty, &full] {
            assert_eq!(CardReport::parse(&report.encode()).as_ref(), Ok(report));
        }
        // Encryption pads to the next 16 octets, and the MAC takes 8 more.
        assert!(full.encode().len().next_multiple_of(16) + 8 <= 256);
    }

    #[test]
    fn c1_a_report_cut_short_lengthened_or_with_unknown_flags_is_refused() {
        let signature_keys = SignatureKeys::Any;
        let signature = SlotReport::default();
        let report = CardReport { signature_keys, authentication: full(), signature };
        let bytes = report.encode();
        for length in 0..bytes.len() {
            assert_eq!(CardReport::parse(&bytes[..length]), Err(MalformedReport));
        }
        assert_eq!(CardReport::parse(&[bytes, vec![0]].concat()), Err(MalformedReport));
        for bytes in
            [[VERSION, 1, 0x10, 0], [VERSION, 1, HAS_SECRET, 0], [VERSION, 3, 0, 0], [2, 1, 0, 0]]
        {
            assert_eq!(CardReport::parse(&bytes), Err(MalformedReport));
        }
    }

    fn full() -> SlotReport {
        let (operation, key_hash) = (OperationTag([1; 16]), [2; 32]);
        SlotReport {
            delivered: Some(DeliveredReport { operation, key_hash, tries_left: 3 }),
            loading: Some(LoadingReport {
                operation,
                key_hash,
                has_certificates: true,
                has_secret: false,
            }),
        }
    }
}
