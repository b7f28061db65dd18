//! Issuers of people's client certificates that are none of this installation's CAs, and the lists by
//! which they revoke.
//!
//! Where the operator has named one, nobody is let in whose revocation cannot be looked up: not by a
//! certificate of a named issuer about which no list at hand says anything, and not by one of an issuer
//! that was not named, since it may stand below one that was. A self-signed certificate has no issuer
//! who could revoke it; its registration is all that it rests on.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use domain::revocation::RevocationReason;
use domain::rule::Rule;
use jiff::Timestamp;
use x509::crl::Crl;
use x509::digest::sha256;
use x509::path::{self, Anchor, Budget, Listing, Path, Question, Reader};
use x509::read::Certificate;
use x509::{oid, pem};

/// An issuer of client certificates that is none of this installation's CAs.
#[derive(Debug)]
pub struct ForeignIssuer {
    anchors: Vec<Anchor>,
    intermediates: Vec<Certificate>,
    lists: PathBuf,
    read: Mutex<Read>,
}

/// What was read of the lists.
#[derive(Debug, Default)]
struct Read {
    file: Option<Version>,
    /// What was said of a certificate, by its SHA-256, while the file is the same one.
    said: HashMap<[u8; 32], Said>,
    /// The newest list of each series that was believed. Revocations are not taken back by an older
    /// list in its place (RFC 5280 5.2.3: numbers increase).
    newest: HashMap<Series, Newest>,
}

/// A version of a file. No write leaves all of it as it was: `ctime` cannot be set.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    place: (u64, u64),
    length: u64,
    changed: (i64, i64),
}

/// Lists that follow each other: the SHA-256 of the key that signs them, and their scope, DER.
type Series = ([u8; 32], Option<Vec<u8>>);

/// Where a series stands.
#[derive(Debug, Clone, Copy)]
struct Newest {
    number: Option<u64>,
    this_update: Timestamp,
}

/// What the lists say of a certificate, and until when they say so.
#[derive(Debug, Clone, Copy)]
struct Said {
    /// That it is revoked, with the code of the reason if one is stated.
    revoked: Option<Option<u8>>,
    until: Timestamp,
}

impl Said {
    /// Both together: where two reasons differ, none is known.
    fn and(self, other: Self) -> Self {
        let revoked = match (self.revoked, other.revoked) {
            (Some(one), Some(another)) if one != another => Some(None),
            (one, another) => one.or(another),
        };
        Self { revoked, until: self.until.min(other.until) }
    }
}

/// What a certificate is looked up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// That it lets somebody in now.
    InForce,
    /// That what was made with it stands.
    NotRevoked,
}

impl Wanted {
    /// Whether a certificate that is revoked for this reason will do.
    pub(crate) fn forgives(self, reason: Option<u8>) -> bool {
        let reason = reason.and_then(RevocationReason::from_code);
        self == Self::NotRevoked && reason.is_some_and(RevocationReason::spares_what_was_done)
    }
}

/// Refuses a certificate that none of our CAs issued: one that is on its issuer's list, and where any
/// issuer is named, every one that cannot be looked up.
pub(crate) fn expect_unlisted(
    issuers: &[ForeignIssuer],
    certificate: &Certificate,
    der: &[u8],
    now: Timestamp,
    wanted: Wanted,
) -> Result<(), Rule> {
    let mut found = None;
    for issuer in issuers.iter().filter(|issuer| issuer.is_named_by(certificate)) {
        match (issuer.listing(certificate, der, now), &found) {
            (Ok(Some(reason)), _) if !wanted.forgives(reason) => {
                return Err("its issuer has revoked it".into());
            }
            (Ok(_), _) => found = Some(Ok(())),
            (Err(rule), None) => found = Some(Err(rule)),
            // Another of the same name could look it up, or could not either.
            (Err(_), Some(_)) => {}
        }
    }
    match found {
        Some(found) => found,
        None if issuers.is_empty() || is_self_signed(certificate) => Ok(()),
        None => Err("its issuer is none whose list is looked at here".into()),
    }
}

fn expect_authority(certificate: Certificate) -> Result<Certificate, String> {
    match certificate.tbs.basic_constraints() {
        Ok(Some(found)) if found.ca => Ok(certificate),
        _ => Err(format!("{} is neither self-signed nor a CA", certificate.tbs.subject)),
    }
}

fn is_self_signed(certificate: &Certificate) -> bool {
    let tbs = &certificate.tbs;
    tbs.subject.matches(&tbs.issuer) && certificate.verify(&tbs.subject_public_key_info).is_ok()
}

impl ForeignIssuer {
    /// The issuer by its certificates, DER or PEM, and where its revocation lists lie, DER or PEM: a
    /// file that the operator keeps fresh. Of the certificates one at least is self-signed and believed;
    /// the others are those of its further keys and of CAs below it. Each certificate between a user's
    /// and a believed one has to be answered for by a list, as the user's has.
    ///
    /// # Errors
    /// What is wrong with the certificates.
    pub fn new(certificates: Vec<u8>, lists: PathBuf) -> Result<Self, String> {
        let (mut anchors, mut intermediates) = (Vec::new(), Vec::new());
        for der in all_of(pem::CERTIFICATE, certificates)? {
            let certificate = Certificate::parse(&der).map_err(|error| error.to_string())?;
            match is_self_signed(&certificate) {
                true => anchors.push(Anchor::from_self_signed(&certificate)),
                false => intermediates.push(expect_authority(certificate)?),
            }
        }
        let anchors: Vec<_> =
            anchors.into_iter().collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        if anchors.is_empty() {
            return Err("none of the certificates is self-signed".to_owned());
        }
        Ok(Self { anchors, intermediates, lists, read: Mutex::default() })
    }

    /// Until when the lists at hand answer for each CA that is named and has not ended.
    ///
    /// # Errors
    /// What is wrong with the lists: while it is, nobody comes in by a certificate of that CA.
    pub fn answers_until(&self, now: Timestamp) -> Result<Timestamp, String> {
        let ders = all_of(pem::CRL, fs::read(&self.lists).map_err(|error| error.to_string())?)?;
        let lists: Result<Vec<_>, _> = ders.iter().map(|der| Crl::parse(der)).collect();
        let lists = lists.map_err(|error| error.to_string())?;
        let anchors = self.anchors.iter().map(|one| (&one.name, &one.spki, one.validity));
        let below = self.intermediates.iter().map(|one| &one.tbs);
        let below = below.map(|tbs| (&tbs.subject, &tbs.subject_public_key_info, tbs.validity));
        let mut until = Timestamp::MAX;
        for (name, spki, _) in anchors.chain(below).filter(|(.., own)| now <= own.not_after) {
            let holds = |list: &&Crl<'_>| {
                list.issuer == *name && list.this_update <= now && list.verify(spki).is_ok()
            };
            let ends = lists.iter().filter(holds).filter_map(|list| list.next_update).max();
            let ends = ends.ok_or_else(|| format!("there is no list of {name}"))?;
            if ends < now {
                return Err(format!("the list of {name} ended at {ends}"));
            }
            until = until.min(ends);
        }
        Ok(until)
    }

    /// Whether the certificate bears the name of one of this issuer's CAs as who issued it, compared as
    /// RFC 5280 7.1 compares names. Whether it did is another question.
    fn is_named_by(&self, certificate: &Certificate) -> bool {
        let issuer = &certificate.tbs.issuer;
        self.anchors.iter().any(|anchor| anchor.name.matches(issuer))
            || self.intermediates.iter().any(|ca| ca.tbs.subject.matches(issuer))
    }

    /// How the lists have a certificate, or a CA's between it and one that is believed, if they do: with
    /// the reason's code where one is stated. A rule where they do not say.
    fn listing(
        &self,
        certificate: &Certificate,
        der: &[u8],
        now: Timestamp,
    ) -> Result<Option<Option<u8>>, Rule> {
        let cannot = |error: &dyn std::fmt::Display| {
            Rule::from("its issuer's list cannot be read").telling(error)
        };
        let file = fs::metadata(&self.lists).map_err(|error| cannot(&error))?;
        let file = Version::of(&file);
        let digest = sha256(der);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.file.as_ref() != Some(&file) {
            (read.file, read.said) = (Some(file), HashMap::new());
        }
        let said = match read.said.get(&digest).filter(|said| now <= said.until) {
            Some(said) => *said,
            None => {
                let octets = fs::read(&self.lists).map_err(|error| cannot(&error))?;
                let said = self.said(certificate, octets, &mut read.newest, now);
                let said = said.map_err(|error| {
                    Rule::from("its issuer's list does not hold").telling(error)
                })?;
                read.said.insert(digest, said);
                said
            }
        };
        Ok(said.revoked)
    }

    /// What the lists say of a certificate and of the CAs above it.
    fn said(
        &self,
        certificate: &Certificate,
        lists: Vec<u8>,
        newest: &mut HashMap<Series, Newest>,
        now: Timestamp,
    ) -> Result<Said, String> {
        let ders = all_of(pem::CRL, lists)?;
        let lists: Result<Vec<_>, _> = ders.iter().map(|der| Crl::parse(der)).collect();
        let lists = lists.map_err(|error| error.to_string())?;
        // Of one that has ended the path is that of its last moment.
        let at = now.min(certificate.tbs.validity.not_after);
        let question = Question {
            at,
            anchors: &self.anchors,
            intermediates: &self.intermediates,
            reader: Reader::ByKey,
            purpose: Some(oid::CLIENT_AUTH),
            budget: Budget::default(),
        };
        let path = path::build(certificate, &question).map_err(|error| error.to_string())?;
        let mut whole = Said { revoked: None, until: path.anchor.validity.not_after };
        for (index, one) in path.certificates.iter().enumerate() {
            let said = said_of(&path, index, &lists, newest, now)?;
            let until = said.until.min(one.tbs.validity.not_after);
            whole = whole.and(Said { until, ..said });
        }
        Ok(whole)
    }
}

/// What the lists say of one certificate of a path: it is revoked where any of those that are about it
/// says so, and there has to be one.
fn said_of(
    path: &Path,
    index: usize,
    lists: &[Crl<'_>],
    newest: &mut HashMap<Series, Newest>,
    now: Timestamp,
) -> Result<Said, String> {
    let mut said: Option<Said> = None;
    let mut unfit = "there is no list".to_owned();
    for list in lists {
        let found = path::look_up(path, index, list, now).map_err(|error| error.to_string());
        let found = found.and_then(|found| {
            expect_not_older(sha256(path.issuer_key(index)), list, newest)?;
            Ok(found)
        });
        match found {
            Ok(found) => {
                let revoked = match found {
                    Listing::Absent => None,
                    Listing::Listed(reason) => Some(reason),
                };
                let one = Said { revoked, until: list.next_update.unwrap_or(now) };
                said = Some(said.map_or(one, |before| before.and(one)));
            }
            Err(error) => unfit = error,
        }
    }
    said.ok_or(unfit)
}

/// Refuses a list that is older than one of its series that was believed before.
fn expect_not_older(
    key: [u8; 32],
    list: &Crl<'_>,
    newest: &mut HashMap<Series, Newest>,
) -> Result<(), String> {
    let number = list.number().map_err(|error| error.to_string())?;
    let this = Newest { number, this_update: list.this_update };
    let scope = list.extension(oid::ISSUING_DISTRIBUTION_POINT).map(|scope| scope.value.clone());
    let last = newest.entry((key, scope)).or_insert(this);
    if this.number < last.number || this.this_update < last.this_update {
        return Err("the list is older than one that was here before".to_owned());
    }
    *last = this;
    Ok(())
}

impl Version {
    fn of(file: &Metadata) -> Self {
        Self {
            place: (file.dev(), file.ino()),
            length: file.size(),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// What a file holds: one in DER, or any number as PEM.
fn all_of(label: &str, octets: Vec<u8>) -> Result<Vec<Vec<u8>>, String> {
    match std::str::from_utf8(&octets) {
        Ok(text) if text.contains("-----BEGIN ") => {
            pem::decode_all(label, text).map_err(|error| error.to_string())
        }
        _ => Ok(vec![octets]),
    }
}
