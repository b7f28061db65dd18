//! The CRL reader for lists too long for memory: one entry at a time, from any source of octets.

use std::io::{ErrorKind, Read};

use aws_lc_rs::digest::{Context, Digest};
use domain::algorithm::SignatureAlgorithm;

use super::read::{CrlEntries, ReceivedEntry};
use crate::algorithm::digest_of;
use crate::der_writer::DerWriter;
use crate::error::Error;

/// Names, extensions and signatures take a few hundred octets each.
const MAX_FIELD_LENGTH: u64 = 64 << 10;
/// Entries of ours take 52 octets, those of others some more for their extensions.
const MAX_ENTRY_LENGTH: u64 = 4 << 10;
/// Octets are handed to the digest in pieces of about this size.
const PIECE_LENGTH: usize = 64 << 10;

const WHAT: &str = "CRL";

/// A list on its way through; memory does not grow with its length. Nothing in it is believed before
/// [`CrlStream::finish`] and [`super::Crl::verify_digest`].
pub struct CrlStream<R> {
    source: R,
    digest: Context,
    /// Octets of the TBSCertList that the digest has not seen.
    piece: Vec<u8>,
    /// The fields before and after the entries, headers included.
    fields: Vec<u8>,
    /// Octets that are left of the list after the TBSCertList, of the TBSCertList after the
    /// entries, and of the entries.
    left: Left,
    /// The entry that is next; empty before it is read.
    entry: Vec<u8>,
    /// Where the next element begins is no longer known.
    lost: bool,
}

#[derive(Default)]
struct Left {
    list: u64,
    tbs: u64,
    entries: u64,
}

/// The tag and length of an element.
struct Header {
    octets: Vec<u8>,
    length: u64,
}

impl<R: Read> CrlStream<R> {
    /// Reads a DER CertificateList up to its entries; `algorithm` is the one it should be signed by.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::TooLarge`] or [`Error::Source`].
    pub fn open(mut source: R, algorithm: SignatureAlgorithm) -> Result<Self, Error> {
        let outer = Header::read(&mut source)?.expect(0x30)?;
        let tbs = Header::read(&mut source)?.expect(0x30)?;
        let left = Left { list: within(outer.length, tbs.total())?, tbs: tbs.length, entries: 0 };
        let mut stream = Self {
            source,
            digest: Context::new(digest_of(algorithm)),
            piece: tbs.octets,
            fields: Vec::new(),
            left,
            entry: Vec::new(),
            lost: false,
        };
        stream.read_to_entries()?;
        Ok(stream)
    }

    /// The next entry, which stays next until [`CrlStream::advance`]; `None` after the last.
    ///
    /// # Errors
    /// As [`CrlStream::open`]; there is no going on after one.
    pub fn peek(&mut self) -> Result<Option<ReceivedEntry<'_>>, Error> {
        match self.peek_octets()? {
            Some(octets) => CrlEntries::of(octets).next().transpose(),
            None => Ok(None),
        }
    }

    /// The same as it is on the wire, not looked into: two entries that are the same octets say the
    /// same.
    ///
    /// # Errors
    /// As [`CrlStream::peek`].
    pub fn peek_octets(&mut self) -> Result<Option<&[u8]>, Error> {
        if self.entry.is_empty() {
            if self.left.entries == 0 {
                return Ok(None);
            }
            // Stays so if the entry cannot be read.
            if std::mem::replace(&mut self.lost, true) {
                return Err(Error::malformed(WHAT, "it was not readable before here"));
            }
            self.read_entry()?;
            self.lost = false;
        }
        Ok(Some(&self.entry))
    }

    fn read_entry(&mut self) -> Result<(), Error> {
        let header = Header::read(&mut self.source)?;
        self.left.entries = within(self.left.entries, header.total())?;
        self.entry.extend_from_slice(&header.octets);
        append(&mut self.source, &mut self.entry, header.length, MAX_ENTRY_LENGTH)?;
        self.piece.extend_from_slice(&self.entry);
        self.hash_from(PIECE_LENGTH);
        Ok(())
    }

    /// Passes the entry that is next.
    pub fn advance(&mut self) {
        self.entry.clear();
    }

    /// What is left of the source, wherever it stands.
    pub fn into_source(self) -> R {
        self.source
    }

    /// Reads what follows the entries. Gives the list as if it had none, for [`super::Crl::parse`],
    /// and the digest of the TBSCertList as it is, entries included.
    ///
    /// # Errors
    /// As [`CrlStream::open`]; also if an entry was not read.
    pub fn finish(mut self) -> Result<(Vec<u8>, Digest), Error> {
        if self.lost || self.left.entries > 0 || !self.entry.is_empty() {
            return Err(Error::malformed(WHAT, "entries are left"));
        }
        let before = self.fields.len();
        append(&mut self.source, &mut self.fields, self.left.tbs, MAX_FIELD_LENGTH)?;
        self.piece.extend_from_slice(&self.fields[before..]);
        self.hash_from(0);
        let mut trailer = Vec::new();
        append(&mut self.source, &mut trailer, self.left.list, MAX_FIELD_LENGTH)?;
        if self.source.read(&mut [0]).map_err(Error::Source)? != 0 {
            return Err(Error::malformed(WHAT, "octets follow it"));
        }
        let mut frame = DerWriter::with_capacity(self.fields.len() + trailer.len() + 16);
        frame.sequence(|w| {
            w.sequence(|w| w.raw(&self.fields));
            w.raw(&trailer);
        });
        Ok((frame.into_bytes(), self.digest.finish()))
    }

    /// Keeps the fields before the entries. The entries are the SEQUENCE after a time; a list
    /// without any has its extensions there, or nothing.
    fn read_to_entries(&mut self) -> Result<(), Error> {
        let mut dated = false;
        while self.left.tbs > 0 {
            let header = Header::read(&mut self.source)?;
            self.piece.extend_from_slice(&header.octets);
            if header.tag() == 0x30 && dated {
                self.left.tbs = within(self.left.tbs, header.total())?;
                self.left.entries = header.length;
                return Ok(());
            }
            self.left.tbs = within(self.left.tbs, header.octets.len() as u64)?;
            self.fields.extend_from_slice(&header.octets);
            if header.tag() == 0xa0 {
                return Ok(());
            }
            dated = matches!(header.tag(), 0x17 | 0x18);
            self.left.tbs = within(self.left.tbs, header.length)?;
            let before = self.fields.len();
            append(&mut self.source, &mut self.fields, header.length, MAX_FIELD_LENGTH)?;
            self.piece.extend_from_slice(&self.fields[before..]);
        }
        Ok(())
    }

    fn hash_from(&mut self, length: usize) {
        if self.piece.len() >= length {
            self.digest.update(&self.piece);
            self.piece.clear();
        }
    }
}

impl Header {
    fn read(source: &mut impl Read) -> Result<Self, Error> {
        let mut octets = vec![0; 2];
        fill(source, &mut octets)?;
        let count = match octets[1] {
            length @ 0..=0x7f => return Ok(Self { octets, length: u64::from(length) }),
            first @ 0x81..=0x84 => usize::from(first - 0x80),
            _ => return Err(Error::malformed(WHAT, "a length of no usual form")),
        };
        octets.resize(2 + count, 0);
        fill(source, &mut octets[2..])?;
        let length = octets[2..].iter().fold(0, |value, octet| value << 8 | u64::from(*octet));
        // The shortest form is the only one (X.690 10.1).
        if octets[2] == 0 || length < 0x80 {
            return Err(Error::malformed(WHAT, "a length that is not in its shortest form"));
        }
        Ok(Self { octets, length })
    }

    fn tag(&self) -> u8 {
        self.octets[0]
    }

    fn expect(self, tag: u8) -> Result<Self, Error> {
        match self.tag() == tag {
            true => Ok(self),
            false => Err(Error::malformed(WHAT, "no SEQUENCE where one belongs")),
        }
    }

    fn total(&self) -> u64 {
        self.octets.len() as u64 + self.length
    }
}

/// What is left of `room` after `length` octets.
fn within(room: u64, length: u64) -> Result<u64, Error> {
    let outside = || Error::malformed(WHAT, "an element longer than what it stands in");
    room.checked_sub(length).ok_or_else(outside)
}

/// Appends `length` octets of the source.
fn append(source: &mut impl Read, to: &mut Vec<u8>, length: u64, limit: u64) -> Result<(), Error> {
    if length > limit {
        let (length, limit) = (length as usize, limit as usize);
        return Err(Error::TooLarge { what: "CRL field", length, limit });
    }
    let before = to.len();
    to.resize(before + length as usize, 0);
    fill(source, &mut to[before..])
}

fn fill(source: &mut impl Read, octets: &mut [u8]) -> Result<(), Error> {
    source.read_exact(octets).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => Error::malformed(WHAT, "it ends early"),
        _ => Error::Source(error),
    })
}
