//! Which file stands under a name, and how long it is: asked before records are written and twice in each commit.
//!
//! The times of a file are not asked for. Once somebody has read them, the kernel gives the next write a
//! time stamp of its own (multigrain timestamps, Linux 6.13) and writes the inode, which costs as much as the
//! write.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Statx, StatxFlags, makedev, statx};

/// Device and inode, by which a file is told from another one of its name.
pub(crate) type Identity = (u64, u64);

/// What stands under a name, or is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedFile {
    pub(crate) identity: Identity,
    /// Octets.
    pub(crate) length: u64,
}

impl NamedFile {
    /// The file under a name; a link is followed.
    ///
    /// # Errors
    /// Those of the file system, as where there is none.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::of_answer(&statx(CWD, path, AtFlags::empty(), asked())?))
    }

    /// The file that is open.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn open(file: impl AsFd) -> io::Result<Self> {
        Ok(Self::of_answer(&statx(file, c"", AtFlags::EMPTY_PATH, asked())?))
    }

    fn of_answer(answer: &Statx) -> Self {
        let device = makedev(answer.stx_dev_major, answer.stx_dev_minor);
        Self { identity: (device, answer.stx_ino), length: answer.stx_size }
    }
}

fn asked() -> StatxFlags {
    StatxFlags::INO | StatxFlags::SIZE
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn e2_a_file_is_the_one_that_the_standard_library_finds() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("file");
        fs::write(&path, "four").expect("written");
        let known = fs::metadata(&path).expect("there");
        let named = NamedFile { identity: (known.dev(), known.ino()), length: 4 };
        assert_eq!(NamedFile::at(&path).expect("there"), named);
        assert_eq!(NamedFile::open(File::open(&path).expect("there")).expect("open"), named);
        fs::write(place.path().join("other"), "four").expect("written");
        fs::rename(place.path().join("other"), &path).expect("in its place");
        assert_ne!(NamedFile::at(&path).expect("there").identity, named.identity);
    }
}
