//! What a request asks, with the states it is answered from: who may know, and what to say.

use jiff::Timestamp;
use store::StatusRow;
use x509::ocsp::{
    CertId, CertificateStatus, ErrorStatus, OcspRequest, ResponseTemplate, SingleResponse,
};

use super::access::Asker;
use super::cache::Kept;
use super::issuer::Issuer;
use super::refusal::Refusal;
use super::responder::Settings;
use super::status::{is_open, latest_revocation, status_of};

/// What a request asks, with the state of each certificate.
pub(super) struct Inquiry<'a> {
    pub(super) request: &'a OcspRequest,
    pub(super) issuer: &'a Issuer,
    pub(super) singles: Vec<Single<'a>>,
    pub(super) now: Timestamp,
}

/// One certificate asked about.
pub(super) struct Single<'a> {
    pub(super) cert_id: &'a CertId,
    /// Whether the issuer named is the one that answers.
    pub(super) ours: bool,
    pub(super) row: Option<StatusRow>,
}

impl Inquiry<'_> {
    pub(super) fn status(&self, single: &Single<'_>) -> CertificateStatus {
        status_of(single.row.as_ref(), self.issuer.undelivered)
    }

    /// Refuses who may not ask, and says whether the answer is open to all.
    pub(super) fn admit(&self, asker: &Asker) -> Result<bool, Refusal> {
        let open = |single: &Single<'_>| !single.ours || is_open(single.row.as_ref());
        if !self.issuer.verifiers_only || self.singles.iter().all(open) {
            return Ok(true);
        }
        match asker {
            Asker::Verifier(_) | Asker::Retry => Ok(false),
            Asker::Anonymous => {
                Err(Refusal::new(ErrorStatus::SigRequired, "only registered verifiers may ask"))
            }
            Asker::Refused(rule) => Err(Refusal::new(ErrorStatus::Unauthorized, rule)),
        }
    }

    pub(super) fn is_answered_by(&self, kept: &Kept) -> bool {
        matches!(self.singles.as_slice(), [Single { row: Some(row), .. }] if *row == kept.row)
    }

    pub(super) fn template(&self, settings: &Settings) -> ResponseTemplate {
        let statuses: Vec<_> = self.singles.iter().map(|single| self.status(single)).collect();
        // A slow clock of ours must not hide what the database already knows (Boulder #2995).
        let produced_at = self.now.max(latest_revocation(statuses.iter().copied()));
        let next_update = settings.validity.and_then(|v| produced_at.checked_add(v).ok());
        let answers = self.singles.iter().zip(statuses).map(|(single, status)| SingleResponse {
            cert_id: single.cert_id.der.clone(),
            status,
            this_update: produced_at,
            next_update,
        });
        ResponseTemplate {
            responder_key_hash: self.issuer.responder_key_hash,
            produced_at,
            singles: answers.collect(),
            nonce: self.request.nonce.as_ref().map(|nonce| nonce.value.clone()),
        }
    }
}
