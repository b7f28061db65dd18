//! Who asks: a registered verifier, of whose pinned certificates one signed the request (A 2.4, 4.9.10).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use domain::id::VerifierId;
use jiff::Timestamp;
use store::{HeardRequest, Sequence, VerifierAccess};
use x509::digest::sha256;
use x509::ocsp::{ErrorStatus, Nonce, OcspRequest};
use x509::read::Certificate;

use super::as_of::AsOf;
use super::issuer::holds_at;
use super::memory::{RequestMemory, Retries};
use super::refusal::Refusal;
use super::source::StatusSource;

/// Whence and when a request came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) from: IpAddr,
    pub(super) at: Timestamp,
}

/// What a request proves.
#[derive(Debug, Clone)]
pub(super) struct Proven {
    pub(super) asker: Asker,
    /// What was registered of the verifier that signed it, where it was let in by that.
    pub(super) by: Option<LetIn>,
    /// What was noted of it, if a registered verifier signed it and nobody sent it before, or it is that
    /// verifier's retry.
    pub(super) heard: Option<HeardRequest>,
}

/// Who asks, as far as the request proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asker {
    /// The request is not signed.
    Anonymous,
    /// A registered verifier that may ask.
    Verifier(VerifierId),
    /// Whoever sends once more, from the same address, what a registered verifier that may ask has just
    /// sent: the verifier that lost its answer, or somebody beside it. It names nobody.
    Retry,
    /// Somebody who signed but may not ask; the words say why.
    Refused(&'static str),
}

/// The verifiers' certificates by fingerprint, so that one look-up finds the verifier.
pub(super) struct Verifiers {
    source: Arc<dyn StatusSource>,
    memory: Arc<dyn RequestMemory>,
    retries: Retries,
    index: RwLock<Arc<Index>>,
    rows: AsOf<VerifierId, Option<Arc<Registered>>>,
}

/// What is registered of a verifier, read once for many questions.
#[derive(Debug)]
struct Registered {
    id: VerifierId,
    may_query: bool,
    certificates: Vec<Certificate>,
}

impl Registered {
    /// Without a certificate that cannot be read: nobody asks by it.
    fn of(row: VerifierAccess) -> Self {
        let parsed = row.certificates.iter().filter_map(|der| Certificate::parse(der).ok());
        let certificates = parsed.collect();
        Self { may_query: row.may_query_ocsp, certificates, id: row.id }
    }

    fn place_of(&self, der: &[u8]) -> Option<usize> {
        self.certificates.iter().position(|certificate| certificate.der == der)
    }
}

/// By what a verifier was let in: one of its certificates.
#[derive(Debug, Clone)]
pub(super) struct LetIn {
    registered: Arc<Registered>,
    place: usize,
}

impl LetIn {
    fn by(registered: Arc<Registered>, der: &[u8]) -> Option<Self> {
        let place = registered.place_of(der)?;
        Some(Self { registered, place })
    }

    fn certificate(&self) -> &Certificate {
        &self.registered.certificates[self.place]
    }
}

/// The index as of one journal entry. It only points at rows, which are read again after each commit;
/// so an old index can miss a new verifier, but never admit one that was changed or struck off.
#[derive(Default)]
struct Index {
    /// `None` before the first build.
    as_of: Option<Option<Sequence>>,
    ids: HashMap<[u8; 32], VerifierId>,
}

impl Verifiers {
    pub(super) fn new(source: Arc<dyn StatusSource>, memory: Arc<dyn RequestMemory>) -> Self {
        let (retries, index) = (Retries::default(), RwLock::default());
        Self { source, memory, retries, index, rows: AsOf::default() }
    }

    /// Who asks. What a registered verifier signed is noted whatever comes of it: if it is refused
    /// today, nobody else has it answered tomorrow.
    ///
    /// # Errors
    /// malformedRequest for a stranger's request that brings what is no certificate; the store's.
    pub(super) fn asker(&self, request: &OcspRequest, arrival: Arrival) -> Result<Proven, Refusal> {
        let nothing = |asker| Ok(Proven { asker, by: None, heard: None });
        let Some(signature) = &request.signature else { return nothing(Asker::Anonymous) };
        for certificate in &signature.certificates {
            let fingerprint = sha256(certificate);
            if let Some(id) = self.registered(&fingerprint).map_err(Refusal::store)? {
                let checked = self.check(id, (certificate, fingerprint), request, arrival);
                return checked.map_err(Refusal::store);
            }
        }
        let unreadable = |error| Refusal::new(ErrorStatus::MalformedRequest, error);
        signature.read_certificates().map_err(unreadable)?;
        nothing(Asker::Refused("no certificate in the request is a registered verifier's"))
    }

    /// Whether what let a verifier in is registered still, and in force: it may have waited since.
    pub(super) fn lets_in(
        &self,
        by: &LetIn,
        changes: Option<u64>,
        at: Timestamp,
    ) -> store::Result<bool> {
        let (before, certificate) = (&by.registered, by.certificate());
        let is_registered = self.row(&before.id, changes)?.is_some_and(|now| {
            let is_there = || now.place_of(&certificate.der).is_some();
            Arc::ptr_eq(&now, before) || now.may_query == before.may_query && is_there()
        });
        Ok(is_registered && holds_at(&certificate.tbs.validity, at))
    }

    /// What is registered of a verifier, as of a state that [`StatusSource::changes`] told.
    fn row(&self, id: &VerifierId, changes: Option<u64>) -> store::Result<Option<Arc<Registered>>> {
        let read = || {
            let row = self.source.access(id)?;
            store::Result::Ok(row.map(Registered::of).map(Arc::new))
        };
        self.rows.get(changes, id, read)
    }

    fn check(
        &self,
        id: VerifierId,
        (der, fingerprint): (&[u8], [u8; 32]),
        request: &OcspRequest,
        arrival: Arrival,
    ) -> store::Result<Proven> {
        let refused = |rule| Ok(Proven { asker: Asker::Refused(rule), by: None, heard: None });
        let row = self.row(&id, self.source.changes())?;
        let by = row.and_then(|row| LetIn::by(row, der));
        let Some(by) = by else { return refused("the verifier's certificate was replaced") };
        let (may_query, certificate) = (by.registered.may_query, by.certificate());
        match request.verify(&certificate.tbs.subject_public_key_info) {
            Ok(()) => {}
            Err(x509::Error::UnsupportedAlgorithm { .. }) => {
                return refused(
                    "the request is signed with an algorithm that is not supported (RFC 6960 4.3)",
                );
            }
            Err(_) => return refused("the request's signature does not verify"),
        }
        if !request.nonce.as_ref().is_some_and(Nonce::is_long) {
            return refused("a verifier's request has a nonce of 16 octets at least");
        }
        let heard = heard(&fingerprint, certificate, request, arrival);
        let before = self.memory.hear(&heard)?;
        let is_retry = self.retries.spend(before.as_ref(), &heard);
        let asker = match before {
            Some(_) if !is_retry => Asker::Refused("this request was heard before"),
            _ if !may_query => Asker::Refused("the verifier may not query OCSP"),
            _ if !holds_at(&certificate.tbs.validity, arrival.at) => {
                Asker::Refused("the verifier's certificate is not valid now")
            }
            Some(_) => Asker::Retry,
            None => Asker::Verifier(id),
        };
        // What was heard before is remembered already, whoever repeats it how often.
        let heard = (before.is_none() || is_retry).then_some(heard);
        let by = matches!(asker, Asker::Retry | Asker::Verifier(_)).then_some(by);
        Ok(Proven { asker, by, heard })
    }

    /// The verifier that registered exactly the octets of this SHA-256.
    ///
    /// The index is rebuilt at most once for each commit, so that strangers who sign cost one
    /// look-up each.
    fn registered(&self, fingerprint: &[u8; 32]) -> store::Result<Option<VerifierId>> {
        let known = self.current();
        if let Some(id) = known.ids.get(fingerprint) {
            return Ok(Some(id.clone()));
        }
        let sequence = self.source.last_sequence()?;
        if known.as_of == Some(sequence) {
            return Ok(None);
        }
        let rebuilt = Arc::new(self.build(sequence)?);
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&rebuilt);
        Ok(rebuilt.ids.get(fingerprint).cloned())
    }

    fn build(&self, sequence: Option<Sequence>) -> store::Result<Index> {
        let rows = self.source.accesses()?;
        let by_one = |row: &VerifierAccess, der: &[u8]| (sha256(der), row.id.clone());
        let ids = rows.iter().flat_map(|row| row.certificates.iter().map(|der| by_one(row, der)));
        Ok(Index { as_of: Some(sequence), ids: ids.collect() })
    }

    fn current(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// By what a request is known again: its signer and all that was signed. Not by the signature, of which
/// whoever hears one can make others that hold as well (ECDSA's s and n - s).
fn heard(
    fingerprint: &[u8; 32],
    signer: &Certificate,
    request: &OcspRequest,
    arrival: Arrival,
) -> HeardRequest {
    let whole = sha256(&[&fingerprint[..], &request.tbs].concat());
    let mut digest = [0; 16];
    digest.copy_from_slice(&whole[..16]);
    let until = signer.tbs.validity.not_after;
    // A socket that takes both families tells an IPv4 address in the form of IPv6, and nobody keeps that.
    HeardRequest { digest, until, at: arrival.at, from: arrival.from.to_canonical() }
}
