//! The data directory: what lies where, and the secrets that open it.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The data directory of one installation.
#[derive(Debug, Clone)]
pub(crate) struct Home(PathBuf);

impl Home {
    /// The directory `path`, whether it exists yet or not.
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The directory itself.
    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// The embedded store of the CAs' keys, which only custodians open.
    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The custodians' sealed shares.
    pub(crate) fn custody(&self) -> PathBuf {
        self.0.join("custody.json")
    }

    /// The store of the keys that the machine opens by itself: audit and responders.
    pub(crate) fn service_keys(&self) -> PathBuf {
        self.0.join("service-keys")
    }

    /// The secret from which all that the machine opens alone is opened.
    pub(crate) fn service_master_key(&self) -> PathBuf {
        self.0.join("service.key")
    }

    /// Emulated cards.
    pub(crate) fn cards(&self) -> PathBuf {
        self.0.join("cards")
    }

    /// The embedded resident register.
    pub(crate) fn register(&self) -> PathBuf {
        self.0.join("register")
    }

    /// Segments of query records.
    pub(crate) fn queries(&self) -> PathBuf {
        self.0.join("queries")
    }

    /// The signed requests that were heard, which are not believed again.
    pub(crate) fn heard(&self) -> PathBuf {
        self.0.join("heard.db")
    }

    /// The TLS server's key and certificate, and the roots clients need.
    pub(crate) fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    /// What set-up hands to people: the first verifier's and operator's credentials.
    pub(crate) fn handed_out(&self) -> PathBuf {
        self.0.join("handed-out")
    }

    /// Signed documents for others, for example the bridge CA.
    pub(crate) fn notifications(&self) -> PathBuf {
        self.0.join("notifications")
    }

    /// Where backups of the CAs' keys lie that were made to try out, or by an earlier program, each under
    /// a key that only custodians put together.
    pub(crate) fn backups(&self) -> PathBuf {
        self.0.join("backups")
    }

    /// Stores into which a ceremony restored keys, by name.
    pub(crate) fn restored(&self) -> PathBuf {
        self.0.join("restored")
    }

    /// Stores in which backups are tried out, each removed at once.
    pub(crate) fn trials(&self) -> PathBuf {
        self.0.join("trials")
    }

    /// What ceremonies left behind: signed minutes, servers' certificates. Locked by whoever holds one.
    pub(crate) fn ceremonies(&self) -> PathBuf {
        self.0.join("ceremonies")
    }

    /// The socket of the process that serves, for commands.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join("api.sock")
    }

    /// The conditions that the running server sees.
    pub(crate) fn health(&self) -> PathBuf {
        self.0.join("health.json")
    }

    /// What the server said last that ran before.
    pub(crate) fn last_word(&self) -> PathBuf {
        self.0.join("last-word.json")
    }

    /// Locked together by whoever visits: a directory that holds something else, for a file made for
    /// a lock alone is taken away unnoticed, and two have the lock.
    pub(crate) fn visitors_lock(&self) -> PathBuf {
        self.tls()
    }

    /// Locked by whoever seals the journal, a directory for the same reason. Never the database or what
    /// lies beside it: a process that closes any descriptor of these loses SQLite's own locks on them
    /// (`fcntl`; SQLite, howtocorrupt.html 2.2).
    pub(crate) fn seal_lock(&self) -> PathBuf {
        self.queries()
    }

    /// The public key that verifies checkpoints.
    pub(crate) fn audit_key(&self) -> PathBuf {
        self.0.join("audit.pub")
    }

    /// Makes the directory, readable by its owner alone.
    pub(crate) fn create(&self) -> Result<()> {
        for directory in [self.0.clone(), self.tls(), self.handed_out(), self.queries()] {
            std::fs::DirBuilder::new()
                .recursive(true)
                .create(&directory)
                .with_context(|| directory.display().to_string())?;
        }
        let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&self.0, owner_only).with_context(|| self.0.display().to_string())
    }

    /// A secret that the machine opens alone, by its name.
    pub(crate) fn secret(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.key"))
    }
}

/// Whether two places, made yet or not, lie on one file system.
pub(crate) fn on_one_file_system(one: &Path, other: &Path) -> bool {
    let device = |path: &Path| {
        let mut existing = path.ancestors().filter(|path| !path.as_os_str().is_empty());
        let found = existing.find_map(|path| std::fs::metadata(path).ok());
        found.or_else(|| std::fs::metadata(".").ok()).map(|found| found.dev())
    };
    device(one) == device(other)
}

/// Writes a file that only its owner can read, durably, and whole or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    let context = || path.display().to_string();
    let partial = partial(path);
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .with_context(context)?;
    file.write_all(content).and_then(|()| file.sync_all()).with_context(context)?;
    std::fs::rename(&partial, path).and_then(|()| sync_parent(path)).with_context(context)
}

/// Where [`write_private`] writes until it is whole; what a cut leaves of it is there.
pub(crate) fn partial(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

/// Why a file that somebody named is not written.
pub(crate) const MADE_ANEW: &str = "it is made anew and not written over";

/// Makes a file that its owner alone can read, under a name that somebody gave; what lies there already,
/// the database or evidence it may be, is never written over.
pub(crate) fn make_private(path: &Path) -> Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    made.with_context(|| format!("{}: {MADE_ANEW}", path.display()))
}

/// Writes such a file, durably.
pub(crate) fn write_named(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = make_private(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.with_context(|| path.display().to_string())
}

/// Has such a file written by whoever takes long for it, and durably: until it is whole, the name is that of
/// an empty file, so that no part is taken for the whole, however this process ends.
pub(crate) fn write_whole<T>(
    path: &Path,
    write: impl FnOnce(&std::fs::File) -> Result<T>,
) -> Result<T> {
    drop(make_private(path)?);
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let written = make_private(&part).and_then(|file| {
        let told = write(&file)?;
        let kept = file.sync_all().and_then(|()| std::fs::rename(&part, path));
        kept.and_then(|()| sync_parent(path)).with_context(|| path.display().to_string())?;
        Ok(told)
    });
    if written.is_err() {
        // The next try finds both names free.
        let _ = std::fs::remove_file(&part);
        let _ = std::fs::remove_file(path);
    }
    written
}

/// A name in a directory is durable only when the directory is (POSIX fsync).
pub(crate) fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => std::fs::File::open(parent)?.sync_all(),
        _ => std::fs::File::open(".")?.sync_all(),
    }
}

/// Writes a file with nothing secret in it; as all files of this process, it is its owner's.
pub(crate) fn write_public(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::write(path, content).with_context(|| path.display().to_string())
}
