//! The CRL reader: the frame at once, the entries one by one, nothing of the writer's code.
//!
//! The publication gate walks a finished list with it before the list replaces another, and it
//! reads lists of others, so it is tolerant of what it does not know and strict in form.

use aws_lc_rs::digest::Digest;
use der::asn1::{Int, OctetStringRef};
use der::{Decode, Encode, Tag};
use domain::algorithm::SignatureAlgorithm;
use jiff::Timestamp;
use x509_cert::ext::pkix::crl::dp::IssuingDistributionPoint as ForeignPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName as ForeignName};

use crate::algorithm;
use crate::der_reader::{Fields, bounded, single, small_integer};
use crate::error::Error;
use crate::extension::AuthorityKeyIdentifier;
use crate::name::Name;
use crate::oid;
use crate::read::{ReceivedExtension, parse_extensions};
use crate::signature;
use crate::time;

/// The longest list accepted: twenty million entries of the largest kind.
pub const MAX_CRL_LENGTH: usize = 1 << 30;

const WHAT: &str = "CRL";

/// A list as received; nothing in it is believed before [`Crl::verify`].
#[derive(Debug, Clone)]
pub struct Crl<'a> {
    /// What was signed.
    pub tbs: &'a [u8],
    /// The version as it is encoded: 1 stands for v2; 0 if absent.
    pub version: u64,
    /// The outer signature AlgorithmIdentifier, raw; the inner one is the same.
    pub signature_algorithm: &'a [u8],
    /// The issuer.
    pub issuer: Name,
    /// When the list was made.
    pub this_update: Timestamp,
    /// When the next one is out at the latest.
    pub next_update: Option<Timestamp>,
    /// The extensions of the list.
    pub extensions: Vec<ReceivedExtension>,
    /// The signature's octets.
    pub signature: &'a [u8],
    entries: &'a [u8],
}

/// One entry as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedEntry<'a> {
    /// The serial's INTEGER content octets.
    pub serial: &'a [u8],
    /// The date of revocation or hold.
    pub revoked_at: Timestamp,
    /// The CRLReason code, if stated.
    pub code: Option<u8>,
}

/// An issuingDistributionPoint as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedDistributionPoint {
    /// Whether the extension is critical, as RFC 5280 5.2.5 wants it.
    pub critical: bool,
    /// The directoryNames of the point's full name.
    pub names: Vec<Name>,
    /// onlyContainsUserCerts.
    pub only_user_certificates: bool,
    /// onlyContainsCACerts.
    pub only_ca_certificates: bool,
    /// Whether it says anything else: some reasons, indirect, attribute certificates, or a name
    /// of another kind.
    pub restricted_otherwise: bool,
}

impl<'a> Crl<'a> {
    /// Reads a DER CertificateList without walking its entries.
    /// ```
    /// use jitsuin_x509::crl::Crl;
    ///
    /// let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/crl_reader/three-entries.der");
    /// let der = std::fs::read(seed)?;
    /// let list = Crl::parse(&der)?;
    /// assert_eq!(list.entries().filter(|entry| entry.is_ok()).count(), 3);
    /// assert!(Crl::parse(&der[1..]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`] or [`Error::TooLarge`].
    pub fn parse(der: &'a [u8]) -> Result<Self, Error> {
        bounded(WHAT, der, MAX_CRL_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, der)?;
        let tbs = fields.raw()?;
        let signature_algorithm = fields.raw()?;
        let signature = fields.bit_string()?;
        fields.finish()?;
        let crl = Self::parse_tbs(tbs, signature)?;
        if crl.signature_algorithm != signature_algorithm {
            return Err(Error::malformed(WHAT, "two different signature algorithms"));
        }
        Ok(crl)
    }

    /// Reads a TBSCertList that is not signed yet; for lints.
    pub(crate) fn parse_tbs(tbs: &'a [u8], signature: &'a [u8]) -> Result<Self, Error> {
        bounded(WHAT, tbs, MAX_CRL_LENGTH)?;
        let mut fields = Fields::of_sequence(WHAT, tbs)?;
        let version = match fields.optional(0x02)? {
            Some(version) => small_integer(version.value())
                .ok_or_else(|| Error::malformed(WHAT, "a version that is no small number"))?,
            None => 0,
        };
        let signature_algorithm = fields.raw()?;
        let issuer = Name::parse(fields.raw()?)?;
        let this_update = time::decode(fields.any()?)?;
        let next_update = match fields.optional(0x17)? {
            None => fields.optional(0x18)?,
            utc => utc,
        };
        let next_update = next_update.map(time::decode).transpose()?;
        let entries = fields.optional(0x30)?.map_or(&[][..], |list| list.value());
        let extensions = match fields.optional(0xa0)? {
            Some(wrapper) => parse_extensions(WHAT, wrapper.value())?,
            None => Vec::new(),
        };
        fields.finish()?;
        Ok(Self {
            tbs,
            version,
            signature_algorithm,
            issuer,
            this_update,
            next_update,
            extensions,
            signature,
            entries,
        })
    }

    /// The signature algorithm.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] outside the domain's closed set.
    pub fn algorithm(&self) -> Result<SignatureAlgorithm, Error> {
        algorithm::parse(self.signature_algorithm)
    }

    /// Checks the signature with the issuer's SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error::BadSignature`], or [`Error::UnsupportedAlgorithm`].
    pub fn verify(&self, issuer_spki: &[u8]) -> Result<(), Error> {
        signature::verify(WHAT, issuer_spki, self.algorithm()?, self.tbs, self.signature)
    }

    /// Checks the signature against a digest that was computed elsewhere over the TBS.
    ///
    /// # Errors
    /// As [`Crl::verify`].
    pub fn verify_digest(&self, issuer_spki: &[u8], digest: &Digest) -> Result<(), Error> {
        signature::verify_digest(WHAT, issuer_spki, digest, self.algorithm()?, self.signature)
    }

    /// The entries, read as they are asked for.
    pub fn entries(&self) -> CrlEntries<'a> {
        CrlEntries { rest: self.entries }
    }

    /// The extension `oid`, if it is there.
    pub fn extension(&self, oid: const_oid::ObjectIdentifier) -> Option<&ReceivedExtension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// cRLNumber.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not a number of at most 64 bits, as all of ours are.
    pub fn number(&self) -> Result<Option<u64>, Error> {
        let Some(extension) = self.extension(oid::CRL_NUMBER) else { return Ok(None) };
        let number =
            Int::from_der(&extension.value).map_err(|e| Error::malformed("cRLNumber", e))?;
        small_integer(number.as_bytes())
            .map(Some)
            .ok_or_else(|| Error::malformed("cRLNumber", "no number of 64 bits"))
    }

    /// authorityKeyIdentifier.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn authority_key_identifier(&self) -> Result<Option<AuthorityKeyIdentifier>, Error> {
        match self.extension(oid::AUTHORITY_KEY_IDENTIFIER) {
            Some(extension) => crate::read::parse_authority_key_identifier(&extension.value),
            None => Ok(None),
        }
    }

    /// CRL Next Publish.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn next_publish(&self) -> Result<Option<Timestamp>, Error> {
        let Some(extension) = self.extension(oid::CRL_NEXT_PUBLISH) else { return Ok(None) };
        time::decode(single("CRL Next Publish", &extension.value)?).map(Some)
    }

    /// issuingDistributionPoint, looked up by its real object identifier.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn issuing_distribution_point(&self) -> Result<Option<ReceivedDistributionPoint>, Error> {
        let Some(extension) = self.extension(oid::ISSUING_DISTRIBUTION_POINT) else {
            return Ok(None);
        };
        let refuse = |e| Error::malformed("issuingDistributionPoint", e);
        let point = ForeignPoint::from_der(&extension.value).map_err(refuse)?;
        let mut received = ReceivedDistributionPoint {
            critical: extension.critical,
            names: Vec::new(),
            only_user_certificates: point.only_contains_user_certs,
            only_ca_certificates: point.only_contains_ca_certs,
            restricted_otherwise: point.indirect_crl
                || point.only_contains_attribute_certs
                || point.only_some_reasons.is_some(),
        };
        match point.distribution_point {
            None => {}
            Some(DistributionPointName::FullName(names)) => {
                names.iter().try_for_each(|name| received.add(name))?;
            }
            Some(DistributionPointName::NameRelativeToCRLIssuer(_)) => {
                received.restricted_otherwise = true;
            }
        }
        Ok(Some(received))
    }
}

impl ReceivedDistributionPoint {
    fn add(&mut self, name: &ForeignName) -> Result<(), Error> {
        match name {
            ForeignName::DirectoryName(name) => {
                let der =
                    name.to_der().map_err(|e| Error::malformed("issuingDistributionPoint", e))?;
                self.names.push(Name::parse(&der)?);
            }
            _ => self.restricted_otherwise = true,
        }
        Ok(())
    }
}

/// The entries of a list; ends at the first malformed one, which it reports.
#[derive(Debug, Clone)]
pub struct CrlEntries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for CrlEntries<'a> {
    type Item = Result<ReceivedEntry<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.read_next();
        if entry.is_err() {
            self.rest = &[];
        }
        Some(entry)
    }
}

impl<'a> CrlEntries<'a> {
    /// The content of an entry's serial INTEGER, found without looking at anything else: entries of
    /// ours have lengths of one octet.
    pub fn serial_of(entry: &[u8]) -> Option<&[u8]> {
        match entry {
            [0x30, _, 0x02, length @ 0..=0x7f, rest @ ..] => rest.get(..usize::from(*length)),
            _ => None,
        }
    }

    /// The entries in these octets.
    pub(super) fn of(entries: &'a [u8]) -> Self {
        Self { rest: entries }
    }

    fn read_next(&mut self) -> Result<ReceivedEntry<'a>, Error> {
        const WHAT: &str = "CRL entry";
        let mut list = Fields::of_content(WHAT, self.rest)?;
        let raw = list.raw()?;
        self.rest = &self.rest[raw.len()..];
        let mut fields = Fields::of_sequence(WHAT, raw)?;
        let serial = fields.integer()?;
        let revoked_at = time::decode(fields.any()?)?;
        let code = match fields.optional_raw(0x30)? {
            Some(extensions) => read_reason(extensions)?,
            None => None,
        };
        fields.finish()?;
        Ok(ReceivedEntry { serial, revoked_at, code })
    }
}

/// The reasonCode among an entry's extensions, read without keeping them.
fn read_reason(extensions: &[u8]) -> Result<Option<u8>, Error> {
    const WHAT: &str = "reasonCode";
    let mut fields = Fields::of_sequence(WHAT, extensions)?;
    let mut code = None;
    while !fields.is_finished() {
        let mut extension = Fields::of_content(WHAT, fields.content(Tag::Sequence)?)?;
        let oid = extension.oid()?;
        extension.optional(0x01)?;
        let value = extension.raw()?;
        extension.finish()?;
        if oid != oid::REASON_CODE {
            continue;
        }
        let value = <&OctetStringRef>::from_der(value).map_err(|e| Error::malformed(WHAT, e))?;
        let reason = single(WHAT, value.as_bytes())?;
        match (reason.header().tag(), reason.value(), code) {
            (Tag::Enumerated, [octet @ 0..=10], None) => code = Some(*octet),
            _ => return Err(Error::malformed(WHAT, "not one reason of RFC 5280 5.3.1")),
        }
    }
    Ok(code)
}
