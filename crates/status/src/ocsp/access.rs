//! Who asks: a registered verifier whose pinned certificate signed the request (A 2.4, 4.9.10).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::id::VerifierId;
use jiff::Timestamp;
use store::Sequence;
use x509::fingerprint::sha256;
use x509::ocsp::OcspRequest;
use x509::read::Certificate;

use super::issuer::holds_at;
use super::source::StatusSource;

/// Who asks, as far as the request proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asker {
    /// The request is not signed.
    Anonymous,
    /// A registered verifier that may ask.
    Verifier(VerifierId),
    /// Somebody who signed but may not ask; the words say why.
    Refused(&'static str),
}

/// The verifiers' certificates by fingerprint, so that one look-up finds the verifier.
pub(super) struct Verifiers {
    source: Arc<dyn StatusSource>,
    index: RwLock<Arc<Index>>,
}

/// The index as of one journal entry. It only points at rows, which are read again each time; so an
/// old index can miss a new verifier, but never admit one that was changed or struck off.
#[derive(Default)]
struct Index {
    /// `None` before the first build.
    as_of: Option<Option<Sequence>>,
    ids: HashMap<[u8; 32], VerifierId>,
}

impl Verifiers {
    pub(super) fn new(source: Arc<dyn StatusSource>) -> Self {
        Self { source, index: RwLock::default() }
    }

    /// Who asks at `now`.
    pub(super) fn asker(&self, request: &OcspRequest, now: Timestamp) -> store::Result<Asker> {
        let Some(signature) = &request.signature else { return Ok(Asker::Anonymous) };
        for certificate in &signature.certificates {
            if let Some(id) = self.registered(certificate)? {
                return self.check(id, certificate, request, now);
            }
        }
        Ok(Asker::Refused("no certificate in the request is a registered verifier's"))
    }

    fn check(
        &self,
        id: VerifierId,
        certificate: &Certificate,
        request: &OcspRequest,
        now: Timestamp,
    ) -> store::Result<Asker> {
        let row = self.source.verifier(&id)?;
        let Some(row) = row.filter(|row| row.request_certificate == certificate.der) else {
            return Ok(Asker::Refused("the verifier's certificate was replaced"));
        };
        if !row.may_query_ocsp {
            return Ok(Asker::Refused("the verifier may not query OCSP"));
        }
        if !holds_at(&certificate.tbs.validity, now) {
            return Ok(Asker::Refused("the verifier's certificate is not valid now"));
        }
        Ok(match request.verify(&certificate.tbs.subject_public_key_info) {
            Ok(()) => Asker::Verifier(id),
            Err(x509::Error::UnsupportedAlgorithm { .. }) => Asker::Refused(
                "the request is signed with an algorithm that is not supported (RFC 6960 4.3)",
            ),
            Err(_) => Asker::Refused("the request's signature does not verify"),
        })
    }

    /// The verifier that registered exactly these octets.
    ///
    /// The index is rebuilt at most once for each commit, so that strangers who sign cost one
    /// look-up each.
    fn registered(&self, certificate: &Certificate) -> store::Result<Option<VerifierId>> {
        let fingerprint = certificate.sha256();
        let known = self.current();
        if let Some(id) = known.ids.get(&fingerprint) {
            return Ok(Some(id.clone()));
        }
        let sequence = self.source.last_sequence()?;
        if known.as_of == Some(sequence) {
            return Ok(None);
        }
        let rebuilt = Arc::new(self.build(sequence)?);
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&rebuilt);
        Ok(rebuilt.ids.get(&fingerprint).cloned())
    }

    fn build(&self, sequence: Option<Sequence>) -> store::Result<Index> {
        let rows = self.source.verifiers()?.into_iter();
        let ids = rows.map(|row| (sha256(&row.request_certificate), row.id)).collect();
        Ok(Index { as_of: Some(sequence), ids })
    }

    fn current(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }
}
