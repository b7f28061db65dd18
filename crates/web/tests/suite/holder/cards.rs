//! Holders with keys in files: the tests play the card, so that openssl and curl can sign.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::algorithm::SignatureAlgorithm;
use domain::certificate::{CertificateKind, CertificateState};
use domain::crl_series::Partition;
use domain::hexadecimal::hex;
use domain::id::{CaId, SerialNumber};
use domain::journal::EventKind;
use domain::revocation::RevocationReason;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use store::reads::ReadCertificates;
use store::{Change, Entry, IntentRow, Store, Unit};
use testkit::{act, run};
use x509::certificate::{CertificateTemplate, Validity, assemble};
use x509::digest::sha256;
use x509::extension::{Extension, ExtensionValue, KeyUsage, PolicyInformation};
use x509::name::Name;
use x509::oid::ObjectIdentifier;

use crate::suite::client::{Proof, Reply};
use crate::suite::world::{HANAKO, KAWAGUCHI, World};

pub(in crate::suite) const AUTH: &str = "jpki-auth";
pub(in crate::suite) const SIGN: &str = "saitama-sign";
/// A resident who is not [`HANAKO`].
pub(in crate::suite) const TSUKIKO: &str = "10000000002";
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A certificate whose key lies in `<name>.key`, itself in `<name>.pem`.
#[derive(Debug, Clone)]
pub(in crate::suite) struct Card {
    pub(in crate::suite) name: String,
    pub(in crate::suite) ca: CaId,
    pub(in crate::suite) serial: SerialNumber,
}

/// What a certificate is to be.
pub(in crate::suite) struct Wish<'a> {
    pub(in crate::suite) ca: &'a str,
    pub(in crate::suite) holder: &'a str,
    pub(in crate::suite) key: &'a str,
    pub(in crate::suite) kind: CertificateKind,
    /// Days from now to the first and the last second.
    pub(in crate::suite) days: (i32, i32),
    pub(in crate::suite) state: CertificateState,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        let (kind, state) = (CertificateKind::User, CertificateState::Good);
        Self { ca: AUTH, holder: HANAKO, key: "rsa:2048", kind, days: (-30, 300), state }
    }
}

impl World {
    /// Hanako's authentication certificate, in force.
    pub(in crate::suite) fn hanako(&self) -> Card {
        self.card(&Wish::default())
    }

    /// Hanako's signature certificate, in force. Such keys have 1024 bits (S 6-1-2-3).
    pub(in crate::suite) fn hanakos_signature(&self) -> Card {
        self.card(&Wish { ca: SIGN, key: "rsa:1024", ..Wish::default() })
    }

    /// A certificate as wished, issued by the CA's key and on record.
    pub(in crate::suite) fn card(&self, wish: &Wish<'_>) -> Card {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("card-{number}");
        let authority = &self.authorities[&wish.ca.parse::<CaId>().expect("a CA id")];
        let generation = authority.generations().current_at(self.clock.now()).expect("a key");
        let serial = serial_of(&name);
        let spki = self.key_pair(&name, wish.key);
        let subject = domain::name::DistinguishedName(vec![domain::name::Attribute::new(
            domain::name::AttributeKind::CommonName,
            name.clone(),
        )]);
        let usage = match wish.ca {
            SIGN => KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::NON_REPUDIATION),
            _ => KeyUsage::DIGITAL_SIGNATURE,
        };
        let policy = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.3.30");
        let template = CertificateTemplate {
            serial,
            signature: SignatureAlgorithm::RsaSha256,
            issuer: generation.name.clone(),
            validity: Validity {
                not_before: self.in_days(wish.days.0),
                not_after: self.in_days(wish.days.1),
            },
            subject: Name::write(&subject).expect("a name"),
            subject_public_key_info: spki,
            extensions: vec![
                Extension::critical(ExtensionValue::KeyUsage(usage)),
                // Critical as in the real profile: not every TLS stack takes that.
                Extension::critical(ExtensionValue::CertificatePolicies(vec![PolicyInformation {
                    policy,
                    cps_uri: None,
                }])),
            ],
        };
        let tbs = template.to_tbs().expect("a TBS");
        let signed = self.keys.sign(&generation.label, template.signature, &tbs).expect("signs");
        let der = assemble(&tbs, template.signature, &signed);
        self.write_certificate(&name, &der);
        self.record(wish, &template, tbs, der);
        Card { name, ca: authority.id().clone(), serial }
    }

    fn record(&self, wish: &Wish<'_>, template: &CertificateTemplate, tbs: Vec<u8>, der: Vec<u8>) {
        let ca: CaId = wish.ca.parse().expect("a CA id");
        let is_user = wish.kind == CertificateKind::User;
        let municipality = KAWAGUCHI.parse().expect("a code");
        let row = IntentRow {
            ca: ca.clone(),
            generation: 1,
            serial: template.serial,
            kind: wish.kind,
            partition: if is_user {
                Partition::Municipality(municipality)
            } else {
                Partition::Other
            },
            subject: template.subject.as_der().to_vec(),
            spki_sha256: sha256(&template.subject_public_key_info),
            tbs,
            not_before: template.validity.not_before,
            not_after: template.validity.not_after,
            policy_digest: [8; 32],
            holder: is_user.then(|| wish.holder.parse().expect("a code")),
            application: None,
            at: template.validity.not_before,
        };
        self.put(EventKind::CertificateIntended, Change::AddIntent(Box::new(row)));
        let serial = template.serial;
        let undelivered = CertificateState::Undelivered { since: self.clock.now() };
        let first = if is_user { undelivered } else { CertificateState::Good };
        let done = Change::CompleteIntent { ca: ca.clone(), serial, der, to: first };
        self.put(EventKind::CertificateIssued, done);
        let card = Card { name: String::new(), ca, serial };
        let is_undelivered = matches!(wish.state, CertificateState::Undelivered { .. });
        if is_user && !is_undelivered {
            self.set(&card, CertificateState::Good);
            self.set(&card, wish.state);
        }
    }

    /// Takes a certificate into a state.
    pub(in crate::suite) fn set(&self, card: &Card, to: CertificateState) {
        let from = self.state(card);
        if from != to {
            let (ca, serial) = (card.ca.clone(), card.serial);
            let change = Change::SetCertificate { ca, serial, from, to };
            self.put(EventKind::CertificateRevoked, change);
        }
    }

    pub(in crate::suite) fn state(&self, card: &Card) -> CertificateState {
        let row = self.scratch.store.certificate(&card.ca, &card.serial).expect("read");
        row.expect("a certificate").state
    }

    fn put(&self, kind: EventKind, change: Change) {
        let unit = Unit::new(Entry::new(kind, &act(&self.clock))).change(change);
        self.scratch.store.commit(unit).expect("a change");
    }

    /// A certificate of nobody's CA, with its key.
    pub(in crate::suite) fn foreign(&self, name: &str) {
        let (out, key) = (format!("{name}.pem"), format!("{name}.key"));
        let arguments = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"];
        self.openssl(&[&arguments[..], &["-out", &out, "-keyout", &key]].concat());
    }

    /// Makes the key `<name>.key`; returns its SubjectPublicKeyInfo.
    pub(in crate::suite) fn key_pair(&self, name: &str, key: &str) -> Vec<u8> {
        let (private, public) = (format!("{name}.key"), format!("{name}.pub"));
        let bits = key.strip_prefix("rsa:").expect("an RSA key");
        self.openssl(&["genrsa", "-out", &private, bits]);
        self.openssl(&["rsa", "-in", &private, "-pubout", "-outform", "DER", "-out", &public]);
        std::fs::read(self.scratch.path().join(public)).expect("a key")
    }

    pub(in crate::suite) fn write_certificate(&self, name: &str, der: &[u8]) {
        let pem = x509::pem::encode(x509::pem::CERTIFICATE, der).expect("PEM");
        self.scratch.write(&format!("{name}.pem"), pem);
    }

    pub(in crate::suite) fn der(&self, name: &str) -> Vec<u8> {
        let pem = std::fs::read_to_string(self.scratch.path().join(format!("{name}.pem")));
        x509::pem::decode(x509::pem::CERTIFICATE, &pem.expect("PEM")).expect("a certificate")
    }

    pub(in crate::suite) fn openssl(&self, arguments: &[&str]) -> String {
        let said = run(self.scratch.path(), "openssl", arguments);
        assert!(said.success, "openssl {arguments:?}: {}", said.text);
        said.text
    }

    pub(in crate::suite) fn in_days(&self, days: i32) -> Timestamp {
        self.clock.now() + DAY * days
    }

    /// Visits the page with TLS 1.2 and a card, or without; answered in JSON.
    pub(in crate::suite) fn visit(&self, card: Option<&str>, path: &str) -> Reply {
        self.at_the_page(card, ("GET", path), None, &["-H", "Accept: application/json"])
    }

    pub(in crate::suite) fn at_the_page(
        &self,
        card: Option<&str>,
        asked: (&str, &str),
        body: Option<&[u8]>,
        more: &[&str],
    ) -> Reply {
        let proof = card.map_or(Proof::Nothing, Proof::Certificate);
        self.ask_at(self.holders.port(), proof, asked, body, more)
    }

    /// The text by which `target` is to be revoked, in the file `request`.
    pub(in crate::suite) fn draft(&self, target: &Card) -> String {
        let (ca, serial) = (&target.ca, target.serial);
        let path = format!("/revocation-request?ca={ca}&serial={serial}&cause=use-ended");
        let reply = self.at_the_page(None, ("GET", &path), None, &[]);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
        self.scratch.write("request", &reply.body);
        String::from_utf8(reply.body).expect("UTF-8")
    }

    /// Signs the file `request` as openssl does with these options.
    pub(in crate::suite) fn sign(&self, signer: &str, options: &str) -> Vec<u8> {
        let line = format!(
            "cms -sign -in request -binary -signer {signer}.pem -inkey {signer}.key -out signed {options}"
        );
        self.openssl(&line.split_whitespace().collect::<Vec<_>>());
        std::fs::read(self.scratch.path().join("signed")).expect("a message")
    }

    /// Signs as the page wants it.
    pub(in crate::suite) fn signed(&self, signer: &Card) -> Vec<u8> {
        self.sign(&signer.name, "-nodetach -outform DER")
    }

    /// Sends a signed message; answered in JSON.
    pub(in crate::suite) fn send(&self, message: &[u8]) -> Reply {
        let kind = "Content-Type: application/pkcs7-mime";
        let more = ["-H", "Accept: application/json", "-H", kind];
        self.at_the_page(None, ("POST", "/revocations"), Some(message), &more)
    }
}

/// The code of a refusal, whose Japanese sentence must be there.
pub(in crate::suite) fn code(reply: Reply, status: u16) -> String {
    let problem: Value = reply.problem(status);
    assert!(problem["detail"].as_str().is_some_and(|text| text.ends_with('。')), "{problem}");
    problem["code"].as_str().expect("a code").to_owned()
}

pub(in crate::suite) fn revoked(at: Timestamp) -> CertificateState {
    CertificateState::Revoked { at, reason: RevocationReason::KeyCompromise }
}

fn serial_of(name: &str) -> SerialNumber {
    hex(&sha256(name.as_bytes()))[..32].parse().expect("a serial")
}
