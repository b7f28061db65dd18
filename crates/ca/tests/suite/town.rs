//! A CA whose key is renewed, before and after, with certificates of both generations.

use std::sync::Arc;

use ca::{
    CertificationAuthority, Links, ListOutcome, Renewal, Renewed, ServiceRequest, find_or_generate,
};
use domain::algorithm::KeyAlgorithm;
use domain::application::ApplicationKind;
use domain::certificate::CertificateKind;
use domain::crl_series::Partition;
use jiff::SignedDuration;
use keys::{Administer, MemoryKeyStore};
use store::reads::ReadLists;
use store::{CrlKey, SeriesKey};
use testkit::{Clock, Scratch, act, adopt_policy};
use x509::pem;

use super::world::{auth_request, bring_card_master, card};

/// A CA over a scratch database, with a store for its own keys and one for those of services.
pub(super) struct Town {
    pub(super) scratch: Scratch,
    pub(super) clock: Clock,
    pub(super) keys: Arc<MemoryKeyStore>,
    pub(super) service_keys: MemoryKeyStore,
    pub(super) authority: CertificationAuthority,
}

impl Town {
    pub(super) fn new(policy: &str) -> Self {
        let (scratch, clock) = (Scratch::new(), Clock::at("2026-11-22T03:00:00Z"));
        let keys = Arc::new(MemoryKeyStore::new());
        bring_card_master(&*keys);
        let authority = CertificationAuthority::set_up(
            &act(&clock),
            policy,
            scratch.store.clone(),
            keys.clone(),
        )
        .expect("a CA");
        Self { scratch, clock, keys, service_keys: MemoryKeyStore::new(), authority }
    }

    /// Another policy is adopted, and the program is started again.
    pub(super) fn adopt(&mut self, policy: &str) {
        let (store, keys) = (self.scratch.store.clone(), self.keys.clone());
        adopt_policy(&*store, &self.clock, self.authority.id(), policy);
        self.authority = CertificationAuthority::open(policy, store, keys).expect("the CA");
    }

    /// An early renewal whose new key issues an hour from now.
    pub(super) fn renewal(&self) -> Renewal {
        Renewal {
            issues_from: self.clock.now() + SignedDuration::from_hours(1),
            early: Some("the algorithm grows weak".to_owned()),
        }
    }

    pub(super) fn renew(&self, renewal: &Renewal) -> ca::Result<Renewed> {
        let now = act(&self.clock);
        self.authority.renewals().renew(&now, renewal, &find_or_generate, &self.service_keys)
    }

    /// A TLS server's certificate by whoever issues now.
    pub(super) fn server(&self, name: &str) -> Vec<u8> {
        let algorithm = self.authority.policy().keys.other.algorithm;
        let label = format!("tls-{name}").parse().expect("a label");
        let key = self.service_keys.generate(&label, algorithm).expect("a key");
        let request = ServiceRequest {
            kind: CertificateKind::TlsServer,
            common_name: name.to_owned(),
            spki: key.spki_der,
            dns_names: vec![format!("{name}.example")],
            addresses: Vec::new(),
        };
        self.authority
            .service_certificates()
            .issue(&act(&self.clock), &request)
            .expect("issued")
            .certificate
    }

    /// A user's certificate, issued onto a card that was not delivered yet.
    pub(super) fn user(&self, number: u32) -> Vec<u8> {
        let request = auth_request(number, ApplicationKind::IssueWithCard, &card(number));
        self.authority
            .user_certificates()
            .issue(&act(&self.clock), request)
            .expect("issued")
            .certificate
    }

    /// The self-signed certificate of a generation.
    pub(super) fn root(&self, number: u32) -> Vec<u8> {
        let generation = self.authority.generations().numbered(number).expect("it exists");
        self.authority.generations().self_signed_certificate(&generation).expect("a root")
    }

    /// Publishes what is due, all of which must pass the gate.
    pub(super) fn publish(&self) -> usize {
        let due = self.authority.list_series().due(self.clock.now()).expect("series");
        let outcomes = self.authority.lists().publish_all(&act(&self.clock), &due);
        for outcome in &outcomes {
            assert!(matches!(outcome, ListOutcome::Published(_)), "{outcome:?}");
        }
        outcomes.len()
    }

    /// The published list of a partition by a generation.
    pub(super) fn list(&self, generation: u32, partition: Partition) -> Vec<u8> {
        let series = SeriesKey { ca: self.authority.id().clone(), generation, partition };
        let number = self
            .authority
            .list_series()
            .published(&series)
            .expect("a read")
            .expect("a list")
            .key
            .number;
        let content = self.scratch.store.crl_content(&CrlKey { series, number });
        content.expect("a read").expect("content")
    }

    /// Writes a certificate as PEM.
    pub(super) fn write(&self, name: &str, der: &[u8]) {
        self.scratch.write(name, pem::encode(pem::CERTIFICATE, der).expect("PEM"));
    }
}

/// A shipped policy whose keys, all but those that holders make, are of another algorithm.
pub(super) fn moved(policy: &str, key: KeyAlgorithm) -> String {
    let signature = key.own_signature().expect("it signs").name();
    let mut moved = policy
        .replace("ca = { algorithm = \"rsa-2048\"", &format!("ca = {{ algorithm = \"{key}\""))
        .replace("user = { algorithm = \"rsa-2048\"", &format!("user = {{ algorithm = \"{key}\""))
        .replace("other = { algorithm = \"rsa-2048\"", &format!("other = {{ algorithm = \"{key}\""))
        .replace("\"sha256WithRSAEncryption\"", &format!("\"{signature}\""));
    if key.rsa_modulus_bits().is_none() {
        // A key of ECDSA enciphers nothing (RFC 8813 3).
        moved = moved.replace(", \"keyEncipherment\"", "");
    }
    moved
}

/// A small and quick policy: all keys on P-256.
pub(super) fn quick() -> String {
    moved(super::world::AUTH, KeyAlgorithm::EcP256)
}

/// The links that a renewal left.
pub(super) fn links(renewed: &Renewed) -> &Links {
    renewed.links.as_ref().expect("both links")
}
