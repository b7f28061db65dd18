//! Files that grow by whole records: a record that was torn is cut off before the next is written.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::named_file::{Identity, NamedFile};

/// A file to which records are appended, each whole or not at all.
///
/// A write that fails half way (a full disk) leaves a torn record; it is cut off at once, or else
/// before the next record, so that one failure is the failure of one record. A file that somebody
/// else shortened, lengthened, removed or replaced meanwhile takes no more records, but for those of
/// [`AppendFile::append_unasked`], and nothing is cut off it.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    path: PathBuf,
    identity: Identity,
    /// The octets of all whole records.
    whole: u64,
    /// How many octets may follow them that are no whole record, where a write failed.
    torn: Option<u64>,
}

impl AppendFile {
    /// Opens a file, creates it durably when there is none, and cuts off what follows its whole
    /// records; `whole` says how many of the octets that are there they take.
    ///
    /// # Errors
    /// Those of the file system and of `whole`.
    pub fn open(path: &Path, whole: impl FnOnce(&mut File) -> io::Result<u64>) -> io::Result<Self> {
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path)?;
        if is_new {
            sync_directory(path)?;
        }
        let whole = whole(&mut file)?;
        if whole < file.metadata()?.len() {
            file.set_len(whole)?;
            file.sync_all()?;
        }
        Self::of(file, path, whole)
    }

    fn of(file: File, path: &Path, whole: u64) -> io::Result<Self> {
        let NamedFile { identity, .. } = NamedFile::open(&file)?;
        Ok(Self { file, path: path.to_owned(), identity, whole, torn: None })
    }

    /// Makes a file that does not exist yet.
    ///
    /// # Errors
    /// Those of the file system, and when there is one of this name. None is left behind then, unless that
    /// fails as well.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        sync_directory(path).and_then(|()| Self::of(file, path, 0)).inspect_err(|_| {
            let _ = std::fs::remove_file(path);
        })
    }

    /// Whether the file is as this left it; where it is not, it takes no more records.
    pub fn is_as_it_was(&self) -> bool {
        self.torn.is_none() && self.hold().is_ok()
    }

    /// Takes the file up again by another handle, where its medium went away and is back: there is what this
    /// left, with `last`, the record that was appended last, at the end, and no other whole record. Whoever
    /// asks has held what the file says against what it should say.
    ///
    /// # Errors
    /// Those of the file system, and when something else is there.
    pub fn take_up(&mut self, last: &[u8]) -> io::Result<()> {
        let file = OpenOptions::new().read(true).append(true).open(&self.path)?;
        let NamedFile { identity, length } = NamedFile::open(&file)?;
        let is_length = length == self.whole;
        let begins = self.whole.checked_sub(last.len() as u64);
        let mut end = vec![0; last.len()];
        let is_there = match begins.filter(|_| is_length && !last.is_empty()) {
            Some(begins) => file.read_exact_at(&mut end, begins).map(|()| end == last)?,
            None => false,
        };
        if !is_there {
            return Err(io::Error::other("another file stands in the place of the one in use"));
        }
        (self.file, self.identity) = (file, identity);
        Ok(())
    }

    /// Hands a record to the operating system. When this fails, nothing of it stays.
    ///
    /// # Errors
    /// Those of the file system, and when somebody else changed the file.
    pub fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.ask()?;
        self.append_unasked(record)
    }

    /// The same, without asking whether somebody else changed the file: for whoever asked a moment ago.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn append_unasked(&mut self, record: &[u8]) -> io::Result<()> {
        self.write(record, |_| Ok(()))
    }

    /// As [`AppendFile::append`], and waits until the record is on stable storage.
    ///
    /// # Errors
    /// As [`AppendFile::append`].
    pub fn append_durably(&mut self, record: &[u8]) -> io::Result<()> {
        self.ask()?;
        self.write(record, File::sync_data)
    }

    /// Waits until everything is on stable storage.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    fn write(
        &mut self,
        record: &[u8],
        settle: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        self.repair()?;
        self.torn = Some(record.len() as u64);
        match self.file.write_all(record).and_then(|()| settle(&self.file)) {
            Ok(()) => {
                self.whole += record.len() as u64;
                self.torn = None;
                Ok(())
            }
            Err(error) => {
                // What cannot be cut off now is cut off before the next record.
                let _ = self.repair();
                Err(error)
            }
        }
    }

    fn repair(&mut self) -> io::Result<()> {
        let Some(torn) = self.torn else { return Ok(()) };
        let length = self.file.metadata()?.len();
        if !(self.whole..=self.whole + torn).contains(&length) {
            return Err(changed(length, self.whole));
        }
        self.file.set_len(self.whole)?;
        self.file.sync_all()?;
        self.torn = None;
        Ok(())
    }

    /// Asks whether somebody else changed the file, once what a failure left is cut off.
    fn ask(&mut self) -> io::Result<()> {
        self.repair()?;
        self.hold()
    }

    /// The file under the name is still this one, and as long as its whole records.
    fn hold(&self) -> io::Result<()> {
        let named = NamedFile::at(&self.path)?;
        if named.identity != self.identity {
            return Err(io::Error::other("another file stands in the place of the one in use"));
        }
        if named.length != self.whole {
            return Err(changed(named.length, self.whole));
        }
        Ok(())
    }
}

fn changed(found: u64, whole: u64) -> io::Error {
    let rule = format!("somebody else changed it: it has {found} octets, and had {whole}");
    io::Error::other(rule)
}

/// How many octets of a text end with a line feed: its whole lines.
#[must_use]
pub fn whole_lines(text: &[u8]) -> usize {
    text.iter().rposition(|octet| *octet == b'\n').map_or(0, |at| at + 1)
}

/// A name in a directory is durable only when the directory is (POSIX fsync).
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read;

    use super::*;

    fn lines(path: &Path) -> io::Result<AppendFile> {
        AppendFile::open(path, |file| {
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            Ok(whole_lines(&text) as u64)
        })
    }

    #[test]
    fn e6_a_torn_end_is_cut_off_when_the_file_is_opened() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("records");
        fs::write(&path, "one\ntwo\nthr").expect("torn");
        lines(&path).expect("opened").append(b"three\n").expect("appended");
        assert_eq!(fs::read_to_string(&path).expect("read"), "one\ntwo\nthree\n");
    }

    #[test]
    fn e6_a_record_that_failed_half_way_leaves_nothing_and_the_next_one_is_taken() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("records");
        let mut file = lines(&path).expect("opened");
        file.append_durably(b"one\n").expect("appended");
        // What a write leaves that failed, and could not be cut off at once.
        let mut other = OpenOptions::new().append(true).open(&path).expect("there");
        other.write_all(b"tw").expect("half");
        file.torn = Some(4);
        file.append_durably(b"two\n").expect("appended");
        assert_eq!(fs::read_to_string(&path).expect("read"), "one\ntwo\n");
    }

    #[test]
    fn e6_a_file_that_was_away_is_taken_up_as_it_was_left_and_no_other() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("records");
        let with = |text: &str, torn: Option<u64>| {
            let _ = fs::remove_file(&path);
            let mut file = lines(&path).expect("opened");
            file.append(b"one\n").and_then(|()| file.append(b"two\n")).expect("appended");
            // The medium is mounted again: another file by device and inode.
            fs::rename(&path, path.with_extension("away")).expect("away");
            fs::write(&path, text).expect("back");
            file.append(b"three\n").expect_err("the old handle reaches it no more");
            // So a write leaves it that failed with the medium gone.
            file.torn = torn;
            file
        };
        for torn in [None, Some(6)] {
            let mut file = with("one\ntwo\n", torn);
            file.take_up(b"two\n").expect("it is as it was left");
            file.append(b"three\n").expect("and takes more");
            assert_eq!(fs::read_to_string(&path).expect("read"), "one\ntwo\nthree\n");
        }
        for text in ["", "one\n", "one\ntwo\nthr", "one\nsix\n", "one\ntwo\nthree\n"] {
            with(text, None).take_up(b"two\n").expect_err("it is another");
        }
        // What follows may be anybody's: a start looks at it.
        with("one\ntwo\nthr", Some(6)).take_up(b"two\n").expect_err("it is longer");
        with("one\ntwo\n", None).take_up(b"").expect_err("nothing tells that it is the same");
    }

    /// What is cut off once a write failed is no more than that write can have left.
    #[test]
    fn e2_nothing_is_cut_off_a_file_that_somebody_else_changed_before_a_write_failed() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("records");
        for changed in ["one\nand more\n", "on", ""] {
            let _ = fs::remove_file(&path);
            let mut file = lines(&path).expect("opened");
            file.append(b"one\n").expect("appended");
            fs::write(&path, changed).expect("changed");
            file.torn = Some(4);
            for append in [AppendFile::append, AppendFile::append_unasked] {
                append(&mut file, b"two\n").expect_err("it is not ours any more");
            }
            assert!(!file.is_as_it_was());
            assert_eq!(fs::read_to_string(&path).expect("read"), changed);
        }
    }

    #[test]
    fn e2_a_file_that_somebody_else_changed_takes_no_more_records() {
        let place = tempfile::tempdir().expect("a directory");
        let path = place.path().join("records");
        let changes: [fn(&Path); 4] = [
            |path| fs::write(path, "one\nand more\n").expect("longer"),
            |path| fs::write(path, "").expect("emptied"),
            |path| fs::remove_file(path).expect("removed"),
            |path| {
                fs::rename(path, path.with_extension("away")).expect("away");
                fs::write(path, "one\n").expect("replaced");
            },
        ];
        for change in changes {
            let _ = fs::remove_file(&path);
            let mut file = lines(&path).expect("opened");
            file.append(b"one\n").expect("appended");
            change(&path);
            file.append(b"two\n").expect_err("it is not ours any more");
        }
    }
}
