//! Seals a scratch journal, as the program's sealer would within a second.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jiff::Timestamp;
use store::journal::{CheckpointSigner, SealableJournal, Sealer};

/// Signs with a key that everybody knows.
struct Signer(Ed25519KeyPair);

impl CheckpointSigner for Signer {
    fn name(&self) -> &str {
        "scratch.example/log"
    }

    fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("32 octets")
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], String> {
        Ok(self.0.sign(message).as_ref().try_into().expect("64 octets"))
    }
}

/// Seals every entry that is committed.
///
/// # Panics
/// When the journal cannot be sealed.
pub fn seal(journal: &dyn SealableJournal) {
    let signer = Signer(Ed25519KeyPair::from_seed_unchecked(&[4; 32]).expect("a key pair"));
    Sealer::new([]).seal(journal, &signer, Timestamp::UNIX_EPOCH).expect("sealed");
}
