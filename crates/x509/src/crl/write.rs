//! The CRL writer: two passes over the entries, constant memory, any number of entries.
//!
//! DER puts lengths before contents, so the entries are walked twice: [`CrlMeasure`] counts,
//! [`CrlTbsWriter`] writes and hashes. The caller then has the digest signed and puts the
//! list together as `list_header ‖ TBS ‖ list_trailer`:
//!
//! - An RSA signature has a known length ([`crate::algorithm::signature_length`]), so the header
//!   can go into the file first, right after measuring, and everything is written in one go.
//! - An ECDSA signature varies by some octets. Write the TBS into a temporary file, sign, then
//!   write header, the file's content and trailer.
//!
//! Extensions are written in this order: authorityKeyIdentifier, cRLNumber,
//! issuingDistributionPoint (critical), CRL Next Publish. It is the order of the CRLs OpenSSL
//! makes, with the non-standard extension last.

use std::io::Write;

use aws_lc_rs::digest;
use domain::algorithm::SignatureAlgorithm;
use jiff::Timestamp;

use super::entry::{EncodedEntry, RevokedEntry};
use crate::algorithm::{digest_of, identifier};
use crate::der_writer::{DerWriter, Header, element_length, tag};
use crate::error::Error;
use crate::extension::{AuthorityKeyIdentifier, write_point_name};
use crate::name::Name;
use crate::oid;

/// Entries are handed to the digest and the sink in pieces of this size.
const PIECE_LENGTH: usize = 64 << 10;
/// Room for everything that is not an entry.
const MAX_FRAME_LENGTH: usize = 16 << 10;

/// Which certificates a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DistributionPointScope {
    /// onlyContainsUserCerts: a CRL.
    UserCertificates,
    /// onlyContainsCACerts: an ARL.
    CaCertificates,
}

/// The critical issuingDistributionPoint (RFC 5280 5.2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuingDistributionPoint {
    /// The directoryName that the certificates' cRLDistributionPoints state.
    pub name: Name,
    /// Which certificates the list is about.
    pub scope: DistributionPointScope,
}

/// Everything a CRL says but its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlTemplate {
    /// The algorithm the issuer will sign with.
    pub signature: SignatureAlgorithm,
    /// The issuer.
    pub issuer: Name,
    /// When the list was made.
    pub this_update: Timestamp,
    /// When it ends: 72 hours later (A 4.9.7, S 4-4-4-5).
    pub next_update: Timestamp,
    /// When the next one is planned: 24 hours later.
    pub next_publish: Option<Timestamp>,
    /// cRLNumber.
    pub number: u64,
    /// The key that signs.
    pub authority_key_identifier: AuthorityKeyIdentifier,
    /// The partition; `None` for a complete list.
    pub distribution_point: Option<IssuingDistributionPoint>,
}

/// A list whose lengths are known: the result of the first pass.
#[derive(Debug, Clone)]
pub struct CrlPlan {
    signature: SignatureAlgorithm,
    entry_count: u64,
    entries_length: u64,
    /// Everything before the entries, the outer header included.
    head: Vec<u8>,
    /// Everything after them.
    tail: Vec<u8>,
}

/// A TBSCertList that was written.
#[derive(Debug, Clone)]
pub struct WrittenTbs {
    /// Its length in octets.
    pub length: u64,
    /// How many entries it has.
    pub entry_count: u64,
    /// Its digest, by the template's signature algorithm; this is what is to be signed.
    pub digest: digest::Digest,
}

/// Writes a TBSCertList in both passes.
///
/// `entries` is called twice and must give the same entries in the same order both times, so it
/// should read one snapshot of the database.
///
/// # Errors
/// What [`CrlMeasure::add`] and [`CrlTbsWriter::add`] say, and [`Error::Entries`].
pub fn write_tbs<I, F>(
    template: &CrlTemplate,
    mut entries: impl FnMut() -> I,
    sink: &mut (impl Write + ?Sized),
) -> Result<WrittenTbs, Error>
where
    I: IntoIterator<Item = Result<RevokedEntry, F>>,
    F: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut measure = CrlMeasure::default();
    for entry in entries() {
        measure.add(&entry.map_err(|fault| Error::Entries(fault.into()))?)?;
    }
    let plan = measure.plan(template);
    let mut writer = plan.writer(sink)?;
    for entry in entries() {
        writer.add(&entry.map_err(|fault| Error::Entries(fault.into()))?)?;
    }
    writer.finish()
}

/// The first pass: counts and measures the entries.
#[derive(Debug, Clone, Copy, Default)]
pub struct CrlMeasure {
    entry_count: u64,
    entries_length: u64,
}

impl CrlMeasure {
    /// Counts one entry.
    ///
    /// # Errors
    /// [`Error::Draft`] for a code RFC 5280 does not know.
    pub fn add(&mut self, entry: &RevokedEntry) -> Result<(), Error> {
        entry.check()?;
        self.entries_length += EncodedEntry::length(entry) as u64;
        self.entry_count += 1;
        Ok(())
    }

    /// The list with all its lengths.
    pub fn plan(self, template: &CrlTemplate) -> CrlPlan {
        let Self { entry_count, entries_length } = self;
        let (head, tail) = frame(template, entry_count, entries_length);
        CrlPlan { signature: template.signature, entry_count, entries_length, head, tail }
    }
}

/// The second pass: writes the TBSCertList into a sink and hashes it.
pub struct CrlTbsWriter<'a, W: Write + ?Sized> {
    plan: &'a CrlPlan,
    output: HashingOutput<'a, W>,
    count: u64,
    length: u64,
}

impl<W: Write + ?Sized> CrlTbsWriter<'_, W> {
    /// Writes one entry.
    ///
    /// # Errors
    /// [`Error::EntriesChanged`] if there are more or longer ones than the first time: what is in
    /// the sink is then worthless. [`Error::Sink`] if it does not take the bytes.
    pub fn add(&mut self, entry: &RevokedEntry) -> Result<(), Error> {
        let encoded = EncodedEntry::new(entry)?;
        self.count += 1;
        self.length += encoded.as_bytes().len() as u64;
        // Stop at once rather than fill a disk with a list that cannot be right.
        if self.count > self.plan.entry_count || self.length > self.plan.entries_length {
            return Err(self.plan.changed(self.count, self.length));
        }
        self.output.put(encoded.as_bytes())
    }

    /// Writes what follows the entries.
    ///
    /// # Errors
    /// [`Error::EntriesChanged`] if there were fewer than the first time; [`Error::Sink`].
    pub fn finish(mut self) -> Result<WrittenTbs, Error> {
        if (self.count, self.length) != (self.plan.entry_count, self.plan.entries_length) {
            return Err(self.plan.changed(self.count, self.length));
        }
        self.output.put(&self.plan.tail)?;
        let digest = self.output.finish()?;
        Ok(WrittenTbs { length: self.plan.tbs_length(), entry_count: self.count, digest })
    }
}

impl CrlPlan {
    /// The length of the TBSCertList in octets.
    pub fn tbs_length(&self) -> u64 {
        self.head.len() as u64 + self.entries_length + self.tail.len() as u64
    }

    /// How many entries were counted.
    pub fn entry_count(&self) -> u64 {
        self.entry_count
    }

    /// Starts the second pass.
    ///
    /// # Errors
    /// [`Error::Sink`] if the sink does not take the head.
    pub fn writer<'a, W: Write + ?Sized>(
        &'a self,
        sink: &'a mut W,
    ) -> Result<CrlTbsWriter<'a, W>, Error> {
        let mut output = HashingOutput::new(self.signature, sink);
        output.put(&self.head)?;
        Ok(CrlTbsWriter { plan: self, output, count: 0, length: 0 })
    }

    fn changed(&self, second_count: u64, second_length: u64) -> Error {
        Error::EntriesChanged {
            first_count: self.entry_count,
            first_length: self.entries_length,
            second_count,
            second_length,
        }
    }
}

/// What stands before the TBS in a CertificateList: the outer SEQUENCE's header.
pub fn list_header(
    tbs_length: u64,
    algorithm: SignatureAlgorithm,
    signature_length: usize,
) -> Vec<u8> {
    let content = tbs_length
        + identifier(algorithm).len() as u64
        // One octet of the BIT STRING counts its unused bits.
        + element_length(signature_length as u64 + 1);
    Header::new(tag::SEQUENCE, content).as_bytes().to_vec()
}

/// What stands after the TBS in a CertificateList: algorithm and signature.
pub fn list_trailer(algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let mut writer = DerWriter::with_capacity(signature.len() + 32);
    writer.raw(&identifier(algorithm));
    writer.bit_string(signature);
    writer.into_bytes()
}

/// Everything around the entries, as (before, after).
fn frame(template: &CrlTemplate, entry_count: u64, entries_length: u64) -> (Vec<u8>, Vec<u8>) {
    let mut fields = DerWriter::with_capacity(1024);
    fields.integer(1);
    fields.raw(&identifier(template.signature));
    fields.raw(template.issuer.as_der());
    fields.time(template.this_update);
    fields.time(template.next_update);
    // An empty list has no revokedCertificates at all (RFC 5280 5.1.2.6).
    if entry_count > 0 {
        fields.raw(Header::new(tag::SEQUENCE, entries_length).as_bytes());
    }
    let fields = fields.into_bytes();
    let tail = crl_extensions(template);
    let content = fields.len() as u64 + entries_length + tail.len() as u64;
    let mut head = Header::new(tag::SEQUENCE, content).as_bytes().to_vec();
    head.extend(fields);
    (head, tail)
}

fn crl_extensions(template: &CrlTemplate) -> Vec<u8> {
    let mut writer = DerWriter::with_capacity(MAX_FRAME_LENGTH / 16);
    writer.context(0, |w| {
        w.sequence(|w| {
            let aki = &template.authority_key_identifier;
            write_extension(w, oid::AUTHORITY_KEY_IDENTIFIER, false, |w| aki.write(w));
            write_extension(w, oid::CRL_NUMBER, false, |w| w.integer(template.number));
            if let Some(point) = &template.distribution_point {
                let critical = true;
                write_extension(w, oid::ISSUING_DISTRIBUTION_POINT, critical, |w| point.write(w));
            }
            if let Some(at) = template.next_publish {
                write_extension(w, oid::CRL_NEXT_PUBLISH, false, |w| w.time(at));
            }
        });
    });
    writer.into_bytes()
}

fn write_extension(
    w: &mut DerWriter,
    oid: const_oid::ObjectIdentifier,
    critical: bool,
    value: impl FnOnce(&mut DerWriter),
) {
    w.sequence(|w| {
        w.oid(oid);
        if critical {
            w.boolean(true);
        }
        w.nested(tag::OCTET_STRING, value);
    });
}

impl IssuingDistributionPoint {
    fn write(&self, w: &mut DerWriter) {
        w.sequence(|w| {
            write_point_name(w, &self.name);
            let number = match self.scope {
                DistributionPointScope::UserCertificates => 1,
                DistributionPointScope::CaCertificates => 2,
            };
            w.context_primitive(number, &[0xff]);
        });
    }
}

/// Gathers small writes into pieces that are hashed and handed to the sink.
struct HashingOutput<'a, W: Write + ?Sized> {
    context: digest::Context,
    piece: Vec<u8>,
    sink: &'a mut W,
}

impl<'a, W: Write + ?Sized> HashingOutput<'a, W> {
    fn new(signature: SignatureAlgorithm, sink: &'a mut W) -> Self {
        let context = digest::Context::new(digest_of(signature));
        Self { context, piece: Vec::with_capacity(PIECE_LENGTH + MAX_FRAME_LENGTH), sink }
    }

    fn put(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.piece.extend_from_slice(octets);
        if self.piece.len() >= PIECE_LENGTH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.context.update(&self.piece);
        self.sink.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<digest::Digest, Error> {
        self.flush()?;
        self.sink.flush()?;
        Ok(self.context.finish())
    }
}
