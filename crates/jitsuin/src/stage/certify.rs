//! Steps that make keys and certificates: a CA's first key, the next one, responders, servers.

use anyhow::{Context, Result};
use ca::ceremony::{FileFact, StepFacts};
use ca::{CertificationAuthority, Renewal, certification, service_request};
use domain::act::Act;
use domain::certificate::{CertificateKind, CertificateState};
use domain::id::CaId;
use keys::{KeyLabel, KeyStore, PublicKey};
use store::reads::ReadCertificates;
use x509::pem;
use x509::read::Certificate;

use super::{SystemStage, key_fact};
use crate::home::write_public;

impl SystemStage<'_> {
    /// The CA's first key, with its backup.
    pub(super) fn generate(&self, act: &Act, ca: &CaId) -> Result<StepFacts> {
        let authority = self.system.authority(ca.as_str())?;
        let (backups, backup_key) = (self.backups(), self.secret.backup_key()?);
        let make = |keys: &dyn KeyStore, label: &KeyLabel, algorithm| {
            backups.make_key(act, keys, label, algorithm, &backup_key)
        };
        let public = authority.first_key().generate(act, &make)?;
        let label: KeyLabel = format!("{ca}-ca-1").parse()?;
        Ok(StepFacts { keys: vec![key_fact(&label, &public)], ..self.with_backup(&label)? })
    }

    /// The CA's certificate for its own first key.
    pub(super) fn certify_itself(&self, act: &Act, ca: &CaId) -> Result<StepFacts> {
        let certificate = self.system.authority(ca.as_str())?.first_key().self_sign(act)?;
        Ok(StepFacts { certificates: vec![certificate], ..StepFacts::default() })
    }

    /// Key and certificate of who answers for the CA's newest key.
    pub(super) fn certify_responder(&self, act: &Act, ca: &CaId) -> Result<StepFacts> {
        let authority = self.system.authority(ca.as_str())?;
        let newest =
            authority.generations().all().pop().context("the CA has no certified key yet")?;
        let service_keys = &*self.system.machine.keys;
        let responder = authority.responders().set_up(act, &newest, service_keys)?;
        let public = service_keys.public_key(&responder.label)?;
        Ok(StepFacts {
            keys: vec![key_fact(&responder.label, &public)],
            certificates: vec![responder.certificate],
            ..StepFacts::default()
        })
    }

    /// The CA's next key, with its backup and both links.
    pub(super) fn renew(&self, act: &Act, ca: &CaId, renewal: &Renewal) -> Result<StepFacts> {
        let authority = self.system.authority(ca.as_str())?;
        let (backups, backup_key) = (self.backups(), self.secret.backup_key()?);
        let make = |keys: &dyn KeyStore, label: &KeyLabel, algorithm| {
            backups.make_key(act, keys, label, algorithm, &backup_key)
        };
        let renewed =
            authority.renewals().renew(act, renewal, &make, &*self.system.machine.keys)?;
        let generation = &renewed.generation;
        let statements = match &renewed.links {
            Some(_) => Vec::new(),
            None => {
                vec!["旧世代の署名鍵は危殆化しているため、リンク証明書は発行しない。".to_owned()]
            }
        };
        let links = renewed.links.into_iter().flat_map(|two| [two.old_with_new, two.new_with_old]);
        let public = PublicKey {
            algorithm: generation.key_algorithm,
            spki_der: generation.key.as_der().to_vec(),
        };
        Ok(StepFacts {
            keys: vec![key_fact(&generation.label, &public)],
            certificates: [renewed.self_signed].into_iter().chain(links).collect(),
            statements,
            ..self.with_backup(&generation.label)?
        })
    }

    /// A server's certificate, for the PKCS#10 request in a file.
    pub(super) fn certify_server(&self, act: &Act, ca: &CaId, request: &str) -> Result<StepFacts> {
        let authority = self.system.authority(ca.as_str())?;
        let octets = std::fs::read(request).with_context(|| request.to_owned())?;
        let der = match std::str::from_utf8(&octets) {
            Ok(text) => {
                pem::decode(pem::CERTIFICATE_REQUEST, text).with_context(|| request.to_owned())?
            }
            Err(_) => octets.clone(),
        };
        let certificate = match self.certified_before(act, authority, &der)? {
            Some(certificate) => certificate,
            None => {
                let wanted = certification(CertificateKind::TlsServer, der, None)?;
                authority.service_certificates().issue(act, &service_request(&wanted)?)?.certificate
            }
        };
        let serial = Certificate::parse(&certificate)?.tbs.serial_number();
        let serial = serial.context("the certificate has no serial of ours")?;
        let directory = self.system.home.ceremonies().join(self.ceremony.as_str());
        std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        let file = directory.join(format!("{serial}.pem"));
        let text = pem::encode(pem::CERTIFICATE, &certificate)?;
        write_public(&file, text.as_bytes())?;
        let read = FileFact { path: request.to_owned(), sha256: x509::digest::sha256(&octets) };
        let path = file.display().to_string();
        let written = FileFact { path, sha256: x509::digest::sha256(text.as_bytes()) };
        let files = vec![read, written];
        Ok(StepFacts { certificates: vec![certificate], files, ..StepFacts::default() })
    }

    /// The certificate that this step made before it was cut off.
    fn certified_before(
        &self,
        act: &Act,
        authority: &CertificationAuthority,
        request: &[u8],
    ) -> Result<Option<Vec<u8>>> {
        let request = x509::pkcs10::CertificateRequest::parse_and_verify(request)?;
        let spki = request.public_key.spki_sha256();
        let left = authority.recovery().left_open()?;
        // Nothing is signed again before the sealed journal vouches for it.
        self.system.seal()?;
        for one in left.iter().filter(|one| one.intent.spki_sha256 == spki) {
            authority.recovery().settle(act, one)?;
        }
        let row = self.system.store.certificate_for_key(&spki)?.filter(|row| {
            let is_ours = row.intent.ca == *authority.id();
            let is_server = row.intent.kind == CertificateKind::TlsServer;
            is_ours && is_server && row.state == CertificateState::Good
        });
        Ok(row.and_then(|row| row.der))
    }
}
