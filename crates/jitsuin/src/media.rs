//! Media that backups lie on: each has an identity of its own, which is written onto it when it is first used.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use ca::ceremony::MediumFact;
use domain::medium::MediumId;

use crate::home::{sync_parent, write_private};

/// The file of a medium's identity, in the directory that the backups lie in.
pub(crate) const FILE: &str = "MEDIUM-ID";

/// The identity of the medium in a place; none where it was never given one, or nothing is there.
///
/// # Errors
/// Its file cannot be read, or holds something else.
pub(crate) fn read(place: &Path) -> Result<Option<MediumId>> {
    let file = place.join(FILE);
    let told = || {
        format!(
            "{}: the medium's identity cannot be read; minutes and journal have it: write it anew",
            file.display()
        )
    };
    match fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text.trim_end().parse().with_context(told)?)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(None),
            _ => Err(error).with_context(told),
        },
    }
}

/// The identity of the medium in a place, which is given one if it has none: that is on disk, whole, when this
/// returns, and found again by whoever comes after a cut. The directory is made.
///
/// # Errors
/// As of [`read`], and what the disk says.
pub(crate) fn identify(place: &Path) -> Result<MediumId> {
    let context = || place.display().to_string();
    fs::create_dir_all(place).and_then(|()| sync_parent(place)).with_context(context)?;
    if let Some(known) = read(place)? {
        return Ok(known);
    }
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| anyhow!("the random generator failed"))?;
    let given = MediumId::from_octets(octets);
    store::outside("medium-identified", || {
        write_private(&place.join(FILE), format!("{given}\n").as_bytes())
    })?;
    ensure!(read(place)? == Some(given), "{}: it does not keep what is written", context());
    Ok(given)
}

/// The same, as journal and minutes tell it.
pub(crate) fn fact(id: MediumId, place: &str) -> MediumFact {
    MediumFact { id, place: plain(place).to_owned() }
}

/// A directory's name as the files in it have it.
pub(crate) fn plain(place: &str) -> &str {
    match place.trim_end_matches('/') {
        "" => place,
        plain => plain,
    }
}

/// Refuses two media with one identity: whatever is told of the one would count for the other.
///
/// # Errors
/// Which two; an identity that cannot be read.
pub(crate) fn expect_single<'a>(places: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let mut known = BTreeMap::<MediumId, (&Path, (u64, u64))>::new();
    for place in places {
        let Some(id) = read(place)? else { continue };
        let context = || place.display().to_string();
        let found = fs::metadata(place).with_context(context)?;
        // One directory may have many names.
        let directory = (found.dev(), found.ino());
        match known.insert(id, (place, directory)) {
            Some((other, its)) if its != directory => bail!(
                "{} and {} are both {id}: one was copied from the other. Take {FILE} out of the copy, and leave \
                 it in its place: it becomes a medium of its own, and is asked for when a key ends",
                other.display(),
                place.display()
            ),
            _ => {}
        }
    }
    Ok(())
}
