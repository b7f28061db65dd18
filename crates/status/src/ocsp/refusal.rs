//! Why a request has no answer, and what the client is told of it (RFC 6960 2.3).

use bytes::Bytes;
use x509::ocsp::{ErrorStatus, error_response};

use super::responder::OcspAnswer;
use crate::query_log::OcspOutcome;

/// Why there is no answer.
pub(super) struct Refusal {
    pub(super) status: ErrorStatus,
    pub(super) rule: String,
}

impl Refusal {
    pub(super) fn new(status: ErrorStatus, rule: impl ToString) -> Self {
        Self { status, rule: rule.to_string() }
    }

    pub(super) fn internal(rule: impl ToString) -> Self {
        Self::new(ErrorStatus::InternalError, rule)
    }

    pub(super) fn store(error: store::Error) -> Self {
        Self::new(ErrorStatus::TryLater, error)
    }

    /// The answer that says no more than the status; the words go to the logs.
    pub(super) fn close(self) -> (OcspAnswer, OcspOutcome) {
        let Self { status, rule } = self;
        if matches!(status, ErrorStatus::InternalError | ErrorStatus::TryLater) {
            tracing::error!(?status, %rule, "an OCSP request could not be answered");
        }
        let answer = OcspAnswer { bytes: Bytes::from(error_response(status)), freshness: None };
        (answer, OcspOutcome::Refused { status, rule })
    }
}
