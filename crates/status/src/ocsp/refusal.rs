//! Why a request has no answer, and what the client is told of it (RFC 6960 2.3).

use bytes::Bytes;
use x509::ocsp::{ErrorStatus, error_response};

use super::responder::OcspAnswer;
use crate::query_log::{LogUnavailable, OcspOutcome};

/// Why there is no answer.
pub(super) struct Refusal {
    pub(super) status: ErrorStatus,
    pub(super) rule: String,
    /// Something of ours does not work, and the log says so. What somebody is refused is in the record of
    /// their question, or counted there: whoever asks writes no log by it.
    is_fault: bool,
}

impl Refusal {
    pub(super) fn new(status: ErrorStatus, rule: impl ToString) -> Self {
        Self { status, rule: rule.to_string(), is_fault: false }
    }

    pub(super) fn internal(rule: impl ToString) -> Self {
        Self { is_fault: true, ..Self::new(ErrorStatus::InternalError, rule) }
    }

    /// What does not work now, and will again.
    pub(super) fn hindered(rule: impl ToString) -> Self {
        Self { is_fault: true, ..Self::new(ErrorStatus::TryLater, rule) }
    }

    pub(super) fn store(error: store::Error) -> Self {
        Self::hindered(error)
    }

    /// There is no answer without a record. Where that is kept from strangers, it is no fault.
    pub(super) fn unrecorded(unavailable: &LogUnavailable) -> Self {
        Self { is_fault: unavailable.is_fault(), ..Self::hindered(unavailable) }
    }

    /// The answer that says no more than the status; the words go to the logs.
    pub(super) fn close(self) -> (OcspAnswer, OcspOutcome) {
        let Self { status, rule, is_fault } = self;
        if is_fault {
            tracing::error!(?status, %rule, "an OCSP request could not be answered");
        }
        let answer = OcspAnswer { bytes: Bytes::from(error_response(status)), freshness: None };
        (answer, OcspOutcome::Refused { status, rule })
    }
}
