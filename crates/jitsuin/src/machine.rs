//! What the machine opens without people: the services' keys, and the secrets beside them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use keys::machine::{MachineSecret, is_sealed};
use keys::quorum::Passphrase;
use keys::token::{TokenConfig, TokenOpener};
use keys::{EmbeddedKeyStore, KeyError, KeyStore, Opener, SigningKey};
use zeroize::Zeroizing;

use crate::home::{Home, write_private};
use crate::join::audit_key;
use crate::secret_file::read_secret;

/// The secrets beside the keys: of personal data in the journal, of the rows of the database, of
/// emulated cards.
const SECRETS: [&str; 3] = ["personal", "state", "vault"];

/// What opens the services' keys, as configured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    /// What seals the machine's secret; without it the mode of its file is all that guards it.
    pub(crate) seal: Option<Seal>,
    /// The token in which the services' keys lie; without it they lie in files.
    pub(crate) token: Option<TokenConfig>,
}

/// Where the passphrase comes from that seals the machine's secret.
#[derive(Debug, Clone)]
pub(crate) enum Seal {
    /// A credential of the service manager, by its name (systemd `LoadCredentialEncrypted=`).
    Credential(String),
    /// A file, or `-` for a line of standard input.
    Passphrase(String),
}

impl Seal {
    fn passphrase(&self) -> Result<Passphrase> {
        let file = match self {
            Self::Passphrase(file) => file.clone(),
            Self::Credential(name) => {
                let directory = std::env::var_os("CREDENTIALS_DIRECTORY").with_context(|| {
                    format!("services.credential: the service manager hands over none: {name}")
                })?;
                Path::new(&directory).join(name).display().to_string()
            }
        };
        let octets = Zeroizing::new(read_secret(&file)?);
        Passphrase::new(&octets).context("the passphrase of the services' keys")
    }
}

/// The services' keys and secrets of one installation, open.
pub(crate) struct Machine {
    /// The keys of audit and responders, awake around the clock.
    pub(crate) keys: Arc<dyn KeyStore>,
    /// The audit key alone, for whoever signs with it or tells it.
    pub(crate) audit: SigningKey,
    home: Home,
    /// What the secrets are sealed under; nothing where they lie in clear.
    seal: Option<MachineSecret>,
}

impl Machine {
    /// Opens them; `create` makes what is missing, and seals what lies in clear, as `init` does.
    ///
    /// # Errors
    /// Where a file is sealed and the configuration names nothing that opens it, or the other way.
    pub(crate) fn open(services: &Services, home: &Home, create: bool) -> Result<Self> {
        let passphrase = services.seal.as_ref().map(Seal::passphrase).transpose()?;
        let path = home.service_master_key();
        let secret = if create && !path.exists() {
            MachineSecret::create(&path, passphrase.as_ref())?
        } else {
            opened(&path, passphrase.as_ref(), create)?
        };
        let keys = match &services.token {
            None => embedded(home, &secret, create)?,
            Some(token) => in_token(home, token, &secret, create)?,
        };
        let seal = match (&services.token, passphrase) {
            (Some(_), _) => Some(secret.within(&*keys)?),
            (None, Some(_)) => Some(secret),
            (None, None) => None,
        };
        let audit = audit_key(keys.clone())?;
        let machine = Self { keys, audit, home: home.clone(), seal };
        if create {
            machine.make_secrets()?;
        }
        Ok(machine)
    }

    /// Whether whoever has the disk has the services' keys as well.
    pub(crate) fn lies_open(&self) -> bool {
        self.seal.is_none()
    }

    /// The 32 octets of a named secret.
    pub(crate) fn secret(&self, name: &str) -> Result<Zeroizing<[u8; 32]>> {
        let path = self.home.secret(name);
        let stored =
            Zeroizing::new(std::fs::read(&path).with_context(|| path.display().to_string())?);
        let octets = match &self.seal {
            None => stored,
            Some(seal) => seal.open_sealed(name, &stored).with_context(|| {
                format!("{}: the services' keys do not open it", path.display())
            })?,
        };
        let Ok(octets) = <[u8; 32]>::try_from(octets.as_slice()) else {
            bail!("{}: a secret in clear has 32 octets", path.display());
        };
        Ok(Zeroizing::new(octets))
    }

    /// Makes a secret where there is none.
    fn make_secret(&self, name: &str) -> Result<()> {
        if self.home.secret(name).exists() {
            return Ok(());
        }
        let mut octets = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(octets.as_mut())
            .map_err(|_| anyhow::anyhow!("the random generator failed"))?;
        self.write(name, octets.as_slice())
    }

    /// Makes the secrets, or seals those that lie in clear.
    fn make_secrets(&self) -> Result<()> {
        for name in SECRETS {
            let path = self.home.secret(name);
            if path.exists() && self.seal.is_some() && !is_sealed(&path)? {
                let clear = Zeroizing::new(std::fs::read(&path)?);
                self.write(name, &clear)?;
            }
            self.make_secret(name)?;
        }
        Ok(())
    }

    fn write(&self, name: &str, octets: &[u8]) -> Result<()> {
        let path = self.home.secret(name);
        match &self.seal {
            None => write_private(&path, octets),
            Some(seal) => write_private(&path, &seal.seal(name, octets)?),
        }
    }
}

/// The machine's secret; `create` seals one that lies in clear and is configured not to.
fn opened(path: &Path, passphrase: Option<&Passphrase>, create: bool) -> Result<MachineSecret> {
    if let (true, Some(passphrase), false) = (create, passphrase, is_sealed(path)?) {
        MachineSecret::read(path, None)?.write_sealed(path, passphrase)?;
    }
    Ok(MachineSecret::read(path, passphrase)?)
}

/// The services' keys in files under the machine's secret.
fn embedded(home: &Home, secret: &MachineSecret, create: bool) -> Result<Arc<dyn KeyStore>> {
    let (directory, master) = (home.service_keys(), secret.master_key());
    let store = if create && !directory.exists() {
        EmbeddedKeyStore::init(&directory, master)
    } else {
        EmbeddedKeyStore::open(&directory, master)
    };
    Ok(Arc::new(store?))
}

/// The services' keys in a token, whose PINs follow from the machine's secret.
fn in_token(
    home: &Home,
    token: &TokenConfig,
    secret: &MachineSecret,
    create: bool,
) -> Result<Arc<dyn KeyStore>> {
    let directory = home.service_keys();
    if directory.exists() {
        bail!(
            "services.token: {} holds the services' keys, and no key moves into a token",
            directory.display()
        );
    }
    let (opener, secret) = (TokenOpener { config: token.clone() }, secret.token_secret());
    Ok(match opener.open(&secret) {
        Err(KeyError::TokenRefused { .. } | KeyError::PinRefused { .. }) if create => {
            opener.create(&secret)?
        }
        opened => opened?,
    })
}
