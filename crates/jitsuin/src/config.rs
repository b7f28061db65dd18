//! The configuration file: as read, and as valid.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use domain::id::MunicipalityCode;
use domain::municipality;
use keys::token::TokenConfig;
use serde::{Deserialize, Serialize};
use web::desk::ForeignIssuer;
use x509::key_check::WeakKeys;

use crate::machine::{Seal, Services};
use crate::trusted_time::TimeConfig;

/// The file as it is read.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// Where everything lives, relative to the file.
    pub(crate) data: PathBuf,
    /// The policy files, relative to the file; one CA each.
    pub(crate) policies: Vec<PathBuf>,
    /// Where to listen.
    pub(crate) listen: Listen,
    /// The PKCS#11 token of the CAs' keys; without it they are in an embedded store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenTable>,
    /// What opens the services' keys, which are awake around the clock.
    #[serde(default)]
    pub(crate) services: ServicesTable,
    /// What the clock is held against.
    #[serde(default)]
    pub(crate) time: TimeConfig,
    /// Where the cards of the windows lie.
    #[serde(default)]
    pub(crate) cards: CardsTable,
    /// Where else checkpoints go: places the database's owner cannot reach.
    #[serde(default)]
    pub(crate) checkpoint_directories: Vec<PathBuf>,
    /// Where the backups of the CAs' keys go.
    #[serde(default)]
    pub(crate) backups: BackupsTable,
    /// Issuers of people's client certificates that are none of this installation's CAs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) client_issuers: Vec<ClientIssuerTable>,
    /// A list of keys that no CA may certify, relative to the file: SHA-256 of the
    /// SubjectPublicKeyInfo, one a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weak_keys: Option<PathBuf>,
    /// MiB of the disk of the data that are kept from strangers: while less is left, they are turned
    /// away. 256 unless told, and no less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) disk_reserve_mib: Option<u64>,
}

/// An issuer of client certificates. One of its certificates lets its owner in while the lists, which
/// the operator keeps fresh, hold and do not have it; where one is named, no other issuer's does.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientIssuerTable {
    /// Its self-signed certificate, with those of its further keys and of CAs below it: PEM, or one in
    /// DER; relative to the configuration.
    pub(crate) certificate: PathBuf,
    /// Their revocation lists, PEM, or one in DER; relative to the configuration.
    pub(crate) list: PathBuf,
}

/// A PKCS#11 token.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenTable {
    /// The driver of the token's maker, a shared library.
    pub(crate) module: PathBuf,
    /// The label of the token, which `init` makes.
    pub(crate) label: String,
}

/// What opens the services' keys. Without any of these, the mode of a file is all that guards them.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServicesTable {
    /// A credential of the service manager, by its name (systemd `LoadCredentialEncrypted=`): at
    /// least 16 characters, under which the machine's secret is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
    /// A file with such a passphrase, relative to this file; `-` asks for a line of standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) passphrase: Option<PathBuf>,
    /// A PKCS#11 token of their own, which `init` makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<TokenTable>,
}

/// Where the backups of the CAs' keys go (A 6.2.4).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupsTable {
    /// The custodians' media, relative to the file: the backup of a key is written to every one of
    /// them when the key is made, and no key is made without.
    #[serde(default)]
    pub(crate) directories: Vec<PathBuf>,
    /// Whether they may lie on the file system of the data: for trying out, since whoever takes that
    /// disk has keys and backups at once. `check` warns while they do.
    #[serde(default)]
    pub(crate) on_data_disk: bool,
}

/// Where the cards of the windows lie.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CardsTable {
    /// What serves where no reader is named.
    pub(crate) from: CardSource,
    /// The PC/SC readers of the windows by their names, each with the code of its municipality: a
    /// clerk reaches those of their own, and no other.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) readers: BTreeMap<String, String>,
}

impl CardsTable {
    /// The readers with their municipalities, a ward's being its city.
    pub(crate) fn bound(&self) -> Result<BTreeMap<String, MunicipalityCode>> {
        let bound = self.readers.iter().map(|(reader, code)| {
            let known = code.parse().ok().and_then(municipality::find);
            let known = known.with_context(|| format!("cards.readers: {reader}: {code:?} is none"));
            Ok((reader.clone(), known?.code))
        });
        bound.collect()
    }
}

/// What serves a window that names no reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CardSource {
    /// The cabinet of emulated cards, which makes a blank one where none is brought.
    #[default]
    Cabinet,
    /// The one PC/SC reader of the machine with a card on it.
    Readers,
}

/// The addresses of the services.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listen {
    /// The REST API, over TLS.
    pub(crate) api: SocketAddr,
    /// OCSP and the web repository, over HTTP: what they serve is signed.
    pub(crate) repository: SocketAddr,
    /// The directory, with StartTLS.
    pub(crate) ldap: SocketAddr,
    /// The directory over TLS.
    pub(crate) ldaps: SocketAddr,
    /// The holders' page, over TLS 1.2.
    pub(crate) holder: SocketAddr,
    /// The names the TLS certificate is for.
    pub(crate) host_names: Vec<String>,
}

/// A configuration that is valid: paths are whole, policies are read.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) policies: Vec<PolicyFile>,
    pub(crate) listen: Listen,
    pub(crate) token: Option<TokenConfig>,
    pub(crate) services: Services,
    pub(crate) time: TimeConfig,
    pub(crate) cards: CardsTable,
    pub(crate) checkpoint_places: Vec<CheckpointPlace>,
    pub(crate) backups: BackupsTable,
    pub(crate) client_issuers: Vec<ClientIssuerTable>,
    pub(crate) weak_keys: Arc<WeakKeys>,
    /// Whether a list of them is named, be it empty.
    pub(crate) weak_keys_named: bool,
    /// MiB of the disk that are kept from strangers.
    pub(crate) disk_reserve_mib: u64,
}

/// MiB of the disk that are kept from strangers at least: hours of revocations, lists and verifiers'
/// questions, in which people can make room.
const LEAST_DISK_RESERVE_MIB: u64 = 256;

/// A directory that takes checkpoints.
#[derive(Debug, Clone)]
pub(crate) struct CheckpointPlace {
    /// As the configuration names it, and so the journal.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) directory: PathBuf,
}

impl Config {
    /// Reads a configuration and its policies.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("{}: cannot be read; `jitsuin init` makes one", path.display())
        })?;
        let file: ConfigFile = toml::from_str(&text)
            .with_context(|| format!("{}: not a configuration", path.display()))?;
        let base = path.parent().unwrap_or(Path::new("."));
        let policies = file
            .policies
            .iter()
            .map(|policy| PolicyFile::read(base.join(policy)))
            .collect::<Result<Vec<_>>>()?;
        if policies.is_empty() {
            bail!("{}: policies: at least one CA", path.display());
        }
        if file.listen.host_names.is_empty() {
            bail!("{}: listen.host_names: at least one name", path.display());
        }
        let places = file.checkpoint_directories.iter().map(|place| CheckpointPlace {
            name: place.display().to_string(),
            directory: base.join(place),
        });
        let checkpoint_places = places.collect();
        let BackupsTable { directories, on_data_disk } = file.backups;
        let directories = directories.iter().map(|place| base.join(place)).collect();
        file.time.check().with_context(|| path.display().to_string())?;
        file.cards.bound().with_context(|| path.display().to_string())?;
        let disk_reserve_mib = file.disk_reserve_mib.unwrap_or(LEAST_DISK_RESERVE_MIB);
        if disk_reserve_mib < LEAST_DISK_RESERVE_MIB {
            bail!("{}: disk_reserve_mib: at least {LEAST_DISK_RESERVE_MIB}", path.display());
        }
        let token = file.token.map(|token| token.within(base));
        let services = file.services.within(base).with_context(|| path.display().to_string())?;
        let weak_keys_named = file.weak_keys.is_some();
        let weak_keys = match file.weak_keys {
            Some(list) => read_weak_keys(&base.join(list))?,
            None => WeakKeys::default(),
        };
        Ok(Self {
            data: base.join(file.data),
            policies,
            listen: file.listen,
            token,
            services,
            time: file.time,
            cards: file.cards,
            checkpoint_places,
            backups: BackupsTable { directories, on_data_disk },
            client_issuers: file.client_issuers.into_iter().map(|one| one.within(base)).collect(),
            weak_keys: Arc::new(weak_keys),
            weak_keys_named,
            disk_reserve_mib,
        })
    }
}

impl ClientIssuerTable {
    fn within(self, base: &Path) -> Self {
        Self { certificate: base.join(self.certificate), list: base.join(self.list) }
    }

    /// The issuer, with its certificate as the file has it now.
    pub(crate) fn issuer(&self) -> Result<ForeignIssuer> {
        let place = || format!("client_issuers: {}", self.certificate.display());
        let certificate = std::fs::read(&self.certificate).with_context(place)?;
        ForeignIssuer::new(certificate, self.list.clone())
            .map_err(|error| anyhow!("{}: {error}", place()))
    }
}

impl TokenTable {
    fn within(self, base: &Path) -> TokenConfig {
        TokenConfig { module: base.join(self.module), token_label: self.label }
    }
}

impl ServicesTable {
    fn within(self, base: &Path) -> Result<Services> {
        let seal = match (self.credential, self.passphrase) {
            (Some(_), Some(_)) => bail!("services: a credential or a passphrase, not both"),
            (Some(name), None) => Some(Seal::Credential(name)),
            (None, Some(file)) if file == Path::new("-") => Some(Seal::Passphrase("-".to_owned())),
            (None, Some(file)) => Some(Seal::Passphrase(base.join(file).display().to_string())),
            (None, None) => None,
        };
        Ok(Services { seal, token: self.token.map(|token| token.within(base)) })
    }
}

impl BackupsTable {
    /// Beside the data, for an installation with which nobody's life is bound up.
    pub(crate) fn to_try_out(data: &Path) -> Self {
        Self { directories: vec![data.join("backups")], on_data_disk: true }
    }
}

impl ConfigFile {
    /// A configuration on this machine, with the services at `first_port` and the four after it.
    pub(crate) fn local(first_port: u16) -> Self {
        let at = |offset: u16| {
            let port = if first_port == 0 { 0 } else { first_port + offset };
            SocketAddr::from(([127, 0, 0, 1], port))
        };
        Self {
            data: PathBuf::from("data"),
            policies: SHIPPED.iter().map(|(name, _)| PathBuf::from("policy").join(name)).collect(),
            listen: Listen {
                api: at(0),
                repository: at(1),
                ldap: at(2),
                ldaps: at(3),
                holder: at(4),
                host_names: vec!["localhost".to_owned()],
            },
            token: None,
            services: ServicesTable::default(),
            time: TimeConfig::default(),
            cards: CardsTable::default(),
            checkpoint_directories: vec![PathBuf::from("checkpoints")],
            backups: BackupsTable::to_try_out(Path::new("data")),
            client_issuers: Vec::new(),
            weak_keys: None,
            disk_reserve_mib: None,
        }
    }

    /// Writes the configuration and the shipped policies beside it, where they are missing.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let base = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(base.join("policy"))
            .with_context(|| format!("{}", base.display()))?;
        for (name, text) in SHIPPED {
            let policy = base.join("policy").join(name);
            if !policy.exists() {
                std::fs::write(&policy, text).with_context(|| format!("{}", policy.display()))?;
            }
        }
        std::fs::write(path, toml::to_string_pretty(self)?)
            .with_context(|| format!("{}", path.display()))
    }
}

/// The policies that come with the program and are set up unless told otherwise.
const SHIPPED: [(&str, &str); 2] = [
    ("jpki-auth.toml", include_str!("../../../policy/jpki-auth.toml")),
    ("saitama-sign.toml", include_str!("../../../policy/saitama-sign.toml")),
];

pub(crate) fn read_weak_keys(path: &Path) -> Result<WeakKeys> {
    let file =
        std::fs::File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    WeakKeys::read(std::io::BufReader::new(file)).with_context(|| path.display().to_string())
}

/// A policy file that is named, and what stands in it: what is wrong with it is told with its name.
#[derive(Debug, Clone)]
pub(crate) struct PolicyFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl PolicyFile {
    fn read(path: PathBuf) -> Result<Self> {
        let text = read_policy(&path)?;
        Ok(Self { path, text })
    }
}

/// The text of a policy file, which is a valid one.
pub(crate) fn read_policy(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{}: cannot be read", path.display()))?;
    domain::policy::Policy::from_toml(&text).with_context(|| path.display().to_string())?;
    Ok(text)
}
