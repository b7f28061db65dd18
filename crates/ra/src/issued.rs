//! Whose certificate it is: one of this installation's, octet for octet, or not.

use store::reads::{ReadAuthorities, ReadCertificates};
use store::{AuthorityRow, CertificateRow};
use x509::read::Certificate;

/// What this installation knows of a certificate that somebody shows.
#[derive(Debug)]
pub enum Issued {
    /// One of its CAs issued exactly it.
    Here(Box<CertificateRow>),
    /// It bears the name of one of its CAs, and none issued it.
    Altered,
    /// Its issuer is none of its CAs.
    Elsewhere,
}

impl Issued {
    /// Looks the certificate up among those of the installation's CAs, whether they are opened or not: by
    /// issuer and serial, every octet, and the signature by the generation that issued it.
    ///
    /// # Errors
    /// Those of the store.
    pub fn look_up(
        authorities: &dyn ReadAuthorities,
        certificates: &dyn ReadCertificates,
        certificate: &Certificate,
        der: &[u8],
    ) -> store::Result<Self> {
        let keys = keys_of_issuer(authorities, certificate)?;
        let Some(ca) = keys.first().map(|key| &key.ca) else { return Ok(Self::Elsewhere) };
        let Some(serial) = certificate.tbs.serial_number() else { return Ok(Self::Altered) };
        let Some(row) = certificates.certificate(ca, &serial)? else { return Ok(Self::Altered) };
        let signer = keys.iter().find(|key| key.generation == row.intent.generation);
        let signed = signer.is_some_and(|key| certificate.verify(&key.spki).is_ok());
        if row.der.as_deref() == Some(der) && signed {
            Ok(Self::Here(Box::new(row)))
        } else {
            Ok(Self::Altered)
        }
    }
}

/// The keys, by generation, of the CA that bears the certificate's issuer name; none if none does.
fn keys_of_issuer(
    authorities: &dyn ReadAuthorities,
    certificate: &Certificate,
) -> store::Result<Vec<AuthorityRow>> {
    let issuer = certificate.tbs.issuer.as_der();
    for ca in authorities.cas()? {
        let mut keys = authorities.authorities(&ca.id)?;
        keys.retain(|key| key.name == issuer);
        if !keys.is_empty() {
            return Ok(keys);
        }
    }
    Ok(Vec::new())
}
