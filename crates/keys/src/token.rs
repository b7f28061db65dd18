//! A PKCS#11 token as a key store (K1): any that speaks version 2.40 or 3.x.

mod card_masters;
mod code;
mod connection;
mod keeping;
mod login;
mod module;
mod objects;
mod opener;
mod pins;
mod pool;
mod public;
mod signing;
mod slots;
mod users;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};

use self::connection::Connection;
pub use self::opener::TokenOpener;
use crate::backup::{BackupKey, KeyBackup};
use crate::card_master::backup::CardMasterBackup;
use crate::card_master::{CardKeyPurpose, DerivedKey};
use crate::error::KeyError;
use crate::held;
use crate::label::KeyLabel;
use crate::store::{Administer, CardMasters, MakeCardMasters, PublicKey, Sign, UserKeys};
use crate::wrap::{TransportKey, WrappedPrivateKey};

/// How many users' keys in a row another process may take before us.
const MOST_LOST_RACES: usize = 16;

/// Where a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenConfig {
    /// The driver of the token's maker, a shared library.
    pub module: PathBuf,
    /// The label of the token, 1 to 32 ASCII characters without a space.
    pub token_label: String,
}

/// The two PINs of a token.
#[derive(Clone, Copy)]
pub struct TokenPins<'a> {
    /// The security officer's, who sets the user's.
    pub so: &'a str,
    /// The user's, who works with the keys.
    pub user: &'a str,
}

impl fmt::Debug for TokenPins<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPins(secret)")
    }
}

/// A key store in a PKCS#11 token.
///
/// Keys are made in the token, sensitive and not extractable. A key with a backup is extractable
/// for the moment of its birth, as an object of one session, and what stays is its backup brought
/// back. Hashes are made here and signed there.
///
/// One process-wide C_Initialize serves all stores of a module. Lost sessions and restarts are
/// survived by connecting again, a few times at most; where the token is not found, the module is
/// finalised and initialised anew, so that one that went away is found again when it is back. A wrong
/// PIN is tried once, and afterwards every call is refused. When the store is dropped it logs out.
///
/// A user's key that is taken from the pool is generated without a proof: it may not sign.
#[derive(Debug)]
pub struct Pkcs11KeyStore {
    connection: Connection,
    /// PKCS#11 has no exclusive names: makers of keys go one after the other.
    making: Mutex<()>,
    /// Takers of users' keys mark them one after the other.
    taking: Mutex<()>,
}

impl Pkcs11KeyStore {
    /// Makes a token on a slot that is free, with the PINs of its security officer and its user,
    /// and opens it.
    ///
    /// # Errors
    /// [`KeyError::TokenRefused`] when there is such a token or no free slot,
    /// [`KeyError::PinRefused`], [`KeyError::TokenDriver`], [`KeyError::Token`].
    pub fn init_token(
        config: &TokenConfig,
        so_pin: &str,
        user_pin: &str,
    ) -> Result<Self, KeyError> {
        slots::initialize(config, so_pin, user_pin)?;
        Self::open(config, user_pin)
    }

    /// Changes both PINs of a token that no store of this process has open.
    ///
    /// After an interruption the same call finishes it. Where a PIN is neither the old nor the new
    /// one, that is two wrong tries.
    ///
    /// # Errors
    /// [`KeyError::TokenRefused`] when there is no such token, [`KeyError::PinRefused`],
    /// [`KeyError::TokenDriver`], [`KeyError::Token`].
    pub fn change_pins(
        config: &TokenConfig,
        from: TokenPins<'_>,
        to: TokenPins<'_>,
    ) -> Result<(), KeyError> {
        pins::change(config, from, to)
    }

    /// Logs in to a token and destroys the users' keys that were about to leave it.
    ///
    /// # Errors
    /// [`KeyError::TokenRefused`] when there is no such token, [`KeyError::PinRefused`],
    /// [`KeyError::TokenDriver`], [`KeyError::Token`].
    pub fn open(config: &TokenConfig, user_pin: &str) -> Result<Self, KeyError> {
        let connection = Connection::open(config, user_pin)?;
        connection.run("destroying users' keys that were leaving", |access| {
            access.expect_login()?;
            access.destroy_left_behind()
        })?;
        Ok(Self { connection, making: Mutex::default(), taking: Mutex::default() })
    }
}

impl Sign for Pkcs11KeyStore {
    fn public_key(&self, label: &KeyLabel) -> Result<PublicKey, KeyError> {
        self.connection.run("reading a public key", |access| {
            // Asked of the token, not of what was once read: another process may have destroyed it.
            access.connection.forget(label);
            Ok(access.key(label)?.public_key.clone())
        })
    }

    fn sign(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.sign_digest(label, algorithm, signing::hash(algorithm, message).as_ref())
    }

    fn sign_digest(
        &self,
        label: &KeyLabel,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        signing::expect_digest(algorithm, digest)?;
        self.connection.run("signing", |access| access.sign_digest(label, algorithm, digest))
    }

    fn sign_checkpoint(&self, label: &KeyLabel, message: &[u8]) -> Result<[u8; 64], KeyError> {
        self.connection.run("signing a checkpoint", |access| access.sign_checkpoint(label, message))
    }
}

impl Administer for Pkcs11KeyStore {
    fn generate(&self, label: &KeyLabel, algorithm: KeyAlgorithm) -> Result<PublicKey, KeyError> {
        held::expect_made_here(algorithm)?;
        let _alone = alone(&self.making);
        self.connection
            .run_once("generating a key pair", |access| access.generate(label, algorithm))
    }

    fn generate_with_backup(
        &self,
        label: &KeyLabel,
        algorithm: KeyAlgorithm,
        backup: &BackupKey,
    ) -> Result<KeyBackup, KeyError> {
        held::expect_made_here(algorithm)?;
        let _alone = alone(&self.making);
        self.connection.run_once("generating a key pair with a backup", |access| {
            access.generate_with_backup(label, algorithm, backup)
        })
    }

    fn restore(&self, backup: &KeyBackup, key: &BackupKey) -> Result<PublicKey, KeyError> {
        let _alone = alone(&self.making);
        self.connection.run_once("restoring a key", |access| access.restore(backup, key))?;
        Ok(backup.public_key.clone())
    }

    fn destroy(&self, label: &KeyLabel) -> Result<(), KeyError> {
        let _alone = alone(&self.making);
        self.connection.run_once("destroying a key", |access| access.destroy(label))
    }

    fn refresh(&self) -> Result<(), KeyError> {
        self.connection.renew()
    }

    fn labels(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.connection.run("listing the keys", |access| access.labels())
    }
}

impl UserKeys for Pkcs11KeyStore {
    fn prepare_user_keys(&self, algorithm: KeyAlgorithm, wanted: usize) -> Result<usize, KeyError> {
        held::expect_for_users(algorithm)?;
        let missing = wanted.saturating_sub(self.prepared_user_keys(algorithm)?);
        for _ in 0..missing {
            self.connection
                .run_once("generating a user's key", |access| access.add_user(algorithm))?;
        }
        Ok(missing)
    }

    fn prepared_user_keys(&self, algorithm: KeyAlgorithm) -> Result<usize, KeyError> {
        self.connection.run("counting users' keys", |access| access.count_users(algorithm))
    }

    fn generate_for_card(
        &self,
        algorithm: KeyAlgorithm,
        transport: &TransportKey,
    ) -> Result<(PublicKey, WrappedPrivateKey), KeyError> {
        held::expect_for_users(algorithm)?;
        for _ in 0..MOST_LOST_RACES {
            let marked = {
                let _alone = alone(&self.taking);
                self.connection
                    .run_once("marking a user's key", |access| access.mark_user(algorithm))?
            };
            let left = match marked {
                Some(id) => self.connection.run_once("wrapping a user's key", |access| {
                    access.release_user(&id, transport.octets())
                })?,
                None => Some(self.connection.run_once("generating a user's key", |access| {
                    access.make_user(algorithm, transport.octets())
                })?),
            };
            if let Some((public_key, wrapped)) = left {
                return Ok((public_key, WrappedPrivateKey::from_octets(wrapped)));
            }
        }
        Err(users::refused_twice())
    }
}

impl CardMasters for Pkcs11KeyStore {
    fn derive_card_key(
        &self,
        label: &KeyLabel,
        purpose: CardKeyPurpose,
        number: &[u8; 10],
    ) -> Result<DerivedKey, KeyError> {
        self.connection
            .run("deriving a card's key", |access| access.derive_card_key(label, purpose, number))
    }
}

impl MakeCardMasters for Pkcs11KeyStore {
    fn generate_card_master(
        &self,
        label: &KeyLabel,
        backup: &BackupKey,
    ) -> Result<CardMasterBackup, KeyError> {
        let _alone = alone(&self.making);
        self.connection.run_once("generating a card master key", |access| {
            access.generate_master(label, backup)
        })
    }

    fn restore_card_master(
        &self,
        backup: &CardMasterBackup,
        key: &BackupKey,
    ) -> Result<(), KeyError> {
        let _alone = alone(&self.making);
        self.connection
            .run_once("restoring a card master key", |access| access.restore_master(backup, key))
    }

    fn card_masters(&self) -> Result<Vec<KeyLabel>, KeyError> {
        self.connection.run("listing the card master keys", |access| access.masters())
    }
}

/// The lock guards no data, so a thread that panicked left nothing half done under it.
fn alone(lock: &Mutex<()>) -> MutexGuard<'_, ()> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use testkit::softhsm::SoftHsm;

    use super::*;

    #[test]
    fn k1_a_token_keeps_the_contract() {
        SoftHsm::in_child("token::tests::k1_a_token_keeps_the_contract", |_| {
            let config =
                TokenConfig { module: SoftHsm::MODULE.into(), token_label: "contract".to_owned() };
            let made = Pkcs11KeyStore::init_token(&config, "so-pin-1234", "user-pin-1234");
            crate::contract::check(&made.expect("a token"));
        });
    }

    #[test]
    fn k1_a_token_that_went_away_is_found_again_when_it_is_back() {
        let name = "token::tests::k1_a_token_that_went_away_is_found_again_when_it_is_back";
        SoftHsm::in_child(name, |tokens| {
            let config =
                TokenConfig { module: SoftHsm::MODULE.into(), token_label: "lost".to_owned() };
            let store = Pkcs11KeyStore::init_token(&config, "so-pin-1234", "user-pin-1234");
            let store = store.expect("a token");
            let label: KeyLabel = "ca-1".parse().expect("a label");
            let made = store.generate(&label, KeyAlgorithm::EcP256).expect("a key");
            let sign = || store.sign(&label, SignatureAlgorithm::EcdsaSha256, b"a message");
            sign().expect("signs");
            let away = tokens.with_extension("away");
            std::fs::rename(tokens, &away).expect("taken away");
            std::fs::create_dir(tokens).expect("an empty place");
            for _ in 0..3 {
                let lost = sign().expect_err("there is no token");
                assert!(!matches!(lost, KeyError::UnknownLabel(_)), "a lost token: {lost}");
                let lost = store.public_key(&label).expect_err("there is no token");
                assert!(!matches!(lost, KeyError::UnknownLabel(_)), "a lost token: {lost}");
                assert!(store.labels().is_err(), "none is not what it has");
            }
            std::fs::remove_dir(tokens).expect("the empty place");
            std::fs::rename(&away, tokens).expect("back");
            let begun = std::time::Instant::now();
            while sign().is_err() && begun.elapsed() < std::time::Duration::from_secs(10) {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            sign().expect("signs again");
            assert_eq!(store.public_key(&label).expect("its key"), made);
        });
    }

    #[test]
    fn k1_a_key_that_another_process_destroyed_in_the_token_is_gone_here() {
        let name =
            "token::tests::k1_a_key_that_another_process_destroyed_in_the_token_is_gone_here";
        SoftHsm::in_child(name, |directory| {
            let config =
                TokenConfig { module: SoftHsm::MODULE.into(), token_label: "shared".to_owned() };
            let store = Pkcs11KeyStore::init_token(&config, "so-pin-1234", "user-pin-1234");
            let store = store.expect("a token");
            let label: KeyLabel = "ca-1".parse().expect("a label");
            store.generate(&label, KeyAlgorithm::EcP256).expect("a key");
            let sign = || store.sign(&label, SignatureAlgorithm::EcdsaSha256, b"a message");
            sign().expect("signs");
            let id: String = b"jitsuin-key:ca-1".iter().map(|c| format!("{c:02x}")).collect();
            for kind in ["privkey", "pubkey"] {
                let told = testkit::run(
                    directory,
                    "pkcs11-tool",
                    &[
                        "--module",
                        SoftHsm::MODULE,
                        "--token-label",
                        "shared",
                        "--login",
                        "--pin",
                        "user-pin-1234",
                        "--delete-object",
                        "--type",
                        kind,
                        "--id",
                        &id,
                    ],
                );
                assert!(told.success, "{}", told.text);
            }
            assert!(matches!(sign(), Err(KeyError::UnknownLabel(_))), "{:?}", sign());
            let public = store.public_key(&label);
            assert!(matches!(public, Err(KeyError::UnknownLabel(_))), "{public:?}");
        });
    }
}
