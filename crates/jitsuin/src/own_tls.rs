//! The program's own TLS certificate: made at set-up, and renewed by itself before it ends or when it
//! no longer fits, so that whoever trusted the CA once goes on reaching the server.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use ca::{CertificationAuthority, ServiceRequest};
use domain::certificate::{CertificateKind, CertificateState};
use domain::id::{OperationId, SystemOperation};
use domain::journal::EventKind;
use domain::lifetime::is_due;
use domain::rule::{ColonHex, OfTheInstallation};
use jiff::Timestamp;
use store::reads::{ReadCertificates, ReadWindows};
use store::{CertificateRow, Change, Entry, Store, Unit};
use x509::digest::sha256;
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

/// At whose word the server is certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// That of the custodians, by their names, who came and were told the names: for those of the
    /// configuration.
    Custodians(String),
    /// The program's own: for no other names than people had it certified for before.
    Own,
}

impl System {
    /// Has the server certified where it is not yet, or where its certificate is about to end, was
    /// revoked, or is not for the names of the configuration. Whether a new certificate was made.
    ///
    /// Other names are certified at the custodians' word alone: the configuration is a file that one
    /// person can write (A 5.2.2). While the CAs' keys sleep, what is there serves on, even beyond its
    /// end.
    pub(crate) fn keep_tls(&self, word: &Word) -> Result<bool> {
        let files = match TlsFiles::read(&self.home) {
            // At the custodians' word what a cut or a disk spoilt is made anew.
            Err(_) if matches!(word, Word::Custodians(_)) => None,
            read => read?,
        };
        // A cut between the certificate and its file: the certificate is there, whoever comes.
        let is_cut = self.is_next_certified()?;
        if *word == Word::Own && !is_cut && self.why_not_alone(files.as_ref())?.is_some() {
            return Ok(false);
        }
        let own = files.as_ref().map(|files| self.own_certificate(files)).transpose()?.flatten();
        if let Some(own) = &own
            && !is_cut
            && (self.tls_is_due(own)?.is_none() || !self.custody.is_active())
        {
            let files = files.as_ref().context("the files")?;
            self.keep_public_files(own, &files.chain)?;
            return Ok(false);
        }
        let authority = self.tls_issuer(own.as_ref())?;
        let (key, certificate) = self.certified(&authority, word)?;
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

    /// Whether no key of the server was ever made here.
    pub(crate) fn was_never_certified(&self) -> Result<bool> {
        Ok(self.store.operation(&made(0)?)?.is_none())
    }

    /// Writes again what lies there for others to copy, where it is not what it was.
    fn keep_public_files(&self, own: &CertificateRow, chain: &[u8]) -> Result<()> {
        let authority = self.tls_issuer(Some(own))?;
        let der = own.der.as_deref().context("a certificate that exists")?;
        let roots = in_pem(&paths(&authority, der, self.now())?.1)?;
        for (name, text) in [("ca.pem", roots.as_bytes()), ("server.pem", chain)] {
            let path = self.home.tls().join(name);
            if std::fs::read(&path).ok().as_deref() != Some(text) {
                write_public(&path, text)?;
            }
        }
        Ok(())
    }

    /// The keys of the server by their SHA-256, in the order in which they were made.
    fn keys_made(&self) -> Result<Vec<Vec<u8>>> {
        let mut keys = Vec::new();
        while let Some(key) = self.store.operation(&made(keys.len())?)? {
            keys.push(key);
        }
        Ok(keys)
    }

    /// The newest of the server's keys that was certified, and its certificate: what it was certified
    /// for last counts, and nothing before.
    fn certified_last(&self) -> Result<Option<CertificateRow>> {
        for key in self.keys_made()?.iter().rev() {
            let key = key.as_slice().try_into().context("the digest of a key")?;
            let row = self.store.certificate_for_key(&key)?;
            if row.as_ref().is_some_and(|row| row.der.is_some()) {
                return Ok(row);
            }
        }
        Ok(None)
    }

    /// Whether the key that was made last lies beside the server's, and is certified.
    fn is_next_certified(&self) -> Result<bool> {
        let path = self.next_key();
        if !path.exists() {
            return Ok(false);
        }
        let Ok(key) = ServiceKey::read(&path) else { return Ok(false) };
        let row = self.store.certificate_for_key(&sha256(&key.spki()?))?;
        Ok(self.is_newest(&key)? && row.is_some_and(|row| row.der.is_some()))
    }

    /// Whether it is the key that was made last.
    fn is_newest(&self, key: &ServiceKey) -> Result<bool> {
        Ok(self.keys_made()?.last().map(Vec::as_slice) == Some(&sha256(&key.spki()?)[..]))
    }

    /// The server's certificate as the database has it, if the key in the files is the one that was
    /// certified last: another's certificate, an applicant's say, is none of the server's whatever lies
    /// there, and neither is an earlier one of its own.
    fn own_certificate(&self, files: &TlsFiles) -> Result<Option<CertificateRow>> {
        let Ok(key) = ServiceKey::of_pem(&files.key) else { return Ok(None) };
        let spki = key.spki()?;
        if spki != files.certificate()?.tbs.subject_public_key_info {
            return Ok(None);
        }
        let last = self.certified_last()?;
        Ok(last.filter(|row| {
            row.intent.kind == CertificateKind::TlsServer && row.intent.spki_sha256 == sha256(&spki)
        }))
    }

    /// Why the program does not certify itself by its own word, if it does not: the names of the
    /// configuration are not those that it was certified for, as the database has it, or people revoked
    /// its certificate, who decide what comes after (A 5.2.1.1(6), 5.2.2).
    pub(crate) fn why_not_alone(&self, files: Option<&TlsFiles>) -> Result<Option<String>> {
        const CURE: &str = "the custodians certify them, who say each: `jitsuin init --custodian ID=FILE ... \
                            --server-name NAME ...`";
        let Some(files) = files else {
            return Ok(Some(format!("the server was not certified yet: {CURE}")));
        };
        let own = self.own_certificate(files)?;
        if own.as_ref().is_some_and(|own| own.state != CertificateState::Good) {
            return Ok(Some(format!("the server's certificate was revoked: {CURE}")));
        }
        let Some(der) = own.and_then(|row| row.der) else {
            let rule = "the key in data/tls is not the one that was certified for it last";
            return Ok(Some(format!("{rule}: {CURE}")));
        };
        let certified = Certificate::parse(&der)?.tbs.subject_alt_names()?;
        let (certified, wanted) = (name_set(&certified), name_set(&self.tls_names()));
        let text = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        Ok((certified != wanted).then(|| {
            let (certified, wanted) = (text(&certified), text(&wanted));
            format!("the server is certified for {certified}, and configured for {wanted}: {CURE}")
        }))
    }

    /// Why another certificate is needed than `own`, if one is.
    fn tls_is_due(&self, own: &CertificateRow) -> Result<Option<String>> {
        let der = own.der.as_deref().context("a certificate that exists")?;
        let certificate = Certificate::parse(der)?;
        let (begins, ends) =
            (certificate.tbs.validity.not_before, certificate.tbs.validity.not_after);
        if is_due(self.now(), begins, ends) {
            return Ok(Some(format!("it is good from {begins} to {ends}")));
        }
        if name_set(&certificate.tbs.subject_alt_names()?) != name_set(&self.tls_names()) {
            return Ok(Some("it is not for the names and addresses of the configuration".into()));
        }
        Ok((own.state != CertificateState::Good).then(|| "it was revoked".to_owned()))
    }

    /// The names that the server is to be certified for, in words.
    pub(crate) fn tls_names_told(&self) -> String {
        name_set(&self.tls_names()).into_iter().collect::<Vec<_>>().join(", ")
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
    fn tls_issuer(&self, own: Option<&CertificateRow>) -> Result<Arc<CertificationAuthority>> {
        if let Some(own) = own {
            return Ok(self.authority(own.intent.ca.as_str())?.clone());
        }
        let mut founded =
            self.authorities.values().filter(|one| !one.generations().all().is_empty());
        founded.next().cloned().context("at least one CA")
    }

    /// A key of the server, and its certificate. The key is on disk before it is certified, so that
    /// a cut leaves no certificate whose key is nowhere; and an entry tells of it before it is on disk,
    /// so that no key is certified which somebody else put there.
    fn certified(
        &self,
        authority: &CertificationAuthority,
        word: &Word,
    ) -> Result<(ServiceKey, Vec<u8>)> {
        let path = self.next_key();
        // What cannot be read as a key is none, and gets a successor as a stranger's does.
        let found = ServiceKey::read(&path).ok();
        let key = match found {
            Some(key) if self.is_newest(&key)? => key,
            _ => {
                let key = ServiceKey::new()?;
                let act = self.act("tls-renewal")?;
                let told = Entry::new(EventKind::KeyGenerated, &act)
                    .subject("tls-server")
                    .detail("spki_sha256", ColonHex(&sha256(&key.spki()?)))
                    .detail("names", OfTheInstallation(&self.tls_names_told()));
                let told = match word {
                    Word::Custodians(names) => told.detail("custodians", OfTheInstallation(names)),
                    Word::Own => told,
                };
                let number = self.keys_made()?.len();
                let answer = sha256(&key.spki()?).to_vec();
                let unit =
                    Unit::new(told).change(Change::RecordOperation { id: made(number)?, answer });
                self.store.commit(unit)?;
                write_private(&path, key.pem()?.as_bytes())?;
                key
            }
        };
        let spki = key.spki()?;
        let known = self.store.certificate_for_key(&sha256(&spki))?;
        match known {
            None => {
                let request = ServiceRequest {
                    kind: CertificateKind::TlsServer,
                    common_name: self.config.listen.host_names[0].clone(),
                    spki,
                    dns_names: self.config.listen.host_names.clone(),
                    addresses: self.tls_addresses(),
                };
                let issued =
                    authority.service_certificates().issue(&self.act("tls-renewal")?, &request)?;
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

/// The operation under which it is noted that the program made a key of the server, by how many came
/// before it.
fn made(number: usize) -> Result<OperationId> {
    Ok(OperationId::of_system(SystemOperation::ServerKeyMade, &number.to_string())?)
}

fn name_set(names: &[GeneralName]) -> BTreeSet<String> {
    let text = |name: &GeneralName| match name {
        GeneralName::Dns(name) => name.clone(),
        GeneralName::IpAddress(address) => address.to_string(),
        other => format!("{other:?}"),
    };
    names.iter().map(text).collect()
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
    let generations = authority.generations().all();
    let alive = generations.iter().filter(|one| now <= one.ends);
    let roots = alive.map(|one| authority.generations().self_signed_certificate(one));
    let is_signer = |one: &&Arc<ca::Generation>| leaf.verify(one.key.as_der()).is_ok();
    let signer = generations.iter().find(is_signer).context("the key that signed it")?;
    for generation in generations.iter().rev().filter(|one| one.number <= signer.number) {
        match authority.generations().new_with_old(generation)? {
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
