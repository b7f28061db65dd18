//! Credentials that set-up hands to people: the first verifier, the first two people.

use std::path::Path;

use anyhow::{Context, Result};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use domain::algorithm::SignatureAlgorithm;
use domain::id::SerialNumber;
use domain::journal::EventKind;
use domain::lifetime::is_due;
use domain::name::{Attribute, AttributeKind, DistinguishedName};
use domain::rule::ColonHex;
use domain::validity;
use store::reads::ReadVerifiers;
use store::{Change, Entry, Store, Unit, VerifierRow};
use web::desk::Principal;
use web::hashing::{self, Caller};
use web::wire::SecretText;
use x509::certificate::{CertificateTemplate, Validity, assemble};
use x509::extension::{AuthorityKeyIdentifier, Extension, ExtensionValue, KeyUsage};
use x509::name::Name;
use x509::pem;
use x509::public_key::SpkiInfo;
use x509::read::Certificate;
use zeroize::Zeroizing;

use crate::cli::FirstPeople;
use crate::home::{write_private, write_public};
use crate::random::random_text;
use crate::system::System;

/// A password or token that a person types or pastes: 24 of 32 characters are 120 bits.
const SECRET_LENGTH: usize = 24;

/// The hash of a password that the program drew.
pub(crate) fn hashed(password: &str) -> Result<String> {
    hashing::hash(Caller::Known, password)?.context("no randomness for a salt")
}

impl System {
    /// Registers a verifier with a password for the directory and a request-signing certificate,
    /// and writes both for it into the directory of what is handed out.
    pub(crate) fn add_verifier(&self, id: &str) -> Result<()> {
        let password = random_text(SECRET_LENGTH)?;
        let row = VerifierRow {
            id: id.parse()?,
            name: id.to_owned(),
            bind_dn: format!("CN={id},OU=Verifiers,O=JPKI,C=JP"),
            password_hash: hashed(&password)?,
            request_certificate: self.hand_out_request_certificate(id)?,
            former_certificate: None,
            may_query_ocsp: true,
            may_read_crl: true,
        };
        // The files first: a row whose secret nobody was handed could not be used, nor made again.
        let place = self.home.handed_out();
        write_private(&place.join(format!("{id}.password")), password.as_bytes())?;
        self.put_verifier(row)
    }

    /// Registers a verifier anew, and has the journal tell by which certificates it is known.
    fn put_verifier(&self, row: VerifierRow) -> Result<()> {
        let names = ["certificate_sha256", "former_certificate_sha256"];
        let entry =
            Entry::new(EventKind::VerifierRegistered, &self.act("set-up")?).subject(&row.id);
        let entry = names.into_iter().zip(row.certificates()).fold(entry, |entry, (name, der)| {
            entry.detail(name, ColonHex(&x509::digest::sha256(der)))
        });
        self.store.commit(Unit::new(entry).change(Change::PutVerifier(Box::new(row))))?;
        Ok(())
    }

    /// Hands out another key and request-signing certificate to each verifier whose own is about to
    /// end or has ended; who they are and may do stays. The one it had is answered beside the other until
    /// it ends: the verifier is a server elsewhere, which takes the other up when its people come to it.
    pub(crate) fn renew_verifiers(&self) -> Result<()> {
        for row in self.store.verifiers()? {
            let validity = Certificate::parse(&row.request_certificate)?.tbs.validity;
            if !is_due(self.now(), validity.not_before, validity.not_after) {
                continue;
            }
            let certificate = self.hand_out_request_certificate(row.id.as_str())?;
            // One that has not begun was made by a clock that was ahead: what is in use is the other.
            let row = match self.now() < validity.not_before {
                true => row.with_newest(certificate),
                false => row.with_successor(certificate),
            };
            self.put_verifier(row)?;
        }
        Ok(())
    }

    /// A key of a verifier with its certificate, written for it; the certificate.
    fn hand_out_request_certificate(&self, id: &str) -> Result<Vec<u8>> {
        let key = ServiceKey::new()?;
        let certificate = key.self_signed(id, self.now())?;
        let place = self.home.handed_out();
        write_private(&place.join(format!("{id}.key")), key.pem()?.as_bytes())?;
        let text = pem::encode(pem::CERTIFICATE, &certificate)?;
        write_public(&place.join(format!("{id}.pem")), text.as_bytes())?;
        Ok(certificate)
    }

    /// Registers the first two people, and writes for each the secret of their enrolment into what
    /// is handed out. Where there ever was anybody nothing happens: there is no back door. Whether it
    /// did anything.
    pub(crate) fn register_first_people(&self, first: &FirstPeople) -> Result<bool> {
        let desk = self.desk_without_windows();
        if desk.first_people().are_registered()? {
            return Ok(false);
        }
        let (manager, senior) = (first.manager.parse()?, first.senior_operator.parse()?);
        let secrets =
            [self.enrolment_file(&first.manager), self.enrolment_file(&first.senior_operator)];
        let [for_manager, for_senior] = secrets;
        let (for_manager, for_senior) = (for_manager?, for_senior?);
        let program = Principal::program(self.act("set-up")?);
        desk.first_people().register(&program, (&manager, &for_manager), (&senior, &for_senior))?;
        Ok(true)
    }

    /// A fresh secret, written before its row: nobody could come in with what nobody was handed.
    fn enrolment_file(&self, id: &str) -> Result<SecretText> {
        let secret = SecretText::new(random_text(SECRET_LENGTH)?);
        let file = self.home.handed_out().join(format!("{id}.enrolment"));
        write_private(&file, secret.expose().as_bytes())?;
        Ok(secret)
    }
}

/// A key pair of a server or verifier outside the CA's key store.
pub(crate) struct ServiceKey(RsaKeyPair);

impl ServiceKey {
    /// The key in a file, PKCS#8 in PEM.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = Zeroizing::new(std::fs::read(path)?);
        Self::of_pem(&text).with_context(|| path.display().to_string())
    }

    /// The key in a text, PKCS#8 in PEM, before whatever follows it.
    pub(crate) fn of_pem(text: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(text).context("no text")?;
        let der = Zeroizing::new(pem::decode("PRIVATE KEY", text)?);
        RsaKeyPair::from_pkcs8(&der).map(Self).map_err(|_| anyhow::anyhow!("no key"))
    }

    pub(crate) fn new() -> Result<Self> {
        RsaKeyPair::generate(KeySize::Rsa2048)
            .map(Self)
            .map_err(|_| anyhow::anyhow!("no key could be made"))
    }

    pub(crate) fn spki(&self) -> Result<Vec<u8>> {
        let der = self.0.public_key().as_der().map_err(|_| anyhow::anyhow!("no public key"))?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn pem(&self) -> Result<Zeroizing<String>> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| anyhow::anyhow!("no private key"))?;
        Ok(Zeroizing::new(pem::encode("PRIVATE KEY", der.as_ref())?))
    }

    /// A certificate of its own for signing OCSP requests; the register pins it, whoever issued it.
    fn self_signed(&self, common_name: &str, now: jiff::Timestamp) -> Result<Vec<u8>> {
        let name = Name::write(&DistinguishedName(vec![
            Attribute::new(AttributeKind::Country, "JP"),
            Attribute::new(AttributeKind::CommonName, common_name),
        ]))?;
        let mut serial = [0; 16];
        aws_lc_rs::rand::fill(&mut serial)
            .map_err(|_| anyhow::anyhow!("the random generator failed"))?;
        let period = validity::for_years(now, 5)?;
        let spki = self.spki()?;
        let own = SpkiInfo::parse(&spki)?.key_identifier().to_vec();
        // RFC 5280 4.2.1.1, 4.2.1.2: both are expected in whatever is no CA's.
        let extensions = vec![
            Extension::critical(ExtensionValue::KeyUsage(KeyUsage::DIGITAL_SIGNATURE)),
            Extension::non_critical(ExtensionValue::SubjectKeyIdentifier(own.clone())),
            Extension::non_critical(ExtensionValue::AuthorityKeyIdentifier(
                AuthorityKeyIdentifier { key_identifier: own, issuer_and_serial: None },
            )),
        ];
        let algorithm = SignatureAlgorithm::RsaSha256;
        let tbs = CertificateTemplate {
            serial: SerialNumber::from_random(serial).context("the random generator failed")?,
            signature: algorithm,
            issuer: name.clone(),
            validity: Validity { not_before: period.not_before, not_after: period.not_after },
            subject: name,
            subject_public_key_info: spki,
            extensions,
        }
        .to_tbs()?;
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &tbs, &mut signature)
            .map_err(|_| anyhow::anyhow!("no signature"))?;
        Ok(assemble(&tbs, algorithm, &signature))
    }
}
