//! The program's own TLS certificate: made at set-up, and renewed by itself before it ends or when it
//! no longer fits, so that whoever trusted the CA once goes on reaching the server.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ca::{CertificationAuthority, ServiceRequest};
use domain::certificate::{CertificateKind, CertificateState};
use domain::lifetime::is_due;
use jiff::Timestamp;
use store::{CertificateRow, Store};
use x509::general_name::GeneralName;
use x509::pem;
use x509::read::Certificate;
use zeroize::Zeroizing;

use crate::credentials::ServiceKey;
use crate::home::{Home, write_private, write_public};
use crate::system::System;

/// What the server shows, PEM.
#[derive(PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// Its certificate first, then what leads to a root that clients know.
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Zeroizing<Vec<u8>>,
}

impl TlsFiles {
    /// What was certified last; nothing before the first time.
    ///
    /// The key lies in one file with its certificates, so that a cut leaves no pair that does not
    /// fit. An earlier program wrote them apart.
    pub(crate) fn read(home: &Home) -> Result<Option<Self>> {
        let path = home.tls().join("server.key");
        if !path.exists() {
            return Ok(None);
        }
        let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
        let key = Zeroizing::new(read(&path)?);
        let begin = format!("-----BEGIN {}-----", pem::CERTIFICATE);
        let text = std::str::from_utf8(&key).context("server.key")?;
        let chain = match text.find(&begin) {
            Some(at) => key[at..].to_vec(),
            None => read(&home.tls().join("server.pem"))?,
        };
        Ok(Some(Self { chain, key }))
    }

    /// The server's own certificate.
    pub(crate) fn certificate(&self) -> Result<Certificate> {
        let text = std::str::from_utf8(&self.chain).context("server.pem")?;
        let end = format!("-----END {}-----\n", pem::CERTIFICATE);
        let first = text.find(&end).map_or(text, |at| &text[..at + end.len()]);
        Ok(Certificate::parse(&pem::decode(pem::CERTIFICATE, first)?)?)
    }
}

impl System {
    /// Has the server certified where it is not yet, or where its certificate is about to end, was
    /// revoked, or is not for the names of the configuration. Whether a new certificate was made.
    ///
    /// While the CAs' keys sleep, what is there serves on, even beyond its end.
    pub(crate) fn keep_tls(&self) -> Result<bool> {
        let files = TlsFiles::read(&self.home)?;
        if let Some(files) = &files
            && (self.tls_is_due(files)?.is_none() || !self.custody.is_active())
        {
            return Ok(false);
        }
        let authority = self.tls_issuer(files.as_ref())?;
        let (key, certificate) = self.certified(&authority)?;
        let (chain, roots) = paths(&authority, &certificate, self.now())?;
        let tls = self.home.tls();
        let chain = in_pem(&chain)?;
        let both = Zeroizing::new([key.pem()?.as_str(), &chain].concat());
        // The roots first: nobody is shown what they cannot verify. The key's file decides.
        write_public(&tls.join("ca.pem"), in_pem(&roots)?.as_bytes())?;
        write_private(&tls.join("server.key"), both.as_bytes())?;
        write_public(&tls.join("server.pem"), chain.as_bytes())?;
        std::fs::remove_file(self.next_key())?;
        tracing::info!(ca = %authority.id(), "the server has a new TLS certificate");
        Ok(true)
    }

    /// Why another certificate is needed, if one is.
    pub(crate) fn tls_is_due(&self, files: &TlsFiles) -> Result<Option<String>> {
        let certificate = files.certificate()?;
        let ends = certificate.tbs.validity.not_after;
        if is_due(self.now(), ends) {
            return Ok(Some(format!("it ends {ends}")));
        }
        let names = |names: Vec<GeneralName>| -> BTreeSet<String> {
            names.iter().map(|name| format!("{name:?}")).collect()
        };
        if names(certificate.tbs.subject_alt_names()?) != names(self.tls_names()) {
            return Ok(Some("it is not for the names and addresses of the configuration".into()));
        }
        let spki = certificate.tbs.public_key()?.spki_sha256();
        let row = self.store.certificate_for_key(&spki)?;
        let is_good = row.is_none_or(|row| row.state == CertificateState::Good);
        Ok((!is_good).then(|| "it was revoked".to_owned()))
    }

    fn tls_names(&self) -> Vec<GeneralName> {
        let names = self.config.listen.host_names.iter().cloned().map(GeneralName::Dns);
        names.chain(self.tls_addresses().into_iter().map(GeneralName::IpAddress)).collect()
    }

    fn tls_addresses(&self) -> Vec<IpAddr> {
        let listen = &self.config.listen;
        let all = [listen.api, listen.repository, listen.ldap, listen.ldaps];
        let distinct: BTreeSet<IpAddr> = all.iter().map(SocketAddr::ip).collect();
        distinct.into_iter().collect()
    }

    /// The CA that certified the server first, which is the one that clients trust for it.
    fn tls_issuer(&self, files: Option<&TlsFiles>) -> Result<Arc<CertificationAuthority>> {
        if let Some(files) = files {
            let spki = files.certificate()?.tbs.public_key()?.spki_sha256();
            if let Some(row) = self.store.certificate_for_key(&spki)? {
                return Ok(self.authority(row.intent.ca.as_str())?.clone());
            }
        }
        let mut founded = self.authorities.values().filter(|one| !one.generations().is_empty());
        founded.next().cloned().context("at least one CA")
    }

    /// A key of the server, and its certificate. The key is on disk before it is certified, so that
    /// a cut leaves no certificate whose key is nowhere.
    fn certified(&self, authority: &CertificationAuthority) -> Result<(ServiceKey, Vec<u8>)> {
        let path = self.next_key();
        if !path.exists() {
            write_private(&path, ServiceKey::new()?.pem()?.as_bytes())?;
        }
        let key = ServiceKey::read(&path)?;
        let spki = key.spki()?;
        let known = self.store.certificate_for_key(&x509::fingerprint::sha256(&spki))?;
        match known {
            None => {
                let request = ServiceRequest {
                    kind: CertificateKind::TlsServer,
                    common_name: self.config.listen.host_names[0].clone(),
                    spki,
                    dns_names: self.config.listen.host_names.clone(),
                    addresses: self.tls_addresses(),
                };
                let issued = authority.issue_to_service(&self.act("tls-renewal")?, &request)?;
                Ok((key, issued.certificate))
            }
            Some(CertificateRow { state: CertificateState::Good, der: Some(der), .. }) => {
                Ok((key, der))
            }
            Some(CertificateRow { state: CertificateState::Intended, .. }) => {
                bail!("its certificate is being settled")
            }
            Some(_) => {
                std::fs::remove_file(&path)?;
                bail!("what a cut left was revoked: it gets another key")
            }
        }
    }

    /// A key that is to be certified next.
    fn next_key(&self) -> PathBuf {
        self.home.tls().join("next.key")
    }
}

/// Certificates, DER.
type Certificates = Vec<Vec<u8>>;

/// The chain from the server's certificate to the oldest root that has not ended, by the links of key
/// renewals (A 5.6), and all roots that have not.
fn paths(
    authority: &CertificationAuthority,
    certificate: &[u8],
    now: Timestamp,
) -> Result<(Certificates, Certificates)> {
    let mut chain = vec![certificate.to_vec()];
    let leaf = Certificate::parse(certificate)?;
    let generations = authority.generations();
    let alive = generations.iter().filter(|one| now <= one.ends);
    let roots = alive.map(|one| authority.self_signed_certificate(one));
    let is_signer = |one: &&Arc<ca::Generation>| leaf.verify(one.key.as_der()).is_ok();
    let signer = generations.iter().find(is_signer).context("the key that signed it")?;
    for generation in generations.iter().rev().filter(|one| one.number <= signer.number) {
        match authority.new_with_old(generation)? {
            Some(link) => chain.push(link),
            None => break,
        }
    }
    Ok((chain, roots.collect::<ca::Result<_>>()?))
}

fn in_pem(certificates: &[Vec<u8>]) -> Result<String> {
    let texts = certificates.iter().map(|der| pem::encode(pem::CERTIFICATE, der));
    Ok(texts.collect::<Result<Vec<_>, _>>()?.concat())
}
