//! What is put onto a card: two keys, four certificates, two secrets.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use domain::algorithm::KeyAlgorithm;
use jitsuin_card::terminal::{Load, LoadedKey, OperationTag};
use jitsuin_card::{CardSlot, Certificates, HolderSecrets};

pub(crate) const OPERATION: OperationTag = OperationTag([1; 16]);
/// The proofs of both keys, at the issue and again at the delivery, by RSA-2048.
pub(crate) const PROOF_OCTETS: usize = 4 * 256;

/// A certificate of these profiles: TBSCertificate, algorithm and a signature by RSA-2048.
const CERTIFICATE_OCTETS: usize = 1480;
const PIN: &str = "1234";
const PASSWORD: &str = "SECRET99";

/// Whoever the card is for.
pub(crate) struct Holder {
    /// By slot: wrapped under the transport key, and under the data encryption key.
    pub(crate) wrapped: [Vec<u8>; 2],
    certificates: [Certificates; 2],
}

impl Holder {
    pub(crate) fn new() -> Self {
        let keys = [super::reader::TRANSPORT, super::reader::DATA_ENCRYPTION];
        let made = keys.map(|wrapping_key| {
            let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
            let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
            let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
            (wrap(pkcs8.as_ref(), &wrapping_key), certificates(spki.as_ref()))
        });
        let [(first, of_first), (second, of_second)] = made;
        Self { wrapped: [first, second], certificates: [of_first, of_second] }
    }

    /// The user authentication key as it comes from the CA, the signature key as it comes from the
    /// window's generator.
    pub(crate) fn key(&self, slot: CardSlot) -> LoadedKey {
        let algorithm = KeyAlgorithm::Rsa2048;
        let wrapped = self.wrapped[index(slot)].clone().into();
        match slot {
            CardSlot::Authentication => LoadedKey::Transported { algorithm, wrapped },
            CardSlot::Signature => LoadedKey::Generated { algorithm, wrapped },
        }
    }

    pub(crate) fn certificates(&self, slot: CardSlot) -> Certificates {
        self.certificates[index(slot)].clone()
    }

    /// Key and certificates of a slot together.
    pub(crate) fn load(&self, slot: CardSlot) -> Load {
        let (key, certificates) = (Some(self.key(slot)), Some(self.certificates(slot)));
        Load { slot, operation: OPERATION, key, certificates }
    }

    /// The octets of all that is loaded, without anything around it.
    pub(crate) fn loaded_octets(&self) -> usize {
        let keys: usize = self.wrapped.iter().map(Vec::len).sum();
        keys + 4 * CERTIFICATE_OCTETS + PIN.len() + PASSWORD.len()
    }
}

/// The secrets that the holder sets for these slots.
pub(crate) fn secrets(slots: &[CardSlot]) -> HolderSecrets {
    let sets = |slot| slots.contains(&slot);
    HolderSecrets {
        authentication: sets(CardSlot::Authentication).then(|| PIN.parse().unwrap()),
        signature: sets(CardSlot::Signature).then(|| PASSWORD.parse().unwrap()),
    }
}

fn index(slot: CardSlot) -> usize {
    match slot {
        CardSlot::Authentication => 0,
        CardSlot::Signature => 1,
    }
}

fn wrap(pkcs8: &[u8], wrapping_key: &[u8; 32]) -> Vec<u8> {
    let mut output = vec![0; pkcs8.len() + 15];
    let wrapping_key = AesKek::new(&AES_256, wrapping_key).unwrap();
    wrapping_key.wrap_with_padding(pkcs8, &mut output).unwrap().to_vec()
}

/// The outer form of certificates, and in the holder's the public key: all that the card looks at.
fn certificates(spki: &[u8]) -> Certificates {
    let certificate = |public_key: &[u8]| {
        let content = CERTIFICATE_OCTETS - 4;
        let length = u16::try_from(content).unwrap().to_be_bytes();
        let mut octets = [&[0x30, 0x82], length.as_slice(), public_key].concat();
        octets.resize(CERTIFICATE_OCTETS, 0x5a);
        octets
    };
    Certificates { holder: certificate(spki), ca: certificate(&[]) }
}
