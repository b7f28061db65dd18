//! The data groups of STORE DATA: what is loaded into a slot (GlobalPlatform 11.11.2.3).

use std::fmt;

use domain::algorithm::KeyAlgorithm;
use zeroize::Zeroizing;

use crate::protocol::jpki;
use crate::protocol::slot::CardSlot;

/// What a group holds (low octet of its id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupKind {
    /// 01: the operation tag, 16 octets; with the other groups of the slot in every loading.
    Operation,
    /// 02: a private key by [`wrapped_key`], wrapped under the transport key; for the authentication slot
    /// alone (A 6.2.6).
    TransportedKey,
    /// 03: a private key by [`wrapped_key`], wrapped under the data encryption key; for the signature
    /// slot alone (S 6-1-2).
    GeneratedKey,
    /// 04: the holder's certificate, DER.
    HolderCertificate,
    /// 05: the certificate of the CA, DER.
    CaCertificate,
    /// 06: the secret to be set at delivery, ASCII; empty, it takes back the one sent before.
    Secret,
}

const KINDS: [(GroupKind, u8); 6] = [
    (GroupKind::Operation, 0x01),
    (GroupKind::TransportedKey, 0x02),
    (GroupKind::GeneratedKey, 0x03),
    (GroupKind::HolderCertificate, 0x04),
    (GroupKind::CaCertificate, 0x05),
    (GroupKind::Secret, 0x06),
];

/// One data group; its value is wiped when it is dropped and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DataGroup {
    /// The slot it is for.
    pub slot: CardSlot,
    /// What it holds.
    pub kind: GroupKind,
    /// Its value, at most 65535 octets.
    pub value: Zeroizing<Vec<u8>>,
}

/// Why bytes are not data groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not data groups: an id is not known or a length does not fit")]
pub struct MalformedGroups;

impl DataGroup {
    /// A data group.
    pub fn new(slot: CardSlot, kind: GroupKind, value: &[u8]) -> Self {
        Self { slot, kind, value: Zeroizing::new(value.to_vec()) }
    }

    /// The groups one after the other, to be cut into blocks anywhere.
    pub fn encode(groups: &[Self]) -> Zeroizing<Vec<u8>> {
        let length = groups.iter().map(|group| group.value.len() + 5).sum();
        // Sized beforehand: a vector that grew would leave a copy of a secret behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        for group in groups {
            bytes.extend_from_slice(&group.id());
            let [.., high, low] = group.value.len().to_be_bytes();
            match group.value.len() {
                0..=0xFE => bytes.push(low),
                _ => bytes.extend_from_slice(&[0xFF, high, low]),
            }
            bytes.extend_from_slice(&group.value);
        }
        bytes
    }

    /// Reads groups.
    ///
    /// # Errors
    /// [`MalformedGroups`].
    pub fn parse(mut bytes: &[u8]) -> Result<Vec<Self>, MalformedGroups> {
        let mut groups = Vec::new();
        while let [slot, kind, rest @ ..] = bytes {
            let slot = jpki::slot(*slot).ok_or(MalformedGroups)?;
            let kind = KINDS.iter().find(|(_, octet)| octet == kind).ok_or(MalformedGroups)?.0;
            let (length, rest) = match rest {
                [0xFF, high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]), rest),
                [length, rest @ ..] if *length != 0xFF => (u16::from(*length), rest),
                _ => return Err(MalformedGroups),
            };
            let value = rest.split_at_checked(usize::from(length)).ok_or(MalformedGroups)?;
            groups.push(Self::new(slot, kind, value.0));
            bytes = value.1;
        }
        bytes.is_empty().then_some(groups).ok_or(MalformedGroups)
    }

    fn id(&self) -> [u8; 2] {
        let octet =
            KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or(0, |(_, octet)| *octet);
        [jpki::octet(self.slot), octet]
    }
}

impl fmt::Debug for DataGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataGroup({}, {:?}, {} octets)", self.slot, self.kind, self.value.len())
    }
}

/// The algorithms of keys that are loaded, by their octet.
const ALGORITHMS: [(KeyAlgorithm, u8); 2] =
    [(KeyAlgorithm::Rsa1024, 0x01), (KeyAlgorithm::Rsa2048, 0x02)];

/// The value of a key group: one octet of algorithm (01 RSA-1024, 02 RSA-2048), then PKCS#8 wrapped
/// by RFC 5649; `None` for an algorithm that no slot takes.
pub fn wrapped_key(algorithm: KeyAlgorithm, wrapped: &[u8]) -> Option<Vec<u8>> {
    let (_, octet) = ALGORITHMS.iter().find(|(known, _)| *known == algorithm)?;
    Some([&[*octet], wrapped].concat())
}

/// The algorithm and the wrapped key in the value of a key group.
pub fn split_wrapped_key(value: &[u8]) -> Option<(KeyAlgorithm, &[u8])> {
    let (octet, wrapped) = value.split_first()?;
    let (algorithm, _) = ALGORITHMS.iter().find(|(_, known)| known == octet)?;
    Some((*algorithm, wrapped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c1_groups_are_read_back_in_their_order() {
        let slot = CardSlot::Signature;
        let groups = [
            DataGroup::new(slot, GroupKind::Operation, &[1; 16]),
            DataGroup::new(slot, GroupKind::GeneratedKey, &[2; 254]),
            DataGroup::new(CardSlot::Authentication, GroupKind::HolderCertificate, &[3; 255]),
            DataGroup::new(slot, GroupKind::CaCertificate, &[4; 1500]),
            DataGroup::new(slot, GroupKind::Secret, b""),
        ];
        let bytes = DataGroup::encode(&groups);
        assert_eq!(DataGroup::parse(&bytes).as_deref(), Ok(groups.as_slice()));
        assert_eq!(DataGroup::parse(&[]), Ok(Vec::new()));
        assert!(DataGroup::parse(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn c1_groups_with_unknown_ids_or_wrong_lengths_are_refused() {
        let cases: [&[u8]; 7] = [
            &[3, 1, 0],
            &[1, 7, 0],
            &[1],
            &[1, 1],
            &[1, 1, 2, 0],
            &[1, 1, 0xFF, 0],
            &[1, 1, 0xFF, 0, 1],
        ];
        for bytes in cases {
            assert_eq!(DataGroup::parse(bytes), Err(MalformedGroups), "{bytes:?}");
        }
    }

    #[test]
    fn c1_a_group_does_not_print_its_value() {
        let group = DataGroup::new(CardSlot::Signature, GroupKind::Secret, b"SECRET99");
        assert_eq!(format!("{group:?}"), "DataGroup(signature, Secret, 8 octets)");
        assert_eq!(wrapped_key(KeyAlgorithm::EcP384, &[1]), None);
        let value = wrapped_key(KeyAlgorithm::Rsa2048, &[1, 2]).expect("a key");
        assert_eq!(split_wrapped_key(&value), Some((KeyAlgorithm::Rsa2048, &[1, 2][..])));
    }
}
