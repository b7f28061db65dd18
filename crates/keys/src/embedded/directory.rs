//! Files of the embedded store on disk: mode 0600, whole or absent, durable before acknowledged.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::KeyError;
use crate::label::KeyLabel;

/// How the name of a key pair's file ends.
pub(crate) const KEY_SUFFIX: &str = ".key";

/// How the name of a card master key's file ends.
pub(crate) const MASTER_SUFFIX: &str = ".cards";

/// How the name of a damaged key's file ends, before its number.
pub(crate) const DAMAGED: &str = "damaged-";

/// A key file holds at most an RSA-4096 PKCS#8 and its SPKI in hexadecimal, about 6 KB.
const LONGEST_FILE_BYTES: u64 = 64 * 1024;

/// Makes the directory, for the owner alone, unless it exists.
pub(crate) fn create(path: &Path) -> Result<(), KeyError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("making", path))
}

/// Writes a file so that after a crash it is there whole or not at all.
pub(crate) fn write_durably(path: &Path, contents: &[u8]) -> Result<(), KeyError> {
    let temporary = temporary_path(path);
    let written = write_and_sync(&temporary, contents)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_directory_of(path));
    if written.is_err() {
        // What is left of a failed write (a full disk, say) must not stay; the first error counts.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed("writing", path))
}

/// Renames a file, durably.
pub(crate) fn rename_durably(from: &Path, to: &Path) -> Result<(), KeyError> {
    fs::rename(from, to).and_then(|()| sync_directory_of(to)).map_err(failed("renaming", from))
}

/// Overwrites a file with zeros and removes it, durably.
pub(crate) fn erase(path: &Path) -> Result<(), KeyError> {
    overwrite(path)
        .and_then(|()| fs::remove_file(path))
        .and_then(|()| sync_directory_of(path))
        .map_err(failed("erasing", path))
}

/// Reads a file of the store, as far as one can be long.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    let mut contents = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_FILE_BYTES).read_to_end(&mut contents))
        .map_err(failed("reading", path))?;
    Ok(contents)
}

/// The names of all files that end in `suffix`, in order.
pub(crate) fn names_ending(directory: &Path, suffix: &str) -> Result<Vec<String>, KeyError> {
    let names = || -> io::Result<Vec<String>> {
        let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name()));
        let names = entries.collect::<io::Result<Vec<_>>>()?;
        Ok(names.iter().map(|name| name.to_string_lossy().into_owned()).collect())
    };
    let mut names = names().map_err(failed("listing", directory))?;
    // Names with a leading dot are writes that a crash cut off: never acknowledged, not keys.
    names.retain(|name| name.ends_with(suffix) && !name.starts_with('.'));
    names.sort();
    Ok(names)
}

/// The files beside that of a key which may hold it as well: those that a cut left of a writing, and those
/// that were set aside.
pub(crate) fn left_of(directory: &Path, label: &KeyLabel) -> Result<Vec<PathBuf>, KeyError> {
    let unfinished = [KEY_SUFFIX, MASTER_SUFFIX]
        .map(|suffix| temporary_path(&directory.join(format!("{label}{suffix}"))));
    let mut left: Vec<PathBuf> = unfinished.into_iter().filter(|file| file.exists()).collect();
    let aside = format!("{label}.{DAMAGED}");
    for entry in fs::read_dir(directory).map_err(failed("listing", directory))? {
        let path = entry.map_err(failed("listing", directory))?.path();
        let is_aside = |name: &OsStr| name.to_string_lossy().starts_with(&aside);
        if path.file_name().is_some_and(is_aside) {
            left.push(path);
        }
    }
    Ok(left)
}

/// Holds the right to change the store, until dropped, against other threads and processes.
pub(crate) fn lock(path: &Path) -> Result<File, KeyError> {
    File::open(path).and_then(|file| file.lock().map(|()| file)).map_err(failed("locking", path))
}

fn write_and_sync(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

fn overwrite(path: &Path) -> io::Result<()> {
    let length = usize::try_from(fs::metadata(path)?.len()).unwrap_or(0);
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; length])?;
    file.sync_all()
}

/// A rename is durable only when its directory is (POSIX fsync).
fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn temporary_path(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!(".{name}.new"))
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> KeyError + 'a {
    move |source| KeyError::Storage { action, path: path.to_owned(), source }
}
