//! What the machine opens without people: the secret that the services' keys and secrets lie under.
//!
//! Entries are sealed and questions answered around the clock, while the CAs' keys sleep. So the
//! machine needs a secret of its own. In a file that nothing but its mode guards it is worth as much
//! as the disk. Sealed by a passphrase, which an operator types at a start or the service manager
//! hands over as a credential, the disk alone opens nothing. With a token of the services, the
//! secret is not even enough without it.

use std::fmt;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use domain::algorithm::{KeyAlgorithm, SignatureAlgorithm};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::embedded::directory;
use crate::error::KeyError;
use crate::hex;
use crate::label::KeyLabel;
use crate::quorum::{Cost, Passphrase, QuorumSecret, random, sealing_key};
use crate::seal::{MasterKey, Sealed};
use crate::store::KeyStore;

/// The only version of the sealed file so far.
const VERSION: u32 = 1;

/// A sealed secret has some 300 octets.
const LONGEST_BYTES: usize = 4096;

/// What a seal of the machine's secret binds.
const CONTEXT: &[u8] = b"jitsuin machine secret 1";

/// The key in a services' token whose signature opens the other secrets, and that signs nothing else.
const TOKEN_LABEL: &str = "service-secrets";

/// What it signs for that. PKCS#1 v1.5 signatures are deterministic (RFC 8017 8.2).
const TOKEN_MESSAGE: &[u8] = b"jitsuin services' secrets 1";

/// 256 random bits from which all that the machine opens alone is opened.
pub struct MachineSecret(Zeroizing<[u8; 32]>);

/// The secret as its file holds it, sealed under a passphrase.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SealedFile {
    version: u32,
    #[serde(with = "hex")]
    salt: Vec<u8>,
    secret: Sealed,
}

impl MachineSecret {
    /// Makes a secret and writes it to a new file of mode 0600, durably; sealed where there is a
    /// passphrase.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyFile`] when the file exists; [`KeyError::Provider`];
    /// [`KeyError::Storage`].
    pub fn create(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        if path.exists() {
            return Err(refuse(path, "it exists already and is never overwritten"));
        }
        let mut octets = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(octets.as_mut_slice())
            .map_err(|_| KeyError::Provider("drawing a machine secret"))?;
        let made = Self(octets);
        match passphrase {
            Some(passphrase) => made.write_sealed(path, passphrase)?,
            None => directory::write_durably(path, made.0.as_slice())?,
        }
        Ok(made)
    }

    /// Reads the secret from its file, which is sealed if and only if there is a passphrase.
    ///
    /// # Errors
    /// [`KeyError::MasterKeyFile`] for another file, and for a passphrase that does not open it;
    /// [`KeyError::Provider`] when there is no memory to derive with, whatever the passphrase is;
    /// [`KeyError::Storage`].
    pub fn read(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        match (is_sealed(path)?, passphrase) {
            (false, None) => Ok(Self(MasterKey::read_file(path)?.into_octets())),
            (true, Some(passphrase)) => Self::open(path, passphrase),
            (false, Some(_)) => Err(refuse(path, "it is not sealed yet; `init` seals it")),
            (true, None) => {
                Err(refuse(path, "it is sealed, and no passphrase or credential is configured"))
            }
        }
    }

    /// Puts the sealed secret in the place of the same secret in clear.
    ///
    /// # Errors
    /// [`KeyError::Provider`], [`KeyError::Storage`]: what stood there stands there still.
    pub fn write_sealed(&self, path: &Path, passphrase: &Passphrase) -> Result<(), KeyError> {
        let salt = random()?;
        let key = sealing_key(passphrase, &salt, Cost::STANDARD)?;
        let secret = key.seal(self.0.as_slice(), CONTEXT)?;
        let file = SealedFile { version: VERSION, salt: salt.to_vec(), secret };
        let text = serde_json::to_vec_pretty(&file)
            .map_err(|_| KeyError::Provider("encoding a machine secret"))?;
        directory::write_durably(path, &text)
    }

    fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, KeyError> {
        let not_ours = || refuse(path, "it has not the form of a sealed secret");
        let file: SealedFile = serde_json::from_slice(&read(path)?).map_err(|_| not_ours())?;
        let salt: [u8; 16] = file.salt.as_slice().try_into().map_err(|_| not_ours())?;
        if file.version != VERSION {
            return Err(not_ours());
        }
        let key = sealing_key(passphrase, &salt, Cost::STANDARD)?;
        let wrong = || refuse(path, "the passphrase or credential does not open it");
        let octets = key.open(&file.secret, CONTEXT).ok_or_else(wrong)?;
        let octets = octets.as_slice().try_into().map_err(|_| not_ours())?;
        Ok(Self(Zeroizing::new(octets)))
    }

    /// The key under which an embedded store of the services seals theirs.
    pub fn master_key(&self) -> MasterKey {
        MasterKey::new(&self.0)
    }

    /// The secret whose PINs open a token of the services.
    pub fn token_secret(&self) -> QuorumSecret {
        QuorumSecret::new(&self.0)
    }

    /// The secret that takes a token of the services to know, besides this one.
    ///
    /// # Errors
    /// The token's.
    pub fn within(&self, token: &dyn KeyStore) -> Result<Self, KeyError> {
        let label: KeyLabel =
            TOKEN_LABEL.parse().map_err(|_| KeyError::Provider("naming the services' key"))?;
        match token.generate(&label, KeyAlgorithm::Rsa2048) {
            Ok(_) | Err(KeyError::LabelTaken(_)) => {}
            Err(error) => return Err(error),
        }
        let signed = token.sign(&label, SignatureAlgorithm::RsaSha256, TOKEN_MESSAGE)?;
        let joined = Zeroizing::new([self.0.as_slice(), &signed].concat());
        let mut octets = Zeroizing::new([0; 32]);
        octets.copy_from_slice(digest(&SHA256, &joined).as_ref());
        Ok(Self(octets))
    }

    /// Seals a secret of this name, for a file.
    ///
    /// # Errors
    /// [`KeyError::Provider`].
    pub fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, KeyError> {
        let sealed = self.master_key().seal(secret, &context(name))?;
        serde_json::to_vec_pretty(&sealed).map_err(|_| KeyError::Provider("encoding a secret"))
    }

    /// Opens what was sealed by this name; nothing where another secret sealed it, or another name.
    pub fn open_sealed(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let sealed: Sealed = serde_json::from_slice(sealed).ok()?;
        self.master_key().open(&sealed, &context(name))
    }
}

impl fmt::Debug for MachineSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineSecret(secret)")
    }
}

/// Whether a file holds a secret under a seal, and not the 32 octets of one.
///
/// # Errors
/// [`KeyError::Storage`], [`KeyError::MasterKeyFile`] for a file that is too long.
pub fn is_sealed(path: &Path) -> Result<bool, KeyError> {
    Ok(read(path)?.len() != 32)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |source| KeyError::Storage { action: "reading", path: path.to_owned(), source };
    let octets = Zeroizing::new(std::fs::read(path).map_err(failed)?);
    if octets.len() > LONGEST_BYTES {
        return Err(refuse(path, "it is longer than 4 KiB"));
    }
    Ok(octets)
}

fn context(name: &str) -> Vec<u8> {
    [b"jitsuin services' secret 1 ".as_slice(), name.as_bytes()].concat()
}

fn refuse(path: &Path, rule: &'static str) -> KeyError {
    KeyError::MasterKeyFile { path: path.to_owned(), rule }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryKeyStore;

    #[test]
    fn k1_the_disk_alone_does_not_open_a_sealed_secret() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("service.key");
        let [right, wrong] = ["sixteen letters!", "sixteen letters?"]
            .map(|text| Passphrase::new(text.as_bytes()).expect("long enough"));
        let made = MachineSecret::create(&path, Some(&right)).expect("made");
        let stored = std::fs::read(&path).expect("read");
        assert!(!stored.windows(8).any(|window| made.0.windows(8).any(|part| part == window)));
        let read = MachineSecret::read(&path, Some(&right)).expect("opened");
        assert_eq!(read.0, made.0);
        for (passphrase, rule) in [(Some(&wrong), "does not open"), (None, "no passphrase")] {
            let error = MachineSecret::read(&path, passphrase).expect_err("refused");
            assert!(error.to_string().contains(rule), "{error}");
        }
        MachineSecret::create(&path, Some(&right)).expect_err("never overwritten");
    }

    #[test]
    fn k1_a_secret_in_clear_is_sealed_without_becoming_another() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("service.key");
        let passphrase = Passphrase::new(b"sixteen letters!").expect("long enough");
        let made = MachineSecret::create(&path, None).expect("made");
        let early = MachineSecret::read(&path, Some(&passphrase)).expect_err("not sealed yet");
        assert!(early.to_string().contains("`init` seals it"), "{early}");
        made.write_sealed(&path, &passphrase).expect("sealed");
        let read = MachineSecret::read(&path, Some(&passphrase)).expect("opened");
        assert_eq!(read.0, made.0);
    }

    #[test]
    fn k1_a_token_of_the_services_opens_what_the_file_alone_does_not() {
        let place = tempfile::tempdir().expect("a directory");
        let made = MachineSecret::create(&place.path().join("service.key"), None).expect("made");
        let [token, another] = [(); 2].map(|()| MemoryKeyStore::new());
        let within = made.within(&token).expect("a signature");
        let sealed = within.seal("state", b"thirty-two octets").expect("sealed");
        let again = made.within(&token).expect("the same signature");
        assert_eq!(
            again.open_sealed("state", &sealed).as_deref(),
            Some(&b"thirty-two octets".to_vec())
        );
        for stranger in [&made, &made.within(&another).expect("a signature")] {
            assert_eq!(stranger.open_sealed("state", &sealed), None);
        }
        assert_eq!(within.open_sealed("vault", &sealed), None, "each by its own name");
    }
}
