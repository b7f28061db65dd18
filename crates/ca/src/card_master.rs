//! The CA as the master of all cards: it knows the keys of each, and opens sessions with them.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use card::scp03::{self, ChannelError, StaticKeys};
use card::terminal::{CardMaster, CardMasterError, Handshake, SessionGrant};
use card::{CardKeys, CardNumber, DataEncryptionKey, jpki};
use domain::act::Act;
use domain::journal::EventKind;
use keys::{
    BackupKey, CardKeyPurpose, CardMasterCheck, DerivedKey, KeyError, KeyLabel, KeyStore,
    TransportKey,
};
use store::{Entry, Store, Unit};

use crate::error::{Error, Result};

/// The label of the first card master key.
const LABEL: &str = "cards-1";

/// Makes the card master key in the store under a label, with its backup. Asked again after a cut,
/// it answers with the key that it made.
pub type MakeCardMaster<'a> =
    dyn Fn(&dyn KeyStore, &KeyLabel) -> std::result::Result<CardMasterCheck, KeyError> + 'a;

/// The keys of all cards, derived from the one card master key, which stays in the CAs' key store.
pub struct CardKeyring {
    label: KeyLabel,
    store: Arc<dyn Store>,
    keys: Arc<dyn KeyStore>,
}

impl CardKeyring {
    /// The keyring of an installation, whether its master key is awake, asleep or not made yet.
    ///
    /// # Errors
    /// None that depends on the installation.
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn KeyStore>) -> Result<Self> {
        let label = LABEL.parse().map_err(|refused| Error::refused("key label", refused))?;
        Ok(Self { label, store, keys })
    }

    /// The keyring, with its master key made if there is none; the making is in the journal.
    ///
    /// # Errors
    /// What keys and store say.
    pub fn set_up(
        act: &Act,
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
        make: &MakeCardMaster<'_>,
    ) -> Result<Self> {
        let keyring = Self::new(store, keys)?;
        let before = keyring.check()?;
        let check = make(&*keyring.keys, &keyring.label)?;
        let entry = Entry::new(EventKind::KeyGenerated, act)
            .subject(&keyring.label)
            .detail("algorithm", "aes-256")
            .detail("check_value", check);
        let entry = if before == Some(check) { entry.no_op() } else { entry };
        keyring.store.commit(Unit::new(entry))?;
        Ok(keyring)
    }

    /// The label of the master key.
    pub fn label(&self) -> &KeyLabel {
        &self.label
    }

    /// What tells the master key from every other; none before it is made.
    ///
    /// # Errors
    /// [`Error::Keys`], while the keys sleep as well.
    pub fn check(&self) -> Result<Option<CardMasterCheck>> {
        match self.keys.card_master_check(&self.label) {
            Ok(check) => Ok(Some(check)),
            Err(KeyError::UnknownLabel(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// All keys of a card, for its making alone.
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub fn card_keys(&self, number: &CardNumber) -> Result<CardKeys> {
        let key = |purpose| self.derive(number, purpose);
        let transport = key(CardKeyPurpose::Transport)?;
        Ok(CardKeys {
            encryption: (*key(CardKeyPurpose::Encryption)?.as_bytes()).into(),
            mac: (*key(CardKeyPurpose::Mac)?.as_bytes()).into(),
            data_encryption: (*key(CardKeyPurpose::DataEncryption)?.as_bytes()).into(),
            transport: card::TransportKey::new(transport.as_bytes()),
        })
    }

    /// The key under which a user's key is wrapped to a card (A 6.2.6).
    ///
    /// # Errors
    /// [`Error::Keys`].
    pub fn transport_key(&self, number: &CardNumber) -> Result<TransportKey> {
        Ok(TransportKey::new(self.derive(number, CardKeyPurpose::Transport)?.as_bytes()))
    }

    fn derive(
        &self,
        number: &CardNumber,
        purpose: CardKeyPurpose,
    ) -> std::result::Result<DerivedKey, KeyError> {
        self.keys.derive_card_key(&self.label, purpose, &number.0)
    }

    /// The session, if the card's challenge and its cryptogram are those of its keys.
    fn grant(&self, handshake: &Handshake) -> std::result::Result<SessionGrant, CardMasterError> {
        let key = |purpose| {
            let derived = self.derive(&handshake.number, purpose);
            derived.map_err(|error| CardMasterError::Unavailable(error.to_string()))
        };
        let enc = key(CardKeyPurpose::Encryption)?;
        let keys = StaticKeys::new(enc.as_bytes(), key(CardKeyPurpose::Mac)?.as_bytes());
        let session = || {
            let Handshake { host_challenge: host, card_challenge: card, .. } = handshake;
            // Made of the card's own counter: a challenge that is not was made up by somebody else.
            let expected = scp03::card_challenge(&keys, &handshake.sequence, &jpki::AID)?;
            verify_slices_are_equal(&expected, card).map_err(|_| ChannelError::NotAuthentic)?;
            let session = scp03::session_keys(&keys, host, card)?;
            session.verify_card(host, card, &handshake.card_cryptogram)?;
            Ok(session)
        };
        let keys = session().map_err(|error| match error {
            ChannelError::NotAuthentic => CardMasterError::NotAuthentic,
            other => CardMasterError::Unavailable(other.to_string()),
        })?;
        let dek = DataEncryptionKey::new(key(CardKeyPurpose::DataEncryption)?.as_bytes());
        Ok(SessionGrant { keys, dek })
    }
}

impl CardMaster for CardKeyring {
    fn open_session(
        &self,
        act: &Act,
        handshake: &Handshake,
    ) -> std::result::Result<SessionGrant, CardMasterError> {
        let granted = self.grant(handshake);
        if let Err(CardMasterError::NotAuthentic) = &granted {
            let refused = Entry::new(EventKind::CardChanged, act)
                .subject(handshake.number)
                .refused(CardMasterError::NotAuthentic);
            let unsaid = |error: store::Error| CardMasterError::Unavailable(error.to_string());
            self.store.commit(Unit::new(refused)).map_err(unsaid)?;
        }
        granted
    }
}

impl std::fmt::Debug for CardKeyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardKeyring({})", self.label)
    }
}

/// Makes the card master key without keeping its backup: where cards live as long as their store.
///
/// # Errors
/// What the store says.
pub fn find_or_generate_master(
    keys: &dyn KeyStore,
    label: &KeyLabel,
) -> std::result::Result<CardMasterCheck, KeyError> {
    match keys.card_master_check(label) {
        Err(KeyError::UnknownLabel(_)) => {
            let mut forgotten = [0; 32];
            aws_lc_rs::rand::fill(&mut forgotten)
                .map_err(|_| KeyError::Provider("drawing a backup key"))?;
            Ok(keys.generate_card_master(label, &BackupKey::new(&forgotten))?.check)
        }
        found => found,
    }
}
