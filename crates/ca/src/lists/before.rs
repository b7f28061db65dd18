//! The list before: whatever it named as revoked for good stays named until it expired (RFC 5280 3.3).

use std::cmp::Ordering;
use std::io::{self, BufReader, Read};

use aws_lc_rs::digest::{Context, SHA256};
use domain::id::SerialNumber;
use domain::revocation::CERTIFICATE_HOLD_CODE;
use jiff::Timestamp;
use store::reads::ReadLists;
use store::{CrlKey, CrlRow, RevokedSnapshot, SeriesKey};
use x509::crl::{CrlEntries, CrlStream};

use super::difference::{Difference, report};
use super::reading::{in_order, listed_as};
use super::series::ListSeries;
use crate::error::Result;
use crate::generations::Generations;

/// Octets read of a list at once.
const PIECE: usize = 64 << 10;

/// The newest published list of a partition, read beside the one that follows it.
pub(super) struct Before<'a> {
    list: Option<List<'a>>,
    /// The entries that the new list has no more, or has otherwise.
    gone: Vec<Gone>,
}

struct List<'a> {
    row: CrlRow,
    stream: CrlStream<BufReader<Pieces<'a>>>,
    failed: Option<x509::Error>,
}

/// An entry of the list before that the new one does not have as it was.
struct Gone {
    serial: SerialNumber,
    code: u8,
    /// Whether the new list says something else of the same certificate.
    is_replaced: bool,
}

/// How the next entry of the list before stands to the next of the new list.
enum Standing {
    /// It is the same.
    Kept,
    /// It is of the same certificate and says something else.
    Replaced,
    /// The new list has none for this certificate.
    Gone,
    /// Its turn has not come.
    Later,
}

impl<'a> Before<'a> {
    /// The list that `next` follows: its own series', or, for the first of a generation, that of the
    /// generation before. Every list of a partition holds what all generations certified.
    pub(super) fn open(
        series: &ListSeries,
        generations: &Generations,
        rows: &'a dyn ReadLists,
        next: &CrlKey,
    ) -> Result<Self> {
        let mut newest: Option<CrlRow> = None;
        for generation in (1..=next.series.generation).rev() {
            let key = SeriesKey { generation, ..next.series.clone() };
            newest = series.published(&key)?.filter(|row| row.key != *next);
            if newest.is_some() {
                break;
            }
        }
        let Some(row) = newest else { return Ok(Self { list: None, gone: Vec::new() }) };
        let generation = generations.numbered(row.key.series.generation)?;
        let pieces = Pieces::new(rows, row.key.clone());
        let source = BufReader::with_capacity(PIECE, pieces);
        let stream = CrlStream::open(source, generation.signature)?;
        Ok(Self { list: Some(List { row, stream, failed: None }), gone: Vec::new() })
    }

    /// Passes everything up to this entry of the new list, in the order of serials.
    pub(super) fn pass(&mut self, entry: &[u8]) {
        while let Some(standing) = self.standing(Some(entry)) {
            match standing {
                Standing::Later => return,
                Standing::Kept => return self.advance(),
                Standing::Replaced => return self.keep(true),
                Standing::Gone => self.keep(false),
            }
        }
    }

    /// Whether everything that went is allowed to go: a hold by its release, and whatever expired.
    ///
    /// # Errors
    /// [`crate::Error::Store`]; also when the list before cannot be read as it was published.
    pub(super) fn gone(
        mut self,
        view: &dyn RevokedSnapshot,
        expires_from: Timestamp,
    ) -> Result<Vec<Difference>> {
        while self.standing(None).is_some() {
            self.keep(false);
        }
        if let Some(list) = self.list {
            list.finish()?;
        }
        let mut found = Vec::new();
        for gone in self.gone {
            let is_hold = gone.code == CERTIFICATE_HOLD_CODE;
            let status = view.status(&gone.serial)?;
            let is_expired = status.is_some_and(|status| status.not_after < expires_from);
            let is_listed = status.is_some_and(|status| listed_as(&status.state).is_some());
            if is_expired || is_hold && (gone.is_replaced || status.is_some() && !is_listed) {
                continue;
            }
            report(
                &mut found,
                match is_listed && !gone.is_replaced {
                    true => Difference::Missing(gone.serial),
                    false => Difference::Vanished(gone.serial),
                },
            );
        }
        Ok(found)
    }

    /// How the next entry of the list before stands to one of the new list, or to its end; nothing
    /// when there is none left.
    fn standing(&mut self, entry: Option<&[u8]>) -> Option<Standing> {
        let list = self.list.as_mut().filter(|list| list.failed.is_none())?;
        let old = match list.stream.peek_octets() {
            Ok(old) => old?,
            Err(error) => {
                list.failed = Some(error);
                return None;
            }
        };
        let Some(entry) = entry else { return Some(Standing::Gone) };
        if old == entry {
            return Some(Standing::Kept);
        }
        Some(match in_order(serial(old), serial(entry)) {
            Ordering::Less => Standing::Gone,
            Ordering::Equal => Standing::Replaced,
            Ordering::Greater => Standing::Later,
        })
    }

    /// Remembers the next entry of the list before as gone, and passes it.
    fn keep(&mut self, is_replaced: bool) {
        let Some(list) = &mut self.list else { return };
        match list.stream.peek() {
            Ok(Some(entry)) => {
                let serial = SerialNumber::from_integer(entry.serial);
                let code = entry.code.unwrap_or(0);
                self.gone.extend(serial.map(|serial| Gone { serial, code, is_replaced }));
            }
            Ok(None) => {}
            Err(error) => list.failed = Some(error),
        }
        list.stream.advance();
    }

    fn advance(&mut self) {
        if let Some(list) = &mut self.list {
            list.stream.advance();
        }
    }
}

impl List<'_> {
    /// Reads it to its end, and holds it against the SHA-256 that it was published with.
    fn finish(self) -> Result<()> {
        let Self { row, stream, failed } = self;
        if let Some(error) = failed {
            return Err(error.into());
        }
        let mut pieces = stream.into_source().into_inner();
        io::copy(&mut pieces, &mut io::sink())?;
        if pieces.digest.finish().as_ref() == row.sha256 {
            return Ok(());
        }
        let reason = "it does not have the SHA-256 it was built with".to_owned();
        let what = format!("list {} of {}", row.key.number, row.key.series.partition);
        Err(store::Error::Corrupt { what, reason }.into())
    }
}

/// The serial of an entry, as its INTEGER is on the wire; empty for what is no entry.
fn serial(entry: &[u8]) -> &[u8] {
    CrlEntries::serial_of(entry).unwrap_or_default()
}

/// A list's content as a stream, piece by piece out of the database.
struct Pieces<'a> {
    rows: &'a dyn ReadLists,
    key: CrlKey,
    next: u64,
    piece: io::Cursor<Vec<u8>>,
    digest: Context,
}

impl<'a> Pieces<'a> {
    fn new(rows: &'a dyn ReadLists, key: CrlKey) -> Self {
        let piece = io::Cursor::default();
        Self { rows, key, next: 0, piece, digest: Context::new(&SHA256) }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.piece.read(octets)?;
            if length > 0 || octets.is_empty() {
                return Ok(length);
            }
            let piece = self.rows.crl_piece(&self.key, self.next).map_err(io::Error::other)?;
            let Some(piece) = piece else { return Ok(0) };
            self.next += 1;
            self.digest.update(&piece);
            self.piece = io::Cursor::new(piece);
        }
    }
}
