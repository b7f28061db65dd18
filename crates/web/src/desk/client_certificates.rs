//! Client certificates of people: what they must be to be registered, and whether they still hold.
//!
//! A certificate opens no more than its issuer would have it open: one of this installation's CAs is
//! looked up, and one of another issuer on that issuer's list, where the operator has named one.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use domain::certificate::CertificateState;
use domain::rule;
use domain::rule::Rule;
use domain::staff::MAX_TOKEN_DAYS;
use jiff::Timestamp;
use ra::Issued;
use x509::crl::Crl;
use x509::extension::KeyUsage;
use x509::fingerprint::sha256;
use x509::oid;
use x509::path::{self, Anchor, Budget, Listing, Question, Reader};
use x509::public_key::SpkiInfo;
use x509::read::Certificate;
use x509::{key_check, pem};

use super::entrance::unproven;
use super::{Desk, credentials};
use crate::problem::Problem;

/// The field of a registration.
const FIELD: &str = "certificate_pem";

/// An issuer of client certificates that is none of this installation's CAs.
#[derive(Debug)]
pub struct ForeignIssuer {
    anchor: Anchor,
    list: PathBuf,
    read: Mutex<ReadList>,
}

/// What a list said, by the SHA-256 of the certificate, while the file is the same one.
#[derive(Debug, Default)]
struct ReadList {
    changed: Option<SystemTime>,
    said: HashMap<[u8; 32], Said>,
}

/// What a list says of a certificate, and until when it says so.
#[derive(Debug, Clone, Copy)]
struct Said {
    listed: bool,
    until: Timestamp,
}

impl ForeignIssuer {
    /// The issuer by its self-signed certificate, DER or PEM, and where its revocation list lies, DER
    /// or PEM: a file that the operator keeps fresh.
    ///
    /// # Errors
    /// What is wrong with the certificate.
    pub fn new(certificate: Vec<u8>, list: PathBuf) -> Result<Self, String> {
        let der = der_of(pem::CERTIFICATE, certificate)?;
        let certificate = Certificate::parse(&der).map_err(|error| error.to_string())?;
        let anchor = Anchor::from_self_signed(&certificate).map_err(|error| error.to_string())?;
        Ok(Self { anchor, list, read: Mutex::default() })
    }

    fn issued(&self, certificate: &Certificate) -> bool {
        self.anchor.name == certificate.tbs.issuer && certificate.verify(&self.anchor.spki).is_ok()
    }

    /// Refuses a certificate that the list has, and every one while there is no list that holds.
    fn expect_unlisted(
        &self,
        certificate: &Certificate,
        der: &[u8],
        now: Timestamp,
    ) -> Result<(), Rule> {
        let cannot = |error: &dyn std::fmt::Display| {
            Rule::from("its issuer's list cannot be read").telling(error)
        };
        let changed = fs::metadata(&self.list).and_then(|file| file.modified());
        let changed = changed.map_err(|error| cannot(&error))?;
        let digest = sha256(der);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.changed != Some(changed) {
            *read = ReadList { changed: Some(changed), said: HashMap::new() };
        }
        let said = match read.said.get(&digest).filter(|said| now <= said.until) {
            Some(said) => *said,
            None => {
                let octets = fs::read(&self.list).map_err(|error| cannot(&error))?;
                let said = self.said(certificate, octets, now)?;
                read.said.insert(digest, said);
                said
            }
        };
        if said.listed { Err("its issuer has revoked it".into()) } else { Ok(()) }
    }

    fn said(&self, certificate: &Certificate, list: Vec<u8>, now: Timestamp) -> Result<Said, Rule> {
        let unfit = |error: &dyn std::fmt::Display| {
            Rule::from("its issuer's list does not hold").telling(error)
        };
        let der = der_of(pem::CRL, list).map_err(|error| unfit(&error))?;
        let list = Crl::parse(&der).map_err(|error| unfit(&error))?;
        let question = Question {
            at: now,
            anchors: std::slice::from_ref(&self.anchor),
            intermediates: &[],
            reader: Reader::ByKey,
            purpose: Some(oid::CLIENT_AUTH),
            budget: Budget::default(),
        };
        let path = path::build(certificate, &question).map_err(|error| unfit(&error))?;
        let found = path::look_up(&path, 0, &list, now).map_err(|error| unfit(&error))?;
        let until = list.next_update.unwrap_or(now);
        Ok(Said { listed: found != Listing::Absent, until })
    }
}

impl Desk {
    /// Refuses a client certificate that is not in force any more, whoever it was registered for.
    pub(super) fn expect_in_force(&self, der: &[u8], now: Timestamp) -> Result<(), Problem> {
        let certificate =
            Certificate::parse(der).map_err(|_| unproven("the certificate is unreadable"))?;
        match self.standing_of(&certificate, der, now)? {
            Ok(()) => Ok(()),
            Err(rule) => Err(unproven(rule!("the certificate lets nobody in: {}", rule.as_part()))),
        }
    }

    /// The certificate of a registration, and until when it may let its owner in: it is `proven` by
    /// this connection's handshake, in force, an end entity's for authentication, and as strong as
    /// keys are that a CA of ours would certify.
    pub(super) fn expect_fit(
        &self,
        text: &str,
        proven: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(Vec<u8>, Timestamp), Problem> {
        let refused = |rule: Rule| Problem::refused(FIELD, rule);
        let none = |error: &dyn std::fmt::Display| {
            refused(Rule::from("it is no certificate").telling(error))
        };
        let der = pem::decode(pem::CERTIFICATE, text).map_err(|error| none(&error))?;
        let certificate = Certificate::parse(&der).map_err(|error| none(&error))?;
        expect_for_authentication(&certificate).map_err(refused)?;
        if proven != Some(&der) {
            let rule = "show it in the TLS handshake of this very connection, which proves its key";
            return Err(refused(rule.into()));
        }
        self.standing_of(&certificate, &der, now)?.map_err(refused)?;
        let longest = credentials::after_days(now, MAX_TOKEN_DAYS)?;
        let ends = certificate.tbs.validity.not_after.min(longest);
        Ok((der, ends))
    }

    /// Whether a certificate is in force by all that can be known of it here; the rule if not.
    fn standing_of(
        &self,
        certificate: &Certificate,
        der: &[u8],
        now: Timestamp,
    ) -> Result<Result<(), Rule>, Problem> {
        let validity = &certificate.tbs.validity;
        if now < validity.not_before || validity.not_after < now {
            return Ok(Err("it is not in force now".into()));
        }
        let foreign =
            match Issued::look_up(&*self.store, self.authorities.keys(), certificate, der)? {
                Issued::Here(row) => return Ok(stands(row.state)),
                Issued::Altered => {
                    return Ok(Err("it bears our CA's name and is not its certificate".into()));
                }
                Issued::Elsewhere => {
                    self.foreign_issuers.iter().find(|issuer| issuer.issued(certificate))
                }
            };
        Ok(foreign.map_or(Ok(()), |issuer| issuer.expect_unlisted(certificate, der, now)))
    }
}

/// Whether a certificate of ours in this state lets anybody in.
fn stands(state: CertificateState) -> Result<(), Rule> {
    match state {
        CertificateState::Good => Ok(()),
        CertificateState::Revoked { .. } => Err("it is revoked".into()),
        CertificateState::Held { .. } => Err("it is on hold".into()),
        CertificateState::Undelivered { .. } | CertificateState::Intended => {
            Err("it is not delivered".into())
        }
    }
}

fn expect_for_authentication(certificate: &Certificate) -> Result<(), Rule> {
    let tbs = &certificate.tbs;
    let said = |error: x509::Error| Rule::from("it cannot be read").telling(error);
    if tbs.basic_constraints().map_err(said)?.is_some_and(|found| found.ca) {
        return Err("it is a CA's".into());
    }
    if tbs.key_usage().map_err(said)?.is_some_and(|u| !u.contains(KeyUsage::DIGITAL_SIGNATURE)) {
        return Err("its keyUsage does not permit digitalSignature".into());
    }
    let purposes = tbs.extended_key_usage().map_err(said)?;
    if !purposes.is_empty() && !purposes.contains(&oid::CLIENT_AUTH) {
        return Err("its extKeyUsage does not permit clientAuth".into());
    }
    let key = SpkiInfo::parse(&tbs.subject_public_key_info).map_err(said)?;
    key_check::expect_strong(&key).map_err(Rule::from)
}

/// What a file holds, in DER or as PEM.
fn der_of(label: &str, octets: Vec<u8>) -> Result<Vec<u8>, String> {
    match std::str::from_utf8(&octets) {
        Ok(text) if text.contains("-----BEGIN ") => {
            pem::decode(label, text).map_err(|error| error.to_string())
        }
        _ => Ok(octets),
    }
}
