//! The CA as the master of all cards: it knows the keys of each, and opens sessions with them.

use std::sync::Arc;

use card::scp03::StaticKeys;
use card::terminal::{CardMaster, CardMasterError, Handshake, SessionGrant};
use card::{CardKeys, CardNumber, DataEncryptionKey};
use domain::act::Act;
use domain::id::SystemOperation;
use domain::journal::EventKind;
use domain::rule::{ColonHex, Hex, Rule};
use keys::{
    BackupKey, CardKeyPurpose, CardMasterCheck, CardMasters, DerivedKey, KeyError, KeyLabel,
    KeyStore, TransportKey,
};
use store::{Change, Entry, Store, Unit};
use zeroize::Zeroizing;

use crate::backup::{NotedBackup, note_backup};
use crate::ceremony::MediumFact;
use crate::error::{Error, Result, of_keys, system_operation};

/// The label of the first card master key.
const LABEL: &str = "cards-1";

/// The keys of all cards, derived from the one card master key, which stays in the CAs' key store.
pub struct CardKeyring {
    label: KeyLabel,
    store: Arc<dyn Store>,
    keys: Arc<dyn CardMasters>,
}

impl CardKeyring {
    /// The keyring of an installation, whether its master key is awake, asleep or not made yet.
    ///
    /// # Errors
    /// None that depends on the installation.
    pub fn new(store: Arc<dyn Store>, keys: Arc<dyn CardMasters>) -> Result<Self> {
        let label = LABEL
            .parse()
            .map_err(|refused: domain::id::InvalidId| Error::refused("key label", refused.rule))?;
        Ok(Self { label, store, keys })
    }

    /// Tells the journal, once for each master key, that it was made and that its backup is on disk.
    /// Asked again after a cut, it tells what the run before could not. `backup` is the SHA-256 of the
    /// backup's file, which lies on `media`.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn journal_making(
        &self,
        act: &Act,
        check: CardMasterCheck,
        backup: [u8; 32],
        media: &[MediumFact],
    ) -> Result<()> {
        self.journal_once(act, check, Some((backup, media)))
    }

    fn journal_once(
        &self,
        act: &Act,
        check: CardMasterCheck,
        backup: Option<([u8; 32], &[MediumFact])>,
    ) -> Result<()> {
        let name = format!("{}-{check}", self.label);
        let made = system_operation(SystemOperation::CardMasterMade, &name)?;
        if self.store.operation(&made)?.is_some() {
            return Ok(());
        }
        let told = |kind| {
            Entry::new(kind, act)
                .subject(&self.label)
                .detail("algorithm", "aes-256")
                .detail("check_value", Hex(&check.0))
        };
        let answer = check.to_string().into_bytes();
        let mut unit = Unit::new(told(EventKind::KeyGenerated))
            .change(Change::RecordOperation { id: made, answer });
        if let Some((sha256, media)) = backup {
            let backup =
                NotedBackup { sha256, media: media.iter().map(|medium| medium.id).collect() };
            let told = told(EventKind::KeyBackedUp).detail("backup_sha256", ColonHex(&sha256));
            unit = unit
                .entry(media.iter().fold(told, MediumFact::told_in))
                .change(note_backup(self.label.as_str(), &backup)?);
        }
        self.store.commit(unit)?;
        Ok(())
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
            derived.map_err(|error| match of_keys(&error) {
                Some(hindrance) => CardMasterError::Hindered(hindrance),
                None => CardMasterError::Unavailable(error.to_string()),
            })
        };
        let enc = key(CardKeyPurpose::Encryption)?;
        let keys = StaticKeys::new(enc.as_bytes(), key(CardKeyPurpose::Mac)?.as_bytes());
        let keys = handshake.session_keys(&keys)?;
        let dek = DataEncryptionKey::new(key(CardKeyPurpose::DataEncryption)?.as_bytes());
        Ok(SessionGrant { keys, dek })
    }

    /// Remembers the session before its keys leave: those of a past one are never granted again,
    /// neither to who repeats its handshake nor for a card that was set back.
    fn remember(
        &self,
        act: &Act,
        handshake: &Handshake,
    ) -> std::result::Result<(), CardMasterError> {
        let sequence = handshake.count();
        let card = handshake.number.id();
        let entry = Entry::new(EventKind::CardSessionGranted, act).subject(&card);
        let change = Change::GrantCardSession { card, sequence };
        match self.store.commit(Unit::new(entry).change(change)) {
            Ok(_) => Ok(()),
            Err(store::Error::Stale { .. }) => Err(CardMasterError::SetBack),
            Err(error) => Err(unsaid(error)),
        }
    }
}

impl CardMaster for CardKeyring {
    fn open_session(
        &self,
        act: &Act,
        handshake: &Handshake,
    ) -> std::result::Result<SessionGrant, CardMasterError> {
        let granted = self.grant(handshake).and_then(|grant| {
            self.remember(act, handshake)?;
            Ok(grant)
        });
        if let Err(fault @ (CardMasterError::NotAuthentic | CardMasterError::SetBack)) = &granted {
            let refused = Entry::new(EventKind::CardChanged, act);
            let unit = Unit::new(refused.subject(handshake.number).refused(Rule::of(fault)));
            self.store.commit(unit).map_err(unsaid)?;
        }
        granted
    }
}

fn unsaid(error: store::Error) -> CardMasterError {
    let error = Error::from(error);
    match error.hindrance() {
        Some(hindrance) => CardMasterError::Hindered(hindrance),
        None => CardMasterError::Unavailable(error.to_string()),
    }
}

impl std::fmt::Debug for CardKeyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CardKeyring({})", self.label)
    }
}

/// A keyring whose master key is made if there is none, **without a backup**: the key under which
/// it was wrapped is thrown away. Only tests may, whose cards live as long as their store; where a
/// citizen holds a card this loses it for ever with the key store (K4).
///
/// # Errors
/// What keys and store say.
pub fn dangerous_set_up_without_backup(
    act: &Act,
    store: Arc<dyn Store>,
    keys: Arc<dyn KeyStore>,
) -> Result<CardKeyring> {
    let keyring = CardKeyring::new(store, keys.clone())?;
    let check = match keyring.check()? {
        Some(check) => check,
        None => {
            let mut forgotten = Zeroizing::new([0; 32]);
            aws_lc_rs::rand::fill(forgotten.as_mut())
                .map_err(|_| KeyError::Provider("drawing a backup key"))?;
            let backup_key = BackupKey::new(&forgotten);
            keys.generate_card_master(&keyring.label, &backup_key)?.check
        }
    };
    keyring.journal_once(act, check, None)?;
    Ok(keyring)
}
