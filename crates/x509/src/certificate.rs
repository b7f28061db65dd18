//! The certificate as a draft, written to the octets that get signed (RFC 5280 4.1).

use domain::algorithm::SignatureAlgorithm;
use domain::id::SerialNumber;
use jiff::Timestamp;

pub use crate::algorithm::assemble;
use crate::algorithm::identifier;
use crate::der_writer::DerWriter;
use crate::error::Error;
use crate::extension::Extension;
use crate::name::Name;

/// A validity period; its last second belongs to it (RFC 5280 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: Timestamp,
    /// The last second.
    pub not_after: Timestamp,
}

/// Everything a certificate says. Extensions are written in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateTemplate {
    /// The serial number.
    pub serial: SerialNumber,
    /// The algorithm the issuer will sign with.
    pub signature: SignatureAlgorithm,
    /// The issuer.
    pub issuer: Name,
    /// When the certificate is valid.
    pub validity: Validity,
    /// The subject.
    pub subject: Name,
    /// The subject's public key, a DER SubjectPublicKeyInfo copied as it is.
    pub subject_public_key_info: Vec<u8>,
    /// The extensions.
    pub extensions: Vec<Extension>,
}

impl CertificateTemplate {
    /// The octets to be signed: TBSCertificate, version 3.
    ///
    /// # Errors
    /// [`Error::Draft`] if an extension comes twice (RFC 5280 4.2) or holds text its type cannot.
    pub fn to_tbs(&self) -> Result<Vec<u8>, Error> {
        self.refuse_duplicates()?;
        let mut writer = DerWriter::with_capacity(2048);
        writer.sequence(|w| {
            w.context(0, |w| w.integer(2));
            w.integer_octets(&self.serial.to_integer());
            w.raw(&identifier(self.signature));
            w.raw(self.issuer.as_der());
            w.sequence(|w| {
                w.time(self.validity.not_before);
                w.time(self.validity.not_after);
            });
            w.raw(self.subject.as_der());
            w.raw(&self.subject_public_key_info);
            if self.extensions.is_empty() {
                return Ok(());
            }
            let extensions = &self.extensions;
            w.context(3, |w| w.sequence(|w| extensions.iter().try_for_each(|e| e.write(w))))
        })?;
        Ok(writer.into_bytes())
    }

    fn refuse_duplicates(&self) -> Result<(), Error> {
        for (index, extension) in self.extensions.iter().enumerate() {
            let oid = extension.oid();
            if self.extensions[..index].iter().any(|earlier| earlier.oid() == oid) {
                let rule = format!("extension {oid} comes twice (RFC 5280 4.2)");
                return Err(Error::draft("certificate", rule));
            }
        }
        Ok(())
    }
}
