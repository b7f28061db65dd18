//! What is loaded into a slot, and the data groups it is sent in.

use std::fmt;

use domain::algorithm::KeyAlgorithm;
use zeroize::Zeroizing;

use super::{OperationTag, TerminalError};
use crate::protocol::data_group::{self, DataGroup, GroupKind};
use crate::protocol::slot::{CardSlot, Certificates};

/// What is loaded into a slot: key and certificates together, or one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// The slot.
    pub slot: CardSlot,
    /// The operation whose loading this is; a repetition finds it on the card.
    pub operation: OperationTag,
    /// The private key, if it is to be loaded now.
    pub key: Option<LoadedKey>,
    /// The certificates, if they are to be loaded now.
    pub certificates: Option<Certificates>,
}

/// A private key wrapped to the card.
#[derive(Clone, PartialEq, Eq)]
pub enum LoadedKey {
    /// By the CA, under the card's transport key (A 6.2.6).
    Transported {
        /// The algorithm of the key.
        algorithm: KeyAlgorithm,
        /// PKCS#8 by RFC 5649; wiped when it is dropped (A 6.2.7.2, S 6-2-2-4).
        wrapped: Zeroizing<Vec<u8>>,
    },
    /// By the window's generator, under the card's data encryption key (S 6-1-2).
    Generated {
        /// The algorithm of the key.
        algorithm: KeyAlgorithm,
        /// PKCS#8 by RFC 5649; wiped when it is dropped (A 6.2.7.2, S 6-2-2-4).
        wrapped: Zeroizing<Vec<u8>>,
    },
}

impl Load {
    /// The groups of this loading, in the order in which the card takes them.
    pub(super) fn groups(&self) -> Result<Vec<DataGroup>, TerminalError> {
        let group = |kind, value: &[u8]| DataGroup::new(self.slot, kind, value);
        let mut groups = vec![group(GroupKind::Operation, &self.operation.0)];
        if let Some(key) = &self.key {
            let (kind, algorithm, wrapped) = key.parts();
            let value = data_group::wrapped_key(algorithm, wrapped)
                .map(Zeroizing::new)
                .ok_or(TerminalError::Unsendable("no slot takes a key of this algorithm"))?;
            groups.push(group(kind, &value));
        }
        if let Some(certificates) = &self.certificates {
            groups.push(group(GroupKind::HolderCertificate, &certificates.holder));
            groups.push(group(GroupKind::CaCertificate, &certificates.ca));
        }
        let fits = groups.iter().all(|group| group.value.len() <= usize::from(u16::MAX));
        fits.then_some(groups).ok_or(TerminalError::Unsendable("a data group is too long"))
    }
}

impl LoadedKey {
    fn parts(&self) -> (GroupKind, KeyAlgorithm, &[u8]) {
        match self {
            Self::Transported { algorithm, wrapped } => {
                (GroupKind::TransportedKey, *algorithm, wrapped)
            }
            Self::Generated { algorithm, wrapped } => {
                (GroupKind::GeneratedKey, *algorithm, wrapped)
            }
        }
    }
}

impl fmt::Debug for LoadedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, algorithm, wrapped) = self.parts();
        write!(f, "LoadedKey({kind:?}, {algorithm}, {} octets)", wrapped.len())
    }
}
